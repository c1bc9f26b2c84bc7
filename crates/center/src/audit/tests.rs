#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;

use super::*;

const ENTRY: usize = 4 + 32;

fn event(number: usize) -> Event {
    Event { who: "operator".into(), what: "school-added".into(), school: format!("{number:08}"), ..ok() }
}

/// A log of so many entries, and the places where its entries begin in the one file.
fn log(entries: usize) -> (tempfile::TempDir, Vec<usize>) {
    let data = tempfile::tempdir().unwrap();
    let directory = data.path().join(DIRECTORY);
    fs::create_dir(&directory).unwrap();
    let mut tail = Tail::open(&directory, Tip::default()).unwrap();
    tail.append((0..entries).map(|number| (7, event(number)))).unwrap();
    let mut places = vec![52];
    chain(data.path(), &mut |entry| places.push(places.last().unwrap() + ENTRY + entry.to_bytes().len())).unwrap();
    (data, places)
}

/// Reads a log that holds.
fn chain(data: &Path, visit: &mut dyn FnMut(Entry)) -> Result<Tip, ChainError> {
    each(data, visit)?.whole()
}

fn store() -> selaras_storage::SchoolStore {
    let engine = Arc::new(selaras_storage::MemoryEngine::new());
    selaras_storage::Changelog::new(engine).unwrap().school("00000000".parse().unwrap())
}

/// Opens a log of which the store keeps nothing yet.
fn opened(data: &Path, began: Event) -> Result<Audit, ChainError> {
    opened_by(&store(), data, began)
}

fn opened_by(store: &selaras_storage::SchoolStore, data: &Path, began: Event) -> Result<Audit, ChainError> {
    Audit::open(data, Clock::east(7), TipKeeper::new(store.clone(), data), began)
}

fn only_file(data: &Path) -> PathBuf {
    files_of(data).unwrap().pop().unwrap()
}

#[test]
fn what_is_appended_is_read_in_order_and_chained() {
    let (data, _) = log(5);
    let mut schools = Vec::new();
    let tip = chain(data.path(), &mut |entry| schools.push(entry.event.school)).unwrap();
    assert_eq!(schools, ["00000000", "00000001", "00000002", "00000003", "00000004"]);
    assert_eq!(tip.number, 5);
}

/// Something that a person with access to the files does to their bytes.
type Tampering = fn(&mut Vec<u8>, &[usize]);

#[test]
fn every_tampering_is_found() {
    let tamperings: [(&str, Tampering); 8] = [
        ("a changed school", |bytes, places| bytes[places[2] + 60] ^= 1),
        ("a changed hash", |bytes, places| bytes[places[3] - 1] ^= 1),
        ("an entry taken out", |bytes, places| drop(bytes.drain(places[1]..places[2]))),
        ("an entry doubled", |bytes, places| {
            let twice = bytes[places[1]..places[2]].to_vec();
            bytes.splice(places[2]..places[2], twice);
        }),
        ("two entries swapped", |bytes, places| bytes[places[1]..places[3]].rotate_left(places[2] - places[1])),
        ("another beginning", |bytes, _| bytes[30] ^= 1),
        ("the first entries taken out", |bytes, places| drop(bytes.drain(places[0]..places[2]))),
        ("an entry written anew", |bytes, places| {
            let forged = Entry { number: 2, at: 7, event: event(99), previous: [0; 32] };
            let body = forged.to_bytes();
            let whole = [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], &body, &forged.hash()].concat();
            bytes.splice(places[1]..places[2], whole);
        }),
    ];
    for (what, tamper) in tamperings {
        let (data, places) = log(5);
        let path = only_file(data.path());
        let mut bytes = fs::read(&path).unwrap();
        tamper(&mut bytes, &places);
        fs::write(&path, bytes).unwrap();
        let found = chain(data.path(), &mut |_| {});
        assert!(matches!(found, Err(ChainError::Broken { .. })), "{what}: {found:?}");
        assert!(opened(data.path(), ok()).is_err(), "{what}: a centre goes on after it");
    }
}

#[test]
fn every_changed_byte_is_found() {
    let (data, places) = log(3);
    let path = only_file(data.path());
    let whole = fs::read(&path).unwrap();
    let tip = chain(data.path(), &mut |_| {}).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        // A length that reaches over the end looks like a torn end, and then the tip is another.
        let read = chain(data.path(), &mut |_| {});
        assert!(!matches!(read, Ok(found) if found == tip), "byte {place} of {places:?}");
    }
}

#[test]
fn a_cut_end_shows_by_the_tip_that_somebody_kept() {
    let (data, places) = log(5);
    let tip = chain(data.path(), &mut |_| {}).unwrap();
    let path = only_file(data.path());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..places[4]]).unwrap();
    let now = chain(data.path(), &mut |_| {}).unwrap();
    assert_eq!(now.number, 4);
    assert_ne!(now.hash, tip.hash);
}

