//! One row of every kind, of made-up people.

use std::collections::BTreeMap;

use selaras_model::{
    BundleId, ChangeHash, ContentHash, Date, DeviceId, EntityCode, EntryHash, Fields, LogVersion, RecordId, RecordKey,
    ReplicaId, Sequence, Value,
};
use selaras_policy::{Finding, Level, Tab};
use selaras_sync::store::{
    AnswerRow, BaseRow, DraftRow, EditsAt, EntryRow, FindingRow, Key, ReplicaRow, Row, StateName, ViewRow,
};

pub(crate) fn record(entity: u16, number: u8) -> RecordKey {
    RecordKey { entity: EntityCode(entity), id: id(number) }
}

pub(crate) fn id(number: u8) -> RecordId {
    RecordId::from_bytes([number; 16])
}

pub(crate) fn fields() -> Fields {
    let pairs = [
        ("nama", Value::text("Contoh Siswa")),
        ("anak_keberapa", Value::Int(-2)),
        ("tinggi_badan", Value::Decimal(1_515)),
        ("tanggal_lahir", Value::Date(Date::new(2012, 2, 29).unwrap())),
        ("penerima_kip", Value::Bool(true)),
        ("agama_id", Value::Code("1".to_owned())),
        ("ibu", Value::Ref(id(9))),
    ];
    pairs.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect()
}

pub(crate) fn view(deleted: bool) -> Row {
    Row::View(ViewRow { deleted, fields: fields(), content: ContentHash::from_bytes([7; 32]) })
}

pub(crate) fn draft() -> Row {
    let mut fields = fields();
    fields.insert("nik".parse().unwrap(), Value::Null);
    Row::Draft(DraftRow {
        heads: vec![[1; 8], [2; 8]],
        fields,
        deleted: Some(false),
        author: "ops".to_owned(),
        typed_at: 1_795_000_000,
    })
}

pub(crate) fn finding() -> Row {
    Row::Findings(vec![FindingRow {
        finding: Finding {
            rule: "pd.nik-ganda".parse().unwrap(),
            level: Level::Invalid,
            tab: Tab::PesertaDidik,
            record: record(3, 1),
            field: Some("nik".parse().unwrap()),
            args: BTreeMap::from([("nik".to_owned(), "1199990101010001".to_owned())]),
        },
        raised: LogVersion::new(300),
    }])
}

/// Every kind of key with a row of its kind.
pub(crate) fn every_kind() -> Vec<(&'static str, Key, Row)> {
    let entry = |edits| EntryRow { entry: b"entry".to_vec(), signature: Some(vec![5; 4]), edits };
    vec![
        ("state", Key::State(StateName::Position), Row::Bytes(b"position".to_vec())),
        ("document", Key::Document(record(3, 1)), Row::Blob(b"document".to_vec())),
        (
            "base",
            Key::Base(record(3, 1)),
            Row::Base(BaseRow {
                heads: vec![ChangeHash::from_bytes([1; 32])],
                content: ContentHash::from_bytes([2; 32]),
                deleted: true,
                conflicts: 3,
                appended: 400,
            }),
        ),
        ("view", Key::View(record(3, 1)), view(true)),
        ("draft", Key::Draft(record(3, 1), 258), draft()),
        ("index", Key::Index(EntityCode(3), [4; 16], id(1)), Row::Mark),
        ("conflict", Key::Conflict(record(3, 1)), Row::Mark),
        ("finding", Key::Finding(b"rsubject".to_vec()), finding()),
        ("lanes", Key::Lanes(6), Row::Lanes(vec![6; 2_048])),
        ("entry", Key::Entry(LogVersion::new(1)), Row::Entry(entry(EditsAt::Absent))),
        ("entry-inline", Key::Entry(LogVersion::new(2)), Row::Entry(entry(EditsAt::Inline(b"edits".to_vec())))),
        ("entry-blob", Key::Entry(LogVersion::new(3)), Row::Entry(entry(EditsAt::Blob([8; 32])))),
        (
            "answer",
            Key::Answer(BundleId::from_bytes([3; 32])),
            Row::Answer(AnswerRow::Receipt(LogVersion::new(70_000))),
        ),
        ("refusal", Key::Answer(BundleId::from_bytes([4; 32])), Row::Answer(AnswerRow::Refusal(b"no".to_vec()))),
        (
            "replica",
            Key::Replica(ReplicaId::from_bytes([5; 8])),
            Row::Replica(ReplicaRow {
                device: Some(DeviceId::from_bytes([6; 8])),
                last_sequence: Sequence::new(7),
                last_accepted: Some(BundleId::from_bytes([8; 32])),
            }),
        ),
        ("entry-block", Key::Entry(LogVersion::new(4)), Row::Entry(entry(EditsAt::Block(b"edits".to_vec())))),
        ("entry-parts", Key::Entry(LogVersion::new(5)), Row::Entry(entry(EditsAt::Parts(vec![[8; 32], [9; 32]])))),
        ("kept", Key::Kept(7, 0), Row::Entry(entry(EditsAt::Kept))),
        ("kept-edits", Key::Kept(7, 1), Row::Blob(b"edits".to_vec())),
        ("replayed", Key::Replayed(EntryHash::from_bytes([7; 32])), Row::Version(LogVersion::new(300))),
        ("past", Key::Past(EntryHash::from_bytes([6; 32])), Row::Entry(entry(EditsAt::Absent))),
        ("history", Key::History(9), Row::Bytes(b"line".to_vec())),
        ("text", Key::Text32([9; 32]), Row::Blob(b"version = \"2026.1\"".to_vec())),
        ("approval", Key::Approval(BundleId::from_bytes([3; 32])), Row::Blob(b"approval".to_vec())),
        ("local", Key::Local("account/ops".to_owned()), Row::Bytes(b"account".to_vec())),
    ]
}
