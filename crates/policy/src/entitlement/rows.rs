//! The table of conditions for the page that is made from it.

use selaras_model::Label;

use super::table::Table;
use crate::error::PolicyError;
use crate::gate::Capacity;
use crate::rendered::Who;

/// A condition as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionPage {
    /// Its name.
    pub id: String,
    /// The condition that it says more exactly, where it is such a variant.
    pub of: Option<String>,
    /// Who has to act.
    pub who: Who,
    /// Whether the centre judges it too, by the records; else it is the school's account's.
    pub by_records: bool,
    /// What is the matter.
    pub message: Label,
    /// What to do.
    pub remedy: Label,
    /// What is typed at the school, with `{account}` and other places.
    pub command: String,
}

/// A capacity with the conditions of the records that it demands, and the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapacityPage {
    /// The capacity.
    pub capacity: Capacity,
    /// The role of the account, as it is typed.
    pub role: String,
    /// The conditions' names.
    pub conditions: Vec<String>,
}

/// Gives the capacities in the order in which they are tried.
///
/// # Errors
/// When the table that is built in is damaged.
pub fn capacity_pages() -> Result<Vec<CapacityPage>, PolicyError> {
    let rows = Table::builtin()?.capacity.iter();
    let page = |row: &super::CapacityRow| CapacityPage {
        capacity: row.capacity(),
        role: row.role.clone(),
        conditions: row.conditions.clone(),
    };
    Ok(rows.map(page).collect())
}

/// Gives every condition, its variants behind it, those of the account last.
///
/// # Errors
/// When the table that is built in is damaged.
pub fn condition_pages() -> Result<Vec<ConditionPage>, PolicyError> {
    let table = Table::builtin()?;
    let mut pages = Vec::new();
    for condition in &table.condition {
        let page = ConditionPage {
            id: condition.id.clone(),
            of: None,
            who: condition.who,
            by_records: true,
            message: (&condition.message).into(),
            remedy: (&condition.remedy).into(),
            command: condition.command.clone(),
        };
        pages.push(page.clone());
        pages.extend(condition.variant.iter().map(|variant| ConditionPage {
            id: variant.id.clone(),
            of: Some(condition.id.clone()),
            message: (&variant.message).into(),
            remedy: (&variant.remedy).into(),
            ..page.clone()
        }));
    }
    pages.extend(table.local.iter().map(|local| ConditionPage {
        id: local.id.clone(),
        of: None,
        who: local.who,
        by_records: false,
        message: (&local.message).into(),
        remedy: (&local.remedy).into(),
        command: local.command.clone(),
    }));
    Ok(pages)
}
