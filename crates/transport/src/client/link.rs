//! The link: one HTTP client to one centre.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue,
};
use reqwest::{Client, Method, Request, Response, redirect};
use selaras_model::Npsn;
use selaras_sync::Carry;
use selaras_sync::exchange::Endpoint;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::address::Address;
use super::answer;
use super::diagnosis::diagnose;
use super::error::{Cause, LinkError, Phase};
use super::options::{LinkOptions, Timeouts};
use super::sending;
use super::stranger::Stranger;
use super::traffic::{self, Counters, Traffic};
use super::trust::tls_config;
use crate::limits::{MAX_EXCHANGE_ANSWER, MAX_EXCHANGE_BODY, MAX_JSON_ANSWER, MAX_LINES_BODY, MAX_RULES_ANSWER};
use crate::messages::{
    HeadAnswer, HeadRequest, HealedRequest, HealingAnswer, RegisterAnswer, RegisterRequest, RulesAnswer, TokenAnswer,
    TokenRequest, school_path,
};
use crate::packed::{ZSTD, open_body};
use crate::wire::{EXCHANGE_TYPE, JSON_TYPE, LANDED, LINES_TYPE, MARKER, PROTOCOL};

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Changes.
    Post,
}

/// A way to the centre; cheap to clone, the clones share connections and counts.
///
/// Redirects are never followed: the centre gives none, so whoever gives one is not the centre.
#[derive(Debug, Clone)]
pub struct Link {
    pub(super) client: Client,
    pub(super) address: Address,
    pub(super) timeouts: Timeouts,
    agent_line: usize,
    pub(super) counters: Arc<Counters>,
}

/// A request to be made, and what is expected to come back.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) token: Option<&'a str>,
    /// Heads besides those of every call.
    pub(super) heads: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<(&'static str, Bytes)>,
    pub(super) answers: &'static str,
}

impl Link {
    /// Makes a link; nothing is sent yet.
    ///
    /// # Errors
    /// [`LinkError::BadAddress`], [`LinkError::PlainHttp`], [`LinkError::Roots`].
    pub fn new(options: &LinkOptions) -> Result<Self, LinkError> {
        let address = Address::parse(&options.base_url)?;
        let timeouts = options.timeouts;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls_config(&options.trust, address.plain)?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(&options.agent)
            .connect_timeout(timeouts.connect)
            .pool_idle_timeout(timeouts.idle)
            .tcp_nodelay(true);
        if address.loopback {
            builder = builder.no_proxy();
        }
        #[cfg(target_os = "linux")]
        {
            builder = builder.tcp_user_timeout(timeouts.stall);
        }
        let client = builder.build().map_err(|error| LinkError::Roots(Cause::of(error)))?;
        let agent_line = "user-agent: \r\n".len() + options.agent.len();
        Ok(Self { client, address, timeouts, agent_line, counters: Arc::default() })
    }

    /// Sends one request of an exchange and gives back the answer's body. Repeated, it does nothing more.
    ///
    /// # Errors
    /// Every kind of [`LinkError`]; none of them says that the centre did not act.
    pub async fn exchange(
        &self,
        token: &str,
        npsn: Npsn,
        endpoint: impl Into<Endpoint>,
        body: Bytes,
    ) -> Result<Bytes, LinkError> {
        let endpoint = endpoint.into();
        let (door, limit) = match endpoint {
            Endpoint::Exchange(_) => ("sync", MAX_EXCHANGE_BODY),
            Endpoint::Heal => ("heal", MAX_EXCHANGE_ANSWER),
            Endpoint::Repair => ("repair", MAX_EXCHANGE_ANSWER),
        };
        limited(&body, limit)?;
        let path = school_path(npsn, door);
        let heads = match endpoint {
            Endpoint::Exchange(Carry::Landed) => vec![(HeaderName::from_static(LANDED), HeaderValue::from(1))],
            Endpoint::Exchange(Carry::Inline) | Endpoint::Heal | Endpoint::Repair => Vec::new(),
        };
        let call = Call {
            method: Method::POST,
            path: &path,
            token: Some(token),
            heads,
            body: Some((EXCHANGE_TYPE, body)),
            answers: EXCHANGE_TYPE,
        };
        self.whole(call, MAX_EXCHANGE_ANSWER).await
    }

