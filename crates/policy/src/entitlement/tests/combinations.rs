//! Every combination of what may be so or not, against a table of truth that knows nothing of conditions.toml.

use std::collections::BTreeSet;

use selaras_model::Lang;

use super::super::*;
use super::{DATE, YESTERDAY, duty, duty_of, judge, other, person, ptk, registered, this_year};
use crate::view::MemoryView;

/// What may be so of a person, the school and an account.
#[derive(Debug, Clone, Copy)]
struct Case {
    kind: &'static str,
    home: bool,
    head: Duty,
    plt: Duty,
    /// Another person's active duty.
    rival: Option<&'static str>,
    known: bool,
    facts: AccountFacts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    None,
    Active,
    Ended,
}

const DUTIES: [Duty; 3] = [Duty::None, Duty::Active, Duty::Ended];

impl Case {
    fn records(&self) -> Vec<Record> {
        let mut records = vec![Record { deleted: !self.known, ..person() }];
        records.push(registered(self.kind, self.home, &this_year()));
        for (kind, id, held) in [("2", 3, self.head), ("33", 4, self.plt)] {
            match held {
                Duty::None => {}
                Duty::Active => records.push(duty_of(ptk(), id, kind, None)),
                Duty::Ended => records.push(duty_of(ptk(), id, kind, Some(YESTERDAY))),
            }
        }
        records.extend(self.rival.map(|kind| duty_of(other(), 7, kind, None)));
        records
    }

    /// What is to be said, by the truth of domain.md 5.
    fn expected(&self) -> Vec<&'static str> {
        if self.facts.ptk.is_none() {
            return self.account(None);
        }
        if !self.known {
            return [vec!["ptk-record"], self.account(None)].concat();
        }
        let (definitive, plt) = (self.definitive(), self.plt());
        let whole = [
            [definitive.clone(), self.account(Some(false))].concat(),
            [plt.clone(), self.account(Some(true))].concat(),
        ];
        let [first, second] = whole;
        if (second.len(), plt.len()) < (first.len(), definitive.len()) { second } else { first }
    }

    fn definitive(&self) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        if self.kind != "20" {
            lacks.push("registered-head");
        }
        if !self.home {
            lacks.push(if self.kind == "20" { "other-school-head" } else { "home-school" });
        }
        match self.head {
            Duty::Active => {}
            Duty::Ended => lacks.push("head-assignment-ended"),
            Duty::None if self.facts.head_role => lacks.push("head-role-unassigned"),
            Duty::None => lacks.push("head-assignment"),
        }
        [lacks, self.rivals()].concat()
    }

    fn plt(&self) -> Vec<&'static str> {
        let mut lacks = Vec::new();
        if self.kind == "11" {
            lacks.push("registered-teacher");
        }
        match self.plt {
            Duty::Active => {}
            Duty::Ended => lacks.push("plt-assignment-ended"),
            Duty::None if self.facts.plt_role => lacks.push("plt-role-unassigned"),
            Duty::None => lacks.push("plt-assignment"),
        }
        [lacks, self.rivals()].concat()
    }

    fn rivals(&self) -> Vec<&'static str> {
        let heads = usize::from(self.head == Duty::Active) + usize::from(self.rival == Some("2"));
        let plts = usize::from(self.plt == Duty::Active) + usize::from(self.rival == Some("33"));
        match (heads, plts) {
            _ if heads + plts < 2 => vec![],
            (1.., 1..) => vec!["head-and-plt"],
            _ => vec!["only-head"],
        }
    }

    fn account(&self, plt: Option<bool>) -> Vec<&'static str> {
        let AccountFacts { account, ptk, any_role, head_role, plt_role, key } = self.facts;
        let mut lacks = Vec::new();
        lacks.extend((account == AccountState::Missing).then_some("account"));
        lacks.extend((account == AccountState::Disabled).then_some("account-active"));
        lacks.extend(ptk.is_none().then_some("account-ptk"));
        let has_role = match plt {
            Some(false) => head_role,
            Some(true) => plt_role,
            None => head_role || plt_role,
        };
        if !has_role {
            lacks.push(match plt {
                _ if !any_role && account != AccountState::Missing => "role-none",
                Some(true) => "plt-role",
                _ => "head-role",
            });
        }
        lacks.extend((key == KeyState::None).then_some("key-activated"));
        lacks.extend((key == KeyState::Revoked).then_some("key-revoked"));
        lacks
    }
}

