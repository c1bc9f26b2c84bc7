//! A broken pack is refused with all of its problems, each on its line.

use selaras_model::Pack;
use selaras_model::limits::{MAX_ENTITIES, MAX_FIELDS, MAX_PACK_BYTES, MAX_PROBLEMS};

/// The problems as `line: message`.
fn problems(text: &str) -> Vec<String> {
    let error = Pack::from_toml(text).expect_err("a broken pack");
    error.problems().iter().map(|problem| format!("{}: {}", problem.line, problem.message)).collect()
}

/// A pack with one entity, whose text from line 8 on is given.
fn with_entity(rest: &str) -> String {
    format!(
        "version = \"1\"\nsemester = \"20261\"\n[[module]]\nname = \"m\"\nlabel = {{ id = \"M\", en = \"M\" }}\n[[entity]]\n\
         code = 1\n{rest}"
    )
}

const HEAD: &str =
    "name = \"e\"\nmodule = \"m\"\nlabel = { id = \"E\", en = \"E\" }\ncreate = \"both\"\ndelete = \"both\"\n";
const TABLE: &str = "[[table]]\nname = \"t\"\nlabel = { id = \"T\", en = \"T\" }\nrows = [ { code = \"1\", id = \"A\", en = \"A\" } ]\n";

/// A pack whose entity has these fields, from line 14 on, and a reference table.
fn with_fields(extra: &str, fields: &[&str]) -> String {
    with_entity(&format!("{HEAD}fields = [\n{}\n]\n{extra}\n{TABLE}", fields.join(",\n")))
}

fn field(rest: &str) -> String {
    format!("{{ label = {{ id = \"F\", en = \"F\" }}, {rest} }}")
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let found = problems(include_str!("broken.toml"));
    let wanted: Vec<&str> = include_str!("broken.txt").lines().collect();
    assert_eq!(found, wanted, "found:\n{}", found.join("\n"));
}

#[test]
fn syntax_errors_carry_their_line() {
    let found = problems("version = \"1\"\nsemester = \n");
    assert!(found[0].starts_with("2: "), "{found:?}");
}

#[test]
fn an_empty_text_misses_its_required_keys() {
    assert_eq!(problems(""), ["1: `semester` is missing", "1: `version` is missing"]);
}

#[test]
fn the_semester_has_a_form() {
    for semester in ["2026", "20263", "20260", "202611", "1026x", "x0261", "19991"] {
        let found = problems(&format!("version = \"1\"\nsemester = \"{semester}\"\n"));
        assert!(found[0].starts_with("2: `semester` is not"), "{found:?}");
    }
}

#[test]
fn the_verification_mark_is_a_bool_of_the_centre() {
    let text = field("name = \"v\", type = \"text\"");
    let own = field("name = \"w\", type = \"bool\"");
    let good = field("name = \"x\", type = \"bool\", centre_only = true");
    let waiting = field("name = \"n\", type = \"text\", owner = \"centre-when-verified\"");
    let with = |mark: &str| {
        let fields = [text.as_str(), &own, &good, &waiting].join(",\n");
        with_entity(&format!("{HEAD}{mark}\nfields = [\n{fields}\n]\n"))
    };
    assert!(Pack::from_toml(&with("verified = \"x\"")).is_ok());
    assert_eq!(
        problems(&with("verified = \"v\"")),
        ["13: `verified` names `v`, which is not a bool", "13: `verified` names `v`, which is not centre_only"]
    );
    assert_eq!(problems(&with("verified = \"w\"")), ["13: `verified` names `w`, which is not centre_only"]);
    assert_eq!(problems(&with("verified = \"y\"")), ["13: `verified` names `y`, which is no valid field here"]);
    assert_eq!(problems(&with("")), ["6: `n` is the centre's when verified, but there is no `verified`"]);
}

