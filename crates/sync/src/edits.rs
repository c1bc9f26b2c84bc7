//! A set of edits: what a bundle carries and what an entry of the log did, as columns.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use selaras_merge::{Edit, HeadPrefix};
use selaras_model::{EntityCode, FieldName, Fields, RecordId, RecordKey, Value, decode_value, encode_value};

use crate::wire::{Block, Edits};

/// The largest number of edits in a set: a school of 5,000 students holds about 65,000 records.
pub const MAX_EDITS: usize = 250_000;
/// The largest number of fields that one edit writes.
pub const MAX_EDIT_FIELDS: usize = 256;
/// The largest edit of one record, in bytes: a document with some of them fits a commit.
pub const MAX_EDIT_BYTES: usize = 64 << 10;
/// The largest number of heads that one edit builds on.
pub const MAX_EDIT_HEADS: usize = 64;
/// The largest number of heads with which a school's bundle may leave a record. Whoever edits a record names all that it has,
/// and what a restored centre takes back, or comes late, adds some.
pub const MAX_BUNDLE_HEADS: usize = 32;
const _: () = assert!(2 * MAX_BUNDLE_HEADS <= MAX_EDIT_HEADS);

const ID: usize = 16;
const HEAD: usize = 8;
const CONTEXT: &str = "selaras 1 edits";

/// Why bytes are no set of edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditsError {
    /// The message is no protobuf of this shape, or a column does not have as many values as rows.
    #[error("the edits are malformed")]
    Malformed,
    /// A count is over its limit.
    #[error("the edits are over a limit")]
    TooLarge,
    /// A field's name or an entity's number is none.
    #[error("the edits name a field or an entity in a way that no pack does")]
    Name,
    /// Two edits of one record, or a field twice.
    #[error("the edits say something of one record twice")]
    Twice,
    /// An edit that writes nothing.
    #[error("an edit writes nothing")]
    Nothing,
}

/// Edits of different records, in the order in which they are minted and hashed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct EditSet {
    edits: Vec<(RecordKey, Edit)>,
}

impl std::fmt::Debug for EditSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EditSet({} edits)", self.edits.len())
    }
}

/// Those of a record's heads that an edit names: all of them, but in records of before there was a limit. What it does not
/// name stands beside it, until the next edit.
pub(crate) fn nameable<T>(heads: &[T]) -> &[T] {
    heads.get(..MAX_EDIT_HEADS).unwrap_or(heads)
}

impl EditSet {
    /// Puts edits into their order: by entity, by the fields they write, by id.
    ///
    /// # Errors
    /// When a record is edited twice, an edit writes nothing, or a limit is passed.
    pub fn new(edits: Vec<(RecordKey, Edit)>) -> Result<Self, EditsError> {
        if edits.len() > MAX_EDITS {
            return Err(EditsError::TooLarge);
        }
        let mut edits: Vec<_> = edits.into_iter().map(|(key, edit)| (key, in_order(edit))).collect();
        edits.sort_by(|(a, x), (b, y)| {
            a.entity.cmp(&b.entity).then_with(|| x.fields.keys().cmp(y.fields.keys())).then_with(|| a.id.cmp(&b.id))
        });
        let set = Self { edits };
        set.check()?;
        Ok(set)
    }

    fn check(&self) -> Result<(), EditsError> {
        let mut seen = BTreeSet::new();
        for (key, edit) in &self.edits {
            if !seen.insert(key) {
                return Err(EditsError::Twice);
            }
            if edit.fields.is_empty() && edit.deleted.is_none() {
                return Err(EditsError::Nothing);
            }
            let too_large = size_of(edit) > MAX_EDIT_BYTES;
            if too_large || edit.fields.len() > MAX_EDIT_FIELDS || edit.heads.len() > MAX_EDIT_HEADS {
                return Err(EditsError::TooLarge);
            }
        }
        Ok(())
    }

    /// Gives the edits in order.
    #[must_use]
    pub fn edits(&self) -> &[(RecordKey, Edit)] {
        &self.edits
    }

