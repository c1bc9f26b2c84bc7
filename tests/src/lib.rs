//! Behaviour of the whole: the tests are in `tests/all`, one file for each behaviour.
//!
//! Besides, what needs both ends to be written: the pages of docs/errors.

pub mod error_pages;
