//! Behaviour of the whole: the tests are in `tests/all`, one file for each behaviour.
//!
//! Besides, the pages of docs that are made from the code: docs/errors, which needs both ends, docs/rules.md and
//! docs/conditions.md.

pub mod conditions_page;
pub mod error_pages;
pub mod rules_page;
