//! The operators' commands, each one or a few calls.

use std::path::Path;

use selaras_model::{Npsn, RecordId};
use selaras_sync::Mover;
use serde::Serialize;

use super::args::{AfterRestore, Although, Command, Head, Identity, MoveTo, Ptk, Record, Restore, School, Student};
use super::remote::{Remote, school};
use crate::failure::Failure;
use crate::messages::{
    Acted, BackupAsked, BackupDone, Digests, EvidenceShown, FailedSchool, HeadAssign, HeadEnd, HeadKeys, HeadRevoke,
    HealingState, IdentityEdit, KeyShown, KodeShown, MoveAsked, MoveWithdrawn, RecordEdit, RecordPage, SchoolAdd,
    SchoolLine, SchoolPage, StudentAdd, TextFields,
};
use crate::output;

/// How often a listing begins again when the school's records changed under it.
const LISTING_TRIES: usize = 5;

impl Remote {
    /// Runs a command.
    pub(super) fn run(&self, command: Command) -> Result<(), Failure> {
        match command {
            // Served by the caller, who needs no connection for them.
            Command::Init(_) | Command::Serve(_) | Command::Restored | Command::Audit(_) => Ok(()),
            Command::Restore(Restore { command: Some(AfterRestore::Confirm { npsn, .. }), .. }) => self.confirm(npsn),
            Command::Restore(_) => Ok(()),
            Command::Backup { to } => self.backup(&to),
            Command::School(command) => self.school(command),
            Command::Account(command) => self.account(command),
            Command::Head(command) => self.head(command),
            Command::Device(command) => self.device(command),
            Command::Student(command) => self.student(command),
            Command::Ptk(Ptk::Move { npsn, ptk, to }) => self.offer(npsn, Mover::Ptk, ptk, &to),
            Command::Ptk(Ptk::Withdraw { npsn, ptk }) => self.withdraw(npsn, Mover::Ptk, ptk),
            Command::Identity(command) => self.identity(command),
            Command::Rules(command) => self.rules(command),
            Command::Clock(command) => self.clock(&command),
            Command::Record(command) => self.record(command),
            Command::Digest { npsn } => self.digest(npsn),
            Command::Export { npsn } => self.listing(npsn, None),
            Command::Key => self.key(),
            Command::Evidence { npsn, version, out } => self.evidence(npsn, version, &out),
        }
    }

    fn school(&self, command: School) -> Result<(), Failure> {
        match command {
            School::Add { npsn, name, import, although } => {
                // Read first: a school without its records because of a misspelt file would have to be mended.
                let lines = import.as_deref().map(read_file).transpose()?;
                let shown: KodeShown = self.post("/v1/admin/schools", &SchoolAdd { npsn, name })?;
                if let Some(lines) = lines {
                    let acted: Acted = self.post_lines(&although.of(&school(npsn, "/import")), lines)?;
                    let records = acted.records;
                    self.voice.say(&format!("{records} catatan dimuat."), &format!("{records} records were taken in."));
                }
                self.kode(&shown)
            }
            School::Import { npsn, file, although } => {
                let path = although.of(&school(npsn, "/import"));
                let acted: Acted = self.post_lines(&path, read_file(&file)?)?;
                self.acted(&acted)
            }
            School::Kode { npsn } => self.kode(&self.post(&school(npsn, "/kode"), &())?),
            School::List => self.schools(),
            School::Healing { npsn } => self.healing(&self.get(&school(npsn, "/healing"))?),
            School::Healed { npsn } => self.healing(&self.post(&school(npsn, "/healed"), &())?),
        }
    }

    fn backup(&self, to: &Path) -> Result<(), Failure> {
        let to = std::path::absolute(to).map_err(|error| Failure::local("--to", &error))?;
        let done: BackupDone = self.post("/v1/admin/backup", &BackupAsked { to })?;
        super::backed_up(self.voice, &done)
    }

    fn healing(&self, state: &HealingState) -> Result<(), Failure> {
        if self.voice.json {
            self.data(state);
            return Ok(());
        }
        let count = state.waiting.len();
        self.voice.say(&format!("{count} komputer belum melapor."), &format!("{count} computers have not reported."));
        state.waiting.iter().for_each(|device| output::line(&device.to_string()));
        Ok(())
    }

