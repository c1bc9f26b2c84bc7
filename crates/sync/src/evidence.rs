//! Approvals as files: evidence of what was approved and arrived, and the way of a signature between two computers.
//!
//! A file is 16 bytes that name its kind, a format number (`u32`, big-endian) and an `ApprovalFile` message. Protobuf may
//! write one message in many ways, and these files are compared by people: only the bytes that this module writes are
//! read, so that no byte of a file can be changed unnoticed.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use prost::Message;
use selaras_model::{BundleId, Date, KeyId, Npsn, PackHash, RecordId, ReplicaId, RulebookHash, Sequence};
use selaras_policy::{Approval, ApprovalText, MAX_MODULES, ModuleCount};

use crate::entry::{LogEntry, Origin, Receipt};
use crate::store::{EntryRow, Key, ReadStore, Row, StoreError};
use crate::{bundle, wire};

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;
/// The largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 10;
const EVIDENCE: &[u8; 16] = b"selaras evidence";
const REQUEST: &[u8; 16] = b"selaras request\n";
const SIGNED: &[u8; 16] = b"selaras signed\r\n";
const CONTEXT: &str = "selaras 1 head key";
/// The code of an entry whose approval is not kept on this side.
pub(crate) const NO_APPROVAL: &str = "evidence.no-approval";

/// Why a file, or what it says, does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Not a file of this kind.
    #[error("this is no such file")]
    Kind,
    /// A format that this version does not read.
    #[error("the file has format {0}, this version reads {FORMAT}")]
    Format(u32),
    /// The bytes are not those that were written.
    #[error("the file is damaged")]
    Damaged,
    /// The centre did not sign the entry of the log.
    #[error("the centre did not sign the entry")]
    Entry,
    /// The centre did not enrol this key for this person of this school.
    #[error("the centre did not enrol this head's key")]
    HeadKey,
    /// The head did not sign this text.
    #[error("the head did not sign this")]
    Signature,
    /// Approval and entry are about different bundles.
    #[error("approval and entry do not belong together")]
    Mismatch,
    /// The bundle's bytes are not those that were approved.
    #[error("the bundle is not the one that was approved")]
    Bundle,
}

/// A head's public key, as the centre enrolled it for a person of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadKey {
    /// Ed25519.
    pub public: [u8; 32],
    /// The centre's clock, in seconds since 1970.
    pub enrolled_at: i64,
    /// The centre's signature; see [`certify`].
    pub certificate: [u8; 64],
}

/// What the centre signs of a head's key: BLAKE3 with the context `selaras 1 head key` over NPSN (8), PTK (16), the key's
/// name (8), the public key (32) and the time of enrolment (8, two's complement).
fn certified(npsn: Npsn, ptk: RecordId, key: KeyId, public: &[u8; 32], enrolled_at: i64) -> [u8; 32] {
    let mut bytes = npsn.as_bytes().to_vec();
    bytes.extend_from_slice(ptk.as_bytes());
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(public);
    bytes.extend_from_slice(&enrolled_at.to_be_bytes());
    blake3::derive_key(CONTEXT, &bytes)
}

/// Signs that a key was enrolled, as the centre.
#[must_use]
pub fn certify(
    npsn: Npsn,
    ptk: RecordId,
    key: KeyId,
    public: [u8; 32],
    enrolled_at: i64,
    centre: &SigningKey,
) -> HeadKey {
    let certificate = centre.sign(&certified(npsn, ptk, key, &public, enrolled_at)).to_bytes();
    HeadKey { public, enrolled_at, certificate }
}

impl HeadKey {
    /// Checks that the centre enrolled this key under this name for this person of this school, and gives the key.
    ///
    /// # Errors
    /// [`EvidenceError::HeadKey`] when it did not.
    pub fn verify(
        &self,
        npsn: Npsn,
        ptk: RecordId,
        key: KeyId,
        centre: &VerifyingKey,
    ) -> Result<VerifyingKey, EvidenceError> {
        let digest = certified(npsn, ptk, key, &self.public, self.enrolled_at);
        let signature = Signature::from_bytes(&self.certificate);
        centre.verify_strict(&digest, &signature).map_err(|_| EvidenceError::HeadKey)?;
        VerifyingKey::from_bytes(&self.public).map_err(|_| EvidenceError::HeadKey)
    }
}

/// Writes what a head elsewhere is asked to sign.
#[must_use]
pub fn write_request(text: &ApprovalText) -> Vec<u8> {
    let unsigned = ApprovalText { key: KeyId::from_bytes([0; 8]), ..text.clone() };
    let approval = wire::ApprovalDocument { key: Vec::new(), signature: Vec::new(), ..document(&unsigned, &[]) };
    file(REQUEST, &wire::ApprovalFile { approval: Some(approval), ..wire::ApprovalFile::default() })
}

