//! Behaviour of the whole: the tests are in `tests/all`, one file for each behaviour.
