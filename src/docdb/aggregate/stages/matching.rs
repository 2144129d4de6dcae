//! `$match`: the filter of queries, with the variables of an enclosing `$lookup` in its `$expr`.

use bson::{Bson, DateTime, Document};

use super::{Documents, Stage, refused};
use crate::docdb::aggregate::Context;
use crate::docdb::aggregate::expression::{Expression, Names, Scope, Value, is_true};
use crate::docdb::filter::{Condition, Filter};
use crate::docdb::{Error, Result};

struct Match {
    filter: Document,
    names: Names,
}

pub(super) fn parse(specification: &Bson, names: &Names) -> Result<Box<dyn Stage>> {
    let Bson::Document(filter) = specification else {
        return Err(Error::invalid(15959, "`$match` takes an object"));
    };
    if let Some(operator) = misplaced(filter) {
        return Err(refused("$match", &format!("does not take `{operator}`")));
    }
    let stage = Match { filter: filter.clone(), names: names.clone() };
    // The filter is parsed again with each run's time and variables; here only to be refused early.
    stage.filter(DateTime::from_millis(0), &[])?;
    Ok(Box::new(stage))
}

/// Returns an operator that has no meaning inside a pipeline.
fn misplaced(filter: &Document) -> Option<&str> {
    filter.iter().find_map(|(name, value)| match (name.as_str(), value) {
        ("$where" | "$near" | "$nearSphere", _) => Some(name.as_str()),
        ("$expr", _) => None,
        (_, Bson::Document(inner)) => misplaced(inner),
        (_, Bson::Array(items)) => items.iter().filter_map(Bson::as_document).find_map(misplaced),
        _ => None,
    })
}

impl Match {
    fn filter(&self, now: DateTime, variables: &[(String, Value)]) -> Result<Filter> {
        Filter::parse_with(&self.filter, &|source| {
            let expression = Expression::parse_in(source, &self.names)?;
            let variables = variables.to_vec();
            Ok(Condition::new(move |document| {
                Ok(is_true(&expression.value(&Scope::new(document, now, &variables))?))
            }))
        })
    }
}

impl Stage for Match {
    fn run<'a>(&'a self, input: Documents<'a>, ctx: &'a Context<'a>) -> Result<Documents<'a>> {
        let filter = self.filter(ctx.now, &ctx.variables)?;
        Ok(Box::new(input.filter_map(move |document| {
            let matches = |document| filter.matches(&document).map(|it| it.then_some(document));
            document.and_then(matches).transpose()
        })))
    }
}
