//! The client half: a [`Link`] to the centre and the diagnosis of its failures. Only here the HTTP client is named.

mod address;
mod answer;
mod catalogue;
mod diagnosis;
mod download;
mod error;
mod link;
mod options;
mod sending;
mod traffic;
mod trust;
mod upload;

pub use download::{Sink, Wanted};
pub use error::{Cause, LinkError, Phase, TlsFault};
pub use link::{Link, Verb};
pub use options::{LinkOptions, Timeouts};
pub use traffic::Traffic;
pub use trust::Trust;
pub use upload::{Parcel, ReadBundle, Telling};