    fn head(&self, command: Head) -> Result<(), Failure> {
        let acted: Acted = match command {
            Head::Assign { npsn, ptk, plt, sk, from, although } => {
                self.post(&although.of(&school(npsn, "/heads")), &HeadAssign { ptk, plt, sk, from })?
            }
            Head::End { npsn, ptk, until, although } => {
                self.post(&although.of(&school(npsn, "/heads/end")), &HeadEnd { ptk, until })?
            }
            Head::Revoke { npsn, ptk } => self.post(&school(npsn, "/heads/revoke"), &HeadRevoke { ptk })?,
            Head::Keys { npsn } => {
                let keys: HeadKeys = self.get(&school(npsn, "/heads"))?;
                keys.keys.iter().for_each(|key| self.data(key));
                return Ok(());
            }
        };
        self.acted(&acted)
    }

    fn student(&self, command: Student) -> Result<(), Failure> {
        let acted: Acted = match command {
            Student::Add { npsn, fields, registrasi, although } => {
                let body = StudentAdd { fields: text_fields(fields), registrasi: text_fields(registrasi) };
                self.post(&although.of(&school(npsn, "/students")), &body)?
            }
            Student::Move { npsn, student, to } => return self.offer(npsn, Mover::PesertaDidik, student, &to),
            Student::Withdraw { npsn, student } => return self.withdraw(npsn, Mover::PesertaDidik, student),
        };
        self.acted(&acted)
    }

    fn offer(&self, npsn: Npsn, who: Mover, id: RecordId, to: &MoveTo) -> Result<(), Failure> {
        let asked = MoveAsked { who, id, to: to.to, on: to.on };
        self.acted(&self.post(&school(npsn, "/moves"), &asked)?)
    }

    fn withdraw(&self, npsn: Npsn, who: Mover, id: RecordId) -> Result<(), Failure> {
        self.acted(&self.post(&school(npsn, "/moves/withdraw"), &MoveWithdrawn { who, id })?)
    }

    fn identity(&self, command: Identity) -> Result<(), Failure> {
        let (npsn, although, body) = match command {
            Identity::Verify { npsn, entity, id, although } => {
                (npsn, although, IdentityEdit { entity, id, fields: TextFields::new() })
            }
            Identity::Correct { npsn, entity, id, fields, although } => {
                (npsn, although, IdentityEdit { entity, id, fields: text_fields(fields) })
            }
        };
        self.acted(&self.post(&although.of(&school(npsn, "/identity")), &body)?)
    }

    fn record(&self, command: Record) -> Result<(), Failure> {
        match command {
            Record::Edit { npsn, entity, id, fields, delete, restore, although } => {
                let id: Option<RecordId> = match id.as_str() {
                    "new" => None,
                    id => Some(id.parse().map_err(|_| Failure::input("a record's id is a UUID, or `new`"))?),
                };
                let deleted = if delete { Some(true) } else { restore.then_some(false) };
                let body = RecordEdit { entity, id, fields: text_fields(fields), deleted };
                self.acted(&self.post(&although.of(&school(npsn, "/records")), &body)?)
            }
            Record::Show { npsn, entity, id } => {
                let record: serde_json::Value = self.get(&school(npsn, &format!("/records/{entity}/{id}")))?;
                let text = if self.voice.json { record.to_string() } else { format!("{record:#}") };
                output::line(&text);
                Ok(())
            }
            Record::List { npsn, entity } => self.listing(npsn, Some(&entity)),
        }
    }

    fn schools(&self) -> Result<(), Failure> {
        let mut failed = Vec::new();
        self.each_page(|page| {
            page.schools.iter().for_each(|line| self.school_line(line));
            for school in &page.failed {
                self.failed_line(school);
                failed.push(school.npsn);
            }
            Ok(())
        })?;
        Failure::of_schools(&failed)
    }

