//! A bundle: a school's edits, frozen as bytes, whose id is the hash of those bytes.

use std::io::Write as _;

use prost::Message;
use selaras_model::{BundleId, ChangeHash, EpochId, LogVersion, Npsn, PackHash, ReplicaId, RulebookHash, Sequence};
use serde::{Deserialize, Serialize};
use zstd::zstd_safe::CParameter;

use crate::edits::{EditSet, EditsError};
use crate::wire;

/// The format that this version writes and reads.
pub const FORMAT: u32 = 1;
/// The largest frozen bundle, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 64 << 20;
/// The largest bundle after decompression, in bytes: what a small file may claim ends here.
pub const MAX_OPEN_BYTES: usize = 256 << 20;

/// zstd's levels: a day's bundle is worth the slow one. For a first upload its tables are too large for an old
/// computer, and it gains a twentieth: 561,359 bytes against 588,250 for 1,500 students.
const LEVEL: i32 = 19;
const LARGE_LEVEL: i32 = 15;
/// Of a large bundle: a window and tables that take 8 MB, where the level's own take 64.
const LARGE_TABLES: [CParameter; 3] = [CParameter::WindowLog(21), CParameter::ChainLog(20), CParameter::HashLog(18)];
/// About how many open bytes make a bundle large.
const LARGE: usize = 1 << 20;
const MINTED_CONTEXT: &str = "selaras 1 minted";

/// Why bytes are no bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Larger than a bundle may be, before or after decompression.
    #[error("the bundle is over its limit")]
    TooLarge,
    /// The bytes do not decompress.
    #[error("the bundle's bytes are damaged")]
    Damaged,
    /// The header lacks something, or is of another shape.
    #[error("the bundle's header is malformed")]
    Header,
    /// A format that this version does not read.
    #[error("the bundle has format {0}, this version reads {FORMAT}")]
    Format(u32),
    /// The edits are not as they should be.
    #[error(transparent)]
    Edits(#[from] EditsError),
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The school.
    pub npsn: Npsn,
    /// The computer that sealed it.
    pub replica: ReplicaId,
    /// Greater than any that the centre has seen from this replica.
    pub sequence: Sequence,
    /// The last bundle that the centre accepted from this replica.
    pub previous: Option<BundleId>,
    /// The epoch of the log that it was sealed on.
    pub epoch: EpochId,
    /// The version of the log that it was sealed on.
    pub sealed_on: LogVersion,
    /// The pack that it was judged by.
    pub pack: PackHash,
    /// The rulebook that it was judged by.
    pub rulebook: RulebookHash,
    /// [`minted_hash`] of the changes, in the order of the edits.
    pub minted: [u8; 32],
}

/// A header and its edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// What it says of itself.
    pub header: Header,
    /// What it carries.
    pub edits: EditSet,
}

