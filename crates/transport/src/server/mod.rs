//! The server half: pieces that a centre's HTTP server is put together from.
//!
//! They know heads, limits and error bodies, and leave routes, tokens and the work itself to the server. What a code
//! means to a person comes from the server's own catalogue, through a [`Lookup`].

mod body;
mod gate;
mod linger;
mod rejection;
pub mod tus;

pub use body::{BodyBudget, BodyLimits, parse_json, read_body, read_json};
pub use gate::{bearer, mark, require_protocol};
pub use linger::linger;
pub use rejection::{Lookup, Rejection};
