#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod combinations;

use selaras_model::Lang;

use super::*;
use crate::view::MemoryView;

const DATE: &str = "2026-11-23";
const YESTERDAY: &str = "2026-11-22";

fn ptk() -> RecordId {
    RecordId::from_bytes([1; 16])
}

fn other() -> RecordId {
    RecordId::from_bytes([9; 16])
}

/// A record of the pack that is built in.
fn record(entity: &str, id: u8, fields: &[(&str, &str)]) -> Record {
    let pack = Pack::builtin();
    let entity = pack_entity(&pack, entity).unwrap();
    let fields = fields
        .iter()
        .map(|(name, text)| (name.parse().unwrap(), pack.parse_field(entity, name, text).unwrap()))
        .collect();
    Record { entity, id: RecordId::from_bytes([id; 16]), deleted: false, fields }
}

fn person() -> Record {
    record("ptk", 1, &[])
}

fn registered(kind: &str, home: bool, year: &str) -> Record {
    let home = if home { "1" } else { "0" };
    let fields =
        [("ptk_id", &*ptk().to_string()), ("jenis_ptk_id", kind), ("ptk_induk", home), ("tahun_ajaran_id", year)];
    record("ptk_terdaftar", 2, &fields)
}

fn duty_of(holder: RecordId, id: u8, kind: &str, until: Option<&str>) -> Record {
    let holder = holder.to_string();
    record(
        "tugas_tambahan",
        id,
        &[("ptk_id", &holder), ("jabatan_ptk_id", kind), ("tst_tambahan", until.unwrap_or_default())],
    )
}

fn duty(kind: &str, until: Option<&str>) -> Record {
    duty_of(ptk(), 3, kind, until)
}

fn this_year() -> String {
    Pack::builtin().school_year().to_owned()
}

fn head() -> [Record; 3] {
    [person(), registered("20", true, &this_year()), duty("2", None)]
}

fn judge(records: impl IntoIterator<Item = Record>) -> Entitlement {
    let pack = Pack::builtin();
    let view = MemoryView::new(&pack, records);
    entitlement(&view, &pack, ptk(), DATE.parse().unwrap()).unwrap()
}

fn judge_account(records: impl IntoIterator<Item = Record>, facts: AccountFacts) -> Vec<String> {
    let pack = Pack::builtin();
    let view = MemoryView::new(&pack, records);
    lacking(&local_entitlement(&view, &pack, &facts, DATE.parse().unwrap()).unwrap())
}

fn lacking(entitlement: &Entitlement) -> Vec<String> {
    match entitlement {
        Entitlement::May(_) => Vec::new(),
        Entitlement::MayNot(unmet) => unmet.iter().map(|unmet| unmet.condition.to_string()).collect(),
    }
}

#[test]
fn a_definitive_head_may_until_the_last_day_of_the_assignment() {
    for until in [None, Some(DATE), Some("2027-01-01")] {
        let records = [person(), registered("20", true, &this_year()), duty("2", until)];
        let Entitlement::May(person) = judge(records) else { panic!("{until:?}") };
        assert_eq!((person.capacity(), person.ptk()), (Capacity::Definitive, ptk()));
    }
}

#[test]
fn an_assignment_that_ended_yesterday_is_told_with_its_last_day() {
    let ended = [person(), registered("20", true, &this_year()), duty("2", Some(YESTERDAY))];
    let Entitlement::MayNot(unmet) = judge(ended) else { panic!("it ended") };
    let [only] = unmet.as_slice() else { panic!("{unmet:?}") };
    assert_eq!(only.condition.as_str(), "head-assignment-ended");
    for lang in [Lang::Id, Lang::En] {
        assert!(only.render(lang).message.contains(YESTERDAY));
    }
    let plt = [person(), registered("4", true, &this_year()), duty("33", Some(YESTERDAY))];
    assert_eq!(lacking(&judge(plt)), ["plt-assignment-ended"]);
}

#[test]
fn of_several_ended_assignments_the_latest_last_day_is_told() {
    let older = duty_of(ptk(), 4, "2", Some("2020-06-30"));
    let records = [person(), registered("20", true, &this_year()), duty("2", Some(YESTERDAY)), older];
    let Entitlement::MayNot(unmet) = judge(records) else { panic!("all ended") };
    assert_eq!(unmet.first().unwrap().args.get("tst_tambahan").map(String::as_str), Some(YESTERDAY));
}

#[test]
fn a_plt_may_be_a_teacher_of_another_home_school() {
    let Entitlement::May(plt) = judge([person(), registered("4", false, &this_year()), duty("33", None)]) else {
        panic!("plt")
    };
    assert_eq!(plt.capacity(), Capacity::Plt);
    let clerk = [person(), registered("11", true, &this_year()), duty("33", None)];
    assert_eq!(lacking(&judge(clerk)), ["registered-teacher"]);
}

