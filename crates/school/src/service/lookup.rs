//! From what people type to what the engine takes: entities, ids by their beginning, values; and back to titles.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use selaras_model::{Entity, EntityCode, FieldKind, FieldName, Fields, Record, RecordId, RecordKey, Value};
use selaras_sync::Flow;

use super::Open;
use crate::failure::{Failure, Reason};

/// The shortest beginning of an id that is looked up.
const MIN_PREFIX: usize = 4;
/// Records named when a beginning is not unique.
const MAX_NAMED: usize = 5;

/// How far a description follows references.
pub(crate) const MAX_DEPTH: usize = 2;
/// Fields that say when something holds, and do not tell one record from another.
const PERIODS: [&str; 2] = ["semester_id", "tahun_ajaran_id"];

/// Titles of records that were looked up already: a class is asked for by each of its members.
pub(crate) type Titles = BTreeMap<(EntityCode, RecordId), String>;

/// Splits `field=value`.
pub(crate) fn split_assignment(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('=').ok_or_else(|| Failure::new("input.assignment").arg("text", text))
}

impl Open {
    /// The entity of a name.
    pub(crate) fn entity(&self, name: &str) -> Result<&Entity, Failure> {
        self.rules.pack.entity_named(name).ok_or_else(|| {
            let known: Vec<&str> = self.rules.pack.entities().iter().map(|entity| entity.name.as_str()).collect();
            Failure::new("input.entity").arg("entity", name).arg("known", known.join(", "))
        })
    }

    /// The key of the record that an id or the beginning of one names.
    pub(crate) fn find_record(&self, entity: &str, text: &str) -> Result<RecordKey, Failure> {
        let code = self.entity(entity)?.code;
        if let Ok(id) = text.parse::<RecordId>() {
            let key = RecordKey { entity: code, id };
            return match self.known_record(key)? {
                Some(_) => Ok(key),
                None => Err(Failure::new("input.record").arg("entity", entity).arg("id", text)),
            };
        }
        self.find_prefix(code, entity, text)
    }

    fn find_prefix(&self, code: EntityCode, entity: &str, text: &str) -> Result<RecordKey, Failure> {
        let digits: String = text.chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
        let from = first_id(&digits).ok_or_else(|| Failure::new("input.id").arg("id", text))?;
        let mut found = Vec::new();
        self.school().list(code, Some(from), &mut |record| {
            let id = record.id.to_string().replace('-', "");
            if !id.starts_with(&digits) || found.len() > MAX_NAMED {
                return Flow::Stop;
            }
            found.push(record.id);
            Flow::Continue
        })?;
        match found.as_slice() {
            [id] => Ok(RecordKey { entity: code, id: *id }),
            [] => Err(Failure::new("input.record").arg("entity", entity).arg("id", text)),
            several => {
                let reasons = several.iter().take(MAX_NAMED).map(|id| {
                    let message = self.title_of_key(code, *id).unwrap_or_default();
                    Reason { place: id.to_string(), message, remedy: String::new(), who: String::new() }
                });
                Err(Failure::new("input.ambiguous").arg("id", text).because(reasons))
            }
        }
    }

    /// A record as people see it, deleted ones too.
    pub(crate) fn known_record(&self, key: RecordKey) -> Result<Option<Record>, Failure> {
        Ok(self.school().record(key)?)
    }

    /// A record that has to be there.
    pub(crate) fn record(&self, key: RecordKey) -> Result<Record, Failure> {
        self.known_record(key)?.ok_or_else(|| Failure::new("input.record").arg("id", key.id).arg("entity", ""))
    }

    /// Gives every record of an entity, deleted ones too.
    pub(crate) fn each(&self, entity: EntityCode, visit: &mut dyn FnMut(&Record)) -> Result<(), Failure> {
        self.school().list(entity, None, &mut |record| {
            visit(record);
            Flow::Continue
        })?;
        Ok(())
    }

