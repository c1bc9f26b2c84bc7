//! A gate that is closed, opened step by step by whoever has to act, as the pages say it.

use fantoccini::Locator;

use crate::chromium::{Chromium, USUAL, play};
use crate::day::approve;
use crate::school::School;
use crate::stand::PASSWORD;

/// Follows the one thing to do next.
async fn go_on(chromium: &mut Chromium) {
    chromium.go_home().await;
    chromium.click(".next .button").await;
}

async fn mend_the_height(chromium: &mut Chromium) {
    go_on(chromium).await;
    chromium.until_path("/validasi").await;
    assert!(chromium.text("#sum").await.contains('1'));
    chromium.click(".findings a").await;
    // The link lands in the field.
    chromium.until_there("#i-tinggi_badan").await;
    assert_eq!(chromium.script("return document.activeElement.id").await, "i-tinggi_badan");
    let field = chromium.client.active_element().await.unwrap();
    field.clear().await.unwrap();
    field.send_keys("150\n").await.unwrap();
    chromium.until_there(".flash.good").await;
    assert!(chromium.text(".flash").await.contains("Sisa invalid: 0"), "{}", chromium.text(".flash").await);
    assert!(!chromium.is_there("nav .count").await, "the menu counts it no more");
}

#[test]
fn a_closed_gate_is_opened_step_by_step() {
    let school = School::with_a_closed_gate();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.sign_in(&pages).await;
        mend_the_height(chromium).await;
        // What is missing now is a head: the page says that the Dinas has to act, and the operator cannot.
        go_on(chromium).await;
        chromium.until_path("/sinkronisasi").await;
        assert!(!chromium.is_there("a[href='/sinkronisasi/lembar']").await, "nobody may approve");
        assert!(chromium.text(".way").await.contains("Dinas"), "{}", chromium.text(".way").await);
        let steps = chromium.client.find_all(Locator::Css(".way li")).await.unwrap().len();
        school.assign_the_head();
        chromium.click("a[href='/tarik']").await;
        chromium.click("main form[action='/tarik'] button").await;
        chromium.until_there("#jalan .good-text").await;
        go_on(chromium).await;
        chromium.until_path("/sinkronisasi").await;
        let fewer = chromium.client.find_all(Locator::Css(".way li")).await.unwrap().len();
        assert!(fewer < steps, "{fewer} of {steps} steps");
        // The last one: the head's key, with the school's code and the head's password.
        chromium.click(".way a[href='/pengguna/kepala']").await;
        chromium.typed("#kode-key", &school.kode).await;
        chromium.typed("#password-key", PASSWORD).await;
        chromium.click("form:has(#kode-key) button").await;
        chromium.until_there(".flash.good").await;
        go_on(chromium).await;
        chromium.until_path("/sinkronisasi/lembar").await;
        approve(chromium, PASSWORD).await;
        chromium.until_path("/tanda-terima").await;
        assert_eq!(chromium.text(".state").await, "Sinkron");
        assert_eq!(chromium.complaints().await, Vec::<String>::new());
    });
}
