//! Bundles: their place, their edits, and what they may touch.

use prost::Message as _;
use selaras_merge::Edit;
use selaras_model::{BundleId, EntityCode, LogVersion, RecordId, RecordKey, ReplicaId, Sequence, Value};

use super::Scene;
use super::client::raw;
use super::client::request as http;
use super::forge::{Forgery, one};

#[test]
fn a_bundle_that_is_not_in_its_place_takes_no_effect() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x65);
    type Spoil = fn(&mut Forgery<'_>);
    let spoils: [(&str, &str, Spoil); 8] = [
        ("a bundle of another school", "bundle.school", |f| f.header.npsn = "99999997".parse().unwrap()),
        ("a bundle of another computer", "bundle.replica", |f| f.header.replica = ReplicaId::from_bytes([5; 8])),
        ("a bundle on another predecessor", "bundle.previous", |f| {
            f.header.previous = Some(BundleId::from_bytes([5; 32]));
        }),
        ("a bundle of another epoch", "bundle.epoch", |f| f.header.epoch = selaras_model::EpochId::from_bytes([5; 8])),
        ("a bundle sealed on the future", "bundle.sealed-on", |f| f.header.sealed_on = LogVersion::new(9_999)),
        ("changes other than were minted", "bundle.minted", |f| f.header.minted = [5; 32]),
        ("an edit on heads that never were", "bundle.heads", |f| f.edits[0].1.heads = vec![[5; 8]]),
        ("a sequence of before", "bundle.sequence", |f| f.header.sequence = Sequence::new(1)),
    ];
    for ((name, code, spoil), number) in spoils.into_iter().zip(10..) {
        scene.attack(name, code, || mallory.sound(number).spoilt(spoil).send());
    }
    // That another computer is registered is in the log.
    let other = scene.mallory(0x66);
    scene.attack("another device's replica", "replica.other-device", || {
        let mut request = mallory.sound(20).request();
        request.replica = other.replica.as_bytes().to_vec();
        mallory.outcome(&request.encode_to_vec())
    });
    scene.attack("a bundle by the name of one that never landed", "bundle.not-landed", || {
        let mut request = mallory.sound(21).request();
        request.held = vec![9; 32];
        request.bundle.clear();
        mallory.outcome(&request.encode_to_vec())
    });
    scene.attack("a cursor from the future", "cursor.ahead", || {
        let mut request = mallory.pull_body();
        request.cursor.as_mut().unwrap().version = 9_999;
        mallory.outcome(&request.encode_to_vec())
    });
    scene.attack("a cursor that was made up", "log.forked", || {
        let mut request = mallory.pull_body();
        request.cursor.as_mut().unwrap().entry = vec![5; 32];
        mallory.outcome(&request.encode_to_vec())
    });
    // A refusal is for ever, and the first sending that arrives after its re-send gets the same one.
    scene.attack("a refused bundle sent again and again", "bundle.minted bundle.minted bundle.minted", || {
        let body = mallory.sound(22).spoilt(|f| f.header.minted = [6; 32]).request().encode_to_vec();
        [0; 3].map(|_| mallory.outcome(&body)).join(" ")
    });
    scene.honest_still_syncs();
}

