//! A bundle made without the gate, signed by the head's real key, and spoilt in one place.

use ed25519_dalek::{Signer as _, SigningKey};
use prost::Message as _;
use selaras_merge::{Document, Edit, mint};
use selaras_model::{Actor, ChangeHash, Date, Fields, KeyId, RecordId, RecordKey, Sequence, Side, Value};
use selaras_policy::{ApprovalText, ModuleCount};
use selaras_sync::bundle::{self, Bundle, Header};
use selaras_sync::{EditSet, Flow, Key, ReadStore as _, Row, wire};

use super::client::Client;

pub(crate) struct Forgery<'c> {
    pub(crate) client: &'c Client,
    pub(crate) header: Header,
    pub(crate) edits: Vec<(RecordKey, Edit)>,
    pub(crate) counts: Option<Vec<ModuleCount>>,
    pub(crate) warnings: u32,
    pub(crate) judged_on: Date,
    pub(crate) signer: SigningKey,
    pub(crate) key: KeyId,
    pub(crate) ptk: RecordId,
}

impl Client {
    /// The first record of an entity, in the base.
    pub(crate) fn any(&self, entity: &str) -> RecordKey {
        let code = self.rules.pack.entity_named(entity).unwrap().code;
        let mut found = None;
        self.engine()
            .list(code, None, &mut |record| {
                found = Some(record.key());
                Flow::Stop
            })
            .unwrap();
        found.unwrap()
    }

    pub(crate) fn document(&self, key: RecordKey) -> Option<Document> {
        match self.store.get(&Key::Document(key)).unwrap() {
            Some(Row::Blob(bytes)) => Some(Document::load(&bytes).unwrap()),
            _ => None,
        }
    }

    /// A sound bundle with these edits; every one has a number of its own.
    pub(crate) fn forge(&self, number: u64, edits: Vec<(RecordKey, Fields)>) -> Forgery<'_> {
        let edits = edits.into_iter().map(|(key, fields)| {
            let heads = self.document(key).map(|document| document.heads()).unwrap_or_default();
            (key, Edit { fields, ..Edit::on(&heads) })
        });
        self.forge_edits(number, edits.collect())
    }

    pub(crate) fn forge_edits(&self, number: u64, edits: Vec<(RecordKey, Edit)>) -> Forgery<'_> {
        let position = self.engine().position().unwrap();
        let header = Header {
            npsn: self.npsn,
            replica: self.replica,
            sequence: Sequence::new(number),
            previous: None,
            epoch: position.epoch.unwrap(),
            sealed_on: position.version,
            pack: position.pack,
            rulebook: position.rulebook,
            minted: [0; 32],
        };
        let mut forgery = Forgery {
            client: self,
            header,
            edits,
            counts: None,
            warnings: 0,
            judged_on: position.judged_on,
            signer: self.head.clone(),
            key: self.head_key,
            ptk: self.ptk,
        };
        forgery.header.minted = forgery.minted();
        forgery
    }

    /// An honest edit of a student's field, different for each number.
    pub(crate) fn sound(&self, number: u64) -> Forgery<'_> {
        self.forge(number, vec![(self.any("peserta_didik"), one("rw", Value::Int(i64::try_from(number).unwrap())))])
    }
}

pub(crate) fn one(name: &str, value: Value) -> Fields {
    [(name.parse().unwrap(), value)].into_iter().collect()
}

impl Forgery<'_> {
    fn minted(&self) -> [u8; 32] {
        let actor = Actor {
            side: Side::School,
            school: self.header.npsn,
            replica: *self.header.replica.as_bytes(),
            sequence: self.header.sequence.get(),
        };
        let set = EditSet::new(self.edits.clone()).unwrap();
        let changes: Vec<ChangeHash> = set
            .edits()
            .iter()
            .filter_map(|(key, edit)| mint(self.client.document(*key).as_ref(), &actor, edit).ok())
            .map(|(_, minted)| minted.change)
            .collect();
        bundle::minted_hash(changes)
    }

    pub(crate) fn spoilt(mut self, how: impl FnOnce(&mut Self)) -> Self {
        how(&mut self);
        self
    }

    pub(crate) fn frozen(&self) -> Vec<u8> {
        bundle::freeze(Bundle { header: self.header.clone(), edits: EditSet::new(self.edits.clone()).unwrap() })
            .unwrap()
    }

    fn module_counts(&self) -> Vec<ModuleCount> {
        let pack = &self.client.rules.pack;
        let of = |key: &RecordKey| pack.entity(key.entity).map(|entity| entity.module);
        let modules = pack.modules().iter().enumerate().map(|(place, module)| {
            let records = self.edits.iter().filter(|(key, _)| of(key) == Some(place)).count();
            ModuleCount { module: module.name.clone(), records: u32::try_from(records).unwrap() }
        });
        modules.filter(|count| count.records > 0).collect()
    }

    /// The approval over these bytes, as docs/formats.md says it, without the gate's types.
    pub(crate) fn approval(&self, frozen: &[u8]) -> wire::Approval {
        let text = ApprovalText {
            npsn: self.header.npsn,
            bundle: bundle::id(frozen),
            replica: self.header.replica,
            sequence: self.header.sequence,
            pack: self.header.pack,
            rulebook: self.header.rulebook,
            counts: self.counts.clone().unwrap_or_else(|| self.module_counts()),
            warnings: self.warnings,
            judged_on: self.judged_on,
            ptk: self.ptk,
            key: self.key,
        };
        let digest = blake3::derive_key("selaras 1 approval", &text.canonical_bytes().unwrap());
        let pack = &self.client.rules.pack;
        let place = |name: &str| pack.modules().iter().position(|module| module.name == name).unwrap();
        let count = |count: &ModuleCount| wire::ModuleCount {
            module: u32::try_from(place(&count.module)).unwrap(),
            records: count.records,
        };
        wire::Approval {
            counts: text.counts.iter().map(count).collect(),
            warnings: text.warnings,
            judged_on: text.judged_on.days_since_epoch(),
            ptk: text.ptk.as_bytes().to_vec(),
            key: text.key.as_bytes().to_vec(),
            signature: self.signer.sign(&digest).to_bytes().to_vec(),
        }
    }

    pub(crate) fn request(&self) -> wire::ExchangeRequest {
        let frozen = self.frozen();
        let mut request = self.client.pull_body();
        request.last_sequence = self.header.sequence.get();
        wire::ExchangeRequest { approval: Some(self.approval(&frozen)), bundle: frozen, ..request }
    }

    /// Sends it; gives the code of its refusal.
    pub(crate) fn send(&self) -> String {
        self.client.outcome(&self.request().encode_to_vec())
    }
}
