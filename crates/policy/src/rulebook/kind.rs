//! What a rule demands, checked against the pack.

use std::collections::BTreeMap;

use selaras_model::{Entity, EntityCode, FieldKind, FieldName, Pack, Value};

use super::expression::Expression;
use super::path::Path;
use super::read::{At, Node, Problems};
use super::test::{Ask, Test};

/// What a rule demands of its subjects.
pub(crate) enum Demand {
    /// The fields are filled.
    Required(Vec<FieldName>),
    /// The fields' texts have a form.
    Format(Vec<FieldName>, Form),
    /// The fields' numbers lie between two.
    Range { fields: Vec<FieldName>, min: Option<i64>, max: Option<i64> },
    /// Every code of every record names a row, or one that is in force.
    Code { current: bool },
    /// Every reference names a live record of the school.
    Reference,
    /// An expression is true.
    Expression { holds: Expression, field: Option<FieldName> },
    /// A citizen number agrees with itself, or with other fields.
    Nik { nik: FieldName, part: NikPart },
    /// A value stands in a relation to another, found along references.
    Related { left: Path, right: Path, relation: Relation },
    /// On the first day of the semester somebody is within an age, in whole months.
    Age { born: Path, min: Option<Limit>, max: Option<Limit> },
    /// No two records have the same values; each of several sets of fields by itself.
    Unique { sets: Vec<Vec<Path>>, seed: FieldName, alike: Vec<Value> },
    /// A count or sum of other records lies between limits.
    Total { terms: Vec<Term>, sum: bool, min: Option<Limit>, max: Option<Limit>, equals: Option<Path> },
    /// Of the records that belong to the subject, none of a higher step is older than one of a lower step.
    Ladder { rungs: Term, step: Path, year: Path, steps: Vec<Vec<String>> },
}

/// A form of a text.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// Digits only, this many.
    Digits { min: usize, max: usize },
    /// No digit, tab or line break.
    Name,
    /// At least this many characters.
    Long(usize),
}

/// What is looked at in a citizen number.
pub(crate) enum NikPart {
    /// The date is a day, the serial not 0000, the province known.
    Self_,
    /// The date is that of birth.
    Birth(FieldName),
    /// The sex is that of the field (`L` or `P`).
    Sex(FieldName),
}

/// How two values compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The same.
    Equal,
    /// The left is not larger.
    AtMost,
}

/// Records that are counted or summed for a subject.
pub(crate) struct Term {
    pub(crate) entity: EntityCode,
    /// The references by which a record belongs to the subject.
    pub(crate) by: Vec<FieldName>,
    /// The subject's own reference that the records share, or none where they name the subject itself.
    pub(crate) of: Option<FieldName>,
    pub(crate) value: Option<Path>,
    pub(crate) tests: Vec<Test>,
}

/// A limit, perhaps by a code of the subject.
pub(crate) struct Limit {
    pub(crate) fixed: Option<i64>,
    pub(crate) by: Option<(Path, BTreeMap<String, i64>)>,
}

/// What a kind is read with.
pub(crate) struct Source<'p> {
    pub(crate) pack: &'p Pack,
    pub(crate) entity: Option<&'p Entity>,
}

impl Source<'_> {
    fn code(&self) -> EntityCode {
        self.entity.map_or(EntityCode(0), |entity| entity.code)
    }

    fn fields(&self, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Vec<FieldName> {
        let texts = node.need_texts("fields", problems);
        texts.into_iter().filter_map(|text| self.own(text, problems)).collect()
    }

    fn own(&self, text: At<&str>, problems: &mut Problems<'_>) -> Option<FieldName> {
        let path = self.path(text, problems)?;
        if path.is_own() { Some(path.field) } else { None }
    }

    fn path(&self, text: At<&str>, problems: &mut Problems<'_>) -> Option<Path> {
        self.entity?;
        Path::read(text, self.code(), self.pack, problems)
    }

    fn need_path(&self, key: &'static str, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Path> {
        let text = node.need_text(key, problems)?;
        self.path(text, problems)
    }
}

impl Demand {
    pub(crate) fn read(
        kind: At<&str>,
        source: &Source<'_>,
        node: &mut Node<'_, '_>,
        problems: &mut Problems<'_>,
    ) -> Option<Self> {
        if source.entity.is_none() && !matches!(kind.value, "code" | "reference") {
            return None;
        }
        match kind.value {
            "required" => Some(Self::Required(source.fields(node, problems))),
            "format" => {
                let fields = source.fields(node, problems);
                let text = node.need_text("format", problems)?;
                Some(Self::Format(fields, form(text, problems)?))
            }
            "range" => {
                let fields = source.fields(node, problems);
                Some(Self::Range { fields, min: node.int("min", problems), max: node.int("max", problems) })
            }
            "code" => Some(Self::Code { current: node.flag("current", problems).unwrap_or(false) }),
            "reference" => Some(Self::Reference),
            "expression" => expression(source, node, problems),
            "nik" => nik(source, node, problems),
            "related" => related(source, node, problems),
            "age" => age(source, node, problems),
            "ladder" => ladder(source, node, problems),
            "unique" => unique(source, node, problems),
            "count" | "sum" => total(kind.value == "sum", source, node, problems),
            other => {
                problems.add(kind.at, format!("`{other}` is no kind of rule"));
                None
            }
        }
    }
}

