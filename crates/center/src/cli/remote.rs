//! The connection of an operator's command to the centre, with the operators' token.

use bytes::Bytes;
use selaras_model::Npsn;
use selaras_transport::{Link, LinkOptions, Trust, Verb};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::args::Global;
use crate::failure::Failure;
use crate::init::TOKEN_FILE;
use crate::output::Voice;
use crate::serve::SERVE_FILE;

/// A centre to give commands to.
pub(super) struct Remote {
    link: Link,
    token: String,
    runtime: tokio::runtime::Runtime,
    pub(super) voice: Voice,
}

impl Remote {
    /// Finds the centre and the token, by the options or in the data directory.
    pub(super) fn connect(global: &Global, voice: Voice) -> Result<Self, Failure> {
        let server = match &global.server {
            Some(server) => server.clone(),
            None => serving(global)?,
        };
        let token_file = global.token_file.clone().unwrap_or_else(|| global.data.join(TOKEN_FILE));
        let token = std::fs::read_to_string(&token_file)
            .map_err(|error| Failure::local(&format!("{} cannot be read", token_file.display()), &error))?;
        let trust = match &global.ca {
            None => Trust::System,
            Some(file) => Trust::Ca(
                std::fs::read_to_string(file).map_err(|error| Failure::local("the CA file cannot be read", &error))?,
            ),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::local("no runtime", &error))?;
        let link = Link::new(&LinkOptions::new(server, trust))?;
        Ok(Self { link, token: token.trim().to_owned(), runtime, voice })
    }

    pub(super) fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, Failure> {
        let call = self.link.json(Verb::Get, path, Some(&self.token), None::<&()>);
        Ok(self.runtime.block_on(call)?)
    }

    pub(super) fn post<A: DeserializeOwned>(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<A, Failure> {
        let call = self.link.json(Verb::Post, path, Some(&self.token), Some(body));
        Ok(self.runtime.block_on(call)?)
    }

    pub(super) fn post_lines<A: DeserializeOwned>(&self, path: &str, lines: Vec<u8>) -> Result<A, Failure> {
        let call = self.link.send_lines(path, &self.token, Bytes::from(lines));
        Ok(self.runtime.block_on(call)?)
    }
}

/// A path of a school.
pub(super) fn school(npsn: Npsn, rest: &str) -> String {
    format!("/v1/admin/schools/{npsn}{rest}")
}

/// The address of the centre that serves from the data directory.
fn serving(global: &Global) -> Result<String, Failure> {
    let path = global.data.join(SERVE_FILE);
    let text = std::fs::read_to_string(&path).map_err(|_| {
        Failure::input(format!("no centre serves from {}; start it, or name it with --server", global.data.display()))
    })?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(|error| Failure::local("serve.json", &error))?;
    let address = json.get("listening").and_then(serde_json::Value::as_str);
    address.map(str::to_owned).ok_or_else(|| Failure::data("serve.json names no address"))
}
