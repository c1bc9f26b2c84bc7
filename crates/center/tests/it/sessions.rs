//! A token is short-lived, and good for its school and device alone.

use selaras_model::DeviceId;
use selaras_sync::Carry;
use selaras_transport::{LinkError, Retry, prove};

use crate::stand::{Installation, NPSN, Stand, npsn, rand_nonce, registered};

const OTHER: &str = "99999998";

#[tokio::test]
async fn a_token_opens_the_exchange_of_its_school_only() {
    let stand = Stand::start();
    let (link, _, _, token, _) = registered(&stand).await;
    stand.json(&["school", "add", OTHER, "--name", "SD Lain"]);
    let error = link.exchange(&token, OTHER.parse().unwrap(), Carry::Inline, b"x".as_slice().into()).await.unwrap_err();
    assert_eq!((error.code(), error.retry()), ("session.other-school", Retry::Never));
}

#[tokio::test]
async fn strangers_tokens_are_asked_to_begin_a_session() {
    let stand = Stand::start();
    let (link, _, _, token, _) = registered(&stand).await;
    let elsewhere = Stand::start();
    let foreign = registered(&elsewhere).await.3;
    for (token, code) in [("nonsense", "session.foreign"), (foreign.as_str(), "session.foreign")] {
        let error = link.exchange(token, npsn(), Carry::Inline, b"x".as_slice().into()).await.unwrap_err();
        assert!(matches!(error, LinkError::SessionExpired(_)), "{error}");
        assert_eq!(error.code(), code);
    }
    assert!(token.len() < 64, "a token is part of every request");
}

#[tokio::test]
async fn an_expired_token_is_told_apart() {
    let stand = Stand::with("token_seconds = 0", &[]);
    let (link, _, _, token, _) = registered(&stand).await;
    let error = link.exchange(&token, npsn(), Carry::Inline, b"x".as_slice().into()).await.unwrap_err();
    assert!(matches!(error, LinkError::SessionExpired(_)), "{error}");
    assert_eq!((error.code(), error.retry()), ("session.expired", Retry::Now));
}

#[tokio::test]
async fn a_token_outlives_the_process_that_gave_it() {
    let stand = Stand::start();
    let (_, _, _, token, _) = registered(&stand).await;
    let stand = Stand::serve(stand.end(), &[]);
    let error = stand.link().exchange(&token, npsn(), Carry::Inline, b"no exchange".as_slice().into()).await.err();
    assert!(!matches!(error, Some(LinkError::SessionExpired(_))), "{error:?}");
}

#[tokio::test]
async fn only_the_devices_key_gets_its_token_and_no_request_counts_twice() {
    let stand = Stand::start();
    let (link, installation, device, _, _) = registered(&stand).await;
    let error = Installation::number(9).token(&link, device).await.unwrap_err();
    assert_eq!(error.code(), "session.bad-proof");
    let error = installation.token(&link, DeviceId::from_bytes([0; 8])).await.unwrap_err();
    assert_eq!(error.code(), "session.unknown-device");
    let request = prove(&installation.key, npsn(), device, rand_nonce(), 0);
    link.token(npsn(), &request).await.unwrap();
    let error = link.token(npsn(), &request).await.unwrap_err();
    assert_eq!(error.code(), "session.repeated-nonce");
}

#[tokio::test]
async fn without_a_token_nothing_is_read() {
    let stand = Stand::start();
    stand.school();
    let head = format!(
        "POST /v1/schools/{NPSN}/sync HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    let answer = stand.raw(&head);
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("session.missing"), "{answer}");
}
