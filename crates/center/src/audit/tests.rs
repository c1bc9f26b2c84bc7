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
    each(data.path(), &mut |entry| places.push(places.last().unwrap() + ENTRY + entry.to_bytes().len())).unwrap();
    (data, places)
}

fn only_file(data: &Path) -> PathBuf {
    files_of(data).unwrap().pop().unwrap()
}

#[test]
fn what_is_appended_is_read_in_order_and_chained() {
    let (data, _) = log(5);
    let mut schools = Vec::new();
    let tip = each(data.path(), &mut |entry| schools.push(entry.event.school)).unwrap();
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
        let found = each(data.path(), &mut |_| {});
        assert!(matches!(found, Err(ChainError::Broken { .. })), "{what}: {found:?}");
        assert!(Audit::open(data.path(), Clock::east(7), ok()).is_err(), "{what}: a centre goes on after it");
    }
}

#[test]
fn every_changed_byte_is_found() {
    let (data, places) = log(3);
    let path = only_file(data.path());
    let whole = fs::read(&path).unwrap();
    let tip = each(data.path(), &mut |_| {}).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        // A length that reaches over the end looks like a torn end, and then the tip is another.
        let read = each(data.path(), &mut |_| {});
        assert!(!matches!(read, Ok(found) if found == tip), "byte {place} of {places:?}");
    }
}

#[test]
fn a_cut_end_shows_by_the_tip_that_somebody_kept() {
    let (data, places) = log(5);
    let tip = each(data.path(), &mut |_| {}).unwrap();
    let path = only_file(data.path());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..places[4]]).unwrap();
    let now = each(data.path(), &mut |_| {}).unwrap();
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
        let audit = Audit::open(data.path(), Clock::east(7), Event { what: "began".into(), ..ok() }).unwrap();
        audit.note(Event { what: "later".into(), ..ok() }).await.unwrap();
        let mut whats = Vec::new();
        each(data.path(), &mut |entry| whats.push(entry.event.what)).unwrap();
        assert_eq!(whats, ["school-added", "school-added", "torn-end-cut", "began", "later"], "cut at {cut}");
        drop(audit);
    }
    // A file of which only the beginning was being written.
    fs::write(&path, &whole[..30]).unwrap();
    let audit = Audit::open(data.path(), Clock::east(7), ok()).unwrap();
    audit.note(ok()).await.unwrap();
    assert_eq!(each(data.path(), &mut |_| {}).unwrap().number, 3);
}

#[test]
fn what_could_not_be_written_is_not_there_and_the_next_attempt_goes_on() {
    let (data, _) = log(2);
    let directory = data.path().join(DIRECTORY);
    let (tip, _) = read_last(&directory).unwrap();
    let mut tail = Tail::open(&directory, tip).unwrap();
    // A file that cannot be written to: it was opened to be read.
    let writable = tail.swap(fs::File::open(only_file(data.path())).unwrap());
    assert!(tail.append(std::iter::once((8, event(2)))).is_err());
    tail.swap(writable);
    tail.append(std::iter::once((9, event(3)))).unwrap();
    let mut schools = Vec::new();
    each(data.path(), &mut |entry| schools.push(entry.event.school)).unwrap();
    assert_eq!(schools, ["00000000", "00000001", "00000003"]);
}

#[test]
fn a_full_file_is_followed_by_another() {
    let (data, _) = log(2);
    let directory = data.path().join(DIRECTORY);
    let first = only_file(data.path());
    // As if it had grown that far: the limit is looked at before an append.
    let (tip, _) = files::read(&directory, &mut |_| {}).unwrap();
    let mut tail = Tail::open(&directory, tip).unwrap();
    tail.pretend_bytes(files::MAX_FILE_BYTES + 1);
    tail.append(std::iter::once((8, event(2)))).unwrap();
    tail.append(std::iter::once((9, event(3)))).unwrap();
    let listed = files_of(data.path()).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(each(data.path(), &mut |_| {}).unwrap().number, 4);
    // Without the first file, or with the second cut, it is no chain.
    fs::remove_file(first).unwrap();
    assert!(each(data.path(), &mut |_| {}).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_a_time_are_written_each_once() {
    let data = tempfile::tempdir().unwrap();
    let audit = Arc::new(Audit::open(data.path(), Clock::east(7), ok()).unwrap());
    let mut tasks = Vec::new();
    for number in 0..500 {
        let audit = Arc::clone(&audit);
        tasks.push(tokio::spawn(async move { audit.note(event(number)).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let mut schools = std::collections::BTreeSet::new();
    each(data.path(), &mut |entry| schools.extend([entry.event.school])).unwrap();
    assert_eq!(schools.len(), 501);
}
