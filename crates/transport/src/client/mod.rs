//! The client half: a [`Link`] to the centre and the diagnosis of its failures. Only here the HTTP client is named.

mod address;
mod answer;
mod catalogue;
mod diagnosis;
mod download;
mod error;
mod issuer;
mod link;
mod options;
mod probe;
mod route;
mod sending;
mod stranger;
mod traffic;
mod trust;
mod trust_note;
mod upload;

pub use catalogue::{BUFFERED, LARGE_CUT, LINK_CAUSES, LinkCause, SLOW_LINE};
pub use download::{Sink, Wanted};
pub use error::{Cause, LinkError, Phase, TlsFault};
pub use link::{Link, Verb};
pub use options::{LinkOptions, Timeouts};
pub use probe::{Greeting, Sent};
pub use route::{Hop, resolve, touch};
pub use stranger::Stranger;
pub use traffic::Traffic;
pub use trust::Trust;
pub use upload::{Parcel, ReadBundle, Telling};
