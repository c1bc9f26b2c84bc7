//! What is set on the page of settings and holds for everybody at this computer; kept in the store.

use selaras_model::ReplicaId;
use selaras_sync::{Batch, Key, Row};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::service::Open;
use crate::window::Window;

const ROW: &str = "web/settings";

/// The settings, as the row keeps them (JSON).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// The window of the day in which something approved is sent.
    pub(crate) window: Option<Window>,
    /// The installation whose pages other computers of the school may reach: a backup that is brought back elsewhere, or
    /// a copy, opens nothing.
    pub(crate) others: Option<ReplicaId>,
}

impl Settings {
    pub(crate) fn load(open: &Open) -> Result<Settings, Failure> {
        match open.store().get(&Key::Local(ROW.to_owned()))? {
            // Settings of another version are no reason not to start.
            Some(Row::Bytes(bytes)) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
            _ => Ok(Settings::default()),
        }
    }

    /// Whether other computers may reach these pages.
    pub(crate) fn opens(&self, open: &Open) -> bool {
        self.others == Some(open.installation().replica)
    }

    pub(crate) fn save(&self, open: &Open) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(self).map_err(|_| Failure::new("internal.error").arg("place", "settings"))?;
        let mut batch = Batch::default();
        batch.put(Key::Local(ROW.to_owned()), Row::Bytes(bytes));
        open.commit(&batch)
    }
}
