//! The catalogue of the line's own failures: what a person reads when no error body of the centre came. The one place
//! of these codes: the school's application and the pages in docs/errors take them from here.

use crate::problem::{Problem, Retry, Text};

/// A cause that the line found by itself: everything about its code that does not depend on the case.
#[derive(Debug, Clone, Copy)]
pub struct LinkCause {
    /// The stable code, `link.reason`.
    pub code: &'static str,
    /// Whether to try again.
    pub retry: Retry,
    /// Who has to act: `operator`, `centre` or `nobody`.
    pub who: &'static str,
    /// What happened, in Indonesian and in English; `{name}` stands for an argument.
    pub what: [&'static str; 2],
    /// What to do next, in Indonesian and in English.
    pub next: [&'static str; 2],
}

impl LinkCause {
    /// The error body: both sentences are its message.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let [id, en] = [0, 1].map(|lang| {
            let sentence = |texts: &[&'static str; 2]| texts.get(lang).copied().unwrap_or_default();
            format!("{} {}", sentence(&self.what), sentence(&self.next))
        });
        Problem {
            status: 0,
            code: self.code.to_owned(),
            args: crate::problem::Args::new(),
            retry: self.retry,
            retry_after: None,
            who: self.who.to_owned(),
            message: Box::new(Text { id, en }),
            reasons: Vec::new(),
        }
    }
}

/// All causes that the line finds by itself.
pub const LINK_CAUSES: &[LinkCause] = &[
    BAD_ADDRESS,
    PLAIN_HTTP,
    ROOTS,
    NO_NETWORK,
    NAME_NOT_FOUND,
    REFUSED,
    TLS_ISSUER,
    TLS_NAME,
    TLS_CLOCK,
    TLS_OTHER,
    PORTAL,
    PROXY,
    PROXY_LOGIN,
    FILTERED,
    PROXY_LIMIT,
    NOT_OUR_SERVER,
    TOO_SLOW,
    TOO_LARGE,
    CUT,
    ALTERED,
    UNREADABLE,
    UNWRITABLE,
    CODE_ONLY,
    BUFFERED,
    LARGE_CUT,
    SLOW_LINE,
];

pub(super) const BAD_ADDRESS: LinkCause = LinkCause {
    code: "link.bad-address",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: ["Alamat pusat tidak sah.", "The centre's address is not valid."],
    next: ["Perbaiki alamatnya, misalnya https://pusat.contoh.id.", "Correct it, for example https://pusat.example."],
};

pub(super) const PLAIN_HTTP: LinkCause = LinkCause {
    code: "link.plain-http",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: ["Alamat pusat harus diawali https.", "The centre's address has to begin with https."],
    next: [
        "Pakai https; http tanpa sandi hanya boleh ke komputer ini sendiri.",
        "Use https; plain http is allowed to this computer only.",
    ],
};

pub(super) const ROOTS: LinkCause = LinkCause {
    code: "link.no-trusted-certificates",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: [
        "Sertifikat tepercaya tidak dapat dibaca di komputer ini.",
        "No trusted certificates can be read on this computer.",
    ],
    next: [
        "Pasang sertifikat sistem, atau berikan berkas CA pusat dengan init --ca.",
        "Install the system's certificates, or give the centre's CA file with init --ca.",
    ],
};

pub(super) const NO_NETWORK: LinkCause = LinkCause {
    code: "link.no-network",
    retry: Retry::After,
    who: "operator",
    what: [
        "Tidak ada jaringan; data tetap aman di komputer ini.",
        "There is no network; your data is safe on this computer.",
    ],
    next: [
        "Sambungkan jaringan (Wi-Fi, kabel, atau kuota modem), lalu ulangi perintah yang sama.",
        "Connect to the network (Wi-Fi, cable, or the modem's quota), then run the same command again.",
    ],
};