/// Hashes the minted changes of a bundle, by which both ends see that they minted the same.
#[must_use]
pub fn minted_hash(changes: impl IntoIterator<Item = ChangeHash>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(MINTED_CONTEXT);
    for change in changes {
        hasher.update(change.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Gives the id of frozen bytes.
#[must_use]
pub fn id(frozen: &[u8]) -> BundleId {
    BundleId::from_bytes(*blake3::hash(frozen).as_bytes())
}

/// In which form a bundle is frozen: with its header and its edits, all that its bytes are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Form {
    format: u32,
    /// zstd's level.
    level: i32,
    /// The dictionary under which it is compressed, by its hash; none so far.
    dictionary: Option<[u8; 32]>,
    /// The program's version, whose zstd may be another than that of the next.
    program: String,
}

impl Form {
    /// The form in which this version freezes a bundle with these edits.
    pub(crate) fn of(edits: &EditSet) -> Self {
        let level = if edits.size() < LARGE { LEVEL } else { LARGE_LEVEL };
        Self { format: FORMAT, level, dictionary: None, program: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// Freezes a bundle.
///
/// # Errors
/// [`BundleError::TooLarge`], and what a set of edits refuses.
pub fn freeze(bundle: Bundle) -> Result<Vec<u8>, BundleError> {
    let form = Form::of(&bundle.edits);
    freeze_as(bundle, &form)
}

/// Freezes a bundle in a form. Another version of the program may make other bytes in the same one: whoever looks for
/// certain bytes compares their hash.
pub(crate) fn freeze_as(bundle: Bundle, form: &Form) -> Result<Vec<u8>, BundleError> {
    let Bundle { header, edits } = bundle;
    let header = header_to_wire(&header);
    if form.format != FORMAT || form.dictionary.is_some() {
        return Err(BundleError::Format(form.format));
    }
    let frozen = match form.level {
        LEVEL => {
            let message = wire::Bundle { header: Some(header), edits: Some(edits.to_wire()?) };
            zstd::bulk::compress(&message.encode_to_vec(), LEVEL).map_err(|_| BundleError::TooLarge)?
        }
        LARGE_LEVEL => compress_large(header, edits)?,
        _ => return Err(BundleError::Format(form.format)),
    };
    if frozen.len() > MAX_BUNDLE_BYTES { Err(BundleError::TooLarge) } else { Ok(frozen) }
}

/// Compresses a first upload, of which each form is large: as a stream, block by block, so that an edit is gone as soon
/// as its block is written. What is written is a message in pieces, which every reader of protobuf joins.
fn compress_large(header: wire::BundleHeader, edits: EditSet) -> Result<Vec<u8>, BundleError> {
    let too_large = |_| BundleError::TooLarge;
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LARGE_LEVEL).map_err(too_large)?;
    for parameter in LARGE_TABLES {
        encoder.set_parameter(parameter).map_err(too_large)?;
    }
    let mut room = MAX_OPEN_BYTES;
    let mut put = |piece: wire::Bundle| {
        let open = piece.encode_to_vec();
        room = room.checked_sub(open.len()).ok_or(BundleError::TooLarge)?;
        encoder.write_all(&open).map_err(too_large)
    };
    put(wire::Bundle { header: Some(header), edits: None })?;
    for block in edits.into_blocks() {
        put(wire::Bundle { header: None, edits: Some(wire::Edits { blocks: vec![block?] }) })?;
    }
    encoder.finish().map_err(too_large)
}

/// A header's bytes, as they stand in the bundle.
pub(crate) fn header_to_bytes(header: &Header) -> Vec<u8> {
    header_to_wire(header).encode_to_vec()
}

/// Reads what [`header_to_bytes`] gave.
pub(crate) fn header_from_bytes(bytes: &[u8]) -> Result<Header, BundleError> {
    read_header(&wire::BundleHeader::decode(bytes).map_err(|_| BundleError::Header)?)
}

fn header_to_wire(header: &Header) -> wire::BundleHeader {
    wire::BundleHeader {
        format: FORMAT,
        npsn: header.npsn.as_bytes().to_vec(),
        replica: header.replica.as_bytes().to_vec(),
        sequence: header.sequence.get(),
        previous: header.previous.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        epoch: header.epoch.as_bytes().to_vec(),
        sealed_on: header.sealed_on.get(),
        pack: header.pack.as_bytes().to_vec(),
        rulebook: header.rulebook.as_bytes().to_vec(),
        minted: header.minted.to_vec(),
    }
}

/// Reads frozen bytes under the limits.
///
/// # Errors
/// Whatever a hostile peer can put into them.
pub fn decode(frozen: &[u8]) -> Result<Bundle, BundleError> {
    if frozen.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge);
    }
    let open = decompress(frozen)?;
    let message = wire::Bundle::decode(open.as_slice()).map_err(|_| BundleError::Damaged)?;
    drop(open);
    let header = read_header(&message.header.ok_or(BundleError::Header)?)?;
    let edits = EditSet::from_wire(message.edits.unwrap_or_default())?;
    Ok(Bundle { header, edits })
}

/// Reads at most the limit and one byte: what a frame claims of its size is not believed.
fn decompress(frozen: &[u8]) -> Result<Vec<u8>, BundleError> {
    use std::io::Read;
    let mut open = Vec::new();
    let limit = u64::try_from(MAX_OPEN_BYTES).map_err(|_| BundleError::TooLarge)? + 1;
    let decoder = zstd::stream::read::Decoder::new(frozen).map_err(|_| BundleError::Damaged)?;
    decoder.take(limit).read_to_end(&mut open).map_err(|_| BundleError::Damaged)?;
    if open.len() > MAX_OPEN_BYTES { Err(BundleError::TooLarge) } else { Ok(open) }
}

fn read_header(wire: &wire::BundleHeader) -> Result<Header, BundleError> {
    if wire.format != FORMAT {
        return Err(BundleError::Format(wire.format));
    }
    let npsn = <[u8; 8]>::try_from(wire.npsn.as_slice()).map_err(|_| BundleError::Header)?;
    let previous = if wire.previous.is_empty() { None } else { Some(BundleId::from_bytes(fixed(&wire.previous)?)) };
    Ok(Header {
        npsn: Npsn::from_bytes(npsn).map_err(|_| BundleError::Header)?,
        replica: ReplicaId::from_bytes(fixed(&wire.replica)?),
        sequence: Sequence::new(wire.sequence),
        previous,
        epoch: EpochId::from_bytes(fixed(&wire.epoch)?),
        sealed_on: LogVersion::new(wire.sealed_on),
        pack: PackHash::from_bytes(fixed(&wire.pack)?),
        rulebook: RulebookHash::from_bytes(fixed(&wire.rulebook)?),
        minted: fixed(&wire.minted)?,
    })
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], BundleError> {
    bytes.try_into().map_err(|_| BundleError::Header)
}
