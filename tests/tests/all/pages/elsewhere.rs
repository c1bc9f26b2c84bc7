//! A head who signs on a computer of their own: a file goes there, a file comes back, and no password leaves it.

use super::School;
use super::browser::{Answer, Browser};
use super::school::Serving;
use crate::stand::{Computer, PASSWORD};

const NPSN: &str = "99999999";

/// Submits a form with a file, as browsers do.
fn upload(browser: &mut Browser, path: &str, csrf: &str, file: &[u8]) -> Answer {
    const BOUNDARY: &str = "----batas";
    let mut body = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--{BOUNDARY}\r\n\
         content-disposition: form-data; name=\"berkas\"; filename=\"berkas.selaras\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let answer = browser.send("POST", path, &[("content-type", &kind)], &body);
    browser.follow(answer)
}

/// The head's own computer: registered like the school's, with the head's key.
fn heads_computer(school: &School) -> (Computer, Serving) {
    let computer = Computer { data: school.computer.data.with_file_name("kepala") };
    computer.run(&["init", "--server", &school.centre.url, "--npsn", NPSN], &[&school.kode]);
    computer.run(&["pull"], &[]);
    computer.run(&["account", "add", "kepala", "--ptk", &school.head], &[PASSWORD]);
    computer.run(&["role", "add", "kepala", "head"], &[&school.kode]);
    computer.run(&["head", "activate", "kepala"], &[&school.kode, PASSWORD]);
    let serving = Serving::start(&computer.data);
    (computer, serving)
}

#[test]
fn the_head_signs_on_a_computer_of_their_own() {
    let school = School::with_a_days_work();
    let (computer, serving) = heads_computer(&school);
    let mut operator = school.operator();
    let csrf = operator.csrf();
    let sealed = operator.post("/tanda-tangan", &[("csrf", &csrf), ("akun", "kepala")]);
    assert!(sealed.body.contains("flash good"), "{}", sealed.body);
    let request = operator.get("/tanda-tangan/minta");
    assert_eq!(request.header("content-type"), Some("application/octet-stream"));

    let mut head = Browser::new(&serving.pages);
    head.sign_in("kepala", PASSWORD);
    let own = head.csrf();
    let shown = upload(&mut head, "/tanda-tangan/lihat", &own, &request.bytes);
    // Both computers show the same digest, so that it can be compared by eye.
    let digest = |page: &str| page.split("<code>").map(|part| part[..64.min(part.len())].to_owned()).last().unwrap();
    assert_eq!(digest(&shown.body), digest(&operator.get("/tanda-tangan").body), "{}", shown.body);
    let carried = shown.field("minta");
    let sign = |password: &'static str| {
        [("csrf", own.clone()), ("minta", carried.clone()), ("akun", "kepala".into()), ("sandi", password.into())]
    };
    let give = |head: &mut Browser, password: &'static str| {
        let fields = sign(password);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        head.post("/tanda-tangan/beri", &fields)
    };
    assert!(give(&mut head, "bukan sandinya").body.contains("account.password"));
    let signature = give(&mut head, PASSWORD);
    assert_eq!(signature.header("content-type"), Some("application/octet-stream"), "{}", signature.body);

    // What is no signature is refused, and what was sealed waits on.
    let refused = upload(&mut operator, "/tanda-tangan/terima", &csrf, &request.bytes);
    assert!(refused.body.contains("class=\"refusal\""), "{}", refused.body);
    let refused = upload(&mut operator, "/tanda-tangan/terima", &csrf, &[0; 70_000]);
    assert_eq!(refused.status, 413);
    let refused = upload(&mut operator, "/tanda-tangan/terima", "sembarang", &signature.bytes);
    assert_eq!(refused.status, 403, "a form of somebody else");
    let taken = upload(&mut operator, "/tanda-tangan/terima", &csrf, &signature.bytes);
    assert!(taken.body.contains("flash good"), "{}", taken.body);
    operator.post("/sinkronisasi/kirim", &[("csrf", &csrf)]);
    let ended = super::day::until_ended(&mut operator);
    assert!(ended.body.contains("/tanda-terima"), "{}", ended.body);
    for data in [&school.computer.data, &computer.data] {
        let mut left = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.all(|name| !name.to_string_lossy().starts_with("sementara")), "no file is left");
    }
}
