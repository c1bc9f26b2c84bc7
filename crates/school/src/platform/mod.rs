//! What differs between systems: files that only their owner may read, and the signals that end a service.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{create_private_dir, wait_for_end, write_private};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{create_private_dir, wait_for_end, write_private};