#[test]
fn nobody_writes_what_is_not_his_to_write() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x67);
    let entity = |name: &str| mallory.rules.pack.entity_named(name).unwrap().code;
    let fresh = |name: &str, byte: u8| RecordKey { entity: entity(name), id: RecordId::from_bytes([byte; 16]) };
    let duty = |jabatan: &str| {
        [
            ("ptk_id", Value::Ref(mallory.ptk)),
            ("jabatan_ptk_id", Value::Code(jabatan.to_owned())),
            ("nomor_sk", Value::text("SK-PALSU-2026")),
        ]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value))
        .collect()
    };
    let (student, school) = (mallory.any("peserta_didik"), mallory.any("sekolah"));
    let offer = [
        ("id_peserta_didik", Value::text(RecordId::from_bytes([1; 16]).to_string())),
        ("npsn_asal", Value::text(scene.other.npsn)),
        ("tanggal_mutasi", Value::Date("2026-11-02".parse().unwrap())),
        ("keputusan", Value::Code("1".into())),
    ];
    let offer = offer.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect();
    let attacks = [
        ("a field of the centre's", "ownership.field", (school, one("nama", Value::text("Sekolah Lain")))),
        (
            "the home school's mark",
            "ownership.field",
            (mallory.any("ptk_terdaftar"), one("ptk_induk", Value::Bool(false))),
        ),
        (
            "the head's kind of staff",
            "ownership.value",
            (mallory.any("ptk_terdaftar"), one("jenis_ptk_id", Value::Code("20".into()))),
        ),
        ("a head who appoints himself", "ownership.create", (fresh("tugas_tambahan", 1), duty("2"))),
        ("an acting head who appoints himself", "ownership.create", (fresh("tugas_tambahan", 2), duty("33"))),
        ("a child of another school offered to oneself", "ownership.create", (fresh("mutasi_peserta_didik", 3), offer)),
        (
            "an entity that is none",
            "edit.unknown-entity",
            (RecordKey { entity: EntityCode(9_999), id: RecordId::from_bytes([1; 16]) }, one("nama", Value::text("x"))),
        ),
        ("a field that is none", "edit.unknown-field", (student, one("warna", Value::text("biru")))),
        ("a value of another type", "edit.wrong-type", (student, one("rt", Value::text("satu")))),
        ("a text over its length", "edit.wrong-type", (student, one("alamat_jalan", Value::Text("x".repeat(300))))),
        (
            "a record of another school referred to",
            "gate.invalid",
            (mallory.any("rombongan_belajar"), one("ptk_id", Value::Ref(scene.other.head.parse().unwrap()))),
        ),
        ("a code that is in no table", "gate.invalid", (student, one("agama_id", Value::Code("99".into())))),
        (
            "what would be invalid",
            "gate.invalid",
            (mallory.any("peserta_didik_periodik"), one("tinggi_badan", Value::Decimal(50))),
        ),
    ];
    for ((name, code, edit), number) in attacks.into_iter().zip(10..) {
        scene.attack(name, code, || mallory.forge(number, vec![edit]).send());
    }
    scene.attack("the school's own record deleted", "ownership.delete", || {
        let heads = mallory.document(school).unwrap().heads();
        let edit = Edit { deleted: Some(true), ..Edit::on(&heads) };
        mallory.forge_edits(40, vec![(school, edit)]).send()
    });
    scene.honest_still_syncs();
}

#[test]
fn large_bundles_come_by_their_own_addresses_only() {
    let mut scene = Scene::new();
    let mallory = scene.mallory(0x68);
    let bearer = format!("Bearer {}", mallory.token);
    let tus = |method: &str, path: &str, more: &[(&str, &str)], body: &[u8]| {
        let mut heads = vec![("authorization", bearer.as_str()), ("tus-resumable", "1.0.0")];
        heads.extend_from_slice(more);
        raw(&mallory.address, &http(method, path, &heads, body)).code()
    };
    let id = "ab".repeat(32);
    let path = format!("/v1/uploads/{id}");
    let piece = [("upload-offset", "0"), ("upload-length", "5"), ("content-type", "application/offset+octet-stream")];
    scene.attack("bytes that are not the address's", "upload.damaged", || tus("PATCH", &path, &piece, b"lima!"));
    scene.attack("an offset that is not there", "upload.unknown", || {
        let far = [("upload-offset", "99"), ("upload-length", "200"), piece[2]];
        tus("PATCH", &path, &far, b"lima!")
    });
    scene.attack("an upload longer than any", "upload.limit", || {
        let long = [("upload-offset", "0"), ("upload-length", "999999999999"), piece[2]];
        tus("PATCH", &path, &long, b"lima!")
    });
    scene.attack("a way out of the uploads' directory", "path.unknown", || {
        tus("HEAD", "/v1/uploads/..%2f..%2fcentre.key", &[], b"")
    });
    scene.honest_still_syncs();
}
