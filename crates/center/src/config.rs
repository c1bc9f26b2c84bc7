//! `selaras-center.toml` in the data directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::access::KodeCost;

/// The file's name in the data directory.
pub(crate) const FILE: &str = "selaras-center.toml";

/// Everything that an operator may set; each has a default, an unknown one is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// What the centre calls itself to schools.
    pub(crate) name: String,
    /// Where it listens; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// The address by which schools reach it, where that is not the one at which it listens: `https://` and a name, and a path
    /// before its own where something in front of it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
    /// Certificate chain in PEM; without one it speaks plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's key in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The school pack instead of the one that came with this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pack: Option<PathBuf>,
    /// The rulebook instead of the one that came with this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rulebook: Option<PathBuf>,
    /// Seconds that a token is good.
    pub(crate) token_seconds: u32,
    /// Hours east of Greenwich in which the centre's date changes; 7 is Jakarta. So many that it is another day are for
    /// rehearsals and tests: approvals are judged by the date, tokens by the clock.
    pub(crate) date_offset_hours: i32,
    /// Schools that are worked on at a time; 0 takes as many as there are cores.
    pub(crate) workers: usize,
    /// Requests that wait for a worker before others are told to come later.
    pub(crate) waiting: usize,
    /// Seconds that a request waits for a worker.
    pub(crate) wait_seconds: u32,
    /// Pieces of large bundles that may be on their way at a time.
    pub(crate) uploads: usize,
    /// MiB that request bodies under way may take together.
    pub(crate) bodies_mib: usize,
    /// MiB that the store may keep in memory.
    pub(crate) cache_mib: u32,
    /// How dear a guess of a kode registrasi is.
    pub(crate) kode: KodeCost,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "Pusat Selaras".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8_440)),
            public_url: None,
            tls_cert: None,
            tls_key: None,
            pack: None,
            rulebook: None,
            token_seconds: 900,
            date_offset_hours: 7,
            workers: 0,
            waiting: 256,
            wait_seconds: 10,
            uploads: 512,
            bodies_mib: 256,
            cache_mib: 64,
            kode: KodeCost::default(),
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Read(PathBuf, std::io::Error),
    /// The file is not what it should be.
    #[error("{0}: {1}")]
    Parse(PathBuf, Box<toml::de::Error>),
}

impl Config {
    /// Reads the file of a data directory.
    pub(crate) fn load(data: &Path) -> Result<Self, ConfigError> {
        let path = data.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| ConfigError::Read(path.clone(), error))?;
        toml::from_str(&text).map_err(|error| ConfigError::Parse(path, Box::new(error)))
    }

    /// The address of one of this centre's paths, as whoever asked can reach it: by the configured address, else by the
    /// `Host` of the request where that is this centre's own; the path alone where neither says.
    pub(crate) fn address_of(&self, path: &str, asked_at: Option<&str>) -> String {
        if let Some(public) = &self.public_url {
            return format!("{}{path}", public.trim_end_matches('/'));
        }
        let scheme = if self.tls_cert.is_some() { "https" } else { "http" };
        match asked_at.filter(|host| self.is_ours(host)) {
            Some(host) => format!("{scheme}://{host}{path}"),
            None => path.to_owned(),
        }
    }

    /// Whether a `Host` names this centre: the address at which it listens, or `localhost` where that is this computer's; any
    /// address with its port where it listens at all of them. Whatever else it says may be anybody's.
    fn is_ours(&self, host: &str) -> bool {
        let listen = self.listen;
        let local = listen.ip().is_loopback() || listen.ip().is_unspecified();
        if local && host == format!("localhost:{}", listen.port()) {
            return true;
        }
        host.parse::<SocketAddr>()
            .is_ok_and(|at| at.port() == listen.port() && (at.ip() == listen.ip() || listen.ip().is_unspecified()))
    }

    /// The file's text.
    pub(crate) fn to_text(&self) -> Option<String> {
        toml::to_string(self).ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_written_file_reads_back_and_a_shorter_one_has_defaults() {
        let config = Config { tls_cert: Some("a.pem".into()), ..Config::default() };
        assert_eq!(toml::from_str::<Config>(&config.to_text().unwrap()).unwrap(), config);
        assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    }

    #[test]
    fn an_address_is_absolute_where_it_is_known_to_be_ours() {
        let listen = |text: &str| Config { listen: text.parse().unwrap(), ..Config::default() };
        let at = |config: &Config, host| config.address_of("/v1/uploads/1", host);
        let local = listen("127.0.0.1:8440");
        assert_eq!(at(&local, Some("127.0.0.1:8440")), "http://127.0.0.1:8440/v1/uploads/1");
        assert_eq!(at(&local, Some("localhost:8440")), "http://localhost:8440/v1/uploads/1");
        for stranger in [None, Some("127.0.0.1:80"), Some("192.0.2.7:8440"), Some("example.org"), Some("a/b")] {
            assert_eq!(at(&local, stranger), "/v1/uploads/1", "{stranger:?}");
        }
        assert_eq!(at(&listen("0.0.0.0:8440"), Some("192.0.2.7:8440")), "http://192.0.2.7:8440/v1/uploads/1");
        let public = Config { public_url: Some("https://selaras.example/pusat/".to_owned()), ..local };
        assert_eq!(at(&public, Some("127.0.0.1:8440")), "https://selaras.example/pusat/v1/uploads/1");
    }

    #[test]
    fn a_misspelt_setting_is_an_error() {
        assert!(toml::from_str::<Config>("token_secnods = 1").is_err());
    }
}
