//! The bad line: a TCP proxy on this computer that does to a connection what lines, masts, routers, proxies and portals
//! do, and does the same again for the same seed.
//!
//! A [`Proxy`] stands in front of any address and owns its thread, so that blocking and asynchronous code use it alike.
//! What it does is a [`Plan`]: bandwidth and latency of either [`Way`], and [`Fault`]s, each with the connections or
//! requests that it is for. [`Counts`] can be read at any time and are exact: a byte counts once it has passed.
//!
//! ```no_run
//! use selaras_lab::line::{Act, Ending, Fault, Mark, Plan, Proxy, Way};
//!
//! let centre = "127.0.0.1:8080".parse().expect("an address");
//! let cut = Act::Cut { way: Way::Up, at: Mark::Every(64 << 10), how: Ending::Rst };
//! let line = Proxy::start(centre, Plan::mobile().with(Fault::always(cut)))?;
//! println!("http://{} {:?}", line.address(), line.counts());
//! # Ok::<(), selaras_lab::line::LineError>(())
//! ```
//!
//! What it is not: no emulation of packets, loss or reordering (TCP hides those), and no TLS of the centre's. Bytes of a
//! TLS connection are counted, cut and bent like others; requests in it are not seen, unless [`Act::Intercept`] ends it.

mod carry;
mod close;
mod counts;
mod double;
mod flow;
mod ledger;
mod marks;
mod parcel;
mod plan;
mod portal;
mod proxy;
mod read;

pub use counts::{Counts, Passed};
pub use plan::{Act, Ending, Fault, Keeps, Lane, Mark, On, Plan, PlanError, Portal, Then, Way, Which};
pub use proxy::{LineError, Proxy};
