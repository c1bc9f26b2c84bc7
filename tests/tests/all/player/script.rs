//! What happens in a play, decided by its seed before anything happens.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use selaras_lab::line::Way;

use super::dimension::{Dimension, Mixture};

/// Acts of people in a play; troubles come on top.
const ACTS: std::ops::Range<usize> = 12..20;
/// Students into whose records people type, so few that they meet.
pub(super) const STUDENTS: usize = 3;
/// Fields that people type into.
pub(super) const FIELDS: [&str; 2] = ["alamat_jalan", "nama_dusun"];
/// Bytes of a day's exchange either way, about.
const BYTES: u64 = 1_000;
/// Days by which the centre's clock is set wrong.
const DAYS: std::ops::RangeInclusive<i64> = -5..=10;

/// Something that happens. A computer is named by any number: of so many as there are then, the one that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Somebody types into a student's record.
    Types { computer: usize, student: usize, field: usize },
    /// Somebody makes a record.
    Makes { computer: usize },
    /// Somebody deletes the oldest record that was made, and that everybody knows.
    Deletes { computer: usize },
    /// The head approves.
    Approves { computer: usize },
    /// What is approved is sent; otherwise what is new is fetched.
    Exchanges { computer: usize },
    /// The head approves, and it is sent.
    Sends { computer: usize },
    /// An operator of the centre types into a student's record.
    CentreTypes { student: usize, field: usize },
    /// The line is cut once, in its first or second connection.
    IsCut { computer: usize, way: Way, after: u64, connection: u64 },
    /// Somebody is killed within an exchange.
    IsKilled { computer: usize, whom: Whom, at: Moment },
    /// The centre is backed up.
    BacksUp,
    /// The centre loses its disk and is restored from a backup so many before the newest.
    LosesDisk { before: usize },
    /// A computer's directory is copied, and both go on.
    IsCloned { computer: usize },
    /// Somebody keeps a copy of a computer's directory.
    KeepsImage { computer: usize },
    /// The last copy of a computer's directory is put in its place.
    PutsBack { computer: usize },
    /// Another computer registers.
    Registers,
    /// A computer loses its disk, and recovers.
    Recovers { computer: usize },
    /// The centre's clock is set so many days wrong.
    SetsClock { days: i64 },
    /// Somebody types, approves and sends at a computer whose disk has room for so many KiB.
    FillsSchool { computer: usize, kib: u64 },
    /// An exchange with a centre whose disk has room for so many bytes.
    FillsCentre { computer: usize, bytes: u64 },
    /// A bit changes in a file of a stopped computer: which file and which byte, as parts of 1,000.
    Damages { computer: usize, file: u64, byte: u64, beside: bool },
    /// A bit changes in a file of the stopped centre's store.
    DamagesCentre { file: u64, byte: u64 },
    /// The centre publishes a rulebook that begins at once.
    Publishes,
}

impl Act {
    /// The kind of trouble that it is.
    pub(super) fn dimension(&self) -> Option<Dimension> {
        match self {
            Self::IsCut { .. } => Some(Dimension::Cuts),
            Self::IsKilled { .. } => Some(Dimension::Kills),
            Self::LosesDisk { before: 0 } => Some(Dimension::Losses),
            Self::LosesDisk { .. } => Some(Dimension::OlderBackups),
            Self::IsCloned { .. } => Some(Dimension::Clones),
            Self::PutsBack { .. } => Some(Dimension::Images),
            Self::Registers => Some(Dimension::LateComputers),
            Self::Recovers { .. } => Some(Dimension::Recoveries),
            Self::SetsClock { .. } => Some(Dimension::Clock),
            Self::FillsSchool { .. } | Self::FillsCentre { .. } => Some(Dimension::FullDisks),
            Self::Damages { beside: false, .. } => Some(Dimension::Damage),
            Self::Damages { .. } => Some(Dimension::DamagedBundles),
            Self::DamagesCentre { .. } => Some(Dimension::DamagedCentres),
            Self::Publishes => Some(Dimension::Rules),
            _ => None,
        }
    }
}

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    School,
    Centre,
    Both,
}

/// When somebody is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// After so many bytes of the first connection have passed that way; nothing more passes.
    Byte(Way, u64),
    /// So many microseconds after the exchange began.
    Micros(u64),
}

/// A whole play.
pub(super) struct Script {
    pub(super) mixture: Mixture,
    /// Computers that the school begins with.
    pub(super) computers: usize,
    pub(super) acts: Vec<Act>,
}

impl Script {
    /// The play that a seed names: of these kinds of trouble, or of any.
    pub(super) fn of(seed: u64, mixture: Option<Mixture>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let any = Mixture::any(&mut rng);
        let mixture = mixture.unwrap_or(any);
        let computers = rng.random_range(2..=3);
        let mut days: Vec<Vec<Act>> = (0..rng.random_range(ACTS)).map(|_| vec![work(&mut rng)]).collect();
        for dimension in mixture.dimensions() {
            spread(troubles(dimension, &mut rng), &mut days, &mut rng);
        }
        Self { mixture, computers, acts: days.concat() }
    }

