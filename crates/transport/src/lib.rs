//! Carries the exchange over HTTP: the client half and the server half.
//!
//! The crate moves bytes that the engine made and tells *what kind of failure* a failed call was: no network, a
//! captive portal, a line that is too slow, a centre that is busy. It is not the protocol (that is `selaras-sync`),
//! knows no rule and no record, and keeps nothing on disk. It is the only crate that names the HTTP client.
//!
//! The main types are [`Link`] (a school's or an operator's way to the centre), [`LinkError`] (why a call failed and
//! when to try again) and, for both halves, [`Problem`] (the error body). [`Backoff`] decides when to try again as a
//! pure value. What a server needs is in [`server`].
//!
//! ```no_run
//! use selaras_sync::Carry;
//! use selaras_transport::{Link, LinkOptions, Trust};
//!
//! # async fn example(npsn: selaras_model::Npsn) -> Result<(), selaras_transport::LinkError> {
//! let link = Link::new(&LinkOptions::new("https://pusat.example", Trust::System))?;
//! let answer = link.exchange("token", npsn, Carry::Inline, b"request".to_vec().into()).await?;
//! println!("{} bytes, {:?}", answer.len(), link.traffic());
//! # Ok(())
//! # }
//! ```

mod client;
mod limits;
mod messages;
mod packed;
mod problem;
mod proof;
mod retry;
pub mod server;
mod wire;

pub use client::{
    BUFFERED, Cause, Greeting, Hop, LARGE_CUT, LINK_CAUSES, Link, LinkCause, LinkError, LinkOptions, Parcel, Phase,
    ReadBundle, SLOW_LINE, Sent, Sink, Stranger, Telling, Timeouts, TlsFault, Traffic, Trust, Verb, Wanted, resolve,
    touch,
};
pub use limits::{
    MAX_EXCHANGE_ANSWER, MAX_EXCHANGE_BODY, MAX_JSON_ANSWER, MAX_JSON_BODY, MAX_LINES_BODY, MAX_PROBE_BODY,
    MAX_PROBE_DOWN, MAX_PROBE_UP, MAX_RETRY_AFTER, MAX_RULES_ANSWER, MAX_RULES_BODY,
};
pub use messages::{
    HeadAnswer, HeadRequest, HealedRequest, HealingAnswer, RegisterAnswer, RegisterRequest, RulesAnswer, TokenAnswer,
    TokenRequest, WaitedFor,
};
pub use packed::{pack_body, takes_zstd};
pub use problem::{Args, CatalogueEntry, Problem, Reason, Retry, Text};
pub use proof::{ProofError, prove, verify_proof};
pub use retry::{Backoff, Patience, Progress, system_chance, with_retries};
pub use wire::{
    BYTES_TYPE, CODE, EXCHANGE_TYPE, JSON_TYPE, LANDED, LINES_TYPE, MARKER, OLDEST_PROTOCOL, PROTOCOL, SNAPSHOT_TYPE,
};
