//! Snapshots over the line: by ranges, bound to their content, for the school's own devices.

use crate::stand::{NPSN, Stand, registered};
use crate::uploads::{header, status};

fn get(stand: &Stand, path: &str, token: &str, headers: &str) -> String {
    stand.raw(&format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nselaras: 1\r\nauthorization: Bearer {token}\r\n{headers}\r\n"
    ))
}

/// Puts a file where the centre keeps snapshots, and gives its address.
fn kept(stand: &Stand, content: &str) -> (String, String) {
    let hash = blake3::hash(content.as_bytes()).to_hex().to_string();
    let directory = stand.data.path().join("snapshots").join(NPSN);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join(format!("{}-{hash}", "0".repeat(32))), content).unwrap();
    (format!("/v1/schools/{NPSN}/snapshots/{hash}"), hash)
}

#[tokio::test]
async fn a_range_of_the_same_file_is_given_and_of_another_the_whole() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let (path, hash) = kept(&stand, "0123456789");
    let whole = get(&stand, &path, &token, "");
    assert_eq!((status(&whole), header(&whole, "content-length")), ("200", Some("10")), "{whole}");
    assert_eq!(header(&whole, "etag"), Some(format!("\"{hash}\"").as_str()));
    let rest = get(&stand, &path, &token, &format!("range: bytes=4-\r\nif-range: \"{hash}\"\r\n"));
    assert_eq!((status(&rest), header(&rest, "content-range")), ("206", Some("bytes 4-9/10")), "{rest}");
    assert!(rest.ends_with("\r\n\r\n456789"), "{rest}");
    let other = get(&stand, &path, &token, "range: bytes=4-\r\nif-range: \"other\"\r\n");
    assert_eq!(status(&other), "200", "{other}");
    let beyond = get(&stand, &path, &token, "range: bytes=10-\r\n");
    assert_eq!((status(&beyond), header(&beyond, "content-range")), ("416", Some("bytes */10")), "{beyond}");
}

#[tokio::test]
async fn who_may_not_have_it_gets_nothing() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let (path, hash) = kept(&stand, "0123456789");
    assert_eq!(status(&get(&stand, &path, "nobody", "")), "401");
    let elsewhere = path.replace(NPSN, "99999998");
    assert_eq!(status(&get(&stand, &elsewhere, &token, "")), "403");
    for unknown in ["0".repeat(64), "..%2f..%2fcentre.key".to_owned(), hash[1..].to_owned()] {
        let answer = get(&stand, &format!("/v1/schools/{NPSN}/snapshots/{unknown}"), &token, "");
        assert_eq!(status(&answer), "404", "{answer}");
    }
}