    /// The same with some of its acts only, by their places: to find out which of them matter.
    pub(super) fn only(self, places: &[usize]) -> Self {
        let acts = self.acts.into_iter().enumerate().filter(|(place, _)| places.contains(place)).map(|(_, act)| act);
        Self { acts: acts.collect(), ..self }
    }
}

/// Puts some groups of acts in their order at any places among the others.
fn spread(some: Vec<Vec<Act>>, among: &mut Vec<Vec<Act>>, rng: &mut ChaCha8Rng) {
    let mut places: Vec<usize> = some.iter().map(|_| rng.random_range(0..=among.len())).collect();
    places.sort_unstable();
    for (before, (acts, place)) in some.into_iter().zip(places).enumerate() {
        among.insert(before + place, acts);
    }
}

fn anybody(rng: &mut ChaCha8Rng) -> usize {
    rng.random_range(0..60)
}

/// What people do on a usual day.
fn work(rng: &mut ChaCha8Rng) -> Act {
    let (computer, student, field) = (anybody(rng), rng.random_range(0..STUDENTS), rng.random_range(0..FIELDS.len()));
    match rng.random_range(0..100) {
        0..35 => Act::Types { computer, student, field },
        35..43 => Act::Makes { computer },
        43..47 => Act::Deletes { computer },
        47..57 => Act::Approves { computer },
        57..70 => Act::Exchanges { computer },
        70..93 => Act::Sends { computer },
        _ => Act::CentreTypes { student, field },
    }
}

/// What a kind of trouble puts into a play, in its order: groups of acts between which nothing else happens.
fn troubles(dimension: Dimension, rng: &mut ChaCha8Rng) -> Vec<Vec<Act>> {
    let computer = anybody(rng);
    let alone = |acts: Vec<Act>| acts.into_iter().map(|act| vec![act]).collect();
    match dimension {
        Dimension::Cuts => (0..2).map(|_| cut(rng)).collect(),
        Dimension::Kills => (0..3).map(|_| kill(rng)).collect(),
        Dimension::Losses => alone(vec![Act::BacksUp, Act::LosesDisk { before: 0 }]),
        Dimension::OlderBackups => alone(vec![Act::BacksUp, Act::BacksUp, Act::LosesDisk { before: 1 }]),
        Dimension::Clones => alone(vec![Act::IsCloned { computer }]),
        Dimension::Images => alone(vec![Act::KeepsImage { computer }, Act::PutsBack { computer }]),
        Dimension::LateComputers => alone(vec![Act::Registers]),
        Dimension::Recoveries => alone(vec![Act::Recovers { computer }]),
        Dimension::Clock => (0..2).map(|_| vec![Act::SetsClock { days: rng.random_range(DAYS) }]).collect(),
        Dimension::FullDisks => alone(vec![
            Act::FillsSchool { computer, kib: rng.random_range(0..64) },
            Act::FillsCentre { computer: anybody(rng), bytes: rng.random_range(0..6_000) },
        ]),
        Dimension::Damage => alone(vec![damage(computer, rng, false)]),
        Dimension::DamagedBundles => vec![on_a_sealed_bundle(damage(computer, rng, true), computer, rng)],
        Dimension::DamagedCentres => {
            let (file, byte) = (rng.random_range(0..1_000), rng.random_range(0..1_000));
            alone(vec![Act::BacksUp, Act::DamagesCentre { file, byte }])
        }
        Dimension::Rules => alone(vec![Act::Publishes]),
    }
}

/// Mostly there is something to be sent when something happens to a computer.
fn on_a_sealed_bundle(act: Act, computer: usize, rng: &mut ChaCha8Rng) -> Vec<Act> {
    if rng.random_range(0..4) == 0 {
        return vec![act];
    }
    let (student, field) = (rng.random_range(0..STUDENTS), rng.random_range(0..FIELDS.len()));
    vec![Act::Types { computer, student, field }, Act::Approves { computer }, act]
}

fn way(rng: &mut ChaCha8Rng) -> Way {
    if rng.random_range(0..2) == 0 { Way::Up } else { Way::Down }
}

fn cut(rng: &mut ChaCha8Rng) -> Vec<Act> {
    let (computer, way) = (anybody(rng), way(rng));
    let cut = Act::IsCut { computer, way, after: rng.random_range(0..BYTES), connection: rng.random_range(1..=2) };
    on_a_sealed_bundle(cut, computer, rng)
}

fn kill(rng: &mut ChaCha8Rng) -> Vec<Act> {
    let computer = anybody(rng);
    let whom = [Whom::School, Whom::Centre, Whom::Both][rng.random_range(0..3)];
    let at = match rng.random_range(0..3) {
        0 => Moment::Micros(rng.random_range(0..300_000)),
        _ => Moment::Byte(way(rng), rng.random_range(0..BYTES)),
    };
    on_a_sealed_bundle(Act::IsKilled { computer, whom, at }, computer, rng)
}

fn damage(computer: usize, rng: &mut ChaCha8Rng, beside: bool) -> Act {
    Act::Damages { computer, file: rng.random_range(0..1_000), byte: rng.random_range(0..1_000), beside }
}
