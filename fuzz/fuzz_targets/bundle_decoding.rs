//! Decoding a bundle: hostile bytes come back as errors, and what decodes freezes to bytes that say the same.
//!
//! An even first byte: the rest is decoded as it is. An odd one: the rest is compressed first, so that the fuzzer
//! works on the message and not on the compression around it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use selaras_sync::bundle;

const QUICKLY: i32 = 1;

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, rest)) = bytes.split_first() else { return };
    let decoded = if mode % 2 == 0 {
        bundle::decode(rest)
    } else {
        bundle::decode(&zstd::bulk::compress(rest, QUICKLY).expect("memory compresses"))
    };
    let Ok(decoded) = decoded else { return };
    let frozen = bundle::freeze(decoded.clone()).expect("what was decoded keeps the limits");
    assert_eq!(frozen, bundle::freeze(decoded.clone()).expect("once more"), "one bundle, two ids");
    assert_eq!(bundle::decode(&frozen).expect("what was frozen decodes"), decoded);
});
