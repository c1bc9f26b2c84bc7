//! What all connections of a line share: its plan, its counts, its marks and its time.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::watch;
use tokio::time::Instant;

use super::counts::{Counts, Passed};
use super::marks::{Marks, Place};
use super::plan::{Act, Ending, Keeps, Plan, Portal, Then, Way, Which};

/// The largest piece that passes at once.
const PIECE: u64 = 16 << 10;
/// A slow line passes pieces of this part of a second, so that it runs evenly.
const PIECES_A_SECOND: u64 = 50;
/// The smallest piece of a slow line.
const SMALL_PIECE: u64 = 256;
/// How far a lane may catch up after the process slept too long.
const CATCH_UP: Duration = Duration::from_millis(40);

/// What waits at a place in the stream for the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    Cut(Ending),
    Stall,
    HalfOpen(Keeps),
}

/// What becomes of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) buffer: bool,
    pub(super) double: Option<Which>,
    pub(super) portal: Option<Portal>,
    pub(super) swallow: Option<Then>,
}

impl Fate {
    /// Whether the request has to be whole before anything is done with it.
    pub(super) const fn holds(&self) -> bool {
        self.buffer || self.double.is_some() || self.portal.is_some()
    }
}

/// What is meant for a connection as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    BlackHole,
    Intercept,
}

/// When a piece has left its sender, and when it arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) sent: Instant,
    pub(super) arrives: Instant,
}

/// The line.
#[derive(Debug)]
pub(super) struct Ledger {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    upstream: SocketAddr,
    plan: Arc<Plan>,
    marks: Marks,
    counts: Counts,
    /// Connections and requests that were there before the plan was set.
    before: (u64, u64),
    since: Instant,
    free: [Instant; 2],
}