/// Reads what a head elsewhere is asked to sign; the key in it is the signer's to fill in.
///
/// # Errors
/// [`EvidenceError::Kind`], [`EvidenceError::Format`] or [`EvidenceError::Damaged`].
pub fn read_request(bytes: &[u8]) -> Result<ApprovalText, EvidenceError> {
    let file = open(REQUEST, bytes)?;
    let document = file.approval.ok_or(EvidenceError::Damaged)?;
    let bare = file.key.is_none() && file.entry.is_empty() && document.key.is_empty() && document.signature.is_empty();
    if !bare || !file.entry_signature.is_empty() || !file.centre_key.is_empty() {
        return Err(EvidenceError::Damaged);
    }
    text_of(&document, KeyId::from_bytes([0; 8]))
}

/// Writes a signature on its way back.
#[must_use]
pub fn write_signed(approval: &Approval, key: &HeadKey) -> Vec<u8> {
    let approval = document(approval.text(), approval.signature());
    let key = Some(head_key(key));
    file(SIGNED, &wire::ApprovalFile { approval: Some(approval), key, ..wire::ApprovalFile::default() })
}

/// Reads a signature on its way back; nothing of it is believed yet.
///
/// # Errors
/// As [`read_request`].
pub fn read_signed(bytes: &[u8]) -> Result<(Approval, HeadKey), EvidenceError> {
    let file = open(SIGNED, bytes)?;
    if !file.entry.is_empty() || !file.entry_signature.is_empty() || !file.centre_key.is_empty() {
        return Err(EvidenceError::Damaged);
    }
    let approval = approval_of(&file.approval.ok_or(EvidenceError::Damaged)?)?;
    Ok((approval, key_of(&file.key.ok_or(EvidenceError::Damaged)?)?))
}

/// What a school and its centre hold of an exchange: who approved what, and what it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The head's approval.
    pub approval: Approval,
    /// The head's key.
    pub key: HeadKey,
    /// The entry's bytes, as the centre signed them.
    pub entry: Vec<u8>,
    /// The centre's signature over the entry's hash.
    pub entry_signature: Vec<u8>,
    /// The centre's public key (Ed25519).
    pub centre_key: [u8; 32],
}

impl Evidence {
    /// Writes the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = wire::ApprovalFile {
            approval: Some(document(self.approval.text(), self.approval.signature())),
            key: Some(head_key(&self.key)),
            entry: self.entry.clone(),
            entry_signature: self.entry_signature.clone(),
            centre_key: self.centre_key.to_vec(),
        };
        file(EVIDENCE, &body)
    }

    /// Reads the file; nothing of it is believed yet.
    ///
    /// # Errors
    /// As [`read_request`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let file = open(EVIDENCE, bytes)?;
        Ok(Self {
            approval: approval_of(&file.approval.ok_or(EvidenceError::Damaged)?)?,
            key: key_of(&file.key.ok_or(EvidenceError::Damaged)?)?,
            entry: file.entry,
            entry_signature: file.entry_signature,
            centre_key: fixed(&file.centre_key)?,
        })
    }

    /// Checks everything that can be checked by the centre's key that the file names: the centre signed the entry and
    /// enrolled the head's key, the head signed the approval, and both are about the same bundle. Whether that key is the
    /// centre's, only somebody who knows it can say.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn verify(&self) -> Result<Receipt, EvidenceError> {
        let centre = VerifyingKey::from_bytes(&self.centre_key).map_err(|_| EvidenceError::Entry)?;
        let receipt = Receipt::verify(self.entry.clone(), &self.entry_signature, &centre);
        let receipt = receipt.map_err(|_| EvidenceError::Entry)?;
        let text = self.approval.text();
        let head = self.key.verify(text.npsn, text.ptk, text.key, &centre)?;
        self.approval.verify(&head).map_err(|_| EvidenceError::Signature)?;
        let entry = receipt.entry();
        let sent = Origin::Bundle { bundle: text.bundle, replica: text.replica, sequence: text.sequence };
        let records: u64 = text.counts.iter().map(|count| u64::from(count.records)).sum();
        // An entry that a restored centre replayed stands under the rules that were in force by then.
        let judged = entry.first.is_some() || (entry.pack == text.pack && entry.rulebook == text.rulebook);
        if entry.npsn != text.npsn || entry.origin != sent || u64::from(entry.records) != records || !judged {
            return Err(EvidenceError::Mismatch);
        }
        Ok(receipt)
    }

    /// Checks that these are the bytes that were approved.
    ///
    /// # Errors
    /// [`EvidenceError::Bundle`] when they are not.
    pub fn verify_bundle(&self, frozen: &[u8]) -> Result<(), EvidenceError> {
        if bundle::id(frozen) == self.approval.text().bundle { Ok(()) } else { Err(EvidenceError::Bundle) }
    }
}

