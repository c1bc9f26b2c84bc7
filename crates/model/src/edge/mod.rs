//! The edges where people's text and JSON become values.

mod json;
mod text;

pub use json::{LineError, LineProblem, RecordLine, line_from_json, record_from_json, record_to_json};
pub use text::ValueError;
pub(crate) use text::parse_value;
