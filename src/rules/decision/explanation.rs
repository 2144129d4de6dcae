//! Why a rule was decided against: the clauses, and the values they were decided on.

use bson::Bson;

use super::super::blame::Blame;
use super::super::expression::{Kind, Node};
use super::super::value::{Value, shown};
use super::{Evaluation, Reason};

impl Blame for Evaluation<'_, '_> {
    fn holds(&mut self, node: &Node) -> bool {
        self.value(node).is_ok_and(|value| value.is_true())
    }

    fn accuse(&mut self, clause: &Node) {
        let (because, text) = (self.because(clause), self.rule.source(clause).to_owned());
        self.decision.reasons.push(Reason { span: clause.span.clone(), clause: text, because });
    }

    fn field(&mut self, operand: &Node) -> Option<String> {
        match self.operand(operand) {
            Ok(Value::Field(path)) => Some(path),
            _ => None,
        }
    }

    fn wanted(&mut self, operand: &Node) -> Option<Bson> {
        match self.operand(operand) {
            // An id that the caller lacks is nobody's: no condition helps.
            Ok(Value::Known(Bson::Undefined)) => None,
            Ok(Value::Known(value)) => Some(operand.own_id().unwrap_or(value)),
            _ => None,
        }
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
            let source = self.rule.source(operand);
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