    /// Registers an installation with the school's secret code.
    ///
    /// # Errors
    /// Every kind of [`LinkError`].
    pub async fn register(&self, npsn: Npsn, request: &RegisterRequest) -> Result<RegisterAnswer, LinkError> {
        self.json(Verb::Post, &school_path(npsn, "register"), None, Some(request)).await
    }

    /// Asks for a token with a request signed by the device's key.
    ///
    /// # Errors
    /// Every kind of [`LinkError`].
    pub async fn token(&self, npsn: Npsn, request: &TokenRequest) -> Result<TokenAnswer, LinkError> {
        self.json(Verb::Post, &school_path(npsn, "token"), None, Some(request)).await
    }

    /// Asks whom a restored centre waits for.
    ///
    /// # Errors
    /// As [`Link::register`].
    pub async fn healing(&self, token: &str, npsn: Npsn) -> Result<HealingAnswer, LinkError> {
        self.json(Verb::Get, &school_path(npsn, "healing"), Some(token), None::<&()>).await
    }

    /// Brings a head's word that computers will not come.
    ///
    /// # Errors
    /// As [`Link::register`].
    pub async fn healed(&self, token: &str, npsn: Npsn, request: &HealedRequest) -> Result<HealingAnswer, LinkError> {
        self.json(Verb::Post, &school_path(npsn, "healed"), Some(token), Some(request)).await
    }

    /// Activates a head's key.
    ///
    /// # Errors
    /// Every kind of [`LinkError`]; the problem of a refusal names all unmet conditions.
    pub async fn heads(&self, token: &str, npsn: Npsn, request: &HeadRequest) -> Result<HeadAnswer, LinkError> {
        self.json(Verb::Post, &school_path(npsn, "heads"), Some(token), Some(request)).await
    }

