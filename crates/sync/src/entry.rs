//! An entry of a school's log, and the receipt: that entry, signed by the centre.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use prost::Message;
use selaras_model::{
    Actor, BundleId, Digest, EntryHash, EpochId, LogVersion, Npsn, PackHash, ReplicaId, RulebookHash, Sequence, Side,
    root_digest,
};
use serde::{Deserialize, Serialize};

use crate::wire;

const ENTRY_CONTEXT: &str = "selaras 1 entry";

/// The largest entry, in bytes (its edits are kept beside it).
pub const MAX_ENTRY_BYTES: usize = 16 << 10;
/// The largest number of modules that an entry has digests of.
pub const MAX_ENTRY_MODULES: usize = 64;
/// The longest promises of an entry, in bytes.
pub const MAX_PROMISES: usize = 8 << 10;
/// The longest code of an act of the centre, in bytes.
pub const MAX_ACT_KIND: usize = 64;

/// How the kinds of acts begin that are states of moves.
pub(crate) const MOVES: &str = "move.";

/// Why bytes are no entry, or no signed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Not an entry's bytes, or over its limits.
    #[error("the entry is malformed")]
    Malformed,
    /// The signature is not the centre's over this entry.
    #[error("the entry is not signed by this centre")]
    Signature,
}

/// Whose edits an entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A school's bundle.
    Bundle {
        /// The bundle.
        bundle: BundleId,
        /// The computer that sent it.
        replica: ReplicaId,
        /// Its place among that computer's bundles.
        sequence: Sequence,
    },
    /// The centre's own act.
    Act {
        /// What kind of act, as a code such as `identity.correct`.
        kind: String,
        /// What the centre promises by it, as it was first encoded; empty for most acts.
        promises: Vec<u8>,
    },
}

/// One entry of a school's log: what happened, and the digests after it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogEntry {
    /// The school.
    pub npsn: Npsn,
    /// The centre's database; new at every restore.
    pub epoch: EpochId,
    /// One more than the entry before.
    pub version: LogVersion,
    /// The hash of the entry before; none for the first.
    pub previous: Option<EntryHash>,
    /// The hash of the edits (`EditSet::hash`).
    pub edits: [u8; 32],
    /// How many records it edits.
    pub records: u32,
    /// Whose edits they are.
    pub origin: Origin,
    /// The pack in force.
    pub pack: PackHash,
    /// The rulebook in force.
    pub rulebook: RulebookHash,
    /// The modules' digests after it, in the pack's order.
    pub digests: Vec<Digest>,
    /// The centre's clock, in seconds since 1970; shown, never used to decide.
    pub at: i64,
    /// Where a restored centre took this entry from a school again: the entry as it was signed first.
    pub first: Option<FirstLife>,
}

/// An entry of an earlier life of the centre's database.
///
/// The centre's own changes are named by epoch and version, so whoever mints a replayed entry needs the first ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FirstLife {
    /// The life in which it was made.
    pub epoch: EpochId,
    /// Its version then.
    pub version: LogVersion,
    /// Its hash then, by which it is replayed once.
    pub entry: EntryHash,
}

impl LogEntry {
    /// The author of its changes: the same in every life of the log.
    pub(crate) fn actor(&self) -> Actor {
        match &self.origin {
            Origin::Bundle { replica, sequence, .. } => bundle_actor(self.npsn, *replica, *sequence),
            Origin::Act { .. } => {
                let (epoch, version) =
                    self.first.as_ref().map_or((self.epoch, self.version), |first| (first.epoch, first.version));
                act_actor(self.npsn, epoch, version)
            }
        }
    }

    /// What the centre promises by it, encoded; empty for most entries.
    pub(crate) fn promises(&self) -> &[u8] {
        match &self.origin {
            Origin::Act { promises, .. } => promises,
            Origin::Bundle { .. } => &[],
        }
    }

