//! The way to the centre, walked step by step. Whatever fails ends the walk; what lies behind it is told as not
//! looked at, because a person who reads four failures mends the wrong one.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use selaras_model::{DeviceId, Npsn};
use selaras_transport::{Greeting, Hop, Link, LinkError, LinkOptions, Timeouts, Trust, prove, resolve, touch};

use super::judge;
use super::step::{Found, Teller};
use crate::failure::Failure;
use crate::link::told;
use crate::output::{Note, Way};

/// How long a step waits: a person watches, and a step that takes longer is told as too slow.
pub(crate) const STEP_TIME: Duration = Duration::from_secs(15);

/// Behind the address: what is skipped when there is none.
const NETWORK: [&str; 10] = ["interface", "dns", "tcp", "tls", "marker", "clock", "protocol", "token", "up", "down"];

/// What is walked to.
pub(crate) struct Asked {
    /// The centre's address, where one is known.
    pub(crate) url: Option<String>,
    /// The one authority that is trusted, else the system's.
    pub(crate) ca: Option<String>,
    /// Who this computer is at that centre.
    pub(crate) device: Option<Device>,
    /// How long a step waits.
    pub(crate) limit: Duration,
}

/// A registered device.
pub(crate) struct Device {
    /// The school.
    pub(crate) npsn: Npsn,
    /// The device's name at the centre.
    pub(crate) id: DeviceId,
    /// Its secret key.
    pub(crate) key: SigningKey,
}

/// Walks to the centre; gives the version that it told.
pub(crate) fn walk(asked: &Asked, teller: &mut Teller<'_>) -> Option<String> {
    let Some(way) = begin(asked, teller) else {
        teller.skip(&NETWORK, &Note::new("doctor.skipped.before"));
        return None;
    };
    let (left, version) = way.steps(asked, teller);
    teller.skip(left, &Note::new("doctor.skipped.before"));
    version
}

fn begin(asked: &Asked, teller: &mut Teller<'_>) -> Option<Walk> {
    let Some(url) = asked.url.as_deref() else {
        teller.tell("centre", &Found::Failed(Failure::new("doctor.no-centre")));
        return None;
    };
    match Walk::new(url, asked.ca.as_deref(), asked.limit) {
        Ok(way) => {
            let note = Note::new("doctor.centre.ok").arg("host", &way.hop.host).arg("port", way.hop.port);
            let note = if way.hop.proxy { Note { key: "doctor.centre.proxy".to_owned(), ..note } } else { note };
            teller.tell("centre", &Found::Passed(note));
            Some(way)
        }
        Err(error) => {
            teller.tell("centre", &Found::Failed(told(&error, teller.out.lang())));
            None
        }
    }
}

struct Walk {
    runtime: tokio::runtime::Runtime,
    link: Link,
    hop: Hop,
    limit: Duration,
}

impl Walk {
    fn new(url: &str, ca: Option<&str>, limit: Duration) -> Result<Walk, LinkError> {
        let trust = ca.map_or(Trust::System, |pem| Trust::Ca(pem.to_owned()));
        let mut options = LinkOptions::new(url, trust);
        options.timeouts =
            Timeouts { connect: limit, stall: limit, send_stall: limit, answer: limit, ..Timeouts::default() };
        let link = Link::new(&options)?;
        let hop = link.hop()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| LinkError::Roots(selaras_transport::Cause::of(error)))?;
        Ok(Walk { runtime, link, hop, limit })
    }

    /// Gives the steps that were not reached, and the centre's version.
    fn steps(&self, asked: &Asked, teller: &mut Teller<'_>) -> (&'static [&'static str], Option<String>) {
        let lang = teller.out.lang();
        let addresses = self.runtime.block_on(resolve(&self.hop, self.limit));
        let loopback = addresses.as_ref().is_ok_and(|found| found.iter().all(|address| address.ip().is_loopback()));
        teller.tell("interface", &judge::interface(has_route(), loopback));
        if !teller.tell("dns", &judge::dns(&self.hop, addresses.as_deref(), lang)) {
            return (&["tcp", "tls", "marker", "clock", "protocol", "token", "up", "down"], None);
        }
        let touched = self.touch(&addresses.unwrap_or_default());
        if !teller.tell("tcp", &judge::tcp(touched.as_ref().map(|found| *found), lang)) {
            return (&["tls", "marker", "clock", "protocol", "token", "up", "down"], None);
        }
        let answered = self.runtime.block_on(self.link.greet());
        if !teller.tell("tls", &judge::tls(&self.hop, answered.as_ref(), lang)) {
            return (&["marker", "clock", "protocol", "token", "up", "down"], None);
        }
        if !teller.tell("marker", &judge::marker(answered.as_ref(), lang)) {
            return (&["clock", "protocol", "token", "up", "down"], None);
        }
        let greeting: Option<Greeting> = answered.ok();
        let date = greeting.as_ref().and_then(|greeting| greeting.date.as_deref());
        teller.tell("clock", &judge::clock(date, crate::env::now(), lang));
        let version = greeting.map(|greeting| greeting.version);
        let knocked = self.runtime.block_on(self.link.knock());
        if !teller.tell("protocol", &judge::protocol(knocked.as_ref().copied(), lang)) {
            return (&["token", "up", "down"], version);
        }
        (self.with_token(asked.device.as_ref(), teller), version)
    }

    fn with_token(&self, device: Option<&Device>, teller: &mut Teller<'_>) -> &'static [&'static str] {
        let lang = teller.out.lang();
        let Some(device) = device else {
            teller.skip(&["token", "up", "down"], &Note::new("doctor.skipped.stranger"));
            return &[];
        };
        // Without randomness there is no nonce that the centre has not seen; it refuses a repeated one.
        let nonce = crate::env::random().unwrap_or_default();
        let request = prove(&device.key, device.npsn, device.id, nonce, crate::env::now());
        let given = self.runtime.block_on(self.link.token(device.npsn, &request)).map(|answer| answer.token);
        if !teller.tell("token", &judge::token(given.as_ref().map(drop), lang)) {
            return &["up", "down"];
        }
        let token = zeroize::Zeroizing::new(given.unwrap_or_default());
        let out = &mut *teller.out;
        let mut moved = |done, total| out.transferred(Way::Up, done, total);
        let sent = self.runtime.block_on(self.link.probe_up(&token, &mut moved));
        for (step, found) in judge::up(sent.as_ref().copied(), lang) {
            teller.tell(step, &found);
        }
        let out = &mut *teller.out;
        let mut moved = |done, total| out.transferred(Way::Down, done, total);
        let come = self.runtime.block_on(self.link.probe_down(&token, &mut moved));
        teller.tell("down", &judge::down(come.as_ref().copied(), lang));
        &[]
    }

    /// Tries the addresses in their order; gives the first that takes a connection, or the last refusal.
    fn touch(&self, addresses: &[SocketAddr]) -> Result<(SocketAddr, Duration), LinkError> {
        let mut last = None;
        for address in addresses {
            let began = Instant::now();
            match self.runtime.block_on(touch(*address, self.limit)) {
                Ok(()) => return Ok((*address, began.elapsed())),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(LinkError::NoNetwork(selaras_transport::Cause::none())))
    }
}

/// Whether the system would know a way to anywhere. Connecting a datagram socket sends nothing; the addresses are
/// those that RFC 5737 and RFC 3849 reserve for documents.
fn has_route() -> bool {
    [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
        .iter()
        .any(|(from, to)| UdpSocket::bind(from).is_ok_and(|socket| socket.connect(to).is_ok()))
}
