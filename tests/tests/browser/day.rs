//! A day: from the demonstration to a receipt; a field that is checked when it is left; without script; killed and
//! come back to.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::chromium::{Chromium, How, USUAL, play};
use crate::school::{School, id_of};
use crate::stand::{PASSWORD, SCHOOL};

/// Clicks from the link to the receipt.
const MOST_CLICKS: u32 = 8;

/// Ticks every part and consents, types the head's password, sends.
pub(crate) async fn approve(chromium: &mut Chromium, password: &str) {
    let names =
        chromium.script("return [...document.querySelectorAll('.sheet input[type=checkbox]')].map(e => e.name)");
    for name in names.await.as_array().unwrap() {
        chromium.click(&format!("input[name='{}']", name.as_str().unwrap())).await;
    }
    chromium.typed("#sandi", password).await;
    chromium.click(".sheet button[type=submit]").await;
}

/// The demonstration, until it is told to end.
pub(crate) struct Demo {
    child: std::process::Child,
    pub(crate) link: String,
    pub(crate) password: String,
    _place: tempfile::TempDir,
}

impl Demo {
    pub(crate) fn start(students: &str) -> Demo {
        let place = tempfile::tempdir().unwrap();
        let mut child = Command::new(SCHOOL)
            .args(["--lang", "id", "demo", "--students", students, "--keep"])
            .arg(place.path().join("demo"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let link = lines.find(|line| line.contains("/masuk/")).unwrap().trim().to_owned();
        let password = lines.find(|line| line.contains("Akun kepala")).unwrap();
        let password = password.split("sandi: ").nth(1).unwrap().to_owned();
        // The rest is read away, so that nobody waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Demo { child, link, password, _place: place }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // In good order: the centre that it started ends with it.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn from_the_demonstration_to_a_receipt_in_a_few_clicks_and_with_one_password() {
    let demo = Demo::start("60");
    play(USUAL, async |chromium| {
        chromium.go(&demo.link).await;
        chromium.click(".next .button").await;
        chromium.until_path("/sinkronisasi/lembar").await;
        approve(chromium, &demo.password).await;
        chromium.until_path("/tanda-terima").await;
        assert_eq!(chromium.text(".short-code").await.len(), 14);
        assert!(chromium.clicks <= MOST_CLICKS, "{} clicks", chromium.clicks);
        assert_eq!(chromium.text(".state").await, "Sinkron");
    });
}

#[test]
fn a_field_is_checked_when_it_is_left_and_a_record_is_found_while_typing() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    let id = id_of(&school.computer, "peserta_didik_periodik", 0);
    play(USUAL, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.go(&format!("{pages}/data/peserta_didik_periodik/{id}#i-tinggi_badan")).await;
        // The link of a finding leads into the field: what is typed goes there.
        assert_eq!(chromium.script("return document.activeElement.id").await, "i-tinggi_badan");
        chromium.client.active_element().await.unwrap().clear().await.unwrap();
        chromium.typed("#i-tinggi_badan", "900\t").await;
        chromium.until_there("#d-tinggi_badan .wrong").await;
        chromium.script("document.getElementById('i-peserta_didik_id').value = ''").await;
        chromium.typed("#i-peserta_didik_id", "a").await;
        chromium.until_there("#l-peserta_didik_id option").await;
        // The search takes effect while typing.
        chromium.go(&format!("{pages}/data/peserta_didik")).await;
        chromium.typed("#q", "tidak ada yang bernama ini").await;
        chromium.until_there("tbody td[colspan]").await;
    });
}

#[test]
fn everything_works_without_script() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    play(How { script: false, ..USUAL }, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.click(".next .button").await;
        for name in ["m.sekolah", "m.sarpras", "m.peserta_didik", "setuju"] {
            chromium.click(&format!("input[name='{name}']")).await;
        }
        chromium.typed("#sandi", PASSWORD).await;
        chromium.click(".sheet button[type=submit]").await;
        // The page asks again by itself until there is a receipt.
        chromium.until_there("a[href='/tanda-terima'].button").await;
        chromium.click("a[href='/tanda-terima'].button").await;
        assert_eq!(chromium.text(".short-code").await.len(), 14);
    });
}

#[test]
fn what_was_approved_survives_a_kill_and_goes_on_with_one_click() {
    let mut school = School::with_a_days_work();
    school.computer.run(&["approve", "kepala"], &[PASSWORD]);
    // Killed between the approval and the receipt; the browser is opened again on what starts next.
    school.restart();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.click(".next button").await;
        chromium.until_path("/tanda-terima").await;
        assert_eq!(chromium.text(".state").await, "Sinkron");
    });
}
