//! `restore confirm`: an operator's word for what is from before a restore.

use std::collections::BTreeSet;

use selaras_model::Npsn;

use super::remote::{Remote, school};
use crate::failure::Failure;
use crate::messages::{AccountsConfirmed, FailedSchool, SchoolConfirmed};
use crate::output;

impl Remote {
    /// Confirms one school, or all and the accounts; each is listed. One that fails holds up no other.
    pub(super) fn confirm(&self, npsn: Option<Npsn>) -> Result<(), Failure> {
        if let Some(npsn) = npsn {
            return self.confirm_school(npsn);
        }
        let done: AccountsConfirmed = self.post("/v1/admin/accounts/confirmed", &())?;
        if self.voice.json {
            self.data(&done);
        } else {
            done.accounts.iter().for_each(|name| output::line(&format!("account {name}")));
        }
        let mut failed = Vec::new();
        self.each_page(|page| {
            // Whose turn did not come for the list may have it now.
            let listed = page.schools.iter().map(|line| line.npsn);
            let all: BTreeSet<Npsn> = listed.chain(page.failed.iter().map(|school| school.npsn)).collect();
            for npsn in all {
                match self.confirm_school(npsn) {
                    Err(failure) if failure.is_of_a_school() => {
                        self.failed_line(&FailedSchool { npsn, failed: failure.problem().code.clone() });
                        failed.push(npsn);
                    }
                    done => done?,
                }
            }
            Ok(())
        })?;
        Failure::of_schools(&failed)
    }

    fn confirm_school(&self, npsn: Npsn) -> Result<(), Failure> {
        let done: SchoolConfirmed = self.post(&school(npsn, "/confirmed"), &())?;
        if self.voice.json {
            self.data(&done);
            return Ok(());
        }
        done.devices.iter().for_each(|device| output::line(&format!("{npsn}\tdevice {device}")));
        done.keys.iter().for_each(|key| output::line(&format!("{npsn}\tkey {key}")));
        done.kode.iter().for_each(|number| output::line(&format!("{npsn}\tkode {number}")));
        Ok(())
    }
}
