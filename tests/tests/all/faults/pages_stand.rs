//! What several tests of the school's pages need: how a command ended, a backup and its return, and somebody elsewhere.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::pages::attacks::from_another_address;
use crate::pages::browser::{Browser, form};
use crate::pages::school::School;
use crate::stand::{Computer, last_json};

pub(super) const PASSPHRASE: &str = "tiga perahu di teluk";

/// What a command failed with; null where it was done.
pub(super) fn error(computer: &Computer, arguments: &[&str], secrets: &[&str]) -> Value {
    last_json(&computer.try_run(arguments, secrets).stdout)["error"].clone()
}

/// The code that a command failed with, or `done`.
pub(super) fn code(computer: &Computer, arguments: &[&str], secrets: &[&str]) -> String {
    error(computer, arguments, secrets)["code"].as_str().unwrap_or("done").to_owned()
}

/// A backup of the operator's own, under a passphrase of the operator's own.
pub(super) fn back_up(school: &School) -> PathBuf {
    let file = school.computer.data.with_file_name("cadangan.age");
    school.computer.run(&["backup", file.to_str().unwrap()], &[PASSPHRASE]);
    file
}

/// Puts a backup back by whoever knows its passphrase and nothing else. A restore that asks for the kode registrasi is
/// refused here, one that carries the present authority over is done; what has to hold afterwards is the same.
pub(super) fn put_back(school: &School, file: &Path) {
    let code = code(&school.computer, &["restore", file.to_str().unwrap()], &[PASSPHRASE]);
    assert!(code == "done" || code.contains("kode"), "{code}");
}

/// An account of an operator.
pub(super) fn add_operator(school: &School, name: &str, password: &str) {
    school.computer.run(&["account", "add", name], &[password]);
    school.computer.run(&["role", "add", name, "operator"], &[&school.kode]);
}

/// Whether an account may be signed in with a password; what the page says otherwise.
pub(super) fn entered(browser: &mut Browser, name: &str, password: &str) -> Result<(), String> {
    let answer = browser.post("/masuk", &[("name", name), ("password", password)]);
    if answer.body.contains("/keluar") { Ok(()) } else { Err(answer.body) }
}

/// Sends a form and leaves the answer to be read.
pub(super) fn begin(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(browser.address).unwrap();
    let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    send_form(&mut stream, browser.address, path, &cookies.join("; "), fields);
    stream
}

fn send_form(stream: &mut TcpStream, host: SocketAddr, path: &str, cookies: &str, fields: &[(&str, &str)]) {
    let body = form(fields);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncookie: {cookies}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

/// Somebody at another address, whom nobody knows, offers a wrong password at the sign-in; gives the answer.
pub(super) fn guess_from_elsewhere(school: &School, name: &str) -> String {
    let address = Browser::new(&school.serving.pages).address;
    let mut stream = from_another_address(address).expect("the system has the address 127.0.0.2");
    send_form(&mut stream, address, "/masuk", "", &[("name", name), ("password", "salah sekali")]);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
