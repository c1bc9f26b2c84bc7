//! Other computers of the school: not until it is switched on, then over TLS, with sessions of their own.

use crate::chromium::{How, USUAL, play};
use crate::school::School;

/// A browser of somebody who has compared the fingerprint and accepted the certificate.
const TRUSTING: How = How { trusting: true, ..USUAL };

#[test]
fn other_computers_come_in_over_tls_when_it_is_switched_on_and_not_when_it_is_off() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    play(TRUSTING, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.go(&format!("{pages}/pengaturan")).await;
        assert!(!chromium.is_there("form[action='/pengaturan'] b").await, "nobody else comes in");
        chromium.click("input[name=others]").await;
        chromium.click("form[action='/pengaturan'] button").await;
        chromium.until_there(".flash.good").await;
        let shown = chromium.text("form[action='/pengaturan'] b").await;
        let port = shown.rsplit(':').next().unwrap();
        assert!(chromium.text("form[action='/pengaturan'] code").await.len() > 90, "the certificate's fingerprint");
        let there = format!("https://127.0.0.1:{port}");
        // Whoever is known at this computer's own address is nobody there.
        chromium.go(&there).await;
        chromium.until_path("/masuk").await;
        chromium.sign_in(&there).await;
        assert_eq!(chromium.text(".who .name").await, "siti");
        let cookies = chromium.client.get_all_cookies().await.unwrap();
        let session = cookies.iter().find(|cookie| cookie.name() == format!("selaras-{port}")).unwrap();
        assert_eq!((session.secure(), session.http_only()), (Some(true), Some(true)));
        // Nothing is set up from elsewhere.
        chromium.go(&format!("{there}/pasang")).await;
        assert!(chromium.text("body").await.contains("web.no-page"));
        chromium.go(&format!("{pages}/pengaturan")).await;
        chromium.click("input[name=others]").await;
        chromium.click("form[action='/pengaturan'] button").await;
        chromium.until_there(".flash.good").await;
        assert!(chromium.client.goto(&there).await.is_err(), "nobody listens any more");
    });
}
