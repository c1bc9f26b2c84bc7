//! Uploads that are cut: by the line, by a newer request, by the centre's end, by a full disk.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::stand::{Installation, Stand, registered};
use crate::uploads::{header, path, piece, request, status};

fn open(stand: &Stand, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(stand.url.trim_start_matches("http://")).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// Asks until the upload stands there, or for a while.
fn stands_at(stand: &Stand, place: &str, token: &str, wanted: &str) -> String {
    let begun = Instant::now();
    loop {
        let asked = stand.raw(&request("HEAD", place, token, "", ""));
        let offset = header(&asked, "upload-offset").unwrap_or_default().to_owned();
        if offset == wanted || begun.elapsed() > Duration::from_secs(10) {
            return offset;
        }
    }
}

#[tokio::test]
async fn what_arrived_before_a_cut_stays() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let content = "x".repeat(100_000);
    let place = path(&content);
    let half = &content[..60_000];
    drop(open(&stand, &request("PATCH", &place, &token, &piece(0, 100_000, Some(100_000)), half)));
    assert_eq!(stands_at(&stand, &place, &token, "60000"), "60000");
    let rest = &content[60_000..];
    let sent = stand.raw(&request("PATCH", &place, &token, &piece(60_000, 40_000, None), rest));
    assert_eq!((status(&sent), header(&sent, "upload-offset")), ("204", Some("100000")), "{sent}");
}

#[tokio::test]
async fn a_connection_that_is_only_half_dead_holds_nothing() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let content = "x".repeat(100_000);
    let place = path(&content);
    // It stays open and says nothing more, as behind a router that lost its memory.
    let mut dead =
        open(&stand, &request("PATCH", &place, &token, &piece(0, 100_000, Some(100_000)), &content[..60_000]));
    // The question ends the piece, and what has arrived of it is told.
    assert_eq!(stands_at(&stand, &place, &token, "60000"), "60000");
    let rest = &content[60_000..];
    let sent = stand.raw(&request("PATCH", &place, &token, &piece(60_000, rest.len(), None), rest));
    assert_eq!((status(&sent), header(&sent, "upload-offset")), ("204", Some("100000")), "{sent}");
    // Whoever still listens there is told that somebody newer went on.
    let mut answer = String::new();
    let _ = dead.read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.contains("upload.superseded"), "{answer}");
}

#[tokio::test]
async fn a_centre_that_is_killed_midway_goes_on_where_it_was() {
    let stand = Stand::start();
    let (link, installation, device, token, _) = registered(&stand).await;
    let content = "x".repeat(100_000);
    let place = path(&content);
    stand.raw(&request("PATCH", &place, &token, &piece(0, 30_000, Some(100_000)), &content[..30_000]));
    let half = open(&stand, &request("PATCH", &place, &token, &piece(30_000, 70_000, None), &content[30_000..60_000]));
    let data = stand.kill();
    drop((half, link));
    let stand = Stand::serve(data, &[]);
    let token = installation.token(&stand.link(), device).await.unwrap();
    let asked = stand.raw(&request("HEAD", &place, &token, "", ""));
    let at: usize = header(&asked, "upload-offset").unwrap().parse().unwrap();
    assert!((30_000..=60_000).contains(&at), "what was acknowledged is there: {at}");
    let sent = stand.raw(&request("PATCH", &place, &token, &piece(at, 100_000 - at, None), &content[at..]));
    assert_eq!((status(&sent), header(&sent, "upload-offset")), ("204", Some("100000")), "{sent}");
}

#[tokio::test]
async fn a_session_that_ends_midway_costs_nothing() {
    let stand = Stand::start();
    let (link, installation, device, token, _) = registered(&stand).await;
    let place = path("0123456789");
    stand.raw(&request("PATCH", &place, &token, &piece(0, 4, Some(10)), "0123"));
    let ended = stand.raw(&request("PATCH", &place, "of-yesterday", &piece(4, 6, None), "456789"));
    assert_eq!(status(&ended), "401", "{ended}");
    let fresh = installation.token(&link, device).await.unwrap();
    let sent = stand.raw(&request("PATCH", &place, &fresh, &piece(4, 6, None), "456789"));
    assert_eq!((status(&sent), header(&sent, "upload-offset")), ("204", Some("10")), "{sent}");
}

#[tokio::test]
async fn another_school_sees_nothing_of_an_upload() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let place = path("0123456789");
    stand.raw(&request("PATCH", &place, &token, &piece(0, 4, Some(10)), "0123"));
    let shown = stand.json(&["school", "add", "99999998", "--name", "SD Lain"]);
    let kode = shown["kode_registrasi"].as_str().unwrap().to_owned();
    let other = Installation::number(2);
    let npsn = "99999998".parse().unwrap();
    let (link, asked) = (stand.link(), other.registration(&kode));
    let device = link.register(npsn, &asked).await.unwrap().device;
    let proof = selaras_transport::prove(&other.key, npsn, device, crate::stand::rand_nonce(), 0);
    let theirs = link.token(npsn, &proof).await.unwrap().token;
    let asked = stand.raw(&request("HEAD", &place, &theirs, "", ""));
    assert_eq!(status(&asked), "404", "{asked}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_keeps_what_has_arrived_and_says_when_to_come_back() {
    // No file of this centre may grow beyond 2 MiB; the system says so as it says that the disk is full.
    let stand = Stand::start_limited(2 << 20);
    let (.., token, _) = registered(&stand).await;
    let content = "x".repeat(3 << 20);
    let place = path(&content);
    let answer = stand.raw(&request("PATCH", &place, &token, &piece(0, content.len(), Some(content.len())), &content));
    assert_eq!(status(&answer), "507", "{answer}");
    assert!(answer.contains("center.disk-full") && header(&answer, "retry-after").is_some(), "{answer}");
    let asked = stand.raw(&request("HEAD", &place, &token, "", ""));
    assert_eq!(header(&asked, "upload-offset"), Some("2097152"), "{asked}");
}
