//! What the centre counts, in Prometheus' text format.

use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    endpoint: &'static str,
    code: String,
}

/// The counts of one process; they begin at zero with it.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Outcome, Counter<u64, AtomicU64>>,
    seconds: Histogram,
    pub(crate) schools: Gauge,
    /// 1 while the clock shows a date that waits for an operator's word.
    pub(crate) clock_unconfirmed: Gauge,
    pub(crate) accepted: Counter,
    pub(crate) refused: Counter,
    pub(crate) records: Counter,
    pub(crate) uploaded: Counter,
    received: Counter,
    sent: Counter,
    alarms: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("selaras_center");
        let requests = Family::<Outcome, Counter<u64, AtomicU64>>::default();
        registry.register("requests", "Requests by endpoint and code; ok for those that worked", requests.clone());
        // From 1 ms to 65 s: a day's exchange is expected near 15 ms, a first upload near ten seconds.
        let seconds = Histogram::new(exponential_buckets(0.001, 2.0, 17));
        registry.register("exchange_seconds", "Time of an exchange, waiting included", seconds.clone());
        let schools = Gauge::default();
        registry.register("schools", "Schools known", schools.clone());
        let clock_unconfirmed = Gauge::default();
        let help = "1 while the clock is far ahead and waits for an operator's word";
        registry.register("clock_unconfirmed", help, clock_unconfirmed.clone());
        let counter = |registry: &mut Registry, name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let accepted = counter(&mut registry, "bundles_accepted", "Bundles that took effect");
        let refused = counter(&mut registry, "bundles_refused", "Bundles that were refused for good");
        let records = counter(&mut registry, "records", "Records that bundles and operators changed");
        let uploaded = counter(&mut registry, "uploaded_bytes", "Bytes of bundles that landed");
        let received = counter(&mut registry, "exchange_received_bytes", "Bytes of exchange requests");
        let sent = counter(&mut registry, "exchange_sent_bytes", "Bytes of exchange answers");
        let alarms = counter(&mut registry, "guess_alarms", "Alarms that a kode registrasi is being guessed");
        Self {
            registry,
            requests,
            seconds,
            schools,
            clock_unconfirmed,
            accepted,
            refused,
            records,
            uploaded,
            received,
            sent,
            alarms,
        }
    }

    /// Counts a request by its outcome.
    pub(crate) fn request(&self, endpoint: &'static str, code: &str) {
        self.requests.get_or_create(&Outcome { endpoint, code: code.to_owned() }).inc();
    }

    /// Counts an exchange that was answered.
    pub(crate) fn exchange(&self, time: Duration, received: usize, sent: usize) {
        self.seconds.observe(time.as_secs_f64());
        self.received.inc_by(received as u64);
        self.sent.inc_by(sent as u64);
    }

    /// Everything as text; `alarms` of guessing are counted elsewhere.
    pub(crate) fn text(&self, alarms: u64) -> String {
        self.alarms.inc_by(alarms.saturating_sub(self.alarms.get()));
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            // Writing to a string cannot fail; should it, an empty page is better than a broken one.
            text.clear();
            let _ = writeln!(text, "# EOF");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::new();
        metrics.request("sync", "ok");
        metrics.exchange(Duration::from_millis(3), 100, 200);
        metrics.accepted.inc();
        let text = metrics.text(2);
        for line in [
            r#"selaras_center_requests_total{endpoint="sync",code="ok"} 1"#,
            "selaras_center_exchange_seconds_count 1",
            "selaras_center_bundles_accepted_total 1",
            "selaras_center_exchange_sent_bytes_total 200",
            "selaras_center_guess_alarms_total 2",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
