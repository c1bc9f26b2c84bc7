//! Keys and ranges as bytes. After the space every key begins with the school's NPSN; numbers are big-endian, so that
//! the order of the bytes is the order of the keys.

use selaras_model::{BundleId, EntityCode, EntryHash, LogVersion, Npsn, RecordId, RecordKey, ReplicaId};
use selaras_sync::store::{Key, Range, StateName};

use crate::space::Space;

/// Bytes of the NPSN at the front of every key.
pub(crate) const SCOPE: usize = 8;

/// Gives the space of a key, and its bytes with the school's in front.
pub(crate) fn encode(npsn: Npsn, key: &Key) -> (Space, Vec<u8>) {
    let mut bytes = npsn.as_bytes().to_vec();
    let space = space_of(key);
    match key {
        Key::State(name) => bytes.push(state_number(*name)),
        Key::Document(key) | Key::Base(key) | Key::View(key) | Key::Conflict(key) => {
            bytes.extend_from_slice(&key.to_bytes());
        }
        Key::Draft(key, generation) => {
            bytes.extend_from_slice(&key.to_bytes());
            bytes.extend_from_slice(&generation.to_be_bytes());
        }
        Key::Index(entity, bucket, id) => {
            bytes.extend_from_slice(&entity.0.to_be_bytes());
            bytes.extend_from_slice(bucket);
            bytes.extend_from_slice(id.as_bytes());
        }
        Key::Finding(subject) => bytes.extend_from_slice(subject),
        Key::Lanes(module) => bytes.extend_from_slice(&module.to_be_bytes()),
        Key::Entry(version) => bytes.extend_from_slice(&version.get().to_be_bytes()),
        Key::Answer(bundle) | Key::Approval(bundle) => bytes.extend_from_slice(bundle.as_bytes()),
        Key::Replica(replica) => bytes.extend_from_slice(replica.as_bytes()),
        Key::History(number) => bytes.extend_from_slice(&number.to_be_bytes()),
        Key::Text32(hash) => bytes.extend_from_slice(hash),
        Key::Kept(place, part) => {
            bytes.extend_from_slice(&place.to_be_bytes());
            bytes.extend_from_slice(&part.to_be_bytes());
        }
        Key::Replayed(hash) | Key::Past(hash) => bytes.extend_from_slice(hash.as_bytes()),
        Key::Local(name) => bytes.extend_from_slice(name.as_bytes()),
    }
    (space, bytes)
}

/// Reads what [`encode`] gave, without the school's bytes; `None` for bytes that are no key of the space.
pub(crate) fn decode(space: Space, bytes: &[u8]) -> Option<Key> {
    let record = || RecordKey::from_bytes(bytes).ok();
    Some(match space {
        Space::Format => return None,
        Space::State => Key::State(state_name(*one(bytes)?)?),
        Space::Document => Key::Document(record()?),
        Space::Base => Key::Base(record()?),
        Space::View => Key::View(record()?),
        Space::Conflict => Key::Conflict(record()?),
        Space::Draft => {
            let (key, generation) = bytes.split_last_chunk::<4>()?;
            Key::Draft(RecordKey::from_bytes(key).ok()?, u32::from_be_bytes(*generation))
        }
        Space::Index => {
            let (entity, rest) = bytes.split_first_chunk::<2>()?;
            let (bucket, id) = rest.split_first_chunk::<16>()?;
            Key::Index(EntityCode(u16::from_be_bytes(*entity)), *bucket, RecordId::from_bytes(id.try_into().ok()?))
        }
        Space::Finding => Key::Finding(bytes.to_vec()),
        Space::Lanes => Key::Lanes(u16::from_be_bytes(bytes.try_into().ok()?)),
        Space::Entry => Key::Entry(LogVersion::new(number(bytes)?)),
        Space::Answer => Key::Answer(BundleId::try_from(bytes).ok()?),
        Space::Approval => Key::Approval(BundleId::try_from(bytes).ok()?),
        Space::Replica => Key::Replica(ReplicaId::try_from(bytes).ok()?),
        Space::History => Key::History(number(bytes)?),
        Space::Text => Key::Text32(bytes.try_into().ok()?),
        Space::Kept => {
            let (place, part) = bytes.split_last_chunk::<4>()?;
            Key::Kept(number(place)?, u32::from_be_bytes(*part))
        }
        Space::Replayed => Key::Replayed(EntryHash::try_from(bytes).ok()?),
        Space::Past => Key::Past(EntryHash::try_from(bytes).ok()?),
        Space::Local => Key::Local(std::str::from_utf8(bytes).ok()?.to_owned()),
    })
}

