//! TLS with a CA of the centre's own.

use selaras_transport::{Link, LinkOptions, Trust};
use tempfile::TempDir;

use crate::stand::{NPSN, Stand, certificates};

#[tokio::test]
async fn a_school_that_trusts_the_centres_ca_gets_in_and_others_do_not() {
    let files = TempDir::new().unwrap();
    let [ca, cert, key] = certificates(files.path());
    let stand = Stand::with("", &["--tls-cert", &cert, "--tls-key", &key]);
    assert!(stand.url.starts_with("https://"));
    let link = |ca: &str| {
        let pem = std::fs::read_to_string(ca).unwrap();
        Link::new(&LinkOptions::new(&stand.url, Trust::Ca(pem))).unwrap()
    };
    link(&ca).rules().await.unwrap();

    let strangers = TempDir::new().unwrap();
    let [other_ca, ..] = certificates(strangers.path());
    let error = link(&other_ca).rules().await.unwrap_err();
    assert_eq!(error.code(), "link.tls-issuer");

    let shown = stand.json(&["--ca", &ca, "school", "add", NPSN, "--name", "SD Contoh"]);
    assert_eq!(shown["npsn"], NPSN);
    let output = stand.command(&["--ca", &other_ca, "school", "list"]);
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}
