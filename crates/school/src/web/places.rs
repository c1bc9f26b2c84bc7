//! Who may hold a thread that makes pages while it waits for the desk. Pages that only read find a free one, however many
//! forms wait: they wait here, without a thread.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::READERS;

/// Forms of people who are signed in that wait for the desk at once.
const FORMS: usize = READERS / 2 - 1;
/// Long work at once, such as judging every record or writing a backup: one after another, as at the desk.
const LONG: usize = 1;
/// Forms of whoever is not signed in at once: a stranger's keep nobody else from theirs.
const STRANGERS: usize = 2;

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A form of somebody who is signed in, or a page that is made at the desk.
    Form,
    /// The same, where it takes seconds.
    Long,
    /// A form of somebody who is not signed in.
    Stranger,
}

/// The places of threads that wait.
pub(crate) struct Places {
    forms: Semaphore,
    long: Semaphore,
    strangers: Semaphore,
}

impl Default for Places {
    fn default() -> Places {
        Places { forms: Semaphore::new(FORMS), long: Semaphore::new(LONG), strangers: Semaphore::new(STRANGERS) }
    }
}

impl Places {
    /// Waits for a place, which is free again when what this gives is dropped.
    pub(crate) async fn take(&self, work: Work) -> Option<SemaphorePermit<'_>> {
        let places = match work {
            Work::Form => &self.forms,
            Work::Long => &self.long,
            Work::Stranger => &self.strangers,
        };
        // They are never closed.
        places.acquire().await.ok()
    }
}

// All of them together leave threads for pages that only read.
const _: () = assert!(FORMS + LONG + STRANGERS < READERS);