    /// Reads `field=value` pairs of a record; all that are wrong are named.
    pub(crate) fn parse_assignments(&self, entity: &str, texts: &[String]) -> Result<Fields, Failure> {
        let mut fields = Fields::new();
        let mut bad = Vec::new();
        for text in texts {
            let (field, value) = split_assignment(text)?;
            match self.parse_value(entity, field, value) {
                Ok((name, value)) => {
                    fields.insert(name, value);
                }
                Err(failure) => bad.push((field.to_owned(), failure)),
            }
        }
        match bad.pop() {
            None => Ok(fields),
            Some((_, failure)) if bad.is_empty() => Err(failure),
            Some(last) => {
                bad.push(last);
                let words = crate::catalogue::Words(selaras_model::Lang::default());
                let reasons = bad.into_iter().map(|(field, failure)| Reason {
                    place: field,
                    message: crate::show::tell(&failure, words).what,
                    remedy: String::new(),
                    who: String::new(),
                });
                Err(Failure::new("input.values").because(reasons))
            }
        }
    }

    /// Reads the value of a field as a person types it; a reference may be the beginning of an id.
    pub(crate) fn parse_value(&self, entity: &str, field: &str, text: &str) -> Result<(FieldName, Value), Failure> {
        let entity = self.entity(entity)?;
        let unknown = || {
            let known: Vec<&str> = entity.fields().iter().map(|field| &*field.name).collect();
            Failure::new("input.field").arg("field", field).arg("known", known.join(", "))
        };
        let known = entity.field(field).ok_or_else(unknown)?;
        check_characters(field, text)?;
        if let FieldKind::Ref { entity: target } = &known.kind
            && !text.is_empty()
            && text.parse::<RecordId>().is_err()
        {
            let target = self.rules.pack.entity(*target).map(|target| target.name.clone()).unwrap_or_default();
            return Ok((known.name.clone(), Value::Ref(self.find_record(&target, text)?.id)));
        }
        self.rules
            .pack
            .parse_field(entity.code, field, text)
            .map(|value| (known.name.clone(), value))
            .map_err(|error| super::explain::value_failure(field, &error))
    }

    /// A value as a person types it.
    pub(crate) fn value_text(&self, entity: &str, field: &str, value: &Value) -> String {
        match self.rules.pack.entity_named(entity) {
            Some(entity) if field != super::DELETED_FIELD => self.rules.pack.render_field(entity.code, field, value),
            _ => match value {
                Value::Bool(true) => "true".to_owned(),
                Value::Bool(false) => "false".to_owned(),
                _ => String::new(),
            },
        }
    }

    /// What people call a record: its title field, with the title of what it refers to where that is a reference;
    /// else its id.
    pub(crate) fn title(&self, record: &Record) -> String {
        let entity = self.rules.pack.entity(record.entity);
        let titled = entity.and_then(Entity::title).map(|field| (field, record.get(&field.name)));
        match titled {
            Some((_, Value::Null)) | None => self.title_by_reference(record).unwrap_or_else(|| record.id.to_string()),
            Some((field, value)) => match (&field.kind, value) {
                (FieldKind::Ref { entity }, Value::Ref(id)) => self.title_of_key(*entity, *id).unwrap_or_default(),
                _ => self.rules.pack.render_field(record.entity, &field.name, value),
            },
        }
    }

    /// A membership has no name of its own; it is known by the records that it joins.
    fn title_by_reference(&self, record: &Record) -> Option<String> {
        let entity = self.rules.pack.entity(record.entity)?;
        let titles = entity.fields().iter().try_fold(Vec::new(), |mut titles: Vec<String>, field| {
            if let (FieldKind::Ref { entity: target }, Value::Ref(id)) = (&field.kind, record.get(&field.name))
                && self.rules.pack.entity(*target).is_some_and(|target| target.title().is_some())
            {
                titles.push(self.title_of_key(*target, *id).unwrap_or_default());
            }
            if titles.len() < 2 { ControlFlow::Continue(titles) } else { ControlFlow::Break(titles) }
        });
        let (ControlFlow::Continue(titles) | ControlFlow::Break(titles)) = titles;
        if titles.is_empty() { None } else { Some(titles.join(" / ")) }
    }

