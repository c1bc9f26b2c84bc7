//! What lies on this computer: settings, disk, store, and what waits in it.

use selaras_sync::{Flow, HistoryKind, Phase};

use super::disk as probe;
use super::step::{Found, Teller};
use crate::catalogue::Words;
use crate::failure::Failure;
use crate::output::Note;
use crate::service::{Open, Service};

/// Whether the settings can be read; told only when they cannot.
pub(crate) fn settings(trouble: Option<&Failure>, teller: &mut Teller<'_>) {
    if let Some(trouble) = trouble.filter(|trouble| trouble.code.starts_with("config.")) {
        teller.tell("settings", &Found::Failed(trouble.clone()));
    }
}

/// The disk that the data lies on.
pub(crate) fn disk(service: &Service, teller: &mut Teller<'_>) {
    let root = service.place().root();
    let probed = root.is_dir().then(|| probe::probe(root));
    let found = probe::judge(probe::space(root), probed, Words(teller.out.lang()));
    teller.tell("disk", &found);
}

/// The store, read whole.
pub(crate) fn store(service: &mut Service, teller: &mut Teller<'_>) {
    let found = match (service.trouble().cloned(), service.open_store()) {
        (Some(trouble), _) if trouble.code.starts_with("config.") => Found::Skipped(Note::new("doctor.skipped.before")),
        (Some(trouble), _) => Found::Failed(trouble),
        (None, Err(_)) => Found::Skipped(Note::new("doctor.store.none")),
        (None, Ok(open)) => match open.verify() {
            Ok(()) => Found::Passed(Note::new("doctor.store.ok")),
            Err(failure) => Found::Failed(failure),
        },
    };
    teller.tell("store", &found);
}

/// What waits in the store, and what keeps it there.
pub(crate) fn work(service: &mut Service, teller: &mut Teller<'_>) {
    let found = match service.open_store() {
        Err(_) => Found::Skipped(Note::new("doctor.store.none")),
        Ok(open) => match in_the_way(open) {
            Err(failure) => Found::Failed(failure),
            Ok(Some(trouble)) => Found::Warned(trouble),
            Ok(None) => waiting(open).map_or_else(Found::Failed, Found::Passed),
        },
    };
    teller.tell("work", &found);
}

/// What keeps the work from being sent: a lost file, invalid findings, else the centre's refusal of what was sent last,
/// or the end of an import whose file was lost.
fn in_the_way(open: &Open) -> Result<Option<Failure>, Failure> {
    if let Some(bundle) = open.school().lost_bundle()? {
        return Ok(Some(Failure::new("bundle.lost").arg("bundle", bundle)));
    }
    if open.school().pending()?.records == 0 {
        return Ok(None);
    }
    let (invalid, _) = open.finding_counts()?;
    if invalid > 0 {
        return Ok(Some(Failure::new("gate.invalid").arg("invalid", invalid)));
    }
    let mut refused = None;
    open.school().history(0, &mut |line| {
        match line.what {
            HistoryKind::Refused => refused = Some(line.clone()),
            HistoryKind::Imported if !line.code.is_empty() => refused = Some(line.clone()),
            HistoryKind::Approved | HistoryKind::Receipt => refused = None,
            _ => {}
        }
        Flow::Continue
    })?;
    Ok(refused.map(|line| {
        let failure = Failure::new(&line.code);
        line.args.iter().fold(failure, |failure, (name, value)| failure.arg(name, value))
    }))
}

fn waiting(open: &Open) -> Result<Note, Failure> {
    let school = open.school();
    let pending = school.pending()?.records;
    let Some(sealed) = school.sealed()? else {
        return Ok(Note::new("doctor.work.pending").arg("count", pending));
    };
    let note = match sealed.phase {
        Phase::Waiting => Note::new("doctor.work.waiting"),
        Phase::Approved => Note::new("doctor.work.approved"),
        Phase::Offered => Note::new("doctor.work.offered"),
        Phase::Received(_) => Note::new("doctor.work.received"),
    };
    Ok(note.arg("count", pending).arg("records", sealed.records).arg("bytes", sealed.bytes))
}
