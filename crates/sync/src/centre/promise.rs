//! What the centre promises to others, as entries of the log hold it.
//!
//! Rows of computers, heads' keys and the kode follow from these; schools hand the entries back to a restored centre.

use prost::Message;
use selaras_model::{DeviceId, KeyId, Npsn, RecordId, ReplicaId};

use super::head_keys::key_id;
use super::registry::device_id;
use super::rows::{DeviceEnd, DeviceRow, HeadKeyRow, KodeRow, SchoolRow};
use crate::entry::MAX_PROMISES;
use crate::release::PromisedRelease;
use crate::wire::{self, promise::What};

/// The kind of the acts that promise something.
pub(super) const KIND: &str = "registry";
/// An entry's promises over so many bytes are not added to; one promise is far below the rest.
const ROOM: usize = MAX_PROMISES / 2;

/// A promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Promise {
    /// The school was made known, or has another name or area than before.
    Founded(SchoolRow),
    /// A computer was registered; its row has no end.
    Registered(DeviceId, DeviceRow),
    /// A computer was taken away or replaced; its row has an end.
    Removed(DeviceId, DeviceRow),
    /// A computer was taken away or replaced whose registration is not known here.
    Gone(DeviceId, DeviceEnd),
    /// A head's key was enrolled.
    Enrolled(KeyId, HeadKeyRow),
    /// A head's key ended.
    Revoked(KeyId, HeadKeyRow),
    /// The kode was replaced.
    Kode(KodeRow),
    /// A release of pack and rulebook was announced, withdrawn, or has begun.
    Released(PromisedRelease),
}

impl Promise {
    /// What was promised about a computer.
    pub(super) fn of_device(device: DeviceId, row: DeviceRow) -> Self {
        if row.is_live() { Self::Registered(device, row) } else { Self::Removed(device, row) }
    }

    /// What was promised about a head's key.
    pub(super) fn of_key(key: KeyId, row: HeadKeyRow) -> Self {
        if row.revoked_at.is_some() { Self::Revoked(key, row) } else { Self::Enrolled(key, row) }
    }

    fn to_wire(&self) -> wire::Promise {
        let what = match self {
            Self::Founded(SchoolRow { name, area, number }) => {
                What::Founded(wire::SchoolFounded { name: name.clone(), area: area.clone(), number: *number })
            }
            Self::Registered(_, row) => What::Registered(registered_to_wire(row)),
            Self::Removed(_, row) => {
                let end = row.ended.clone().unwrap_or_default();
                What::Removed(wire::DeviceRemoved { device: Some(registered_to_wire(row)), ..removed_to_wire(end) })
            }
            Self::Gone(device, end) => {
                let id = device.as_bytes().to_vec();
                What::Removed(wire::DeviceRemoved { id, ..removed_to_wire(end.clone()) })
            }
            Self::Enrolled(_, row) => What::Enrolled(enrolled_to_wire(row)),
            Self::Revoked(_, row) => What::Revoked(wire::KeyRevoked {
                key: Some(enrolled_to_wire(row)),
                at: row.revoked_at.unwrap_or_default(),
                because: row.revoked_because.clone(),
                by: row.revoked_by.clone().unwrap_or_default(),
            }),
            Self::Kode(KodeRow { number, proof }) => {
                What::Kode(wire::KodeRotated { number: *number, proof: proof.to_vec() })
            }
            Self::Released(promised) => What::Released(promised.to_wire()),
        };
        wire::Promise { what: Some(what) }
    }

