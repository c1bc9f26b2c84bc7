//! Attacks on the school's own server: from another site, another name, another computer, with whatever bytes.

use super::School;
use super::browser::{Browser, form};
use crate::stand::PASSWORD;

/// A script, a quote and a tag: whatever leaves its place shows itself.
const SCRIPT: &str = "\"'><script>alert(1)</script>";

#[test]
fn whoever_comes_from_elsewhere_gets_nothing_and_does_nothing() {
    let school = School::with_a_days_work();
    let mut operator = school.operator();
    let csrf = operator.csrf();
    let student = school.computer.run(&["list", "peserta_didik"], &[])["records"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/data/peserta_didik/{student}/hapus");
    let body = form(&[("csrf", &csrf)]);
    // DNS rebinding: the browser believes that another name is this computer.
    let rebound = operator.send("GET", "/", &[("host", "evil.example")], "");
    assert_eq!(rebound.status, 403);
    assert!(!rebound.body.contains("NPSN"));
    // Another site's form, with and without what browsers say of it.
    for own in [
        &[("origin", "https://evil.example")][..],
        &[("origin", "null")],
        &[("origin", ""), ("sec-fetch-site", "cross-site")],
        &[("origin", ""), ("sec-fetch-site", "")],
        &[("host", "evil.example"), ("origin", "http://evil.example")],
    ] {
        assert_eq!(operator.send("POST", &path, own, &body).status, 403, "{own:?}");
    }
    // Our own page's form without its token, and with another session's.
    let other = school.operator().csrf();
    for token in ["", "guess", &other] {
        assert_eq!(operator.send("POST", &path, &[], form(&[("csrf", token)])).status, 403, "{token}");
    }
    let shown = school.computer.run(&["show", "peserta_didik", &student], &[]);
    assert!(!shown.to_string().contains("\"deleted\":true"), "{shown}");
    // With everything right it is done: the refusals above were not for another reason.
    assert_eq!(operator.send("POST", &path, &[], &body).status, 303);
}

#[test]
fn a_stolen_cookie_is_of_no_use_at_another_address() {
    let school = School::with_a_days_work();
    let operator = school.operator();
    // The same computer under another of its loopback addresses is another peer.
    let mut thief = Browser { address: operator.address, cookies: operator.cookies.clone() };
    let answer = thief.get("/");
    assert_eq!(answer.status, 200, "the cookie is good where it was given");
    let stream = from_another_address(operator.address);
    let Some(mut stream) = stream else { return };
    let cookies: Vec<String> = operator.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = format!(
        "GET / HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nconnection: close\r\n\r\n",
        operator.address,
        cookies.join("; ")
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 303"), "{text}");
    assert!(text.contains("location: /masuk"), "{text}");
}

/// A connection that comes from 127.0.0.2, where the system has such an address.
pub(crate) fn from_another_address(to: std::net::SocketAddr) -> Option<std::net::TcpStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).ok()?;
        let stream = socket.connect(to).await.unwrap().into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        Some(stream)
    })
}

#[test]
fn what_is_typed_is_shown_and_never_run() {
    let school = School::with_a_days_work();
    let mut operator = school.operator();
    let csrf = operator.csrf();
    let student = school.computer.run(&["list", "peserta_didik"], &[])["records"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/data/peserta_didik/{student}");
    for field in ["alamat_jalan", "nama_dusun", "desa_kelurahan", "telepon", "email", "nama_ayah"] {
        let before = operator.get(&path);
        if !before.body.contains(&format!("name=\"f.{field}\"")) {
            continue;
        }
        let was = before.body.split(&format!("name=\"w.{field}\" value=\"")).nth(1).unwrap();
        let was = was.split('"').next().unwrap().replace("&amp;", "&").replace("&quot;", "\"");
        let typed: String = SCRIPT.chars().take(20).collect();
        let (f, w) = (format!("f.{field}"), format!("w.{field}"));
        let saved = operator.post(&path, &[("csrf", &csrf), (&f, &typed), (&w, &was)]);
        assert!(!saved.body.contains("<script>alert"), "{field}");
    }
    for path in [
        path.as_str(),
        "/data/peserta_didik?q=%22%27%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/sinkronisasi/rincian",
        "/masuk?ke=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/validasi?tab=%3Cscript%3Ealert(1)",
        "/%3Cscript%3Ealert(1)",
    ] {
        let shown = operator.get(path);
        assert!(!shown.body.contains("<script>alert"), "{path}");
        let policy = shown.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    }
    let entered = school.browser().post("/masuk", &[("name", SCRIPT), ("password", SCRIPT)]);
    assert!(!entered.body.contains("<script>alert"), "{}", entered.body);
}

#[test]
fn no_path_leads_out_and_no_body_is_too_large() {
    let school = School::with_a_days_work();
    let mut operator = school.operator();
    for path in [
        "/aset/x/../../../selaras.toml",
        "/aset/x/..%2F..%2Fselaras.toml",
        "/aset/%2e%2e/%2e%2e",
        "/data/..%2F..%2Fetc/passwd",
        "/cadangan/..%2F..%2Fserve.json/berkas",
        "/tanda-terima/..%2Fserve.json/bukti",
    ] {
        let answer = operator.get(path);
        assert!(matches!(answer.status, 400 | 404 | 422), "{path}: {}", answer.status);
        assert!(!answer.body.contains("web_port"), "{path}");
    }
    let huge = "a".repeat(3 << 20);
    let csrf = operator.csrf();
    let answer =
        operator.send("POST", "/data/peserta_didik_periodik/tempel", &[], form(&[("csrf", &csrf), ("teks", &huge)]));
    assert!(matches!(answer.status, 0 | 413), "{}", answer.status);
    // Whoever promises much and sends nothing keeps nobody out.
    let answer = operator.raw(format!("POST /masuk HTTP/1.1\r\nhost: {}\r\ncontent-length: 99999999999\r\norigin: http://{}\r\nconnection: close\r\n\r\n", operator.address, operator.address).as_bytes());
    assert!(matches!(answer.status, 0 | 400 | 413 | 415), "{}", answer.status);
    let many: String = (0..30_000).map(|number| format!("f{number}=&")).collect();
    assert!(matches!(operator.send("POST", "/masuk", &[], &many).status, 413 | 422));
    let head = format!("GET / HTTP/1.1\r\nhost: {}\r\nx: {}\r\n\r\n", operator.address, "a".repeat(1 << 20));
    assert!(matches!(operator.raw(head.as_bytes()).status, 0 | 400 | 431));
    assert_eq!(operator.get("/").status, 200);
}

#[test]
fn nobody_goes_on_guessing_a_password() {
    let school = School::with_a_days_work();
    let mut browser = school.browser();
    let codes: Vec<bool> = (0..6)
        .map(|_| {
            let answer = browser.post("/masuk", &[("name", "siti"), ("password", "salah sekali")]);
            assert!(!answer.body.contains("/keluar"));
            answer.body.contains("account.wait")
        })
        .collect();
    assert_eq!(
        codes,
        [false, false, false, false, false, true],
        "a few are free, then it waits, as on the command line"
    );
    let answer = browser.post("/masuk", &[("name", "siti"), ("password", PASSWORD)]);
    assert!(answer.body.contains("account.wait"), "also for the right password");
}
