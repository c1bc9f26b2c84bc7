//! Groups besides lessons: scouting with one's class, and a club for half of the students.

use std::collections::BTreeMap;

use selaras_model::RecordId;

use super::SampleError;
use super::classes::{self, Group};
use super::kind::roman;
use super::maker::Maker;
use super::plan::Plan;
use super::staff::Staff;
use super::students::Student;

/// The kind of such groups in `jenis_rombel`.
const EXTRACURRICULAR: &str = "51";
/// Members join every year anew.
const NEW: &str = "1";
/// Of a hundred students, how many are in a club.
const IN_CLUBS: u32 = 50;
const CLUBS: [&str; 8] =
    ["Futsal", "PMR", "Paduan Suara", "Pencak Silat", "Karya Ilmiah", "Bola Voli", "Teater", "Rebana"];

/// Makes the groups of every level.
pub(super) fn make(
    maker: &mut Maker<'_>,
    plan: &Plan,
    staff: &Staff,
    rooms: &[RecordId],
    students: &[Student],
) -> Result<(), SampleError> {
    let groups = groups(maker, plan, students);
    let teachers = staff.teachers.iter().map(|teacher| teacher.ptk).cycle();
    let places = rooms.iter().copied().cycle();
    for ((((level, name), members), teacher), room) in groups.into_iter().zip(teachers).zip(places) {
        let group = Group { level, kind: EXTRACURRICULAR, name, teacher, room };
        let group = classes::group(maker, group)?;
        for student in members {
            classes::member(maker, group, student, NEW)?;
        }
    }
    Ok(())
}

/// Says who is in which group; a group is named once in a level.
fn groups(maker: &mut Maker<'_>, plan: &Plan, students: &[Student]) -> BTreeMap<(u8, String), Vec<RecordId>> {
    let limit = usize::try_from(plan.kind.class_limit()).unwrap_or(usize::MAX).max(1);
    let mut groups: BTreeMap<(u8, String), Vec<RecordId>> = BTreeMap::new();
    let mut sizes: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for student in students {
        let Student { id, level, class } = *student;
        let number = plan.classes.get(class).map_or(1, |class| class.number);
        let scouts = format!("Pramuka {}-{number}", roman(level));
        groups.entry((level, scouts)).or_default().push(id);
        if maker.dice.chance(IN_CLUBS) {
            let club = maker.dice.word(&CLUBS);
            let size = sizes.entry((level, club)).or_default();
            let name = format!("{club} {}-{}", roman(level), *size / limit + 1);
            *size += 1;
            groups.entry((level, name)).or_default().push(id);
        }
    }
    groups
}
