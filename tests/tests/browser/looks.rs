//! How pages look: on a telephone, by keyboard alone, and what the browser itself complains about.

use crate::chromium::{How, USUAL, play};
use crate::school::School;
use crate::stand::PASSWORD;

const PAGES: [&str; 16] = [
    "/",
    "/data",
    "/data/peserta_didik",
    "/data/peserta_didik/baru",
    "/data/peserta_didik_periodik/tempel",
    "/kelas",
    "/jadwal",
    "/validasi",
    "/sinkronisasi",
    "/sinkronisasi/lembar",
    "/konflik",
    "/riwayat",
    "/pengguna",
    "/cadangan",
    "/pengaturan",
    "/ringkasan",
];

#[test]
fn nothing_is_cut_off_on_a_telephone() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    play(How { size: (360, 740), ..USUAL }, async |chromium| {
        chromium.sign_in(&pages).await;
        assert_eq!(chromium.script("return window.innerWidth").await, 360);
        for path in PAGES {
            chromium.go(&format!("{pages}{path}")).await;
            let wide =
                chromium.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(wide.await, 0, "{path}");
        }
    });
}

#[test]
fn the_keyboard_reaches_the_receipt() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.go(&format!("{pages}/masuk")).await;
        // The first field has the focus already.
        chromium.typed("#name", &format!("siti\t{PASSWORD}\n")).await;
        chromium.until_path("/").await;
        chromium.typed(".next .button", "\n").await;
        chromium.until_path("/sinkronisasi/lembar").await;
        let mut ticks = 0;
        // From one thing to the next as Tab goes, ticking what can be ticked.
        for _ in 0..60 {
            let at = chromium.script("const e = document.activeElement; return e.id || e.name || e.tagName").await;
            let at = at.as_str().unwrap_or_default().to_owned();
            let key = match at.as_str() {
                "sandi" => format!("{PASSWORD}\n"),
                name if name.starts_with("m.") || name == "setuju" => {
                    ticks += 1;
                    " \t".to_owned()
                }
                _ => "\t".to_owned(),
            };
            chromium.client.active_element().await.unwrap().send_keys(&key).await.unwrap();
            if at == "sandi" {
                break;
            }
        }
        assert_eq!(ticks, 4);
        chromium.until_path("/tanda-terima").await;
    });
}
