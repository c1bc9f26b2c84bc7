//! A snapshot of the log: fetched into a file that survives the process, checked whole, taken in frame by frame.

use std::cell::RefCell;
use std::io;

use selaras_storage::Growing;
use selaras_sync::{Batch, Blobs, Key, Offer, ReadStore, Row, Snapshot, Store};
use selaras_transport::{Sink, Wanted};

use super::{Open, SNAPSHOT_ROW};
use crate::command::report::ExchangeReport;
use crate::failure::Failure;
use crate::link::CallError;
use crate::output::{Output, Way};

/// How often a file is fetched whose bytes turn out to be others.
const MAX_ALTERED: u32 = 2;

/// Where the snapshot grows, telling how far it is.
struct Growth<'g, 'o> {
    file: Growing,
    total: u64,
    out: &'g RefCell<&'o mut dyn Output>,
}

impl Sink for Growth<'_, '_> {
    fn length(&self) -> u64 {
        self.file.length()
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)?;
        self.out.borrow_mut().transferred(Way::Down, self.file.length(), self.total);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.file.restart()
    }
}

impl Open {
    /// Fetches and takes in what is offered. What a cut or a kill leaves is gone on with: the file by its length, the
    /// taking in by the cursor.
    pub(super) fn take_snapshot(
        &mut self,
        offer: Offer,
        report: &mut ExchangeReport,
        out: &mut dyn Output,
    ) -> Result<(), Failure> {
        for attempt in 1.. {
            if self.fetch(&offer, out)? {
                break;
            }
            if attempt >= MAX_ALTERED {
                return Err(Failure::new("link.altered"));
            }
        }
        let Some(file) = self.blobs.reader(&offer.hash).map_err(|_| unreadable())? else { return Err(unreadable()) };
        let checked = Snapshot::open(file).map_err(|_| unreadable());
        if let Err(failure) =
            checked.and_then(|mut file| self.school().check_snapshot(&offer, &mut file).map_err(Failure::from))
        {
            self.blobs.remove(&offer.hash)?;
            return Err(failure);
        }
        let mut batch = Batch::default();
        batch.put(Key::Local(SNAPSHOT_ROW.to_owned()), Row::Bytes(offer.hash.to_vec()));
        self.store.commit(&batch)?;
        self.go_on_with_snapshot(report, out)
    }

    /// Takes a checked snapshot in, from where this side stands; nothing without one.
    pub(super) fn go_on_with_snapshot(
        &mut self,
        report: &mut ExchangeReport,
        out: &mut dyn Output,
    ) -> Result<(), Failure> {
        let Some(Row::Bytes(hash)) = self.store.get(&Key::Local(SNAPSHOT_ROW.to_owned()))? else { return Ok(()) };
        let hash: [u8; 32] = hash.try_into().map_err(|_| unreadable())?;
        if let Some(file) = self.blobs.reader(&hash).map_err(|_| unreadable())? {
            let mut snapshot = Snapshot::open(file).map_err(|_| unreadable())?;
            while let Some(frame) = snapshot.next_frame().map_err(|_| unreadable())? {
                if let Some(mut incoming) = self.school().frame(&frame)? {
                    self.absorb(&mut incoming, report, out)?;
                }
            }
        }
        let mut batch = Batch::default();
        batch.remove(Key::Local(SNAPSHOT_ROW.to_owned()));
        self.store.commit(&batch)?;
        self.blobs.remove(&hash)?;
        Ok(())
    }

    /// Fetches the file; says whether it is what was offered.
    fn fetch(&mut self, offer: &Offer, out: &mut dyn Output) -> Result<bool, Failure> {
        if self.blobs.reader(&offer.hash).map_err(|_| unreadable())?.is_some() {
            return Ok(true);
        }
        let address = offer.address();
        let wanted = Wanted { npsn: self.npsn(), hash: &address, bytes: offer.bytes };
        let file = self.blobs.growing(&offer.hash).map_err(|_| Failure::new("link.unwritable"))?;
        let mut token = match self.known_token()? {
            Some(token) => token,
            None => self.new_token(out)?,
        };
        let out = RefCell::new(out);
        let mut growth = Growth { file, total: offer.bytes, out: &out };
        loop {
            let before = growth.length();
            match self.connected()?.download(&token, wanted, &mut growth, &out) {
                Ok(()) => break,
                Err(CallError::Failed(failure)) => return Err(failure),
                Err(CallError::Session) if growth.length() > before || before == 0 => {
                    token = self.new_token(&mut **out.borrow_mut())?;
                }
                Err(CallError::Session) => return Err(Failure::new("centre.session")),
            }
        }
        growth.file.finish(&offer.hash).map_err(|_| Failure::new("link.unwritable"))
    }
}

fn unreadable() -> Failure {
    Failure::new("store.damaged").arg("reason", "snapshot")
}
