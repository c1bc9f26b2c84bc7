//! Lessons and when they take place.
//!
//! A week's hours are the edges of a graph between classes and teachers, and slots are their colours: no class and no
//! teacher has two edges of a colour. As many colours as the busiest of them has hours always suffice (Kőnig), and where
//! no slot is free for both, swapping two colours along a path makes one.

use selaras_model::RecordId;

use super::SampleError;
use super::classes::Class;
use super::maker::{Cell, Maker, code, int, on, text, to};
use super::plan::{Lesson, Plan};
use super::staff::Staff;

/// Days a week, from Monday on.
const DAYS: usize = 5;
/// Slots of a day, as the pack names them.
const SLOTS: [&str; 20] = [
    "bel_ke_01",
    "bel_ke_02",
    "bel_ke_03",
    "bel_ke_04",
    "bel_ke_05",
    "bel_ke_06",
    "bel_ke_07",
    "bel_ke_08",
    "bel_ke_09",
    "bel_ke_10",
    "bel_ke_11",
    "bel_ke_12",
    "bel_ke_13",
    "bel_ke_14",
    "bel_ke_15",
    "bel_ke_16",
    "bel_ke_17",
    "bel_ke_18",
    "bel_ke_19",
    "bel_ke_20",
];

/// Makes the lessons of a plan and their timetable; gives the lessons' records in the plan's order.
pub(super) fn make(
    maker: &mut Maker<'_>,
    plan: &Plan,
    staff: &Staff,
    rooms: &[RecordId],
    classes: &[Class],
) -> Result<Vec<RecordId>, SampleError> {
    let mut lessons = Vec::with_capacity(plan.lessons.len());
    for lesson in &plan.lessons {
        lessons.push(record(maker, staff, classes, lesson)?);
    }
    let week = Week::new(plan);
    for (class, room) in rooms.iter().enumerate() {
        for day in 0..DAYS {
            let slots = SLOTS.iter().enumerate().take(week.per_day).filter_map(|(at, slot)| {
                let lesson = week.classes.at(class, day * week.per_day + at)?;
                Some((*slot, to(*lessons.get(lesson)?)))
            });
            let mut cells: Vec<Cell> = slots.collect();
            if cells.is_empty() {
                continue;
            }
            let day = code((day + 1).to_string());
            cells.extend([("id_ruang", to(*room)), ("hari", day), ("semester_id", maker.semester())]);
            maker.school("jadwal", cells)?;
        }
    }
    Ok(lessons)
}

fn record(maker: &mut Maker<'_>, staff: &Staff, classes: &[Class], lesson: &Lesson) -> Result<RecordId, SampleError> {
    let decided = maker.day(0, 7, 6)?;
    let class = classes.get(lesson.class).ok_or(SampleError::Calendar)?;
    let teacher = staff.teachers.get(lesson.teacher).ok_or(SampleError::Calendar)?;
    let cells = [
        ("rombongan_belajar_id", to(class.id)),
        ("mata_pelajaran_id", code(lesson.subject.code)),
        ("ptk_terdaftar_id", to(teacher.assignment)),
        ("sk_mengajar", text(format!("800/{:04}/SK/{}", lesson.teacher + 1, maker.year))),
        ("tanggal_sk_mengajar", on(decided)),
        ("jam_mengajar_per_minggu", int(lesson.subject.hours)),
        ("status_di_kurikulum", code(lesson.subject.status)),
    ];
    maker.school("pembelajaran", cells)
}

/// Who has which lesson in which slot of the week.
struct Grid {
    slots: usize,
    cells: Vec<Option<usize>>,
}

impl Grid {
    fn new(rows: usize, slots: usize) -> Self {
        Self { slots, cells: vec![None; rows * slots] }
    }

    fn at(&self, row: usize, slot: usize) -> Option<usize> {
        self.cells.get(row * self.slots + slot).copied().flatten()
    }

    fn put(&mut self, row: usize, slot: usize, lesson: Option<usize>) {
        if let Some(cell) = self.cells.get_mut(row * self.slots + slot) {
            *cell = lesson;
        }
    }

