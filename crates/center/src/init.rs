//! `init`: makes a data directory with store, key, epoch, operators' token and configuration.

use std::path::Path;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use selaras_model::EpochId;
use selaras_storage::EngineKind;
use selaras_sync::{Batch, Store as _};

use crate::access::{random, write_new};
use crate::config::{self, Config};
use crate::desk::rows::{self, CENTRE, CentreRow};
use crate::failure::Failure;
use crate::host::{KEY_FILE, nobody, open_changelog};

/// The operators' token's file.
pub(crate) const TOKEN_FILE: &str = "admin.token";

/// Makes the directory and gives the operators' token, which is shown once.
///
/// The configuration is written last: with it the directory is complete, without it nothing serves from there.
pub(crate) fn init(data: &Path, config: &Config, engine: EngineKind) -> Result<String, Failure> {
    std::fs::create_dir_all(data).map_err(|error| Failure::local("the directory cannot be made", &error))?;
    if data.join(config::FILE).exists() || data.join(KEY_FILE).exists() {
        return Err(Failure::input(format!("{} holds a centre already", data.display())));
    }
    owner_only(data)?;
    let no_chance = || Failure::data("the system gives no randomness");
    let seed: [u8; 32] = random().ok_or_else(no_chance)?;
    let epoch = EpochId::from_bytes(random().ok_or_else(no_chance)?);
    let token = BASE64URL_NOPAD.encode(&random::<32>().ok_or_else(no_chance)?);
    let unwritten = |error| Failure::local("a file cannot be written", &error);
    write_new(&data.join(KEY_FILE), &HEXLOWER.encode(&seed)).map_err(unwritten)?;
    write_new(&data.join(TOKEN_FILE), &token).map_err(unwritten)?;
    let changelog = open_changelog(data, config.cache_mib, engine)?;
    let mut batch = Batch::default();
    let row = CentreRow { epoch, admin_token: *blake3::hash(token.as_bytes()).as_bytes() };
    let stored = |error| Failure::local("the store cannot be written", &error);
    rows::put(&mut batch, CENTRE, &row).map_err(stored)?;
    changelog.school(nobody()?).commit(&batch).map_err(stored)?;
    let text = config.to_text().ok_or_else(|| Failure::data("the configuration cannot be written"))?;
    write_new(&data.join(config::FILE), &text).map_err(unwritten)?;
    Ok(token)
}

/// Nobody but the owner looks into the directory: it holds children's data.
pub(crate) fn owner_only(data: &Path) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(data, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| Failure::local("the directory's rights cannot be set", &error))?;
    }
    #[cfg(not(unix))]
    let _ = data;
    Ok(())
}