/// Gives the space of a key.
pub(crate) const fn space_of(key: &Key) -> Space {
    match key {
        Key::State(_) => Space::State,
        Key::Document(_) => Space::Document,
        Key::Base(_) => Space::Base,
        Key::View(_) => Space::View,
        Key::Draft(..) => Space::Draft,
        Key::Index(..) => Space::Index,
        Key::Conflict(_) => Space::Conflict,
        Key::Finding(_) => Space::Finding,
        Key::Lanes(_) => Space::Lanes,
        Key::Entry(_) => Space::Entry,
        Key::Answer(_) => Space::Answer,
        Key::Approval(_) => Space::Approval,
        Key::Replica(_) => Space::Replica,
        Key::History(_) => Space::History,
        Key::Text32(_) => Space::Text,
        Key::Kept(..) => Space::Kept,
        Key::Replayed(_) => Space::Replayed,
        Key::Past(_) => Space::Past,
        Key::Local(_) => Space::Local,
    }
}

/// Where a range lies: keys of `space` that begin with `prefix`, from `from` on.
pub(crate) struct Stretch {
    pub(crate) space: Space,
    pub(crate) prefix: Vec<u8>,
    pub(crate) from: Vec<u8>,
}

/// Gives the stretch of keys that a range of a school means.
pub(crate) fn stretch(npsn: Npsn, range: &Range) -> Stretch {
    let (space, within, from) = match range {
        Range::Views(entity, from) => {
            (Space::View, entity.0.to_be_bytes().to_vec(), from.map(|id| id.as_bytes().to_vec()))
        }
        Range::Bases(from) => (Space::Base, Vec::new(), from.map(|key| key.to_bytes().to_vec())),
        Range::Drafts(from) => (Space::Draft, Vec::new(), from.map(|key| key.to_bytes().to_vec())),
        Range::DraftsOf(key) => (Space::Draft, key.to_bytes().to_vec(), None),
        Range::Index(entity, bucket) => (Space::Index, [entity.0.to_be_bytes().as_slice(), bucket].concat(), None),
        Range::AllIndex => (Space::Index, Vec::new(), None),
        Range::Conflicts => (Space::Conflict, Vec::new(), None),
        Range::Findings => (Space::Finding, Vec::new(), None),
        Range::Entries(from) => (Space::Entry, Vec::new(), Some(from.get().to_be_bytes().to_vec())),
        Range::History(from) => (Space::History, Vec::new(), Some(from.to_be_bytes().to_vec())),
        Range::Locals(prefix) => (Space::Local, prefix.as_bytes().to_vec(), None),
        Range::Replicas => (Space::Replica, Vec::new(), None),
        Range::Kept(from) => (Space::Kept, Vec::new(), Some(from.to_be_bytes().to_vec())),
    };
    let mut prefix = npsn.as_bytes().to_vec();
    prefix.extend_from_slice(&within);
    let mut start = prefix.clone();
    start.extend_from_slice(&from.unwrap_or_default());
    Stretch { space, prefix, from: start }
}

const fn state_number(name: StateName) -> u8 {
    match name {
        StateName::Installation => 1,
        StateName::Position => 2,
        StateName::Sealed => 3,
        StateName::Intent => 4,
        StateName::Judged => 5,
        StateName::Releases => 6,
        StateName::SealedModules => 7,
        StateName::EarlierNames => 8,
        StateName::Healing => 20,
        StateName::Staged => 21,
    }
}

const fn state_name(number: u8) -> Option<StateName> {
    match number {
        1 => Some(StateName::Installation),
        2 => Some(StateName::Position),
        3 => Some(StateName::Sealed),
        4 => Some(StateName::Intent),
        5 => Some(StateName::Judged),
        6 => Some(StateName::Releases),
        7 => Some(StateName::SealedModules),
        8 => Some(StateName::EarlierNames),
        20 => Some(StateName::Healing),
        21 => Some(StateName::Staged),
        _ => None,
    }
}

fn one(bytes: &[u8]) -> Option<&u8> {
    if bytes.len() == 1 { bytes.first() } else { None }
}

fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
