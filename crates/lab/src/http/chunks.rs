//! A body in chunks: size in hexadecimal, data, and after the last, empty one the trailers.

/// Where in a chunked body we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the line with a chunk's size, read so far.
    Size(u64),
    /// In what may follow the size, up to the end of the line.
    Extension(u64),
    /// In the data, with so many bytes to come.
    Data(u64),
    /// In the line end after the data.
    After,
    /// In a trailer's line of so many bytes.
    Trailer(usize),
}

/// What became of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    /// One byte of framing was taken.
    Framing(Chunks),
    /// So many bytes of data were taken.
    Data(usize, Chunks),
    /// The byte that ended the body was taken.
    Ended,
    /// This is no chunked body.
    Broken,
}

impl Chunks {
    /// Takes what begins `bytes`, which are not empty.
    pub(crate) fn take(self, bytes: &[u8]) -> Went {
        let first = bytes.first().copied().unwrap_or_default();
        match self {
            Self::Size(size) => sized(size, first),
            Self::Extension(size) if first == b'\n' => Went::Framing(begin(size)),
            Self::Extension(size) => Went::Framing(Self::Extension(size)),
            Self::Data(left) => {
                let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let left = left - taken as u64;
                Went::Data(taken, if left == 0 { Self::After } else { Self::Data(left) })
            }
            Self::After if first == b'\n' => Went::Framing(Self::Size(0)),
            Self::After if first == b'\r' => Went::Framing(Self::After),
            Self::After => Went::Broken,
            Self::Trailer(0) if first == b'\n' => Went::Ended,
            Self::Trailer(_) if first == b'\n' => Went::Framing(Self::Trailer(0)),
            Self::Trailer(length) if first == b'\r' => Went::Framing(Self::Trailer(length)),
            Self::Trailer(length) => Went::Framing(Self::Trailer(length + 1)),
        }
    }
}

fn sized(size: u64, byte: u8) -> Went {
    let digit = char::from(byte).to_digit(16).map(u64::from);
    match (byte, digit) {
        (b'\n', _) => Went::Framing(begin(size)),
        (b'\r' | b';' | b' ', _) => Went::Framing(Chunks::Extension(size)),
        (_, Some(digit)) => match size.checked_mul(16) {
            Some(size) => Went::Framing(Chunks::Size(size + digit)),
            None => Went::Broken,
        },
        _ => Went::Broken,
    }
}

const fn begin(size: u64) -> Chunks {
    if size == 0 { Chunks::Trailer(0) } else { Chunks::Data(size) }
}
