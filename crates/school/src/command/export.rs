//! `export`: all records as people see them, one JSON line each, as `import` reads them.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use selaras_model::record_to_json;
use serde::{Deserialize, Serialize};

use crate::command::Done;
use crate::failure::{Failure, Outcome};
use crate::output::{Event, Output};
use crate::service::Service;

/// The arguments of `export`.
#[derive(Debug, Clone, clap::Args, Serialize, Deserialize)]
pub struct Export {
    /// The file; standard output when left out. An existing file is not overwritten.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(&self, service: &mut Service, out: &mut dyn Output) -> Result<Outcome, Failure> {
        let open = service.open_store()?;
        open.finish_steps(out)?;
        let mut file = match &self.file {
            Some(path) => Some(BufWriter::new(
                std::fs::File::create_new(path)
                    .map_err(|_| Failure::new("input.target").arg("file", path.display()))?,
            )),
            None => None,
        };
        let mut written: u64 = 0;
        let mut failed = false;
        let pack = open.rules().pack.clone();
        for entity in pack.entities() {
            open.each(entity.code, &mut |record| {
                let line = record_to_json(&pack, record).to_string();
                written += 1;
                match &mut file {
                    Some(file) => failed |= writeln!(file, "{line}").is_err(),
                    None => out.event(Event::Data(line)),
                }
            })?;
            if file.is_some() {
                out.progress("work.write", written, 0);
            }
        }
        let Some(path) = &self.file else { return Ok(Outcome::Done) };
        let synced = file.map(BufWriter::into_inner).transpose().ok().flatten().map(|file| file.sync_all());
        if failed || !matches!(synced, Some(Ok(()))) {
            return Err(Failure::new("input.target").arg("file", path.display()));
        }
        out.report(Done::new("export.done").arg("count", written).arg("file", path.display()).report());
        Ok(Outcome::Done)
    }
}
