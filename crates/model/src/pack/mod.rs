//! The school pack: which modules, entities, fields and reference tables exist and who may edit them, as data.

mod entity;
mod error;
mod load;
mod ownership;
mod read;
mod succession;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

pub use entity::{CentreIf, Entity, Field, FieldKind, FieldOwner, Right};
pub use error::{MAX_PROBLEMS, PackError, PackProblem};
pub use load::{
    MAX_DEADLINES, MAX_ENTITIES, MAX_FIELDS, MAX_LABEL_BYTES, MAX_MODULES, MAX_PACK_BYTES, MAX_SCALE, MAX_TABLE_ROWS,
    MAX_TABLES, MAX_TEXT_CHARS,
};
pub use ownership::{Breach, BreachKind};
pub use table::{Deadline, Label, Lang, LangError, Module, Table, TableRow};

use crate::{Date, EntityCode, PackHash};

const BUILTIN: &str = include_str!("../../data/pack.toml");
const HASH_CONTEXT: &str = "selaras 1 pack";

/// A school pack, read and checked.
///
/// Everything in it is consistent: every name that one part mentions exists. It is named by the hash of its exact
/// text, so that both ends know that they judge alike.
pub struct Pack {
    hash: PackHash,
    source: String,
    version: String,
    semester: String,
    deadlines: Vec<Deadline>,
    modules: Vec<Module>,
    entities: Vec<Entity>,
    by_code: BTreeMap<EntityCode, usize>,
    by_name: BTreeMap<String, usize>,
    tables: BTreeMap<String, Table>,
}

impl Pack {
    /// Reads and checks a pack.
    ///
    /// # Errors
    /// Returns every problem found (up to [`crate::limits::MAX_PROBLEMS`]), each with its line.
    pub fn from_toml(text: &str) -> Result<Self, PackError> {
        load::load(text)
    }

    /// Returns the pack that this version of the application brings along; the centre may hand out a newer one.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test reads the built-in pack, so a release cannot hold a broken one")]
    pub fn builtin() -> Arc<Self> {
        static PACK: OnceLock<Arc<Pack>> = OnceLock::new();
        Arc::clone(PACK.get_or_init(|| Arc::new(Self::from_toml(BUILTIN).expect("the built-in pack is valid"))))
    }

    /// Returns the name of the pack: BLAKE3 of its text.
    #[must_use]
    pub const fn hash(&self) -> PackHash {
        self.hash
    }

    /// Returns the exact text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the version that its authors gave it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the semester: the school year's first calendar year, then 1 (odd) or 2 (even), as in `20261`.
    #[must_use]
    pub fn semester(&self) -> &str {
        &self.semester
    }

    /// Returns the calendar year in which the school year began, as in `2026`.
    #[must_use]
    pub fn school_year(&self) -> &str {
        self.semester.get(..4).unwrap_or_default()
    }

    /// Returns the semester's first day: 1 July of the school year, or 1 January of the next calendar year.
    #[must_use]
    pub fn semester_start(&self) -> Date {
        let year: i16 = self.school_year().parse().unwrap_or_default();
        let first = if self.semester.ends_with('1') { Date::new(year, 7, 1) } else { Date::new(year + 1, 1, 1) };
        // The loader takes years from 2000 to 2999 only.
        first.unwrap_or(Date::MIN)
    }

    /// Returns the days on which others count what the centre has, in their order.
    #[must_use]
    pub fn deadlines(&self) -> &[Deadline] {
        &self.deadlines
    }

    /// Returns the modules in the order in which operators know them and digests are listed.
    #[must_use]
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// Returns the entities in the order of the pack.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// Returns the entity of a number.
    #[must_use]
    pub fn entity(&self, code: EntityCode) -> Option<&Entity> {
        self.by_code.get(&code).and_then(|at| self.entities.get(*at))
    }

    /// Returns the entity of a name.
    #[must_use]
    pub fn entity_named(&self, name: &str) -> Option<&Entity> {
        self.by_name.get(name).and_then(|at| self.entities.get(*at))
    }

    /// Returns a field of an entity.
    #[must_use]
    pub fn field(&self, entity: EntityCode, field: &str) -> Option<&Field> {
        self.entity(entity)?.field(field)
    }

    /// Returns a reference table.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Gives all reference tables in byte order of their names.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// Gives the name that a text would have as a pack, whether or not it is one.
    #[must_use]
    pub fn hash_of(text: &str) -> PackHash {
        PackHash::from_bytes(blake3::derive_key(HASH_CONTEXT, text.as_bytes()))
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pack({}, {})", self.version, self.hash)
    }
}
