//! Records that people see, and that neither the base nor a draft holds: this disk has lost the rest of them. The log makes
//! them anew where it knows them; where a restored centre has lost them as well, nothing differs, and what people see is
//! all that is left.

use selaras_model::RecordKey;

use super::School;
use super::layers::drafts;
use crate::error::SchoolError;
use crate::local;
use crate::step::Step;
use crate::store::{Flow, Key, StoreError};
use crate::work::Work;

/// The row that says that they are to be looked for.
const ROW: &str = "unheld";

impl School<'_> {
    /// Notes that they are looked for once the log of the centre's new life was gone over, and both sides agree.
    pub(super) fn look_for_unheld(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        work.put_local(ROW, &true)
    }

    pub(super) fn looks_for_unheld(&self) -> Result<bool, StoreError> {
        Ok(local::read::<bool>(self.store, ROW)?.is_some())
    }

    /// Makes drafts of what of them is this school's, and takes the rest away; gives the next step.
    pub(super) fn take_unheld(&self) -> Result<Step, SchoolError> {
        let mut unheld = Vec::new();
        self.each_unheld(&mut |key| {
            unheld.push(key);
            Ok(Flow::Continue)
        })?;
        let mut work = Work::new(self.store, self.rules);
        let mut left = unheld.into_iter();
        while work.has_room() {
            let Some(key) = left.next() else {
                work.remove(Key::Local(ROW.to_owned()));
                break;
            };
            self.put_record(&mut work, key, None)?;
        }
        self.judge(&mut work)?;
        Ok(Step::of(work.finish()))
    }

    fn each_unheld(&self, visit: &mut dyn FnMut(RecordKey) -> Result<Flow, StoreError>) -> Result<(), StoreError> {
        let view = self.view();
        for entity in self.rules.pack.entities() {
            view.scan(entity.code, None, &mut |record| {
                let key = record.key();
                if self.store.get(&Key::Base(key))?.is_some() || !drafts(self.store, key, None)?.generations.is_empty()
                {
                    return Ok(Flow::Continue);
                }
                visit(key)
            })?;
        }
        Ok(())
    }
}
