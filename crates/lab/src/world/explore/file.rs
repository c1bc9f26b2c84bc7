//! A search in a file, so that it can be gone on with: the bounds, the paths of all states, their hashes, and those from
//! which nothing was tried yet.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::search::Explorer;
use super::{Bounds, Explored, Node};

/// What the file begins with; its end names the version.
const MAGIC: &[u8; 16] = b"selaras-explore2";

/// Why a search cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read or written.
    #[error("the file of the search: {0}")]
    Io(#[from] io::Error),
    /// It is no search, or one of another version or with other bounds.
    #[error("the file holds no search with these bounds")]
    Other,
}

fn put(out: &mut impl Write, number: u64) -> io::Result<()> {
    out.write_all(&number.to_le_bytes())
}

fn take(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn take_u32(from: &mut impl Read) -> Result<u32, FileError> {
    u32::try_from(take(from)?).map_err(|_| FileError::Other)
}

fn named(bounds: &Bounds) -> [u8; 32] {
    *blake3::hash(format!("{bounds:?}").as_bytes()).as_bytes()
}

impl Explorer {
    /// Writes the search beside the file, and then in its place.
    ///
    /// # Errors
    /// As the disk gives them.
    pub fn save(&self, file: &Path) -> Result<(), FileError> {
        let beside = file.with_extension("new");
        let mut out = BufWriter::new(std::fs::File::create(&beside)?);
        self.write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(std::fs::rename(&beside, file)?)
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(MAGIC)?;
        out.write_all(&named(&self.bounds))?;
        let Explored { states, expanded, open: _, steps, met_again, retaken: _, depth, cost, settled } = self.figures;
        for number in [states, expanded, steps, met_again, u64::from(depth), u64::from(cost), settled] {
            put(out, number)?;
        }
        put(out, self.nodes.len() as u64)?;
        for Node { parent, choice, depth, faults } in &self.nodes {
            for number in [u64::from(*parent), u64::from(*choice), u64::from(*depth), u64::from(*faults)] {
                put(out, number)?;
            }
        }
        put(out, self.met.len() as u64)?;
        for mark in &self.met {
            out.write_all(&mark.to_le_bytes())?;
        }
        for (cost, open) in &self.open {
            for node in open {
                put(out, u64::from(*cost))?;
                put(out, u64::from(*node))?;
            }
        }
        put(out, u64::MAX)
    }

    /// Reads a search that was saved under the same bounds.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn load(bounds: Bounds, file: &Path) -> Result<Self, FileError> {
        let mut from = BufReader::new(std::fs::File::open(file)?);
        let mut head = [0; 48];
        from.read_exact(&mut head)?;
        if !head.starts_with(MAGIC) || !head.ends_with(&named(&bounds)) {
            return Err(FileError::Other);
        }
        let mut explorer = Self::new(bounds);
        explorer.figures = read_figures(&mut from)?;
        explorer.nodes = read_nodes(&mut from)?;
        explorer.met = read_met(&mut from)?;
        explorer.open = read_open(&mut from)?;
        Ok(explorer)
    }
}

fn read_figures(from: &mut impl Read) -> Result<Explored, FileError> {
    let mut figures = Explored { states: take(from)?, expanded: take(from)?, ..Explored::default() };
    (figures.steps, figures.met_again) = (take(from)?, take(from)?);
    (figures.depth, figures.cost) = (take_u32(from)?, take_u32(from)?);
    figures.settled = take(from)?;
    Ok(figures)
}

fn read_nodes(from: &mut impl Read) -> Result<Vec<Node>, FileError> {
    (0..take(from)?)
        .map(|_| {
            let parent = take_u32(from)?;
            let choice = u16::try_from(take(from)?).map_err(|_| FileError::Other)?;
            Ok(Node { parent, choice, depth: take_u32(from)?, faults: take_u32(from)? })
        })
        .collect()
}

fn read_met(from: &mut impl Read) -> Result<HashSet<u128>, FileError> {
    (0..take(from)?)
        .map(|_| {
            let mut bytes = [0; 16];
            from.read_exact(&mut bytes)?;
            Ok(u128::from_le_bytes(bytes))
        })
        .collect()
}

fn read_open(from: &mut impl Read) -> Result<BTreeMap<u32, VecDeque<u32>>, FileError> {
    let mut open: BTreeMap<u32, VecDeque<u32>> = BTreeMap::new();
    loop {
        match take(from)? {
            u64::MAX => return Ok(open),
            cost => {
                let cost = u32::try_from(cost).map_err(|_| FileError::Other)?;
                open.entry(cost).or_default().push_back(take_u32(from)?);
            }
        }
    }
}
