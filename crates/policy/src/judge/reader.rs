//! Reads records once, however many rules ask for them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use selaras_model::{EntityCode, FieldName, Record, RecordId, RecordKey, Value};

use crate::rulebook::path::Path;
use crate::view::{SchoolView, ViewError};

/// Most records kept; beyond it the oldest work is forgotten whole.
const MAX_KEPT: usize = 4_096;

/// Who has a value in a field of an entity.
type Having = HashMap<(EntityCode, FieldName, Value), Rc<[RecordId]>>;

pub(super) struct Reader<'a> {
    view: &'a dyn SchoolView,
    kept: RefCell<HashMap<RecordKey, Option<Rc<Record>>>>,
    /// Where looking up costs more than remembering.
    having: Option<RefCell<Having>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(view: &'a dyn SchoolView) -> Self {
        Self { view, kept: RefCell::default(), having: None }
    }

    /// The same over a store, where many rules ask for the same referrers.
    pub(super) fn remembering(view: &'a dyn SchoolView) -> Self {
        Self { having: Some(RefCell::default()), ..Self::new(view) }
    }

    /// Gives a record that is there and not deleted.
    pub(super) fn live(&self, key: RecordKey) -> Result<Option<Rc<Record>>, ViewError> {
        if let Some(known) = self.kept.borrow().get(&key) {
            return Ok(known.clone());
        }
        let record = self.view.record(key)?.filter(|record| !record.deleted).map(Rc::new);
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(key, record.clone());
        Ok(record)
    }

    /// Gives the ids of live records that have a value in a field.
    pub(super) fn having(
        &self,
        entity: EntityCode,
        field: &FieldName,
        value: &Value,
    ) -> Result<Rc<[RecordId]>, ViewError> {
        let look = || {
            let mut ids = Vec::new();
            self.view.with_value(entity, field, value, &mut |id| ids.push(id))?;
            Ok(Rc::from(ids))
        };
        let Some(having) = &self.having else { return look() };
        let asked = (entity, field.clone(), value.clone());
        if let Some(known) = having.borrow().get(&asked) {
            return Ok(Rc::clone(known));
        }
        let ids: Rc<[RecordId]> = look()?;
        let mut having = having.borrow_mut();
        if having.len() >= MAX_KEPT {
            having.clear();
        }
        having.insert(asked, Rc::clone(&ids));
        Ok(ids)
    }

    /// Gives the record in which a path ends; nothing where a reference leads nowhere.
    pub(super) fn end(&self, record: &Record, path: &Path) -> Result<Option<Rc<Record>>, ViewError> {
        let mut here = Rc::new(record.clone());
        for hop in &path.hops {
            let Some(id) = here.reference(&hop.field) else { return Ok(None) };
            let Some(next) = self.live(RecordKey { entity: hop.target, id })? else { return Ok(None) };
            here = next;
        }
        Ok(Some(here))
    }

    /// Gives the value at the end of a path; nothing where a reference leads nowhere.
    pub(super) fn value(&self, record: &Record, path: &Path) -> Result<Value, ViewError> {
        let Some((first, rest)) = path.hops.split_first() else { return Ok(record.get(&path.field).clone()) };
        let mut next = record.reference(&first.field).map(|id| RecordKey { entity: first.target, id });
        for hop in rest {
            let Some(key) = next else { return Ok(Value::Null) };
            let Some(record) = self.live(key)? else { return Ok(Value::Null) };
            next = record.reference(&hop.field).map(|id| RecordKey { entity: hop.target, id });
        }
        let Some(key) = next else { return Ok(Value::Null) };
        Ok(self.live(key)?.map_or(Value::Null, |record| record.get(&path.field).clone()))
    }
}
