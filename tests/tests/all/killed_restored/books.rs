//! Which bundle each entry brought, as the centre's stores say in all its lives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use selaras_model::{BundleId, EntryHash, LogVersion};
use selaras_storage::{Changelog, EngineKind, open_store};
use selaras_sync::{Flow, LogEntry, Origin, Range, ReadStore as _, Row, entry_hash};

use super::scene::NPSN;

#[derive(Default)]
pub(super) struct Books(BTreeMap<EntryHash, BundleId>);

/// The log of the school in the store of a centre that does not run.
fn log(data: &Path) -> Vec<(EntryHash, LogEntry)> {
    let engine = open_store(&data.join("store"), EngineKind::Sled, 1 << 20).unwrap().engine;
    let store = Changelog::new(engine).unwrap().school(NPSN.parse().unwrap());
    let mut log = Vec::new();
    store
        .scan(&Range::Entries(LogVersion::new(0)), &mut |_, row| {
            let Row::Entry(row) = row else { panic!("no entry") };
            log.push((entry_hash(&row.entry), LogEntry::from_bytes(&row.entry).unwrap()));
            Ok(Flow::Continue)
        })
        .unwrap();
    log
}

impl Books {
    /// Notes what the log says of bundles, before a disk is lost with it.
    pub(super) fn note(&mut self, data: &Path) {
        let log = log(data);
        assert!(!log.is_empty());
        for (hash, entry) in log {
            if let Origin::Bundle { bundle, .. } = entry.origin {
                self.0.insert(hash, bundle);
                self.0.extend(entry.first.map(|first| (first.entry, bundle)));
            }
        }
    }

    /// Tells how many bundles the log holds; each by one entry, also where the centre took it again as an act of its own.
    pub(super) fn every_bundle_counts_once(&self, data: &Path) -> String {
        let (mut bundles, mut entries, mut again, mut retaken) = (BTreeSet::new(), BTreeSet::new(), 0, 0);
        for (hash, entry) in log(data) {
            let first = entry.first.as_ref().map_or(hash, |first| first.entry);
            assert!(entries.insert(first), "{first} is in the log twice: {entry:?}");
            let Some(bundle) = self.0.get(&first) else { continue };
            assert!(bundles.insert(*bundle), "bundle {bundle} took effect twice: {entry:?}");
            again += u64::from(entry.first.is_some());
            retaken += u64::from(!matches!(entry.origin, Origin::Bundle { .. }));
        }
        assert!(!bundles.is_empty());
        let count = bundles.len();
        format!("{count} bundles, each once; {again} of them handed back, {retaken} of these as acts of the centre")
    }
}
