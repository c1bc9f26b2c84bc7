//! Windows: the data directory lies in the user's profile, whose access list files in it inherit: the user, the
//! administrators and the system. The standard library offers nothing narrower.

use std::fs::File;
use std::io::Write;
use std::path::Path;

/// That there is something of a name. Windows moves and deletes nothing that is open, and its files' numbers are not in
/// the standard library yet.
pub(crate) type Identity = ();

/// Says whether something has a name now.
pub(crate) fn identity(path: &Path) -> std::io::Result<Identity> {
    std::fs::metadata(path).map(drop)
}

/// Makes a directory, and those above it.
pub(crate) fn create_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Makes a file with the permissions that its directory gives.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    File::create(path)
}

/// Writes a file with the permissions that its directory gives.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Shows an address in the person's browser.
pub(crate) fn open_in_browser(url: &str) {
    let _ = std::process::Command::new("rundll32").args(["url.dll,FileProtocolHandler", url]).spawn();
}

/// Waits until the console asks this process to end.
pub(crate) async fn wait_for_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
