//! Expressions over one record, in a small part of CEL.
//!
//! The engine has neither a type check nor a cost limit, so an expression is measured before it is parsed, and its
//! parsed tree is walked by our own check of names and types. What the walker does not know, it refuses.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};
use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::{Context, IdedExpr, Program};
use selaras_model::{Date, Entity, FieldKind, FieldName, Pack, Record, Value};

/// The longest expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 500;
/// Most nodes of an expression's tree.
pub const MAX_EXPRESSION_NODES: usize = 64;
/// Deepest nesting of brackets, and longest run of signs, before parsing.
const MAX_DEPTH: usize = 12;
/// Most levels of the tree, so that neither our walk nor the engine's overflows a stack.
const MAX_TREE_DEPTH: usize = 24;

/// The one context with the standard functions; a record's values come through a resolver.
static CONTEXT: LazyLock<Context<'static, 'static>> = LazyLock::new(Context::default);

/// A checked expression; it holds when it is true.
pub(crate) struct Expression {
    program: Arc<Program>,
    /// Fields whose emptiness leaves nothing to judge: numbers and dates.
    strict: Vec<FieldName>,
    pub(crate) uses_today: bool,
    /// Whether passing time can only turn it from false to true.
    pub(crate) clears: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Kind {
    Bool,
    Int,
    Text,
    List(Box<Kind>),
}

/// Whether a node's truth goes with the whole's, so that `x <= today` can only clear.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    With,
    Unknown,
}

impl Expression {
    /// Checks an expression over an entity; every problem is given.
    pub(crate) fn read(text: &str, entity: &Entity) -> Result<Self, Vec<String>> {
        if text.len() > MAX_EXPRESSION_BYTES {
            return Err(vec![format!("an expression has at most {MAX_EXPRESSION_BYTES} bytes")]);
        }
        if nesting(text) > MAX_DEPTH {
            return Err(vec![format!("an expression is nested at most {MAX_DEPTH} deep")]);
        }
        let program = Program::compile(text).map_err(|_| vec!["the expression cannot be parsed".to_owned()])?;
        let mut walk =
            Walk { entity, names: BTreeSet::new(), today: false, clears: true, nodes: 0, problems: Vec::new() };
        let kind = walk.kind(program.expression(), Sign::With, 0);
        if walk.problems.is_empty() && kind != Some(Kind::Bool) {
            walk.problems.push("an expression has to say true or false".to_owned());
        }
        if !walk.problems.is_empty() {
            return Err(walk.problems);
        }
        let strict = walk.names.iter().filter(|name| {
            let kind = entity.field(name).map(|field| &field.kind);
            matches!(kind, Some(FieldKind::Int | FieldKind::Decimal { .. } | FieldKind::Date))
        });
        let strict = strict.cloned().collect();
        Ok(Self { program: Arc::new(program), strict, uses_today: walk.today, clears: walk.clears })
    }

    /// Says whether it holds of a record; a record without a number or date that it names is not judged. What cannot be
    /// computed (an overflow) does not hold.
    pub(crate) fn holds(&self, record: &Record, pack: &Pack, date: Date) -> bool {
        if self.strict.iter().any(|name| *record.get(name) == Value::Null) {
            return true;
        }
        let values = Values { record, pack, date };
        let mut context = CONTEXT.new_inner_scope();
        context.set_variable_resolver(&values);
        matches!(self.program.execute(&context), Ok(cel::Value::Bool(true)))
    }
}

struct Values<'a> {
    record: &'a Record,
    pack: &'a Pack,
    date: Date,
}

impl VariableResolver for Values<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let int = |number: i64| Some(CowVal::owned(CelInt::from(number)));
        match variable {
            "today" => return int(i64::from(self.date.days_since_epoch())),
            "semester_start" => return int(i64::from(self.pack.semester_start().days_since_epoch())),
            _ => {}
        }
        match self.record.get(variable) {
            Value::Int(number) | Value::Decimal(number) => int(*number),
            Value::Date(date) => int(i64::from(date.days_since_epoch())),
            Value::Bool(yes) => Some(CowVal::owned(CelBool::from(*yes))),
            Value::Text(text) | Value::Code(text) => Some(CowVal::owned(CelString::from(text.as_str()))),
            Value::Ref(id) => Some(CowVal::owned(CelString::from(id.to_string()))),
            Value::Null => match &self.pack.field(self.record.entity, variable)?.kind {
                FieldKind::Bool => Some(CowVal::owned(CelBool::from(false))),
                _ => Some(CowVal::owned(CelString::from(""))),
            },
        }
    }
}

/// The deepest nesting of brackets, or the longest run of signs and question marks, outside texts.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest, mut run, mut quote, mut choices) = (0_usize, 0_usize, 0_usize, None, 0_usize);
    for character in text.chars() {
        if let Some(open) = quote {
            if character == open {
                quote = None;
            }
            continue;
        }
        match character {
            '"' | '\'' => quote = Some(character),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '?' => choices += 1,
            _ => {}
        }
        run = match character {
            '!' | '-' => run + 1,
            ' ' => run,
            _ => 0,
        };
        deepest = deepest.max(depth).max(run).max(choices);
    }
    deepest
}

struct Walk<'a> {
    entity: &'a Entity,
    names: BTreeSet<FieldName>,
    today: bool,
    clears: bool,
    nodes: usize,
    problems: Vec<String>,
}

