//! Digests of many records, by which two computers prove that they hold the same.
//!
//! A module digest is LtHash16 (Bellare and Micciancio's AdHash over a lattice; Lewi et al., "Securing Update
//! Propagation with Homomorphic Hashing", 2019): a sum of vectors, so that one record's change costs one subtraction
//! and one addition however large the module is. An XOR of hashes would be as cheap, but anyone can solve linear
//! equations for a colliding set.

use std::fmt;

use crate::canonical::prefixed;
use crate::{ChangeHash, ContentHash, Digest, RecordId};

const ELEMENT_CONTEXT: &str = "selaras 1 element";
const LANES_CONTEXT: &str = "selaras 1 lanes";
const MODULE_CONTEXT: &str = "selaras 1 module";
const ROOT_CONTEXT: &str = "selaras 1 root";

const LANES: usize = 1024;
const BYTES: usize = 2 * LANES;

/// What one document adds to its module's digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Element([u8; 32]);

impl Element {
    /// Takes the bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({})", data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// Makes a document's element out of its record and heads; the order of the heads does not matter.
#[must_use]
pub fn element(entity_name: &str, id: RecordId, deleted: bool, content: &ContentHash, heads: &[ChangeHash]) -> Element {
    let mut sorted = heads.to_vec();
    sorted.sort_unstable();
    let mut bytes = Vec::with_capacity(128);
    prefixed(entity_name, &mut bytes);
    bytes.extend_from_slice(id.as_bytes());
    bytes.push(u8::from(deleted));
    bytes.extend_from_slice(content.as_bytes());
    for head in &sorted {
        bytes.extend_from_slice(head.as_bytes());
    }
    Element(blake3::derive_key(ELEMENT_CONTEXT, &bytes))
}

/// The set hash over the elements of a module, 1,024 lanes of 16 bits; the default is that of an empty module.
///
/// Adding and removing commute and undo each other, so the digest depends on the elements alone. It is a multiset: an
/// element added twice must be removed twice.
#[derive(Clone, PartialEq, Eq)]
pub struct ModuleDigest(Box<[u16; LANES]>);

/// Says that bytes are not a stored module digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a module digest is {BYTES} bytes")]
pub struct ModuleDigestError;

impl ModuleDigest {
    /// Length in bytes of the stored form.
    pub const LEN: usize = BYTES;

    /// Adds a document's element.
    pub fn add(&mut self, element: &Element) {
        self.apply(element, u16::wrapping_add);
    }

    /// Removes a document's element.
    pub fn remove(&mut self, element: &Element) {
        self.apply(element, u16::wrapping_sub);
    }

    /// Returns the 32 bytes that travel.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(blake3::derive_key(MODULE_CONTEXT, &self.to_bytes()))
    }

    /// Returns the stored form, the lanes in little-endian bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|lane| lane.to_le_bytes()).collect()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// Refuses any other length than [`ModuleDigest::LEN`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModuleDigestError> {
        if bytes.len() != BYTES {
            return Err(ModuleDigestError);
        }
        let mut digest = Self::default();
        for (lane, pair) in digest.0.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *lane = u16::from_le_bytes(*pair);
        }
        Ok(digest)
    }

    fn apply(&mut self, element: &Element, operation: fn(u16, u16) -> u16) {
        let mut stream = [0; BYTES];
        let mut hasher = blake3::Hasher::new_derive_key(LANES_CONTEXT);
        hasher.update(&element.0).finalize_xof().fill(&mut stream);
        for (lane, pair) in self.0.iter_mut().zip(stream.as_chunks::<2>().0) {
            *lane = operation(*lane, u16::from_le_bytes(*pair));
        }
    }
}

impl Default for ModuleDigest {
    fn default() -> Self {
        Self(Box::new([0; LANES]))
    }
}

impl fmt::Debug for ModuleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModuleDigest({})", self.digest())
    }
}

/// Makes the root digest out of all modules' digests in the pack's order.
#[must_use]
pub fn root_digest(modules: &[Digest]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(ROOT_CONTEXT);
    for module in modules {
        hasher.update(module.as_bytes());
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}
