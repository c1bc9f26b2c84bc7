//! What a process did to the files of one place, in order, as `strace` recorded it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One call and the stretch of the record in which it ran.
#[derive(Debug)]
pub(crate) struct Event {
    /// The line at which it began; what a sync began before is what it covers.
    pub(crate) began: usize,
    /// The line at which it had returned.
    pub(crate) ended: usize,
    /// What it did; paths are below the place.
    pub(crate) act: Act,
}

impl Event {
    /// A sync helps once it has returned; anything else may have happened as soon as it began.
    fn counts_from(&self) -> usize {
        if matches!(self.act, Act::Sync(_)) { self.ended } else { self.began }
    }
}

#[derive(Debug)]
pub(crate) enum Act {
    Make(PathBuf),
    MakeDirectory(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Write(PathBuf, u64, Vec<u8>),
    Resize(PathBuf, u64),
    Sync(PathBuf),
    /// The process said this to the world outside.
    Say(String),
}

/// Calls that change what is on a disk and that are followed here.
const FOLLOWED: &str = "openat,open,creat,lseek,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,\
                        unlink,unlinkat,rmdir,mkdir,mkdirat";
/// Calls that would change it and are not followed: the record is of no use when one is seen within the place.
const REFUSED: &str = "writev,pwritev,pwritev2,fallocate,truncate,link,linkat,symlink,symlinkat,copy_file_range,sendfile,\
                       io_uring_setup";
/// The longest write that is recorded whole.
const LONGEST_WRITE: &str = "16777216";

/// Runs this test's own executable with arguments, and puts what it did below a place behind what others did before.
pub(crate) fn record(place: &Path, arguments: &[&str], to: &Path, events: &mut Vec<Event>) {
    let status = Command::new("strace")
        .args(["-f", "-y", "-xx", "-qq", "-s", LONGEST_WRITE, "-e", "signal=none", "-o"])
        .arg(to)
        .arg("-e")
        .arg(format!("trace={FOLLOWED},{REFUSED}"))
        .arg(std::env::current_exe().unwrap())
        .args(arguments)
        .stdout(Stdio::null())
        .status()
        .expect("strace does not start (Debian: apt-get install strace)");
    assert!(status.success(), "the recorded process ended with {status}");
    let text = std::fs::read_to_string(to).unwrap();
    let line = events.last().map_or(0, |event| event.ended + 1);
    let mut reader = Reader { place, files: HashMap::new(), line, events: Vec::new() };
    for call in calls(&text) {
        reader.take(&call);
    }
    reader.events.sort_by_key(Event::counts_from);
    events.append(&mut reader.events);
}

/// A call put together from the line of its beginning and, where another came between, that of its end.
struct Call<'a> {
    began: usize,
    ended: usize,
    name: &'a str,
    arguments: String,
    /// None for one that the end of its process cut off.
    result: Option<i64>,
}

fn calls(text: &str) -> Vec<Call<'_>> {
    let mut under_way: HashMap<&str, (usize, &str, String)> = HashMap::new();
    let mut calls = Vec::new();
    for (line, words) in text.lines().enumerate() {
        let (thread, rest) = words.split_once(' ').unwrap();
        let rest = rest.trim_start();
        // The last is a call of a process that ended before its name was known.
        if rest.starts_with("+++") || rest.starts_with("---") || rest.starts_with("???") {
            continue;
        }
        let (began, name, rest) = match rest.strip_prefix("<... ") {
            Some(resumed) => {
                let (name, rest) = resumed.split_once(" resumed>").unwrap();
                let (began, begun_as, arguments) = under_way.remove(thread).unwrap();
                assert_eq!(name, begun_as);
                (began, name, arguments + rest)
            }
            None => {
                let (name, arguments) = rest.split_once('(').unwrap();
                (line, name, arguments.to_owned())
            }
        };
        let cut_off = rest.strip_suffix(" <unfinished ...>").or_else(|| rest.strip_suffix(" <detached ...>"));
        if let Some(arguments) = cut_off {
            under_way.insert(thread, (began, name, arguments.to_owned()));
            continue;
        }
        let (arguments, result) = rest.rsplit_once(") = ").or_else(|| rest.rsplit_once(")  = ")).unwrap_or_else(|| {
            // A short call's result is set in a column.
            let at = rest.rfind(" = ").unwrap();
            (rest[..at].trim_end().trim_end_matches(')'), &rest[at + 3..])
        });
        let number = result.split([' ', '<']).next().unwrap();
        // A process that ended left calls without a result.
        calls.push(Call { began, ended: line, name, arguments: arguments.to_owned(), result: number.parse().ok() });
    }
    let end = text.lines().count();
    let left = under_way.into_values();
    calls.extend(left.map(|(began, name, arguments)| Call { began, ended: end, name, arguments, result: None }));
    calls
}

/// An open file: where it is and at which byte it stands.
struct OpenFile {
    at: u64,
    end: bool,
}

struct Reader<'a> {
    place: &'a Path,
    files: HashMap<i64, OpenFile>,
    /// The line at which this record begins behind the others.
    line: usize,
    events: Vec<Event>,
}