    /// What people call a record, through the records that it joins: a grade is known by student, class and subject.
    /// Titles that were found once are kept in `known`.
    pub(crate) fn describe(&self, record: &Record, known: &mut Titles) -> Result<String, Failure> {
        self.describe_to(record, known, MAX_DEPTH)
    }

    fn describe_to(&self, record: &Record, known: &mut Titles, depth: usize) -> Result<String, Failure> {
        let Some(entity) = self.rules.pack.entity(record.entity) else { return Ok(record.id.to_string()) };
        if entity.title().is_some() || depth == 0 {
            return Ok(self.title(record));
        }
        let mut parts: Vec<String> = Vec::new();
        for field in entity.fields().iter().filter(|field| !PERIODS.contains(&&*field.name)) {
            let part = match (&field.kind, record.get(&field.name)) {
                (FieldKind::Ref { entity: to }, Value::Ref(id)) => self.described(*to, *id, known, depth - 1)?,
                (FieldKind::Code { table }, Value::Code(code)) => {
                    let row = self.rules.pack.table(table).and_then(|table| table.row(code));
                    row.map_or_else(|| code.clone(), |row| row.label.id.clone())
                }
                _ => continue,
            };
            parts.push(part);
            if parts.len() == 2 {
                break;
            }
        }
        Ok(if parts.is_empty() { record.id.to_string() } else { parts.join(" / ") })
    }

    /// The same of a record that is referred to; its id where it is not here.
    pub(crate) fn described(
        &self,
        entity: EntityCode,
        id: RecordId,
        known: &mut Titles,
        depth: usize,
    ) -> Result<String, Failure> {
        if let Some(title) = known.get(&(entity, id)) {
            return Ok(title.clone());
        }
        let title = match self.known_record(RecordKey { entity, id })? {
            Some(record) => self.describe_to(&record, known, depth)?,
            None => id.to_string(),
        };
        known.insert((entity, id), title.clone());
        Ok(title)
    }

    /// The title of a record that is named by its entity's number.
    pub(crate) fn title_of_key(&self, entity: EntityCode, id: RecordId) -> Result<String, Failure> {
        let record = self.known_record(RecordKey { entity, id })?;
        let titled = record.as_ref().and_then(|record| {
            let field = self.rules.pack.entity(entity)?.title()?;
            let text = self.rules.pack.render_field(entity, &field.name, record.get(&field.name));
            (!text.is_empty()).then_some(text)
        });
        Ok(titled.unwrap_or_else(|| id.to_string()))
    }

    /// The title of a record that is named by its entity's name.
    pub(crate) fn title_of(&self, entity: &str, id: RecordId) -> Result<String, Failure> {
        self.title_of_key(self.entity(entity)?.code, id)
    }
}

/// The first id that begins with these hexadecimal digits.
fn first_id(digits: &str) -> Option<RecordId> {
    if digits.len() < MIN_PREFIX || digits.len() > 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = data_encoding::HEXLOWER.decode(format!("{digits:0<32}").as_bytes()).ok()?;
    RecordId::try_from(bytes.as_slice()).ok()
}

/// Fails where a text that is to be taken holds a character that nobody would see.
///
/// # Errors
/// `input.character`.
pub(crate) fn check_characters(field: &str, text: &str) -> Result<(), Failure> {
    match crate::characters::refused(text) {
        None => Ok(()),
        Some(c) => {
            let failure = Failure::new("input.character").arg("field", field);
            Err(failure.arg("character", crate::characters::name(c)))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{first_id, split_assignment};

    #[test]
    fn the_beginning_of_an_id_is_padded_with_zeros() {
        assert_eq!(first_id("0a1b").unwrap().to_string(), "0a1b0000-0000-0000-0000-000000000000");
        assert!(first_id("0a1").is_none(), "too short");
        assert!(first_id("0a1x").is_none(), "no digits");
    }

    #[test]
    fn a_value_may_hold_the_sign() {
        assert_eq!(split_assignment("alamat_jalan=Jl. A=B").unwrap(), ("alamat_jalan", "Jl. A=B"));
        assert_eq!(split_assignment("nama=").unwrap(), ("nama", ""));
        assert!(split_assignment("nama").is_err());
    }
}