    /// Whether it changes no record and says something all the same: a promise, or the state of a move.
    pub(crate) fn is_note(&self) -> bool {
        let of_move = matches!(&self.origin, Origin::Act { kind, .. } if kind.starts_with(MOVES));
        !self.promises().is_empty() || self.records == 0 && of_move
    }

    /// The entry as it was signed first, given its own hash.
    pub(crate) fn first_life(&self, hash: EntryHash) -> FirstLife {
        let own = || FirstLife { epoch: self.epoch, version: self.version, entry: hash };
        self.first.clone().unwrap_or_else(own)
    }

    /// Gives the digest over all modules after this entry.
    #[must_use]
    pub fn root(&self) -> Digest {
        root_digest(&self.digests)
    }

    pub(crate) fn origin_to_wire(&self) -> wire::log_entry::Origin {
        match &self.origin {
            Origin::Bundle { bundle, replica, sequence } => wire::log_entry::Origin::Bundle(wire::BundleOrigin {
                bundle: bundle.as_bytes().to_vec(),
                replica: replica.as_bytes().to_vec(),
                sequence: sequence.get(),
            }),
            Origin::Act { kind, promises } => {
                wire::log_entry::Origin::Act(wire::ActOrigin { kind: kind.clone(), promises: promises.clone() })
            }
        }
    }

    pub(crate) fn first_to_wire(&self) -> Option<wire::FirstLife> {
        self.first.as_ref().map(|first| wire::FirstLife {
            epoch: first.epoch.as_bytes().to_vec(),
            version: first.version.get(),
            entry: first.entry.as_bytes().to_vec(),
        })
    }

    /// Makes the bytes that are kept, hashed and signed; they are never made anew from a read entry.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::LogEntry {
            npsn: self.npsn.as_bytes().to_vec(),
            epoch: self.epoch.as_bytes().to_vec(),
            version: self.version.get(),
            previous: self.previous.map(|hash| hash.as_bytes().to_vec()).unwrap_or_default(),
            edits: self.edits.to_vec(),
            records: self.records,
            origin: Some(self.origin_to_wire()),
            pack: self.pack.as_bytes().to_vec(),
            rulebook: self.rulebook.as_bytes().to_vec(),
            digests: self.digests.iter().map(|digest| digest.as_bytes().to_vec()).collect(),
            at: self.at,
            first: self.first_to_wire(),
        }
        .encode_to_vec()
    }

    /// Reads an entry's bytes.
    ///
    /// # Errors
    /// [`EntryError::Malformed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(EntryError::Malformed);
        }
        let wire = wire::LogEntry::decode(bytes).map_err(|_| EntryError::Malformed)?;
        if wire.digests.len() > MAX_ENTRY_MODULES {
            return Err(EntryError::Malformed);
        }
        let digests =
            wire.digests.iter().map(|digest| Ok(Digest::from_bytes(fixed(digest)?))).collect::<Result<_, _>>();
        Ok(Self {
            npsn: Npsn::from_bytes(fixed(&wire.npsn)?).map_err(|_| EntryError::Malformed)?,
            epoch: EpochId::from_bytes(fixed(&wire.epoch)?),
            version: LogVersion::new(wire.version),
            previous: if wire.previous.is_empty() { None } else { Some(EntryHash::from_bytes(fixed(&wire.previous)?)) },
            edits: fixed(&wire.edits)?,
            records: wire.records,
            origin: read_origin(wire.origin)?,
            pack: PackHash::from_bytes(fixed(&wire.pack)?),
            rulebook: RulebookHash::from_bytes(fixed(&wire.rulebook)?),
            digests: digests?,
            at: wire.at,
            first: wire.first.as_ref().map(read_first).transpose()?,
        })
    }
}

/// The author of an act's changes: the centre, by its database's life and the entry's version.
pub(crate) fn act_actor(school: Npsn, epoch: EpochId, version: LogVersion) -> Actor {
    Actor { side: Side::Centre, school, replica: *epoch.as_bytes(), sequence: version.get() }
}

