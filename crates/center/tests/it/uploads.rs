//! Uploads by tus, as any client of it would speak: heads, methods, refusals.

use selaras_model::BundleId;
use selaras_sync::transfer::Upload;
use selaras_transport::{Parcel, Patience, Telling};

use crate::stand::{Stand, registered};

/// A request as it stands on the line, its connection closed after the answer.
pub(crate) fn request(method: &str, path: &str, token: &str, headers: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntus-resumable: 1.0.0\r\n\
         authorization: Bearer {token}\r\n{headers}\r\n{body}"
    )
}

pub(crate) fn piece(at: usize, length: usize, total: Option<usize>) -> String {
    let total = total.map(|total| format!("upload-length: {total}\r\n")).unwrap_or_default();
    format!(
        "content-type: application/offset+octet-stream\r\nupload-offset: {at}\r\ncontent-length: {length}\r\n{total}"
    )
}

pub(crate) fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

pub(crate) fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

pub(crate) fn path(content: &str) -> String {
    format!("/v1/uploads/{}", id(content.as_bytes()))
}

pub(crate) fn id(content: &[u8]) -> BundleId {
    BundleId::from_bytes(*blake3::hash(content).as_bytes())
}

#[tokio::test]
async fn a_client_of_tus_makes_sends_asks_and_ends_an_upload() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let options = stand.raw(&request("OPTIONS", "/v1/uploads", &token, "", ""));
    assert_eq!((status(&options), header(&options, "tus-version")), ("204", Some("1.0.0")), "{options}");
    assert_eq!(header(&options, "tus-extension"), Some("creation,expiration,termination"));
    assert_eq!(header(&options, "tus-max-size"), Some("67108864"));

    // An empty `Upload-Metadata` is what some clients send who have nothing to say.
    for metadata in ["", "upload-metadata: \r\n", "upload-metadata: filename eA==\r\n"] {
        let made = stand.raw(&request("POST", "/v1/uploads", &token, &format!("upload-length: 10\r\n{metadata}"), ""));
        assert_eq!(status(&made), "201", "{made}");
        let place = header(&made, "location").unwrap().to_owned();
        assert!(header(&made, "upload-expires").is_some() && header(&made, "tus-resumable") == Some("1.0.0"));
        let sent = stand.raw(&request("PATCH", &place, &token, &piece(0, 4, None), "0123"));
        assert_eq!((status(&sent), header(&sent, "upload-offset")), ("204", Some("4")), "{sent}");
        let asked = stand.raw(&request("HEAD", &place, &token, "", ""));
        assert_eq!((header(&asked, "upload-offset"), header(&asked, "upload-length")), (Some("4"), Some("10")));
        assert_eq!(header(&asked, "cache-control"), Some("no-store"));
        let ended = stand.raw(&request("DELETE", &place, &token, "", ""));
        assert_eq!(status(&ended), "204", "{ended}");
        let gone = stand.raw(&request("HEAD", &place, &token, "", ""));
        assert_eq!((status(&gone), header(&gone, "selaras-code")), ("404", Some("upload.unknown")), "{gone}");
    }
}

#[tokio::test]
async fn what_is_sent_while_an_upload_is_made_is_not_taken() {
    // Taking it would look like a saving, and on a line that is cut it would begin anew for ever.
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let made =
        stand.raw(&request("POST", "/v1/uploads", &token, "upload-length: 10\r\ncontent-length: 10\r\n", "0123456789"));
    assert_eq!((status(&made), header(&made, "upload-offset")), ("201", Some("0")), "{made}");
}

#[tokio::test]
async fn an_upload_without_a_name_gets_its_contents_name_when_it_is_whole() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let made = stand.raw(&request("POST", "/v1/uploads", &token, "upload-length: 10\r\n", ""));
    let place = header(&made, "location").unwrap().to_owned();
    stand.raw(&request("PATCH", &place, &token, &piece(0, 10, None), "0123456789"));
    let asked = stand.raw(&request("HEAD", &path("0123456789"), &token, "", ""));
    assert_eq!(header(&asked, "upload-offset"), Some("10"), "{asked}");
}