    /// Visits all schools, page by page.
    pub(super) fn each_page(&self, mut visit: impl FnMut(&SchoolPage) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut after: Option<Npsn> = None;
        loop {
            let query = after.map(|npsn| format!("?after={npsn}")).unwrap_or_default();
            let page: SchoolPage = self.get(&format!("/v1/admin/schools{query}"))?;
            visit(&page)?;
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    pub(super) fn failed_line(&self, school: &FailedSchool) {
        let FailedSchool { npsn, failed } = school;
        if self.voice.json { self.data(school) } else { output::line(&format!("{npsn}\t! {failed}")) }
    }

    fn school_line(&self, line: &SchoolLine) {
        if self.voice.json {
            return self.data(line);
        }
        let never = self.voice.pick("belum pernah", "never");
        let moment = |at: i64| jiff::Timestamp::from_second(at).ok().map(|moment| moment.to_string());
        let last = line.last_exchange.and_then(moment).unwrap_or_else(|| never.to_owned());
        let root = line.root_digest.get(..12).unwrap_or(&line.root_digest);
        let SchoolLine { npsn, name, version, devices, .. } = line;
        output::line(&format!(
            "{npsn}\t{name}\tv{version}\t{root}\t{devices}\t{last}\t{}",
            line.app_versions.join(",")
        ));
    }

    fn digest(&self, npsn: Npsn) -> Result<(), Failure> {
        let digests: Digests = self.get(&school(npsn, "/digests"))?;
        if self.voice.json {
            self.data(&digests);
            return Ok(());
        }
        output::line(&format!("v{}\t{}", digests.version, digests.root));
        for (module, digest) in &digests.modules {
            output::line(&format!("{module}\t{digest}"));
        }
        Ok(())
    }

    fn key(&self) -> Result<(), Failure> {
        let shown: KeyShown = self.get("/v1/admin/key")?;
        if self.voice.json {
            self.data(&shown);
        } else {
            output::line(&shown.public);
        }
        Ok(())
    }

    fn evidence(&self, npsn: Npsn, version: u64, out: &Path) -> Result<(), Failure> {
        let shown: EvidenceShown = self.get(&school(npsn, &format!("/evidence/{version}")))?;
        let bytes = data_encoding::HEXLOWER.decode(shown.file.as_bytes());
        let bytes = bytes.map_err(|error| Failure::local("the evidence", &error))?;
        std::fs::write(out, bytes)
            .map_err(|error| Failure::local(&format!("{} cannot be written", out.display()), &error))?;
        self.voice.say(
            "Bukti ditulis; periksa dengan `selaras verify`.",
            "The evidence was written; check it by `selaras verify`.",
        );
        if self.voice.json {
            self.data(&serde_json::json!({ "version": version, "file": out }));
        } else {
            output::line(&out.display().to_string());
        }
        Ok(())
    }

    /// Writes record lines, all of one version of the log: read whole before the first is written.
    fn listing(&self, npsn: Npsn, entity: Option<&str>) -> Result<(), Failure> {
        for _ in 0..LISTING_TRIES {
            if let Some(lines) = self.one_version(npsn, entity)? {
                lines.iter().for_each(|line| output::line(line));
                return Ok(());
            }
        }
        Err(Failure::input("the school's records change all the time; try again later"))
    }

    fn one_version(&self, npsn: Npsn, entity: Option<&str>) -> Result<Option<Vec<String>>, Failure> {
        let mut lines = Vec::new();
        let (mut version, mut from) = (None, None::<String>);
        loop {
            let mut query: Vec<String> = entity.iter().map(|entity| format!("entity={entity}")).collect();
            query.extend(from.iter().map(|from| format!("from={from}")));
            let page: RecordPage = self.get(&school(npsn, &format!("/records?{}", query.join("&"))))?;
            if *version.get_or_insert(page.version) != page.version {
                return Ok(None);
            }
            lines.extend(page.records.iter().map(ToString::to_string));
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(Some(lines)),
            }
        }
    }

    fn kode(&self, shown: &KodeShown) -> Result<(), Failure> {
        self.voice.say(
            "Kode registrasi (tampil sekali ini saja; berikan hanya kepada kepala sekolah):",
            "The kode registrasi (shown once; give it to the head alone):",
        );
        if self.voice.json {
            self.data(shown);
        } else {
            output::line(&shown.kode_registrasi);
        }
        Ok(())
    }

    fn acted(&self, acted: &Acted) -> Result<(), Failure> {
        if self.voice.json {
            self.data(acted);
            return Ok(());
        }
        let Acted { version, records, .. } = acted;
        self.voice.say(
            &format!("Selesai: {records} catatan, versi {version}."),
            &format!("Done: {records} records, version {version}."),
        );
        acted.created.iter().for_each(|id| output::line(&id.to_string()));
        if !acted.revoked.is_empty() {
            let keys = acted.revoked.len();
            self.voice
                .say(&format!("{keys} kunci kepala sekolah dicabut."), &format!("{keys} head keys were revoked."));
        }
        Ok(())
    }

    pub(super) fn data(&self, value: &impl Serialize) {
        output::line(&serde_json::to_string(value).unwrap_or_default());
    }
}

impl Although {
    /// A path with the reason, where there is one.
    fn of(&self, path: &str) -> String {
        let Some(reason) = &self.reason else { return path.to_owned() };
        let encoded = reason.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        format!("{path}?reason={}", encoded.collect::<String>())
    }
}

fn text_fields(pairs: Vec<(String, String)>) -> TextFields {
    pairs.into_iter().collect()
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::local(&format!("{} cannot be read", path.display()), &error))
}