    /// About how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.edits.iter().map(|(_, edit)| size_of(edit)).sum()
    }

    /// Joins edits of one set that were kept in parts, in their order.
    pub(crate) fn joined(edits: Vec<(RecordKey, Edit)>) -> Self {
        Self { edits }
    }

    /// Takes the edits out, in order.
    #[must_use]
    pub fn into_edits(self) -> Vec<(RecordKey, Edit)> {
        self.edits
    }

    /// Gives the hash of the whole set, as an entry of the log names it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut chain = EditsChain::default();
        for (key, edit) in &self.edits {
            chain.push(*key, edit);
        }
        chain.value()
    }

    /// Makes the message.
    ///
    /// # Errors
    /// [`EditsError::TooLarge`] over a limit.
    pub fn to_wire(&self) -> Result<Edits, EditsError> {
        Self::wire_of(&self.edits)
    }

    /// Makes the blocks of the message of a set that is not needed any more: each edit goes as soon as it is in.
    pub(crate) fn into_blocks(self) -> impl Iterator<Item = Result<Block, EditsError>> {
        let lengths: Vec<usize> = self.edits.chunk_by(alike).map(<[_]>::len).collect();
        let mut edits = self.edits.into_iter();
        lengths.into_iter().map(move |length| block(edits.by_ref().take(length)))
    }

    /// Makes the message of some edits of a set, in its order.
    pub(crate) fn wire_of(edits: &[(RecordKey, Edit)]) -> Result<Edits, EditsError> {
        let blocks = edits.chunk_by(alike).map(block).collect::<Result<_, _>>()?;
        Ok(Edits { blocks })
    }

    /// Reads a message under the limits.
    ///
    /// # Errors
    /// Whatever a hostile peer can put into it.
    pub fn from_wire(wire: Edits) -> Result<Self, EditsError> {
        let rows: u64 = wire.blocks.iter().map(|block| u64::from(block.rows)).sum();
        if rows > MAX_EDITS as u64 {
            return Err(EditsError::TooLarge);
        }
        let mut edits = Vec::new();
        for block in wire.blocks {
            read_block(&block, &mut edits)?;
        }
        let set = Self { edits };
        set.check()?;
        Ok(set)
    }
}

/// About how many bytes an edit takes.
pub(crate) fn size_of(edit: &Edit) -> usize {
    let of = |(name, value): (&FieldName, &Value)| {
        let text = match value {
            Value::Text(text) | Value::Code(text) => text.len(),
            _ => 16,
        };
        name.len() + text + 4
    };
    32 + HEAD * edit.heads.len() + edit.fields.iter().map(of).sum::<usize>()
}

fn in_order(mut edit: Edit) -> Edit {
    edit.heads.sort_unstable();
    edit
}

/// Edits of one entity that write the same fields go into one block.
fn alike((a, x): &(RecordKey, Edit), (b, y): &(RecordKey, Edit)) -> bool {
    a.entity == b.entity && x.fields.keys().eq(y.fields.keys())
}

fn block<R: Borrow<(RecordKey, Edit)>>(rows: impl IntoIterator<Item = R>) -> Result<Block, EditsError> {
    let mut block = Block::default();
    for row in rows {
        let (key, edit) = row.borrow();
        if block.rows == 0 {
            block.entity = u32::from(key.entity.0);
            block.fields = edit.fields.keys().map(ToString::to_string).collect();
            block.columns = vec![Vec::new(); edit.fields.len()];
        }
        block.rows += 1;
        block.ids.extend_from_slice(key.id.as_bytes());
        block.deleted.push(flag_to_byte(edit.deleted));
        block.head_counts.push(u8::try_from(edit.heads.len()).map_err(|_| EditsError::TooLarge)?);
        block.heads.extend(edit.heads.iter().flatten());
        for (column, value) in block.columns.iter_mut().zip(edit.fields.values()) {
            encode_value(value, column);
        }
    }
    if block.deleted.iter().all(|flag| *flag == flag_to_byte(None)) {
        block.deleted = Vec::new();
    }
    block.columns.iter_mut().for_each(Vec::shrink_to_fit);
    Ok(block)
}

