//! The files that the configuration names and that no store holds: the pack and the rulebook in the place of the program's.
//! Without them a centre does not start from its backup.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::copy::{CopyError, hash_of, sync_directory, write_synced};
use crate::config::Config;

/// Their directory in a backup.
pub(super) const DIRECTORY: &str = "rules";
const PACK: &str = "pack.toml";
const RULEBOOK: &str = "rulebook.toml";

/// Copies the files that a configuration names; gives their names in the backup and their hashes.
pub(super) fn copy(config: &Config, data: &Path, to: &Path) -> Result<Vec<(String, String)>, CopyError> {
    let directory = to.join(DIRECTORY);
    let mut copied = Vec::new();
    for (name, path) in [(PACK, &config.pack), (RULEBOOK, &config.rulebook)] {
        let Some(path) = path else { continue };
        let bytes = fs::read(data.join(path))?;
        fs::create_dir_all(&directory)?;
        write_synced(&directory.join(name), &bytes)?;
        copied.push((name.to_owned(), hash_of(&directory.join(name))?));
    }
    if !copied.is_empty() {
        sync_directory(&directory)?;
    }
    Ok(copied)
}

/// Puts the files back where the configuration names them; where that is outside the data directory they come into it, and
/// the configuration that is given back names them there.
pub(super) fn put_back(
    from: &Path,
    data: &Path,
    named: &[(String, String)],
    config: Config,
) -> Result<Config, CopyError> {
    let mut config = config;
    for (name, path) in [(PACK, &mut config.pack), (RULEBOOK, &mut config.rulebook)] {
        if path.is_none() || !named.iter().any(|(held, _)| held == name) {
            continue;
        }
        let within = path.take().filter(|path| stays_within(path)).unwrap_or_else(|| PathBuf::from(name));
        let target = data.join(&within);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        write_synced(&target, &fs::read(from.join(DIRECTORY).join(name))?)?;
        *path = Some(within);
    }
    Ok(config)
}

fn stays_within(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}