/// Puts the evidence of an entry together from what a side keeps; else the code that says why there is none.
pub(crate) fn gather(
    store: &dyn ReadStore,
    row: EntryRow,
    centre_key: [u8; 32],
) -> Result<Result<Evidence, &'static str>, StoreError> {
    let damaged = || StoreError::Damaged("an approval".to_owned());
    let entry = LogEntry::from_bytes(&row.entry).map_err(|_| StoreError::Damaged("an entry of the log".to_owned()))?;
    let Origin::Bundle { bundle, .. } = entry.origin else { return Ok(Err("evidence.none")) };
    let Some(entry_signature) = row.signature else { return Ok(Err("evidence.none")) };
    let (approval, key) = match store.get(&Key::Approval(bundle))? {
        Some(Row::Blob(bytes)) => read_signed(&bytes).map_err(|_| damaged())?,
        Some(_) => return Err(damaged()),
        None => return Ok(Err(NO_APPROVAL)),
    };
    Ok(Ok(Evidence { approval, key, entry: row.entry, entry_signature, centre_key }))
}

fn file(kind: &[u8; 16], body: &wire::ApprovalFile) -> Vec<u8> {
    [kind.as_slice(), &FORMAT.to_be_bytes(), &body.encode_to_vec()].concat()
}

fn open(kind: &[u8; 16], bytes: &[u8]) -> Result<wire::ApprovalFile, EvidenceError> {
    let (found, rest) = bytes.split_first_chunk::<16>().ok_or(EvidenceError::Kind)?;
    if found != kind {
        return Err(EvidenceError::Kind);
    }
    let (format, body) = rest.split_first_chunk::<4>().ok_or(EvidenceError::Damaged)?;
    let format = u32::from_be_bytes(*format);
    if format != FORMAT {
        return Err(EvidenceError::Format(format));
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(EvidenceError::Damaged);
    }
    let read = wire::ApprovalFile::decode(body).map_err(|_| EvidenceError::Damaged)?;
    if read.encode_to_vec() == body { Ok(read) } else { Err(EvidenceError::Damaged) }
}

fn document(text: &ApprovalText, signature: &[u8]) -> wire::ApprovalDocument {
    let count = |count: &ModuleCount| wire::NamedCount { module: count.module.clone(), records: count.records };
    wire::ApprovalDocument {
        npsn: text.npsn.as_bytes().to_vec(),
        bundle: text.bundle.as_bytes().to_vec(),
        replica: text.replica.as_bytes().to_vec(),
        sequence: text.sequence.get(),
        pack: text.pack.as_bytes().to_vec(),
        rulebook: text.rulebook.as_bytes().to_vec(),
        counts: text.counts.iter().map(count).collect(),
        warnings: text.warnings,
        judged_on: text.judged_on.days_since_epoch(),
        ptk: text.ptk.as_bytes().to_vec(),
        key: text.key.as_bytes().to_vec(),
        signature: signature.to_vec(),
    }
}

fn approval_of(document: &wire::ApprovalDocument) -> Result<Approval, EvidenceError> {
    let key = KeyId::from_bytes(fixed(&document.key)?);
    Ok(Approval::from_parts(text_of(document, key)?, fixed(&document.signature)?))
}

fn text_of(document: &wire::ApprovalDocument, key: KeyId) -> Result<ApprovalText, EvidenceError> {
    if document.counts.len() > MAX_MODULES {
        return Err(EvidenceError::Damaged);
    }
    let count = |count: &wire::NamedCount| ModuleCount { module: count.module.clone(), records: count.records };
    Ok(ApprovalText {
        npsn: Npsn::from_bytes(fixed(&document.npsn)?).map_err(|_| EvidenceError::Damaged)?,
        bundle: BundleId::from_bytes(fixed(&document.bundle)?),
        replica: ReplicaId::from_bytes(fixed(&document.replica)?),
        sequence: Sequence::new(document.sequence),
        pack: PackHash::from_bytes(fixed(&document.pack)?),
        rulebook: RulebookHash::from_bytes(fixed(&document.rulebook)?),
        counts: document.counts.iter().map(count).collect(),
        warnings: document.warnings,
        judged_on: Date::from_days(document.judged_on).map_err(|_| EvidenceError::Damaged)?,
        ptk: RecordId::from_bytes(fixed(&document.ptk)?),
        key,
    })
}

fn head_key(key: &HeadKey) -> wire::HeadKey {
    let HeadKey { public, enrolled_at, certificate } = key;
    wire::HeadKey { public: public.to_vec(), enrolled_at: *enrolled_at, certificate: certificate.to_vec() }
}

fn key_of(key: &wire::HeadKey) -> Result<HeadKey, EvidenceError> {
    let (public, certificate) = (fixed(&key.public)?, fixed(&key.certificate)?);
    Ok(HeadKey { public, enrolled_at: key.enrolled_at, certificate })
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], EvidenceError> {
    bytes.try_into().map_err(|_| EvidenceError::Damaged)
}