pub(super) const NAME_NOT_FOUND: LinkCause = LinkCause {
    code: "link.name-not-found",
    retry: Retry::After,
    who: "operator",
    what: ["Nama server pusat tidak ditemukan.", "The centre's name was not found."],
    next: [
        "Periksa sambungan internet dan alamat pusat, lalu ulangi.",
        "Check the internet connection and the centre's address, then try again.",
    ],
};

pub(super) const REFUSED: LinkCause = LinkCause {
    code: "link.refused",
    retry: Retry::After,
    who: "centre",
    what: ["Server pusat sedang tidak berjalan di alamat itu.", "The centre is not running at that address."],
    next: ["Tunggu, lalu ulangi perintah yang sama.", "Wait, then run the same command again."],
};

pub(super) const TLS_ISSUER: LinkCause = LinkCause {
    code: "link.tls-issuer",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: [
        "Sertifikat server diterbitkan oleh {issuer}, yang tidak dipercaya; tidak ada data yang dikirim.",
        "The server's certificate is of {issuer}, who is not trusted; nothing was sent.",
    ],
    next: [
        "Antivirus, proxy, atau halaman masuk Wi-Fi menyela sambungan: kecualikan alamat pusat dari pemeriksaan HTTPS, atau masuk dahulu, lalu ulangi.",
        "An antivirus, a proxy or a Wi-Fi login page is in between: exempt the centre's address from its HTTPS inspection, or log in first, then try again.",
    ],
};

pub(super) const TLS_NAME: LinkCause = LinkCause {
    code: "link.tls-name",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: [
        "Sertifikat server dibuat untuk nama lain; tidak ada data yang dikirim.",
        "The server's certificate is for another name; nothing was sent.",
    ],
    next: [
        "Periksa alamat pusat; bila benar, jaringan ini membelokkan sambungan: pakai jaringan lain.",
        "Check the centre's address; if it is right, this network leads connections elsewhere: use another one.",
    ],
};

pub(super) const TLS_CLOCK: LinkCause = LinkCause {
    code: "link.tls-clock",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: ["Sertifikat server di luar masa berlakunya.", "The server's certificate is outside its time."],
    next: [
        "Biasanya tanggal komputer ini salah: perbaiki tanggal dan jam, lalu ulangi.",
        "Mostly this computer's date is wrong: correct date and time, then try again.",
    ],
};

pub(super) const TLS_OTHER: LinkCause = LinkCause {
    code: "link.tls",
    retry: Retry::After,
    who: "operator",
    what: ["Sambungan aman tidak terbentuk.", "No secure connection could be made."],
    next: [
        "Mungkin antivirus, proxy, atau halaman masuk Wi-Fi menyela: lewati, lalu ulangi.",
        "An antivirus, a proxy or a Wi-Fi login page may be in between: get past it, then try again.",
    ],
};

pub(super) const PORTAL: LinkCause = LinkCause {
    code: "link.captive-portal",
    retry: Retry::After,
    who: "operator",
    what: [
        "Halaman masuk jaringan ini menjawab menggantikan pusat; tidak ada yang berubah.",
        "This network's login page answered in the centre's place; nothing has changed.",
    ],
    next: [
        "Buka peramban, masuk ke jaringan (Wi-Fi), lalu ulangi.",
        "Open a browser, log in to the network (Wi-Fi), then try again.",
    ],
};

pub(super) const PROXY: LinkCause = LinkCause {
    code: "link.proxy",
    retry: Retry::After,
    who: "operator",
    what: [
        "Proxy di tengah jalan tidak dapat mencapai pusat (status {status}); tidak ada yang berubah.",
        "A proxy in between cannot reach the centre (status {status}); nothing has changed.",
    ],
    next: [
        "Tunggu lalu ulangi; bila tetap, minta pengelola jaringan membuka jalan ke alamat pusat, atau pakai jaringan lain.",
        "Wait and try again; if it stays, have whoever runs the network open the way to the centre's address, or use another network.",
    ],
};

