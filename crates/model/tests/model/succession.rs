//! What may change from one pack to the next.

use selaras_model::Pack;

fn builtin() -> String {
    Pack::builtin().source().to_owned()
}

fn breaks(from: &str, to: &str) -> Vec<String> {
    let text = builtin();
    assert!(text.contains(from), "{from}");
    Pack::from_toml(&text.replacen(from, to, 1)).unwrap().breaks_with(&Pack::builtin())
}

#[test]
fn a_pack_follows_itself_and_one_of_another_semester() {
    assert!(Pack::builtin().breaks_with(&Pack::builtin()).is_empty());
    assert!(breaks("semester = \"20261\"", "semester = \"20262\"").is_empty());
}

#[test]
fn what_records_stand_on_does_not_go() {
    let text = builtin();
    let module = |text: &str| {
        text.replacen("name = \"sekolah\"", "name = \"satuan\"", 1)
            .replace("module = \"sekolah\"", "module = \"satuan\"")
    };
    let renamed = Pack::from_toml(&module(&text)).unwrap().breaks_with(&Pack::builtin());
    assert_eq!(renamed, ["the modules are others, or in another order"]);
    let other = breaks("code = 101\n", "code = 199\n");
    assert!(other.iter().any(|problem| problem.contains("is gone")), "{other:?}");
    assert!(other.iter().any(|problem| problem.contains("another code")), "{other:?}");
}

#[test]
fn a_field_keeps_its_name_type_and_index() {
    let line =
        |name: &str| builtin().lines().find(|line| line.contains(&format!("name = \"{name}\""))).unwrap().to_owned();
    let rt = line("rt");
    assert!(breaks(&rt, &rt.replace("\"rt\"", "\"er_te\"")).iter().any(|problem| problem.contains(".rt` is gone")));
    assert!(breaks(&rt, &rt.replace("type = \"int\"", "type = \"bool\"")).iter().any(|p| p.contains("another type")));
    assert!(
        breaks(&rt, &rt.replace("type = \"int\"", "type = \"int\", indexed = true"))
            .iter()
            .any(|p| p.contains("index"))
    );
    let street = line("alamat_jalan");
    let max = street.split("max = ").nth(1).unwrap().split(|c: char| !c.is_ascii_digit()).next().unwrap();
    let with = |length: &str| street.replace(&format!("max = {max}"), &format!("max = {length}"));
    assert!(breaks(&street, &with("1000")).is_empty());
    assert!(breaks(&street, &with("5")).iter().any(|problem| problem.contains("another type")));
}
