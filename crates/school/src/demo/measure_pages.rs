//! The hidden command `measure-pages`: how long a large school's pages take, and what serving them needs.
//!
//! The pages are served by a child of this executable, `selaras serve`, so that its memory and its start are its own.
//! Times are those of whole requests, from the connection to the last byte, on one computer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Room;
use super::centre::Centre;
use super::measure::{broken, make, middle, peak, say};
use super::measure_line::prepare;
use super::school::Computer;
use crate::cli::Screen;
use crate::failure::{Exit, Failure};
use crate::output::Output as _;

/// The arguments of `measure-pages`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MeasurePages {
    /// Number of students.
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(100..=20_000))]
    students: u32,
}

const OPERATOR: (&str, &str) = ("siti", "gunung dan lembah");
/// Requests of one page, of which the middle one and the longest are told.
const RUNS: usize = 7;
/// Pages that are told by name: the slowest.
const TOLD: usize = 12;
/// Pages from which all others are reached.
const BEGIN: [&str; 4] = ["/", "/ringkasan", "/mutasi", "/validasi?nanti=ya"];
/// Ends of addresses behind which there is a file and no page.
const FILES: [&str; 2] = ["/berkas", "/bukti"];
/// Searches, as they are sent while somebody types.
const SEARCHES: [&str; 5] = [
    "/data/peserta_didik?q=a",
    "/data/peserta_didik?q=putri",
    "/data/peserta_didik?q=tidak+ada",
    "/data/peserta_didik?q=an&urut=nama&hal=3",
    "/data/peserta_didik/cari?q=an",
];
/// Configuration of the child: ports that nobody else has.
const CONFIG: &str = "[serve]\nweb_port = 0\nothers_port = 0\n";

impl MeasurePages {
    pub(crate) fn run(&self, screen: &mut Screen) -> Result<Exit, Failure> {
        let room = Room::new(None)?;
        let data = room.dir.join("sekolah");
        let _centre = self.school(&room.dir, &data, screen)?;
        std::fs::write(data.join("selaras.toml"), CONFIG).map_err(|_| broken())?;
        let began = Instant::now();
        let serving = Serving::start(&data)?;
        let mut visitor = Visitor { address: serving.address, cookies: BTreeMap::new() };
        visitor.get("/masuk")?;
        let first = began.elapsed();
        let pid = serving.child.id().to_string();
        let at_first = peak(&pid);
        visitor.sign_in()?;
        let home = visitor.get("/")?.time;
        let paths = walk(&mut visitor)?;
        let pages = times(&mut visitor, paths.iter().map(String::as_str))?;
        let searches = times(&mut visitor, SEARCHES)?;
        say(screen, &format!("students {}: {} pages, {RUNS} requests of each", self.students, pages.len()));
        say(screen, &format!("first page {:.0} ms after the start; home at once {:.0} ms", ms(first), ms(home)));
        say(screen, &format!("peak memory {at_first} MiB at the first page, {} MiB behind all", peak(&pid)));
        say(screen, "page | middle ms | longest ms | KiB");
        for page in searches.iter().chain(pages.iter().take(TOLD)) {
            let Page { path, middle, longest, bytes } = page;
            say(screen, &format!("{path} | {:.1} | {:.1} | {}", ms(*middle), ms(*longest), bytes / 1_024));
        }
        let longest = pages.iter().map(|page| page.longest).max().unwrap_or_default();
        let all = middle(pages.iter().map(|page| page.middle).collect());
        say(screen, &format!("all pages | {:.1} | {:.1} |", ms(all), ms(longest)));
        Ok(Exit::Done)
    }