fn flag_to_byte(flag: Option<bool>) -> u8 {
    match flag {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

fn byte_to_flag(byte: u8) -> Result<Option<bool>, EditsError> {
    match byte {
        0 => Ok(None),
        1 => Ok(Some(false)),
        2 => Ok(Some(true)),
        _ => Err(EditsError::Malformed),
    }
}

fn read_block(block: &Block, edits: &mut Vec<(RecordKey, Edit)>) -> Result<(), EditsError> {
    let entity = EntityCode(u16::try_from(block.entity).map_err(|_| EditsError::Name)?);
    let rows = usize::try_from(block.rows).map_err(|_| EditsError::TooLarge)?;
    let names = read_names(&block.fields)?;
    let fits = block.ids.len() == rows.saturating_mul(ID)
        && block.head_counts.len() == rows
        && (block.deleted.is_empty() || block.deleted.len() == rows)
        && block.columns.len() == names.len();
    if !fits {
        return Err(EditsError::Malformed);
    }
    let mut columns: Vec<&[u8]> = block.columns.iter().map(Vec::as_slice).collect();
    let mut heads = block.heads.as_slice();
    let mut flags = block.deleted.iter();
    for (id, count) in block.ids.chunks_exact(ID).zip(&block.head_counts) {
        let id = RecordId::from_bytes(id.try_into().map_err(|_| EditsError::Malformed)?);
        let deleted = flags.next().map_or(Ok(None), |byte| byte_to_flag(*byte))?;
        let heads = read_heads(usize::from(*count), &mut heads)?;
        let fields = read_row(&names, &mut columns)?;
        edits.push((RecordKey { entity, id }, Edit { heads, fields, deleted }));
    }
    let all_read = heads.is_empty() && columns.iter().all(|column| column.is_empty());
    if all_read { Ok(()) } else { Err(EditsError::Malformed) }
}

fn read_names(fields: &[String]) -> Result<Vec<FieldName>, EditsError> {
    if fields.len() > MAX_EDIT_FIELDS {
        return Err(EditsError::TooLarge);
    }
    let names: Vec<FieldName> =
        fields.iter().map(|name| name.parse()).collect::<Result<_, _>>().map_err(|_| EditsError::Name)?;
    // Ascending, so that a set has one form only.
    if names.is_sorted_by(|a, b| a < b) { Ok(names) } else { Err(EditsError::Twice) }
}

fn read_heads(count: usize, from: &mut &[u8]) -> Result<Vec<HeadPrefix>, EditsError> {
    if count > MAX_EDIT_HEADS {
        return Err(EditsError::TooLarge);
    }
    let (here, rest) = from.split_at_checked(count * HEAD).ok_or(EditsError::Malformed)?;
    *from = rest;
    let heads: Vec<HeadPrefix> = here.chunks_exact(HEAD).filter_map(|head| head.try_into().ok()).collect();
    if heads.is_sorted_by(|a, b| a < b) { Ok(heads) } else { Err(EditsError::Malformed) }
}

fn read_row(names: &[FieldName], columns: &mut [&[u8]]) -> Result<Fields, EditsError> {
    let mut fields = Fields::with_capacity(names.len());
    for (name, column) in names.iter().zip(columns) {
        let value: Value = decode_value(column).map_err(|_| EditsError::Malformed)?;
        fields.insert(name.clone(), value);
    }
    Ok(fields)
}

/// The running hash over edits one by one, so that a page may end inside a large entry.
///
/// It starts at 32 zero bytes; each step is BLAKE3 (context `selaras 1 edits`) over the value so far, the record's key
/// (18), the deleted flag (1), the number of heads (1), the heads, the number of fields (2), and for each field the
/// length of its name (1), the name and the value's canonical bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EditsChain([u8; 32]);

impl EditsChain {
    /// Goes on from a value that was kept.
    #[must_use]
    pub fn from_value(value: [u8; 32]) -> Self {
        Self(value)
    }

    /// Takes one more edit in.
    pub fn push(&mut self, key: RecordKey, edit: &Edit) {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(&key.to_bytes());
        bytes.push(flag_to_byte(edit.deleted));
        // The limits of a set keep both counts within their widths.
        bytes.push(u8::try_from(edit.heads.len()).unwrap_or(u8::MAX));
        bytes.extend(edit.heads.iter().flatten());
        bytes.extend_from_slice(&u16::try_from(edit.fields.len()).unwrap_or(u16::MAX).to_be_bytes());
        for (name, value) in &edit.fields {
            bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            bytes.extend_from_slice(name.as_bytes());
            encode_value(value, &mut bytes);
        }
        self.0 = blake3::derive_key(CONTEXT, &bytes);
    }

    /// Gives the hash of all edits taken in.
    #[must_use]
    pub fn value(&self) -> [u8; 32] {
        self.0
    }
}
