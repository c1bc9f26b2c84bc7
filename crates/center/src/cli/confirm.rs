//! `restore confirm`: an operator's word for what is from before a restore.

use selaras_model::Npsn;

use super::remote::{Remote, school};
use crate::failure::Failure;
use crate::messages::{AccountsConfirmed, SchoolConfirmed};
use crate::output;

impl Remote {
    /// Confirms one school, or all and the accounts; each is listed.
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
        self.each_school(|line| self.confirm_school(line.npsn))
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