    /// Reads a promise; none for one of a kind or shape that is not known here, which stays in its entry.
    fn from_wire(npsn: Npsn, promise: wire::Promise) -> Option<Self> {
        Some(match promise.what? {
            What::Founded(wire::SchoolFounded { name, area, number }) => {
                Self::Founded(SchoolRow { name, area, number })
            }
            What::Registered(registered) => {
                let row = read_registered(registered)?;
                Self::Registered(device_id(npsn, &row.public), row)
            }
            What::Removed(removed) => {
                let replaced_by = DeviceId::try_from(removed.replaced_by.as_slice()).ok();
                let end = DeviceEnd { at: removed.at, because: removed.because, by: text(removed.by), replaced_by };
                let Some(registered) = removed.device else {
                    return Some(Self::Gone(DeviceId::try_from(removed.id.as_slice()).ok()?, end));
                };
                let row = read_registered(registered)?;
                Self::Removed(device_id(npsn, &row.public), DeviceRow { ended: Some(end), ..row })
            }
            What::Enrolled(enrolled) => {
                let row = read_enrolled(&enrolled)?;
                Self::Enrolled(key_id(npsn, row.ptk, &row.public), row)
            }
            What::Revoked(revoked) => {
                let row = HeadKeyRow {
                    revoked_at: Some(revoked.at),
                    revoked_because: revoked.because,
                    revoked_by: text(revoked.by),
                    ..read_enrolled(&revoked.key?)?
                };
                Self::Revoked(key_id(npsn, row.ptk, &row.public), row)
            }
            What::Kode(kode) => Self::Kode(KodeRow { number: kode.number, proof: kode.proof.try_into().ok()? }),
            What::Released(released) => Self::Released(PromisedRelease::from_wire(&released)?),
        })
    }
}

/// Encodes promises as entries hold them, as many to one as have room.
pub(super) fn encode(promises: &[Promise]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let mut open = wire::Promises::default();
    for promise in promises {
        open.promises.push(promise.to_wire());
        if open.encoded_len() > ROOM {
            entries.push(std::mem::take(&mut open).encode_to_vec());
        }
    }
    if !open.promises.is_empty() {
        entries.push(open.encode_to_vec());
    }
    entries
}

/// Reads those promises of an entry that are known here.
pub(super) fn decode(npsn: Npsn, bytes: &[u8]) -> Vec<Promise> {
    let promises = wire::Promises::decode(bytes).unwrap_or_default().promises.into_iter();
    promises.filter_map(|promise| Promise::from_wire(npsn, promise)).collect()
}

/// The releases that an entry promises.
pub(crate) fn releases(npsn: Npsn, bytes: &[u8]) -> Vec<PromisedRelease> {
    let released = |promise| match promise {
        Promise::Released(promised) => Some(promised),
        _ => None,
    };
    decode(npsn, bytes).into_iter().filter_map(released).collect()
}

fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn removed_to_wire(end: DeviceEnd) -> wire::DeviceRemoved {
    wire::DeviceRemoved {
        device: None,
        at: end.at,
        because: end.because,
        by: end.by.unwrap_or_default(),
        replaced_by: end.replaced_by.map(|device| device.as_bytes().to_vec()).unwrap_or_default(),
        id: Vec::new(),
    }
}

fn registered_to_wire(row: &DeviceRow) -> wire::DeviceRegistered {
    wire::DeviceRegistered {
        public: row.public.to_vec(),
        replica: row.replica.as_bytes().to_vec(),
        app_version: row.app_version.clone(),
        at: row.registered_at,
    }
}

fn read_registered(registered: wire::DeviceRegistered) -> Option<DeviceRow> {
    Some(DeviceRow {
        public: registered.public.try_into().ok()?,
        replica: ReplicaId::try_from(registered.replica.as_slice()).ok()?,
        app_version: registered.app_version,
        registered_at: registered.at,
        ended: None,
    })
}

fn enrolled_to_wire(row: &HeadKeyRow) -> wire::KeyEnrolled {
    wire::KeyEnrolled { ptk: row.ptk.as_bytes().to_vec(), public: row.public.to_vec(), at: row.enrolled_at }
}

