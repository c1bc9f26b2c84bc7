//! The plan of a school: how many classes, and who teaches what, before any record is made.

use super::SchoolKind;
use super::kind::{Subject, TaughtBy};

/// Hours a week that a teacher is planned for, additional duties included; 24 to 40 are in order.
const FULL_LOAD: u32 = 32;
/// Places that a class keeps free, so that students can join.
const SPARE: u32 = 2;

/// A duty besides teaching: code in `jabatan_ptk`, hours credited, and from how many teachers on a school has it.
pub(super) const DUTIES: [(&str, u32, usize); 6] =
    [("34", 12, 12), ("35", 12, 12), ("3", 12, 20), ("36", 12, 40), ("44", 2, 6), ("45", 2, 6)];

/// A class to be.
pub(super) struct Class {
    pub(super) level: u8,
    /// Its number within the level, from 1.
    pub(super) number: u32,
    pub(super) size: u32,
}

/// A lesson to be.
pub(super) struct Lesson {
    /// Its class's place in the plan.
    pub(super) class: usize,
    pub(super) subject: &'static Subject,
    /// Its teacher's place among the teachers.
    pub(super) teacher: usize,
}

/// What a school of so many students needs.
pub(super) struct Plan {
    pub(super) kind: SchoolKind,
    pub(super) classes: Vec<Class>,
    pub(super) lessons: Vec<Lesson>,
    pub(super) teachers: usize,
}

impl Plan {
    pub(super) fn new(kind: SchoolKind, students: u32) -> Self {
        let classes = classes(kind, students);
        let mut plan = Self { kind, classes, lessons: Vec::new(), teachers: 0 };
        plan.give_class_teachers();
        plan.give_subject_teachers();
        plan
    }

    /// Gives the duties of the school; the n-th is the n-th teacher's.
    pub(super) fn duties(&self) -> impl Iterator<Item = (&'static str, u32)> + '_ {
        duties_of(self.teachers)
    }

    fn lessons_by(&self, by: TaughtBy) -> Vec<(usize, &'static Subject)> {
        let classes = self.classes.iter().enumerate();
        let lessons = classes.flat_map(|(at, class)| {
            self.kind.subjects(class.level).iter().filter(|subject| subject.taught_by == by).map(move |s| (at, s))
        });
        lessons.collect()
    }

    fn give_class_teachers(&mut self) {
        let lessons = self.lessons_by(TaughtBy::ClassTeacher);
        if !lessons.is_empty() {
            self.teachers = self.classes.len();
        }
        self.lessons.extend(lessons.into_iter().map(|(class, subject)| Lesson { class, subject, teacher: class }));
    }

    /// Deals the lessons out subject by subject, so that most teachers have one subject, each up to an equal share.
    fn give_subject_teachers(&mut self) {
        let mut lessons = self.lessons_by(TaughtBy::SubjectTeacher);
        lessons.sort_by_key(|(class, subject)| (subject.code, *class));
        let hours: u32 = lessons.iter().map(|(_, subject)| u32::from(subject.hours)).sum();
        // Where class teachers are there, they have the duties.
        let first = self.teachers;
        let credits = |teachers| if first == 0 { duties_of(teachers).map(|(_, hours)| hours).sum() } else { 0 };
        let guess = hours.div_ceil(FULL_LOAD);
        let teachers = (hours + credits(place(guess))).div_ceil(FULL_LOAD).max(1);
        let count = place(teachers);
        let total = hours + credits(count);
        let credit_of = |at: usize| {
            if first == 0 { duties_of(count).nth(at).map_or(0, |(_, hours)| hours) } else { 0 }
        };
        // Shares are counted from the first teacher on, so that what one has too few is not all left to the last.
        let mut shares = (1..teachers).map(|at| total * at / teachers);
        let (mut at, mut dealt, mut share) = (0, credit_of(0), shares.next());
        for (class, subject) in lessons {
            let more = u32::from(subject.hours);
            while share.is_some_and(|share| 2 * dealt + more > 2 * share) {
                at += 1;
                dealt += credit_of(at);
                share = shares.next();
            }
            dealt += more;
            self.lessons.push(Lesson { class, subject, teacher: first + at });
        }
        self.teachers = first + count;
    }

    /// Gives each class's homeroom teacher: the first of its teachers who has no class yet, else the first of all
    /// without one; where teachers are fewer than classes, some have several.
    pub(super) fn homerooms(&self) -> Vec<usize> {
        let mut taken = vec![0_u32; self.teachers];
        let mut homerooms = Vec::with_capacity(self.classes.len());
        for class in 0..self.classes.len() {
            let own = self.lessons.iter().filter(|lesson| lesson.class == class).map(|lesson| lesson.teacher);
            let burden = |teacher: &usize| taken.get(*teacher).copied().unwrap_or_default();
            let of_class = own.min_by_key(burden);
            let of_all = (0..self.teachers).min_by_key(burden);
            let chosen = of_class.into_iter().chain(of_all).min_by_key(burden).unwrap_or_default();
            if let Some(taken) = taken.get_mut(chosen) {
                *taken += 1;
            }
            homerooms.push(chosen);
        }
        homerooms
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn duties_of(teachers: usize) -> impl Iterator<Item = (&'static str, u32)> {
    DUTIES.iter().filter(move |(_, _, from)| teachers >= *from).map(|(duty, hours, _)| (*duty, *hours))
}

/// Deals the students out over levels and classes as evenly as they go.
fn classes(kind: SchoolKind, students: u32) -> Vec<Class> {
    let levels: Vec<u8> = kind.levels().collect();
    let of_levels = shares(students, u32::try_from(levels.len()).unwrap_or(1));
    let by_level = levels.into_iter().zip(of_levels).filter(|(_, students)| *students > 0);
    let classes = by_level.flat_map(|(level, students)| {
        let count = students.div_ceil(kind.class_limit() - SPARE);
        (1..).zip(shares(students, count)).map(move |(number, size)| Class { level, number, size })
    });
    classes.collect()
}

/// Divides a whole into so many shares that differ by one at most, the larger first.
fn shares(whole: u32, count: u32) -> impl Iterator<Item = u32> {
    let count = count.max(1);
    (0..count).map(move |at| whole / count + u32::from(at < whole % count))
}
