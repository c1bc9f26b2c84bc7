//! What a role may do on these pages. The centre judges by records and keys alone; here a treasurer is kept from changing
//! grades, and nobody from what they work with. Whoever has an account at the school's computer may read: they share it.

use crate::account::Role;

/// Something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What<'a> {
    /// Typing into records of a module.
    Edit(&'a str),
    /// Exchanging with the centre, deciding conflicts and offers.
    Exchange,
    /// Accounts, backups, settings.
    Keep,
}

/// Modules that a homeroom teacher and a teacher type into.
const OF_WALI_KELAS: [&str; 3] = ["peserta_didik", "rombel", "nilai"];
const OF_PTK: [&str; 2] = ["pembelajaran", "nilai"];

/// Whether one of the roles may do this.
pub(crate) fn may(roles: &[Role], what: What<'_>) -> bool {
    roles.iter().any(|role| match role {
        Role::Operator | Role::Head | Role::Plt => true,
        Role::WaliKelas => matches!(what, What::Edit(module) if OF_WALI_KELAS.contains(&module)),
        Role::Ptk => matches!(what, What::Edit(module) if OF_PTK.contains(&module)),
        Role::Bendahara => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_add_up() {
        let teacher = [Role::Ptk];
        let homeroom = [Role::Ptk, Role::WaliKelas];
        assert!(may(&teacher, What::Edit("nilai")) && !may(&teacher, What::Edit("peserta_didik")));
        assert!(may(&homeroom, What::Edit("peserta_didik")) && !may(&homeroom, What::Exchange));
        assert!(!may(&[Role::Bendahara], What::Edit("nilai")));
        assert!(may(&[Role::Bendahara, Role::Operator], What::Keep));
        assert!(!may(&[], What::Exchange));
    }
}
