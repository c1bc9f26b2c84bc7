//! Work that is large by its records and by its bytes: an import that is done in steps, and a bundle of it that the
//! centre decides by one commit and does in others.

use rand::RngExt as _;
use selaras_model::{Fields, Value};

use super::Script;
use crate::world::Dimension;
use crate::world::centre::fields;
use crate::world::rules::WIDE_FIELDS;
use crate::world::trouble::Trouble;

/// Records of a large import, more than are typed at once.
const MANY: usize = 31;
/// Of them so many have texts as long as any: these do not fit one step.
const WIDE: usize = 5;
/// Of them so many have an age that the rulebook of some days does not allow.
const OLD: usize = 2;
/// Characters of the longest text.
const LONGEST: usize = 1_024;
/// Rare characters, of four bytes each, begin here.
const RARE: u32 = 0x2_0000;

impl Script {
    pub(super) fn imports_much(&mut self, number: usize) -> Result<(), Trouble> {
        if self.computer(number)?.down {
            return Ok(());
        }
        self.tempt(number);
        let done = self.imports_many(number);
        self.bear(number, done)
    }

    fn imports_many(&mut self, number: usize) -> Result<(), Trouble> {
        let noisy = self.has(Dimension::Blobs);
        let mut lines = Vec::new();
        for line in 0..MANY {
            let (key, token) = (self.new_key(), self.token(&format!("i{number}")));
            let mut typed = fields([("nama", Value::text(&token))]);
            if line < WIDE {
                typed.extend(if noisy { noise(self.rng.random()) } else { plain() });
            } else if line < WIDE + OLD && self.has(Dimension::Rules) {
                typed.extend(fields([("umur", Value::Int(50))]));
            }
            lines.push((key, token, typed));
        }
        self.note(&format!("computer {number} imports {MANY} records"));
        self.saves_import(number, lines)?;
        self.approves(number)
    }
}

/// Whether a bundle of so many records is perhaps of such an import.
pub(super) fn is_large(records: u32) -> bool {
    usize::try_from(records).is_ok_and(|records| records >= MANY)
}

fn in_wide_fields(text: impl Fn(usize) -> String) -> Fields {
    let texts = WIDE_FIELDS.iter().enumerate();
    texts.filter_map(|(at, name)| Some((name.parse().ok()?, Value::text(text(at))))).collect()
}

/// Texts as long as any that hardly get smaller by compression.
pub(super) fn noise(seed: u64) -> Fields {
    in_wide_fields(|field| {
        let mut bytes = vec![0; 2 * LONGEST];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_be_bytes()).update(&field.to_be_bytes());
        hasher.finalize_xof().fill(&mut bytes);
        let pairs = bytes.as_chunks().0.iter().map(|pair| u32::from(u16::from_be_bytes(*pair) & 0x7fff));
        pairs.filter_map(|of| char::from_u32(RARE + of)).collect()
    })
}

/// Texts as long as any that get small.
fn plain() -> Fields {
    in_wide_fields(|_| char::from_u32(RARE).into_iter().cycle().take(LONGEST).collect())
}

/// The same fields, short.
pub(super) fn short() -> Fields {
    in_wide_fields(|_| "pendek".to_owned())
}
