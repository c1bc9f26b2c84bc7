//! `demo --disaster`: the centre loses its disk after everything has happened since the backup that may happen to schools,
//! and comes back; once with the schools' contact before the operator's word, and once after it.
//!
//! The centre, every command of a school's computer and every command of the operators is a process of its own. What the
//! schools are before the loss is copied, so that both ways begin at the same moment.

mod after;
mod before;
mod cast;
mod look;
mod process;

use std::path::{Path, PathBuf};

use selaras_model::Lang;

use self::cast::{Cast, Post, School, Which};
use self::process::{Computer, Ended};
use super::Demo;
use super::centre::Centre;
use super::story::HEAD;
use super::tell::Tell;
use crate::cli::Screen;
use crate::failure::{Exit, Failure};
use crate::output::Output as _;

/// The entity of students.
const STUDENT: &str = "peserta_didik";
/// Where the computers lie until the centre's disk is lost.
const BEFORE: &str = "sebelum-hilang";
/// The backup.
const BACKUP: &str = "cadangan";
/// The centre's data directory, within the room in which it is.
const CENTRE: &str = "pusat";

/// Streets that are sealed when the disk is lost, and have no receipt.
const BY_THE_OLD_KEY: &str = "Jalan Kunci Lama";
const BY_THE_COPY: &str = "Jalan Salinan";

/// Whose word comes first after a restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The schools come, and then the operator confirms: as it should be.
    SchoolsFirst,
    /// The operator confirms before any school has come.
    WordFirst,
}

impl Order {
    /// The directory of what is played in this order.
    fn room(self) -> &'static str {
        match self {
            Order::SchoolsFirst => "sekolah-dahulu",
            Order::WordFirst => "operator-dahulu",
        }
    }
}

/// What has a receipt.
struct Receipted {
    school: Which,
    student: String,
    street: String,
}

/// The drill as it goes.
struct Drill<'a> {
    demo: &'a Demo,
    tell: Tell<'a>,
    lang: Lang,
    /// Where everything lies.
    dir: PathBuf,
    /// Where the computers lie now, and the centre.
    room: PathBuf,
    centre: Centre,
    cast: Cast,
    receipted: Vec<Receipted>,
    /// The laptop that is stolen, as the centre names it.
    laptop: String,
    /// All that the stolen laptop could read when it was taken.
    readable: String,
    /// The student who moves.
    mover: String,
    /// Of whom something was sealed when the disk was lost: with a key that was revoked since, and on a copied disk.
    by_old_key: String,
    by_copy: String,
    /// The rulebook that began since the backup.
    rulebook: String,
}

/// Tells the whole story in a directory.
pub(super) fn tell(demo: &Demo, dir: &Path, screen: &mut Screen) -> Result<Exit, Failure> {
    let lang = screen.lang();
    let room = dir.join(BEFORE);
    let cast = Cast::make(demo.seed, dir)?;
    let centre = Centre::start(&room.join(CENTRE))?;
    let mut drill = Drill {
        demo,
        tell: Tell::new(screen),
        lang,
        dir: dir.to_owned(),
        room,
        centre,
        cast,
        receipted: Vec::new(),
        laptop: String::new(),
        readable: String::new(),
        mover: String::new(),
        by_old_key: String::new(),
        by_copy: String::new(),
        rulebook: String::new(),
    };
    drill.before_the_backup()?;
    drill.since_the_backup()?;
    drill.disk_is_lost()?;
    drill.comes_back(Order::SchoolsFirst)?;
    drill.comes_back(Order::WordFirst)?;
    drill.ending()?;
    Ok(Exit::Done)
}

impl Drill<'_> {
    fn at(&self, post: Post) -> Computer {
        Computer { data: self.room.join(post.name) }
    }

    fn school(&self, post: Post) -> &School {
        self.cast.school(post.school)
    }

    /// Says what is typed at a computer, and runs it.
    fn run(&mut self, post: Post, arguments: &[&str], secrets: &[&str]) -> Result<Ended, Failure> {
        self.tell.types(&format!("[{}] selaras {}", post.name, brief(arguments)));
        self.at(post).run(arguments, secrets)
    }

    /// Runs what has to do what it is asked for, without a word.
    fn quietly(&mut self, post: Post, arguments: &[&str], secrets: &[&str]) -> Result<Ended, Failure> {
        let ended = self.at(post).run(arguments, secrets)?;
        let what = format!("[{}] selaras {}", post.name, brief(arguments));
        self.has_done(&what, ended)
    }

    /// Says what an operator types, and runs it; it has to do what it is asked for.
    fn operator(&mut self, arguments: &[&str]) -> Result<Ended, Failure> {
        let what = format!("selaras-center {}", brief(arguments));
        self.tell.types(&what);
        let ended = self.asked(arguments)?;
        self.has_done(&what, ended)
    }

    /// Runs a command of the operators without a word.
    fn asked(&self, arguments: &[&str]) -> Result<Ended, Failure> {
        process::operator(&self.room.join(CENTRE), self.centre.url(), arguments)
    }

    fn has_done(&mut self, what: &str, ended: Ended) -> Result<Ended, Failure> {
        if !ended.is_done() {
            self.tell.check(false, &format!("{what}: {}", ended.code))?;
        }
        Ok(ended)
    }

    /// Somebody types a student's street and the head approves it there.
    fn seal(&mut self, post: Post, student: &str, street: &str) -> Result<Ended, Failure> {
        let assignment = format!("alamat_jalan={street}");
        self.run(post, &["edit", STUDENT, student, &assignment], &[])?;
        self.run(post, &["approve", HEAD.0], &[HEAD.1])
    }

    /// The same, and it is sent and receipted.
    fn send(&mut self, post: Post, student: &str, street: &str) -> Result<(), Failure> {
        let words = self.tell.words();
        let sealed = self.seal(post, student, street)?;
        self.has_done("selaras approve", sealed)?;
        let sent = self.run(post, &["sync"], &[])?;
        let code = sent.text("/receipt/short_code");
        let text = words.fill("demo.disaster.receipted", &[("street", &street), ("code", &code)]);
        self.tell.check(sent.is_done() && !code.is_empty(), &text)?;
        self.receipted.push(Receipted { school: post.school, student: student.to_owned(), street: street.to_owned() });
        Ok(())
    }

    /// A student by the place in the list of a computer.
    fn nth(&mut self, post: Post, place: usize) -> Result<String, Failure> {
        let list = self.quietly(post, &["list", STUDENT], &[])?;
        Ok(list.text(&format!("/records/{place}/id")))
    }

    fn ending(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        let (checks, time) = (self.tell.checks(), words.duration(self.tell.elapsed()));
        self.tell.check(checks > 0, &words.fill("demo.end", &[("checks", &checks), ("time", &time)]))
    }
}

/// A command as a person reads it: ids shortened, values with spaces quoted.
fn brief(arguments: &[&str]) -> String {
    let short = |argument: &&str| match argument.parse::<selaras_model::RecordId>() {
        Ok(_) => argument.chars().take(8).collect(),
        Err(_) if argument.contains(' ') => format!("\"{argument}\""),
        Err(_) if Path::new(argument).is_absolute() => name_of(Path::new(argument)),
        Err(_) => (*argument).to_owned(),
    };
    arguments.iter().map(short).collect::<Vec<String>>().join(" ")
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
