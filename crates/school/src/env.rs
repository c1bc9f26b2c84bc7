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

/// The clock time of a moment near the present, with the date when it is on another day.
pub(crate) fn local_clock(seconds: i64) -> String {
    let zone = jiff::tz::TimeZone::system();
    let Ok(time) = jiff::Timestamp::from_second(seconds) else { return "?".to_owned() };
    let (time, today) = (time.to_zoned(zone.clone()), jiff::Timestamp::now().to_zoned(zone));
    let form = if time.date() == today.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" };
    time.strftime(form).to_string()
}

/// A time as machines read it: RFC 3339, UTC.
pub(crate) fn utc_time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

/// The day by this computer's clock: shown to people, never used to decide.
pub(crate) fn today() -> Option<selaras_model::Date> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::system()).date();
    selaras_model::Date::new(today.year(), today.month(), today.day()).ok()
}