#[test]
fn another_schools_head_is_told_so() {
    let elsewhere = [person(), registered("20", false, &this_year()), duty("2", None)];
    assert_eq!(lacking(&judge(elsewhere)), ["other-school-head"]);
}

#[test]
fn a_registration_of_last_year_counts_for_nothing() {
    let last = [person(), registered("20", true, "2025")];
    assert_eq!(lacking(&judge(last)), ["registered-teacher", "plt-assignment"]);
}

#[test]
fn two_in_office_at_once_are_nobodys_right_and_nobodys_fault() {
    for (kind, told) in [("2", "only-head"), ("33", "head-and-plt")] {
        let judged = judge(head().into_iter().chain([duty_of(other(), 7, kind, None)]));
        assert_eq!(lacking(&judged), [told]);
        assert!(judged.stands_on_its_own(), "the other's assignment ends no key");
        let ended = judge(head().into_iter().chain([duty_of(other(), 7, kind, Some(YESTERDAY))]));
        assert_eq!(lacking(&ended), Vec::<String>::new(), "one that has ended is in nobody's way");
    }
    assert!(!judge([person()]).stands_on_its_own());
}

#[test]
fn a_role_without_an_assignment_is_told_as_such() {
    let unassigned = [person(), registered("20", true, &this_year())];
    let facts = AccountFacts::of_head(ptk());
    assert_eq!(judge_account(unassigned.clone(), facts), ["head-role-unassigned"]);
    let without = AccountFacts { head_role: false, any_role: true, ..facts };
    assert_eq!(judge_account(unassigned, without), ["head-assignment", "head-role"]);
    let teacher = [person(), registered("4", true, &this_year())];
    let plt = AccountFacts { head_role: false, plt_role: true, ..facts };
    assert_eq!(judge_account(teacher, plt), ["plt-role-unassigned"]);
}

#[test]
fn the_role_of_the_other_capacity_does_not_serve() {
    let plt = [person(), registered("4", true, &this_year()), duty("33", None)];
    assert_eq!(judge_account(plt, AccountFacts::of_head(ptk())), ["plt-role"]);
    let facts = AccountFacts { head_role: false, plt_role: true, ..AccountFacts::of_head(ptk()) };
    assert_eq!(judge_account(head(), facts), ["head-role"]);
}

#[test]
fn the_school_adds_the_conditions_of_its_account_in_the_order_in_which_they_are_met() {
    let facts = AccountFacts::of_head(ptk());
    assert_eq!(judge_account(head(), facts), Vec::<String>::new());
    assert_eq!(
        judge_account(head(), AccountFacts::without_account(ptk())),
        ["account", "head-role", "key-activated"],
        "the path of a new head"
    );
    assert_eq!(judge_account(head(), AccountFacts { ptk: None, ..facts }), ["account-ptk"]);
    assert_eq!(judge_account(head(), AccountFacts { account: AccountState::Disabled, ..facts }), ["account-active"]);
    assert_eq!(judge_account(head(), AccountFacts { key: KeyState::Revoked, ..facts }), ["key-revoked"]);
    let nothing = AccountFacts { any_role: false, head_role: false, ..facts };
    assert_eq!(judge_account(head(), nothing), ["role-none"]);
    assert_eq!(judge_account(head(), AccountFacts { ptk: Some(other()), ..facts }), ["ptk-record"]);
    let [gone, registered, duty] = head();
    let deleted = [Record { deleted: true, ..gone }, registered, duty];
    assert_eq!(judge_account(deleted, facts), ["ptk-record"]);
}

#[test]
fn a_command_names_account_person_and_role() {
    let pack = Pack::builtin();
    let view = MemoryView::new(&pack, [person(), registered("4", true, &this_year()), duty("33", None)]);
    let facts = AccountFacts { any_role: false, ..AccountFacts::without_account(ptk()) };
    let judged = local_entitlement(&view, &pack, &facts, DATE.parse().unwrap()).unwrap();
    let Entitlement::MayNot(unmet) = judged else { panic!("no account") };
    let commands: Vec<String> = unmet.iter().map(|unmet| unmet.command("siti")).collect();
    let account = format!("selaras account add siti --ptk {}", ptk());
    assert_eq!(commands, [account.as_str(), "selaras role add siti plt", "selaras head activate siti"]);
}

#[test]
fn heads_are_found_by_any_condition_of_heads() {
    let pack = Pack::builtin();
    let date = DATE.parse().unwrap();
    let found = |record| heads(&MemoryView::new(&pack, [record]), &pack, date).unwrap();
    assert_eq!(found(duty("33", None)), [ptk()]);
    assert_eq!(found(registered("20", false, &this_year())), [ptk()]);
    assert!(found(registered("4", true, &this_year())).is_empty());
}
