//! The messages of `proto/selaras.proto`. Their `Debug` is left out: columns hold people's data.

#![allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    unreachable_pub,
    reason = "generated; proto/selaras.proto says what they mean"
)]

include!(concat!(env!("OUT_DIR"), "/selaras.v1.rs"));
