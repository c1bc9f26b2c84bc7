//! What the system gives: randomness and the clock.

use crate::failure::Failure;

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Failure::new("system.random"))?;
    Ok(bytes)
}

/// Seconds since 1970 by this computer's clock: shown to people, never used to decide.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A time of this computer's clock as people read it, in its time zone.
pub(crate) fn local_time(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "?".to_owned(),
    }
}
