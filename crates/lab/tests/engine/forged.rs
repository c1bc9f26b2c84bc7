//! A client that leaves the gate out: it makes any bundle and signs it with the head's real key. The centre believes
//! none of it, and nothing takes effect.

use ed25519_dalek::{Signer, SigningKey};
use prost::Message;
use selaras_merge::{Document, Edit, mint};
use selaras_model::{
    Actor, BundleId, ChangeHash, EntityCode, Fields, LogVersion, Pack, Record, RecordId, RecordKey, ReplicaId,
    RulebookHash, Sequence, Side, Value,
};
use selaras_policy::{ApprovalText, ModuleCount};
use selaras_sync::bundle::{self, Bundle, Header};
use selaras_sync::limits::MAX_BUNDLE_HEADS;
use selaras_sync::{EditSet, Key, Outcome, Purpose, ReadStore, Row, Store, wire};

use crate::stage::{Stage, today};

/// What a forger sends, before somebody spoils it.
struct Forgery<'a> {
    stage: &'a Stage,
    header: Header,
    edits: Vec<(RecordKey, Edit)>,
    counts: Option<Vec<ModuleCount>>,
    signer: SigningKey,
    ptk: RecordId,
}

impl<'a> Forgery<'a> {
    /// A sound bundle with these edits on the centre's own heads.
    fn new(stage: &'a Stage, edits: Vec<(RecordKey, Fields)>) -> Self {
        let edits = edits.into_iter().map(|(key, fields)| (key, Edit { fields, ..Edit::on(&heads(stage, key)) }));
        let position = stage.first.school().position().unwrap();
        Self::of(stage, edits.collect(), (position.last_sequence.next(), position.previous))
    }

    /// A sound bundle of these edits, in its place.
    fn of(stage: &'a Stage, edits: Vec<(RecordKey, Edit)>, place: (Sequence, Option<BundleId>)) -> Self {
        let position = stage.first.school().position().unwrap();
        let installation = stage.first.school().installation().unwrap().unwrap();
        let (sequence, previous) = place;
        let actor = Actor {
            side: Side::School,
            school: installation.npsn,
            replica: *installation.replica.as_bytes(),
            sequence: sequence.get(),
        };
        let set = EditSet::new(edits.clone()).unwrap();
        let changes: Vec<ChangeHash> = set
            .edits()
            .iter()
            .map(|(key, edit)| mint(document(stage, *key).as_ref(), &actor, edit).unwrap().1.change)
            .collect();
        let header = Header {
            npsn: installation.npsn,
            replica: installation.replica,
            sequence,
            previous,
            epoch: position.epoch.unwrap(),
            sealed_on: position.version,
            pack: position.pack,
            rulebook: position.rulebook,
            minted: bundle::minted_hash(changes),
        };
        let signer = stage.centre.head.clone();
        Self { stage, header, edits, counts: None, signer, ptk: stage.sample.head }
    }

    fn spoilt(mut self, how: impl FnOnce(&mut Self)) -> Self {
        how(&mut self);
        self
    }

    fn module_counts(&self) -> Vec<ModuleCount> {
        let pack = Pack::builtin();
        let of = |entity: EntityCode| pack.entity(entity).map(|entity| entity.module);
        let count = |module: usize| self.edits.iter().filter(|(key, _)| of(key.entity) == Some(module)).count();
        let modules = pack.modules().iter().enumerate();
        modules
            .map(|(place, module)| ModuleCount { module: module.name.clone(), records: count(place) as u32 })
            .filter(|count| count.records > 0)
            .collect()
    }

    fn body(&self) -> Vec<u8> {
        let frozen =
            bundle::freeze(Bundle { header: self.header.clone(), edits: EditSet::new(self.edits.clone()).unwrap() })
                .unwrap();
        let text = self.text(bundle::id(&frozen));
        // As docs/formats.md says it, without the gate's types.
        let digest = blake3::derive_key("selaras 1 approval", &text.canonical_bytes().unwrap());
        let place = |name: &str| Pack::builtin().modules().iter().position(|module| module.name == name).unwrap();
        let honest = wire::ExchangeRequest::decode(self.stage.first.request(Purpose::Pull).as_slice()).unwrap();
        let approval = wire::Approval {
            counts: text
                .counts
                .iter()
                .map(|count| wire::ModuleCount { module: place(&count.module) as u32, records: count.records })
                .collect(),
            warnings: 0,
            judged_on: text.judged_on.days_since_epoch(),
            ptk: text.ptk.as_bytes().to_vec(),
            key: text.key.as_bytes().to_vec(),
            signature: self.signer.sign(&digest).to_bytes().to_vec(),
        };
        let request = wire::ExchangeRequest { approval: Some(approval), bundle: frozen, ..honest };
        request.encode_to_vec()
    }

