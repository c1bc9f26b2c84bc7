//! Bundles that are landing: files that grow, one writer at a time, and an end to those that nobody goes on with.
//!
//! Landing bytes is not committing. A file here takes effect only when an approval names it (`desk/exchange.rs`), and
//! until then it may be lost without harm: the school asks, and sends again.

mod files;
mod turns;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use selaras_model::{BundleId, Npsn};
use selaras_transport::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::catalogue::problem;

pub(crate) use files::{EXPIRY, Files, Landed, Naming};
pub(crate) use turns::Turn;

/// Uploads of one school that may lie here unfinished: its computers, and a few that were given up.
const MAX_OF_SCHOOL: usize = 16;
/// How long those who find no room are asked to stay away.
const FULL_WAIT: Duration = Duration::from_secs(20);

/// The uploads of all schools.
pub(crate) struct Uploads {
    pub(crate) files: Files,
    turns: turns::Turns,
    permits: Arc<Semaphore>,
    most: usize,
}

impl Uploads {
    /// Takes the directory, made when it is first needed; `most` pieces may be on their way at a time.
    pub(crate) fn new(root: PathBuf, most: usize) -> Self {
        let most = most.max(4);
        Self {
            files: Files::new(root, MAX_OF_SCHOOL),
            turns: turns::Turns::default(),
            permits: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    /// Makes room for one more piece. The last quarter is kept for uploads that have begun: what is begun gets
    /// finished before more is begun.
    pub(crate) fn room(&self, begun: bool) -> Result<OwnedSemaphorePermit, Problem> {
        let full = || problem("center.full").after(FULL_WAIT);
        if !begun && self.permits.available_permits() <= self.most / 4 {
            return Err(full());
        }
        Arc::clone(&self.permits).try_acquire_owned().map_err(|_| full())
    }

    /// Waits for one's turn at an upload, and ends that of whoever had it: a newer request means that the older
    /// connection is dead, although nobody here has noticed yet.
    pub(crate) async fn turn(&self, npsn: Npsn, bundle: BundleId) -> Result<Turn, Problem> {
        self.turns.take((npsn, bundle)).await.ok_or_else(|| problem("upload.superseded"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_has_begun_finds_room_where_new_uploads_do_not() {
        let uploads = Uploads::new(PathBuf::new(), 8);
        let held: Vec<_> = (0..6).map(|_| uploads.room(false).unwrap()).collect();
        let refused = uploads.room(false).unwrap_err();
        assert_eq!((refused.code.as_str(), refused.retry_after), ("center.full", Some(20)));
        let _seventh = uploads.room(true).unwrap();
        let _eighth = uploads.room(true).unwrap();
        assert_eq!(uploads.room(true).unwrap_err().code, "center.full");
        drop(held);
        assert!(uploads.room(false).is_ok());
    }
}
