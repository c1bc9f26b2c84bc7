//! The one catalogue of the centre's problems: code, status, what to do about it, who, in both languages.
//!
//! Codes are for ever: schools run old versions, and helpdesks search by them.

use selaras_transport::{CatalogueEntry, Problem, Retry};

const fn entry(
    code: &'static str,
    status: u16,
    retry: Retry,
    who: &'static str,
    id: &'static str,
    en: &'static str,
) -> CatalogueEntry {
    CatalogueEntry { code, status, retry, who, id, en }
}

/// What an unknown code becomes; its own name is kept as the argument `code`.
const OTHER: CatalogueEntry = entry(
    "center.failed",
    500,
    Retry::After,
    "centre",
    "Pusat mengalami gangguan. Data Anda tetap aman; coba lagi nanti dan laporkan kode ini bila berulang.",
    "The centre had a failure. Your data is safe; try again later and report this code if it comes back.",
);

#[rustfmt::skip]
const ENTRIES: &[CatalogueEntry] = &[
    // Protocol and bodies.
    entry("protocol.no-marker", 400, Retry::Never, "nobody",
        "Permintaan ini bukan dari aplikasi Selaras.",
        "This request does not come from a Selaras application."),
    entry("protocol.too-old", 426, Retry::AfterHumanAction, "operator",
        "Aplikasi ini terlalu lama (protokol {found}, pusat memakai {oldest} sampai {newest}). Pasang versi baru; data tetap aman.",
        "This application is too old (protocol {found}, the centre speaks {oldest} to {newest}). Install the new version; your data is safe."),
    entry("protocol.too-new", 426, Retry::AfterHumanAction, "centre",
        "Aplikasi ini lebih baru dari pusat (protokol {found}, pusat memakai {oldest} sampai {newest}). Tunggu pembaruan pusat.",
        "This application is newer than the centre (protocol {found}, the centre speaks {oldest} to {newest}). Wait for the centre's update."),
    entry("body.wrong-type", 415, Retry::Never, "centre",
        "Jenis isi permintaan tidak dikenal.",
        "The request's content type is not the endpoint's."),
    entry("body.too-large", 413, Retry::AfterHumanAction, "centre",
        "Isi permintaan melebihi {limit} bita. Kirim sebagian dahulu, misalnya satu modul.",
        "The request's body is over {limit} bytes. Send a part first, for example one module."),
    entry("body.too-slow", 408, Retry::After, "nobody",
        "Isi permintaan berhenti datang. Coba lagi; tidak ada yang hilang.",
        "The request's body stopped arriving. Try again; nothing is lost."),
    entry("body.cut", 400, Retry::After, "nobody",
        "Isi permintaan terputus. Coba lagi; tidak ada yang hilang.",
        "The request's body was cut. Try again; nothing is lost."),
    entry("body.not-json", 400, Retry::Never, "centre",
        "Isi permintaan tidak dapat dibaca (pada {field}).",
        "The request's body cannot be read (at {field})."),
    entry("path.unknown", 404, Retry::Never, "nobody",
        "Alamat ini tidak ada di pusat.",
        "The centre has no such path."),
    // Packs and rulebooks.
    entry("rules.past", 409, Retry::AfterHumanAction, "centre",
        "Tanggal mulai {from} sudah lewat (hari ini {today}). Pilih hari ini atau sesudahnya.",
        "The first day {from} has passed (today is {today}). Choose today or a later day."),
    entry("rules.taken", 409, Retry::AfterHumanAction, "centre",
        "Sudah ada terbitan yang mulai {from}. Tarik dahulu, atau pilih hari lain.",
        "There is a release from {from} already. Withdraw it first, or choose another day."),
    entry("rules.too-many", 409, Retry::AfterHumanAction, "centre",
        "Pusat menyimpan paling banyak {limit} terbitan. Tarik yang belum berlaku.",
        "The centre keeps at most {limit} releases. Withdraw some that have not begun."),
    entry("rules.too-large", 400, Retry::AfterHumanAction, "centre",
        "Paket dan buku aturan bersama-sama paling besar {limit} bita. Tidak ada yang diterbitkan.",
        "Pack and rulebook together have at most {limit} bytes. Nothing was published."),
    entry("rules.same", 409, Retry::AfterHumanAction, "centre",
        "Paket dan buku aturan ini sama dengan yang berlaku sebelum hari itu. Tidak ada yang diterbitkan.",
        "Pack and rulebook are those in force before that day. Nothing was published."),
    entry("rules.invalid", 400, Retry::AfterHumanAction, "centre",
        "Berkas {what} tidak sah. Perbaiki baris-baris ini lalu terbitkan lagi.",
        "The {what} is not valid. Correct these lines and publish again."),
    entry("rules.breaks", 409, Retry::AfterHumanAction, "centre",
        "Paket ini tidak dapat menggantikan paket sebelumnya: data sekolah bergantung pada yang hilang atau berubah.",
        "This pack cannot follow the one before it: schools' records stand on what is gone or changed."),
    entry("rules.missed", 400, Retry::AfterHumanAction, "centre",
        "{count} contoh tidak sesuai dengan buku aturan. Jalankan `selaras rules test`.",
        "{count} examples do not fit the rulebook. Run `selaras rules test`."),
    entry("rules.unknown", 404, Retry::AfterHumanAction, "centre",
        "Tidak ada terbitan yang mulai {from}.",
        "There is no release from {from}."),
    entry("rules.begun", 409, Retry::AfterHumanAction, "centre",
        "Terbitan yang mulai {from} sudah berlaku. Terbitkan yang baru untuk menggantikannya.",
        "The release from {from} has begun. Publish another one to follow it."),
    entry("rules.none-announced", 404, Retry::Never, "nobody",
        "Belum ada buku aturan baru yang diumumkan.",
        "No new rulebook has been announced."),
    entry("center.audit", 503, Retry::After, "centre",
        "Pusat tidak dapat mencatat apa yang terjadi, jadi tidak melakukannya (cakram penuh?). Data Anda aman; coba lagi {seconds} detik lagi.",
        "The centre cannot note what happens, and so does nothing (is the disk full?). Your data is safe; try again in {seconds} seconds."),
    // Evidence.
    entry("evidence.none", 404, Retry::AfterHumanAction, "operator",
        "Versi ini bukan paket dari sekolah.",
        "This version is no bundle of the school."),
    entry("evidence.no-approval", 404, Retry::AfterHumanAction, "operator",
        "Persetujuan versi ini tidak tersimpan di pusat, yang menerimanya ketika persetujuan belum disimpan. Minta sekolah: selaras receipt --out.",
        "The approval of this version is not kept at the centre, which took it when approvals were not kept yet. Ask the school: selaras receipt --out."),
    entry("evidence.not-handed-back", 404, Retry::AfterHumanAction, "operator",
        "Versi ini diserahkan kembali oleh sekolah setelah pusat dipulihkan, tanpa persetujuannya: komputer yang membuatnya belum datang, atau tidak menyimpannya. Di komputer itu: selaras sync, atau selaras receipt --out.",
        "A school handed this version back after the centre was restored, without its approval: the computer that sealed it has not come, or does not keep it. On that computer: selaras sync, or selaras receipt --out."),
    // The centre's state.
    OTHER,
    entry("center.busy", 503, Retry::After, "nobody",
        "Pusat sedang sibuk. Aplikasi mencoba lagi sendiri dalam {seconds} detik.",
        "The centre is busy. The application tries again by itself in {seconds} seconds."),
    entry("center.full", 503, Retry::After, "nobody",
        "Pusat sedang penuh. Aplikasi mencoba lagi sendiri dalam {seconds} detik.",
        "The centre is full. The application tries again by itself in {seconds} seconds."),
    entry("center.closed", 503, Retry::After, "centre",
        "Pusat ditutup sementara: {message} Aplikasi mencoba lagi sendiri.",
        "The centre is closed for now: {message} The application tries again by itself."),
    entry("center.disk-full", 507, Retry::After, "centre",
        "Penyimpanan pusat penuh. Yang sudah sampai tetap tersimpan; aplikasi mencoba lagi sendiri dalam {seconds} detik.",
        "The centre's disk is full. What has arrived stays; the application tries again by itself in {seconds} seconds."),
    entry("center.store", 503, Retry::After, "centre",
        "Penyimpanan pusat tidak dapat dibaca atau ditulis. Data sekolah tetap aman; coba lagi nanti.",
        "The centre's store cannot be read or written. The school's data is safe; try again later."),
    entry("center.store-damaged", 503, Retry::AfterHumanAction, "centre",
        "Berkas sekolah ini di pusat rusak; pusat harus memulihkannya dari cadangan. Komputer dan data sekolah tidak bermasalah.",
        "What the centre holds of this school is damaged; the centre has to bring it back from a backup. The school's computer and data are sound."),
    entry("center.damaged", 503, Retry::After, "centre",
        "Catatan di cakram pusat bukan seperti yang ditandatanganinya. Tidak ada yang diputuskan; pusat memperbaikinya dari lognya sendiri. Coba lagi {seconds} detik lagi.",
        "Records on the centre's disk are not what it signed. Nothing was decided; the centre makes them anew from its own log. Try again in {seconds} seconds."),
    // Uploads.
    entry("upload.version", 412, Retry::Never, "nobody",
        "Unggahan memakai tus 1.0.0.",
        "Uploads speak tus 1.0.0."),
    entry("upload.heads", 400, Retry::Never, "nobody",
        "Kepala permintaan unggahan tidak lengkap atau bukan angka.",
        "A head of the upload is missing or is not a number."),
    entry("upload.unknown", 404, Retry::Now, "nobody",
        "Pusat belum memiliki kiriman ini; aplikasi mengirimnya dari awal.",
        "The centre has nothing of this bundle yet; the application sends it from the start."),
    entry("upload.offset", 409, Retry::Now, "nobody",
        "Unggahan berada pada bita {offset}; aplikasi melanjutkan dari sana.",
        "The upload stands at byte {offset}; the application goes on from there."),
    entry("upload.length", 409, Retry::Never, "nobody",
        "Unggahan ini panjangnya {length} bita.",
        "This upload has a length of {length} bytes."),
    entry("upload.too-long", 413, Retry::Never, "nobody",
        "Potongan ini melewati akhir unggahan ({length} bita).",
        "The piece reaches beyond the upload's end ({length} bytes)."),
    entry("upload.limit", 413, Retry::AfterHumanAction, "operator",
        "Kiriman terdiri dari 1 sampai {limit} bita. Kirim sebagian dahulu, misalnya satu modul.",
        "A bundle has 1 to {limit} bytes. Send a part first, for example one module."),
    entry("upload.superseded", 409, Retry::Now, "nobody",
        "Permintaan yang lebih baru melanjutkan unggahan ini.",
        "A newer request goes on with this upload."),
    entry("upload.damaged", 422, Retry::Now, "nobody",
        "Yang sampai bukan yang dikirim; sesuatu di jalur mengubahnya. Aplikasi mengirim ulang dari awal.",
        "What arrived is not what was sent; something on the line alters it. The application sends it again."),
    entry("upload.too-many", 409, Retry::AfterHumanAction, "operator",
        "Sekolah ini memiliki terlalu banyak unggahan yang belum selesai; yang lama dihapus setelah tujuh hari.",
        "This school has too many uploads that are not finished; old ones are dropped after seven days."),
    entry("bundle.not-landed", 409, Retry::Now, "nobody",
        "Kiriman {bundle} belum sampai seluruhnya; aplikasi melanjutkan pengirimannya.",
        "Bundle {bundle} has not landed whole; the application goes on sending it."),
    entry("snapshot.unknown", 404, Retry::Now, "nobody",
        "Berkas awal ini tidak ada lagi di pusat; aplikasi meminta yang baru.",
        "The centre no longer has this snapshot; the application asks for another."),
    entry("snapshot.range", 416, Retry::Now, "nobody",
        "Bagian yang diminta berada di luar berkas.",
        "The range that was asked for is beyond the file's end."),
    // The engine.
    entry("request.damaged", 400, Retry::AfterHumanAction, "centre",
        "Permintaan ini tidak dapat dibaca.",
        "The request cannot be read."),
    entry("request.too-large", 413, Retry::AfterHumanAction, "operator",
        "Permintaan melebihi {limit} bita. Kirim sebagian dahulu.",
        "The request is over {limit} bytes. Send a part first."),
    entry("approval.missing", 400, Retry::AfterHumanAction, "head",
        "Kiriman datang tanpa persetujuan kepala sekolah; tidak ada yang berlaku.",
        "A bundle came without the head's approval; nothing took effect."),
    entry("replica.other-device", 403, Retry::AfterHumanAction, "operator",
        "Pemasangan {replica} terdaftar pada perangkat lain. Daftarkan ulang komputer ini.",
        "Installation {replica} is bound to another device. Register this computer again."),
    entry("cursor.unknown", 409, Retry::AfterHumanAction, "centre",
        "Pusat tidak mengenal keadaan komputer ini (versi {version}). Aplikasi versi baru menyerahkan kembali catatannya sendiri; data sekolah tetap aman.",
        "The centre does not know where this computer stands (version {version}). A newer application hands its entries back by itself; the school's data is safe."),
    entry("cursor.ahead", 409, Retry::AfterHumanAction, "centre",
        "Log pusat tertinggal dari komputer ini (versi {version}): basis data pusat dikembalikan tanpa `selaras-center restore`. Data sekolah tetap aman; pusat yang harus bertindak.",
        "The centre's log is behind this computer (version {version}): its database was put back without `selaras-center restore`. The school's data is safe; the centre has to act."),
    entry("log.forked", 409, Retry::AfterHumanAction, "centre",
        "Pusat pernah menandatangani dua entri berbeda untuk versi {version} sekolah ini. Data kedua pihak tetap disimpan; pusat yang harus memutuskan.",
        "The centre once signed two different entries for version {version} of this school. Both sides keep their data; the centre has to decide."),
    entry("center.restored", 409, Retry::Never, "nobody",
        "Pusat dipulihkan dari cadangan dan meminta kembali catatan dari komputer ini; aplikasi melakukannya sendiri.",
        "The centre was restored from a backup and asks this computer for what it holds; the application does so by itself."),
    entry("center.healing", 503, Retry::After, "operator",
        "Pusat dipulihkan dari cadangan dan menunggu komputer lain sekolah ini. Lakukan tarik data di sana; kiriman tetap menunggu.",
        "The centre was restored from a backup and waits for other computers of this school. Pull on them; what was approved waits."),
    entry("center.unconfirmed", 403, Retry::AfterHumanAction, "centre",
        "Pusat dipulihkan dari cadangan; persetujuan dengan kunci {key} menunggu konfirmasi. Lakukan tarik data di komputer lain sekolah ini yang terdaftar sebelum cadangan itu, atau minta pusat mengonfirmasi; kiriman ini tetap tersimpan.",
        "The centre was restored from a backup; approvals with key {key} wait for confirmation. Pull on another computer of this school that was registered before that backup, or ask the centre to confirm; what was approved is kept."),
    entry("heal.damaged", 400, Retry::AfterHumanAction, "centre",
        "Catatan yang diserahkan kembali tidak dapat dibaca.",
        "What was handed back cannot be read."),
    entry("heal.unproven", 409, Retry::AfterHumanAction, "centre",
        "Catatan yang diserahkan kembali tidak terbukti ditandatangani pusat ini.",
        "What was handed back is not proven to be signed by this centre."),
    entry("heal.not-the-heads", 403, Retry::AfterHumanAction, "head",
        "Pernyataan itu tidak ditandatangani dengan kunci kepala sekolah yang berlaku ({key}). Aktifkan kunci: selaras head activate, lalu ulangi.",
        "The word is not signed by a head's key that is good ({key}). Activate one: selaras head activate, and say it again."),
    entry("repair.damaged", 400, Retry::AfterHumanAction, "centre",
        "Permintaan perbaikan tidak dapat dibaca.",
        "The request of repair cannot be read."),
    entry("repair.too-many", 409, Retry::AfterHumanAction, "operator",
        "Terlalu banyak rekaman berbeda untuk diperbaiki satu per satu. Jalankan selaras recover; yang belum dikirim tetap disimpan.",
        "Too many records differ to be mended one by one. Run selaras recover; what was not sent is kept."),
    entry("repair.log", 500, Retry::AfterHumanAction, "centre",
        "Log pusat untuk sekolah ini rusak pada versi {version}; pusat harus dipulihkan dari cadangan.",
        "The centre's log of this school is damaged at version {version}; the centre has to be restored from a backup."),
    entry("backup.not-empty", 409, Retry::AfterHumanAction, "centre",
        "Direktori itu sudah berisi cadangan.",
        "That directory holds a backup already."),
    entry("backup.failed", 500, Retry::AfterHumanAction, "centre",
        "Cadangan tidak jadi dibuat: {reason}",
        "The backup was not made: {reason}"),
    entry("backup.left-out", 500, Retry::AfterHumanAction, "centre",
        "Cadangan dibuat tanpa {count} sekolah yang datanya rusak di pusat: {schools}. Pulihkan berkasnya dari cadangan yang lebih lama, lalu buat cadangan lagi.",
        "The backup was made without {count} schools whose data at the centre is damaged: {schools}. Bring their files back from an older backup, then back up again."),
    entry("backup.damaged-schools", 500, Retry::AfterHumanAction, "centre",
        "Pusat dipulihkan tanpa {count} sekolah yang salinannya rusak: {schools}. Sekolah itu kembali saat komputernya menghubungi pusat, dengan yang masih disimpannya; yang lebih lama pulihkan dari cadangan lain ke direktori kosong.",
        "The centre was restored without {count} schools whose copies are damaged: {schools}. They come back when their computers reach the centre, with what these still keep; for what is older restore another backup into an empty directory."),
    entry("school.unfinished", 503, Retry::After, "nobody",
        "Pusat masih menyelesaikan pekerjaan besar sekolah ini. Coba lagi sebentar lagi.",
        "The centre is still finishing large work of this school. Try again shortly."),
    entry("record.unmergeable", 500, Retry::AfterHumanAction, "centre",
        "Rekaman {record} tidak dapat menerima perubahan.",
        "Record {record} cannot take the change."),
    entry("record.too-large", 400, Retry::AfterHumanAction, "operator",
        "Rekaman {record} terlalu besar atau terlalu sering diubah.",
        "Record {record} is too large or was changed too often."),
    entry("act.kind", 400, Retry::Never, "centre",
        "Nama tindakan terdiri dari 1 sampai 64 bita.",
        "An act's name has 1 to 64 bytes."),
    entry("act.invalid", 409, Retry::AfterHumanAction, "centre",
        "Tindakan ini meninggalkan rekaman {record} yang melanggar aturan {rule} (isian {field}; seluruhnya {count}), dan sekolah tidak boleh memperbaikinya. Perbaiki nilainya; bila memang harus begitu, ulangi dengan --reason.",
        "This leaves record {record} against rule {rule} (field {field}; {count} in all), and the school may not mend it. Correct the value; where it has to be so, do it again with --reason."),
    entry("act.reason", 400, Retry::AfterHumanAction, "centre",
        "Alasan terdiri dari {min} sampai {max} huruf dalam satu baris.",
        "A reason has {min} to {max} characters on one line."),
    entry("act.empty", 400, Retry::AfterHumanAction, "centre",
        "Satu suntingan tidak menulis apa pun.",
        "An edit writes nothing."),
    entry("act.twice", 400, Retry::AfterHumanAction, "centre",
        "Satu rekaman disunting dua kali.",
        "One record is edited twice."),
    entry("act.too-large", 413, Retry::AfterHumanAction, "centre",
        "Tindakan ini melebihi batas.",
        "The act is over the limits."),
    entry("act.unknown-entity", 400, Retry::AfterHumanAction, "centre",
        "Paket data tidak mengenal jenis rekaman {record}.",
        "The pack does not know the kind of record {record}."),
    entry("act.unknown-field", 400, Retry::AfterHumanAction, "centre",
        "Paket data tidak mengenal isian {field} ({record}).",
        "The pack does not know field {field} ({record})."),
    entry("act.wrong-type", 400, Retry::AfterHumanAction, "centre",
        "Nilai untuk {field} bukan jenisnya ({record}).",
        "The value for {field} is not of its type ({record})."),
    // Schools, sessions, registration.
    entry("school.unknown", 404, Retry::AfterHumanAction, "dinas",
        "Sekolah {npsn} belum terdaftar di pusat ini. Hubungi Dinas.",
        "School {npsn} is not known at this centre. Ask the Dinas."),
    entry("school.some-failed", 503, Retry::AfterHumanAction, "centre",
        "{count} sekolah dilewati karena rusak atau sedang sibuk: {schools}.",
        "{count} schools were passed over because they are damaged or busy: {schools}."),
    entry("school.exists", 409, Retry::Never, "centre",
        "Sekolah {npsn} sudah terdaftar.",
        "School {npsn} is known already."),
    entry("school.bad-npsn", 400, Retry::Never, "operator",
        "NPSN terdiri dari 8 angka, dan bukan 00000000.",
        "An NPSN has 8 digits, and is not 00000000."),
    entry("session.missing", 401, Retry::Now, "nobody",
        "Sesi belum dimulai; aplikasi memintanya sendiri.",
        "There is no session yet; the application asks for one by itself."),
    entry("session.expired", 401, Retry::Now, "nobody",
        "Sesi berakhir; aplikasi memintanya sendiri.",
        "The session has ended; the application asks for another by itself."),
    entry("session.foreign", 401, Retry::Now, "nobody",
        "Sesi ini bukan dari pusat ini; aplikasi memintanya sendiri.",
        "The session is not of this centre; the application asks for another by itself."),
    entry("session.other-school", 403, Retry::Never, "nobody",
        "Sesi ini milik sekolah lain.",
        "The session is another school's."),
    entry("session.bad-proof", 403, Retry::AfterHumanAction, "operator",
        "Kunci perangkat ini tidak cocok. Daftarkan ulang pemasangan ini dengan kode registrasi.",
        "This device's key does not fit. Register this installation again with the kode registrasi."),
    entry("session.unknown-device", 403, Retry::AfterHumanAction, "operator",
        "Pusat tidak mengenal perangkat ini. Daftarkan ulang pemasangan ini dengan kode registrasi.",
        "The centre does not know this device. Register this installation again with the kode registrasi."),
    entry("session.device-removed", 403, Retry::AfterHumanAction, "operator",
        "Komputer ini sudah dikeluarkan dari sekolah ({reason}) dan tidak menerima apa pun lagi. Bila tetap dipakai, komputer ini kembali dengan `selaras recover` dan kode registrasi dari kepala sekolah.",
        "This computer was taken away from its school ({reason}) and gets nothing more. If it is still used, it comes back by `selaras recover` and the kode registrasi from the head."),
    entry("session.repeated-nonce", 409, Retry::Now, "nobody",
        "Permintaan sesi ini sudah pernah dipakai; aplikasi membuat yang baru.",
        "This request for a session was used already; the application makes another."),
    entry("registration.wrong-code", 403, Retry::AfterHumanAction, "operator",
        "Kode registrasi salah. Periksa surat dari Dinas; kode lama tidak berlaku setelah diganti.",
        "The kode registrasi is wrong. Check the letter from the Dinas; an old code ends when it is replaced."),
    entry("registration.too-many", 429, Retry::After, "operator",
        "Terlalu banyak kode registrasi yang salah. Coba lagi setelah {seconds} detik.",
        "Too many wrong codes. Try again after {seconds} seconds."),
    entry("registration.bad-key", 400, Retry::Never, "centre",
        "Kunci yang dikirim tidak sah.",
        "The key that was sent is not one."),
    entry("registration.replica-taken", 409, Retry::AfterHumanAction, "operator",
        "Pemasangan ini sudah terdaftar dengan perangkat lain. Pasang sebagai pemasangan baru.",
        "This installation is registered with another device. Set it up as a new installation."),
    entry("registration.too-many-devices", 409, Retry::AfterHumanAction, "centre",
        "Sekolah ini sudah mendaftarkan {limit} perangkat. Hubungi pusat.",
        "This school has registered {limit} devices already. Ask the centre."),
    entry("registration.kode-unconfirmed", 403, Retry::AfterHumanAction, "centre",
        "Pusat baru dipulihkan dari cadangan; kode registrasi lama belum dikonfirmasi. Mintalah staf pusat mengonfirmasi atau memberi kode baru.",
        "The centre was restored from a backup, and the old kode registrasi is not confirmed yet. Ask the centre's staff to confirm it, or for a new one."),
    entry("registration.device-removed", 409, Retry::AfterHumanAction, "operator",
        "Kunci komputer ini sudah dikeluarkan dari sekolah. Daftarkan sebagai komputer baru dengan `selaras recover`.",
        "This computer's key was taken away from the school. Register it as a new computer by `selaras recover`."),
    entry("device.unknown", 404, Retry::Never, "centre",
        "Sekolah ini tidak memiliki komputer {device}. Setelah pemulihan pusat, komputer yang belum dikenalnya dikeluarkan dengan `--lost`.",
        "This school has no computer {device}. After the centre was restored, one that it does not know yet is taken away by `--lost`."),
    entry("device.removed", 409, Retry::Never, "centre",
        "Komputer {device} sudah dikeluarkan.",
        "Computer {device} was taken away before."),
    entry("device.reason", 400, Retry::Never, "centre",
        "Alasan adalah kata kunci dari huruf kecil, paling banyak 32, misalnya `stolen`.",
        "A reason is a code of small letters, at most 32, such as `stolen`."),
    // Heads.
    entry("head.not-entitled", 403, Retry::AfterHumanAction, "dinas",
        "PTK ini belum berwenang menyetujui pengiriman. Semua syarat yang kurang tercantum di bawah.",
        "This PTK may not approve yet. Everything that is missing is listed below."),
    entry("head.unknown-ptk", 404, Retry::AfterHumanAction, "operator",
        "Pusat tidak memiliki PTK ini untuk sekolah {npsn}. Lakukan tarik data, lalu pilih lagi.",
        "The centre has no such PTK for school {npsn}. Pull, then choose again."),
    entry("head.key-revoked", 409, Retry::AfterHumanAction, "head",
        "Kunci ini sudah dicabut dan tidak berlaku lagi. Aktifkan kunci yang baru.",
        "This key was revoked and never becomes good again. Activate a new one."),
    entry("head.too-many-keys", 409, Retry::AfterHumanAction, "dinas",
        "Sekolah ini sudah memiliki {limit} kunci kepala sekolah yang berlaku. Mintalah dinas mencabut yang tidak dipakai lagi.",
        "This school has {limit} heads' keys that are good already. Ask the Dinas to revoke those that are not used any more."),
    entry("head.no-key", 404, Retry::Never, "dinas",
        "PTK ini tidak memiliki kunci kepala sekolah yang berlaku.",
        "This PTK has no head's key that is good."),
    entry("head.already-assigned", 409, Retry::Never, "dinas",
        "PTK ini sudah memiliki penugasan yang masih berlaku.",
        "This PTK has an active assignment already."),
    entry("head.not-assigned", 404, Retry::Never, "dinas",
        "PTK ini tidak memiliki penugasan kepala sekolah yang berlaku.",
        "This PTK has no active assignment as a head."),
    // Operators.
    entry("admin.wrong-token", 403, Retry::AfterHumanAction, "centre",
        "Token operator salah. Gunakan berkas token dari direktori data pusat.",
        "The operator's token is wrong. Use the token file of the centre's data directory."),
    entry("admin.too-many", 429, Retry::After, "centre",
        "Terlalu banyak token salah dari alamat ini. Coba lagi setelah {seconds} detik.",
        "Too many wrong tokens from this address. Try again after {seconds} seconds."),
    entry("admin.disabled", 403, Retry::AfterHumanAction, "centre",
        "Akun {name} dinonaktifkan. Minta staf pusat mengaktifkannya.",
        "Account {name} is disabled. Ask the centre's staff to enable it."),
    entry("admin.unconfirmed", 403, Retry::AfterHumanAction, "centre",
        "Pusat dipulihkan dari cadangan; token akun {name} belum dikonfirmasi. Staf pusat menjalankan `selaras-center restore confirm --all`.",
        "The centre was restored from a backup; the token of account {name} is not confirmed yet. The centre's staff runs `selaras-center restore confirm --all`."),
    entry("admin.role", 403, Retry::AfterHumanAction, "centre",
        "Peran akun {name} tidak mencakup tindakan ini; staf pusat yang melakukannya.",
        "The role of account {name} does not cover this; the centre's staff does it."),
    entry("admin.outside-area", 403, Retry::AfterHumanAction, "dinas",
        "Sekolah {npsn} di luar wilayah akun {name}. Dinas wilayah itu yang bertindak.",
        "School {npsn} is outside the area of account {name}. The Dinas of that area has to act."),
    entry("staff.name", 400, Retry::Never, "centre",
        "{name} tidak dapat menjadi nama akun: huruf kecil, angka, garis; paling banyak 40.",
        "{name} cannot be an account's name: small letters, digits, dashes; at most 40."),
    entry("staff.area", 400, Retry::Never, "centre",
        "Akun Dinas memerlukan wilayah: awalan kode wilayah (angka) atau NPSN.",
        "A Dinas account needs an area: beginnings of a kode wilayah (digits), or NPSNs."),
    entry("staff.exists", 409, Retry::Never, "centre",
        "Akun {name} sudah ada, atau akunnya terlalu banyak.",
        "There is an account {name} already, or there are too many."),
    entry("staff.unknown", 404, Retry::Never, "centre",
        "Tidak ada akun {name}.",
        "There is no account {name}."),
    entry("record.unknown", 404, Retry::Never, "centre",
        "Catatan {entity}/{id} tidak ada.",
        "There is no record {entity}/{id}."),
    entry("record.unknown-entity", 400, Retry::Never, "centre",
        "Jenis catatan {entity} tidak dikenal.",
        "There is no entity {entity}."),
    entry("record.bad-field", 400, Retry::Never, "centre",
        "Bidang {field} tidak dikenal atau nilainya tidak sah.",
        "Field {field} is not known, or its value is not valid."),
    entry("record.no-verification", 400, Retry::Never, "centre",
        "Catatan {entity} tidak memiliki tanda verifikasi.",
        "Records of {entity} have no verification mark."),
    entry("record.bad-line", 400, Retry::Never, "centre",
        "Baris {line} tidak sah: {problem}.",
        "Line {line} is not valid: {problem}."),
    entry("record.nothing", 400, Retry::Never, "centre",
        "Tidak ada yang diubah.",
        "There is nothing to change."),
    entry("move.elsewhere", 409, Retry::Never, "centre",
        "Orang dengan ID {id} sudah ada di sekolah {npsn}.",
        "The person with ID {id} is at school {npsn} already."),
    entry("move.offered", 409, Retry::AfterHumanAction, "dinas",
        "Orang dengan ID {id} sudah ditawarkan ke sekolah {npsn}. Tunggu jawabannya, atau tarik dahulu tawaran itu (withdraw).",
        "The person with ID {id} is offered to school {npsn} already. Wait for the answer, or withdraw that offer first."),
    entry("move.not-offered", 409, Retry::Never, "dinas",
        "Tidak ada tawaran terbuka untuk orang dengan ID {id} dari sekolah {npsn}.",
        "No offer of the person with ID {id} of school {npsn} is open."),
    entry("move.under-way", 409, Retry::Never, "dinas",
        "Sekolah {npsn} sudah menerima orang dengan ID {id}; perpindahannya sedang dilaksanakan.",
        "School {npsn} has accepted the person with ID {id}; the move is being carried out."),
    entry("move.not-here", 409, Retry::AfterHumanAction, "centre",
        "Orang dengan ID {id} tidak terdaftar di sekolah {npsn}.",
        "The person with ID {id} is not at school {npsn}."),
];

