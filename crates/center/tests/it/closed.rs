//! A centre that is closed for maintenance says so, and operators still get in.

use std::time::Duration;

use selaras_transport::{LinkError, Retry};

use crate::stand::{Installation, Stand};

#[tokio::test]
async fn schools_are_told_why_and_when_and_operators_get_in() {
    let stand = Stand::with("", &["--closed", "Pemeliharaan sampai pukul 20.00."]);
    let kode = stand.school();
    let error = Installation::number(1).register(&stand.link(), &kode).await.unwrap_err();
    assert!(matches!(error, LinkError::Busy(_)), "{error}");
    assert_eq!((error.code(), error.retry()), ("center.closed", Retry::After));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(300)));
    assert!(error.problem().message.id.contains("pukul 20.00"));
}
