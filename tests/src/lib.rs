//! Behaviour of the whole: the tests are in `tests/all`, one file for each behaviour.
//!
//! Besides, the pages of docs that are made from the code: docs/errors, which needs both ends, and docs/rules.md.

pub mod error_pages;
pub mod rules_page;
