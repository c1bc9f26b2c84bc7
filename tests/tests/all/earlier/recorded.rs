//! What an earlier version's schools said to their centre, byte for byte, is answered by this one's centre, and the
//! answers are of the kind that were given then. Sessions are new: proofs hold a nonce and a token ends.

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use prost::Message as _;
use selaras_sync::wire::{self, exchange_response::Outcome};
use selaras_transport::prove;
use serde_json::{Value, json};

use super::message::Message;
use super::recorder::{Exchange, Recorder, ask};
use super::{Earlier, NPSN, shows};
use crate::stand::{Centre, Computer};

/// Numbers of fields that docs/protocol.md reserves for later versions.
const RESERVED_OF_REQUEST: [u32; 7] = [11, 12, 13, 14, 17, 18, 19];
const RESERVED_OF_ANSWER: [u32; 7] = [16, 17, 18, 19, 20, 21, 22];

impl Earlier {
    /// A conversation, in its order.
    fn recorded(&self, name: &str) -> Vec<Exchange> {
        let directory = self.file("recorded").join(name);
        let kept = |number: usize, what: &str| directory.join(format!("{number}-{what}.http"));
        let exchanges: Vec<Exchange> = (1..)
            .take_while(|&number| kept(number, "request").exists())
            .map(|number| (Message::kept(&kept(number, "request")), Message::kept(&kept(number, "answer"))))
            .collect();
        assert!(!exchanges.is_empty(), "{name}");
        exchanges
    }

    /// A new token for a device, whose name at this centre may be another than then.
    fn token(&self, centre: &Centre, computer: &str, npsn: &str, device: &str) -> String {
        let seed = HEXLOWER.decode(self.word(&format!("/computers/{computer}/key")).as_bytes()).unwrap();
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        let asked = prove(&key, npsn.parse().unwrap(), device.parse().unwrap(), rand::random(), 0);
        let request = Message {
            start: format!("POST /v1/schools/{npsn}/token HTTP/1.1"),
            heads: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: serde_json::to_vec(&asked).unwrap(),
        };
        let answer = ask(address(centre), &request.with("selaras", "1")).unwrap();
        assert_eq!(answer.status(), 200, "{computer}");
        json_of(&answer)["token"].as_str().unwrap().to_owned()
    }
}

fn address(centre: &Centre) -> &str {
    centre.url.trim_start_matches("http://")
}

fn json_of(message: &Message) -> Value {
    let packed = message.head("content-encoding") == Some("zstd");
    let open = if packed { zstd::stream::decode_all(message.body.as_slice()).unwrap() } else { message.body.clone() };
    serde_json::from_slice(&open).unwrap()
}

fn response(message: &Message) -> wire::ExchangeResponse {
    let open = zstd::stream::decode_all(message.body.as_slice()).unwrap();
    wire::ExchangeResponse::decode(open.as_slice()).unwrap()
}

/// What an answer is, as far as it does not hang on the moment: what became of the bundle, from which entry on the log
/// goes on and how far, whether rules come with it and whether both sides are equal.
/// Entries of what the centre promises are left out: then there were none, and who knows nothing of them reads what else
/// there is as it did.
fn kind(response: &wire::ExchangeResponse, promised: u64) -> Value {
    let outcome = match &response.outcome {
        Some(Outcome::Accepted(accepted)) => {
            let later = promises_after(response, accepted.version);
            json!({ "accepted": accepted.version - (promised - later) })
        }
        Some(Outcome::Refusal(_)) => json!("refused"),
        None => json!("nothing"),
    };
    let page: Vec<Value> = response
        .page
        .iter()
        .filter(|fragment| !promises(fragment))
        .map(|fragment| json!([fragment.from, fragment.ends, fragment.held, fragment.edits.is_some()]))
        .collect();
    json!({
        "outcome": outcome,
        "page": page,
        "head": response.head - promised,
        "epoch": response.epoch,
        "rules": [response.pack.is_empty(), response.rulebook.is_empty()],
        "differs": response.differs,
        "snapshot": response.snapshot.is_some(),
    })
}

fn promises(fragment: &wire::Fragment) -> bool {
    let origin = fragment.news.as_ref().and_then(|news| news.origin.as_ref());
    matches!(origin, Some(wire::log_entry::Origin::Act(act)) if !act.promises.is_empty())
}

/// So many promises of a page, which ends with the log, come after this version.
fn promises_after(response: &wire::ExchangeResponse, version: u64) -> u64 {
    let after = usize::try_from(response.head - version).unwrap();
    let page = &response.page;
    page.iter().skip(page.len().saturating_sub(after)).filter(|fragment| promises(fragment)).count() as u64
}

/// Says what was said then, under a new session, and compares what is answered.
fn converse(earlier: &Earlier, name: &str, computer: &str, npsn: &str, more: &[u8]) {
    let centre = earlier.centre();
    let mut device = earlier.word(&format!("/computers/{computer}/device")).to_owned();
    let mut token = None;
    let mut promised = 0;
    for (mut said, then) in earlier.recorded(name) {
        let what = format!("{name}: {}", said.start);
        assert_eq!(said.head("selaras"), Some("1"), "{what}");
        if said.path().ends_with("/token") {
            continue;
        }
        if said.path().ends_with("/sync") {
            said.body.extend(more);
        }
        if !said.path().ends_with("/register") && !said.path().ends_with("/rules") {
            let token = token.get_or_insert_with(|| earlier.token(&centre, computer, npsn, &device));
            said = said.with("authorization", &format!("Bearer {token}"));
        }
        let now = ask(address(&centre), &said).unwrap();
        assert_alike(&now, &then, &what, &mut promised);
        if said.path().ends_with("/register") {
            json_of(&now)["device"].as_str().unwrap().clone_into(&mut device);
        }
    }
}

