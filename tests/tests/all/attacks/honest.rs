//! The hostile client's honest steps: it exchanges in the order that ships. What it does otherwise, it does by hand.

use std::io::Read;

use prost::Message as _;
use selaras_model::{BundleId, ReplicaId};
use selaras_sync::exchange::{
    Endpoint, Event, Exchange, ExchangeError, Host, Line, Notice, Outside, Request, SchoolHost, advance, drive,
};
use selaras_sync::{Batch, Blobs as _, Effect, Offer, Purpose, School as Engine, Step, Store as _, wire};

use super::client::{Client, raw, request};

/// The client, as a host that wants nothing but the school's records.
struct Honest<'c>(&'c Client);

/// What kept it from them.
#[derive(Debug)]
struct Kept(String);

impl From<ExchangeError> for Kept {
    fn from(error: ExchangeError) -> Self {
        Self(error.to_string())
    }
}

impl Host for Honest<'_> {
    type Error = Kept;

    fn commit(&mut self, batch: &Batch) -> Result<(), Kept> {
        self.0.store.commit(batch).map_err(|error| Kept(error.to_string()))
    }

    fn perform(&mut self, effect: Effect) -> Result<(), Kept> {
        match effect {
            Effect::RemoveBlob(name) => self.0.blobs.remove(&name).map_err(|error| Kept(error.to_string())),
            Effect::RulesChanged | Effect::Progress { .. } => Ok(()),
        }
    }

    fn resume(&mut self) -> Result<Option<Step>, Kept> {
        self.0.engine().resume().map_err(|error| ExchangeError::from(error).into())
    }
}

impl SchoolHost for Honest<'_> {
    fn school(&self) -> Engine<'_> {
        self.0.engine()
    }

    fn new_name(&mut self) -> Result<ReplicaId, Kept> {
        Ok(ReplicaId::from_bytes(rand::random()))
    }

    fn tell(&mut self, _: &Notice) -> Result<(), Kept> {
        Ok(())
    }

    fn file(&self, name: &[u8; 32]) -> Result<Option<Box<dyn Read>>, Kept> {
        let bytes = self.0.blobs.get(name).map_err(|error| Kept(error.to_string()))?;
        Ok(bytes.map(|bytes| Box::new(std::io::Cursor::new(bytes)) as Box<dyn Read>))
    }
}

impl Line for Honest<'_> {
    fn send(&mut self, request: &Request) -> Result<Vec<u8>, Kept> {
        assert!(matches!(request.endpoint, Endpoint::Exchange(_)), "nothing else is needed: {:?}", request.endpoint);
        let answer = self.0.sync(&request.body);
        if answer.status == 200 { Ok(answer.body) } else { Err(Kept(answer.code())) }
    }

    fn refusal(error: &Kept) -> Option<&str> {
        Some(&error.0)
    }

    fn land(&mut self, _: BundleId, _: u64) -> Result<(), Kept> {
        Err(Kept("it approves nothing".to_owned()))
    }

    fn fetch(&mut self, offer: &Offer) -> Result<(), Kept> {
        let bearer = format!("Bearer {}", self.0.token);
        let path = self.0.path(&format!("snapshots/{}", offer.address()));
        let answer = raw(&self.0.address, &request("GET", &path, &[("authorization", &bearer)], &[]));
        self.0.blobs.put(&offer.hash, &answer.body).map_err(|error| Kept(error.to_string()))
    }
}

impl Client {
    /// Fetches the school's records, as any device may.
    pub(crate) fn pull(&self) {
        drive(Exchange::new(Purpose::Pull), &mut Honest(self)).unwrap();
    }

    /// An honest request that sends nothing.
    pub(crate) fn pull_body(&self) -> wire::ExchangeRequest {
        let mut exchange = Exchange::new(Purpose::Pull);
        let Outside::Send(request) = advance(&mut exchange, &mut Honest(self), Event::Begin).unwrap() else {
            panic!("a pull begins with a request")
        };
        let mut request = wire::ExchangeRequest::decode(request.body.as_slice()).unwrap();
        request.takes_snapshot = false;
        request
    }
}