/// All that an account can be.
fn accounts() -> Vec<AccountFacts> {
    let mut all = Vec::new();
    for account in [AccountState::Missing, AccountState::Disabled, AccountState::Active] {
        for ptk in [None, Some(ptk())] {
            for (any_role, head_role, plt_role) in [
                (false, false, false),
                (true, false, false),
                (true, true, false),
                (true, false, true),
                (true, true, true),
            ] {
                for key in [KeyState::None, KeyState::Active, KeyState::Revoked] {
                    all.push(AccountFacts { account, ptk, any_role, head_role, plt_role, key });
                }
            }
        }
    }
    all
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for kind in ["20", "4", "11"] {
        for (home, known) in [(true, true), (false, true), (true, false), (false, false)] {
            for (head, plt) in DUTIES.into_iter().flat_map(|head| DUTIES.map(|plt| (head, plt))) {
                for rival in [None, Some("2"), Some("33")] {
                    for facts in accounts() {
                        all.push(Case { kind, home, head, plt, rival, known, facts });
                    }
                }
            }
        }
    }
    all
}

fn names(judged: &Entitlement) -> Vec<String> {
    super::lacking(judged)
}

#[test]
fn every_combination_names_exactly_what_is_not_so() {
    let pack = Pack::builtin();
    let date = DATE.parse().unwrap();
    let cases = cases();
    assert_eq!(cases.len(), 3 * 4 * 9 * 3 * 90);
    let mut met = BTreeSet::new();
    let mut views = std::collections::BTreeMap::new();
    for case in cases {
        let so = format!("{}{}{:?}{:?}{:?}{}", case.kind, case.home, case.head, case.plt, case.rival, case.known);
        let view = views.entry(so).or_insert_with(|| MemoryView::new(&pack, case.records()));
        let judged = local_entitlement(view, &pack, &case.facts, date).unwrap();
        assert_eq!(names(&judged), case.expected(), "{case:?}");
        assert_eq!(matches!(judged, Entitlement::May(_)), case.expected().is_empty(), "{case:?}");
        met.extend(names(&judged));
    }
    // Nothing in the table is out of reach, and nothing is said that is not in it.
    let table: BTreeSet<String> = condition_pages().unwrap().into_iter().map(|page| page.id).collect();
    let unreached: Vec<&String> = table.symmetric_difference(&met).collect();
    assert!(unreached.is_empty(), "{unreached:?}");
}

#[test]
fn the_centre_says_of_the_records_what_the_school_says() {
    for case in cases().into_iter().filter(|case| case.facts == AccountFacts::without_account(ptk())) {
        let expected = match case {
            Case { known: false, .. } => vec!["ptk-record"],
            _ if case.plt().len() < case.definitive().len() => case.plt(),
            _ => case.definitive(),
        };
        assert_eq!(names(&judge(case.records())), expected, "{case:?}");
    }
}

#[test]
fn every_condition_has_words_in_both_languages_and_a_command() {
    for page in condition_pages().unwrap() {
        for text in [&page.message.id, &page.message.en, &page.remedy.id, &page.remedy.en] {
            assert!(text.len() > 8, "{}", page.id);
        }
        let places = |text: &str| crate::rendered::places(text).map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(places(&page.message.id), places(&page.message.en), "{}", page.id);
        assert_eq!(places(&page.remedy.id), places(&page.remedy.en), "{}", page.id);
        assert!(page.command.starts_with("selaras "), "{}", page.id);
    }
    let unmet = match judge([person(), duty("2", Some(YESTERDAY))]) {
        Entitlement::MayNot(unmet) => unmet,
        Entitlement::May(_) => panic!("nothing is registered"),
    };
    for unmet in unmet {
        for lang in [Lang::Id, Lang::En] {
            let told = unmet.render(lang);
            assert!(!told.message.contains('{') && !told.remedy.contains('{'), "{}", unmet.condition);
        }
    }
}
