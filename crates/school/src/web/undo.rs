//! What can be taken back: for a while after an edit, the record's draft as it was before.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use selaras_model::RecordKey;
use selaras_sync::DraftRow;

use super::answer::Undo;
use super::visit::User;
use crate::failure::Failure;
use crate::output::Collected;
use crate::service::Service;

/// Edits that can be taken back; the oldest go.
const MAX_KEPT: usize = 200;

/// An edit that can be taken back.
struct Kept {
    account: String,
    key: RecordKey,
    before: Option<DraftRow>,
    after: Option<DraftRow>,
    back_to: String,
}

/// Edits that can be taken back, by number.
#[derive(Default)]
pub(crate) struct Shelf(Mutex<(u64, BTreeMap<u64, Kept>)>);

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Kept>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, kept: Kept) -> u64 {
        let mut shelf = self.lock();
        shelf.0 += 1;
        let number = shelf.0;
        shelf.1.insert(number, kept);
        if shelf.1.len() > MAX_KEPT {
            shelf.1.pop_first();
        }
        number
    }
}

/// Does something to a record at the desk, and gives the form that takes it back.
pub(super) fn undoable<T: Send + 'static>(
    user: &User,
    key: RecordKey,
    back_to: &str,
    work: impl FnOnce(&mut Service, &mut Collected) -> Result<T, Failure> + Send + 'static,
) -> Result<(T, Undo), Failure> {
    let lang = user.lang();
    let (done, before, after) = user.web().house.with(move |service| {
        let mut said = Collected { lang, events: Vec::new() };
        service.open_store()?.finish_steps(&mut said)?;
        let before = service.open_store()?.school().typed(key)?;
        let done = work(service, &mut said)?;
        let after = service.open_store()?.school().typed(key)?;
        service.back_up_when_due(&mut said);
        Ok((done, before, after))
    })?;
    let kept = Kept { account: user.name().to_owned(), key, before, after, back_to: back_to.to_owned() };
    let number = user.web().shelf.keep(kept);
    Ok((done, Undo { action: "/urungkan".to_owned(), fields: vec![("nomor".to_owned(), number.to_string())] }))
}

/// Takes back what this account did; gives the page to go on to.
pub(super) fn take_back(user: &User, number: &str) -> Result<String, Failure> {
    let over = || Failure::new("undo.over");
    let number: u64 = number.parse().map_err(|_| over())?;
    let kept = {
        let mut shelf = user.web().shelf.lock();
        match shelf.1.remove(&number) {
            Some(kept) if kept.account == user.name() => kept,
            Some(others) => {
                shelf.1.insert(number, others);
                return Err(over());
            }
            None => return Err(over()),
        }
    };
    let (lang, back_to) = (user.lang(), kept.back_to);
    let (key, before, after) = (kept.key, kept.before, kept.after);
    user.web().house.with(move |service| {
        let mut said = Collected { lang, events: Vec::new() };
        let open = service.open_store()?;
        let step = open.school().put_back(key, before.as_ref(), after.as_ref())?;
        open.apply(step, &mut said)
    })?;
    Ok(back_to)
}