#[tokio::test]
async fn an_upload_at_its_own_address_needs_no_request_to_make_it() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let place = path("0123456789");
    let early = stand.raw(&request("PATCH", &place, &token, &piece(0, 4, None), "0123"));
    assert_eq!((status(&early), header(&early, "selaras-code")), ("404", Some("upload.unknown")), "no length: {early}");
    let first = stand.raw(&request("PATCH", &place, &token, &piece(0, 4, Some(10)), "0123"));
    assert_eq!((status(&first), header(&first, "upload-offset")), ("204", Some("4")), "{first}");
    // The same piece again, as after a lost answer: it is told where the upload stands, and nothing is written twice.
    let again = stand.raw(&request("PATCH", &place, &token, &piece(0, 4, Some(10)), "0123"));
    assert_eq!((status(&again), header(&again, "upload-offset")), ("409", Some("4")), "{again}");
    assert!(again.contains("upload.offset"), "{again}");
    let last = stand.raw(&request("PATCH", &place, &token, &piece(4, 6, None), "456789"));
    assert_eq!((status(&last), header(&last, "upload-offset")), ("204", Some("10")), "{last}");
}

#[tokio::test]
async fn methods_that_a_proxy_does_not_let_through_are_meant() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let place = path("0123456789");
    let meaning = |method: &str| format!("x-http-method-override: {method}\r\n");
    let sent = stand.raw(&request("POST", &place, &token, &(meaning("PATCH") + &piece(0, 10, Some(10))), "0123456789"));
    assert_eq!(status(&sent), "204", "{sent}");
    let asked = stand.raw(&request("POST", &place, &token, &(meaning("HEAD") + "content-length: 0\r\n"), ""));
    assert_eq!((status(&asked), header(&asked, "upload-offset")), ("200", Some("10")), "{asked}");
    let put = stand.raw(&request("POST", &place, &token, &(meaning("PUT") + "content-length: 0\r\n"), ""));
    assert_eq!(status(&put), "404", "{put}");
    let ended = stand.raw(&request("POST", &place, &token, &(meaning("DELETE") + "content-length: 0\r\n"), ""));
    assert_eq!(status(&ended), "204", "{ended}");
}

#[tokio::test]
async fn every_refusal_has_its_code_and_leaves_the_upload_as_it_was() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let place = path("0123456789");
    stand.raw(&request("PATCH", &place, &token, &piece(0, 4, Some(10)), "0123"));
    let sent_as = |headers: String, body: &str| stand.raw(&request("PATCH", &place, &token, &headers, body));
    for (code, answer) in [
        ("upload.offset", sent_as(piece(5, 5, None), "56789")),
        ("upload.too-long", sent_as(piece(4, 7, None), "4567890")),
        ("upload.length", sent_as(piece(4, 6, Some(11)), "456789")),
        ("upload.heads", sent_as(piece(4, 6, None).replace("upload-offset: 4", "upload-offset: -4"), "456789")),
        ("upload.heads", sent_as(piece(4, 6, None).replace("upload-offset: 4\r\n", ""), "456789")),
        ("body.wrong-type", sent_as(piece(4, 6, None).replace("offset+", ""), "456789")),
        ("upload.version", stand.raw(&request("HEAD", &place, &token, "", "").replace("resumable: 1", "resumable: 2"))),
        ("upload.limit", stand.raw(&request("POST", "/v1/uploads", &token, "upload-length: 67108865\r\n", ""))),
        ("upload.limit", stand.raw(&request("POST", "/v1/uploads", &token, "upload-length: 0\r\n", ""))),
        ("upload.heads", stand.raw(&request("POST", "/v1/uploads", &token, "", ""))),
        ("session.foreign", stand.raw(&request("HEAD", &place, "nobody", "", ""))),
        ("path.unknown", stand.raw(&request("HEAD", "/v1/uploads/../../centre.key", &token, "", ""))),
        ("path.unknown", stand.raw(&request("HEAD", "/v1/uploads/%2e%2e%2fcentre.key", &token, "", ""))),
    ] {
        assert_eq!(header(&answer, "selaras-code"), Some(code), "{answer}");
    }
    let asked = stand.raw(&request("HEAD", &place, &token, "", ""));
    assert_eq!(header(&asked, "upload-offset"), Some("4"), "{asked}");
}