    /// A school that is in step, with an operator, and a day's edits that wait.
    fn school(&self, room: &Path, data: &Path, screen: &Screen) -> Result<Centre, Failure> {
        let files = make(self.students, room)?;
        let centre = Centre::start(&room.join("pusat"))?;
        let mut computer = Computer::new(data.to_owned(), screen.lang());
        let kode = prepare(&centre, centre.url(), &files, &mut computer)?;
        computer.run(&["sync"], &[])?;
        computer.run(&["account", "add", OPERATOR.0], &[OPERATOR.1])?;
        computer.run(&["role", "add", OPERATOR.0, "operator"], &[&kode])?;
        computer.run(&["import", &files.first_day()?.display().to_string()], &[])?;
        computer.close();
        Ok(centre)
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// What a page took.
struct Page {
    path: String,
    middle: Duration,
    longest: Duration,
    bytes: usize,
}

/// Asks for every page some times; the slowest first.
fn times<'a>(visitor: &mut Visitor, paths: impl IntoIterator<Item = &'a str>) -> Result<Vec<Page>, Failure> {
    let mut pages = Vec::new();
    for path in paths {
        let mut took = Vec::new();
        let mut bytes = 0;
        for _ in 0..RUNS {
            let answer = visitor.get(path)?;
            took.push(answer.time);
            bytes = answer.body.len();
        }
        let longest = took.iter().copied().max().unwrap_or_default();
        pages.push(Page { path: path.to_owned(), middle: middle(took), longest, bytes });
    }
    pages.sort_by_key(|page| std::cmp::Reverse(page.middle));
    Ok(pages)
}

/// One page of each kind, by following links.
fn walk(visitor: &mut Visitor) -> Result<Vec<String>, Failure> {
    let (mut kinds, mut pages) = (BTreeSet::new(), Vec::new());
    let mut ahead: Vec<String> = BEGIN.map(str::to_owned).to_vec();
    while let Some(path) = ahead.pop() {
        let is_file = FILES.iter().any(|end| path.ends_with(end));
        if is_file || !kinds.insert(kind(&path)) {
            continue;
        }
        let answer = visitor.get(&path)?;
        match answer.status {
            200 => pages.push(path),
            303 => {}
            _ => return Err(broken()),
        }
        ahead.extend(links(&answer.body));
    }
    Ok(pages)
}

/// An address without what tells one record from another.
fn kind(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split('/').map(|part| if part.len() > 30 { "ID" } else { part }).collect::<Vec<_>>().join("/")
}

fn links(body: &str) -> impl Iterator<Item = String> {
    let links = body.split("href=\"").skip(1).filter_map(|part| part.split('"').next());
    let own = links.filter(|link| link.starts_with('/') && !link.starts_with("/aset/"));
    own.map(|link| link.split('#').next().unwrap_or_default().replace("&amp;", "&"))
}

/// `selaras serve` as a child.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(data: &Path) -> Result<Serving, Failure> {
        let executable = std::env::current_exe().map_err(|_| broken())?;
        let mut child = Command::new(executable)
            .args(["--json", "--data"])
            .arg(data)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|_| broken())?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or_else(broken)?;
        BufReader::new(stdout).read_line(&mut line).map_err(|_| broken())?;
        let said: serde_json::Value = serde_json::from_str(&line).map_err(|_| broken())?;
        let address = said.get("pages").and_then(serde_json::Value::as_str).unwrap_or_default();
        let address = address.trim_start_matches("http://").parse();
        let mut serving = Serving { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        serving.address = address.map_err(|_| broken())?;
        Ok(serving)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whoever asks for pages.
struct Visitor {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

struct Answer {
    status: u16,
    body: String,
    time: Duration,
}

impl Visitor {
    fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.ask("GET", path, "")
    }

    fn sign_in(&mut self) -> Result<(), Failure> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("name", OPERATOR.0)
            .append_pair("password", OPERATOR.1)
            .finish();
        let answer = self.ask("POST", "/masuk", &body)?;
        if answer.status == 303 { Ok(()) } else { Err(broken()) }
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Answer, Failure> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\ncookie: {1}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {2}\r\n\r\n{body}",
            self.address,
            cookies.join("; "),
            body.len()
        );
        let began = Instant::now();
        let mut text = String::new();
        let mut stream = TcpStream::connect(self.address).map_err(|_| broken())?;
        stream.write_all(request.as_bytes()).map_err(|_| broken())?;
        stream.read_to_string(&mut text).map_err(|_| broken())?;
        let time = began.elapsed();
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(broken)?;
        for cookie in head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            self.cookies.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Ok(Answer { status, body: body.to_owned(), time })
    }
}
