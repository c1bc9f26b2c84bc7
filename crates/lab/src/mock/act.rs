//! What is written of an answer, and how the connection goes on.

use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::answer::Answer;
use super::forge::forge;
use super::request::Asked;
use super::script::Act;
use crate::line::Then;

/// A slow answer is written in so many pieces a second at most.
const PIECES_PER_SECOND: u64 = 20;
/// Zeros that are written at once.
const ZEROS: [u8; 16 << 10] = [0; 16 << 10];

/// How a connection goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The next request may come.
    GoOn,
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
    /// Nothing more is said; the client waits.
    Silence,
}

impl From<Then> for After {
    fn from(then: Then) -> Self {
        match then {
            Then::Silence => Self::Silence,
            Then::Fin => Self::Close,
            Then::Rst => Self::Reset,
        }
    }
}

/// Writes an answer as an act wants it.
pub(super) async fn write(act: &Act, answer: Answer, asked: &Asked, to: &mut (impl AsyncWrite + Unpin)) -> After {
    let whole = |answer: &Answer| answer.bytes(asked.by_head);
    let written = match act {
        Act::Lost { then } => return (*then).into(),
        Act::Cut { after, then } => {
            let bytes = whole(&answer);
            let some = bytes.get(..*after).unwrap_or(&bytes);
            return all(to, some, (*then).into()).await;
        }
        Act::Slow { bytes_per_second } => return slowly(to, &whole(&answer), *bytes_per_second).await,
        Act::TooLarge { bytes } => return zeros(to, answer, *bytes).await,
        Act::Doubled => whole(&answer).repeat(2),
        Act::Unmarked => whole(&answer.unmarked()),
        Act::Forge(forgery) => whole(&forge(answer, *forgery)),
        Act::Flip { at } => {
            let mut answer = answer;
            answer.body.iter_mut().skip(*at).take(1).for_each(|byte| *byte ^= 1);
            whole(&answer)
        }
        _ => whole(&answer),
    };
    all(to, &written, After::GoOn).await
}

async fn all(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8], then: After) -> After {
    let written = async {
        to.write_all(bytes).await?;
        to.flush().await
    };
    if written.await.is_ok() { then } else { After::Close }
}

async fn slowly(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8], per_second: u64) -> After {
    // At least a byte at once; below the pieces' number each byte is waited for longer.
    let piece = (per_second / PIECES_PER_SECOND).max(1);
    let pause = Duration::from_secs(1).mul_f64(as_seconds(piece, per_second));
    let mut after = After::GoOn;
    for piece in bytes.chunks(usize::try_from(piece).unwrap_or(usize::MAX)) {
        after = all(to, piece, After::GoOn).await;
        if after != After::GoOn {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    after
}

#[allow(clippy::cast_precision_loss, reason = "how long a pause is need not be exact")]
fn as_seconds(bytes: u64, per_second: u64) -> f64 {
    bytes as f64 / per_second.max(1) as f64
}

async fn zeros(to: &mut (impl AsyncWrite + Unpin), answer: Answer, bytes: u64) -> After {
    let head = answer.head_without_end();
    let mut after = all(to, head.as_bytes(), After::GoOn).await;
    let mut left = bytes;
    while left > 0 && after == After::GoOn {
        let now = usize::try_from(left).map_or(ZEROS.len(), |left| left.min(ZEROS.len()));
        after = all(to, ZEROS.get(..now).unwrap_or_default(), After::GoOn).await;
        left -= now as u64;
    }
    After::Close
}
