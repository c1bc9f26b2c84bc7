//! What may be sent, and who may say so: findings, approval and the gate, as pure verdicts.
//!
//! The crate knows no storage, no network and no present time: the host passes in a view of the school and the
//! judging date. Its main types are [`Finding`], what the rulebook says of a record; [`Approval`], the head's signature
//! over exactly the bytes that are sent; and [`Pass`], without which no approval can be made.
//!
//! A gate opens only for a school without an invalid finding:
//!
//! ```
//! use selaras_policy::clean;
//!
//! assert!(clean(std::iter::empty()).is_ok());
//! ```

mod approval;
mod entitlement;
mod error;
mod examples;
mod finding;
mod gate;
mod judge;
mod nik;
mod rendered;
mod rulebook;
mod view;

pub use approval::{Approval, ApprovalError, ApprovalText, MAX_MODULES, ModuleCount, Verified, sign_elsewhere};
pub use entitlement::{
    AccountFacts, AccountState, CapacityPage, ConditionId, ConditionPage, Entitlement, KeyState, Unmet, capacity_pages,
    condition_pages, entitlement, heads, local_entitlement,
};
pub use error::PolicyError;
pub use examples::{Example, Examples, MAX_EXAMPLES_BYTES, Missed};
pub use finding::{Finding, Level, MAX_GROUP_KEY, MAX_RULE_ID, RuleId, RuleIdError, SubjectKey, SubjectKeyError, Tab};
pub use gate::{Capacity, Clean, Entitled, Pass, clean, open};
pub use judge::{Changed, Judge, Judged};
pub use rendered::{Rendered, Who};
pub use rulebook::{
    MAX_EXPRESSION_BYTES, MAX_EXPRESSION_NODES, MAX_RULEBOOK_BYTES, Rule, Rulebook, RulebookError, RulebookProblem,
};
pub use view::{MemoryView, Overlay, SchoolView, ViewError};
