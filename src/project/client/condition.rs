//! Conditions of queries, from the words of a script: values that the text does not tell stay open.

use bson::{Bson, Document};
use swc_ecma_ast::{Expr, ExprOrSpread, Lit, ObjectLit, Prop, PropName, PropOrSpread, UnaryOp};

use super::calls::{Chain, bare};
use crate::rules::query::OPEN;

/// Knows what `_` is.
pub(super) trait Commands {
    /// Whether something is the database's `command`.
    fn is_command(&self, base: &Expr) -> bool;
}

/// Operators of a field by their names in the SDKs.
const OPERATORS: [(&str, &str); 8] = [
    ("eq", "$eq"),
    ("neq", "$ne"),
    ("gt", "$gt"),
    ("gte", "$gte"),
    ("lt", "$lt"),
    ("lte", "$lte"),
    ("in", "$in"),
    ("nin", "$nin"),
];

/// Operators that say nothing to a rule, whatever their operand is.
const SILENT: [&str; 7] = ["exists", "mod", "all", "elemMatch", "size", "geoWithin", "geoIntersects"];

/// Returns a filter; `None`: the text does not tell which fields it is about.
pub(super) fn filter(expression: &Expr, commands: &impl Commands) -> Option<Document> {
    match bare(expression) {
        Expr::Object(object) => fields(object, commands),
        call @ Expr::Call(_) => {
            let chain = Chain::of(call)?;
            let ([link], true) = (&chain.links[..], commands.is_command(chain.base)) else { return None };
            let operator = match link.name {
                "and" => "$and",
                "or" => "$or",
                _ => return None,
            };
            let parts =
                operands(link.args)?.into_iter().map(|part| filter(part, commands).map(Bson::Document));
            let parts: Vec<Bson> = parts.collect::<Option<_>>()?;
            (!parts.is_empty()).then(|| Document::from_iter([(operator.to_owned(), Bson::Array(parts))]))
        }
        _ => None,
    }
}

/// Returns a text that is written as one.
pub(super) fn text(expression: &Expr) -> Option<String> {
    match bare(expression) {
        Expr::Lit(Lit::Str(text)) => text.value.as_str().map(str::to_owned),
        Expr::Tpl(template) if template.exprs.is_empty() => match &template.quasis[..] {
            [only] => only.cooked.as_ref()?.as_str().map(str::to_owned),
            _ => None,
        },
        _ => None,
    }
}

/// Returns what an operator is given, one by one or as one list.
fn operands(args: &[ExprOrSpread]) -> Option<Vec<&Expr>> {
    if let [ExprOrSpread { spread: None, expr }] = args
        && let Expr::Array(list) = bare(expr)
    {
        let item = |item: &'_ Option<ExprOrSpread>| item.as_ref().is_some_and(|item| item.spread.is_none());
        return list
            .elems
            .iter()
            .all(item)
            .then(|| list.elems.iter().flatten().map(|item| &*item.expr).collect());
    }
    args.iter().all(|arg| arg.spread.is_none()).then(|| args.iter().map(|arg| &*arg.expr).collect())
}

fn fields(object: &ObjectLit, commands: &impl Commands) -> Option<Document> {
    let mut fields = Document::new();
    for property in &object.props {
        let PropOrSpread::Prop(property) = property else { return None };
        let (name, value) = match &**property {
            Prop::Shorthand(name) => (name.sym.to_string(), OPEN),
            Prop::KeyValue(pair) => {
                let name = match &pair.key {
                    PropName::Ident(name) => name.sym.to_string(),
                    PropName::Str(name) => name.value.as_str()?.to_owned(),
                    PropName::Num(_) | PropName::Computed(_) | PropName::BigInt(_) => return None,
                };
                (name, value(&pair.value, commands))
            }
            _ => return None,
        };
        // A filter in the server's own words is not for this to read.
        if name.starts_with('$') {
            return None;
        }
        fields.insert(name, value);
    }
    Some(fields)
}

fn value(expression: &Expr, commands: &impl Commands) -> Bson {
    match bare(expression) {
        Expr::Lit(Lit::Num(number)) => Bson::Double(number.value),
        Expr::Lit(Lit::Bool(flag)) => Bson::Boolean(flag.value),
        Expr::Lit(Lit::Null(_)) => Bson::Null,
        // Which one it is says nothing to a rule.
        Expr::Lit(Lit::Regex(_)) => Bson::Document(silent()),
        Expr::Unary(minus) if minus.op == UnaryOp::Minus => match bare(&minus.arg) {
            Expr::Lit(Lit::Num(number)) => Bson::Double(-number.value),
            _ => OPEN,
        },
        Expr::Array(list) => {
            let items = list.elems.iter().map(|item| {
                let item = item.as_ref().filter(|item| item.spread.is_none())?;
                Some(value(&item.expr, commands)).filter(|item| !item.as_document().is_some_and(has_operator))
            });
            items.collect::<Option<_>>().map_or(OPEN, Bson::Array)
        }
        Expr::Object(object) => match fields(object, commands) {
            // Operators inside are written as paths by some SDKs.
            Some(inner) if !has_operator(&inner) => Bson::Document(inner),
            _ => OPEN,
        },
        call @ Expr::Call(_) => command(call, commands).map_or(OPEN, Bson::Document),
        other => text(other).map_or(OPEN, Bson::String),
    }
}

/// A condition that says nothing to a rule.
fn silent() -> Document {
    Document::from_iter([("$exists".to_owned(), Bson::Boolean(true))])
}

fn has_operator(document: &Document) -> bool {
    document
        .iter()
        .any(|(name, value)| name.starts_with('$') || value.as_document().is_some_and(has_operator))
}

/// Reads `_.gt(1).and(_.lt(5))`: the operators of one field.
fn command(call: &Expr, commands: &impl Commands) -> Option<Document> {
    let chain = Chain::of(call)?;
    if !commands.is_command(chain.base) {
        return None;
    }
    let mut operators = Document::new();
    for link in &chain.links {
        let more = match link.name {
            "and" => {
                let parts = operands(link.args)?.into_iter().map(|part| command(bare(part), commands));
                parts.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect()
            }
            name if SILENT.contains(&name) => silent(),
            name => {
                let (_, operator) = OPERATORS.iter().find(|(known, _)| *known == name)?;
                let [ExprOrSpread { spread: None, expr }] = link.args else { return None };
                Document::from_iter([((*operator).to_owned(), value(expr, commands))])
            }
        };
        for (operator, operand) in more {
            if operators.insert(operator, operand).is_some() {
                return None;
            }
        }
    }
    Some(operators)
}
