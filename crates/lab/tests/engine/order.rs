//! The exchange as a value: nothing can be done out of order, and it can be kept, compared and gone on with.

use std::collections::HashSet;

use selaras_model::{ReplicaId, Value};
use selaras_sync::exchange::{Endpoint, Event, Exchange, ExchangeError, Need, Outside, SchoolHost as _, advance};
use selaras_sync::{Outcome, Purpose};

use crate::stage::{Stage, assert_equal};
use crate::talk::Hands;

/// Everything that can be told, but for what needs a file.
fn events() -> Vec<Event> {
    vec![
        Event::Begin,
        Event::Done,
        Event::Answered(Vec::new()),
        Event::Refused("center.busy".to_owned()),
        Event::Landed,
        Event::Fetched,
        Event::Checked,
        Event::Frame(None),
        Event::Named(ReplicaId::from_bytes([1; 8])),
    ]
}

#[test]
fn what_was_not_asked_for_is_refused_at_every_step_of_a_day() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(91));
    stage.first.approve(&stage.centre);
    let mut exchange = Exchange::new(Purpose::Sync);
    let mut hands = Hands::of(&stage.first);
    let (mut event, mut steps) = (Event::Begin, 0);
    loop {
        for other in events() {
            let told = std::mem::discriminant(&other);
            // A refusal may come instead of any answer.
            let refuses = matches!(other, Event::Refused(_)) && matches!(event, Event::Answered(_));
            if told != std::mem::discriminant(&event) && !refuses {
                let said = exchange.clone().next(&hands.school(), other);
                assert!(matches!(said, Err(ExchangeError::OutOfOrder { .. })), "step {steps}: {said:?}");
            }
        }
        steps += 1;
        event = match exchange.next(&hands.school(), event).unwrap() {
            Need::Commit(step) => {
                stage.first.drive(Some(*step));
                Event::Done
            }
            Need::Resume | Need::Tell(_) => Event::Done,
            Need::Send(request) => {
                Event::Answered(stage.centre.try_answer(stage.first.device, request.endpoint, &request.body).unwrap())
            }
            Need::Done(report) => {
                assert!(report.receipt.is_some());
                break;
            }
            other => panic!("a day needs no {other:?}"),
        };
        hands.notices.clear();
    }
    assert!(steps > 6, "{steps} steps");
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn an_exchange_that_was_kept_goes_on_where_it_was() {
    let stage = Stage::in_step(12);
    stage.first.set(stage.student(), "rt", Value::Int(91));
    stage.first.approve(&stage.centre);
    let mut exchange = Exchange::new(Purpose::Sync);
    let mut hands = Hands::of(&stage.first);
    let Outside::Send(request) = advance(&mut exchange, &mut hands, Event::Begin).unwrap() else { panic!("it asks") };
    let kept = exchange.clone();
    let answer = stage.centre.try_answer(stage.first.device, request.endpoint, &request.body).unwrap();
    assert_eq!(kept, exchange);
    assert_eq!(HashSet::from([kept.clone(), exchange.clone()]).len(), 1);
    advance(&mut exchange, &mut hands, Event::Answered(answer.clone())).unwrap();
    assert_ne!(kept, exchange);
    // The same answer once more, by the one that was kept: what is in already is no news.
    let mut again = kept;
    let Outside::Done(report) = advance(&mut again, &mut hands, Event::Answered(answer)).unwrap_or_else(|failed| {
        assert_eq!(failed.code, "answer.not-ours", "the page begins before where this side stands now");
        Outside::Done(Box::default())
    }) else {
        panic!("it ends")
    };
    assert_eq!(report.entries, 0);
    assert!(matches!(stage.first.sync(&stage.centre), Outcome::None));
    assert_equal(&stage.first, &stage.centre);
}

#[test]
fn what_nothing_here_mends_is_the_hosts_to_tell() {
    let stage = Stage::in_step(12);
    let mut hands = Hands::of(&stage.first);
    for code in ["center.healing", "center.busy", "bundle.not-landed", "repair.too-many"] {
        let mut exchange = Exchange::new(Purpose::Pull);
        advance(&mut exchange, &mut hands, Event::Begin).unwrap();
        let outside = advance(&mut exchange, &mut hands, Event::Refused(code.to_owned())).unwrap();
        assert_eq!(outside, Outside::GiveUp, "{code}");
    }
}

#[test]
fn a_centre_that_is_restored_again_and_again_is_given_up() {
    let stage = Stage::in_step(12);
    let mut hands = Hands::of(&stage.first);
    let mut exchange = Exchange::new(Purpose::Pull);
    let mut outside = advance(&mut exchange, &mut hands, Event::Begin).unwrap();
    let mut healings = 0;
    while let Outside::Send(request) = &outside {
        healings += u32::from(request.endpoint == Endpoint::Heal);
        outside = advance(&mut exchange, &mut hands, Event::Refused("center.restored".to_owned())).unwrap();
    }
    assert_eq!((outside, healings), (Outside::GiveUp, selaras_sync::exchange::MAX_HEALINGS));
}
