//! `selaras.toml`: what a person may set beside the store. Every key has a default; an unknown key is an error, so
//! that a misspelt one is noticed.

use std::time::Duration;

use selaras_transport::Patience;
use serde::Deserialize;

use crate::failure::Failure;
use crate::place::Place;

/// The settings of this computer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The language of messages when `--lang` is not given: `id` or `en`.
    pub lang: Option<String>,
    /// What a password costs to check.
    pub password: PasswordCost,
    /// How the store uses memory.
    pub store: StoreConfig,
    /// The local service and its pages.
    pub serve: ServeConfig,
    /// The line to the centre.
    pub line: LineConfig,
    /// Automatic backups.
    pub backup: BackupConfig,
}

/// Automatic backups.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupConfig {
    /// Whether commands that change something make one when a day has passed.
    pub automatic: bool,
}

impl Default for BackupConfig {
    fn default() -> BackupConfig {
        BackupConfig { automatic: true }
    }
}

/// The parameters of argon2id. They are kept with each hash, so that a change concerns later passwords only.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for PasswordCost {
    /// OWASP's second choice (19 MiB, two passes, one lane): about 30 ms on an office computer of 2015.
    fn default() -> PasswordCost {
        PasswordCost { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// The store's memory.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Cache in MiB.
    pub cache_mib: u64,
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        StoreConfig { cache_mib: 16 }
    }
}

/// The line to the centre.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LineConfig {
    /// Seconds that a command goes on without getting any further; then it ends and says when to come back.
    pub patience_seconds: u32,
    /// Seconds at the beginning of the window of `sync --at` from which the moment is drawn.
    pub at_spread_seconds: u32,
}

impl Default for LineConfig {
    /// A person's patience, and a whole night.
    fn default() -> LineConfig {
        LineConfig { patience_seconds: 60, at_spread_seconds: 12 * 3_600 }
    }
}

impl LineConfig {
    /// How patient the line is.
    #[must_use]
    pub fn patience(&self) -> Patience {
        let give_up_after = Some(Duration::from_secs(u64::from(self.patience_seconds)));
        Patience { give_up_after, ..Patience::PERSON }
    }
}

/// The local service and its pages.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// The loopback port for other commands; 0 lets the system choose.
    pub port: u16,
    /// The loopback port of the pages; without one 7272 where it is free, else what the system chooses.
    pub web_port: Option<u16>,
    /// The port at which other computers of the school reach the pages, where that is switched on.
    pub others_port: u16,
    /// Names by which other computers know this one, besides its address.
    pub names: Vec<String>,
}

impl Default for ServeConfig {
    fn default() -> ServeConfig {
        ServeConfig { port: 0, web_port: None, others_port: 7443, names: Vec::new() }
    }
}

/// The largest configuration file that is read.
const MAX_CONFIG_BYTES: u64 = 64 << 10;

impl Config {
    /// Reads the file beside the store; a missing one gives the defaults.
    ///
    /// # Errors
    /// `config.invalid` with the parser's words, which name line and key.
    pub fn load(place: &Place) -> Result<Config, Failure> {
        let path = place.config();
        let invalid = |reason: &dyn std::fmt::Display| {
            Failure::new("config.invalid").arg("file", path.display()).arg("reason", reason)
        };
        match std::fs::metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Err(error) => return Err(invalid(&error)),
            Ok(metadata) if metadata.len() > MAX_CONFIG_BYTES => return Err(invalid(&"over 64 KiB")),
            Ok(_) => {}
        }
        let text = std::fs::read_to_string(&path).map_err(|error| invalid(&error))?;
        toml::from_str(&text).map_err(|error| invalid(&error))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Config;

    #[test]
    fn a_part_keeps_the_other_defaults() {
        let config: Config = toml::from_str("[password]\nmemory_kib = 64\npasses = 1\n").unwrap();
        assert_eq!((config.password.memory_kib, config.password.passes, config.password.lanes), (64, 1, 1));
        assert_eq!(config.store.cache_mib, 16);
    }

    #[test]
    fn a_misspelt_key_is_an_error() {
        assert!(toml::from_str::<Config>("[password]\nmemory = 64\n").is_err());
    }
}
