//! `selaras-lab line`.

use std::net::SocketAddr;

use serde::Serialize;

use super::args::Line;
use super::{Trouble, say, stay};
use crate::line::{Counts, LineError, Passed, Plan, Proxy};

#[derive(Serialize)]
struct Begins {
    listening: SocketAddr,
    to: SocketAddr,
    seed: u64,
}

pub(super) fn run(asked: &Line) -> Result<(), Trouble> {
    let plan = plan(asked)?;
    let seed = plan.seed;
    let proxy = Proxy::listen(asked.common.listen, asked.to, plan).map_err(|error| match error {
        LineError::Plan(error) => say::misused(asked.plan.as_deref(), error),
        LineError::Io(error) => Trouble::System(error),
    })?;
    let json = asked.common.json;
    let begins = Begins { listening: proxy.address(), to: asked.to, seed };
    let people = format!("listening on {}, leads to {}, seed {seed}", begins.listening, begins.to);
    say::line(json, people, &begins)?;
    let mut told = Counts::default();
    stay::until_the_end(asked.common.parent_stdin, |last| {
        let counts = proxy.counts();
        if counts == told && !last {
            return Ok(());
        }
        told = counts;
        say::line(json, people_read(&counts), &counts)
    })?;
    Ok(())
}

fn plan(asked: &Line) -> Result<Plan, Trouble> {
    let plan = match &asked.plan {
        Some(path) => Plan::from_text(&say::text(path)?).map_err(|error| say::misused(Some(path), error))?,
        None if asked.mobile => Plan::mobile(),
        None => Plan::default(),
    };
    Ok(match asked.seed {
        Some(seed) => plan.seeded(seed),
        None => plan,
    })
}

fn people_read(counts: &Counts) -> String {
    let Counts { connections, requests, cuts, unreached, up, down } = counts;
    format!(
        "{connections} connections, {requests} requests, {cuts} cut, {unreached} unreached; up {}; down {}",
        way(up),
        way(down)
    )
}

fn way(passed: &Passed) -> String {
    format!("{} B passed, {} B lost, {} B added", passed.forwarded, passed.wasted(), passed.own)
}
