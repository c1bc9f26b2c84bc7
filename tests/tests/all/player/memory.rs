//! What people typed and were told, and on which disks it lies, in plain maps. It shares nothing with the engine.
//!
//! Every typed value is unique, so that it can be followed. It has to be there in the end unless somebody typed over it
//! who had it on the screen, or every disk on which it lay was lost.

use std::collections::{BTreeMap, BTreeSet};

/// Somewhere that things lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disk {
    Centre,
    Computer(usize),
}

/// What was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A value in a student's field.
    Value { student: usize, field: usize },
    /// A record that was made; its id.
    Record(String),
    /// That a record was deleted; its id.
    Deletion(String),
    /// A bundle that has a receipt.
    Bundle,
}

/// Something that was acknowledged.
#[derive(Debug)]
struct Item {
    what: What,
    on: BTreeSet<Disk>,
    /// The centre has signed for it, or did it: schools hand it back.
    sent: bool,
    /// Somebody knowingly replaced it.
    over: bool,
}

/// Everything that was acknowledged, by its token, its bundle, or the record's token with a mark.
#[derive(Debug, Default)]
pub(super) struct Memory {
    items: BTreeMap<String, Item>,
    /// What may be in a sealed bundle.
    sealed: BTreeMap<String, BTreeSet<String>>,
    last: u32,
}

/// The tokens in a text.
pub(super) fn tokens(text: &str) -> BTreeSet<String> {
    let bytes = text.as_bytes();
    let token = |at: usize| {
        let digits = bytes.get(at + 1..at + 5)?;
        let whole = bytes[at] == b'q' && digits.iter().all(u8::is_ascii_digit);
        whole.then(|| text[at..at + 5].to_owned())
    };
    (0..bytes.len()).filter_map(token).collect()
}

impl Memory {
    /// A token that nobody has typed.
    pub(super) fn token(&mut self) -> String {
        self.last += 1;
        format!("q{:04}", self.last)
    }

    /// Something was acknowledged on a disk.
    pub(super) fn saved(&mut self, token: &str, what: What, disk: Disk) {
        let sent = disk == Disk::Centre;
        self.items.insert(token.to_owned(), Item { what, on: BTreeSet::from([disk]), sent, over: false });
    }

    /// These were on the screen of somebody who typed something else into a field, or tried to.
    pub(super) fn replaced_by_hand(&mut self, seen: &BTreeSet<String>, student: usize, field: usize) {
        for token in seen {
            if let Some(item) = self.items.get_mut(token) {
                item.over |= item.what == What::Value { student, field };
            }
        }
    }

    /// Somebody deleted a record, or tried to.
    pub(super) fn deleted(&mut self, token: &str) {
        if let Some(item) = self.items.get_mut(token) {
            item.over = true;
        }
    }

    /// Values of a field that the centre may have.
    pub(super) fn at_centre(&self, student: usize, field: usize) -> BTreeSet<String> {
        let sealed: BTreeSet<&String> = self.sealed.values().flatten().collect();
        let of_field = |item: &Item| item.what == What::Value { student, field };
        let there = |token: &String, item: &Item| item.on.contains(&Disk::Centre) || sealed.contains(token);
        let values = self.items.iter().filter(|(token, item)| of_field(item) && there(token, item));
        values.map(|(token, _)| token.clone()).collect()
    }

    /// Records that were made and sent, and that nobody has deleted: token and id, the oldest first.
    pub(super) fn records_at(&self, computer: usize) -> Vec<(String, String)> {
        let known = |item: &Item| item.sent && !item.over && item.on.contains(&Disk::Computer(computer));
        let id = |item: &Item| match &item.what {
            What::Record(id) if known(item) => Some(id.clone()),
            _ => None,
        };
        self.items.iter().filter_map(|(token, item)| Some((token.clone(), id(item)?))).collect()
    }

    /// A bundle was sealed at a computer: what waited there is in it.
    pub(super) fn sealed(&mut self, bundle: &str, computer: usize) {
        let waits = |item: &Item| !item.sent && item.on.contains(&Disk::Computer(computer));
        let inside = self.items.iter().filter(|(_, item)| waits(item)).map(|(token, _)| token.clone()).collect();
        self.sealed.entry(bundle.to_owned()).or_insert(inside);
    }

    /// Bundles that were sealed.
    pub(super) fn sealed_bundles(&self) -> usize {
        self.sealed.len()
    }

    /// A computer has the receipt for a bundle.
    pub(super) fn receipted(&mut self, bundle: &str, computer: usize) {
        for token in self.sealed.get(bundle).into_iter().flatten() {
            if let Some(item) = self.items.get_mut(token) {
                item.sent = true;
                item.on.extend([Disk::Centre, Disk::Computer(computer)]);
            }
        }
        let on = BTreeSet::from([Disk::Centre, Disk::Computer(computer)]);
        let bundle = bundle.to_owned();
        self.items.entry(bundle).or_insert(Item { what: What::Bundle, on, sent: true, over: false });
    }

    /// A computer was told that it and the centre are equal; `nothing_waits` there, or only what was sent before counts.
    pub(super) fn equal(&mut self, computer: usize, nothing_waits: bool) {
        for item in self.items.values_mut() {
            let here = Disk::Computer(computer);
            if item.on.contains(&Disk::Centre) {
                item.on.insert(here);
            } else if item.on.contains(&here) && (nothing_waits || item.sent) {
                item.sent = true;
                item.on.insert(Disk::Centre);
            }
        }
    }

    /// What lies on a disk.
    pub(super) fn on(&self, disk: Disk) -> BTreeSet<String> {
        self.items.iter().filter(|(_, item)| item.on.contains(&disk)).map(|(token, _)| token.clone()).collect()
    }

    /// A disk holds this and nothing else now.
    pub(super) fn holds(&mut self, disk: Disk, tokens: &BTreeSet<String>) {
        for (token, item) in &mut self.items {
            if tokens.contains(token) {
                item.on.insert(disk);
            } else {
                item.on.remove(&disk);
            }
        }
    }

    /// The backup that held these is lost, and an older one was restored: computers have let go of the entries that it
    /// covered. What they say comes back by the records; that a bundle is in the log does not.
    pub(super) fn loses_bundles(&mut self, covered: &BTreeSet<String>) {
        let lost = |token: &String, item: &Item| item.what == What::Bundle && covered.contains(token);
        self.items.retain(|token, item| !lost(token, item) || item.on.contains(&Disk::Centre));
    }

    /// What has to be there: it lies on a disk, and nobody replaced it.
    pub(super) fn required(&self) -> impl Iterator<Item = (&String, &What)> {
        let required = self.items.iter().filter(|(_, item)| !item.over && !item.on.is_empty());
        required.map(|(token, item)| (token, &item.what))
    }
}
