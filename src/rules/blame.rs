//! What stands in the way of a rule: its clauses, and the conditions on a query that would help.

use bson::{Bson, Document};

use super::expression::{Comparison, Kind, Node};

/// A way to judge the parts of a rule.
pub(super) trait Blame {
    /// Tells whether a part does not stand in the way.
    fn holds(&mut self, node: &Node) -> bool;

    /// Notes a clause that does.
    fn accuse(&mut self, clause: &Node);

    /// Returns the condition that would make a clause true.
    fn helping(&mut self, clause: &Node) -> Option<Document>;

    /// Accuses the clauses that stand in the way of a node, and returns the conditions that would make it true.
    fn blame(&mut self, node: &Node) -> Option<Document> {
        if self.holds(node) {
            return Some(Document::new());
        }
        match &node.kind {
            Kind::And(left, right) => {
                let (left, right) = (self.blame(left), self.blame(right));
                let mut all = left?;
                all.extend(right?);
                Some(all)
            }
            Kind::Or(left, right) => {
                let (left, right) = (self.blame(left), self.blame(right));
                left.or(right)
            }
            _ => {
                self.accuse(node);
                self.helping(node)
            }
        }
    }
}

/// Returns the condition of a query that a field stands so to a value; without a comparison the value is a list of those
/// it may be.
pub(super) fn condition(comparison: Option<Comparison>, wanted: Bson) -> Bson {
    let operator = match comparison {
        Some(Comparison::Equal) => return wanted,
        Some(Comparison::Unequal) => "$ne",
        Some(Comparison::Less) => "$lt",
        Some(Comparison::LessOrEqual) => "$lte",
        Some(Comparison::Greater) => "$gt",
        Some(Comparison::GreaterOrEqual) => "$gte",
        None => "$in",
    };
    Bson::Document(bson::doc! { operator: wanted })
}
