//! A snapshot of the log, fetched into a file that survives the process.

use std::cell::RefCell;
use std::io;

use selaras_storage::Growing;
use selaras_sync::Offer;
use selaras_transport::{Sink, Wanted};

use super::Open;
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
    /// Fetches what of a snapshot is not here yet; the file survives the process, and is gone on with by its length.
    pub(super) fn fetch_snapshot(&mut self, offer: &Offer, out: &mut dyn Output) -> Result<(), Failure> {
        for _ in 0..MAX_ALTERED {
            if self.fetch(offer, out)? {
                return Ok(());
            }
        }
        Err(Failure::new("link.altered"))
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

/// A snapshot's file cannot be read.
pub(super) fn unreadable() -> Failure {
    Failure::new("store.damaged").arg("reason", "snapshot")
}
