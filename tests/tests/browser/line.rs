//! A slow line: progress that is seen, a pause, and a program that is killed in the middle.

use selaras_lab::line::{Lane, Plan, Proxy};

use crate::chromium::{Chromium, PAGE, USUAL, play};
use crate::school::School;

/// Students of a school whose first upload takes some seconds.
const STUDENTS: &str = "250";
/// Bytes a second of the line.
const SPEED: u64 = 48 << 10;
/// Bytes of the upload that have gone over the line when something happens: more than half of it.
const GONE: u64 = 72 << 10;
/// What the exchanges send beside the upload, and what was on its way and is sent again.
const BESIDE: u64 = 24 << 10;

fn slow() -> Plan {
    Plan { up: Lane { bytes_per_second: Some(SPEED), latency_ms: 20 }, ..Plan::default() }
}

/// Waits until so much has gone over the line; the page shows meanwhile that something goes on. Gives the size of all.
async fn until_gone(chromium: &Chromium, line: &Proxy, before: u64) -> u64 {
    chromium.until_there("#jalan progress[max]").await;
    let size = chromium.script("return document.querySelector('#jalan progress').max").await;
    let size = size.as_u64().unwrap();
    assert!(size > GONE + BESIDE, "the upload is too small for this test: {size}");
    let began = std::time::Instant::now();
    while line.counts().up.forwarded - before < GONE {
        assert!(began.elapsed() < PAGE, "{:?}", line.counts());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    size
}

#[test]
fn a_program_that_is_killed_in_the_middle_of_an_upload_goes_on_where_it_was() {
    let (mut school, line) = School::with_a_first_upload(STUDENTS, slow());
    let (before, mut size) = (line.counts().up.forwarded, 0);
    play(USUAL, async |chromium| {
        chromium.sign_in(&school.serving.pages).await;
        chromium.click(".next button").await;
        chromium.until_path("/sinkronisasi/jalan").await;
        size = until_gone(chromium, &line, before).await;
        school.serving.kill();
    });
    school.restart();
    play(USUAL, async |chromium| {
        chromium.sign_in(&school.serving.pages).await;
        // The page knows what has not arrived, and one click goes on.
        chromium.click(".next button").await;
        chromium.until_path("/tanda-terima").await;
        assert_eq!(chromium.text(".state").await, "Sinkron");
    });
    let sent = line.counts().up.forwarded - before;
    assert!(sent < size + BESIDE, "{sent} bytes were sent for {size}");
    assert_eq!(school.computer.run(&["status"], &[])["equal"], true);
}

#[test]
fn an_upload_is_paused_left_and_gone_on_with() {
    let (school, line) = School::with_a_first_upload(STUDENTS, slow());
    let before = line.counts().up.forwarded;
    play(USUAL, async |chromium| {
        chromium.sign_in(&school.serving.pages).await;
        chromium.click(".next button").await;
        chromium.until_path("/sinkronisasi/jalan").await;
        let size = until_gone(chromium, &line, before).await;
        chromium.click("form.pause button").await;
        chromium.until_there("#jalan .wait-text").await;
        // Left, and come back to: the home page offers to go on.
        chromium.go_home().await;
        chromium.click(".next button").await;
        chromium.until_path("/tanda-terima").await;
        let sent = line.counts().up.forwarded - before;
        assert!(sent < size + BESIDE, "{sent} bytes were sent for {size}");
        assert_eq!(chromium.text(".state").await, "Sinkron");
        assert_eq!(chromium.complaints().await, Vec::<String>::new());
    });
}
