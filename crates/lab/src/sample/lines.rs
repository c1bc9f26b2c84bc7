//! A sample as files of JSON lines.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use selaras_model::{Pack, Record, record_to_json};

use super::Sample;

/// Writes records as JSON lines `{"entity", "id", "fields"}`.
///
/// # Errors
/// What writing failed with.
pub fn write_lines(pack: &Pack, records: &[Record], to: &mut impl Write) -> io::Result<()> {
    for record in records {
        writeln!(to, "{}", record_to_json(pack, record))?;
    }
    Ok(())
}

impl Sample {
    /// The file of what the centre holds.
    pub const CENTRE_FILE: &str = "centre.jsonl";
    /// The file of what the clerk types.
    pub const SCHOOL_FILE: &str = "school.jsonl";

    /// Writes both files into a directory that exists.
    ///
    /// # Errors
    /// What writing failed with.
    pub fn write(&self, pack: &Pack, dir: &Path) -> io::Result<()> {
        for (name, records) in [(Self::CENTRE_FILE, &self.centre), (Self::SCHOOL_FILE, &self.school)] {
            let mut file = BufWriter::new(File::create(dir.join(name))?);
            write_lines(pack, records, &mut file)?;
            file.flush()?;
        }
        Ok(())
    }
}