#[tokio::test]
async fn what_was_torn_at_the_end_is_cut_and_noted_and_the_chain_goes_on() {
    let (data, places) = log(3);
    let path = only_file(data.path());
    let whole = fs::read(&path).unwrap();
    for cut in [places[2] + 1, places[2] + 20, places[3] - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let audit = opened(data.path(), Event { what: "began".into(), ..ok() }).unwrap();
        audit.note(Event { what: "later".into(), ..ok() }).await.unwrap();
        let mut whats = Vec::new();
        chain(data.path(), &mut |entry| whats.push(entry.event.what)).unwrap();
        assert_eq!(whats, ["school-added", "school-added", "torn-end-cut", "began", "later"], "cut at {cut}");
        drop(audit);
    }
    // A file of which only the beginning was being written.
    fs::write(&path, &whole[..30]).unwrap();
    let audit = opened(data.path(), ok()).unwrap();
    audit.note(ok()).await.unwrap();
    assert_eq!(chain(data.path(), &mut |_| {}).unwrap().number, 3);
}

#[test]
fn what_could_not_be_written_is_not_there_and_the_next_attempt_goes_on() {
    let (data, _) = log(2);
    let directory = data.path().join(DIRECTORY);
    let tip = read_last(&directory, &mut |_| {}).unwrap().tip;
    let mut tail = Tail::open(&directory, tip).unwrap();
    // A file that cannot be written to: it was opened to be read.
    let writable = tail.swap(fs::File::open(only_file(data.path())).unwrap());
    assert!(tail.append(std::iter::once((8, event(2)))).is_err());
    tail.swap(writable);
    tail.append(std::iter::once((9, event(3)))).unwrap();
    let mut schools = Vec::new();
    chain(data.path(), &mut |entry| schools.push(entry.event.school)).unwrap();
    assert_eq!(schools, ["00000000", "00000001", "00000003"]);
}

#[test]
fn a_full_file_is_followed_by_another() {
    let (data, _) = log(2);
    let directory = data.path().join(DIRECTORY);
    let first = only_file(data.path());
    // As if it had grown that far: the limit is looked at before an append.
    let tip = read(&directory, &mut |_| {}).unwrap().tip;
    let mut tail = Tail::open(&directory, tip).unwrap();
    tail.pretend_bytes(files::MAX_FILE_BYTES + 1);
    tail.append(std::iter::once((8, event(2)))).unwrap();
    tail.append(std::iter::once((9, event(3)))).unwrap();
    let listed = files_of(data.path()).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(chain(data.path(), &mut |_| {}).unwrap().number, 4);
    // Without the first file it begins later, and says after which entry.
    fs::remove_file(first).unwrap();
    let log = each(data.path(), &mut |_| {}).unwrap();
    assert_eq!((log.before.number, log.whole().unwrap().number), (2, 4));
}

#[test]
fn what_is_whole_after_a_damage_is_read_too() {
    let (data, places) = log(5);
    let path = only_file(data.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[places[1] + 60] ^= 1;
    fs::write(&path, bytes).unwrap();
    let mut numbers = Vec::new();
    let log = each(data.path(), &mut |entry| numbers.push(entry.number)).unwrap();
    assert_eq!(numbers, [1, 3, 4, 5]);
    let [damage] = log.damages.try_into().unwrap();
    assert_eq!((damage.after, damage.what), (1, "an entry that was changed"));
}

#[tokio::test]
async fn a_log_whose_end_is_gone_goes_on_after_the_tip_that_the_store_keeps() {
    let (data, store) = (tempfile::tempdir().unwrap(), store());
    let audit = opened_by(&store, data.path(), ok()).unwrap();
    audit.note(event(1)).await.unwrap();
    drop(audit);
    fs::remove_file(only_file(data.path())).unwrap();
    assert!(chain(data.path(), &mut |_| {}).is_err(), "nothing is left of two entries");

    drop(opened_by(&store, data.path(), Event { what: "began".into(), ..ok() }).unwrap());
    let mut seen = Vec::new();
    let tip = chain(data.path(), &mut |entry| seen.push((entry.number, entry.event.what, entry.event.about))).unwrap();
    assert_eq!(tip.number, 4);
    let [missing, began] = seen.try_into().unwrap();
    assert_eq!(missing, (3, "entries-missing".to_owned(), "entries 1 to 2".to_owned()));
    assert_eq!((began.0, began.1.as_str()), (4, "began"));
}

#[test]
fn a_log_that_was_written_anew_is_not_the_one_whose_tip_the_store_keeps() {
    let (data, other, store) = (log(2).0, log(2).0, store());
    drop(opened_by(&store, data.path(), ok()).unwrap());
    drop(opened_by(&self::store(), other.path(), event(7)).unwrap());
    fs::copy(only_file(other.path()), only_file(data.path())).unwrap();
    assert!(chain(data.path(), &mut |_| {}).is_err());
    assert!(opened_by(&store, data.path(), ok()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_a_time_are_written_each_once() {
    let data = tempfile::tempdir().unwrap();
    let audit = Arc::new(opened(data.path(), ok()).unwrap());
    let mut tasks = Vec::new();
    for number in 0..500 {
        let audit = Arc::clone(&audit);
        tasks.push(tokio::spawn(async move { audit.note(event(number)).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mut schools = std::collections::BTreeSet::new();
    chain(data.path(), &mut |entry| schools.extend([entry.event.school])).unwrap();
    assert_eq!(schools.len(), 501);
}