#[tokio::test]
async fn other_bytes_than_the_name_says_are_dropped_when_all_are_here() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    let place = path("0123456789");
    let answer = stand.raw(&request("PATCH", &place, &token, &piece(0, 10, Some(10)), "012345678X"));
    assert_eq!((status(&answer), header(&answer, "upload-offset")), ("422", Some("0")), "{answer}");
    assert!(answer.contains("upload.damaged"), "{answer}");
    let asked = stand.raw(&request("HEAD", &place, &token, "", ""));
    assert_eq!(status(&asked), "404", "{asked}");
}

#[tokio::test]
async fn a_school_has_so_many_unfinished_uploads_and_no_more() {
    let stand = Stand::start();
    let (.., token, _) = registered(&stand).await;
    for number in 0..16 {
        let made = stand.raw(&request("POST", "/v1/uploads", &token, "upload-length: 10\r\n", ""));
        assert_eq!(status(&made), "201", "{number}: {made}");
    }
    let refused = stand.raw(&request("POST", "/v1/uploads", &token, "upload-length: 10\r\n", ""));
    assert!(refused.contains("upload.too-many"), "{refused}");
}

#[tokio::test]
async fn the_client_of_this_crate_brings_a_bundle_and_tells_how_far_it_is() {
    let stand = Stand::start();
    let (link, .., token, _) = registered(&stand).await;
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).take(3_000_000).collect();
    let read = |from: u64, length: u64| {
        let (from, to) = (usize::try_from(from).unwrap(), usize::try_from(from + length).unwrap());
        Ok(content[from..to].to_vec())
    };
    let parcel = Parcel { bundle: id(&content), read: &read };
    let mut upload = Upload::new(content.len() as u64);
    let mut told = Vec::new();
    let mut landed = |upload: &Upload| told.push(upload.acknowledged());
    let telling = Telling { landed: &mut landed, waiting: &mut |error, _| panic!("{error}") };
    link.upload(&token, parcel, &mut upload, Patience::PERSON, || 0.5, telling).await.unwrap();
    assert_eq!(told.last(), Some(&3_000_000));
    assert!(told.is_sorted() && told.len() > 3, "{told:?}");
    // A new process asks, and finds that nothing is left to send.
    let before = link.traffic().sent;
    let mut again = Upload::new(content.len() as u64);
    let telling = Telling { landed: &mut |_| {}, waiting: &mut |_, _| {} };
    link.upload(&token, parcel, &mut again, Patience::PERSON, || 0.5, telling).await.unwrap();
    assert!(link.traffic().sent - before < 1_000);
}

#[tokio::test]
async fn what_the_centre_had_before_is_not_counted_as_sent_again() {
    let stand = Stand::start();
    let (link, .., token, _) = registered(&stand).await;
    let content = "x".repeat(3_000_000);
    stand.raw(&request("PATCH", &path(&content), &token, &piece(0, 1_000_000, Some(3_000_000)), &content[..1_000_000]));
    let read = |from: u64, length: u64| {
        let (from, to) = (usize::try_from(from).unwrap(), usize::try_from(from + length).unwrap());
        Ok(content.as_bytes()[from..to].to_vec())
    };
    let parcel = Parcel { bundle: id(content.as_bytes()), read: &read };
    let mut upload = Upload::new(content.len() as u64);
    let telling = Telling { landed: &mut |_| {}, waiting: &mut |error, _| panic!("{error}") };
    let before = link.traffic().acknowledged;
    link.upload(&token, parcel, &mut upload, Patience::PERSON, || 0.5, telling).await.unwrap();
    let counted = link.traffic().acknowledged - before;
    assert!((2_000_000..2_010_000).contains(&counted), "{counted}");
}

#[tokio::test]
async fn the_place_of_an_upload_is_at_the_configured_address() {
    let stand = Stand::with("public_url = \"https://selaras.example/pusat/\"", &[]);
    let (.., token, _) = registered(&stand).await;
    let made = stand.raw(&request("POST", "/v1/uploads", &token, "upload-length: 10\r\n", ""));
    let place = header(&made, "location").unwrap();
    assert!(place.starts_with("https://selaras.example/pusat/v1/uploads/"), "{place}");
}
