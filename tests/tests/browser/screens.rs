//! Pictures of the main pages, for the README and to be looked at: `cargo xtask picture`.

use std::path::PathBuf;

use crate::chromium::{Chromium, How, USUAL, play};
use crate::day::{Demo, approve};

/// Students of the school that is shown.
const STUDENTS: &str = "250";
/// A telephone.
const NARROW: How = How { size: (360, 740), ..USUAL };

async fn picture(chromium: &Chromium, name: &str) {
    let there = std::env::var_os("SELARAS_PICTURES").map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::write(there.join(format!("{name}.png")), chromium.client.screenshot().await.unwrap()).unwrap();
}

#[test]
#[ignore = "writes pictures to SELARAS_PICTURES; `cargo xtask picture` calls it"]
fn the_main_pages_are_pictured() {
    let demo = Demo::start(STUDENTS);
    let origin = url::Url::parse(&demo.link).unwrap();
    let at = |path: &str| origin.join(path).unwrap().to_string();
    play(USUAL, async |chromium| {
        chromium.go(&demo.link).await;
        picture(chromium, "beranda").await;
        for (path, name) in [
            ("/data", "data"),
            ("/data/peserta_didik", "peserta-didik"),
            ("/kelas", "kelas"),
            ("/jadwal", "jadwal"),
            ("/ringkasan", "ringkasan"),
            ("/validasi", "validasi"),
            ("/sinkronisasi/rincian", "rincian"),
        ] {
            chromium.go(&at(path)).await;
            picture(chromium, name).await;
        }
        chromium.go(&at("/data/peserta_didik")).await;
        chromium.click("tbody a").await;
        chromium.until_there("form[data-check]").await;
        picture(chromium, "rekaman").await;
        chromium.go(&at("/sinkronisasi/lembar")).await;
        picture(chromium, "lembar").await;
        approve(chromium, &demo.password).await;
        chromium.until_path("/tanda-terima").await;
        picture(chromium, "tanda-terima").await;
        chromium.choose("id", "dark").await;
        chromium.go_home().await;
        picture(chromium, "beranda-gelap").await;
    });
    play(NARROW, async |chromium| {
        chromium.go(&at("/masuk")).await;
        chromium.typed("#name", "kepala").await;
        chromium.typed("#password", &format!("{}\n", demo.password)).await;
        chromium.until_path("/").await;
        picture(chromium, "beranda-telepon").await;
    });
}
