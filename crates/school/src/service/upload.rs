//! Bringing a large bundle to the centre, before it is named in a request.

use std::sync::Arc;

use selaras_model::BundleId;
use selaras_sync::transfer::Upload;
use selaras_transport::Parcel;

use super::Open;
use crate::failure::Failure;
use crate::link::CallError;
use crate::output::{Output, Way};

impl Open {
    /// Uploads the sealed bundle until all of it has landed. Nothing of it takes effect by that, and nothing is lost by
    /// breaking off: the next attempt goes on where the centre is.
    pub(super) fn land(&mut self, bundle: BundleId, total: u64, out: &mut dyn Output) -> Result<(), Failure> {
        let blobs = Arc::clone(&self.blobs);
        let read = move |from, length| blobs.slice(bundle.as_bytes(), from, length);
        let mut upload = Upload::new(total);
        let mut token = match self.known_token()? {
            Some(token) => token,
            None => self.new_token(out)?,
        };
        out.transferred(Way::Up, 0, total);
        loop {
            let before = upload.reached();
            let parcel = Parcel { bundle, read: &read };
            match self.connected()?.upload(&token, parcel, &mut upload, out) {
                Ok(()) => return Ok(()),
                Err(CallError::Failed(failure)) => return Err(failure),
                // A long upload outlives many sessions; one that ends before anything arrived is no session at all.
                Err(CallError::Session) if upload.reached() > before || before == 0 => token = self.new_token(out)?,
                Err(CallError::Session) => return Err(Failure::new("centre.session")),
            }
        }
    }
}
