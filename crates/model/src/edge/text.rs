//! Text as a person types it into a field, and back.

use crate::canonical::is_code;
use crate::{Date, EntityCode, FieldKind, Pack, RecordId, Value};

/// Says why a text or a JSON value cannot be the value of a field. It never contains the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The pack does not know the entity.
    #[error("unknown entity")]
    UnknownEntity,
    /// The pack does not know the field.
    #[error("unknown field")]
    UnknownField,
    /// A text field needs a JSON string.
    #[error("not a text")]
    Text,
    /// A text is longer than the field allows.
    #[error("longer than {max} characters")]
    TooLong {
        /// The limit, in characters.
        max: usize,
    },
    /// Not a whole number of 64 bits.
    #[error("not a whole number")]
    Int,
    /// Not a decimal number, or one with too many digits.
    #[error("not a decimal number with at most {scale} digits after the point")]
    Decimal {
        /// Digits that the field keeps after the point.
        scale: u8,
    },
    /// Not a day.
    #[error("not a date written YYYY-MM-DD")]
    Date,
    /// Neither yes nor no.
    #[error("neither ya nor tidak (nor true, false, 1, 0)")]
    Bool,
    /// Not in the form of a code. Whether the table has it is a matter for the rulebook.
    #[error("not a code")]
    Code,
    /// Not a UUID.
    #[error("not the id of a record")]
    Ref,
}

impl Pack {
    /// Reads a field's value as a person types it; the empty text is null.
    ///
    /// Text is kept as it is, in NFC; around other values white space does not count, and a decimal may have a comma.
    ///
    /// # Errors
    /// Refuses what has not the field's type.
    pub fn parse_field(&self, entity: EntityCode, field: &str, text: &str) -> Result<Value, ValueError> {
        parse_value(self.kind(entity, field)?, text)
    }

    /// Writes a field's value so that [`Pack::parse_field`] reads it again.
    ///
    /// For a field that the pack does not know, a decimal is written as its scaled integer.
    #[must_use]
    pub fn render_field(&self, entity: EntityCode, field: &str, value: &Value) -> String {
        let scale = match self.kind(entity, field) {
            Ok(FieldKind::Decimal { scale }) => *scale,
            _ => 0,
        };
        match value {
            Value::Null => String::new(),
            Value::Text(text) | Value::Code(text) => text.clone(),
            Value::Int(int) => int.to_string(),
            Value::Decimal(scaled) => render_decimal(*scaled, scale),
            Value::Date(date) => date.to_string(),
            Value::Bool(true) => "ya".to_owned(),
            Value::Bool(false) => "tidak".to_owned(),
            Value::Ref(id) => id.to_string(),
        }
    }

    pub(super) fn kind(&self, entity: EntityCode, field: &str) -> Result<&FieldKind, ValueError> {
        let entity = self.entity(entity).ok_or(ValueError::UnknownEntity)?;
        entity.field(field).map(|field| &field.kind).ok_or(ValueError::UnknownField)
    }
}

pub(crate) fn parse_value(kind: &FieldKind, text: &str) -> Result<Value, ValueError> {
    if let FieldKind::Text { max } = kind {
        let value = Value::text(text);
        return if kind.admits(&value) { Ok(value) } else { Err(ValueError::TooLong { max: *max }) };
    }
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    match kind {
        FieldKind::Text { .. } => Err(ValueError::Text),
        FieldKind::Int => text.parse().map(Value::Int).map_err(|_| ValueError::Int),
        FieldKind::Decimal { scale } => {
            parse_decimal(text, *scale).map(Value::Decimal).ok_or(ValueError::Decimal { scale: *scale })
        }
        FieldKind::Date => text.parse::<Date>().map(Value::Date).map_err(|_| ValueError::Date),
        FieldKind::Bool => parse_bool(text).map(Value::Bool).ok_or(ValueError::Bool),
        FieldKind::Code { .. } if is_code(text) => Ok(Value::Code(text.to_owned())),
        FieldKind::Code { .. } => Err(ValueError::Code),
        FieldKind::Ref { .. } => text.parse::<RecordId>().map(Value::Ref).map_err(|_| ValueError::Ref),
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "ya" | "true" | "1" => Some(true),
        "tidak" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// Reads a decimal without floats. Zeros at the end of the fraction do not count as digits.
fn parse_decimal(text: &str, scale: u8) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = match digits.split_once(['.', ',']) {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let (fraction, scale) = (fraction.trim_end_matches('0'), usize::from(scale));
    if fraction.len() > scale {
        return None;
    }
    format!("{sign}{whole}{fraction:0<scale$}").parse().ok()
}

/// Writes a decimal in its shortest form.
pub(super) fn render_decimal(scaled: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    let sign = if scaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", scaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
    match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    }
}