impl Reader<'_> {
    fn take(&mut self, call: &Call<'_>) {
        let arguments: Vec<&str> = call.arguments.split(", ").collect();
        let Some(result) = call.result else { return self.cut_off(call, &arguments) };
        if result < 0 {
            return;
        }
        match call.name {
            "openat" => self.open(call, result, arguments[1], arguments[2]),
            "lseek" => {
                if let Some(file) = self.files.get_mut(&number(arguments[0])) {
                    file.at = u64::try_from(result).unwrap();
                }
            }
            "write" => self.write(call, result, &arguments),
            "pwrite64" => {
                let at = arguments[3].parse().unwrap();
                self.write_at(call, result, arguments[0], at, arguments[1]);
            }
            "ftruncate" => {
                if let Some(path) = self.below(&handle(arguments[0])) {
                    self.push(call, Act::Resize(path, arguments[1].parse().unwrap()));
                }
            }
            "fsync" | "fdatasync" => {
                if let Some(path) = self.below(&handle(arguments[0])) {
                    self.push(call, Act::Sync(path));
                }
            }
            "rename" => self.rename(call, arguments[0], arguments[1]),
            "renameat" | "renameat2" => self.rename(call, arguments[1], arguments[3]),
            "unlink" | "rmdir" => self.remove(call, arguments[0]),
            "unlinkat" => self.remove(call, arguments[1]),
            "mkdir" => self.make_directory(call, arguments[0]),
            "mkdirat" => self.make_directory(call, arguments[1]),
            _ => self.refuse(call),
        }
    }

    fn open(&mut self, call: &Call<'_>, number: i64, path: &str, flags: &str) {
        self.files.insert(number, OpenFile { at: 0, end: flags.contains("O_APPEND") });
        let Some(path) = self.below(&text(path)) else { return };
        // Whether it was there is known to whoever replays it.
        if flags.contains("O_CREAT") {
            self.push(call, Act::Make(path.clone()));
        }
        if flags.contains("O_TRUNC") {
            self.push(call, Act::Resize(path, 0));
        }
    }

    /// Of a write that the end of its process cut off, what arrived is in the file.
    fn cut_off(&mut self, call: &Call<'_>, arguments: &[&str]) {
        let ("pwrite64", [file, what, _, at]) = (call.name, arguments) else { return };
        let path = handle(file);
        let Some(below) = self.below(&path) else { return };
        let (at, written) = (at.trim_end_matches(')').parse().unwrap(), unquoted(what));
        let there = std::fs::read(&path).unwrap_or_default();
        let there = there.get(usize::try_from(at).unwrap()..).unwrap_or_default();
        let arrived = written.iter().zip(there).take_while(|(one, other)| one == other).count();
        self.push(call, Act::Write(below, at, written[..arrived].to_vec()));
    }

    fn write(&mut self, call: &Call<'_>, result: i64, arguments: &[&str]) {
        let number = number(arguments[0]);
        if number == 1 {
            let said = text(arguments[1]);
            return said.lines().for_each(|line| self.push(call, Act::Say(line.to_owned())));
        }
        let Some(file) = self.files.get_mut(&number) else { return };
        let at = file.at;
        file.at += u64::try_from(result).unwrap();
        if self.below(&handle(arguments[0])).is_some() {
            assert!(!self.files[&number].end, "appending is not followed");
            self.write_at(call, result, arguments[0], at, arguments[1]);
        }
    }

    fn write_at(&mut self, call: &Call<'_>, result: i64, file: &str, at: u64, what: &str) {
        let Some(path) = self.below(&handle(file)) else { return };
        let bytes = unquoted(what);
        assert_eq!(i64::try_from(bytes.len()).unwrap(), result, "a write in pieces is not followed");
        self.push(call, Act::Write(path, at, bytes));
    }

    fn rename(&mut self, call: &Call<'_>, from: &str, to: &str) {
        let (from, to) = (self.below(&text(from)), self.below(&text(to)));
        match (from, to) {
            (Some(from), Some(to)) => self.push(call, Act::Rename(from, to)),
            (None, None) => {}
            _ => panic!("a file was moved into the place or out of it"),
        }
    }

    fn remove(&mut self, call: &Call<'_>, path: &str) {
        if let Some(path) = self.below(&text(path)) {
            self.push(call, Act::Remove(path));
        }
    }

    fn make_directory(&mut self, call: &Call<'_>, path: &str) {
        if let Some(path) = self.below(&text(path)) {
            self.push(call, Act::MakeDirectory(path));
        }
    }

    /// Panics for a call that touches the place.
    fn refuse(&self, call: &Call<'_>) {
        let strings = call.arguments.split(['"', '<', '>']).filter(|part| part.starts_with("\\x"));
        for path in strings {
            assert!(self.below(&String::from_utf8_lossy(&bytes(path))).is_none(), "{} is not followed", call.name);
        }
    }

    fn below(&self, path: &str) -> Option<PathBuf> {
        Path::new(path).strip_prefix(self.place).ok().map(Path::to_owned)
    }

    fn push(&mut self, call: &Call<'_>, act: Act) {
        self.events.push(Event { began: self.line + call.began, ended: self.line + call.ended, act });
    }
}

/// The number of a handle that is written as `7<path>`.
fn number(handle: &str) -> i64 {
    handle.split('<').next().unwrap().parse().unwrap_or(-1)
}

fn handle(handle: &str) -> String {
    let inner = handle.split_once('<').and_then(|(_, path)| path.strip_suffix('>')).unwrap_or_default();
    String::from_utf8_lossy(&bytes(inner)).into_owned()
}

fn text(quoted: &str) -> String {
    String::from_utf8_lossy(&unquoted(quoted)).into_owned()
}

fn unquoted(quoted: &str) -> Vec<u8> {
    bytes(quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).expect("a string that was recorded whole"))
}

/// Reads `\x2f\x74`.
fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap();
    hexadecimal.as_bytes().chunks(4).map(|four| (digit(four[2]) << 4 | digit(four[3])) as u8).collect()
}