    fn text(&self, bundle: BundleId) -> ApprovalText {
        ApprovalText {
            npsn: self.header.npsn,
            bundle,
            replica: self.header.replica,
            sequence: self.header.sequence,
            pack: self.header.pack,
            rulebook: self.header.rulebook,
            counts: self.counts.clone().unwrap_or_else(|| self.module_counts()),
            warnings: 0,
            judged_on: today(),
            ptk: self.ptk,
            key: self.stage.centre.head_key(),
        }
    }

    /// Sends it, and gives the code of the refusal; the records are as they were.
    #[track_caller]
    fn refused(&self) -> String {
        let before = self.stage.centre.centre().digests().unwrap();
        let answer = self.stage.centre.serve(self.stage.first.device, &self.body());
        assert_eq!(self.stage.centre.centre().digests().unwrap(), before, "a forged bundle took effect");
        code(&answer)
    }
}

fn document(stage: &Stage, key: RecordKey) -> Option<Document> {
    match stage.centre.store.get(&Key::Document(key)).unwrap() {
        Some(Row::Blob(bytes)) => Some(Document::load(&bytes).unwrap()),
        _ => None,
    }
}

fn heads(stage: &Stage, key: RecordKey) -> Vec<ChangeHash> {
    document(stage, key).map(|document| document.heads()).unwrap_or_default()
}

fn outcome(answer: &[u8]) -> Option<wire::exchange_response::Outcome> {
    let open = zstd::stream::decode_all(answer).unwrap();
    wire::ExchangeResponse::decode(open.as_slice()).unwrap().outcome
}

fn code(answer: &[u8]) -> String {
    match outcome(answer) {
        Some(wire::exchange_response::Outcome::Refusal(signed)) => {
            wire::Refusal::decode(signed.refusal.as_slice()).unwrap().code
        }
        Some(wire::exchange_response::Outcome::Accepted(_)) => "accepted".to_owned(),
        None => "nothing".to_owned(),
    }
}

fn one(name: &str, value: Value) -> Fields {
    [(name.parse().unwrap(), value)].into_iter().collect()
}

fn sound(stage: &Stage) -> Forgery<'_> {
    Forgery::new(stage, vec![(stage.student(), one("rt", Value::Int(99)))])
}

#[test]
fn the_forgers_tools_work() {
    let stage = Stage::in_step(12);
    assert_eq!(code(&stage.centre.serve(stage.first.device, &sound(&stage).body())), "accepted");
}

#[test]
fn what_is_the_centres_or_nobodys_is_refused() {
    let stage = Stage::in_step(12);
    let school = stage.any("sekolah");
    let stranger = RecordKey { entity: EntityCode(9_999), id: RecordId::from_bytes([1; 16]) };
    let head = stage.any("ptk_terdaftar");
    let periodic = stage.any("peserta_didik_periodik");
    for (edits, expected) in [
        (vec![(school, one("nama", Value::text("Sekolah Lain")))], "ownership.field"),
        (vec![(head, one("ptk_induk", Value::Bool(false)))], "ownership.field"),
        (vec![(stranger, one("nama", Value::text("x")))], "edit.unknown-entity"),
        (vec![(stage.student(), one("warna", Value::text("biru")))], "edit.unknown-field"),
        (vec![(stage.student(), one("rt", Value::text("satu")))], "edit.wrong-type"),
        (vec![(periodic, one("tinggi_badan", Value::Decimal(50)))], "gate.invalid"),
    ] {
        assert_eq!(Forgery::new(&stage, edits).refused(), expected);
        // The sequence is burnt: the next forgery is another bundle of another number.
        burn(&stage);
    }
}

/// Lets the honest computer count on from what the forger used up.
fn burn(stage: &Stage) {
    let mut batch = selaras_sync::Batch::default();
    let row = stage.centre.store.get(&Key::Replica(ReplicaId::from_bytes([1; 8]))).unwrap();
    let Some(Row::Replica(mut row)) = row else { panic!("no replica") };
    row.last_sequence = stage.first.school().position().unwrap().last_sequence;
    batch.put(Key::Replica(ReplicaId::from_bytes([1; 8])), Row::Replica(row));
    stage.centre.store.commit(&batch).unwrap();
}

