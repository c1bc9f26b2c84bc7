//! What differs between systems: files that only their owner may read, which file has a name, and the signals that end a
//! service.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    Identity, create_private, create_private_dir, identity, open_in_browser, wait_for_end, write_private,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    Identity, create_private, create_private_dir, identity, open_in_browser, wait_for_end, write_private,
};

/// Makes a name durable. Where directories cannot be opened (Windows) the file system is trusted with it.
pub(crate) fn sync_parent(path: &std::path::Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) => std::fs::File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}
