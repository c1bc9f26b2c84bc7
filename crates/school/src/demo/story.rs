//! The story: from an empty computer to both sides in step, through everything that may go wrong on the way.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use selaras_lab::SampleOptions;
use selaras_lab::line::Proxy;
use selaras_model::{Npsn, RecordId};

use super::Demo;
use super::bad_line::{self, Line};
use super::centre::Centre;
use super::sabotage::{Sabotage, crooked_line};
use super::school::Computer;
use super::tell::Tell;
use crate::cli::Screen;
use crate::command::Report;
use crate::command::report::{ConflictLine, ExchangeReport};
use crate::failure::{Exit, Failure, Outcome};
use crate::output::Output;

/// The passwords of the two accounts; neither contains the school's number or a user's name.
pub(super) const OPERATOR: (&str, &str) = ("siti", "gunung dan laut");
pub(super) const HEAD: (&str, &str) = ("kepala", "sungai dan hutan");
/// Reasons of a closed gate that are shown; the rest is counted.
const SHOWN_REASONS: usize = 6;

/// The story as it goes.
pub(super) struct Story<'a> {
    demo: &'a Demo,
    pub(super) tell: Tell<'a>,
    pub(super) dir: PathBuf,
    npsn: Npsn,
    centre: Centre,
    /// Where the school's computer finds the centre: the centre itself, or a crooked line to it.
    address: String,
    /// The bad line, where there is one.
    pub(super) line: Option<Proxy>,
    pub(super) computer: Computer,
    kode: String,
    costs: Vec<Cost>,
}

/// What a step cost.
struct Cost {
    what: &'static str,
    requests: u64,
    up: u64,
    down: u64,
    time: Duration,
}

/// Tells the whole story in a directory.
pub(super) fn tell(demo: &Demo, dir: &Path, screen: &mut Screen) -> Result<Exit, Failure> {
    let lang = screen.lang();
    let mut tell = Tell::new(screen);
    let words = tell.words();
    tell.step(words.say("demo.opening"));
    let made = SampleOptions { students: demo.students, seed: demo.seed, ..SampleOptions::default() };
    let sample = super::make_sample(&made, dir)?;
    let centre = Centre::start(&dir.join("pusat"))?;
    tell.line(&words.fill("demo.centre", &[("url", &centre.url())]));
    let began = Instant::now();
    let (kode, records) = centre.add_school(sample.npsn, &sample.name, &sample.centre)?;
    let count = words.number(u64::try_from(records).unwrap_or(u64::MAX));
    let args: super::tell::Args<'_> = &[
        ("name", &sample.name),
        ("npsn", &sample.npsn),
        ("count", &count),
        ("time", &words.duration(began.elapsed())),
    ];
    tell.line(&words.fill("demo.school-added", args));
    let line = if demo.line == Line::Bad { Some(bad_line::to(&centre)?) } else { None };
    let address = match (&line, demo.sabotage) {
        (Some(line), _) => format!("http://{}", line.address()),
        (None, Some(Sabotage::RefusedBundle)) => crooked_line(centre.url())?,
        (None, _) => centre.url().to_owned(),
    };
    let computer = Computer::new(dir.join("sekolah"), lang);
    let mut story = Story {
        demo,
        tell,
        dir: dir.to_owned(),
        npsn: sample.npsn,
        centre,
        address,
        line,
        computer,
        kode,
        costs: Vec::new(),
    };
    story.install("demo.cost.first-pull")?;
    story.fill(&sample)?;
    story.accounts(sample.head)?;
    story.closed_by_a_record()?;
    story.closed_by_authority(sample.head)?;
    story.first_exchange()?;
    story.both_sides()?;
    story.nothing_to_do()?;
    story.recover()?;
    story.proof()?;
    story.ending()?;
    if demo.keep.is_some() {
        story.a_days_work(sample.head)?;
        story.stay()?;
    }
    Ok(Exit::Done)
}

