//! The grades of one evaluation.

use selaras_model::RecordId;

use super::SampleError;
use super::classes::Class;
use super::maker::{Maker, code, scaled, to};
use super::plan::Plan;

/// The middle of the semester, in the table `evaluasi`.
const EVALUATION: &str = "2";
/// Lowest and highest mark, in whole points.
const MARKS: (i64, i64) = (62, 98);
/// What the pack scales a point by.
const POINT: i64 = 100;

/// Makes a grade of every member in every graded lesson of the class.
pub(super) fn make(
    maker: &mut Maker<'_>,
    plan: &Plan,
    classes: &[Class],
    lessons: &[RecordId],
) -> Result<(), SampleError> {
    for (lesson, id) in plan.lessons.iter().zip(lessons) {
        let (Some(planned), Some(class)) = (plan.classes.get(lesson.class), classes.get(lesson.class)) else {
            continue;
        };
        if !plan.kind.is_graded(planned.level, lesson.subject) {
            continue;
        }
        for member in &class.members {
            // The mean of two throws: most marks lie in the middle, as in a class.
            let points = (maker.dice.between(MARKS.0, MARKS.1) + maker.dice.between(MARKS.0, MARKS.1)) / 2;
            let cells = [
                ("id_evaluasi", code(EVALUATION)),
                ("anggota_rombel_id", to(*member)),
                ("pembelajaran_id", to(*id)),
                ("angka", scaled(points * POINT)),
            ];
            maker.school("nilai", cells)?;
        }
    }
    Ok(())
}
