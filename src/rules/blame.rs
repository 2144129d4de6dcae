//! What stands in the way of a rule: its clauses, and the conditions on a query that would help.

use bson::{Bson, Document};

use super::expression::{Comparison, Kind, Node};

/// A way to judge the parts of a rule.
pub(super) trait Blame {
    /// Tells whether a part does not stand in the way.
    fn holds(&mut self, node: &Node) -> bool;

    /// Notes a clause that does.
    fn accuse(&mut self, clause: &Node);

    /// Returns the path of the stored field that an operand is.
    fn field(&mut self, operand: &Node) -> Option<String>;

    /// Returns what a field would have to be compared with: the value of an operand, or the id that it stands for.
    fn wanted(&mut self, operand: &Node) -> Option<Bson>;

    /// Returns the condition that would make a clause true.
    fn helping(&mut self, clause: &Node) -> Option<Document> {
        let (comparison, left, right) = match &clause.kind {
            Kind::Compare(comparison, left, right) => (Some(*comparison), left, right),
            Kind::In(left, right) => (None, left, right),
            _ => return None,
        };
        if let Some(path) = self.field(left) {
            return Some(Document::from_iter([(path, condition(comparison, self.wanted(right)?))]));
        }
        // An item of a field that is a list is asked for as if it were the field's value.
        let comparison = comparison.map_or(Comparison::Equal, Comparison::mirrored);
        let path = self.field(right)?;
        Some(Document::from_iter([(path, condition(Some(comparison), self.wanted(left)?))]))
    }

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
