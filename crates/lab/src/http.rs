//! Just enough HTTP/1.1 to know where a message begins and ends, whatever the pieces that it arrives in.
//!
//! The proxy needs it to count requests and to hold, double or swallow them.
//! It is no parser to lean on in earnest: what it does not understand it calls opaque and lets through.

mod chunks;
mod head;
mod scan;

pub(crate) use scan::{Scan, Sort};
