//! Who takes part in the drill: three schools and their computers.

use std::path::Path;

use selaras_lab::SampleOptions;
use selaras_model::Npsn;

use crate::demo::{SampleFiles, make_sample};
use crate::failure::Failure;

/// Students of each school: enough for every part of the story, few enough to be watched.
const STUDENTS: u32 = 60;
/// The numbers of the schools.
const NUMBERS: [&str; 3] = ["99999991", "99999992", "99999993"];

/// One of the schools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Whose laptop is stolen, and which a student leaves.
    Old,
    /// To which the student moves, and whose disk is copied.
    New,
    /// That is registered after the backup.
    Late,
}

/// A computer and its school. Its name is that of its directory, and what the story calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Post {
    pub(super) name: &'static str,
    pub(super) school: Which,
}

/// Where the ordinary work of the old school is done.
pub(super) const OFFICE: Post = Post { name: "asal-kantor", school: Which::Old };
/// The head's own computer, which is away while the laptop is stolen.
pub(super) const HEADS: Post = Post { name: "asal-kepala", school: Which::Old };
/// The laptop that is stolen.
pub(super) const STOLEN: Post = Post { name: "asal-laptop", school: Which::Old };
/// Where the ordinary work of the new school is done; the one whose disk is copied.
pub(super) const NEW_OFFICE: Post = Post { name: "tujuan-kantor", school: Which::New };
/// The computer that registers after the backup.
pub(super) const LIBRARY: Post = Post { name: "tujuan-pustaka", school: Which::New };
/// The copy of a disk, which goes on by itself.
pub(super) const COPY: Post = Post { name: "tujuan-salinan", school: Which::New };
/// The computer of the school that registers after the backup.
pub(super) const LATE: Post = Post { name: "susulan-kantor", school: Which::Late };

/// Every computer that is in its school's hands.
pub(super) const HONEST: [Post; 6] = [OFFICE, HEADS, NEW_OFFICE, LIBRARY, COPY, LATE];

/// A school.
pub(super) struct School {
    pub(super) npsn: Npsn,
    pub(super) sample: SampleFiles,
    /// The kode registrasi in force; empty until the school is registered.
    pub(super) kode: String,
}

/// All schools.
pub(super) struct Cast {
    old: School,
    new: School,
    late: School,
}

impl Cast {
    pub(super) fn make(seed: u64, dir: &Path) -> Result<Cast, Failure> {
        let school = |number: &str, seed| {
            let npsn: Npsn = number.parse().map_err(|_| Failure::new("demo.sample").arg("reason", number))?;
            let options = SampleOptions { students: STUDENTS, seed, npsn, ..SampleOptions::default() };
            let sample = make_sample(&options, &dir.join(number))?;
            Ok::<_, Failure>(School { npsn, sample, kode: String::new() })
        };
        let [old, new, late] = NUMBERS;
        let (next, third) = (seed.wrapping_add(1), seed.wrapping_add(2));
        Ok(Cast { old: school(old, seed)?, new: school(new, next)?, late: school(late, third)? })
    }

    pub(super) fn school(&self, which: Which) -> &School {
        match which {
            Which::Old => &self.old,
            Which::New => &self.new,
            Which::Late => &self.late,
        }
    }

    pub(super) fn set_kode(&mut self, which: Which, kode: String) {
        let school = match which {
            Which::Old => &mut self.old,
            Which::New => &mut self.new,
            Which::Late => &mut self.late,
        };
        school.kode = kode;
    }
}
