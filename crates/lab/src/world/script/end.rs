//! The end of all faults: everything comes to rest, and is judged.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{Record, RecordKey};
use selaras_sync::exchange::{Endpoint, Event as Told, Exchange, Outside, Request, advance};
use selaras_sync::{Flow, Purpose, Subject};

use super::{MAX_ROUNDS, OURS, Script, text};
use crate::world::Dimension;
use crate::world::centre::CentreHost;
use crate::world::computer::Computer;
use crate::world::one_in;
use crate::world::trouble::{Trouble, wrong};

/// Requests of one exchange of this world, far more than any needs.
const MAX_REQUESTS: u32 = 1_000;

/// How far an exchange is driven.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// To its end.
    Done,
    /// Until the centre answers what was asked; the answer is not taken.
    Answered,
}

impl Script {
    /// The faults have stopped: everything comes to rest, in a bounded number of rounds.
    pub(super) fn come_to_rest(&mut self) -> Result<(), Trouble> {
        self.calm = true;
        if self.has(Dimension::Clock) {
            self.sets_clock(0)?;
        }
        self.puts_files_back()?;
        for centre in &mut self.centres {
            centre.disk.restart()?;
            centre.down = false;
            centre.offers_snapshots = false;
            centre.drive(None)?;
        }
        for computer in self.computers.iter_mut().filter(|computer| !computer.gone) {
            computer.starts_again()?;
            computer.settle()?;
        }
        // Nobody waits for those who cannot come.
        let gone = self.computers.iter().filter(|computer| computer.gone);
        let gone: Vec<_> = gone.map(|computer| (computer.school, computer.device)).collect();
        for (school, device) in gone {
            self.centre_mut(school)?.removes(device)?;
        }
        // What a restored centre lacks comes back first, from all.
        for number in self.present() {
            self.heals_at_rest(number)?;
        }
        // An operator gives his word for computers that came back with what others handed back.
        for centre in &mut self.centres {
            centre.confirms()?;
        }
        // A receipt that was under way when its disk was lost may have come since, with the word that a backup covers it
        // which nobody can read any more.
        for school in 0..self.centres.len() {
            self.lost_with_disks(school, self.has(Dimension::OlderBackups))?;
            if self.has(Dimension::LateComputers) {
                // A computer that went for good after the loss may have held the only copy.
                self.forgets_acts_that_no_disk_holds(school)?;
            }
        }
        for centre in &mut self.centres {
            centre.assign(None)?;
        }
        if self.meet {
            for number in self.present() {
                // Some only pull before they send anything.
                if one_in(&mut self.rng, 2) {
                    self.exchanges_at_rest(number, Purpose::Pull)?;
                }
            }
        }
        // Twice around, so that what the last one sent reaches the first; and once more where it reaches another school, whose
        // own may go on from there.
        for _ in 0..2 + u32::from(self.moves()) {
            for number in self.present() {
                self.finish(number)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, number: usize) -> Result<(), Trouble> {
        for _ in 0..MAX_ROUNDS {
            self.exchanges_at_rest(number, Purpose::Sync)?;
            let computer = self.computer(number)?;
            let head = self.centre(computer.school)?.centre().head()?;
            let at_head = computer.school().position()?.version == head.version;
            if at_head && computer.school().sealed()?.is_none() {
                return Ok(());
            }
        }
        wrong(format!("computer {number} does not come to rest"))
    }

    /// One exchange over a line that holds.
    fn exchanges_at_rest(&mut self, number: usize, purpose: Purpose) -> Result<(), Trouble> {
        let exchange = self.computer_mut(number)?.new_exchange(purpose)?;
        self.drives_at_rest(number, exchange, End::Done)
    }

    /// An exchange as far as the centre answers what this side asked: then nobody has to be healed any more.
    fn heals_at_rest(&mut self, number: usize) -> Result<(), Trouble> {
        let exchange = self.computer_mut(number)?.new_exchange(Purpose::Pull)?;
        self.drives_at_rest(number, exchange, End::Answered)
    }

    fn drives_at_rest(&mut self, number: usize, mut exchange: Exchange, end: End) -> Result<(), Trouble> {
        let mut event = Told::Begin;
        for _ in 0..MAX_REQUESTS {
            let needed = advance(&mut exchange, self.computer_mut(number)?, event);
            self.notes_exchange(number)?;
            let needed = needed?;
            let (school, device) = (self.computer(number)?.school, self.computer(number)?.device);
            event = match needed {
                Outside::Send(Request { endpoint, body }) => {
                    self.sends_what_was_sealed(number, endpoint, &body)?;
                    let served = self.serves(school, device, endpoint, &body);
                    if let (Endpoint::Exchange(_), Ok(_)) = (endpoint, &served) {
                        self.carries_out_moves(school)?;
                    }
                    if end == End::Answered && matches!(endpoint, Endpoint::Exchange(_)) && served.is_ok() {
                        return Ok(());
                    }
                    self.hears_at_rest(number, endpoint, served)?
                }
                Outside::Land { bundle, .. } => self.lands_at_rest(number, bundle).map(|()| Told::Landed)?,
                Outside::Fetch(_) => return wrong("an exchange at rest is offered a snapshot"),
                Outside::Done(_) => return Ok(()),
                Outside::GiveUp => return wrong(format!("computer {number} gives up")),
            };
        }
        wrong(format!("an exchange of computer {number} does not end"))
    }

    fn hears_at_rest(
        &mut self,
        number: usize,
        endpoint: Endpoint,
        served: Result<Vec<u8>, Trouble>,
    ) -> Result<Told, Trouble> {
        match served {
            Ok(answer) => {
                if let (Endpoint::Exchange(_), Some((bundle, fate))) = (endpoint, self.hears(number, &answer)?) {
                    self.oracle.fate(bundle, fate)?;
                }
                Ok(Told::Answered(answer))
            }
            Err(Trouble::No(code)) => {
                self.note(&format!("computer {number} is told {code}"));
                Ok(Told::Refused(code))
            }
            Err(trouble) => Err(trouble),
        }
    }

    pub(super) fn judge(&self) -> Result<(), Trouble> {
        let (mut logged, mut retaken) = (Vec::new(), BTreeSet::new());
        for centre in &self.centres {
            logged.extend(centre.bundles()?);
            retaken.extend(centre.retaken()?);
        }
        self.oracle.bundles(&logged, &retaken)?;
        let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        self.registered_once()?;
        self.each_at_one_school()?;
        for (number, computer) in self.computers.iter().enumerate().filter(|(_, computer)| !computer.gone) {
            let centre = self.centre(computer.school)?;
            self.equal(number, computer, centre)?;
            for record in self.all(number)? {
                for field in OURS.into_iter().chain(["kode_pusat"]) {
                    let values = found.entry((computer.school, record.key(), field)).or_default();
                    let at_centre = centre.centre().record(record.key())?;
                    values.extend(at_centre.and_then(|record| record.text(field).map(str::to_owned)));
                    let draft = computer.school().draft(record.key())?;
                    values.extend(draft.and_then(|draft| draft.fields.get(field).and_then(text)));
                }
            }
            for conflict in computer.school().conflicts()? {
                let Subject::Field(name) = &conflict.subject else { continue };
                let Some(field) = OURS.into_iter().chain(["kode_pusat"]).find(|field| *field == name.as_str()) else {
                    continue;
                };
                let sides = std::iter::once(&conflict.winner).chain(&conflict.others);
                let values = found.entry((computer.school, conflict.key, field)).or_default();
                values.extend(sides.filter_map(|side| text(&side.value)));
            }
        }
        self.judge_rules()?;
        self.oracle.nothing_lost(&found)
    }

    /// Everything that people typed into.
    fn all(&self, number: usize) -> Result<Vec<Record>, Trouble> {
        let mut records = Vec::new();
        for entity in self.judged()? {
            records.extend(self.listed(number, entity)?);
        }
        Ok(records)
    }

    /// Both sides are equal, by their digests and, without them, record by record where nothing waits to be sent.
    pub(super) fn equal(&self, number: usize, computer: &Computer, centre: &CentreHost) -> Result<(), Trouble> {
        let (ours, theirs) = (computer.school().digests()?, centre.centre().digests()?);
        if ours != theirs || computer.school().position()?.equal != Some(true) {
            return wrong(format!("the digests of computer {number} and its centre differ"));
        }
        let mut theirs = BTreeMap::new();
        for entity in self.judged()? {
            centre.centre().list(entity, None, &mut |record| {
                theirs.insert(record.key(), record.clone());
                Flow::Continue
            })?;
        }
        let mut ours: BTreeMap<RecordKey, Record> =
            self.all(number)?.into_iter().map(|record| (record.key(), record)).collect();
        for key in ours.keys().chain(theirs.keys()).copied().collect::<BTreeSet<_>>() {
            if computer.school().draft(key)?.is_none() && ours.remove(&key) != theirs.remove(&key) {
                return wrong(format!("computer {number} and its centre differ in record {key}"));
            }
        }
        Ok(())
    }
}
