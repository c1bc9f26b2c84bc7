//! The bytes of the sealed bundle: read and held to their name, or frozen again from what they were made of.
//!
//! They are a function of the header and the form, which stand in a row beside the bundle's state, and of the sealed
//! drafts. Where that does not give them either they are lost: the edits are drafts again, once the centre has said
//! that the bundle has not taken effect and never will.

use serde::{Deserialize, Serialize};

use selaras_model::BundleId;

use super::School;
use super::layers::{each_draft, edit_of};
use crate::bundle::{self, Bundle, Form, Header};
use crate::edits::EditSet;
use crate::error::SchoolError;
use crate::state::{self, Sealed};
use crate::store::{Flow, StateName, StoreError};
use crate::work::Work;

/// How the sealed bundle was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Frozen {
    bundle: BundleId,
    /// The header, as it stands in the bundle.
    header: Vec<u8>,
    form: Form,
}

impl School<'_> {
    /// Notes beside the sealed bundle how it was frozen.
    pub(super) fn note_frozen(
        work: &mut Work<'_>,
        bundle: BundleId,
        header: &Header,
        form: Form,
    ) -> Result<(), StoreError> {
        let header = bundle::header_to_bytes(header);
        work.put_state(StateName::Frozen, &Frozen { bundle, header, form })
    }

    /// Gives the frozen bytes of the sealed bundle; none where they are lost.
    pub(super) fn frozen(&self, sealed: &Sealed) -> Result<Option<Vec<u8>>, SchoolError> {
        let name = sealed.bundle.as_bytes();
        let missing = match self.blobs.sound(name) {
            Ok(Some(frozen)) => return Ok(Some(frozen)),
            // What a bad sector does not give back is made again as well.
            missing @ (Ok(None) | Err(StoreError::Io(_))) => missing,
            Err(error) => return Err(error.into()),
        };
        match self.frozen_again(sealed)? {
            Some(frozen) => {
                self.blobs.put(name, &frozen)?;
                Ok(Some(frozen))
            }
            None => Ok(missing?),
        }
    }

    /// Whether the sealed bundle's bytes are here, or were made again.
    pub(crate) fn has_frozen(&self, sealed: &Sealed) -> Result<bool, SchoolError> {
        Ok(self.frozen(sealed)?.is_some())
    }

    fn frozen_again(&self, sealed: &Sealed) -> Result<Option<Vec<u8>>, SchoolError> {
        let noted: Option<Frozen> = state::read(self.store, StateName::Frozen)?;
        // An earlier version sealed without such a note.
        let Some(noted) = noted.filter(|noted| noted.bundle == sealed.bundle) else { return Ok(None) };
        let part = self.part(self.store)?;
        let mut edits = Vec::new();
        each_draft(self.store, None, part.as_ref(), &mut |key, drafts| {
            edits.extend(drafts.sealed.map(|draft| (key, edit_of(&draft))));
            Ok(Flow::Continue)
        })?;
        let (Ok(header), Ok(edits)) = (bundle::header_from_bytes(&noted.header), EditSet::new(edits)) else {
            return Ok(None);
        };
        let frozen = bundle::freeze_as(Bundle { header, edits }, &noted.form).ok();
        Ok(frozen.filter(|frozen| bundle::id(frozen) == sealed.bundle))
    }
}
