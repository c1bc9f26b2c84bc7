//! The operators' commands for packs and rulebooks.

use std::path::Path;

use super::args::Rules;
use super::remote::Remote;
use crate::failure::Failure;
use crate::messages::{ReleaseLine, RulesPublish, RulesWithdraw};
use crate::output;

const PATH: &str = "/v1/admin/rules";

impl Remote {
    pub(super) fn rules(&self, command: Rules) -> Result<(), Failure> {
        match command {
            Rules::Publish { rulebook, pack, examples, from } => {
                let text = |path: Option<&Path>| path.map(read).transpose();
                let asked = RulesPublish {
                    from,
                    pack: text(pack.as_deref())?,
                    rulebook: text(rulebook.as_deref())?,
                    examples: text(examples.as_deref())?,
                };
                let published: ReleaseLine = self.post(PATH, &asked)?;
                self.voice.say("Diterbitkan; sekolah diberi tahu.", "Published; schools are told.");
                self.release(&published);
            }
            Rules::List => {
                let lines: Vec<ReleaseLine> = self.get(PATH)?;
                lines.iter().for_each(|line| self.release(line));
            }
            Rules::Withdraw { from } => {
                let gone: ReleaseLine = self.post(&format!("{PATH}/withdraw"), &RulesWithdraw { from })?;
                self.voice.say("Ditarik sebelum berlaku.", "Withdrawn before it began.");
                self.release(&gone);
            }
        }
        Ok(())
    }

    fn release(&self, line: &ReleaseLine) {
        if self.voice.json {
            return self.data(line);
        }
        let from = match line.from {
            Some(from) => from.to_string(),
            None => self.voice.pick("bawaan", "built in").to_owned(),
        };
        let mark = if line.in_force { self.voice.pick("\tberlaku", "\tin force") } else { "" };
        output::line(&format!("{from}\t{}\t{}{mark}", line.rulebook_version, line.pack_version));
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::local(&format!("{} cannot be read", path.display()), &error))
}
