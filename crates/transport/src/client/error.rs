//! Why a call failed, in kinds that a person can act upon.

use std::fmt;
use std::time::Duration;

use super::catalogue::{self, LinkCause};
use super::stranger::Stranger;
use crate::problem::{Problem, Retry};

/// What lay beneath a failure, for the log; never shown as the message.
#[derive(Debug, Default)]
pub struct Cause(Option<Box<dyn std::error::Error + Send + Sync>>);

impl Cause {
    /// No more is known.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Keeps an error.
    pub fn of(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(error)))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = &self.0 else { return Ok(()) };
        write!(f, ": {error}")?;
        let mut source = error.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// What a link was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A connection.
    Connecting,
    /// The connection to take the request.
    Sending,
    /// The answer to begin.
    Waiting,
    /// The answer's next bytes.
    Receiving,
}

/// What was wrong with the other side's certificate or its TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFault {
    /// The certificate is of an issuer that is not trusted: a filtering proxy, an antivirus, or the wrong CA at `init`.
    /// The name is a stranger's text, short and without control characters; nothing where none could be read.
    Issuer(Option<String>),
    /// The certificate is for another name.
    Name,
    /// The certificate is not yet or no longer valid; mostly this computer's clock is wrong.
    Clock,
    /// No TLS was understood.
    Other,
}

/// Why a call to the centre failed.
///
/// `Display` is for logs: English, with the cause beneath, without personal data. What a person reads is
/// [`LinkError::problem`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The centre's address is not one.
    #[error("the centre's address is not valid")]
    BadAddress,
    /// Plain HTTP was asked for to another computer.
    #[error("plain http is allowed to this computer only")]
    PlainHttp,
    /// No trusted certificates could be read.
    #[error("no trusted certificates{0}")]
    Roots(Cause),
    /// No way leads to the network.
    #[error("no network{0}")]
    NoNetwork(Cause),
    /// The name service does not know the centre's name.
    #[error("the centre's name was not found{0}")]
    NameNotFound(Cause),
    /// The computer answered, but nothing listens there.
    #[error("the connection was refused{0}")]
    Refused(Cause),
    /// TLS failed.
    #[error("TLS failed ({0:?}){1}")]
    Tls(TlsFault, Cause),
    /// Something else than the centre answered.
    #[error("the answer did not come from the centre (status {status})")]
    NotOurServer {
        /// The HTTP status that it came with.
        status: u16,
        /// Who answered, as far as that can be told.
        who: Stranger,
    },
    /// Nothing moved for too long.
    #[error("nothing moved for too long ({0:?})")]
    TooSlow(Phase),
    /// The connection ended midway.
    #[error("the connection was cut{0}")]
    Cut(Cause),
    /// A body over the limit, ours or theirs.
    #[error("a body is over {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// What arrives is not what was sent, again and again.
    #[error("something on the line alters what is sent")]
    Altered,
    /// What is to be sent cannot be read on this computer.
    #[error("what is to be sent cannot be read{0}")]
    Unreadable(Cause),
    /// What came cannot be kept on this computer.
    #[error("what came cannot be written{0}")]
    Unwritable(Cause),
    /// The token is no longer good; ask for another.
    #[error("the session has expired")]
    SessionExpired(Box<Problem>),
    /// This version is too old (or too new) for the centre.
    #[error("the centre does not speak this protocol")]
    Protocol(Box<Problem>),
    /// The centre is busy, full or closed.
    #[error("the centre is busy: {}", .0.code)]
    Busy(Box<Problem>),
    /// The centre gave another error of its own.
    #[error("the centre refused: {}", .0.code)]
    Server(Box<Problem>),
}

impl LinkError {
    /// The stable code: `link.…`, or the centre's own.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::SessionExpired(problem) | Self::Protocol(problem) | Self::Busy(problem) | Self::Server(problem) => {
                &problem.code
            }
            other => other.entry().code,
        }
    }

    /// Whether and when to try again.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::SessionExpired(problem) | Self::Protocol(problem) | Self::Busy(problem) | Self::Server(problem) => {
                problem.retry
            }
            other => other.entry().retry,
        }
    }

    /// How long the centre asks to wait at least.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy(problem) | Self::Server(problem) => problem.wait(),
            _ => None,
        }
    }

    /// What a person is shown: the centre's own error body, or the link's in the same shape.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::SessionExpired(problem) | Self::Protocol(problem) | Self::Busy(problem) | Self::Server(problem) => {
                (**problem).clone()
            }
            Self::TooLarge { limit } => self.entry().problem().with("limit", limit),
            Self::NotOurServer { status, .. } => self.entry().problem().with("status", status),
            Self::Tls(TlsFault::Issuer(issuer), _) => {
                self.entry().problem().with("issuer", issuer.as_deref().unwrap_or("?"))
            }
            other => other.entry().problem(),
        }
    }

    /// The catalogue's entry of a failure that the centre did not name itself.
    fn entry(&self) -> &'static LinkCause {
        match self {
            Self::BadAddress => &catalogue::BAD_ADDRESS,
            Self::PlainHttp => &catalogue::PLAIN_HTTP,
            Self::Roots(_) => &catalogue::ROOTS,
            Self::Altered => &catalogue::ALTERED,
            Self::Unreadable(_) => &catalogue::UNREADABLE,
            Self::Unwritable(_) => &catalogue::UNWRITABLE,
            Self::NoNetwork(_) => &catalogue::NO_NETWORK,
            Self::NameNotFound(_) => &catalogue::NAME_NOT_FOUND,
            Self::Refused(_) => &catalogue::REFUSED,
            Self::Tls(TlsFault::Issuer(_), _) => &catalogue::TLS_ISSUER,
            Self::Tls(TlsFault::Name, _) => &catalogue::TLS_NAME,
            Self::Tls(TlsFault::Clock, _) => &catalogue::TLS_CLOCK,
            Self::Tls(TlsFault::Other, _) => &catalogue::TLS_OTHER,
            Self::NotOurServer { who, .. } => match who {
                Stranger::Portal => &catalogue::PORTAL,
                Stranger::Proxy => &catalogue::PROXY,
                Stranger::ProxyLogin => &catalogue::PROXY_LOGIN,
                Stranger::ProxyLimit => &catalogue::PROXY_LIMIT,
                Stranger::Filter => &catalogue::FILTERED,
                Stranger::Unknown => &catalogue::NOT_OUR_SERVER,
            },
            Self::TooSlow(_) => &catalogue::TOO_SLOW,
            Self::TooLarge { .. } => &catalogue::TOO_LARGE,
            Self::Cut(_) | Self::SessionExpired(_) | Self::Protocol(_) | Self::Busy(_) | Self::Server(_) => {
                &catalogue::CUT
            }
        }
    }
}
