//! Tokens, devices, the kode registrasi and the doors of operators.

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use prost::Message as _;
use selaras_model::DeviceId;
use selaras_transport::prove;
use serde_json::json;

use super::Scene;
use super::client::{post_json, raw, request};

#[test]
fn nobody_speaks_with_a_token_that_is_not_his() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x61);
    let pull = mallory.pull_body().encode_to_vec();
    let own = mallory.npsn.to_string();
    let other = scene.other.npsn;
    let sync = |token: &str, npsn: &str| mallory.sync_as(token, npsn, &pull).code();

    scene.attack("no token", "session.missing", || {
        let heads = [("content-type", "application/x-selaras")];
        raw(&mallory.address, &request("POST", &mallory.path("sync"), &heads, &pull)).code()
    });
    scene.attack("a made-up token", "session.foreign", || sync("AAAAAAAA", &own));
    scene.attack("a token with a flipped bit", "session.foreign", || {
        let flipped = if mallory.token.starts_with('A') { "B" } else { "A" };
        sync(&format!("{flipped}{}", &mallory.token[1..]), &own)
    });
    scene.attack("a token at another school", "session.other-school", || sync(&mallory.token, other));
    scene.attack("a head enrolled at another school", "session.other-school", || {
        let body =
            json!({ "kode_registrasi": scene.other.kode, "ptk": scene.other.head, "public_key": "00".repeat(32) });
        post_json(&mallory.address, &format!("/v1/schools/{other}/heads"), &mallory.token, &body).code()
    });

    let ask = |key: &SigningKey, device: DeviceId, nonce: [u8; 16], at: i64, npsn: &str| {
        let asked = prove(key, npsn.parse().unwrap(), device, nonce, at);
        post_json(&mallory.address, &format!("/v1/schools/{npsn}/token"), "", &serde_json::to_value(asked).unwrap())
            .code()
    };
    let stranger = SigningKey::from_bytes(&[9; 32]);
    scene.attack("a token asked for with another key", "session.bad-proof", || {
        ask(&stranger, mallory.device, [1; 16], 0, &own)
    });
    scene.attack("a token for a device that is not registered", "session.unknown-device", || {
        ask(&stranger, DeviceId::from_bytes([7; 8]), [2; 16], 0, &own)
    });
    scene.attack("a device at another school", "session.unknown-device", || {
        ask(&mallory.device_key, mallory.device, [3; 16], 0, other)
    });
    scene.attack("a token request sent again", "session.repeated-nonce", || {
        assert_eq!(ask(&mallory.device_key, mallory.device, [4; 16], 0, &own), "200");
        ask(&mallory.device_key, mallory.device, [4; 16], 0, &own)
    });
    // A clock decides nothing: neither far in the past nor in the future gets more, or less.
    scene.attack("clocks a thousand years off", "200 200", || {
        let [past, future] = [-31_536_000_000_i64, 31_536_000_000]
            .map(|at| ask(&mallory.device_key, mallory.device, rand::random(), at, &own));
        format!("{past} {future}")
    });

    let door = |token: &str| {
        raw(&mallory.address, &request("GET", "/v1/admin/schools", &[("authorization", token)], b"")).code()
    };
    scene.attack("an operator's door without a token", "admin.wrong-token", || {
        raw(&mallory.address, &request("GET", "/v1/admin/schools", &[], b"")).code()
    });
    scene.attack("an operator's door with a device's token", "admin.wrong-token", || {
        door(&format!("Bearer {}", mallory.token))
    });
    scene.honest_still_syncs();
}

#[test]
fn the_code_of_a_school_is_not_guessed_and_its_keys_are_not_anybodys() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x62);
    let public = |byte: u8| HEXLOWER.encode(SigningKey::from_bytes(&[byte; 32]).verifying_key().as_bytes());
    let register = |kode: &str, byte: u8, replica: String| {
        let body =
            json!({ "kode_registrasi": kode, "device_key": public(byte), "replica": replica, "app_version": "1" });
        post_json(&mallory.address, &mallory.path("register"), "", &body).code()
    };
    scene.attack("a device whose key is of small order", "registration.bad-key", || {
        let weak = format!("01{}", "00".repeat(31));
        let body = json!({ "kode_registrasi": mallory.kode, "device_key": weak, "replica": "00000000000000ac", "app_version": "1" });
        post_json(&mallory.address, &mallory.path("register"), "", &body).code()
    });
    scene.attack("a replica of another device", "registration.replica-taken", || {
        register(&mallory.kode, 0x11, mallory.replica.to_string())
    });
    let enrol = |ptk: &str, key: String| {
        mallory.post("heads", &json!({ "kode_registrasi": mallory.kode, "ptk": ptk, "public_key": key })).code()
    };
    scene.attack("a key of small order", "registration.bad-key", || {
        enrol(&mallory.ptk.to_string(), format!("01{}", "00".repeat(31)))
    });
    scene.attack("a key for a teacher who is not the head", "head.not-entitled", || {
        let code = mallory.rules.pack.entity_named("ptk").unwrap().code;
        let mut teacher = None;
        mallory
            .engine()
            .list(code, None, &mut |record| {
                teacher = (record.id != mallory.ptk).then_some(record.id);
                if teacher.is_some() { selaras_sync::Flow::Stop } else { selaras_sync::Flow::Continue }
            })
            .unwrap();
        enrol(&teacher.unwrap().to_string(), public(0x12))
    });
    scene.attack("a key for a person of another school", "head.unknown-ptk", || enrol(&scene.other.head, public(0x13)));
    scene.attack("a guess of the code", "registration.wrong-code", || {
        register("SALAHSALAH", 0x14, "00000000000000aa".into())
    });
    scene.attack("guessing on", "registration.too-many", || {
        let guess = |_| register("SALAHSALAH", 0x14, "00000000000000aa".into());
        (0..8).map(guess).find(|code| code != "registration.wrong-code").unwrap()
    });
    scene.attack("the right code while guesses are held off", "registration.too-many", || {
        register(&mallory.kode, 0x15, "00000000000000ab".into())
    });
    scene.honest_still_syncs();
}
