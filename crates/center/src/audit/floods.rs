//! Floods: whoever asks for the same again and again and is refused must not fill the disk with it.

use std::collections::HashMap;

use super::entry::Event;

/// Refusals of one kind from one address that are written one by one in a stretch of time.
const ONE_BY_ONE: u32 = 20;
/// The stretch, in seconds.
const STRETCH: i64 = 60;
/// What an alarm is called.
pub(super) const ALARM_KIND: &str = "guess-alarm";
/// Refused guesses of a school's kode registrasi within a stretch that are an alarm, from wherever they come.
const ALARM: u32 = 10;
/// What a guess is refused with.
const GUESSES: [&str; 2] = ["registration.wrong-code", "registration.too-many"];
/// Kinds that are counted at a time; beyond that all counts are written and begin anew.
const MAX_KINDS: usize = 4_096;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    what: String,
    school: String,
    from: String,
    result: String,
}

struct Count {
    began: i64,
    seen: u32,
    last: Event,
}

/// What was refused lately.
#[derive(Default)]
pub(super) struct Floods {
    counts: HashMap<Kind, Count>,
    /// Guesses by school: when the stretch began, and how many.
    guesses: HashMap<String, (i64, u32)>,
    swept: i64,
}

impl Floods {
    /// Takes an event: what is to be written of it, and of those that were only counted so far.
    pub(super) fn take(&mut self, event: Event, now: i64) -> (Option<Event>, Vec<Event>) {
        let mut summaries = Vec::new();
        if now >= self.swept + STRETCH || self.counts.len() >= MAX_KINDS {
            let all = self.counts.len() >= MAX_KINDS;
            let over = |count: &Count| all || now >= count.began + STRETCH;
            self.counts.retain(|_, count| {
                let over = over(count);
                if over {
                    summaries.extend(summary(count));
                }
                !over
            });
            self.guesses.retain(|_, (began, _)| now < *began + STRETCH);
            self.swept = now;
        }
        if event.result == "ok" {
            return (Some(event), summaries);
        }
        summaries.extend(self.alarm(&event, now));
        let Event { what, school, from, result, .. } = event.clone();
        let count = self.counts.entry(Kind { what, school, from, result });
        let count = count.or_insert_with(|| Count { began: now, seen: 0, last: event.clone() });
        count.seen = count.seen.saturating_add(1);
        count.last.clone_from(&event);
        ((count.seen <= ONE_BY_ONE).then_some(event), summaries)
    }
}

impl Floods {
    /// An alarm, once in a stretch, when a school's code is being guessed.
    fn alarm(&mut self, event: &Event, now: i64) -> Option<Event> {
        if !GUESSES.contains(&event.result.as_str()) || self.guesses.len() >= MAX_KINDS {
            return None;
        }
        let (began, seen) = self.guesses.entry(event.school.clone()).or_insert((now, 0));
        if now >= *began + STRETCH {
            (*began, *seen) = (now, 0);
        }
        *seen = seen.saturating_add(1);
        (*seen == ALARM).then(|| {
            tracing::warn!(school = event.school, "a kode registrasi is being guessed");
            let about = format!("{ALARM} guesses in {STRETCH} seconds");
            Event { who: "centre".into(), what: ALARM_KIND.into(), about, result: "ok".into(), ..event.clone() }
        })
    }
}

fn summary(count: &Count) -> Option<Event> {
    let more = count.seen.checked_sub(ONE_BY_ONE).filter(|more| *more > 0)?;
    let about = format!("{more} more in {STRETCH} seconds");
    Some(Event { about, ..count.last.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::ok;
    use super::*;

    fn refused(from: &str) -> Event {
        Event { what: "register".into(), from: from.into(), result: "registration.wrong-code".into(), ..ok() }
    }

    #[test]
    fn a_flood_is_counted_and_its_count_is_written() {
        let mut floods = Floods::default();
        let written = (0..100).filter(|_| floods.take(refused("10.0.0.1"), 1_000).0.is_some()).count();
        assert_eq!(written, 20);
        // Another address is another matter, and what goes well is always written.
        assert!(floods.take(refused("10.0.0.2"), 1_001).0.is_some());
        assert!(floods.take(ok(), 1_001).0.is_some());
        let (_, summaries) = floods.take(ok(), 1_060);
        assert_eq!(summaries.iter().map(|event| event.about.as_str()).collect::<Vec<_>>(), ["80 more in 60 seconds"]);
        assert!(floods.take(refused("10.0.0.1"), 1_061).0.is_some(), "a new stretch begins");
    }

    #[test]
    fn guesses_from_many_addresses_are_one_alarm() {
        let mut floods = Floods::default();
        let alarms = |floods: &mut Floods, now| {
            let all = (0..30).flat_map(|number| floods.take(refused(&format!("10.0.0.{number}")), now).1);
            all.filter(|event| event.what == ALARM_KIND).count()
        };
        assert_eq!(alarms(&mut floods, 1_000), 1);
        assert_eq!(alarms(&mut floods, 1_010), 0, "it was told already");
        assert_eq!(alarms(&mut floods, 1_100), 1);
    }

    #[test]
    fn many_kinds_at_once_do_not_fill_the_memory() {
        let mut floods = Floods::default();
        for number in 0..3 * MAX_KINDS {
            floods.take(refused(&number.to_string()), 1_000);
            assert!(floods.counts.len() <= MAX_KINDS);
        }
    }
}
