//! Rows that hold a record's values, as protobuf: unknown fields of a later version are skipped, missing ones read as
//! their defaults. A value is its canonical bytes (docs/formats.md).

use std::fmt;

use prost::Message;
use selaras_model::{ContentHash, FieldName, Fields, Value, decode_value, encode_value};
use selaras_sync::store::{DraftRow, StoreError, ViewRow};

use crate::rows::unfit;

#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
struct FieldMessage {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
struct ViewMessage {
    #[prost(bool, tag = "1")]
    deleted: bool,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<FieldMessage>,
    #[prost(bytes = "vec", tag = "3")]
    content: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
struct DraftMessage {
    #[prost(bytes = "vec", repeated, tag = "1")]
    heads: Vec<Vec<u8>>,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<FieldMessage>,
    #[prost(bool, optional, tag = "3")]
    deleted: Option<bool>,
    #[prost(string, tag = "4")]
    author: String,
    #[prost(int64, tag = "5")]
    typed_at: i64,
}

macro_rules! hidden {
    ($($message:ty),*) => {$(
        /// Values and names of people stay out.
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($message))
            }
        }
    )*};
}
hidden!(FieldMessage, ViewMessage, DraftMessage);

pub(crate) fn encode_view(row: &ViewRow) -> Result<Vec<u8>, StoreError> {
    let message = ViewMessage {
        deleted: row.deleted,
        fields: encode_fields(&row.fields)?,
        content: row.content.as_bytes().to_vec(),
    };
    Ok(message.encode_to_vec())
}

pub(crate) fn decode_view(body: &[u8]) -> Option<ViewRow> {
    let message = ViewMessage::decode(body).ok()?;
    Some(ViewRow {
        deleted: message.deleted,
        fields: decode_fields(message.fields)?,
        content: ContentHash::try_from(message.content.as_slice()).ok()?,
    })
}

pub(crate) fn encode_draft(row: &DraftRow) -> Result<Vec<u8>, StoreError> {
    let message = DraftMessage {
        heads: row.heads.iter().map(|head| head.to_vec()).collect(),
        fields: encode_fields(&row.fields)?,
        deleted: row.deleted,
        author: row.author.clone(),
        typed_at: row.typed_at,
    };
    Ok(message.encode_to_vec())
}

pub(crate) fn decode_draft(body: &[u8]) -> Option<DraftRow> {
    let message = DraftMessage::decode(body).ok()?;
    let heads = message.heads.iter().map(|head| <[u8; 8]>::try_from(head.as_slice()).ok());
    Some(DraftRow {
        heads: heads.collect::<Option<_>>()?,
        fields: decode_fields(message.fields)?,
        deleted: message.deleted,
        author: message.author,
        typed_at: message.typed_at,
    })
}

fn encode_fields(fields: &Fields) -> Result<Vec<FieldMessage>, StoreError> {
    let encode = |(name, value): (&FieldName, &Value)| {
        let mut bytes = Vec::new();
        encode_value(value, &mut bytes);
        // Whoever can write a value that nobody can read again would make the record unreadable for ever.
        match whole_value(&bytes) {
            Some(read) if read == *value => Ok(FieldMessage { name: name.as_str().to_owned(), value: bytes }),
            _ => Err(unfit("a field's value is not in its canonical form")),
        }
    };
    fields.iter().map(encode).collect()
}

fn decode_fields(messages: Vec<FieldMessage>) -> Option<Fields> {
    let count = messages.len();
    let read = |field: FieldMessage| Some((field.name.parse().ok()?, whole_value(&field.value)?));
    let mut fields = Fields::with_capacity(count);
    for message in messages {
        let (name, value) = read(message)?;
        fields.insert(name, value);
    }
    (fields.len() == count).then_some(fields)
}

fn whole_value(mut bytes: &[u8]) -> Option<Value> {
    let value = decode_value(&mut bytes).ok()?;
    bytes.is_empty().then_some(value)
}
