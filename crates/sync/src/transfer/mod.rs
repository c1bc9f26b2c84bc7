//! Large bundles on their way, without I/O: what the client asks and sends next, what the centre takes.
//!
//! The profile of tus 1.0 in docs/protocol.md. Two things make it hold over any line: the offset that counts is the
//! centre's, so whatever was cut is asked for and never guessed; and landing bytes is not committing, so nothing that
//! happens here can take effect twice.

mod landing;
mod upload;

pub use landing::{Landing, LandingError, MAX_UPLOAD_BYTES};
pub use upload::{FIRST_PIECE, Next, Piece, SMALLEST_PIECE, Upload, UploadError};
