//! Answers of the centre with something wrong in them.

use std::io::Read as _;

use prost::Message as _;
use selaras_sync::wire::{ExchangeResponse, Seen, exchange_response::Outcome};

use super::answer::{Answer, EXCHANGE_TYPE};
use super::script::Forgery;

/// Most bytes of an open answer.
const MAX_OPEN: u64 = 256 << 20;

/// Makes an exchange's answer wrong; any other answer stays as it is.
pub(super) fn forge(answer: Answer, forgery: Forgery) -> Answer {
    let is_exchange = answer.status == 200 && answer.header("content-type") == Some(EXCHANGE_TYPE);
    if !is_exchange {
        return answer;
    }
    if forgery == Forgery::Garbage {
        return Answer { body: b"no frame of zstd".to_vec(), ..answer };
    }
    match respoken(&answer.body, forgery) {
        Some(body) => Answer { body, ..answer },
        None => answer,
    }
}

/// The body of the answer, made wrong; none where it is not what a centre says.
fn respoken(body: &[u8], forgery: Forgery) -> Option<Vec<u8>> {
    let mut open = Vec::new();
    zstd::stream::read::Decoder::new(body).ok()?.take(MAX_OPEN).read_to_end(&mut open).ok()?;
    let mut response = ExchangeResponse::decode(open.as_slice()).ok()?;
    spoil(&mut response, forgery);
    zstd::bulk::compress(&response.encode_to_vec(), 0).ok()
}

fn spoil(response: &mut ExchangeResponse, forgery: Forgery) {
    match forgery {
        Forgery::Digests => {
            let news = response.page.iter_mut().rev().filter_map(|fragment| fragment.news.as_mut());
            let mut digests = news.filter_map(|entry| entry.digests.last_mut());
            digests.next().into_iter().for_each(|digest| flip(digest));
        }
        Forgery::Signature => {
            flip(&mut response.signature);
            match &mut response.outcome {
                Some(Outcome::Accepted(accepted)) => flip(&mut accepted.signature),
                Some(Outcome::Refusal(refusal)) => flip(&mut refusal.signature),
                None => {}
            }
        }
        Forgery::Differs => response.differs = true,
        Forgery::Copied => response.seen = Some(Seen { sequence: u64::MAX, accepted: Vec::new() }),
        Forgery::Epoch => flip(&mut response.epoch),
        Forgery::Snapshot => response.snapshot.iter_mut().for_each(|offer| flip(&mut offer.hash)),
        Forgery::Garbage => {}
    }
}

/// Flips the lowest bit of the first byte.
fn flip(bytes: &mut [u8]) {
    bytes.iter_mut().take(1).for_each(|byte| *byte ^= 1);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use selaras_sync::wire::{Accepted, Fragment, LogEntry, SnapshotOffer};

    use super::*;

    fn response() -> ExchangeResponse {
        let news = LogEntry { digests: vec![vec![1; 32], vec![2; 32]], ..LogEntry::default() };
        ExchangeResponse {
            outcome: Some(Outcome::Accepted(Accepted { signature: vec![3; 64], ..Accepted::default() })),
            page: vec![Fragment { news: Some(news), ends: true, ..Fragment::default() }],
            signature: vec![4; 64],
            epoch: vec![5; 16],
            snapshot: Some(SnapshotOffer { hash: vec![6; 32], ..SnapshotOffer::default() }),
            ..ExchangeResponse::default()
        }
    }

    fn answer(response: &ExchangeResponse) -> Answer {
        let headers = vec![("content-type".to_owned(), EXCHANGE_TYPE.to_owned())];
        Answer { status: 200, headers, body: zstd::bulk::compress(&response.encode_to_vec(), 0).unwrap() }
    }

    fn forged(forgery: Forgery) -> ExchangeResponse {
        let body = forge(answer(&response()), forgery).body;
        let open = zstd::stream::decode_all(body.as_slice()).unwrap();
        ExchangeResponse::decode(open.as_slice()).unwrap()
    }

    #[test]
    fn a_forgery_changes_what_it_says_and_nothing_else() {
        let expected = |change: fn(&mut ExchangeResponse)| {
            let mut expected = response();
            change(&mut expected);
            expected
        };
        let digests = expected(|response| response.page[0].news.as_mut().unwrap().digests[1][0] = 3);
        let signature = expected(|response| {
            response.signature[0] = 5;
            let mut signature = vec![3; 64];
            signature[0] = 2;
            response.outcome = Some(Outcome::Accepted(Accepted { signature, ..Accepted::default() }));
        });
        for (forgery, expected) in [
            (Forgery::Digests, digests),
            (Forgery::Signature, signature),
            (Forgery::Differs, expected(|response| response.differs = true)),
            (
                Forgery::Copied,
                expected(|response| response.seen = Some(Seen { sequence: u64::MAX, accepted: Vec::new() })),
            ),
            (Forgery::Epoch, expected(|response| response.epoch[0] = 4)),
            (Forgery::Snapshot, expected(|response| response.snapshot.as_mut().unwrap().hash[0] = 7)),
        ] {
            assert!(forged(forgery) == expected, "{forgery:?}");
        }
    }

    #[test]
    fn what_is_no_exchange_stays_as_it_is() {
        let other = Answer { headers: vec![], ..answer(&response()) };
        assert_eq!(forge(other.clone(), Forgery::Garbage), other);
        let broken = Answer { body: b"no frame".to_vec(), ..answer(&response()) };
        assert_eq!(forge(broken.clone(), Forgery::Differs), broken);
        assert!(zstd::stream::decode_all(forge(broken, Forgery::Garbage).body.as_slice()).is_err());
    }
}