fn form(text: At<&str>, problems: &mut Problems<'_>) -> Option<Form> {
    let (name, rest) = text.value.split_once(':').unwrap_or((text.value, ""));
    let number = |text: &str| text.parse::<usize>().ok();
    let form = match (name, rest.split_once('-')) {
        ("digits", Some((min, max))) => number(min).zip(number(max)).map(|(min, max)| Form::Digits { min, max }),
        ("digits", None) => number(rest).map(|count| Form::Digits { min: count, max: count }),
        ("long", None) => number(rest).map(Form::Long),
        ("name", None) => Some(Form::Name),
        _ => None,
    };
    if form.is_none() {
        problems.add(text.at, format!("`{}` is no known format", text.value));
    }
    form
}

fn expression(source: &Source<'_>, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Demand> {
    let text = node.need_text("holds", problems)?;
    let field = node.text("field", problems).and_then(|text| source.own(text, problems));
    match Expression::read(text.value, source.entity?) {
        Ok(holds) => Some(Demand::Expression { holds, field }),
        Err(found) => {
            for problem in found {
                problems.add(text.at, problem);
            }
            None
        }
    }
}

fn nik(source: &Source<'_>, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Demand> {
    let field = node.need_text("field", problems).and_then(|text| source.own(text, problems));
    let birth = node.text("birth", problems).and_then(|text| source.own(text, problems));
    let sex = node.text("sex", problems).and_then(|text| source.own(text, problems));
    let part = match (birth, sex) {
        (None, None) => NikPart::Self_,
        (Some(birth), None) => NikPart::Birth(birth),
        (None, Some(sex)) => NikPart::Sex(sex),
        _ => {
            problems.add(node.at(), "a rule of kind nik compares either birth or sex");
            return None;
        }
    };
    Some(Demand::Nik { nik: field?, part })
}

fn related(source: &Source<'_>, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Demand> {
    let left = source.need_path("left", node, problems);
    let right = source.need_path("right", node, problems);
    let text = node.need_text("relation", problems)?;
    let relation = match text.value {
        "==" => Relation::Equal,
        "<=" => Relation::AtMost,
        _ => {
            problems.add(text.at, "a relation is == or <=");
            return None;
        }
    };
    let (left, right) = (left?, right?);
    if std::mem::discriminant(&left.kind) != std::mem::discriminant(&right.kind) {
        problems.add(text.at, "values of two types cannot be compared");
    }
    Some(Demand::Related { left, right, relation })
}

fn age(source: &Source<'_>, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Demand> {
    let born = source.need_path("born", node, problems)?;
    if born.kind != FieldKind::Date {
        problems.add(node.at(), "`born` has to lead to a day");
    }
    let min = limit("min", "min_by", source, node, problems);
    let max = limit("max", "max_by", source, node, problems);
    if min.is_none() && max.is_none() {
        problems.add(node.at(), "one of min and max is missing");
    }
    Some(Demand::Age { born, min, max })
}

fn ladder(source: &Source<'_>, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Demand> {
    let mut of = node.node("of", problems)?;
    let name = of.need_text("entity", problems)?;
    let Some(entity) = source.pack.entity_named(name.value) else {
        problems.add(name.at, format!("the pack has no entity `{}`", name.value));
        return None;
    };
    let by = of.need_text("by", problems).map(|text| references(text, entity, source.code(), problems));
    let path = |text: At<&str>, problems: &mut Problems<'_>| Path::read(text, entity.code, source.pack, problems);
    let step = of.need_text("step", problems).and_then(|text| path(text, problems));
    let year = of.need_text("year", problems).and_then(|text| path(text, problems));
    of.finish(problems);
    let steps: Vec<Vec<String>> = node.text_lists("steps", problems);
    if steps.len() < 2 {
        problems.add(node.at(), "`steps` needs two lists of codes, the lowest first");
    }
    let tests = [step.clone()?, year.clone()?].map(|path| Test { path, ask: Ask::Filled }).into();
    let rungs = Term { entity: entity.code, by: by?, of: None, value: None, tests };
    Some(Demand::Ladder { rungs, step: step?, year: year?, steps })
}

