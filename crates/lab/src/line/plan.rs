//! What a line is like and what goes wrong on it: plain data, built in code or written as TOML or JSON.

use serde::{Deserialize, Serialize};

mod check;

pub use check::PlanError;

/// A line. The default one is perfect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Where chance begins; the same seed gives the same faults at the same bytes.
    pub seed: u64,
    /// From the client to the upstream.
    pub up: Lane,
    /// From the upstream to the client.
    pub down: Lane,
    /// What goes wrong.
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
}

/// One way of a line, shared by all its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Lane {
    /// Bytes a second; as fast as it goes where it is missing.
    pub bytes_per_second: Option<u64>,
    /// How long a byte is under way.
    pub latency_ms: u64,
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// For whom.
    #[serde(default)]
    pub on: On,
    /// What.
    pub act: Act,
}

/// What a fault is for. Connections and requests are numbered from 1 over the whole line since the plan was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// Everything.
    #[default]
    All,
    /// The k-th connection.
    Connection(u64),
    /// Every k-th connection.
    EveryConnection(u64),
    /// The k-th request; for what counts bytes, the bytes of it or of its answer.
    Request(u64),
    /// Every k-th request.
    EveryRequest(u64),
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// From the client to the upstream.
    Up,
    /// From the upstream to the client.
    Down,
}

/// A place in a stream of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// After so many bytes of the connection, or of the request or answer where the fault is for requests.
    After(u64),
    /// After every so many bytes of the line, whatever connections they went over.
    Every(u64),
    /// By chance, after so many bytes of the line on average.
    About(u64),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Both sides are told that nothing more comes.
    #[default]
    Fin,
    /// The client is reset; the upstream is told that nothing more comes, after all that had passed.
    Rst,
    /// Both sides are reset, at the price of what either system had not taken yet.
    RstBoth,
}

/// Who keeps thinking that it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeps {
    /// The client; the upstream is told that the connection ended.
    Client,
    /// The upstream; the client is told.
    Upstream,
}

/// What follows an answer that did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// Nothing: the client waits.
    #[default]
    Silence,
    /// The connection is closed.
    Fin,
    /// The connection is reset.
    Rst,
}

/// Which of two answers the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The answer to the first delivery.
    #[default]
    First,
    /// The answer to the second delivery, as after a proxy that tried again.
    Second,
}

/// What a portal answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Portal {
    /// 200 with a page to log in.
    Page,
    /// 302 to an address.
    Redirect(String),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// The connection is cut at a place; what passed before it is delivered first.
    Cut {
        /// The way whose bytes count.
        way: Way,
        /// Where.
        at: Mark,
        /// How.
        #[serde(default)]
        how: Ending,
    },
    /// Every connection is cut whenever so much time has passed since the plan was set; bytes under way are lost.
    CutEvery {
        /// Milliseconds.
        ms: u64,
        /// How.
        #[serde(default)]
        how: Ending,
    },
    /// One way stands still from a place on, both connections staying open.
    Stall {
        /// The way that stands still.
        way: Way,
        /// Where.
        at: Mark,
    },
    /// One side is told at a place that the connection ended, the other hears and is heard no more.
    HalfOpen {
        /// The way whose bytes count.
        way: Way,
        /// Where.
        at: Mark,
        /// Who is not told.
        keeps: Keeps,
    },
    /// The connection is taken and everything in it swallowed; the upstream never hears of it.
    BlackHole,
    /// The lowest bit of the byte at a place is flipped; the first byte is `after = 1`.
    Flip {
        /// The way.
        way: Way,
        /// Which byte.
        at: Mark,
    },
    /// A request is forwarded when all of it has arrived, as some proxies and virus scanners do.
    BufferRequest,
    /// The request reaches the upstream, its answer never comes.
    SwallowAnswer {
        /// What the client sees once the upstream has answered.
        #[serde(default)]
        then: Then,
    },
    /// The request reaches the upstream twice, one after the other, on two connections.
    DoubleRequest {
        /// Which answer the client gets.
        #[serde(default)]
        gives: Which,
    },
    /// The request is answered by somebody else, and the upstream never hears of it.
    Portal(Portal),
    /// TLS ends here, with the self-signed certificate of somebody else; what a client then sends is forwarded plainly.
    Intercept,
}

impl Plan {
    /// A village's mobile line: 1 Mbit/s up, 4 Mbit/s down, 80 ms.
    #[must_use]
    pub fn mobile() -> Self {
        let lane = |bits: u64| Lane { bytes_per_second: Some(bits / 8), latency_ms: 80 };
        Self { up: lane(1_000_000), down: lane(4_000_000), ..Self::default() }
    }

    /// Adds a fault.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Begins chance elsewhere.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    pub(super) const fn lane(&self, way: Way) -> Lane {
        match way {
            Way::Up => self.up,
            Way::Down => self.down,
        }
    }
}

impl Fault {
    /// A fault for everything.
    #[must_use]
    pub const fn always(act: Act) -> Self {
        Self { on: On::All, act }
    }

    /// A fault for some connections or requests.
    #[must_use]
    pub const fn on(on: On, act: Act) -> Self {
        Self { on, act }
    }
}

impl On {
    /// Whether a whole connection is meant.
    pub(super) const fn connection(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Connection(k) => number == k,
            Self::EveryConnection(k) => k != 0 && number != 0 && number.is_multiple_of(k),
            Self::Request(_) | Self::EveryRequest(_) => false,
        }
    }

    /// Whether a request is meant, by itself.
    pub(super) const fn request(self, number: u64) -> bool {
        match self {
            Self::Request(k) => number == k,
            Self::EveryRequest(k) => k != 0 && number != 0 && number.is_multiple_of(k),
            _ => false,
        }
    }

    /// Whether it is for requests rather than for connections.
    pub(super) const fn is_for_requests(self) -> bool {
        matches!(self, Self::Request(_) | Self::EveryRequest(_))
    }
}

impl Act {
    /// The place in the stream that the act waits for.
    pub(super) const fn place(&self) -> Option<(Way, Mark)> {
        match *self {
            Self::Cut { way, at, .. }
            | Self::Stall { way, at }
            | Self::HalfOpen { way, at, .. }
            | Self::Flip { way, at } => Some((way, at)),
            _ => None,
        }
    }
}
