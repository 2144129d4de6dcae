//! Why a rule was decided against: the clauses, and the values they were decided on.

use bson::{Bson, Document};

use super::super::blame::{Blame, condition};
use super::super::expression::{Comparison, Kind, Node};
use super::super::value::{Value, shown};
use super::{Evaluation, Reason};

impl Blame for Evaluation<'_, '_> {
    fn holds(&mut self, node: &Node) -> bool {
        self.value(node).is_ok_and(|value| value.is_true())
    }

    fn accuse(&mut self, clause: &Node) {
        let because = self.because(clause);
        let text = self.rule.text.get(clause.span.clone()).unwrap_or_default().to_owned();
        self.decision.reasons.push(Reason { span: clause.span.clone(), clause: text, because });
    }

    fn helping(&mut self, clause: &Node) -> Option<Document> {
        let (comparison, left, right) = match &clause.kind {
            Kind::Compare(comparison, left, right) => (Some(*comparison), left, right),
            Kind::In(left, right) => (None, left, right),
            _ => return None,
        };
        let (left_value, right_value) = (self.operand(left).ok()?, self.operand(right).ok()?);
        let (path, wanted, other, comparison) = match (left_value, right_value) {
            (Value::Field(path), Value::Known(wanted)) => (path, wanted, right, comparison),
            (Value::Known(wanted), Value::Field(path)) => {
                // An item of a field that is a list is asked for as if it were the field's value.
                (path, wanted, left, Some(comparison.map_or(Comparison::Equal, Comparison::mirrored)))
            }
            _ => return None,
        };
        // An id that the caller lacks is nobody's: no condition helps.
        if wanted == Bson::Undefined {
            return None;
        }
        let wanted = other.own_id().unwrap_or(wanted);
        Some(Document::from_iter([(path, condition(comparison, wanted))]))
    }
}

impl Evaluation<'_, '_> {
    /// Tells the values that a clause was decided on.
    fn because(&mut self, node: &Node) -> Vec<String> {
        let operands = match &node.kind {
            Kind::Compare(_, left, right) | Kind::In(left, right) => vec![&**left, &**right],
            Kind::Not(inner) => vec![&**inner],
            _ => vec![node],
        };
        let mut because = Vec::new();
        for operand in operands {
            if matches!(operand.kind, Kind::Literal(_) | Kind::List(_)) {
                continue;
            }
            let source = self.rule.text.get(operand.span.clone()).unwrap_or_default().to_owned();
            because.push(match self.operand(operand) {
                Ok(Value::Known(value)) => format!("`{source}` is {}", shown(&value)),
                Ok(Value::Field(path)) if self.branch.of(&path).is_none() => {
                    format!("the query says nothing about `{path}`")
                }
                Ok(Value::Field(path)) => format!("the query does not say enough about `{path}`"),
                Ok(Value::Maybe | Value::Unknown) => format!("`{source}` is not known from the query"),
                Err(trouble) => trouble,
            });
        }
        because
    }
}
