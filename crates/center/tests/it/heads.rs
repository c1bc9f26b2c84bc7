//! A head's key is enrolled for an entitled PTK only, and ends with the assignment.

use ed25519_dalek::SigningKey;
use selaras_model::{KeyId, RecordId};
use selaras_transport::{HeadRequest, Link, LinkError};

use crate::stand::{NPSN, Stand, npsn, registered};

const PTK: &str = "0190a000-0000-7000-8000-0000000000a1";

fn request(kode: &str, ptk: &str) -> HeadRequest {
    let ptk: RecordId = ptk.parse().unwrap();
    let public_key = SigningKey::from_bytes(&[8; 32]).verifying_key().to_bytes();
    HeadRequest { kode_registrasi: kode.to_owned(), ptk, public_key }
}

async fn enrol(link: &Link, token: &str, kode: &str) -> Result<KeyId, LinkError> {
    link.heads(token, npsn(), &request(kode, PTK)).await.map(|answer| answer.key_id)
}

/// A school with one PTK, who is nobody's head.
async fn with_ptk(stand: &Stand) -> (Link, String, String) {
    let (link, _, _, token, kode) = registered(stand).await;
    stand.json(&["record", "edit", NPSN, "ptk", PTK, "nama=Contoh Guru"]);
    (link, token, kode)
}

#[tokio::test]
async fn a_key_needs_code_token_and_a_known_ptk() {
    let stand = Stand::start();
    let (link, _, _, token, kode) = registered(&stand).await;
    let error = enrol(&link, &token, "0000-0000-0000").await.unwrap_err();
    assert_eq!(error.code(), "registration.wrong-code");
    let error = enrol(&link, "nonsense", &kode).await.unwrap_err();
    assert!(matches!(error, LinkError::SessionExpired(_)), "{error}");
    let error = enrol(&link, &token, &kode).await.unwrap_err();
    assert_eq!(error.code(), "head.unknown-ptk");
}

#[tokio::test]
async fn without_an_assignment_all_unmet_conditions_are_named() {
    let stand = Stand::start();
    let (link, token, kode) = with_ptk(&stand).await;
    let error = enrol(&link, &token, &kode).await.unwrap_err();
    assert_eq!(error.code(), "head.not-entitled");
    let reasons = error.problem().reasons;
    assert!(reasons.len() >= 2, "{reasons:?}");
    for reason in reasons {
        assert!(!reason.message.id.is_empty() && !reason.message.en.is_empty() && !reason.who.is_empty());
    }
}

#[tokio::test]
async fn an_assigned_head_activates_and_the_key_ends_with_the_assignment() {
    let stand = Stand::start();
    let (link, token, kode) = with_ptk(&stand).await;
    let acted = stand.json(&["head", "assign", NPSN, "--ptk", PTK, "--sk", "800/123/2026", "--from", "2026-07-01"]);
    assert_eq!(acted["records"], 2);
    let key = enrol(&link, &token, &kode).await.unwrap();
    assert_eq!(enrol(&link, &token, &kode).await.unwrap(), key, "twice is once");

    let again = stand.command(&["head", "assign", NPSN, "--ptk", PTK, "--sk", "800/124/2026", "--from", "2026-07-01"]);
    assert_eq!(again.status.code(), Some(4));
    let acted = stand.json(&["head", "end", NPSN, "--ptk", PTK, "--until", "2026-08-01"]);
    assert_eq!(acted["revoked"][0], key.to_string());
    let error = enrol(&link, &token, &kode).await.unwrap_err();
    assert_eq!(error.code(), "head.not-entitled");
}

#[tokio::test]
async fn an_acting_head_activates_too() {
    let stand = Stand::start();
    let (link, token, kode) = with_ptk(&stand).await;
    // A Plt is a teacher who stays one: the registration as a teacher is the school's.
    let field = format!("ptk_id={PTK}");
    stand.json(&["record", "edit", NPSN, "ptk_terdaftar", "new", &field, "jenis_ptk_id=4", "ptk_induk=1"]);
    stand.json(&["head", "assign", NPSN, "--ptk", PTK, "--plt", "--sk", "800/125/2026", "--from", "2026-07-01"]);
    enrol(&link, &token, &kode).await.unwrap();
}

#[tokio::test]
async fn a_key_that_the_calendar_ended_stays_over_when_its_head_is_assigned_again() {
    let stand = Stand::with("date_offset_hours = 0", &[]);
    let (link, installation, device, token, kode) = registered(&stand).await;
    stand.json(&["record", "edit", NPSN, "ptk", PTK, "nama=Contoh Guru"]);
    stand.json(&["head", "assign", NPSN, "--ptk", PTK, "--sk", "800/123/2026", "--from", "2026-07-01"]);
    let key = enrol(&link, &token, &kode).await.unwrap();
    let today = installation.register(&link, &kode).await.unwrap().today.to_string();
    let acted = stand.json(&["head", "end", NPSN, "--ptk", PTK, "--until", &today]);
    assert!(acted["revoked"].is_null(), "the last day is a day in office: {acted}");

    // Four days later nobody has done anything, and then the Dinas prolongs.
    let data = stand.end();
    let file = data.path().join("selaras-center.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("date_offset_hours = 0", "date_offset_hours = 100")).unwrap();
    let stand = Stand::serve(data, &[]);
    let acted = stand.json(&["head", "assign", NPSN, "--ptk", PTK, "--sk", "800/124/2026", "--from", "2027-07-01"]);
    assert_eq!(acted["revoked"][0], key.to_string(), "{acted}");
    let keys = stand.json(&["head", "keys", NPSN]);
    assert_eq!(keys["revoked_because"][0], "head-assignment-ended", "{keys}");
    let link = stand.link();
    let token = installation.token(&link, device).await.unwrap();
    let error = enrol(&link, &token, &kode).await.unwrap_err();
    assert_eq!(error.code(), "head.key-revoked", "the same key never comes back");
}

#[tokio::test]
async fn a_key_is_revoked_by_hand_once() {
    let stand = Stand::start();
    let (link, token, kode) = with_ptk(&stand).await;
    stand.json(&["head", "assign", NPSN, "--ptk", PTK, "--sk", "800/123/2026", "--from", "2026-07-01"]);
    let key = enrol(&link, &token, &kode).await.unwrap();
    assert_eq!(stand.json(&["head", "revoke", NPSN, "--ptk", PTK])["revoked"][0], key.to_string());
    let keys = stand.json(&["head", "keys", NPSN]);
    assert_eq!((&keys["revoked_because"][0], &keys["revoked_by"]), (&"by-hand".into(), &"pusat".into()), "{keys}");
    let none = stand.command(&["head", "revoke", NPSN, "--ptk", PTK]);
    assert_eq!(none.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&none.stdout).contains("head.no-key"), "{none:?}");
}
