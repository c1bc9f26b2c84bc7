//! A state of the small world: one centre with a backup, two computers of one school, and what is on its way.

use selaras_model::{BundleId, Npsn, RecordKey, Value};
use selaras_sync::exchange::{Event as Told, Exchange, Outside, Request, advance};
use selaras_sync::{Flow, Offer, Purpose, Range, ReadStore, Sealed, TypedEdit};

use super::Bounds;
use super::choice::Which;
use super::hash::Marked;
use super::memory::Memory;
use crate::world::centre::{CentreHost, fields, key_of};
use crate::world::computer::Computer;
use crate::world::rules::rules;
use crate::world::trouble::{Trouble, wrong};

/// The records into which people type; the centre made them.
const RECORDS: [[u8; 16]; 2] = [[0x41; 16], [0x42; 16]];

/// The numbers of the two computers, by which their first names are made.
pub(super) const NUMBERS: [u8; 2] = [1, 2];

/// The code of an approval that waits for somebody's word.
const UNCONFIRMED: &str = "center.unconfirmed";

/// What is on its way between a computer and the centre.
#[derive(Clone, Hash)]
pub(super) enum Packet {
    Request(Request),
    Answer(Vec<u8>),
    Refusal(String),
    Fetch(Offer),
    File(Offer, Vec<u8>),
}

impl Packet {
    /// What it is, in a word.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Request(_) => "a request's way",
            Self::Answer(_) => "an answer",
            Self::Refusal(_) => "a refusal",
            Self::Fetch(_) => "a file",
            Self::File(..) => "the rest of a file",
        }
    }
}

/// A computer and its line.
pub(super) struct Station {
    pub(super) computer: Computer,
    /// What its exchange waits for; none without an exchange.
    pub(super) waits: Option<Packet>,
    /// A request for which nobody waits.
    pub(super) late: Option<Request>,
    /// Values that were typed here, saved or not.
    pub(super) typed: u8,
    pub(super) marked: Marked,
}

pub(super) struct State {
    pub(super) centre: CentreHost,
    one: Station,
    other: Station,
    pub(super) backups: u8,
    /// Hash of what the backup holds.
    pub(super) backup: [u8; 32],
    pub(super) rules_begun: bool,
    pub(super) memory: Memory,
    pub(super) marked: Marked,
}

impl Station {
    fn fork(&self) -> Result<Self, Trouble> {
        Ok(Self {
            computer: self.computer.fork()?,
            waits: self.waits.clone(),
            late: self.late.clone(),
            typed: self.typed,
            marked: self.marked.clone(),
        })
    }

    pub(super) fn sealed(&self) -> Result<Option<Sealed>, Trouble> {
        Ok(self.computer.school().sealed()?)
    }

    pub(super) fn has_drafts(&self) -> Result<bool, Trouble> {
        let mut any = false;
        self.computer.disk.scan(&Range::Drafts(None), &mut |_, _| {
            any = true;
            Ok(Flow::Stop)
        })?;
        Ok(any)
    }

    /// The exchange is over, whatever it waited for.
    pub(super) fn waits_no_longer(&mut self) {
        self.computer.exchange = None;
        self.waits = None;
    }

    pub(super) fn begins(&mut self, purpose: Purpose) -> Result<(), Trouble> {
        let exchange = self.computer.new_exchange(purpose)?.landing_above(u64::MAX);
        self.goes_on(exchange, Told::Begin)
    }

    /// Tells the exchange that waits what has come.
    pub(super) fn hears(&mut self, event: Told) -> Result<(), Trouble> {
        match self.computer.exchange.take() {
            Some((_, exchange)) => self.goes_on(exchange, event),
            None => wrong("an answer for which nobody waits"),
        }
    }

    fn goes_on(&mut self, mut exchange: Exchange, event: Told) -> Result<(), Trouble> {
        self.waits = match advance(&mut exchange, &mut self.computer, event)? {
            Outside::Send(request) => Some(Packet::Request(request)),
            Outside::Fetch(offer) => Some(Packet::Fetch(offer)),
            Outside::Land { .. } => return wrong("a small bundle travels in its request"),
            Outside::Done(_) | Outside::GiveUp => None,
        };
        self.computer.exchange = self.waits.is_some().then_some((0, exchange));
        Ok(())
    }