impl Story<'_> {
    /// Registers the computer and pulls what the centre has.
    fn install(&mut self, what: &'static str) -> Result<ExchangeReport, Failure> {
        let words = self.tell.words();
        self.tell.step(words.say(if what == "demo.cost.first-pull" { "demo.install" } else { "demo.recover" }));
        let (npsn, address) = (self.npsn.to_string(), self.address.clone());
        let line = ["init", "--server", &address, "--npsn", &npsn];
        self.tell.types(&format!("selaras {}", line.join(" ")));
        let kode = self.kode.clone();
        self.computer.run(&line, &[&kode])?;
        let report = self.exchange("pull", what)?;
        let count = words.number(report.records_in);
        self.tell.line(&words.fill("demo.pulled", &[("count", &count)]));
        self.tell.check(report.equal == Some(true), words.say("demo.equal-after-pull"))?;
        Ok(report)
    }

    /// The school's own records come from a file.
    fn fill(&mut self, sample: &super::SampleFiles) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.fill"));
        let began = Instant::now();
        let file = sample.school.display().to_string();
        self.tell.types(&format!("selaras import {}", name_of(&sample.school)));
        let Report::Import(report) = self.computer.run(&["import", &file], &[])? else { return Err(unexpected()) };
        let taken = words.number(u64::try_from(report.taken).unwrap_or(u64::MAX));
        let time = words.duration(began.elapsed());
        self.tell.line(&words.fill("demo.imported", &[("count", &taken), ("time", &time)]));
        let warnings = words.number(u64::from(report.warnings));
        self.tell.check(report.invalid == 0, &words.fill("demo.all-valid", &[("warnings", &warnings)]))
    }

    /// The operator's and the head's account; the head is a teacher whom the Dinas has not assigned yet.
    pub(super) fn accounts(&mut self, ptk: RecordId) -> Result<(), Failure> {
        let words = self.tell.words();
        let title = self.computer.title("ptk", ptk)?;
        let id = ptk.to_string();
        let kode = self.kode.clone();
        self.computer.run(&["account", "add", OPERATOR.0], &[OPERATOR.1])?;
        self.computer.run(&["account", "add", HEAD.0, "--ptk", &id], &[HEAD.1])?;
        self.computer.run(&["role", "add", OPERATOR.0, "operator"], &[&kode])?;
        self.computer.run(&["role", "add", HEAD.0, "head"], &[&kode])?;
        self.tell
            .line(&words.fill("demo.accounts", &[("operator", &OPERATOR.0), ("head", &HEAD.0), ("title", &title)]));
        Ok(())
    }

    /// The gate closes on one invalid record and names it.
    fn closed_by_a_record(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.gate-record"));
        let (id, title) = self.nth("peserta_didik_periodik", 0)?;
        let good = self.computer.value("peserta_didik_periodik", id, PLANTED.0)?;
        let planted = format!("{}={}", PLANTED.0, PLANTED.1);
        self.edit("peserta_didik_periodik", id, &planted)?;
        let failure = self.refused_approval()?;
        let named: Vec<_> = failure.reasons.iter().filter(|reason| reason.place.contains(&title)).cloned().collect();
        for reason in named.iter().take(SHOWN_REASONS) {
            self.tell.reason(reason);
        }
        self.tell.check(
            failure.exit() == Exit::Gate && !named.is_empty(),
            &words.fill("demo.gate-named", &[("code", &failure.code), ("title", &title)]),
        )?;
        self.edit("peserta_didik_periodik", id, &format!("{}={good}", PLANTED.0))?;
        let Report::Findings(report) = self.computer.run(&["validate"], &[])? else { return Err(unexpected()) };
        self.tell.check(report.invalid == 0, words.say("demo.mended"))
    }

    /// The gate stays closed while nobody may approve, and says who has to act; then they act.
    fn closed_by_authority(&mut self, head: RecordId) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.gate-head"));
        let failure = self.refused_approval()?;
        for reason in failure.reasons.iter().take(SHOWN_REASONS) {
            self.tell.reason(reason);
        }
        let dinas = failure.reasons.iter().any(|reason| reason.who == "dinas" || reason.who == "centre");
        let told = words.fill("demo.gate-conditions", &[("code", &failure.code), ("count", &failure.reasons.len())]);
        self.tell.check(failure.exit() == Exit::Gate && dinas, &told)?;
        let from = self.computer.judging_date()?;
        let acted = self.centre.assign_head(self.npsn, head, from)?;
        self.tell.line(&words.fill("demo.assigned", &[("version", &acted.version)]));
        self.exchange("pull", "demo.cost.pull")?;
        let kode = self.kode.clone();
        self.tell.types(&format!("selaras head activate {}", HEAD.0));
        self.computer.run(&["head", "activate", HEAD.0], &[&kode, HEAD.1])?;
        let Report::Status(status) = self.computer.run(&["status"], &[])? else { return Err(unexpected()) };
        let may = status.heads.iter().any(|line| line.may_approve);
        self.tell.check(may, words.say("demo.may-approve"))
    }

    /// Everything that the school has goes up, once, and the centre signs for it.
    fn first_exchange(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.first-exchange"));
        self.approve()?;
        let before = self.line_counts();
        if self.line.is_some() {
            self.killed_on_a_bad_line()?;
        }
        let report = self.exchange("sync", "demo.cost.first-sync")?;
        if self.line.is_some() {
            self.cost_of_the_bad_line(before)?;
        }
        self.receipt(&report)?;
        self.tell.check(report.equal == Some(true), words.say("demo.equal"))?;
        self.tell.check(report.pending == 0, words.say("demo.none-pending"))
    }

    /// Both sides edit at once: different fields of one record, and the same field of another.
    fn both_sides(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.both-sides"));
        let (one, one_title) = self.nth(STUDENT, 0)?;
        let (two, two_title) = self.nth(STUDENT, 1)?;
        self.edit(STUDENT, one, "alamat_jalan=Jalan Melati 7")?;
        self.edit(STUDENT, two, "nama_dusun=Dusun Kenanga")?;
        self.centre.edit(self.npsn, STUDENT, one, &[("telepon", "0210000001")])?;
        self.centre.edit(self.npsn, STUDENT, two, &[("nama_dusun", "Dusun Cempaka")])?;
        self.tell.line(&words.fill("demo.edits", &[("one", &one_title), ("two", &two_title)]));
        self.approve()?;
        let report = self.exchange("sync", "demo.cost.daily")?;
        self.receipt(&report)?;
        self.tell.check(report.equal == Some(true), words.say("demo.equal"))?;
        self.merged(one, &one_title)?;
        self.conflict(two, &two_title)?;
        self.decide(two)
    }

    /// Different fields: both stand, on both sides.
    fn merged(&mut self, id: RecordId, title: &str) -> Result<(), Failure> {
        let words = self.tell.words();
        let here = (self.computer.value(STUDENT, id, "alamat_jalan")?, self.computer.value(STUDENT, id, "telepon")?);
        let there = self.centre.record(self.npsn, STUDENT, id)?;
        let field = |name: &str| {
            there.pointer(&format!("/fields/{name}")).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        let both = (field("alamat_jalan"), field("telepon"));
        let text = words.fill("demo.merged", &[("title", &title), ("street", &here.0), ("phone", &here.1)]);
        self.tell.check(here == both && here.1 == "0210000001" && here.0 == "Jalan Melati 7", &text)
    }

    /// The same field: the owner's value holds, the other one is kept until a person decides.
    fn conflict(&mut self, id: RecordId, title: &str) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.types("selaras conflicts");
        let conflict = self.conflict_of(id)?;
        let values: Vec<_> = conflict.iter().flat_map(|conflict| &conflict.values).collect();
        let [holds, other] = values.as_slice() else {
            return self.tell.check(false, &words.fill("demo.no-conflict", &[("title", &title)]));
        };
        let side = |side: &str| words.say_or(&format!("side.{side}"), "?").to_owned();
        let text = words.fill(
            "demo.conflict",
            &[
                ("title", &title),
                ("holds", &holds.value),
                ("holder", &side(&holds.side)),
                ("other", &other.value),
                ("otherer", &side(&other.side)),
            ],
        );
        self.tell.check(holds.value == "Dusun Kenanga" && other.value == "Dusun Cempaka", &text)
    }

    fn decide(&mut self, id: RecordId) -> Result<(), Failure> {
        let words = self.tell.words();
        let text = id.to_string();
        let line = ["resolve", STUDENT, &text, "nama_dusun", "--keep", "Dusun Cempaka"];
        self.tell.types(&format!("selaras resolve {STUDENT} {} nama_dusun --keep \"Dusun Cempaka\"", short(id)));
        self.computer.run(&line, &[])?;
        self.approve()?;
        let report = self.exchange("sync", "demo.cost.decision")?;
        let settled =
            self.conflict_of(id)?.is_none() && self.computer.value(STUDENT, id, "nama_dusun")? == "Dusun Cempaka";
        self.tell.check(settled && report.equal == Some(true), words.say("demo.decided"))
    }

    /// An exchange with nothing to do costs next to nothing.
    fn nothing_to_do(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.nothing"));
        let report = self.exchange("sync", "demo.cost.nothing")?;
        let bytes = words.bytes(report.bytes_up + report.bytes_down);
        let text = words.fill("demo.nothing-cost", &[("requests", &report.requests), ("bytes", &bytes)]);
        let little = report.requests == 1 && report.bytes_up + report.bytes_down <= 2_048;
        self.tell.check(little && report.equal == Some(true) && report.records_in == 0, &text)
    }

    /// The school's computer is lost, and comes back from the centre.
    fn recover(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        let before = self.computer.digests()?;
        self.computer.lose_everything()?;
        self.install("demo.cost.recovery")?;
        let after = self.computer.digests()?;
        let root: String = after.0.chars().take(16).collect();
        self.tell.check(before == after, &words.fill("demo.same-as-before", &[("root", &root)]))
    }

    /// Both sides' digests, each computed from its own records, side by side.
    fn proof(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.proof"));
        if self.demo.sabotage == Some(Sabotage::WrongDigest) {
            let (id, _) = self.nth(STUDENT, 2)?;
            self.centre.edit(self.npsn, STUDENT, id, &[("telepon", "0210000666")])?;
        }
        let (root, modules) = self.computer.digests()?;
        let centre = self.centre.digests(self.npsn)?;
        let mut rows =
            vec![vec![String::new(), words.say("demo.school").to_owned(), words.say("demo.centre-side").to_owned()]];
        let mut equal = root == centre.root && modules.len() == centre.modules.len();
        for (module, digest) in &modules {
            let theirs = centre.modules.get(module).cloned().unwrap_or_default();
            equal = equal && *digest == theirs;
            let name = words.say_or(&format!("module.{module}"), module).to_owned();
            rows.push(vec![name, brief(digest), brief(&theirs)]);
        }
        rows.push(vec![words.say("demo.root").to_owned(), brief(&root), brief(&centre.root)]);
        self.tell.table(&rows);
        self.tell.check(equal, &words.fill("demo.digests-equal", &[("version", &centre.version)]))
    }

    /// What each step cost, the receipt, and how the run went.
    fn ending(&mut self) -> Result<(), Failure> {
        let words = self.tell.words();
        self.tell.step(words.say("demo.costs"));
        let mut rows = vec![
            ["demo.column.what", "demo.column.requests", "demo.column.up", "demo.column.down", "demo.column.time"]
                .map(|key| words.say_or(key, key).to_owned())
                .to_vec(),
        ];
        for cost in &self.costs {
            rows.push(vec![
                words.say(cost.what).to_owned(),
                cost.requests.to_string(),
                words.bytes(cost.up),
                words.bytes(cost.down),
                words.duration(cost.time),
            ]);
        }
        self.tell.table(&rows);
        let time = words.duration(self.tell.elapsed());
        let checks = self.tell.checks();
        self.tell.check(checks > 0, &words.fill("demo.end", &[("checks", &checks), ("time", &time)]))
    }

    /// The school's kode registrasi.
    pub(super) fn kode(&self) -> &str {
        &self.kode
    }

    pub(super) fn edit(&mut self, entity: &str, id: RecordId, assignment: &str) -> Result<(), Failure> {
        self.tell.types(&format!("selaras edit {entity} {} \"{assignment}\"", short(id)));
        self.computer.run(&["edit", entity, &id.to_string(), assignment, "--as", OPERATOR.0], &[])?;
        Ok(())
    }

    fn approve(&mut self) -> Result<(), Failure> {
        self.tell.types(&format!("selaras approve {}", HEAD.0));
        self.computer.run(&["approve", HEAD.0], &[HEAD.1])?;
        Ok(())
    }

    /// An approval that has to fail; gives the failure.
    fn refused_approval(&mut self) -> Result<Failure, Failure> {
        self.tell.types(&format!("selaras approve {}", HEAD.0));
        match self.computer.run(&["approve", HEAD.0], &[HEAD.1]) {
            Err(failure) if failure.exit() == Exit::Gate => Ok(failure),
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::new("demo.check").arg("check", "gate").arg("step", 0)),
        }
    }

    /// Runs `pull` or `sync`, keeps what it cost and fails when the sides are not equal.
    fn exchange(&mut self, line: &'static str, what: &'static str) -> Result<ExchangeReport, Failure> {
        let words = self.tell.words();
        self.tell.types(&format!("selaras {line}"));
        let Report::Exchange(report) = self.computer.run(&[line], &[])? else { return Err(unexpected()) };
        let time = Duration::from_millis(report.millis);
        let cost = words.fill(
            "exchange.cost",
            &[
                ("requests", &report.requests),
                ("up", &words.bytes(report.bytes_up)),
                ("down", &words.bytes(report.bytes_down)),
                ("time", &words.duration(time)),
            ],
        );
        self.tell.line(&cost);
        let (requests, up, down) = (report.requests, report.bytes_up, report.bytes_down);
        self.costs.push(Cost { what, requests, up, down, time });
        if report.outcome() == Outcome::NotEqual {
            self.tell.check(false, words.say("exchange.not-equal"))?;
        }
        Ok(report)
    }

    fn receipt(&mut self, report: &ExchangeReport) -> Result<(), Failure> {
        let words = self.tell.words();
        let Some(receipt) = &report.receipt else { return self.tell.check(false, words.say("demo.no-receipt")) };
        let sent = words.number(u64::from(report.records_out));
        let args: super::tell::Args<'_> =
            &[("code", &receipt.short_code), ("version", &receipt.version), ("count", &sent)];
        self.tell.check(!receipt.short_code.is_empty(), &words.fill("demo.receipt", args))
    }

    fn conflict_of(&mut self, id: RecordId) -> Result<Option<ConflictLine>, Failure> {
        let Report::Conflicts(report) = self.computer.run(&["conflicts"], &[])? else { return Err(unexpected()) };
        let id = id.to_string();
        Ok(report.conflicts.into_iter().find(|conflict| conflict.id == id))
    }

    pub(super) fn nth(&mut self, entity: &str, place: usize) -> Result<(RecordId, String), Failure> {
        let Report::List(report) = self.computer.run(&["list", entity], &[])? else { return Err(unexpected()) };
        let line = report.records.into_iter().nth(place).ok_or_else(unexpected)?;
        Ok((line.id.parse().map_err(|_| unexpected())?, line.title))
    }
}

/// The field in which an invalid value is planted: a height in centimetres that no student has.
const PLANTED: (&str, &str) = ("tinggi_badan", "900");
/// The entity of students.
const STUDENT: &str = "peserta_didik";

fn unexpected() -> Failure {
    Failure::new("internal.error").arg("place", "demo")
}

fn short(id: RecordId) -> String {
    id.to_string().chars().take(8).collect()
}

fn brief(digest: &str) -> String {
    digest.chars().take(24).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
