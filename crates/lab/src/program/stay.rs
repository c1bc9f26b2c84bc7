//! Until when the program stays.

use std::io::{self, Read as _};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_millis(250);

/// Tells what there is to tell until Ctrl-C, or until the standard input ends, and then once more.
pub(super) fn until_the_end(parent_stdin: bool, mut tell: impl FnMut(bool) -> io::Result<()>) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ended = stdin_ends(parent_stdin);
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            tokio::select! {
                _ = &mut interrupted => break,
                _ = &mut ended, if parent_stdin => break,
                () = tokio::time::sleep(LOOK) => tell(false)?,
            }
        }
        tell(true)
    })
}

/// A thread of its own waits: reading the standard input cannot be given up.
fn stdin_ends(wanted: bool) -> oneshot::Receiver<()> {
    let (end, ended) = oneshot::channel();
    if wanted {
        std::thread::spawn(move || {
            let mut bytes = [0; 256];
            while let Ok(1..) = io::stdin().read(&mut bytes) {}
            drop(end);
        });
    }
    ended
}