fn read_enrolled(enrolled: &wire::KeyEnrolled) -> Option<HeadKeyRow> {
    Some(HeadKeyRow {
        ptk: RecordId::from_bytes(enrolled.ptk.as_slice().try_into().ok()?),
        public: enrolled.public.as_slice().try_into().ok()?,
        enrolled_at: enrolled.at,
        revoked_at: None,
        revoked_because: Vec::new(),
        revoked_by: None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::release::{Release, ReleaseStage};

    fn device(ended: Option<DeviceEnd>) -> Promise {
        let replica = ReplicaId::from_bytes([2; 8]);
        let row = DeviceRow { public: [1; 32], replica, app_version: "0.1.0".into(), registered_at: 7, ended };
        Promise::of_device(device_id("99999999".parse().unwrap(), &row.public), row)
    }

    fn key(revoked_at: Option<i64>) -> Promise {
        let (because, by) = (revoked_at.map(|_| "by-hand".to_owned()), revoked_at.map(|_| "pusat".to_owned()));
        let row = HeadKeyRow {
            ptk: RecordId::from_bytes([3; 16]),
            public: [4; 32],
            enrolled_at: 8,
            revoked_at,
            revoked_because: because.into_iter().collect(),
            revoked_by: by,
        };
        Promise::of_key(key_id("99999999".parse().unwrap(), row.ptk, &row.public), row)
    }

    #[test]
    fn every_promise_is_read_as_it_was_made_and_an_unknown_one_is_passed_over() {
        let replaced_by = Some(DeviceId::from_bytes([5; 8]));
        let end = |by, replaced_by| DeviceEnd { at: 9, because: "stolen".into(), by, replaced_by };
        let release = Release {
            from: "2026-12-15".parse().unwrap(),
            pack: selaras_model::PackHash::from_bytes([7; 32]),
            rulebook: selaras_model::RulebookHash::from_bytes([8; 32]),
        };
        let released = |stage| Promise::Released(PromisedRelease { release, stage });
        let promises = [
            Promise::Founded(SchoolRow { name: "SMP Contoh".into(), area: "327301".into(), number: 0 }),
            Promise::Founded(SchoolRow { name: "SMP Lain".into(), area: "327302".into(), number: 2 }),
            released(ReleaseStage::Announced),
            released(ReleaseStage::Withdrawn),
            released(ReleaseStage::Begun),
            device(None),
            device(Some(end(Some("pusat".into()), None))),
            device(Some(end(None, replaced_by))),
            Promise::Gone(DeviceId::from_bytes([8; 8]), end(Some("pusat".into()), None)),
            key(None),
            key(Some(10)),
            Promise::Kode(KodeRow { number: 3, proof: [6; 32] }),
        ];
        let mut bytes = encode(&promises).pop().unwrap();
        // A promise of a later version, before and behind those that are known.
        let unknown = [0x0a, 0x04, 0xfa, 0x01, 0x01, 0x00];
        bytes.splice(0..0, unknown);
        bytes.extend(unknown);
        assert_eq!(decode("99999999".parse().unwrap(), &bytes), promises);
        assert!(decode("99999999".parse().unwrap(), b"\xff").is_empty());
    }

    /// Stores and backups hold these bytes.
    #[test]
    fn the_bytes_of_a_release_and_of_a_later_name_are_as_they_were_first_made() {
        let release = Release {
            from: "2026-12-15".parse().unwrap(),
            pack: selaras_model::PackHash::from_bytes([7; 32]),
            rulebook: selaras_model::RulebookHash::from_bytes([8; 32]),
        };
        let bytes = |promise: Promise| {
            let entries = encode(&[promise]);
            entries.first().unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        let named = SchoolRow { name: "SMP".into(), area: "3273".into(), number: 2 };
        assert_eq!(bytes(Promise::Founded(named)), "0a0f0a0d0a03534d501204333237331802");
        let hashes = format!("1220{}1a20{}", "07".repeat(32), "08".repeat(32));
        let begun = PromisedRelease { release, stage: ReleaseStage::Begun };
        assert_eq!(bytes(Promise::Released(begun)), format!("0a4e3a4c0a480884c502{hashes}1001"));
        let withdrawn = PromisedRelease { release, stage: ReleaseStage::Withdrawn };
        assert_eq!(bytes(Promise::Released(withdrawn)), format!("0a4e3a4c0a480884c502{hashes}1801"));
    }

    #[test]
    fn many_promises_are_several_entries() {
        let promises: Vec<_> = (0..500).map(|_| key(Some(10))).collect();
        let entries = encode(&promises);
        assert!(entries.len() > 1 && entries.iter().all(|entry| entry.len() <= MAX_PROMISES));
        let read = entries.iter().flat_map(|entry| decode("99999999".parse().unwrap(), entry));
        assert_eq!(read.collect::<Vec<_>>(), promises);
        assert!(encode(&[]).is_empty());
    }
}
