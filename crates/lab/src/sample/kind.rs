//! Kinds of school: levels, class sizes and what is taught.

/// A kind of school that samples can be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchoolKind {
    /// Primary school, years 1 to 6; one teacher takes most subjects of a class.
    Sd,
    /// Junior secondary school, years 7 to 9.
    Smp,
    /// Senior secondary school, years 10 to 12.
    Sma,
    /// Vocational school, years 10 to 12; the pack names no vocational subjects.
    Smk,
}

/// Who teaches a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TaughtBy {
    /// The class's own teacher.
    ClassTeacher,
    /// A teacher of the subject.
    SubjectTeacher,
}

/// A subject of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject {
    /// Its code in the table `mata_pelajaran`.
    pub(super) code: &'static str,
    /// Hours a week.
    pub(super) hours: u8,
    pub(super) taught_by: TaughtBy,
    /// Its code in the table `status_di_kurikulum`.
    pub(super) status: &'static str,
}

const fn by_subject(code: &'static str, hours: u8) -> Subject {
    Subject { code, hours, taught_by: TaughtBy::SubjectTeacher, status: "1" }
}

const fn by_class(code: &'static str, hours: u8) -> Subject {
    Subject { code, hours, taught_by: TaughtBy::ClassTeacher, status: "1" }
}

const AGAMA: &str = "100011000";
const PANCASILA: &str = "200011000";
const INDONESIA: &str = "300110000";
const INGGRIS: &str = "300210000";
const MATEMATIKA: &str = "401000000";
const IPA: &str = "401110000";
const IPAS: &str = "401121000";
const IPS: &str = "401200000";
const FISIKA: &str = "401130000";
const KIMIA: &str = "401141000";
const BIOLOGI: &str = "401150000";
const SEJARAH: &str = "401210000";
const GEOGRAFI: &str = "401220000";
const EKONOMI: &str = "401230000";
const PJOK: &str = "500010000";
const SENI: &str = "600010000";
const INFORMATIKA: &str = "800001000";
const BAHASA_DAERAH: &str = "850010000";

const LOWER_SD: &[Subject] = &[
    by_class(INDONESIA, 8),
    by_class(MATEMATIKA, 5),
    by_class(PANCASILA, 5),
    by_class(SENI, 4),
    Subject { status: "4", ..by_class(BAHASA_DAERAH, 2) },
    by_subject(AGAMA, 3),
    by_subject(PJOK, 3),
];
const UPPER_SD: &[Subject] = &[
    by_class(INDONESIA, 6),
    by_class(MATEMATIKA, 5),
    by_class(IPAS, 5),
    by_class(PANCASILA, 4),
    by_class(SENI, 3),
    Subject { status: "4", ..by_class(BAHASA_DAERAH, 2) },
    by_subject(AGAMA, 3),
    by_subject(PJOK, 3),
];
const SMP: &[Subject] = &[
    by_subject(INDONESIA, 5),
    by_subject(MATEMATIKA, 5),
    by_subject(IPA, 5),
    by_subject(INGGRIS, 4),
    by_subject(IPS, 4),
    by_subject(PANCASILA, 3),
    by_subject(AGAMA, 3),
    by_subject(PJOK, 3),
    by_subject(SENI, 2),
    by_subject(INFORMATIKA, 2),
    Subject { status: "4", ..by_subject(BAHASA_DAERAH, 2) },
];
const SMA: &[Subject] = &[
    by_subject(INDONESIA, 4),
    by_subject(MATEMATIKA, 4),
    by_subject(INGGRIS, 3),
    by_subject(FISIKA, 3),
    by_subject(KIMIA, 3),
    by_subject(BIOLOGI, 3),
    by_subject(EKONOMI, 3),
    by_subject(AGAMA, 3),
    by_subject(PJOK, 3),
    by_subject(INFORMATIKA, 3),
    by_subject(GEOGRAFI, 2),
    by_subject(SEJARAH, 2),
    by_subject(PANCASILA, 2),
    by_subject(SENI, 2),
];
const SMK: &[Subject] = &[
    by_subject(INDONESIA, 4),
    by_subject(MATEMATIKA, 4),
    by_subject(INGGRIS, 4),
    by_subject(IPAS, 5),
    by_subject(INFORMATIKA, 5),
    by_subject(EKONOMI, 4),
    by_subject(AGAMA, 3),
    by_subject(PJOK, 3),
    by_subject(PANCASILA, 2),
    by_subject(SEJARAH, 2),
    by_subject(SENI, 2),
];

/// Subjects of which one evaluation's grades are there: the first five of each class, and Pancasila in the last year,
/// which makes some 5.3 grades a student.
pub(super) const GRADED: usize = 5;

impl SchoolKind {
    /// Gives the short name that is part of schools' names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sd => "SD",
            Self::Smp => "SMP",
            Self::Sma => "SMA",
            Self::Smk => "SMK",
        }
    }

    /// Gives the code in the table `bentuk_pendidikan`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Sd => "5",
            Self::Smp => "6",
            Self::Sma => "13",
            Self::Smk => "15",
        }
    }

    pub(super) const fn curriculum(self) -> &'static str {
        match self {
            Self::Sd => "10111",
            Self::Smp => "10211",
            Self::Sma => "10311",
            Self::Smk => "10511",
        }
    }

    pub(super) const fn levels(self) -> std::ops::RangeInclusive<u8> {
        match self {
            Self::Sd => 1..=6,
            Self::Smp => 7..=9,
            Self::Sma | Self::Smk => 10..=12,
        }
    }

    /// Gives the most members of a class that the rulebook takes without a warning.
    pub(super) const fn class_limit(self) -> u32 {
        match self {
            Self::Sd => 28,
            Self::Smp => 32,
            Self::Sma | Self::Smk => 36,
        }
    }

    pub(super) const fn subjects(self, level: u8) -> &'static [Subject] {
        match self {
            Self::Sd if level <= 2 => LOWER_SD,
            Self::Sd => UPPER_SD,
            Self::Smp => SMP,
            Self::Sma => SMA,
            Self::Smk => SMK,
        }
    }

    /// Says whether the grades of a class's subject are there.
    pub(super) fn is_graded(self, level: u8, subject: &Subject) -> bool {
        let core = self.subjects(level).iter().take(GRADED).any(|core| core.code == subject.code);
        core || (level == *self.levels().end() && subject.code == PANCASILA)
    }

    /// Gives the kind of school that students come from.
    pub(super) const fn before(self) -> &'static str {
        match self {
            Self::Sd => "TK",
            Self::Smp => "SD",
            Self::Sma | Self::Smk => "SMP",
        }
    }
}

/// Gives a level in Roman numerals, as in names of classes.
pub(super) fn roman(level: u8) -> &'static str {
    const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
    ROMAN.get(usize::from(level.saturating_sub(1))).copied().unwrap_or_default()
}