impl Ledger {
    pub(super) fn new(upstream: SocketAddr, plan: Plan) -> Self {
        let now = Instant::now();
        let state = State {
            upstream,
            marks: Marks::new(&plan),
            plan: Arc::new(plan),
            counts: Counts::default(),
            before: (0, 0),
            since: now,
            free: [now; 2],
        };
        Self { state: Mutex::new(state), changed: watch::Sender::new(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, plan: Plan) {
        let mut state = self.state();
        let now = Instant::now();
        state.marks = Marks::new(&plan);
        state.plan = Arc::new(plan);
        state.before = (state.counts.connections, state.counts.requests);
        state.since = now;
        state.free = [now; 2];
        drop(state);
        self.changed.send_replace(());
    }

    pub(super) fn lead_to(&self, upstream: SocketAddr) {
        self.state().upstream = upstream;
    }

    pub(super) fn upstream(&self) -> SocketAddr {
        self.state().upstream
    }

    pub(super) fn counts(&self) -> Counts {
        self.state().counts
    }

    pub(super) fn count(&self, way: Way, count: impl FnOnce(&mut Passed)) {
        let mut state = self.state();
        count(match way {
            Way::Up => &mut state.counts.up,
            Way::Down => &mut state.counts.down,
        });
    }

    pub(super) fn cut(&self) {
        self.state().counts.cuts += 1;
    }

    pub(super) fn unreached(&self) {
        self.state().counts.unreached += 1;
    }

    /// Takes a connection in; gives its number.
    pub(super) fn connected(&self) -> u64 {
        let mut state = self.state();
        state.counts.connections += 1;
        state.counts.connections
    }

    /// What is meant for a whole connection.
    pub(super) fn whole(&self, connection: u64) -> Vec<Whole> {
        let state = self.state();
        let number = state.connection(connection);
        let meant = state.plan.faults.iter().filter(|fault| fault.on.connection(number));
        meant
            .filter_map(|fault| match fault.act {
                Act::BlackHole => Some(Whole::BlackHole),
                Act::Intercept => Some(Whole::Intercept),
                _ => None,
            })
            .collect()
    }

    /// Whether every request of a connection is answered by a portal, so that nobody calls the upstream.
    pub(super) fn is_behind_a_portal(&self, connection: u64) -> bool {
        let state = self.state();
        let number = state.connection(connection);
        state.plan.faults.iter().any(|fault| fault.on.connection(number) && matches!(fault.act, Act::Portal(_)))
    }

    /// Takes a request in; gives its number under the present plan and what becomes of it.
    pub(super) fn requested(&self, connection: u64) -> (u64, Fate) {
        let mut state = self.state();
        state.counts.requests += 1;
        let request = state.counts.requests - state.before.1;
        let connection = state.connection(connection);
        let mut fate = Fate::default();
        for fault in &state.plan.faults {
            if !fault.on.request(request) && !fault.on.connection(connection) {
                continue;
            }
            match &fault.act {
                Act::BufferRequest => fate.buffer = true,
                Act::DoubleRequest { gives } => fate.double = Some(*gives),
                Act::Portal(portal) => fate.portal = Some(portal.clone()),
                Act::SwallowAnswer { then } => fate.swallow = Some(*then),
                _ => {}
            }
        }
        (request, fate)
    }

    /// How many bytes of a stream may pass before something happens or the piece is large enough.
    pub(super) fn limit(&self, place: &Place) -> usize {
        let state = self.state();
        let place = state.numbered(place);
        let piece = match state.plan.lane(place.way).bytes_per_second {
            Some(rate) => (rate / PIECES_A_SECOND).clamp(SMALL_PIECE, PIECE),
            None => PIECE,
        };
        usize::try_from(state.marks.ahead(&state.plan, &place).min(piece)).unwrap_or(usize::MAX)
    }

    /// Lets a piece pass: counts it, flips in it what is to be flipped, and gives what the connection meets after it.
    pub(super) fn pass(&self, place: &Place, piece: &mut BytesMut) -> Option<Met> {
        let mut state = self.state();
        let state = &mut *state;
        let numbered = state.numbered(place);
        match place.way {
            Way::Up => state.counts.up.read += piece.len() as u64,
            Way::Down => state.counts.down.read += piece.len() as u64,
        }
        let mut met = None;
        for at in state.marks.pass(&state.plan, &numbered, piece.len() as u64) {
            match state.plan.faults.get(at).map(|fault| &fault.act) {
                Some(Act::Flip { .. }) => piece.iter_mut().next_back().into_iter().for_each(|byte| *byte ^= 1),
                Some(Act::Cut { how, .. }) => met = Some(Met::Cut(*how)),
                Some(Act::Stall { .. }) => met = met.or(Some(Met::Stall)),
                Some(Act::HalfOpen { keeps, .. }) => met = met.or(Some(Met::HalfOpen(*keeps))),
                _ => {}
            }
        }
        met
    }

    /// Puts a piece on the lane behind what all connections put there before.
    pub(super) fn due(&self, way: Way, bytes: usize) -> Due {
        let mut state = self.state();
        let lane = state.plan.lane(way);
        let now = Instant::now();
        let [up, down] = &mut state.free;
        let free = match way {
            Way::Up => up,
            Way::Down => down,
        };
        let begins = now.checked_sub(CATCH_UP).map_or(*free, |least| least.max(*free));
        *free = match lane.bytes_per_second {
            Some(rate) => begins + Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / rate.max(1)),
            None => now,
        };
        Due { sent: *free, arrives: *free + Duration::from_millis(lane.latency_ms) }
    }

    /// Ends when it is time for a connection to be cut.
    pub(super) async fn time_is_up(&self, connection: u64) -> Ending {
        let mut changed = self.changed.subscribe();
        loop {
            let next = self.next_cut(connection);
            let sleep = async {
                match next {
                    Some((at, how)) => {
                        tokio::time::sleep_until(at).await;
                        how
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                how = sleep => return how,
                _ = changed.changed() => {}
            }
        }
    }

    fn next_cut(&self, connection: u64) -> Option<(Instant, Ending)> {
        let state = self.state();
        let number = state.connection(connection);
        let passed = u64::try_from(state.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        let timed = state.plan.faults.iter().filter(|fault| fault.on.connection(number));
        let cuts = timed.filter_map(|fault| match fault.act {
            Act::CutEvery { ms, how } => {
                Some((state.since + Duration::from_millis((passed / ms.max(1) + 1).saturating_mul(ms)), how))
            }
            _ => None,
        });
        cuts.min_by_key(|(at, _)| *at)
    }
}

impl State {
    /// A connection's number under the present plan; 0 for one from before it.
    fn connection(&self, number: u64) -> u64 {
        number.saturating_sub(self.before.0)
    }

    fn numbered(&self, place: &Place) -> Place {
        Place { connection: self.connection(place.connection), ..*place }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::plan::{Fault, Lane, On};
    use super::*;

    fn ledger(plan: Plan) -> Ledger {
        Ledger::new("127.0.0.1:9".parse().unwrap(), plan)
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_passes_so_many_bytes_a_second_and_each_is_under_way_for_its_latency() {
        let up = Lane { bytes_per_second: Some(1_000), latency_ms: 80 };
        let ledger = ledger(Plan { up, ..Plan::default() });
        let start = Instant::now();
        let first = ledger.due(Way::Up, 500);
        assert_eq!(first.sent - start, Duration::from_millis(500));
        assert_eq!(first.arrives - first.sent, Duration::from_millis(80));
        // The next one, whatever its connection, waits behind it.
        assert_eq!(ledger.due(Way::Up, 250).sent - start, Duration::from_millis(750));
        assert_eq!(ledger.due(Way::Down, 250).sent, start, "the other way is free");
        // A lane that stood idle does not save up for a burst.
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(ledger.due(Way::Up, 500).sent - Instant::now(), Duration::from_millis(460));
    }

    #[tokio::test(start_paused = true)]
    async fn timed_cuts_come_at_multiples_of_their_time_since_the_plan_was_set() {
        let act = Act::CutEvery { ms: 20_000, how: Ending::Rst };
        let ledger = ledger(Plan::default().with(Fault::always(act)));
        let start = Instant::now();
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(ledger.time_is_up(1).await, Ending::Rst);
        assert_eq!(start.elapsed().as_secs(), 40);
        assert_eq!(ledger.time_is_up(7).await, Ending::Rst);
        assert_eq!(start.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn numbers_begin_anew_with_every_plan() {
        let plan = || Plan::default().with(Fault::on(On::Connection(1), Act::BlackHole));
        let ledger = ledger(plan());
        assert_eq!(ledger.connected(), 1);
        assert_eq!(ledger.whole(1), [Whole::BlackHole]);
        assert_eq!(ledger.connected(), 2);
        assert_eq!(ledger.whole(2), []);
        ledger.set(plan());
        assert_eq!(ledger.connected(), 3);
        assert_eq!(ledger.whole(3), [Whole::BlackHole]);
        assert_eq!(ledger.whole(1), [], "a connection of an earlier plan has no number");
    }
}
