//! Decides which rule a request meets, and notes what was asked.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::request::Endpoint;
use super::script::Rule;

/// Requests that are remembered until somebody asks for them.
const MAX_HEARD: usize = 10_000;

/// A request that was answered, or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Where it went.
    pub endpoint: Endpoint,
    /// The method that was meant.
    pub method: String,
    /// The status of what was answered; none where nothing was, or not all of it.
    pub status: Option<u16>,
    /// The rule that it met, from 1.
    pub rule: Option<usize>,
}

/// What has happened under a script so far.
#[derive(Debug, Default)]
pub(super) struct Director {
    rules: Vec<(Rule, u64)>,
    requests: BTreeMap<Endpoint, u64>,
    heard: VecDeque<Heard>,
}

impl Director {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut director = Self::default();
        director.set(rules);
        director
    }

    /// Changes the rules; their counting begins anew, that of requests goes on.
    pub(super) fn set(&mut self, rules: Vec<Rule>) {
        self.rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// Takes a request in; gives the rule that it meets, with its number. A rule that an earlier one keeps from acting
    /// does not count the request.
    pub(super) fn meets(&mut self, endpoint: Endpoint, method: &str) -> Option<(usize, Rule)> {
        *self.requests.entry(endpoint).or_default() += 1;
        for (at, (rule, seen)) in self.rules.iter_mut().enumerate() {
            let on = &rule.on;
            let meant = on.endpoint.is_none_or(|wanted| wanted == endpoint)
                && on.method.as_deref().is_none_or(|wanted| wanted == method);
            if !meant {
                continue;
            }
            *seen += 1;
            let begun = *seen > on.after;
            let over = on.times.is_some_and(|times| *seen > on.after.saturating_add(times));
            if begun && !over {
                return Some((at + 1, rule.clone()));
            }
        }
        None
    }

    pub(super) fn note(&mut self, heard: Heard) {
        if self.heard.len() >= MAX_HEARD {
            self.heard.pop_front();
        }
        self.heard.push_back(heard);
    }

    pub(super) fn take_heard(&mut self) -> Vec<Heard> {
        self.heard.drain(..).collect()
    }

    pub(super) fn requests(&self, endpoint: Endpoint) -> u64 {
        self.requests.get(&endpoint).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{Act, On};
    use super::*;

    fn rule(endpoint: Option<Endpoint>, after: u64, times: Option<u64>) -> Rule {
        Rule { on: On { endpoint, method: None, after, times }, delay_ms: 0, works: false, act: Act::Page }
    }

    fn met(director: &mut Director, endpoint: Endpoint, count: usize) -> Vec<Option<usize>> {
        (0..count).map(|_| director.meets(endpoint, "POST").map(|(number, _)| number)).collect()
    }

    #[test]
    fn a_rule_begins_and_ends_where_it_says() {
        let mut director = Director::new(vec![rule(Some(Endpoint::Sync), 1, Some(2)), rule(None, 0, Some(1))]);
        assert_eq!(met(&mut director, Endpoint::Sync, 5), [Some(2), Some(1), Some(1), None, None]);
        assert_eq!(met(&mut director, Endpoint::Token, 1), [None], "the second rule has met its one request");
        assert_eq!((director.requests(Endpoint::Sync), director.requests(Endpoint::Rules)), (5, 0));
    }

    #[test]
    fn the_first_rule_that_is_meant_decides() {
        let mut director = Director::new(vec![rule(None, 0, Some(1)), rule(None, 0, Some(1))]);
        assert_eq!(met(&mut director, Endpoint::Sync, 3), [Some(1), Some(2), None]);
    }

    #[test]
    fn a_method_may_be_meant() {
        let only = Rule { on: On { method: Some("PATCH".to_owned()), ..On::default() }, ..rule(None, 0, None) };
        let mut director = Director::new(vec![only]);
        assert_eq!(director.meets(Endpoint::Upload, "HEAD"), None);
        assert!(director.meets(Endpoint::Upload, "PATCH").is_some());
    }
}