impl Walk<'_> {
    fn refuse(&mut self, problem: impl Into<String>) -> Option<Kind> {
        self.problems.push(problem.into());
        None
    }

    fn kind(&mut self, node: &IdedExpr, sign: Sign, depth: usize) -> Option<Kind> {
        self.nodes += 1;
        if self.nodes == MAX_EXPRESSION_NODES + 1 {
            self.refuse(format!("an expression has at most {MAX_EXPRESSION_NODES} nodes"));
        }
        if self.nodes > MAX_EXPRESSION_NODES {
            return None;
        }
        if depth > MAX_TREE_DEPTH {
            return self.refuse(format!("an expression's tree is at most {MAX_TREE_DEPTH} deep"));
        }
        match &node.expr {
            Expr::Literal(LiteralValue::Boolean(_)) => Some(Kind::Bool),
            Expr::Literal(LiteralValue::Int(_)) => Some(Kind::Int),
            Expr::Literal(LiteralValue::String(_)) => Some(Kind::Text),
            Expr::Literal(_) => self.refuse("only true, false, whole numbers and texts may be written"),
            Expr::Ident(name) => self.name(name),
            Expr::Call(call) => self.call(call, sign, depth),
            Expr::List(list) => self.list(list.elements.as_slice(), depth),
            Expr::Comprehension(_) => self.refuse("macros are not allowed"),
            Expr::Select(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                self.refuse("macros, maps and members are not allowed")
            }
        }
    }

    fn name(&mut self, name: &str) -> Option<Kind> {
        match name {
            "today" => {
                self.today = true;
                self.clears = false;
                return Some(Kind::Int);
            }
            "semester_start" => return Some(Kind::Int),
            _ => {}
        }
        let Some(field) = self.entity.field(name) else {
            return self.refuse(format!("`{}` has no field `{name}`", self.entity.name));
        };
        self.names.insert(field.name.clone());
        Some(match field.kind {
            FieldKind::Text { .. } | FieldKind::Code { .. } | FieldKind::Ref { .. } => Kind::Text,
            FieldKind::Int | FieldKind::Decimal { .. } | FieldKind::Date => Kind::Int,
            FieldKind::Bool => Kind::Bool,
        })
    }

    fn list(&mut self, elements: &[IdedExpr], depth: usize) -> Option<Kind> {
        let mut kinds: Vec<Kind> =
            elements.iter().filter_map(|item| self.kind(item, Sign::Unknown, depth + 1)).collect();
        kinds.dedup();
        match kinds.as_slice() {
            [one] => Some(Kind::List(Box::new(one.clone()))),
            _ => self.refuse("a list holds values of one type"),
        }
    }

    fn call(&mut self, call: &CallExpr, sign: Sign, depth: usize) -> Option<Kind> {
        let name = call.func_name.as_str();
        if self.is_clearing(call, sign) {
            let clears = self.clears;
            let kinds: Vec<_> = call.args.iter().map(|arg| self.kind(arg, Sign::Unknown, depth + 1)).collect();
            self.clears = clears;
            return if kinds == [Some(Kind::Int), Some(Kind::Int)] { Some(Kind::Bool) } else { self.wrong(name) };
        }
        let through = matches!(name, operators::LOGICAL_AND | operators::LOGICAL_OR);
        let inner = if through { sign } else { Sign::Unknown };
        let mut kinds = Vec::new();
        for node in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
            kinds.push(self.kind(node, inner, depth + 1)?);
        }
        let result = result_of(name, call.target.is_some(), &kinds);
        if result.is_none() { self.wrong(name) } else { result }
    }

    fn wrong(&mut self, name: &str) -> Option<Kind> {
        self.refuse(format!("`{name}` is not allowed here, or not with values of these types"))
    }

    /// `x <= today` with `x` free of today, where its truth goes with the whole's.
    fn is_clearing(&self, call: &CallExpr, sign: Sign) -> bool {
        let today =
            |node: Option<&IdedExpr>| matches!(node.map(|node| &node.expr), Some(Expr::Ident(name)) if name == "today");
        let plain =
            |node: Option<&IdedExpr>| matches!(node.map(|node| &node.expr), Some(Expr::Ident(name)) if name != "today");
        let (first, second) = (call.args.first(), call.args.get(1));
        sign == Sign::With
            && match call.func_name.as_str() {
                operators::LESS | operators::LESS_EQUALS => plain(first) && today(second),
                operators::GREATER | operators::GREATER_EQUALS => today(first) && plain(second),
                _ => false,
            }
    }
}

/// The type of a call, or nothing for a function or types that are not allowed.
fn result_of(name: &str, member: bool, kinds: &[Kind]) -> Option<Kind> {
    use operators as op;
    match (name, member, kinds) {
        (op::LOGICAL_AND | op::LOGICAL_OR, false, [Kind::Bool, Kind::Bool]) => Some(Kind::Bool),
        (op::LOGICAL_NOT, false, [Kind::Bool]) => Some(Kind::Bool),
        (op::EQUALS | op::NOT_EQUALS, false, [left, right]) if left == right => Some(Kind::Bool),
        (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, false, [left, right])
            if left == right && matches!(left, Kind::Int | Kind::Text) =>
        {
            Some(Kind::Bool)
        }
        (op::ADD | op::SUBSTRACT | op::MULTIPLY, false, [Kind::Int, Kind::Int]) => Some(Kind::Int),
        (op::NEGATE, false, [Kind::Int]) => Some(Kind::Int),
        (op::IN, false, [item, Kind::List(of)]) if item == of.as_ref() => Some(Kind::Bool),
        (op::CONDITIONAL, false, [Kind::Bool, left, right]) if left == right => Some(left.clone()),
        ("size", _, [Kind::Text]) => Some(Kind::Int),
        ("startsWith" | "endsWith" | "contains", true, [Kind::Text, Kind::Text]) => Some(Kind::Bool),
        _ => None,
    }
}