/// The author of a bundle's changes.
pub(crate) fn bundle_actor(school: Npsn, replica: ReplicaId, sequence: Sequence) -> Actor {
    Actor { side: Side::School, school, replica: *replica.as_bytes(), sequence: sequence.get() }
}

pub(crate) fn read_first(wire: &wire::FirstLife) -> Result<FirstLife, EntryError> {
    Ok(FirstLife {
        epoch: EpochId::from_bytes(fixed(&wire.epoch)?),
        version: LogVersion::new(wire.version),
        entry: EntryHash::from_bytes(fixed(&wire.entry)?),
    })
}

pub(crate) fn read_origin(wire: Option<wire::log_entry::Origin>) -> Result<Origin, EntryError> {
    match wire.ok_or(EntryError::Malformed)? {
        wire::log_entry::Origin::Bundle(origin) => Ok(Origin::Bundle {
            bundle: BundleId::from_bytes(fixed(&origin.bundle)?),
            replica: ReplicaId::from_bytes(fixed(&origin.replica)?),
            sequence: Sequence::new(origin.sequence),
        }),
        wire::log_entry::Origin::Act(origin)
            if origin.kind.len() <= MAX_ACT_KIND && origin.promises.len() <= MAX_PROMISES =>
        {
            Ok(Origin::Act { kind: origin.kind, promises: origin.promises })
        }
        wire::log_entry::Origin::Act(_) => Err(EntryError::Malformed),
    }
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], EntryError> {
    bytes.try_into().map_err(|_| EntryError::Malformed)
}

/// Hashes an entry's bytes; the next entry names this hash, and the centre signs the newest one.
#[must_use]
pub fn entry_hash(bytes: &[u8]) -> EntryHash {
    EntryHash::from_bytes(blake3::derive_key(ENTRY_CONTEXT, bytes))
}

/// An entry with the centre's signature: what a school holds as its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt {
    bytes: Vec<u8>,
    signature: [u8; 64],
    entry: LogEntry,
}

impl Receipt {
    /// Signs an entry's hash.
    ///
    /// # Errors
    /// [`EntryError::Malformed`] for an entry over the limits of reading it again.
    pub fn sign(bytes: Vec<u8>, key: &SigningKey) -> Result<Self, EntryError> {
        let entry = LogEntry::from_bytes(&bytes)?;
        let signature = key.sign(entry_hash(&bytes).as_bytes()).to_bytes();
        Ok(Self { bytes, signature, entry })
    }

    /// Takes bytes and signature as they came, and checks them by the centre's key.
    ///
    /// # Errors
    /// [`EntryError::Signature`] when it is not the centre's, [`EntryError::Malformed`] when it is no entry.
    pub fn verify(bytes: Vec<u8>, signature: &[u8], key: &VerifyingKey) -> Result<Self, EntryError> {
        let signature: [u8; 64] = fixed(signature)?;
        let hash = entry_hash(&bytes);
        key.verify_strict(hash.as_bytes(), &Signature::from_bytes(&signature)).map_err(|_| EntryError::Signature)?;
        let entry = LogEntry::from_bytes(&bytes)?;
        Ok(Self { bytes, signature, entry })
    }

    /// Gives the entry.
    #[must_use]
    pub fn entry(&self) -> &LogEntry {
        &self.entry
    }

    /// Gives the entry's bytes as they were signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the centre's Ed25519 signature over the entry's hash.
    #[must_use]
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// Gives a code of 12 letters and digits in groups of four that a person can read out: the first 60 bits of the
    /// entry's hash in Crockford's base 32, which leaves out I, L, O and U.
    #[must_use]
    pub fn short_code(&self) -> String {
        const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let hash = entry_hash(&self.bytes);
        let bits = hash.as_bytes().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let mut code = String::with_capacity(14);
        for place in 0..12_u32 {
            if place > 0 && place % 4 == 0 {
                code.push('-');
            }
            let index = usize::try_from(bits >> (59 - 5 * place) & 31).unwrap_or_default();
            code.extend(LETTERS.get(index).map(|letter| char::from(*letter)));
        }
        code
    }
}