/// All entries, for the pages that explain the codes.
#[must_use]
pub const fn error_codes() -> &'static [CatalogueEntry] {
    ENTRIES
}

/// The entry of a code; [`OTHER`] for one that is not here.
pub(crate) fn lookup(code: &str) -> &'static CatalogueEntry {
    ENTRIES.iter().find(|entry| entry.code == code).unwrap_or(&OTHER)
}

/// The problem of a code.
pub(crate) fn problem(code: &str) -> Problem {
    let found = lookup(code);
    let made = Problem::of(found);
    if found.code == code { made } else { made.with("code", code) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_there_once_and_speaks_both_languages() {
        let codes: BTreeSet<&str> = ENTRIES.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), ENTRIES.len());
        for entry in ENTRIES {
            assert!(entry.code.contains('.') && (400..600).contains(&entry.status), "{}", entry.code);
            assert!(!entry.id.is_empty() && !entry.en.is_empty() && entry.id != entry.en, "{}", entry.code);
            let holes = |text: &str| -> BTreeSet<String> {
                text.split('{').skip(1).filter_map(|part| part.split('}').next()).map(str::to_owned).collect()
            };
            assert_eq!(holes(entry.id), holes(entry.en), "{}", entry.code);
            let known = ["operator", "head", "dinas", "centre", "verval", "nobody"];
            assert!(known.contains(&entry.who), "{}", entry.code);
        }
    }

    /// The codes that stand behind a mark in the sources under a directory of this repository.
    fn codes_in(root: &str, mark: &str) -> Vec<(String, std::path::PathBuf)> {
        let mut directories = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root)];
        let mut found = Vec::new();
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let codes = text.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(codes.map(|code| (code.to_owned(), path.clone())));
            }
        }
        found
    }

    #[test]
    fn every_code_that_the_crate_or_the_engine_gives_is_there() {
        let own = codes_in("src", concat!("problem", "(\""));
        let engines = codes_in("../sync/src/centre", "CentreError::refused(\"");
        assert!(own.len() > 20 && engines.len() > 20, "the codes were found in the text");
        for (code, path) in own.into_iter().chain(engines) {
            assert!(code == "some.thing" || lookup(&code).code == code, "{code} in {}", path.display());
        }
    }

    #[test]
    fn an_unknown_code_is_kept_as_an_argument() {
        let made = problem("some.thing");
        assert_eq!(
            (made.code.as_str(), made.args.get("code").map(String::as_str)),
            ("center.failed", Some("some.thing"))
        );
    }
}