    /// What is typed next, where, and what stands there on the screen.
    pub(super) fn next_value(&mut self, which: Which) -> Result<(String, TypedEdit, Vec<String>), Trouble> {
        let number = self.typed;
        self.typed += 1;
        let token = format!("k{}-{number}", which.number());
        let (key, field) = place(number)?;
        self.computer.drive(None)?;
        let over = self.computer.on_screen(key, field)?;
        Ok((token.clone(), TypedEdit { key, fields: fields([(field, Value::text(&token))]), deleted: None }, over))
    }

    /// Somebody takes back what was approved; gives which bundle it was.
    pub(super) fn withdraws(&mut self) -> Result<Option<BundleId>, Trouble> {
        self.computer.drive(None)?;
        let bundle = self.sealed()?.map(|sealed| sealed.bundle);
        let step = self.computer.school().withdraw()?;
        self.computer.drive(Some(step))?;
        Ok(bundle)
    }

    /// What was typed is saved.
    pub(super) fn saves(&mut self, edit: TypedEdit) -> Result<(), Trouble> {
        let step = self.computer.school().edit(&[edit], "operator")?;
        self.computer.drive(Some(step))
    }
}

/// Where the value of this number is typed at every computer: first into one field, so that the two do not agree.
fn place(number: u8) -> Result<(RecordKey, &'static str), Trouble> {
    let [one, other] = RECORDS;
    let (id, field) = match number {
        0 => (one, "alamat"),
        1 => (other, "alamat"),
        _ => (one, "catatan"),
    };
    Ok((key_of(&rules(), "siswa", id)?, field))
}

impl State {
    /// Where every path begins: registered, and in step unless the bounds say that nothing was pulled yet.
    pub(super) fn first(bounds: &Bounds) -> Result<Self, Trouble> {
        let npsn: Npsn = "99999999".parse().map_err(|_| Trouble::Wrong("NPSN".to_owned()))?;
        let mut centre = CentreHost::new(npsn, bounds.bug, bounds.flaw)?;
        for id in RECORDS {
            let key = key_of(&rules(), "siswa", id)?;
            let name = Value::text(format!("Siswa {}", id.first().copied().unwrap_or_default()));
            centre.act(vec![TypedEdit { key, fields: fields([("nama", name)]), deleted: None }])?;
        }
        centre.offers_snapshots = bounds.empty;
        let mut station = |number| {
            let computer = Computer::new(0, number, &mut centre, (bounds.bug, bounds.flaw))?;
            Ok::<_, Trouble>(Station { computer, waits: None, late: None, typed: 0, marked: Marked::default() })
        };
        let [one, other] = NUMBERS;
        let (one, other) = (station(one)?, station(other)?);
        let mut state = Self {
            centre,
            one,
            other,
            backups: 0,
            backup: [0; 32],
            rules_begun: false,
            memory: Memory::default(),
            marked: Marked::default(),
        };
        if !bounds.empty {
            for which in Which::BOTH {
                state.exchanges(which, Purpose::Pull)?;
            }
        }
        state.backs_up()?;
        state.backups = 0;
        state.sees_log()?;
        Ok(state)
    }

    pub(super) fn fork(&self) -> Result<Self, Trouble> {
        Ok(Self {
            centre: self.centre.fork()?,
            one: self.one.fork()?,
            other: self.other.fork()?,
            backups: self.backups,
            backup: self.backup,
            rules_begun: self.rules_begun,
            memory: self.memory.clone(),
            marked: self.marked.clone(),
        })
    }

    pub(super) const fn station(&self, which: Which) -> &Station {
        match which {
            Which::One => &self.one,
            Which::Other => &self.other,
        }
    }

    pub(super) const fn station_mut(&mut self, which: Which) -> &mut Station {
        match which {
            Which::One => &mut self.one,
            Which::Other => &mut self.other,
        }
    }

