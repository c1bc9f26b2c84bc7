//! Classes of the semester and who is in them.

use selaras_model::RecordId;

use super::SampleError;
use super::kind::roman;
use super::maker::{Maker, code, text, to, yes};
use super::plan::Plan;
use super::staff::Staff;
use super::students::Student;

/// Why somebody is in a class: new at the school, or promoted. Codes of `jenis_pendaftaran`.
const NEW: &str = "1";
const PROMOTED: &str = "3";

/// The kind of a class in `jenis_rombel`.
pub(super) const REGULAR: &str = "1";

/// A class or another group to be.
pub(super) struct Group {
    pub(super) level: u8,
    /// Its code in `jenis_rombel`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// The homeroom teacher.
    pub(super) teacher: RecordId,
    pub(super) room: RecordId,
}

/// A class with its members.
pub(super) struct Class {
    pub(super) id: RecordId,
    /// The records by which students are members, in the order in which the students were made.
    pub(super) members: Vec<RecordId>,
}

/// Makes the classes of a plan, each in a room of its own.
pub(super) fn make(
    maker: &mut Maker<'_>,
    plan: &Plan,
    staff: &Staff,
    rooms: &[RecordId],
    students: &[Student],
) -> Result<Vec<Class>, SampleError> {
    let mut made = Vec::with_capacity(plan.classes.len());
    let homerooms = plan.homerooms();
    for ((planned, room), homeroom) in plan.classes.iter().zip(rooms).zip(homerooms) {
        let teacher = staff.teachers.get(homeroom).map_or(staff.head, |teacher| teacher.ptk);
        let name = format!("{}-{}", roman(planned.level), planned.number);
        let id = group(maker, Group { level: planned.level, kind: REGULAR, name, teacher, room: *room })?;
        made.push(Class { id, members: Vec::new() });
    }
    for student in students {
        let first_year = student.level == *plan.kind.levels().start();
        if let Some(class) = made.get_mut(student.class) {
            class.members.push(member(maker, class.id, student.id, if first_year { NEW } else { PROMOTED })?);
        }
    }
    Ok(made)
}

/// Makes a class or another group.
pub(super) fn group(maker: &mut Maker<'_>, group: Group) -> Result<RecordId, SampleError> {
    let cells = [
        ("semester_id", maker.semester()),
        ("tingkat_pendidikan_id", code(group.level.to_string())),
        ("kurikulum_id", code(maker.kind.curriculum())),
        ("nama", text(group.name)),
        ("ptk_id", to(group.teacher)),
        ("id_ruang", to(group.room)),
        ("jenis_rombel", code(group.kind)),
        ("moving_class", yes(false)),
    ];
    maker.school("rombongan_belajar", cells)
}

/// Makes a student a member of a class.
pub(super) fn member(
    maker: &mut Maker<'_>,
    class: RecordId,
    student: RecordId,
    admission: &str,
) -> Result<RecordId, SampleError> {
    let cells = [
        ("rombongan_belajar_id", to(class)),
        ("peserta_didik_id", to(student)),
        ("jenis_pendaftaran_id", code(admission)),
    ];
    maker.school("anggota_rombel", cells)
}
