//! What was typed and acknowledged, in plain maps, and what must have become of it.
//!
//! Every typed value is unique, so that it can be followed: it is at the centre, or one side of a conflict, or a draft,
//! or somebody typed another over it who had it on the screen.

use std::collections::{BTreeMap, BTreeSet};

use selaras_model::{BundleId, RecordKey, ReplicaId, Sequence};

use super::trouble::{Trouble, wrong};

/// A place where something is typed: school, record, field.
pub(super) type Place = (usize, RecordKey, &'static str);

/// Something that was typed and reported as saved.
pub(super) struct Typed {
    pub(super) place: Place,
    pub(super) token: String,
}

#[derive(Default)]
pub(super) struct Oracle {
    typed: Vec<Typed>,
    /// Values that somebody knowingly wrote over.
    superseded: BTreeSet<String>,
    /// Records that somebody deleted; what became of their fields is a matter of the deletion.
    pub(super) deleted: BTreeSet<(usize, RecordKey)>,
    /// By bundle: the first word of its fate, which is the last.
    fates: BTreeMap<BundleId, String>,
    /// Bundles that may have been sent, by computer.
    offered: BTreeMap<BundleId, usize>,
    /// Under which names and numbers they were sealed.
    numbers: BTreeMap<BundleId, (ReplicaId, Sequence)>,
    /// Bundles that a copy let go when it learned what it was: they never take effect.
    released: BTreeSet<BundleId>,
    /// Bundles that were perhaps sent by a disk that is no more: nobody has to hear of them.
    forgotten: BTreeSet<BundleId>,
    /// Bundles that had a receipt and were refused when they were offered again: only those whose edits a restored centre
    /// took as its own.
    refused_again: BTreeSet<BundleId>,
}

impl Oracle {
    /// Notes what was typed, once it was acknowledged; `over` is what stood there on the screen.
    pub(super) fn typed(&mut self, place: Place, token: String, over: impl IntoIterator<Item = String>) {
        self.superseded.extend(over.into_iter().filter(|over| *over != token));
        self.superseded.remove(&token);
        self.typed.push(Typed { place, token });
    }

    /// Notes what was perhaps written over, by somebody whose process died meanwhile.
    pub(super) fn perhaps(&mut self, over: impl IntoIterator<Item = String>) {
        self.superseded.extend(over);
    }

    /// Notes a bundle that may have been sent, under which name and number.
    pub(super) fn offered(&mut self, computer: usize, bundle: BundleId, number: (ReplicaId, Sequence)) {
        self.offered.insert(bundle, computer);
        self.numbers.insert(bundle, number);
    }

    /// Whether another bundle took effect under this one's name and number: a copy, or an earlier image, has used it, and
    /// whoever sealed this one learns that from the log and lets go of it.
    fn is_usurped(&self, bundle: &BundleId, in_logs: &[BundleId]) -> bool {
        let number = self.numbers.get(bundle);
        number.is_some() && in_logs.iter().any(|other| other != bundle && self.numbers.get(other) == number)
    }

    pub(super) fn released(&mut self, bundle: BundleId) {
        self.released.insert(bundle);
    }

    /// A disk was replaced by an earlier image of it: what was typed there since, by whom these tokens begin, is gone
    /// where it was not sent, and of what was sent nobody may hear.
    pub(super) fn disk_replaced(&mut self, computer: usize, since: u64) {
        let own = [format!("k{computer}-"), format!("i{computer}-")];
        let number = |token: &str| own.iter().find_map(|own| token.strip_prefix(own)?.parse::<u64>().ok());
        let gone = self.typed.iter().filter(|typed| number(&typed.token).is_some_and(|number| number > since));
        self.superseded.extend(gone.map(|typed| typed.token.clone()));
        let unheard = self.offered.iter().filter(|(bundle, by)| **by == computer && !self.fates.contains_key(bundle));
        self.forgotten.extend(unheard.map(|(bundle, _)| *bundle));
    }

    /// Notes a bundle's fate as told to a computer.
    pub(super) fn fate(&mut self, bundle: BundleId, told: String) -> Result<(), Trouble> {
        match self.fates.get(&bundle) {
            Some(before) if before.starts_with("receipt") && told == "refused bundle.sequence" => {
                self.refused_again.insert(bundle);
                Ok(())
            }
            Some(before) if *before != told => wrong(format!("bundle {bundle}: first {before}, then {told}")),
            Some(_) => Ok(()),
            None => {
                self.fates.insert(bundle, told);
                Ok(())
            }
        }
    }

    /// Forgets what a computer heard and had not written down when its centre lost the same answer; gives it.
    pub(super) fn forget(&mut self, bundle: BundleId) -> Option<String> {
        self.fates.remove(&bundle)
    }

    /// A computer is gone for good: what was typed there and nobody else can see yet is gone with it, and nobody has to
    /// hear what became of its bundles.
    pub(super) fn computer_gone(&mut self, computer: usize, seen: &BTreeSet<String>) {
        let gone: Vec<String> = self.typed_at(computer).filter(|token| !seen.contains(*token)).cloned().collect();
        self.superseded.extend(gone);
        let unheard = self.offered.iter().filter(|(bundle, by)| **by == computer && !self.fates.contains_key(bundle));
        self.forgotten.extend(unheard.map(|(bundle, _)| *bundle));
    }

    fn typed_at(&self, computer: usize) -> impl Iterator<Item = &String> {
        let own = [format!("k{computer}-"), format!("i{computer}-")];
        let tokens = self.typed.iter().map(|typed| &typed.token);
        tokens.filter(move |token| own.iter().any(|own| token.starts_with(own.as_str())))
    }

    /// Two disks are lost, the centre's and that of a computer which is gone: a bundle that only these two held is gone
    /// with them, and what was typed at that computer may have been in it.
    pub(super) fn lost_with_two_disks(&mut self, computer: usize, known: &BTreeSet<BundleId>) {
        let before = self.forgotten.len();
        self.lost_with_the_disk(&BTreeSet::from([computer]), known);
        if self.forgotten.len() > before {
            let gone: Vec<String> = self.typed_at(computer).cloned().collect();
            self.superseded.extend(gone);
        }
    }

    /// Bundles that a lost disk held alone: their receipts say nothing any more. What was typed in them is not forgiven.
    pub(super) fn lost_with_the_disk(&mut self, school: &BTreeSet<usize>, known: &BTreeSet<BundleId>) {
        let told = self.fates.iter().filter(|(_, told)| told.starts_with("receipt")).map(|(bundle, _)| *bundle);
        let of_school = |bundle: &BundleId| self.offered.get(bundle).is_some_and(|by| school.contains(by));
        let lost: Vec<BundleId> = told.filter(|bundle| of_school(bundle) && !known.contains(bundle)).collect();
        for bundle in lost {
            self.fates.remove(&bundle);
            self.forgotten.insert(bundle);
        }
    }

    /// Forgets that bundles took effect where no disk says so any more: they may take effect again, or never.
    pub(super) fn forget_all_but(&mut self, held: &BTreeSet<BundleId>) {
        let receipt = |(bundle, told): (&BundleId, &String)| told.starts_with("receipt") && !held.contains(bundle);
        let gone = self.fates.iter().filter(|fate| receipt(*fate)).map(|(bundle, _)| *bundle);
        let gone: Vec<BundleId> = gone.collect();
        for bundle in gone {
            self.fates.remove(&bundle);
            self.forgotten.insert(bundle);
        }
    }

    /// Every bundle that may have been sent met its fate, and took effect as often as it was told. `retaken` are the
    /// entries whose edits a restored centre took as its own.
    pub(super) fn bundles(&self, in_logs: &[BundleId], retaken: &BTreeSet<String>) -> Result<(), Trouble> {
        for bundle in self.offered.keys() {
            let times = in_logs.iter().filter(|logged| *logged == bundle).count();
            let is_retaken = |told: &String| told.rsplit(' ').next().is_some_and(|entry| retaken.contains(entry));
            if times == 0 && self.fates.get(bundle).is_some_and(is_retaken) {
                continue;
            }
            if self.refused_again.contains(bundle) {
                return wrong(format!("bundle {bundle} was refused after its receipt"));
            }
            let Some(told) = self.fates.get(bundle) else {
                let released = self.released.contains(bundle) || self.is_usurped(bundle, in_logs);
                if released && times == 0 || self.forgotten.contains(bundle) && times <= 1 {
                    continue;
                }
                return wrong(format!("nobody was told what became of bundle {bundle}"));
            };
            let expected = usize::from(told.starts_with("receipt"));
            if times != expected {
                return wrong(format!("bundle {bundle} is {times} times in the log, and {told} was told"));
            }
        }
        match in_logs.iter().find(|bundle| !self.offered.contains_key(bundle)) {
            Some(bundle) => wrong(format!("bundle {bundle} took effect without having been offered")),
            None => Ok(()),
        }
    }

    pub(super) fn fate_counts(&self) -> (u64, u64) {
        let accepted = self.fates.values().filter(|told| told.starts_with("receipt")).count() as u64;
        (accepted, self.fates.len() as u64 - accepted)
    }

    /// Nothing typed is lost: `found` says whether a value is still somewhere people can see it.
    pub(super) fn nothing_lost(&self, found: &BTreeMap<Place, BTreeSet<String>>) -> Result<(), Trouble> {
        for Typed { place, token } in &self.typed {
            let (school, record, field) = place;
            let done = self.superseded.contains(token) || self.deleted.contains(&(*school, *record));
            let there = found.get(place).is_some_and(|values| values.contains(token));
            if !done && !there {
                return wrong(format!("school {school}: {token} typed into {field} of {record} is lost"));
            }
        }
        Ok(())
    }
}
