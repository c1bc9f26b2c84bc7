//! Probes tell what a line does, to those who have a token, and load nobody.

use selaras_transport::{MAX_PROBE_BODY, MAX_PROBE_DOWN, MAX_PROBE_UP};

use crate::stand::{Stand, registered};

#[tokio::test]
async fn nothing_between_holds_anything_back_and_the_centre_acknowledges_as_it_comes() {
    let stand = Stand::start();
    let (link, _, _, token, _) = registered(&stand).await;
    let mut told = Vec::new();
    let sent = link.probe_up(&token, &mut |done, total| told.push((done, total))).await.unwrap();
    assert!(!sent.buffered);
    assert!(told.len() > 2 && told.is_sorted(), "{told:?}");
    assert!(told.first().unwrap().0 < MAX_PROBE_UP as u64, "the first piece alone: {told:?}");
    assert_eq!(told.last(), Some(&(MAX_PROBE_UP as u64, MAX_PROBE_UP as u64)));
    let (come, _) = link.probe_down(&token, &mut |_, _| ()).await.unwrap();
    assert_eq!(come, MAX_PROBE_DOWN as u64);
}

#[tokio::test]
async fn without_a_token_there_is_no_probe_but_the_protocol_is_told() {
    let stand = Stand::start();
    let link = stand.link();
    link.knock().await.unwrap();
    assert_eq!(link.probe_down("nonsense", &mut |_, _| ()).await.unwrap_err().code(), "session.foreign");
    assert_eq!(link.probe_up("nonsense", &mut |_, _| ()).await.unwrap_err().code(), "session.foreign");
    let greeting = link.greet().await.unwrap();
    assert_eq!((greeting.status.as_str(), greeting.version.as_str()), ("ok", env!("CARGO_PKG_VERSION")));
    assert!(greeting.date.is_some());
}

#[tokio::test]
async fn a_closed_centre_says_why_at_the_door() {
    let stand = Stand::with("", &["--closed", "pemeliharaan sampai pukul 20.00"]);
    let error = stand.link().knock().await.unwrap_err();
    assert_eq!(error.code(), "center.closed");
    assert!(error.problem().message.en.contains("pemeliharaan"), "the centre's own message");
    assert!(error.retry_after().is_some());
    assert_eq!(stand.link().greet().await.unwrap().status, "closed");
}

#[tokio::test]
async fn too_large_a_probe_is_refused_before_it_is_read() {
    let stand = Stand::start();
    let (_, _, _, token, _) = registered(&stand).await;
    let answer = stand.raw(&format!(
        "POST /v1/probe HTTP/1.1\r\nhost: x\r\nselaras: 1\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        MAX_PROBE_BODY + 1
    ));
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("body.too-large"), "{answer}");
}
