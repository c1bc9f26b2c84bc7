//! Where the school stands, in what every page shows: cheap to read, whatever the school's size.

use selaras_model::RecordKey;
use selaras_sync::{Flow, Key, Phase, Range};

use crate::failure::Failure;
use crate::service::Open;

/// Records with edits that are counted for every page; more are "more than".
const MAX_COUNTED: u32 = 1_000;

/// Where the school stands.
pub(super) struct Glance {
    pub(super) school: String,
    pub(super) npsn: String,
    /// Findings that block.
    pub(super) invalid: u32,
    /// Records with conflicts.
    pub(super) conflicts: u32,
    /// Records with edits that are not at the centre, and whether there are more.
    pub(super) pending: u32,
    pub(super) more: bool,
    /// Whether both sides computed the same digests at the last contact.
    pub(super) equal: Option<bool>,
    /// The phase of what is sealed.
    pub(super) sealed: Option<Phase>,
}

impl Glance {
    pub(super) fn of(open: &Open) -> Result<Glance, Failure> {
        let school = open.school();
        let sealed = school.sealed()?.map(|sealed| sealed.phase);
        let (pending, more) = if sealed.is_some() { (0, false) } else { pending(open)? };
        Ok(Glance {
            school: open.school_name()?.unwrap_or_default(),
            npsn: open.npsn().to_string(),
            invalid: school.invalid()?,
            conflicts: conflicts(open)?,
            pending,
            more,
            equal: school.position()?.equal,
            sealed,
        })
    }

    /// Whether nothing waits and both sides were equal.
    pub(super) fn in_step(&self) -> bool {
        self.equal == Some(true) && self.pending == 0 && self.sealed.is_none()
    }
}

fn pending(open: &Open) -> Result<(u32, bool), Failure> {
    let (mut last, mut count) = (None::<RecordKey>, 0);
    open.store().scan(&Range::Drafts(None), &mut |key, _| {
        if let Key::Draft(key, _) = key
            && last != Some(key)
        {
            last = Some(key);
            count += 1;
        }
        Ok(if count > MAX_COUNTED { Flow::Stop } else { Flow::Continue })
    })?;
    Ok((count.min(MAX_COUNTED), count > MAX_COUNTED))
}

fn conflicts(open: &Open) -> Result<u32, Failure> {
    let mut count = 0;
    open.store().scan(&Range::Conflicts, &mut |_, _| {
        count += 1;
        Ok(Flow::Continue)
    })?;
    Ok(count)
}