#[test]
fn a_header_that_is_not_in_its_place_is_refused() {
    let stage = Stage::in_step(12);
    type Spoil = fn(&mut Forgery<'_>);
    let spoils: [(Spoil, &str); 9] = [
        (|f| f.header.npsn = "99999997".parse().unwrap(), "bundle.school"),
        (|f| f.header.replica = ReplicaId::from_bytes([5; 8]), "bundle.replica"),
        (|f| f.header.sequence = Sequence::new(1), "bundle.sequence"),
        (|f| f.header.previous = Some(BundleId::from_bytes([5; 32])), "bundle.previous"),
        (|f| f.header.epoch = selaras_model::EpochId::from_bytes([5; 8]), "bundle.epoch"),
        (|f| f.header.sealed_on = LogVersion::new(99), "bundle.sealed-on"),
        (|f| f.header.rulebook = RulebookHash::from_bytes([5; 32]), "bundle.rulebook"),
        (|f| f.header.minted = [5; 32], "bundle.minted"),
        (|f| f.edits[0].1.heads = vec![[5; 8]], "bundle.heads"),
    ];
    for (spoil, expected) in spoils {
        assert_eq!(sound(&stage).spoilt(spoil).refused(), expected);
        burn(&stage);
    }
}

#[test]
fn an_approval_that_is_not_the_heads_is_refused() {
    let stage = Stage::in_step(12);
    type Spoil = fn(&mut Forgery<'_>);
    let spoils: [(Spoil, &str); 3] = [
        (|f| f.signer = SigningKey::from_bytes(&[66; 32]), "approval.signature"),
        (|f| f.ptk = RecordId::from_bytes([66; 16]), "approval.person"),
        (|f| f.counts = Some(Vec::new()), "approval.counts"),
    ];
    for ((spoil, expected), value) in spoils.into_iter().zip(70..) {
        // Of the same bytes the first answer would be given again.
        let forgery = Forgery::new(&stage, vec![(stage.student(), one("rt", Value::Int(value)))]);
        assert_eq!(forgery.spoilt(spoil).refused(), expected);
        burn(&stage);
    }
    // Bytes without an approval are not even refused for good: they burn nothing.
    let mut request = wire::ExchangeRequest::decode(sound(&stage).body().as_slice()).unwrap();
    request.approval = None;
    let error = stage.centre.try_serve(stage.first.device, &request.encode_to_vec()).unwrap_err();
    assert_eq!(error.code(), "approval.missing");
}

#[test]
fn a_refusal_is_the_same_for_ever() {
    let stage = Stage::in_step(12);
    let forgery = sound(&stage).spoilt(|forgery| forgery.header.minted = [5; 32]);
    let body = forgery.body();
    let once = stage.centre.serve(stage.first.device, &body);
    let again = stage.centre.serve(stage.first.device, &body);
    assert!(outcome(&once) == outcome(&again));
    assert!(matches!(stage.first.exchange(&stage.centre, Purpose::Pull).0, Outcome::None));
}

/// Each says the same as the record does, and knows of nothing: no conflict, no breach. What edits may name is limited, and
/// whoever edits such a record names all that it has.
#[test]
fn a_record_that_nobody_could_edit_any_more_is_not_made() {
    let stage = Stage::in_step(12);
    let key = stage.student();
    let there = one("nama", stage.centre.record(key).unwrap().get("nama").clone());
    let position = stage.first.school().position().unwrap();
    let (mut next, mut previous, mut codes) = (position.last_sequence.next(), position.previous, Vec::new());
    for _ in 0..70 {
        let edit = Edit { fields: there.clone(), ..Edit::default() };
        let body = Forgery::of(&stage, vec![(key, edit)], (next, previous)).body();
        let answered = code(&stage.centre.serve(stage.first.device, &body));
        if answered == "accepted" {
            previous = Some(bundle::id(&wire::ExchangeRequest::decode(body.as_slice()).unwrap().bundle));
        }
        next = next.next();
        codes.push(answered);
    }
    assert_eq!(codes.last().map(String::as_str), Some("bundle.too-many-heads"), "{codes:?}");
    assert_eq!(heads(&stage, key).len(), MAX_BUNDLE_HEADS);
    stage.centre.act(&[Record { fields: one("rt", Value::Int(7)), ..Record::new(key) }]);
    assert_eq!(heads(&stage, key).len(), 1);
    // What builds on what is there is taken as ever.
    let edit = Edit { fields: one("rt", Value::Int(8)), ..Edit::on(&heads(&stage, key)) };
    let sound = Forgery::of(&stage, vec![(key, edit)], (next, previous));
    assert_eq!(code(&stage.centre.serve(stage.first.device, &sound.body())), "accepted");
}