    /// A computer, and the centre that knows the head's key.
    pub(super) const fn with_centre(&mut self, which: Which) -> (&mut Station, &CentreHost) {
        let station = match which {
            Which::One => &mut self.one,
            Which::Other => &mut self.other,
        };
        (station, &self.centre)
    }

    pub(super) const fn typed(&self) -> u8 {
        self.one.typed + self.other.typed
    }

    /// An operator gives his word for what was there before a restore.
    pub(super) fn confirms(&mut self) -> Result<(), Trouble> {
        self.centre.drive(None)?;
        self.memory.doubted = false;
        self.centre.confirms()
    }

    pub(super) fn backs_up(&mut self) -> Result<(), Trouble> {
        self.centre.drive(None)?;
        self.backup = super::hash::of_disk(&self.centre.disk)?;
        self.backups += 1;
        self.memory.backs_up();
        self.centre.back_up()
    }

    /// The centre answers what a computer asks.
    pub(super) fn serves(&mut self, which: Which, request: &Request) -> Result<Packet, Trouble> {
        let device = self.station(which).computer.device;
        let Request { endpoint, body } = request;
        let served = self.centre.serve(device, *endpoint, body);
        // That it has come counts also where what it brings waits for somebody's word.
        let has_come = match &served {
            Ok(_) => true,
            Err(Trouble::No(code)) => code == UNCONFIRMED,
            Err(_) => false,
        };
        if has_come {
            let position = self.station(which).computer.school().position()?;
            self.memory.speaks(which, position.epoch, position.version);
        }
        match served {
            Ok(answer) => Ok(Packet::Answer(answer)),
            Err(Trouble::No(code)) => Ok(Packet::Refusal(code)),
            Err(trouble) => Err(trouble),
        }
    }

    /// What is on its way from or to a computer arrives.
    pub(super) fn delivers(&mut self, which: Which) -> Result<(), Trouble> {
        match self.station_mut(which).waits.take() {
            Some(Packet::Request(request)) => {
                let answer = self.serves(which, &request)?;
                self.station_mut(which).waits = Some(answer);
                Ok(())
            }
            Some(Packet::Fetch(offer)) => {
                let file = self.centre.snapshots.get(&offer.hash).cloned();
                let answer =
                    file.map_or(Packet::Refusal("snapshot.unknown".to_owned()), |file| Packet::File(offer, file));
                self.station_mut(which).waits = Some(answer);
                Ok(())
            }
            Some(Packet::Answer(body)) => self.station_mut(which).hears(Told::Answered(body)),
            Some(Packet::Refusal(code)) => self.station_mut(which).hears(Told::Refused(code)),
            Some(Packet::File(offer, file)) => {
                let station = self.station_mut(which);
                if *blake3::hash(&file).as_bytes() != offer.hash {
                    // It is fetched anew by the next exchange.
                    station.waits_no_longer();
                    return Ok(());
                }
                station.computer.disk.blobs().put(&offer.hash, &file)?;
                station.hears(Told::Fetched)
            }
            None => Ok(()),
        }
    }

    /// An exchange from its beginning to its end, over a line that holds; gives the last refusal.
    pub(super) fn exchanges(&mut self, which: Which, purpose: Purpose) -> Result<Option<String>, Trouble> {
        /// Requests of one exchange of this world, far more than any needs.
        const MAX_REQUESTS: u32 = 200;
        let mut refusal = None;
        self.station_mut(which).begins(purpose)?;
        for _ in 0..2 * MAX_REQUESTS {
            match &self.station(which).waits {
                None => return Ok(refusal),
                Some(Packet::Refusal(code)) => refusal = Some(code.clone()),
                Some(Packet::Answer(_)) => refusal = None,
                Some(_) => {}
            }
            self.delivers(which)?;
        }
        wrong(format!("an exchange of computer {which:?} does not end"))
    }
}

/// Half of what is on its way.
pub(super) fn half(packet: &mut Packet) {
    match packet {
        Packet::Request(Request { body, .. }) | Packet::Answer(body) | Packet::File(_, body) => {
            body.truncate(body.len() / 2);
        }
        Packet::Refusal(_) | Packet::Fetch(_) => {}
    }
}