    /// Reads the centre's current pack and rulebook.
    ///
    /// # Errors
    /// Every kind of [`LinkError`].
    pub async fn rules(&self) -> Result<RulesAnswer, LinkError> {
        let heads = vec![(ACCEPT_ENCODING, HeaderValue::from_static(ZSTD))];
        let call = Call { method: Method::GET, path: "/v1/rules", token: None, heads, body: None, answers: JSON_TYPE };
        let mut response = self.start(call).await?;
        let packed = response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == ZSTD);
        let body = answer::read(&mut response, MAX_RULES_ANSWER, self.timeouts.stall, &self.counters).await?;
        if !packed {
            return decoded(&body);
        }
        let strange = LinkError::NotOurServer { status: response.status().as_u16(), who: Stranger::Unknown };
        decoded(&open_body(&body, MAX_RULES_ANSWER).ok_or(strange)?)
    }

    /// Makes any JSON call, for an operator's commands; `path` begins with a slash.
    ///
    /// # Errors
    /// Every kind of [`LinkError`].
    pub async fn json<A: DeserializeOwned>(
        &self,
        verb: Verb,
        path: &str,
        token: Option<&str>,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<A, LinkError> {
        let body = match body {
            Some(body) => {
                let bytes = serde_json::to_vec(body).map_err(|error| LinkError::Cut(Cause::of(error)))?;
                Some((JSON_TYPE, Bytes::from(bytes)))
            }
            None => None,
        };
        let call = Call { method: method(verb), path, token, heads: Vec::new(), body, answers: JSON_TYPE };
        decoded(&self.whole(call, MAX_JSON_ANSWER).await?)
    }

    /// Sends record lines and reads a JSON answer.
    ///
    /// # Errors
    /// Every kind of [`LinkError`].
    pub async fn send_lines<A: DeserializeOwned>(&self, path: &str, token: &str, lines: Bytes) -> Result<A, LinkError> {
        limited(&lines, MAX_LINES_BODY)?;
        let body = Some((LINES_TYPE, lines));
        let call = Call { method: Method::POST, path, token: Some(token), heads: Vec::new(), body, answers: JSON_TYPE };
        decoded(&self.whole(call, MAX_JSON_ANSWER).await?)
    }

    /// What went over this link since it was made.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.counters.snapshot()
    }

    async fn whole(&self, call: Call<'_>, limit: usize) -> Result<Bytes, LinkError> {
        let mut response = self.start(call).await?;
        answer::read(&mut response, limit, self.timeouts.stall, &self.counters).await
    }

    /// Sends a request and gives back the answer once its head has been checked.
    pub(super) async fn start(&self, call: Call<'_>) -> Result<Response, LinkError> {
        let answers = call.answers;
        let response = self.send(call, &self.timeouts).await?;
        answer::checked(response, answers, self.timeouts.stall, &self.counters).await
    }

    /// Sends a request and gives back whatever answers it.
    pub(super) async fn send(&self, call: Call<'_>, timeouts: &Timeouts) -> Result<Response, LinkError> {
        let (request, handover) = self.request(call)?;
        let bytes = self.acknowledged_by_an_answer(&request);
        self.counters.request();
        let response = tokio::select! {
            biased;
            response = self.client.execute(request) => response.map_err(|error| diagnose(error, Phase::Waiting)),
            stalled = handover.stalled(timeouts) => Err(stalled),
        }?;
        if answer::marked(&response) {
            self.counters.acknowledged(bytes);
        }
        Ok(response)
    }

    /// Bytes of a request that the centre has once it answers: of a piece of an upload the head alone, because it says of
    /// the rest how much has landed.
    fn acknowledged_by_an_answer(&self, request: &Request) -> u64 {
        let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let body = length.filter(|_| request.method() != Method::PATCH).unwrap_or_default();
        let head = traffic::request_head(request.method(), request.url(), request.headers(), length.map(|_| 0));
        body + (head + self.default_lines()) as u64
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    pub(super) fn request(&self, call: Call<'_>) -> Result<(Request, sending::Handover), LinkError> {
        let mut request = Request::new(call.method, self.address.join(call.path)?);
        let headers = request.headers_mut();
        headers.insert(MARKER, HeaderValue::from(PROTOCOL));
        if let Some(token) = call.token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| LinkError::BadAddress)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for (name, value) in call.heads {
            headers.insert(name, value);
        }
        let length = call.body.as_ref().map(|(_, body)| body.len());
        if let Some((content_type, body)) = &call.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            // A streamed body has no length of its own; with one the centre can refuse before it is sent.
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        let (body, handover) = sending::body(call.body.map(|(_, body)| body).unwrap_or_default(), &self.counters);
        self.counters.sent(
            traffic::request_head(request.method(), request.url(), request.headers(), length) + self.default_lines(),
        );
        if length.is_some() {
            *request.body_mut() = Some(body);
        }
        Ok((request, handover))
    }

    /// The lines that the HTTP client adds to every head: `accept: */*` and the agent's.
    fn default_lines(&self) -> usize {
        "accept: */*\r\n".len() + self.agent_line
    }
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
    }
}

const fn limited(body: &[u8], limit: usize) -> Result<(), LinkError> {
    if body.len() > limit { Err(LinkError::TooLarge { limit }) } else { Ok(()) }
}

/// An answer with our marker that is not what the call gives: a proxy rewrote it, or it is of another version.
pub(super) fn decoded<A: DeserializeOwned>(body: &[u8]) -> Result<A, LinkError> {
    serde_json::from_slice(body).map_err(|_| LinkError::NotOurServer { status: 200, who: Stranger::Unknown })
}