    fn first_free(&self, row: usize) -> Option<usize> {
        (0..self.slots).find(|slot| self.at(row, *slot).is_none())
    }
}

/// A week without clashes.
struct Week<'p> {
    lessons: &'p [Lesson],
    per_day: usize,
    classes: Grid,
    teachers: Grid,
}

impl<'p> Week<'p> {
    fn new(plan: &'p Plan) -> Self {
        let per_day = busiest(plan).div_ceil(DAYS);
        let slots = per_day * DAYS;
        let (classes, teachers) = (Grid::new(plan.classes.len(), slots), Grid::new(plan.teachers, slots));
        let mut week = Self { lessons: &plan.lessons, per_day, classes, teachers };
        for (at, lesson) in plan.lessons.iter().enumerate() {
            for _ in 0..lesson.subject.hours {
                week.add(at, lesson);
            }
        }
        week
    }

    /// Gives a lesson one more hour.
    fn add(&mut self, at: usize, lesson: &Lesson) {
        let free = |slot: &usize| {
            self.classes.at(lesson.class, *slot).is_none() && self.teachers.at(lesson.teacher, *slot).is_none()
        };
        let best = (0..self.classes.slots).filter(free).min_by_key(|slot| self.cost(at, lesson.class, *slot));
        let slot = best.or_else(|| self.make_room(lesson));
        if let Some(slot) = slot {
            self.classes.put(lesson.class, slot, Some(at));
            self.teachers.put(lesson.teacher, slot, Some(at));
        }
    }

    /// Says how badly another hour of a lesson fits: best beside a first hour of the day, then on a day without.
    fn cost(&self, at: usize, class: usize, slot: usize) -> u8 {
        let day = slot / self.per_day * self.per_day;
        let has = |slot: usize| self.classes.at(class, slot) == Some(at);
        let beside = (day..day + self.per_day).any(|other| other.abs_diff(slot) == 1 && has(other));
        match (day..day + self.per_day).filter(|slot| has(*slot)).count() {
            1 if beside => 0,
            0 => 1,
            _ => 2,
        }
    }

    /// Frees a slot for both class and teacher: one that the class has free, by swapping it with one that the teacher
    /// has free along the path of lessons that begins at the teacher. The path cannot end at the class, as it comes to
    /// classes by the first slot only.
    fn make_room(&mut self, lesson: &Lesson) -> Option<usize> {
        let (wanted, other) = (self.classes.first_free(lesson.class)?, self.teachers.first_free(lesson.teacher)?);
        let mut path = Vec::new();
        let mut next = self.teachers.at(lesson.teacher, wanted);
        let (mut here, mut there) = (wanted, other);
        while let Some(at) = next {
            let found = self.lessons.get(at)?;
            path.push((at, here, there));
            // From a teacher the path leads to a class, and from there to the next teacher.
            next = match here == wanted {
                true => self.classes.at(found.class, there),
                false => self.teachers.at(found.teacher, there),
            };
            (here, there) = (there, here);
        }
        for (at, from, _) in &path {
            self.set(*at, *from, None);
        }
        for (at, _, to) in &path {
            self.set(*at, *to, Some(*at));
        }
        Some(wanted)
    }

    fn set(&mut self, at: usize, slot: usize, value: Option<usize>) {
        if let Some(lesson) = self.lessons.get(at) {
            self.classes.put(lesson.class, slot, value);
            self.teachers.put(lesson.teacher, slot, value);
        }
    }
}

/// Gives the hours of whoever has most, class or teacher.
fn busiest(plan: &Plan) -> usize {
    let (mut classes, mut teachers) = (vec![0_usize; plan.classes.len()], vec![0_usize; plan.teachers]);
    for lesson in &plan.lessons {
        let both = [classes.get_mut(lesson.class), teachers.get_mut(lesson.teacher)];
        for hours in both.into_iter().flatten() {
            *hours += usize::from(lesson.subject.hours);
        }
    }
    classes.into_iter().chain(teachers).max().unwrap_or_default()
}
