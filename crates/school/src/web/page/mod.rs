//! The pages, a file for each part of the menu.

mod backups;
mod classes;
mod conflicts;
mod course;
mod doctor;
mod entry;
mod exchange;
mod history;
mod home;
mod list;
mod moves;
mod paste;
mod people;
mod receipt;
mod record;
mod settings;
mod setup;
mod sign;
mod suggest;
mod summary;
mod timetable;
mod trail;
mod validate;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::Web;
use super::assets::asset;

/// All addresses.
pub(super) fn routes() -> Router<Arc<Web>> {
    Router::new()
        .route("/aset/{version}/{name}", get(asset))
        .route("/masuk", get(entry::form).post(entry::enter))
        .route("/masuk/{key}", get(entry::invited))
        .route("/keluar", post(entry::leave))
        .route("/tampilan", post(entry::looks))
        .route("/pasang", get(setup::form).post(setup::set_up))
        .route("/pasang/akun", get(setup::account_form).post(setup::first_account))
        .route("/", get(home::home))
        .route("/ringkasan", get(summary::summary))
        .route("/data", get(list::modules))
        .route("/data/{entity}", get(list::list))
        .route("/data/{entity}/baru", get(record::new_form).post(record::create))
        .route("/data/{entity}/cari", get(suggest::suggest))
        .route("/data/{entity}/periksa", post(record::check))
        .route("/data/{entity}/tempel", get(paste::form).post(paste::paste))
        .route("/data/{entity}/{id}", get(record::record).post(record::save))
        .route("/data/{entity}/{id}/hapus", post(record::delete))
        .route("/data/{entity}/{id}/kembalikan", post(record::undelete))
        .route("/urungkan", post(record::undo))
        .route("/kelas", get(classes::classes))
        .route("/kelas/{id}", get(classes::class).post(classes::add))
        .route("/jadwal", get(timetable::timetable))
        .route("/validasi", get(validate::validate).post(validate::anew))
        .route("/sinkronisasi", get(exchange::exchange))
        .route("/sinkronisasi/rincian", get(exchange::details))
        .route("/sinkronisasi/lembar", get(exchange::sheet).post(exchange::approve))
        .route("/sinkronisasi/kirim", post(exchange::send))
        .route("/sinkronisasi/batal", post(exchange::withdraw))
        .route("/sinkronisasi/jalan", get(course::page))
        .route("/sinkronisasi/kejadian", get(course::events))
        .route("/tanda-tangan", get(sign::page).post(sign::seal))
        .route("/tanda-tangan/minta", get(sign::request))
        .route("/tanda-tangan/terima", post(sign::take))
        .route("/tanda-tangan/lihat", post(sign::look))
        .route("/tanda-tangan/beri", post(sign::give))
        .route("/sinkronisasi/jeda", post(course::pause))
        .route("/tarik", get(exchange::pull_page).post(exchange::pull))
        .route("/tanda-terima", get(receipt::last))
        .route("/tanda-terima/{version}", get(receipt::of))
        .route("/tanda-terima/{version}/bukti", get(receipt::evidence))
        .route("/konflik", get(conflicts::conflicts).post(conflicts::decide))
        .route("/mutasi", get(moves::moves).post(moves::answer))
        .route("/riwayat", get(history::history))
        .route("/riwayat/berkas", get(history::file))
        .route("/pengguna", get(people::people).post(people::add))
        .route("/pengguna/{name}", get(people::person).post(people::change))
        .route("/cadangan", get(backups::backups).post(backups::make))
        .route("/cadangan/{number}/berkas", get(backups::file))
        .route("/cadangan/{number}/periksa", post(backups::check))
        .route("/cadangan/{number}/pulihkan", post(backups::restore))
        .route("/diagnosa", get(doctor::doctor).post(doctor::begin))
        .route("/diagnosa/berkas", get(doctor::helpdesk))
        .route("/pengaturan", get(settings::settings).post(settings::save))
        .fallback(entry::nothing)
        .method_not_allowed_fallback(entry::nothing)
}
