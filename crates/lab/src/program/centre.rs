//! `selaras-lab centre`.

use std::net::SocketAddr;

use serde::Serialize;

use super::args::Centre;
use super::{Trouble, say, stay};
use crate::mock::{Heard, Mock, MockError, Script};

#[derive(Serialize)]
struct Begins {
    listening: SocketAddr,
    to: Option<SocketAddr>,
    rules: usize,
}

#[derive(Serialize)]
struct Ends {
    requests: u64,
    scripted: u64,
}

pub(super) fn run(asked: &Centre) -> Result<(), Trouble> {
    let path = asked.script.as_deref();
    let script = match path {
        Some(path) => Script::from_text(&say::text(path)?).map_err(|error| say::misused(Some(path), error))?,
        None => Script::default(),
    };
    let rules = script.rules.len();
    let mock = Mock::listen(asked.common.listen, asked.to, script).map_err(|error| match error {
        MockError::Script(error) => say::misused(path, error),
        MockError::Io(error) => Trouble::System(error),
    })?;
    let json = asked.common.json;
    let begins = Begins { listening: mock.address(), to: asked.to, rules };
    let behind = asked.to.map_or_else(|| "no centre behind".to_owned(), |to| format!("in front of {to}"));
    say::line(json, format!("listening on {}, {behind}, {rules} rules", begins.listening), &begins)?;
    let mut ends = Ends { requests: 0, scripted: 0 };
    stay::until_the_end(asked.common.parent_stdin, |last| {
        for heard in mock.take_heard() {
            ends.requests += 1;
            ends.scripted += u64::from(heard.rule.is_some());
            say::line(json, people_read(&heard), &heard)?;
        }
        if last {
            let people = format!("{} requests, {} of them met a rule", ends.requests, ends.scripted);
            say::line(json, people, &ends)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn people_read(heard: &Heard) -> String {
    let status = heard.status.map_or_else(|| "no whole answer".to_owned(), |status| status.to_string());
    let rule = heard.rule.map_or_else(|| "the centre's own".to_owned(), |rule| format!("rule {rule}"));
    format!("{} {}: {status} ({rule})", heard.method, heard.endpoint.name())
}