pub(super) const PROXY_LOGIN: LinkCause = LinkCause {
    code: "link.proxy-login",
    retry: Retry::After,
    who: "operator",
    what: [
        "Proxy jaringan ini meminta nama dan kata sandi; tidak ada yang berubah.",
        "This network's proxy asks for a name and a password; nothing has changed.",
    ],
    next: [
        "Minta pengelola jaringan mengizinkan alamat pusat tanpa masuk, atau isi nama dan kata sandi proxy di pengaturan sistem.",
        "Have whoever runs the network allow the centre's address without a login, or enter the proxy's name and password in the system's settings.",
    ],
};

pub(super) const FILTERED: LinkCause = LinkCause {
    code: "link.filtered",
    retry: Retry::After,
    who: "operator",
    what: [
        "Penyaring jaringan menolak alamat pusat (status {status}); tidak ada yang berubah.",
        "A filter of the network denies the centre's address (status {status}); nothing has changed.",
    ],
    next: [
        "Minta pengelola jaringan atau antivirus mengizinkan alamat pusat, atau pakai jaringan lain.",
        "Have whoever runs the network or the antivirus allow the centre's address, or use another network.",
    ],
};

pub(super) const PROXY_LIMIT: LinkCause = LinkCause {
    code: "link.proxy-limit",
    retry: Retry::After,
    who: "operator",
    what: [
        "Proxy di tengah jalan tidak meneruskan kiriman sebesar itu; tidak ada yang berubah.",
        "A proxy in between does not let a request of that size through; nothing has changed.",
    ],
    next: [
        "Minta pengelola jaringan melonggarkan batas untuk alamat pusat, atau pakai jaringan lain.",
        "Have whoever runs the network widen the limit for the centre's address, or use another network.",
    ],
};

pub(super) const NOT_OUR_SERVER: LinkCause = LinkCause {
    code: "link.not-our-server",
    retry: Retry::After,
    who: "operator",
    what: [
        "Jawaban bukan dari pusat (status {status}); tidak ada yang berubah.",
        "The answer did not come from the centre (status {status}); nothing has changed.",
    ],
    next: [
        "Periksa alamat pusat. Mungkin halaman masuk Wi-Fi, proxy, atau antivirus: buka peramban dan masuk dahulu, lalu ulangi.",
        "Check the centre's address. Perhaps a Wi-Fi login page, a proxy or an antivirus: open a browser and log in first, then try again.",
    ],
};

pub(super) const TOO_SLOW: LinkCause = LinkCause {
    code: "link.too-slow",
    retry: Retry::After,
    who: "nobody",
    what: ["Jaringan berhenti terlalu lama; data tetap aman.", "The line stood still for too long; your data is safe."],
    next: [
        "Ulangi perintah yang sama, bila perlu saat jaringan lebih sepi; pusat memberi jawaban yang sama bila sudah menerima.",
        "Run the same command again, at a quieter hour if need be; the centre gives the same answer if it has received already.",
    ],
};

pub(super) const TOO_LARGE: LinkCause = LinkCause {
    code: "link.too-large",
    retry: Retry::AfterHumanAction,
    who: "centre",
    what: [
        "Isi melebihi {limit} bita sehingga tidak dikirim atau diterima.",
        "A body is over {limit} bytes and was not sent or taken.",
    ],
    next: ["Laporkan kode ini ke pusat.", "Report this code to the centre."],
};

pub(super) const CUT: LinkCause = LinkCause {
    code: "link.cut",
    retry: Retry::After,
    who: "nobody",
    what: ["Sambungan terputus di tengah jalan; data tetap aman.", "The connection was cut midway; your data is safe."],
    next: [
        "Ulangi perintah yang sama; pusat memberi jawaban yang sama bila sudah menerima.",
        "Run the same command again; the centre gives the same answer if it has received already.",
    ],
};

