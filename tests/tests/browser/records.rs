//! Records: a conflict that is decided, a column that is pasted, and what is taken back.

use fantoccini::Locator;

use crate::chromium::{USUAL, play};
use crate::school::{School, id_of};

const NPSN: &str = "99999999";

#[test]
fn a_conflict_is_decided_taken_back_and_decided_otherwise() {
    let school = School::with_a_days_work();
    // The school's edit of the same field waits already.
    let student = id_of(&school.computer, "peserta_didik", 0);
    school.centre.operator(&["record", "edit", NPSN, "peserta_didik", &student, "alamat_jalan=Jalan Pusat 1"]);
    let address = |text: &str| {
        let shown = school.computer.run(&["show", "peserta_didik", &student], &[]).to_string();
        assert!(shown.contains(text), "{shown}");
    };
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.go(&format!("{pages}/tarik")).await;
        chromium.click("main form[action='/tarik'] button").await;
        chromium.until_there("#jalan a[href='/konflik']").await;
        chromium.click("#jalan a[href='/konflik']").await;
        chromium.until_path("/konflik").await;
        let both = chromium.text(".conflict").await;
        assert!(both.contains("Jalan Kemuning 12") && both.contains("Jalan Pusat 1"), "{both}");
        // The value that does not hold now.
        chromium.click(".conflict li:nth-child(2) button").await;
        chromium.until_there(".flash.good").await;
        assert!(!chromium.is_there(".conflict").await);
        chromium.click(".flash form button").await;
        chromium.until_there(".conflict").await;
        chromium.typed(".conflict input[name=value]", "Jalan Melati 7\n").await;
        chromium.until_gone(".conflict").await;
        chromium.until_there(".flash.good").await;
        address("Jalan Melati 7");
        assert_eq!(chromium.complaints().await, Vec::<String>::new());
    });
}

#[test]
fn a_column_of_a_spreadsheet_is_pasted_looked_at_and_saved() {
    let school = School::with_a_days_work();
    let students = school.computer.run(&["list", "peserta_didik"], &[]);
    let name = |place: usize| students["records"][place]["title"].as_str().unwrap().to_owned();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.go(&format!("{pages}/data/peserta_didik_periodik/tempel")).await;
        let table =
            |second: &str| format!("nama\tTinggi badan (cm)\tberat_badan\n{}\t151,5\t41\n{second}\t149\t40\n", name(0));
        chromium.paste("#teks", &table("Bukan Siapa-siapa")).await;
        chromium.click("button[value=lihat]").await;
        chromium.until_there("td.wrong").await;
        assert!(!chromium.is_there("button[value=simpan]").await, "nothing is saved by halves");
        chromium.script("document.getElementById('teks').value = ''").await;
        chromium.paste("#teks", &table(&name(1))).await;
        chromium.click("button[value=lihat]").await;
        chromium.until_there("button[value=simpan]").await;
        assert_eq!(chromium.client.find_all(Locator::Css("td.changed")).await.unwrap().len(), 4);
        chromium.click("button[value=simpan]").await;
        chromium.until_there(".flash.good").await;
        assert!(chromium.text(".flash").await.contains("2 baris disimpan"));
        assert_eq!(chromium.complaints().await, Vec::<String>::new());
    });
}

#[test]
fn a_record_is_added_deleted_and_brought_back() {
    let school = School::with_a_days_work();
    let pages = school.serving.pages.clone();
    play(USUAL, async |chromium| {
        chromium.sign_in(&pages).await;
        chromium.go(&format!("{pages}/data/ruang/baru")).await;
        chromium.typed("#i-nama", "Ruang Uji Coba").await;
        chromium.click("form[data-check] button[type=submit]").await;
        chromium.until_there(".flash").await;
        chromium.go(&format!("{pages}/data/ruang?q=uji+coba")).await;
        assert!(chromium.text("tbody").await.contains("Ruang Uji Coba"));
        chromium.click("tbody a").await;
        chromium.until_there("#i-nama").await;
        chromium.click("form[action$='/hapus'] button").await;
        chromium.until_there(".flash.good form").await;
        chromium.click(".flash form button").await;
        chromium.until_gone(".flash form").await;
        chromium.until_there(".flash.good").await;
        chromium.go(&format!("{pages}/data/ruang?q=uji+coba")).await;
        assert!(chromium.text("tbody").await.contains("Ruang Uji Coba"));
    });
}