fn unique(source: &Source<'_>, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Demand> {
    let texts = node.need_texts("fields", problems);
    let names = starred(source.entity?, &texts);
    if names.is_empty() {
        problems.add(node.at(), "the field with a star fits no field");
    }
    let set = |name: &String, problems: &mut Problems<'_>| -> Vec<Path> {
        let path = |text: &At<&str>, problems: &mut Problems<'_>| {
            let filled = fill_star(text.value, name);
            source.path(At { at: text.at, value: filled.as_str() }, problems)
        };
        texts.iter().filter_map(|text| path(text, problems)).collect()
    };
    let sets: Vec<Vec<Path>> = names.iter().map(|name| set(name, problems)).collect();
    let own = |path: &&Path| path.is_own() && path.indexed;
    let seed = sets.first().and_then(|set| set.iter().find(own)).map(|path| path.field.clone());
    if seed.is_none() {
        problems.add(node.at(), "one of the fields has to be indexed or a reference");
    }
    let alike = node.texts("alike", problems).unwrap_or_default();
    let alike = alike.into_iter().map(|text| Value::Code(text.value.to_owned())).collect();
    Some(Demand::Unique { sets, seed: seed?, alike })
}

/// The names that the field with a star stands for; one empty name where there is no star.
fn starred(entity: &Entity, texts: &[At<&str>]) -> Vec<String> {
    let Some(star) = texts.iter().find_map(|text| text.value.split("->").next().filter(|part| part.ends_with('*')))
    else {
        return vec![String::new()];
    };
    let prefix = star.trim_end_matches('*');
    let names = entity.fields().iter().map(|field| field.name.as_str()).filter(|name| name.starts_with(prefix));
    names.map(str::to_owned).collect()
}

fn fill_star(text: &str, name: &str) -> String {
    match text.split_once('*') {
        Some((_, rest)) => format!("{name}{rest}"),
        None => text.to_owned(),
    }
}

fn total(sum: bool, source: &Source<'_>, node: &mut Node<'_, '_>, problems: &mut Problems<'_>) -> Option<Demand> {
    let nodes = node.nodes("terms", problems);
    if nodes.is_empty() {
        problems.add(node.at(), "`terms` is missing");
    }
    let terms = nodes.into_iter().filter_map(|term| read_term(term, sum, source, problems)).collect();
    let min = limit("min", "min_by", source, node, problems);
    let max = limit("max", "max_by", source, node, problems);
    let equals = node.text("equals", problems).and_then(|text| source.path(text, problems));
    if min.is_none() && max.is_none() && equals.is_none() {
        problems.add(node.at(), "one of min, max and equals is missing");
    }
    Some(Demand::Total { terms, sum, min, max, equals })
}

fn limit(
    key: &'static str,
    by: &'static str,
    source: &Source<'_>,
    node: &mut Node<'_, '_>,
    problems: &mut Problems<'_>,
) -> Option<Limit> {
    let fixed = node.int(key, problems);
    let by = node.node(by, problems).and_then(|mut node| {
        let path = source.need_path("path", &mut node, problems);
        let mut values = BTreeMap::new();
        if let Some(list) = node.node("values", problems) {
            for (code, value) in list.entries() {
                let number = value.get_ref().as_integer().and_then(|int| int.as_str().parse().ok());
                match number {
                    Some(number) => _ = values.insert(code.to_owned(), number),
                    None => problems.add(value.span().start, "a limit is a whole number"),
                }
            }
        }
        node.finish(problems);
        Some((path?, values))
    });
    (fixed.is_some() || by.is_some()).then_some(Limit { fixed, by })
}

fn read_term(mut node: Node<'_, '_>, sum: bool, source: &Source<'_>, problems: &mut Problems<'_>) -> Option<Term> {
    let name = node.need_text("entity", problems)?;
    let Some(entity) = source.pack.entity_named(name.value) else {
        problems.add(name.at, format!("the pack has no entity `{}`", name.value));
        return None;
    };
    let of = node.text("of", problems).and_then(|text| source.path(text, problems));
    let target = match &of {
        None => source.code(),
        Some(Path { kind: FieldKind::Ref { entity }, hops, .. }) if hops.is_empty() => *entity,
        Some(_) => {
            problems.add(node.at(), "`of` has to be a reference of the subject");
            return None;
        }
    };
    let mut by = Vec::new();
    for text in node.need_texts("by", problems) {
        by.extend(references(text, entity, target, problems));
    }
    let value = match sum {
        true => node.need_text("value", problems).and_then(|t| Path::read(t, entity.code, source.pack, problems)),
        false => None,
    };
    let tests = Test::read_all(node.nodes("where", problems), entity.code, source.pack, problems);
    node.finish(problems);
    Some(Term { entity: entity.code, by, of: of.map(|path| path.field), value, tests })
}

/// The references that a name means: one, or all that begin with what stands before a star.
fn references(text: At<&str>, entity: &Entity, target: EntityCode, problems: &mut Problems<'_>) -> Vec<FieldName> {
    let fits = |name: &FieldName| match text.value.strip_suffix('*') {
        Some(prefix) => name.as_str().starts_with(prefix),
        None => name.as_str() == text.value,
    };
    let fields = entity.fields().iter().filter(|field| fits(&field.name));
    let found: Vec<FieldName> = fields
        .filter(|field| matches!(field.kind, FieldKind::Ref { entity } if entity == target))
        .map(|field| field.name.clone())
        .collect();
    if found.is_empty() {
        problems.add(text.at, format!("`{}` of `{}` is no reference to the subject", text.value, entity.name));
    }
    found
}