#[test]
fn the_centres_condition_reads_a_code_and_known_values() {
    let code = field("name = \"c\", type = \"code\", table = \"t\"");
    let text = field("name = \"x\", type = \"text\"");
    let with = |condition: &str| {
        let fields = [code.as_str(), &text].join(",\n");
        with_entity(&format!("{HEAD}centre_if = {condition}\nfields = [\n{fields}\n]\n{TABLE}"))
    };
    assert!(Pack::from_toml(&with("{ field = \"c\", values = [\"1\"] }")).is_ok());
    for (condition, problem) in [
        ("{ field = \"x\", values = [\"1\"] }", "13: `centre_if` reads `x`, which is not a code"),
        ("{ field = \"y\", values = [\"1\"] }", "13: `centre_if.field` names `y`, which is no valid field here"),
        ("{ field = \"c\", values = [\"2\"] }", "13: table `t` has no code `2`"),
        ("{ field = \"c\", values = [] }", "13: `centre_if.values` is empty"),
        ("{ field = \"c\" }", "13: `values` is missing"),
        ("{ field = \"c\", values = [\"1\"], value = 1 }", "13: unknown key `value`"),
    ] {
        assert_eq!(problems(&with(condition)), [problem]);
    }
}

#[test]
fn a_field_has_the_keys_of_its_type_and_no_others() {
    for (rest, problem) in [
        ("name = \"f\", type = \"float\"", "14: there is no type `float`"),
        ("name = \"f\", type = \"text\", max = 0", "14: `max` is not from 1 to 1024"),
        ("name = \"f\", type = \"text\", max = \"9\"", "14: `max` is not a whole number"),
        ("name = \"f\", type = \"int\", max = 9", "14: `max` belongs to the type text only"),
        ("name = \"f\", type = \"decimal\"", "14: `scale` is missing"),
        ("name = \"f\", type = \"decimal\", scale = 7", "14: `scale` is not from 0 to 6"),
        ("name = \"f\", type = \"code\"", "14: `table` is missing"),
        ("name = \"f\", type = \"code\", table = \"u\"", "14: there is no table `u`"),
        ("name = \"f\", type = \"ref\", entity = \"u\"", "14: there is no entity `u`"),
        ("name = \"F\", type = \"int\"", "14: `F` cannot be a name"),
        ("name = \"f\"", "14: `type` is missing"),
        ("type = \"int\"", "14: `name` is missing"),
        (
            "name = \"f\", type = \"int\", owner = \"dinas\"",
            "14: `owner` is not school, centre or centre-when-verified",
        ),
        (
            "name = \"f\", type = \"int\", owner = \"school\", centre_only = true",
            "14: a centre_only field has the owner centre",
        ),
        ("name = \"f\", type = \"int\", centre_only_values = [\"x\"]", "14: not a whole number"),
        (
            "name = \"f\", type = \"int\", centre_only_values = [1]",
            "14: an item of `centre_only_values` is not a string",
        ),
        ("name = \"f\", type = \"code\", table = \"t\", centre_only_values = [\"2\"]", "14: table `t` has no code `2`"),
        ("name = \"f\", type = \"int\", indexd = true", "14: unknown key `indexd`"),
    ] {
        assert_eq!(problems(&with_fields("", &[&field(rest)])), [problem], "{rest}");
    }
}

#[test]
fn limits_hold() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>();
    let fields = many(MAX_FIELDS + 1, &|at| field(&format!("name = \"f{at}\", type = \"int\"")));
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    assert_eq!(problems(&with_fields("", &fields)), [format!("{}: more than 128 of `fields`", 14 + MAX_FIELDS)]);
    assert!(Pack::from_toml(&with_fields("", &fields[..MAX_FIELDS])).is_ok());

    let entity = |at: usize| {
        format!("[[entity]]\ncode = {}\n{}fields = []\n", at + 2, HEAD.replace("\"e\"", &format!("\"e{at}\"")))
    };
    let entities = many(MAX_ENTITIES, &entity).concat();
    let found = problems(&with_entity(&format!("{HEAD}fields = []\n{entities}")));
    assert!(found.iter().any(|problem| problem.ends_with("more than 256 of `entity`")), "{found:?}");

    let large = format!("# {}\n", "x".repeat(MAX_PACK_BYTES));
    assert_eq!(problems(&large), [format!("1: the pack is larger than {MAX_PACK_BYTES} bytes")]);

    let keys = many(2 * MAX_PROBLEMS, &|at| format!("x{at} = 1\n")).concat();
    assert_eq!(problems(&keys).len(), MAX_PROBLEMS);
}

#[test]
fn deep_nesting_is_refused() {
    assert!(Pack::from_toml(&format!("x = {}", "[".repeat(200_000))).is_err());
}
