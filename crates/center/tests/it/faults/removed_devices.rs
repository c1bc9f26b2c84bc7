//! Fault 6: a computer can never be taken away from its school.

use selaras_model::DeviceId;
use selaras_sync::Carry;

use crate::stand::{Installation, NPSN, Stand, npsn, registered};

/// Computers that a school may have.
const MOST: u8 = 50;

/// Takes a computer away from the school.
fn remove(stand: &Stand, device: DeviceId) {
    let removed = stand.command(&["device", "remove", NPSN, &device.to_string()]);
    assert!(removed.status.success(), "{removed:?}");
}

#[tokio::test]
async fn fault_06_the_schools_computers_are_listed_and_a_removed_one_begins_no_session() {
    let stand = Stand::start();
    let (link, installation, device, _, kode) = registered(&stand).await;
    let other = Installation::number(2).register(&link, &kode).await.unwrap().device;
    let listed = || {
        let output = stand.command(&["device", "list", NPSN]);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        [device, other].map(|device| said.contains(&device.to_string()))
    };
    assert_eq!(listed(), [true, true]);
    remove(&stand, device);
    installation.token(&link, device).await.unwrap_err();
    Installation::number(2).token(&link, other).await.unwrap();
}

#[tokio::test]
async fn fault_06_a_token_ends_with_its_computer() {
    let stand = Stand::start();
    let (link, _, device, token, _) = registered(&stand).await;
    let ask = || async { link.exchange(&token, npsn(), Carry::Inline, b"no exchange".as_slice().into()).await };
    let understood = ask().await.unwrap_err();
    remove(&stand, device);
    let refused = ask().await.unwrap_err();
    assert_ne!(refused.code(), understood.code(), "its session goes on");
}

#[tokio::test]
async fn fault_06_a_removed_computer_makes_room_for_another() {
    let stand = Stand::start();
    let kode = stand.school();
    let link = stand.link();
    let first = Installation::number(1).register(&link, &kode).await.unwrap().device;
    for number in 2..=MOST {
        Installation::number(number).register(&link, &kode).await.unwrap();
    }
    let full = Installation::number(MOST + 1).register(&link, &kode).await.unwrap_err();
    assert_eq!(full.code(), "registration.too-many-devices");
    remove(&stand, first);
    Installation::number(MOST + 1).register(&link, &kode).await.unwrap();
}
