//! The catalogue of the link's own failures: what a person reads when no error body of the centre came.

use crate::problem::{CatalogueEntry, Retry};

const fn entry(
    code: &'static str,
    retry: Retry,
    who: &'static str,
    id: &'static str,
    en: &'static str,
) -> CatalogueEntry {
    CatalogueEntry { code, status: 0, retry, who, id, en }
}

pub(super) const BAD_ADDRESS: CatalogueEntry = entry(
    "link.bad-address",
    Retry::AfterHumanAction,
    "operator",
    "Alamat pusat tidak sah. Perbaiki alamat di pengaturan, misalnya https://pusat.contoh.id.",
    "The centre's address is not valid. Correct it in the settings, for example https://pusat.example.",
);
pub(super) const PLAIN_HTTP: CatalogueEntry = entry(
    "link.plain-http",
    Retry::AfterHumanAction,
    "operator",
    "Alamat pusat harus diawali https; http tanpa sandi hanya boleh ke komputer ini sendiri.",
    "The centre's address has to begin with https; plain http is allowed to this computer only.",
);
pub(super) const ROOTS: CatalogueEntry = entry(
    "link.no-trusted-certificates",
    Retry::AfterHumanAction,
    "operator",
    "Sertifikat tepercaya tidak dapat dibaca di komputer ini. Pasang sertifikat sistem atau berikan berkas CA pusat.",
    "No trusted certificates can be read on this computer. Install the system's certificates or give the centre's CA file.",
);
pub(super) const NO_NETWORK: CatalogueEntry = entry(
    "link.no-network",
    Retry::After,
    "operator",
    "Tidak ada jaringan. Data tetap aman di komputer ini; pengiriman diulang sendiri setelah jaringan kembali.",
    "There is no network. Your data is safe on this computer; sending resumes by itself once the network is back.",
);
pub(super) const NAME_NOT_FOUND: CatalogueEntry = entry(
    "link.name-not-found",
    Retry::After,
    "operator",
    "Nama server pusat tidak ditemukan. Periksa sambungan internet dan alamat pusat.",
    "The centre's name was not found. Check the internet connection and the centre's address.",
);
pub(super) const REFUSED: CatalogueEntry = entry(
    "link.refused",
    Retry::After,
    "centre",
    "Server pusat sedang tidak berjalan di alamat itu. Tunggu; pengiriman diulang sendiri.",
    "The centre is not running at that address. Wait; it is tried again by itself.",
);
pub(super) const TLS_ISSUER: CatalogueEntry = entry(
    "link.tls-issuer",
    Retry::AfterHumanAction,
    "operator",
    "Sertifikat server tidak dikenal. Mungkin antivirus, proxy, atau halaman masuk Wi-Fi menyela sambungan; tidak ada data yang dikirim.",
    "The server's certificate is not trusted. An antivirus, a proxy or a Wi-Fi login page may be in between; nothing was sent.",
);
pub(super) const TLS_NAME: CatalogueEntry = entry(
    "link.tls-name",
    Retry::AfterHumanAction,
    "operator",
    "Sertifikat server dibuat untuk nama lain. Periksa alamat pusat; tidak ada data yang dikirim.",
    "The server's certificate is for another name. Check the centre's address; nothing was sent.",
);
pub(super) const TLS_CLOCK: CatalogueEntry = entry(
    "link.tls-clock",
    Retry::AfterHumanAction,
    "operator",
    "Sertifikat server di luar masa berlakunya. Biasanya tanggal komputer ini salah: perbaiki tanggal dan jam.",
    "The server's certificate is outside its time. Mostly this computer's date is wrong: correct date and time.",
);
pub(super) const TLS_OTHER: CatalogueEntry = entry(
    "link.tls",
    Retry::After,
    "operator",
    "Sambungan aman tidak terbentuk. Mungkin antivirus, proxy, atau halaman masuk Wi-Fi menyela sambungan.",
    "No secure connection could be made. An antivirus, a proxy or a Wi-Fi login page may be in between.",
);
pub(super) const NOT_OUR_SERVER: CatalogueEntry = entry(
    "link.not-our-server",
    Retry::After,
    "operator",
    "Jawaban bukan dari pusat. Mungkin halaman masuk Wi-Fi, proxy, atau antivirus; buka peramban dan masuk dahulu.",
    "The answer did not come from the centre. Perhaps a Wi-Fi login page, a proxy or an antivirus; open a browser and log in first.",
);
pub(super) const TOO_SLOW: CatalogueEntry = entry(
    "link.too-slow",
    Retry::After,
    "nobody",
    "Jaringan berhenti terlalu lama. Data tetap aman; pengiriman diulang sendiri.",
    "The line stood still for too long. Your data is safe; it is tried again by itself.",
);
pub(super) const TOO_LARGE: CatalogueEntry = entry(
    "link.too-large",
    Retry::AfterHumanAction,
    "centre",
    "Isi melebihi {limit} bita sehingga tidak dikirim atau diterima. Laporkan kode ini ke pusat.",
    "A body is over {limit} bytes and was not sent or taken. Report this code to the centre.",
);
pub(super) const CUT: CatalogueEntry = entry(
    "link.cut",
    Retry::After,
    "nobody",
    "Sambungan terputus di tengah jalan. Data tetap aman; pengiriman diulang sendiri.",
    "The connection was cut midway. Your data is safe; it is tried again by itself.",
);
pub(super) const ALTERED: CatalogueEntry = entry(
    "link.altered",
    Retry::AfterHumanAction,
    "operator",
    "Yang sampai di pusat bukan yang dikirim; sesuatu di jalur mengubahnya. Coba jaringan lain, atau matikan pemeriksaan web antivirus.",
    "What arrives at the centre is not what was sent; something on the line alters it. Try another network, or switch off the antivirus's web check.",
);
pub(super) const UNREADABLE: CatalogueEntry = entry(
    "link.unreadable",
    Retry::AfterHumanAction,
    "operator",
    "Kiriman di komputer ini tidak dapat dibaca. Periksa disk, lalu pulihkan dari cadangan.",
    "The bundle on this computer cannot be read. Check the disk, then restore a backup.",
);
pub(super) const UNWRITABLE: CatalogueEntry = entry(
    "link.unwritable",
    Retry::AfterHumanAction,
    "operator",
    "Yang datang tidak dapat disimpan di komputer ini. Periksa sisa ruang disk.",
    "What came cannot be kept on this computer. Check the disk's free space.",
);
/// For an answer without a body, of which only the code is known.
pub(super) const CODE_ONLY: CatalogueEntry = entry(
    "link.code-only",
    Retry::After,
    "nobody",
    "Pusat menolak permintaan ini tanpa penjelasan; kodenya tertera.",
    "The centre refused this request and gave no more than the code.",
);
