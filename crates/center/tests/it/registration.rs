//! Who registers needs the school's code, and may not guess it.

use selaras_transport::{LinkError, Retry};

use crate::stand::{Installation, NPSN, Stand};

#[tokio::test]
async fn registering_twice_is_registering_once() {
    let stand = Stand::start();
    let kode = stand.school();
    let link = stand.link();
    let one = Installation::number(1).register(&link, &kode).await.unwrap();
    assert_eq!((one.centre_name.as_str(), one.school_name.as_str()), ("Pusat Uji", "SD Contoh"));
    let again = Installation::number(1).register(&link, &kode.to_lowercase().replace('-', " ")).await.unwrap();
    assert_eq!(one, again);
    let other = Installation::number(2).register(&link, &kode).await.unwrap();
    assert_ne!(one.device, other.device);
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_guessing_is_slowed_even_over_a_restart() {
    let stand = Stand::start();
    let kode = stand.school();
    let link = stand.link();
    for wrong in ["", "0000-0000-0000", "nonsense", "1111-1111-1111", "2222-2222-2222"] {
        let error = Installation::number(1).register(&link, wrong).await.unwrap_err();
        assert_eq!(error.code(), "registration.wrong-code", "{wrong}");
        assert_eq!(error.problem().who, "operator");
    }
    let error = Installation::number(1).register(&link, &kode).await.unwrap_err();
    assert!(matches!(error, LinkError::Busy(_)), "the right code is not heard either: {error}");
    assert_eq!((error.code(), error.retry()), ("registration.too-many", Retry::After));
    assert!(error.retry_after().unwrap().as_secs() >= 1);

    let stand = Stand::serve(stand.end(), &[]);
    let link = stand.link();
    loop {
        match Installation::number(1).register(&link, &kode).await {
            Ok(_) => break,
            Err(error) => {
                assert_eq!(error.code(), "registration.too-many");
                tokio::time::sleep(error.retry_after().unwrap()).await;
            }
        }
    }
    let error = Installation::number(1).register(&link, "0000-0000-0000").await.unwrap_err();
    assert_eq!(error.code(), "registration.wrong-code", "a right code makes up for the wrong ones");
}

#[tokio::test]
async fn a_replaced_code_ends_and_devices_stay() {
    let stand = Stand::start();
    let old = stand.school();
    let link = stand.link();
    let device = Installation::number(1).register(&link, &old).await.unwrap().device;
    let new = stand.json(&["school", "kode", NPSN])["kode_registrasi"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    let error = Installation::number(2).register(&link, &old).await.unwrap_err();
    assert_eq!(error.code(), "registration.wrong-code");
    Installation::number(1).token(&link, device).await.unwrap();
    Installation::number(2).register(&link, &new).await.unwrap();
}

#[tokio::test]
async fn a_copied_replica_is_not_registered_for_another_device() {
    let stand = Stand::start();
    let kode = stand.school();
    let link = stand.link();
    Installation::number(1).register(&link, &kode).await.unwrap();
    let copy = Installation { key: Installation::number(2).key, replica: Installation::number(1).replica };
    let error = copy.register(&link, &kode).await.unwrap_err();
    assert_eq!(error.code(), "registration.replica-taken");
}

#[tokio::test]
async fn a_school_that_nobody_added_is_unknown() {
    let stand = Stand::start();
    let error = Installation::number(1).register(&stand.link(), "0000-0000-0000").await.unwrap_err();
    assert_eq!((error.code(), error.retry()), ("school.unknown", Retry::AfterHumanAction));
}

#[tokio::test]
async fn rules_are_given_to_anyone() {
    let stand = Stand::start();
    let rules = stand.link().rules().await.unwrap();
    assert_eq!(rules.pack, selaras_model::Pack::builtin().source());
    assert!(!rules.rulebook.is_empty());
}
