//! Conditions that a person does not meet, as the reasons of a problem.

use selaras_model::Lang;
use selaras_policy::Unmet;
use selaras_transport::{Reason, Text};

pub(super) fn reason(unmet: &Unmet) -> Reason {
    let (id, en) = (unmet.render(Lang::Id), unmet.render(Lang::En));
    Reason {
        code: format!("condition.{}", unmet.condition),
        who: format!("{:?}", unmet.who).to_ascii_lowercase(),
        message: Text { id: id.message, en: en.message },
        remedy: Text { id: id.remedy, en: en.remedy },
    }
}
