//! `account`: the commands about accounts of the Dinas and the centre's staff.

use super::args::Account;
use super::remote::Remote;
use crate::access::Area;
use crate::failure::Failure;
use crate::messages::{StaffAdd, StaffDisable, StaffLine, StaffList, StaffToken};
use crate::output;

const ACCOUNTS: &str = "/v1/admin/accounts";

impl Remote {
    pub(super) fn account(&self, command: Account) -> Result<(), Failure> {
        match command {
            Account::Add { name, role, area, school } => {
                let area = Area { prefixes: area, schools: school };
                self.token(&self.post(ACCOUNTS, &StaffAdd { name, role, area })?);
            }
            Account::List => {
                let list: StaffList = self.get(ACCOUNTS)?;
                list.accounts.iter().for_each(|account| self.data(account));
            }
            Account::Disable { name } => self.disable(&name, true)?,
            Account::Enable { name } => self.disable(&name, false)?,
            Account::Token { name } => self.token(&self.post(&of_account(&name, "token")?, &())?),
        }
        Ok(())
    }

    fn disable(&self, name: &str, disabled: bool) -> Result<(), Failure> {
        let account: StaffLine = self.post(&of_account(name, "disabled")?, &StaffDisable { disabled })?;
        self.data(&account);
        Ok(())
    }

    fn token(&self, shown: &StaffToken) {
        self.voice.say(
            "Token akun (tampil sekali ini saja; simpan dalam berkas untuk --token-file):",
            "The account's token (shown once; keep it in a file for --token-file):",
        );
        if self.voice.json {
            self.data(shown);
        } else {
            output::line(&shown.token);
        }
    }
}

/// A path of an account; a name that is none would be another path.
fn of_account(name: &str, rest: &str) -> Result<String, Failure> {
    let fits = |sign: u8| sign.is_ascii_alphanumeric() || matches!(sign, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(fits) {
        return Err(Failure::input("that cannot be an account's name"));
    }
    Ok(format!("{ACCOUNTS}/{name}/{rest}"))
}
