//! What can be taken back: for a while after an edit, the record's draft as it was before.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use selaras_model::RecordKey;
use selaras_sync::Typed;

use super::answer::Undo;
use super::rights::What;
use super::visit::User;
use crate::failure::Failure;
use crate::output::Collected;
use crate::service::Service;

/// Edits that can be taken back; the oldest go.
const MAX_KEPT: usize = 200;

/// A record as an edit found it and left it.
struct Edited {
    key: RecordKey,
    before: Typed,
    after: Typed,
}

/// Something that can be taken back.
struct Kept {
    account: String,
    records: Arc<Vec<Edited>>,
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

/// Does something to records at the desk, and gives the form that takes it back.
pub(super) fn undoable<T: Send + 'static>(
    user: &User,
    keys: Vec<RecordKey>,
    back_to: &str,
    work: impl FnOnce(&mut Service, &mut Collected) -> Result<T, Failure> + Send + 'static,
) -> Result<(T, Undo), Failure> {
    let mut said = user.collected();
    let (done, records) = user.web().house.with(move |service| {
        service.open_store()?.finish_steps(&mut said)?;
        let before = typed(service, &keys)?;
        let done = work(service, &mut said)?;
        let after = typed(service, &keys)?;
        let records = keys.into_iter().zip(before).zip(after);
        let records: Vec<_> = records.map(|((key, before), after)| Edited { key, before, after }).collect();
        service.back_up_when_due(&mut said);
        Ok((done, records))
    })?;
    let kept = Kept { account: user.name().to_owned(), records: Arc::new(records), back_to: back_to.to_owned() };
    let number = user.web().shelf.keep(kept);
    Ok((done, Undo { action: "/urungkan".to_owned(), fields: vec![("nomor".to_owned(), number.to_string())] }))
}

fn typed(service: &mut Service, keys: &[RecordKey]) -> Result<Vec<Typed>, Failure> {
    let open = service.open_store()?;
    keys.iter().map(|key| Ok(open.school().typed(*key)?)).collect()
}

/// Taking back is typing: it needs the right to type into the module of every record, as the account has it now.
fn must_type(user: &User, records: &[Edited]) -> Result<(), Failure> {
    user.read(|reading| {
        let pack = &reading.open.rules().pack;
        for edited in records {
            let entity = pack.entity(edited.key.entity).ok_or_else(|| Failure::new("input.entity"))?;
            let module = pack.modules().get(entity.module).map(|module| module.name.as_str()).unwrap_or_default();
            user.must(What::Edit(module))?;
        }
        Ok(())
    })
}

/// Takes back what this account did, all of it or nothing; gives the page to go on to.
pub(super) fn take_back(user: &User, number: &str) -> Result<String, Failure> {
    let over = || Failure::new("undo.over");
    let number: u64 = number.parse().map_err(|_| over())?;
    let records = {
        let shelf = user.web().shelf.lock();
        let kept = shelf.1.get(&number).filter(|kept| kept.account == user.name());
        Arc::clone(&kept.ok_or_else(over)?.records)
    };
    must_type(user, &records)?;
    let kept = {
        let mut shelf = user.web().shelf.lock();
        match shelf.1.get(&number) {
            Some(kept) if kept.account == user.name() => shelf.1.remove(&number),
            _ => None,
        }
    };
    let kept = kept.ok_or_else(over)?;
    let (mut said, back_to) = (user.collected(), kept.back_to.clone());
    let done = user.web().house.with(move |service| put_back(service, &records, &mut said));
    if let Err(failure) = done {
        // What could not be done now can be tried again.
        if failure.code != "undo.over" {
            user.web().shelf.lock().1.insert(number, kept);
        }
        return Err(failure);
    }
    Ok(back_to)
}

fn put_back(service: &mut Service, records: &[Edited], said: &mut Collected) -> Result<(), Failure> {
    let open = service.open_store()?;
    open.finish_steps(said)?;
    for Edited { key, after, .. } in records {
        if !open.school().is_as_left(*key, after)? {
            return Err(Failure::new("undo.over"));
        }
    }
    for Edited { key, before, after } in records {
        let step = open.school().put_back(*key, before, after)?;
        open.apply(step, said)?;
    }
    Ok(())
}