pub(super) const ALTERED: LinkCause = LinkCause {
    code: "link.altered",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: [
        "Yang sampai di pusat bukan yang dikirim: sesuatu di jalur mengubahnya.",
        "What arrives at the centre is not what was sent: something on the line alters it.",
    ],
    next: [
        "Coba jaringan lain, atau matikan pemeriksaan web antivirus; data tetap aman.",
        "Try another network, or switch off the antivirus's web check; your data is safe.",
    ],
};

pub(super) const UNREADABLE: LinkCause = LinkCause {
    code: "link.unreadable",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: ["Kiriman di komputer ini tidak dapat dibaca.", "The bundle on this computer cannot be read."],
    next: [
        "Periksa disk komputer ini, lalu pulihkan dari cadangan.",
        "Check this computer's disk, then restore a backup.",
    ],
};

pub(super) const UNWRITABLE: LinkCause = LinkCause {
    code: "link.unwritable",
    retry: Retry::AfterHumanAction,
    who: "operator",
    what: [
        "Yang datang dari pusat tidak dapat disimpan di komputer ini.",
        "What came from the centre cannot be kept on this computer.",
    ],
    next: [
        "Periksa sisa ruang disk, lalu ulangi; yang sudah datang tidak diambil lagi.",
        "Check the disk's free space, then try again; what has come is not fetched again.",
    ],
};

/// For an answer without a body: its own code takes this one's place.
pub(super) const CODE_ONLY: LinkCause = LinkCause {
    code: "link.code-only",
    retry: Retry::After,
    who: "nobody",
    what: [
        "Pusat menolak permintaan ini tanpa penjelasan.",
        "The centre refused this request and gave no more than the code.",
    ],
    next: [
        "Ulangi; bila berulang, laporkan kodenya ke pusat.",
        "Try again; if it comes back, report its code to the centre.",
    ],
};

/// A warning of the diagnosis: requests arrive, but in one piece.
pub const BUFFERED: LinkCause = LinkCause {
    code: "link.buffered",
    retry: Retry::After,
    who: "operator",
    what: [
        "Proxy atau antivirus menahan kiriman sampai utuh; kemajuan tidak terlihat, dan kiriman besar yang terputus diulang dari potongan terakhir.",
        "A proxy or an antivirus holds requests back until they are whole; progress cannot be seen, and a large request that is cut begins again at its last part.",
    ],
    next: [
        "Data tetap sampai, hanya lebih lambat. Bila dapat, kecualikan alamat pusat dari pemeriksaan, atau pakai jaringan lain.",
        "The data does arrive, only more slowly. If possible exempt the centre's address from inspection, or use another network.",
    ],
};

/// Found by the diagnosis: small requests pass, larger ones are cut.
pub const LARGE_CUT: LinkCause = LinkCause {
    code: "link.large-cut",
    retry: Retry::After,
    who: "operator",
    what: [
        "Permintaan kecil lewat, tetapi kiriman yang lebih besar diputus di tengah jalan.",
        "Small requests pass, but larger ones are cut on the way.",
    ],
    next: [
        "Proxy, antivirus, atau jaringan memutus kiriman: kecualikan alamat pusat, atau pakai jaringan lain.",
        "A proxy, an antivirus or the line cuts them: exempt the centre's address, or use another network.",
    ],
};

/// A warning of the diagnosis: under 4 KiB/s.
pub const SLOW_LINE: LinkCause = LinkCause {
    code: "link.slow",
    retry: Retry::After,
    who: "nobody",
    what: ["Jaringan sangat lambat: {speed} bita per detik.", "The line is very slow: {speed} bytes a second."],
    next: [
        "Kirim saat jaringan lebih sepi, atau pindah ke tempat dengan sinyal lebih baik; kiriman yang terputus dilanjutkan.",
        "Send at a quieter hour, or move to where the signal is better; what was cut is continued.",
    ],
};