/// Two answers are of one kind: a school of then takes the one as it took the other.
fn assert_alike(now: &Message, then: &Message, what: &str, promised: &mut u64) {
    assert_eq!(now.status(), then.status(), "{what}");
    // Whatever number an answer is marked with, a school of then asks only that it is one.
    assert!(now.head("selaras").unwrap().parse::<u32>().is_ok(), "{what}");
    for head in ["content-type", "selaras-code", "upload-offset", "upload-length", "tus-resumable"] {
        assert_eq!(now.head(head), then.head(head), "{what}: {head}");
    }
    match then.head("content-type") {
        Some("application/x-selaras") => {
            let now = response(now);
            *promised += now.page.iter().filter(|fragment| promises(fragment)).count() as u64;
            assert_eq!(kind(&now, *promised), kind(&response(then), 0), "{what}");
        }
        Some("application/json") if !then.body.is_empty() => {
            let (now, then) = (json_of(now), json_of(then));
            for member in then.as_object().unwrap().keys() {
                assert!(!now[member].is_null(), "{what}: {member} is gone");
            }
        }
        _ => {}
    }
}

#[test]
fn a_day_as_ee1127c_sent_it_is_answered_as_it_was() {
    converse(&Earlier::version("ee1127c"), "day", "sled", NPSN, &[]);
}

#[test]
fn a_pull_as_ee1127c_asked_for_it_is_answered_as_it_was() {
    converse(&Earlier::version("ee1127c"), "pull", "redb", NPSN, &[]);
}

#[test]
fn a_recovery_as_ee1127c_asked_for_it_is_answered_as_it_was() {
    converse(&Earlier::version("ee1127c"), "recovery", "recovered", NPSN, &[]);
}

#[test]
fn a_first_upload_as_ee1127c_sent_it_lands_and_is_answered_as_it_was() {
    let earlier = Earlier::version("ee1127c");
    let patches = earlier.recorded("first-upload").iter().filter(|(said, _)| said.method() == "PATCH").count();
    assert!(patches > 0, "it was too large for one request");
    converse(&earlier, "first-upload", "beginner", "99999998", &[]);
}

/// Fields of these numbers, each with three bytes that mean nothing.
fn unknown(numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in numbers {
        prost::encoding::bytes::encode(*number, &vec![1, 2, 3], &mut bytes);
    }
    bytes
}

#[test]
fn fields_of_a_request_that_the_centre_does_not_know_change_no_answer() {
    let earlier = Earlier::version("ee1127c");
    converse(&earlier, "day", "sled", NPSN, &unknown(&RESERVED_OF_REQUEST));
}

#[test]
fn fields_of_an_answer_that_the_school_does_not_know_change_nothing() {
    let earlier = Earlier::version("ee1127c");
    let centre = earlier.centre();
    let line = Recorder::to(&centre.url);
    line.add_to_answers(unknown(&RESERVED_OF_ANSWER));
    let store = earlier.computer("sled");
    earlier.lead(&store, &line);
    let report = store.run(&["sync"], &[]);
    assert!(report["equal"] == true && !report["receipt"].is_null(), "{report}");
}

#[test]
fn what_answers_a_recorded_day_and_pull_is_taken_in_by_the_store_that_asked() {
    let earlier = Earlier::version("ee1127c");
    let centre = earlier.centre();
    let line = Recorder::to(&centre.url);
    for (computer, conversation, command) in [("redb", "pull", "pull"), ("sled", "day", "sync")] {
        let store = earlier.computer(computer);
        earlier.lead(&store, &line);
        line.say_instead(of_records(&earlier, conversation));
        let report = store.run(&[command], &[]);
        assert_eq!(report["equal"], true, "{conversation}: {report}");
        assert_eq!(line.unsaid(), 0, "{conversation}");
        assert_eq!(store.run(&["status"], &[])["sealed"], Value::Null, "{conversation}: its bundle is settled");
    }
}

#[test]
fn what_answers_a_recorded_recovery_is_taken_in_by_an_empty_computer() {
    let earlier = Earlier::version("ee1127c");
    let centre = earlier.centre();
    let line = Recorder::to(&centre.url);
    let empty = Computer { data: earlier.path("empty") };
    std::fs::create_dir(&empty.data).unwrap();
    let begun = json!({
        "server": line.url,
        "npsn": "99999999",
        "replica": earlier.word("/computers/recovered/replica"),
        "seed": earlier.word("/computers/recovered/key"),
    });
    std::fs::write(empty.data.join("registering.json"), begun.to_string()).unwrap();
    line.say_instead(of_records(&earlier, "recovery"));
    let arguments = ["recover", "--server", &line.url, "--npsn", "99999999"];
    let report = empty.run(&arguments, &[earlier.word("/schools/99999999/kode")]);
    assert_eq!(report["equal"], true, "{report}");
    assert_eq!(line.unsaid(), 0);
    assert!(shows(&empty, earlier.word("/records/redb/offered"), "Jalan Tak Dijawab"));
}

/// The requests for exchanges of a conversation.
fn of_records(earlier: &Earlier, conversation: &str) -> Vec<Message> {
    let said = earlier.recorded(conversation).into_iter().map(|(request, _)| request);
    said.filter(|request| request.path().ends_with("/sync")).collect()
}
