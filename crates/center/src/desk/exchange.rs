//! One exchange of a school: the engine's answer, with everything committed before it is given.

use selaras_model::DeviceId;
use selaras_sync::Batch;
use selaras_sync::exchange::{Endpoint, answer};
use selaras_transport::Problem;

use super::host::AtDesk;
use super::rows::{self, SEEN, SeenRow};
use super::{Desk, stored};
use crate::api::About;

/// Seconds within which another visit of the same device is not written down: every commit is a sync of the disk.
const SEEN_EVERY: i64 = 60;

impl Desk {
    /// Takes a request of an exchange and gives the answer's body; and what became of a bundle that it decided about.
    pub(crate) fn exchange(
        &self,
        device: DeviceId,
        endpoint: Endpoint,
        agent: &str,
        body: &[u8],
    ) -> Result<(Vec<u8>, Option<About>), Problem> {
        self.device(device)?;
        let mut host = AtDesk::new(self);
        let answer = answer(&mut host, device, endpoint, body)?;
        if let Some(decided) = host.decided {
            // What has landed is in the log by now, or refused for good; a file that stays is swept in time.
            let _ = self.host.uploads.files.remove(self.npsn, decided);
        }
        if let Endpoint::Exchange(_) = endpoint {
            self.seen(device, agent)?;
        }
        Ok((answer, host.about))
    }

    fn seen(&self, device: DeviceId, agent: &str) -> Result<(), Problem> {
        let before: Option<SeenRow> = rows::read(&self.store, SEEN).map_err(|error| stored(&error))?;
        let fresh = before.is_some_and(|row| {
            row.device == device && row.agent == agent && (self.now - row.at).unsigned_abs() < SEEN_EVERY.unsigned_abs()
        });
        if fresh {
            return Ok(());
        }
        let mut batch = Batch::default();
        let row = SeenRow { at: self.now, device, agent: agent.to_owned() };
        rows::put(&mut batch, SEEN, &row).map_err(|error| stored(&error))?;
        self.commit(&batch)
    }
}
