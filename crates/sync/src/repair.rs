//! Finding the records that differ: what each record adds to the digests, computed from its document and not from what
//! is remembered of it, and 1,024 buckets over it.

use std::collections::{BTreeMap, BTreeSet};

use selaras_merge::Document;
use selaras_model::{Digest, Element, ModuleDigest, RecordKey, element};

use crate::Rules;
use crate::store::{BaseRow, Flow, Key, Range, ReadStore, Row, StoreError};
use crate::view;

/// Buckets of a school's records.
pub(crate) const BUCKETS: usize = 1_024;
/// Bytes of a bucket's digest: enough to find what differs; what was found is proven by the digests of the log.
pub(crate) const BUCKET_BYTES: usize = 8;
/// Bytes of a record in the list of a bucket.
pub(crate) const LISTED: usize = RecordKey::LEN + BUCKET_BYTES;
/// Buckets whose records are made from the log in one pass over it: documents of an eighth of a school are in memory.
pub(crate) const BUCKETS_AT_ONCE: usize = 128;
/// Records whose edits one request asks for.
pub(crate) const RECORDS_AT_ONCE: usize = 500;
/// Records of which documents are fetched; whoever differs in more begins anew (`recover`). What the log does not know at
/// all is not counted: an older backup of the centre may lack a whole first upload.
pub(crate) const MAX_FETCHED: usize = 20_000;

/// A record as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stored {
    /// What its document adds to its module's digest; none where that cannot be read.
    pub(crate) element: Option<Element>,
    /// Whether what is remembered beside the document says the same.
    pub(crate) sound: bool,
}

/// The records of a store, each from its document.
pub(crate) type Elements = BTreeMap<RecordKey, Stored>;

/// What a document adds to the digest of its module; none for an entity that belongs to no module.
pub(crate) fn element_of(rules: &Rules, key: RecordKey, document: &Document) -> Option<Element> {
    let entity = rules.pack.entity(key.entity)?;
    let resolved = document.resolve(&rules.pack, key.entity, key.id).ok()?;
    let content = view::hash(rules, &resolved.record);
    Some(element(&entity.name, key.id, resolved.record.deleted, &content, &resolved.heads))
}

/// Reads every document.
pub(crate) fn elements(store: &dyn ReadStore, rules: &Rules) -> Result<Elements, StoreError> {
    let mut rows: Vec<(RecordKey, BaseRow)> = Vec::new();
    store.scan(&Range::Bases(None), &mut |key, row| {
        if let (Key::Base(key), Row::Base(row)) = (key, row) {
            rows.push((key, row));
        }
        Ok(Flow::Continue)
    })?;
    let mut elements = Elements::new();
    for (key, row) in rows {
        let Some(entity) = rules.pack.entity(key.entity) else { continue };
        let document = match store.get(&Key::Document(key))? {
            Some(Row::Blob(bytes)) => Document::load(&bytes).ok(),
            _ => None,
        };
        let found = document.and_then(|document| element_of(rules, key, &document));
        let remembered = element(&entity.name, key.id, row.deleted, &row.content, &row.heads);
        elements.insert(key, Stored { element: found, sound: found == Some(remembered) });
    }
    Ok(elements)
}

/// The bucket that a record is in.
pub(crate) fn bucket_of(key: RecordKey) -> usize {
    let [.., high, low] = *key.id.as_bytes();
    usize::from(u16::from_be_bytes([high, low])) % BUCKETS
}

/// The digests of all buckets, one after another.
pub(crate) fn buckets(elements: &Elements) -> Vec<u8> {
    let mut filled: BTreeMap<usize, blake3::Hasher> = BTreeMap::new();
    for (key, stored) in elements {
        let hasher =
            filled.entry(bucket_of(*key)).or_insert_with(|| blake3::Hasher::new_derive_key("selaras 1 bucket"));
        hasher.update(&key.to_bytes());
        hasher.update(stored.element.as_ref().map_or(&[0; 32], |element| element.as_bytes()));
    }
    let mut digests = Vec::with_capacity(BUCKETS * BUCKET_BYTES);
    for bucket in 0..BUCKETS {
        // An empty bucket is zeros, which cost nothing on the way.
        let digest = filled.get(&bucket).map_or([0; 32], |hasher| *hasher.finalize().as_bytes());
        digests.extend_from_slice(digest.split_at_checked(BUCKET_BYTES).map_or(&[], |(first, _)| first));
    }
    digests
}

/// The buckets whose digests are not the same.
pub(crate) fn differing(ours: &[u8], theirs: &[u8]) -> BTreeSet<usize> {
    let pairs = ours.chunks(BUCKET_BYTES).zip(theirs.chunks(BUCKET_BYTES));
    pairs.enumerate().filter(|(_, (ours, theirs))| ours != theirs).map(|(bucket, _)| bucket).collect()
}

/// The modules' sums over all records.
pub(crate) fn sums(rules: &Rules, elements: &Elements) -> Vec<ModuleDigest> {
    let mut sums = vec![ModuleDigest::default(); rules.pack.modules().len()];
    for (key, stored) in elements {
        let module = rules.pack.entity(key.entity).and_then(|entity| sums.get_mut(entity.module));
        if let Some((sum, element)) = module.zip(stored.element.as_ref()) {
            sum.add(element);
        }
    }
    sums
}

/// The digests of sums.
pub(crate) fn digests(sums: &[ModuleDigest]) -> Vec<Digest> {
    sums.iter().map(ModuleDigest::digest).collect()
}
