//! Chance is repeated by its seed.

use selaras_lab::line::{Act, Ending, Fault, Mark, Plan, Way};

use super::stage::{Upstream, connect, pattern, read_to_end, write_some};

/// The lengths of what arrives over a line that is cut by chance.
fn lengths(seed: u64) -> Vec<usize> {
    let upstream = Upstream::sink();
    let act = Act::Cut { way: Way::Up, at: Mark::About(5_000), how: Ending::Fin };
    let proxy = upstream.behind(Plan::default().with(Fault::always(act)).seeded(seed));
    let sent = pattern(10_000);
    (0..8)
        .map(|_| {
            let mut client = connect(&proxy);
            write_some(&mut client, &sent);
            _ = client.shutdown(std::net::Shutdown::Write);
            read_to_end(&mut client);
            upstream.next().bytes.len()
        })
        .collect()
}

#[test]
fn the_same_seed_cuts_at_the_same_bytes() {
    let once = lengths(1);
    assert_eq!(once, lengths(1));
    assert_ne!(once, lengths(2));
    assert!(once.iter().any(|length| *length < 10_000));
}

#[test]
fn the_same_seed_flips_the_same_bytes() {
    let flipped = |seed| {
        let upstream = Upstream::sink();
        let act = Act::Flip { way: Way::Up, at: Mark::About(500) };
        let proxy = upstream.behind(Plan::default().with(Fault::always(act)).seeded(seed));
        let mut client = connect(&proxy);
        super::stage::write_and_end(&mut client, &pattern(10_000));
        upstream.next().bytes
    };
    let once = flipped(5);
    assert_eq!(once, flipped(5));
    assert_ne!(once, flipped(6));
    assert_ne!(once, pattern(10_000));
}
