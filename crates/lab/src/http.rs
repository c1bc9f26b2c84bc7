//! Just enough HTTP/1.1 to know where a message begins and ends, whatever the pieces that it arrives in.
//!
//! The proxy needs it to count requests and to hold, double or swallow them; the mock centre reads its requests with it.
//! It is no parser to lean on in earnest: what it does not understand it calls opaque and lets through.

mod chunks;
mod head;
mod scan;

pub(crate) use head::Head;
pub(crate) use scan::{Scan, Sort};
