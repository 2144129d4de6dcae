//! Pipelines of clients: judged on their first `$match`, and kept out of collections the caller may not read whole.

use bson::{Bson, Document, doc};

use super::filter::also;
use super::judge::Asked;
use super::{Documents, Result};
use crate::api::data::Failure;
use crate::emulator::principal::User;
use crate::rules::Operation;

/// How deep pipelines nest at most; the engine refuses less.
const DEEPEST: usize = 32;

impl Documents {
    /// Puts what a permission adds at a pipeline's head.
    ///
    /// # Errors
    /// The permission of its collection, or of another that it reads, denies it.
    pub(super) fn confine(
        &self,
        user: Option<&User>,
        collection: &str,
        pipeline: &mut Vec<Document>,
    ) -> Result<()> {
        let asked = Asked { user, collection, operation: Operation::Read, payload: None };
        match pipeline.first_mut().filter(|stage| stage.len() == 1) {
            Some(stage) if matches!(stage.get("$match"), Some(Bson::Document(_))) => {
                if let Some(Bson::Document(filter)) = stage.get_mut("$match") {
                    self.fill(user, filter);
                    *filter = self.within(&asked, std::mem::take(filter))?;
                }
            }
            // A search by distance is the first stage, or none.
            Some(stage) if matches!(stage.get("$geoNear"), Some(Bson::Document(_))) => {
                let condition = self.within(&asked, Document::new())?;
                if let Some(Bson::Document(near)) =
                    stage.get_mut("$geoNear").filter(|_| !condition.is_empty())
                {
                    let own = near.get_document("query").cloned().unwrap_or_default();
                    near.insert("query", also(own, condition));
                }
            }
            _ => {
                let condition = self.within(&asked, Document::new())?;
                if !condition.is_empty() {
                    pipeline.insert(0, doc! { "$match": condition });
                }
            }
        }
        let mut foreign = Vec::new();
        collect_foreign(pipeline, DEEPEST, &mut foreign)?;
        foreign.into_iter().try_for_each(|other| self.whole(user, &other))
    }

    /// Refuses a collection of which the caller may not read every document.
    fn whole(&self, user: Option<&User>, collection: &str) -> Result<()> {
        let asked = Asked { user, collection, operation: Operation::Read, payload: None };
        let condition = self.within(&asked, Document::new())?;
        if condition.is_empty() {
            return Ok(());
        }
        let why = "another collection is joined only where all of it may be read";
        Err(self.deny_plainly(user, collection, Operation::Read, why))
    }
}

/// Collects the collections that stages read besides their own, at every depth.
fn collect_foreign(pipeline: &[Document], depth: usize, found: &mut Vec<String>) -> Result<()> {
    if depth == 0 {
        return Err(Failure::parameter("the pipelines nest too deep"));
    }
    for (name, argument) in pipeline.iter().flatten() {
        match (name.as_str(), argument) {
            ("$unionWith", Bson::String(collection)) => found.push(collection.clone()),
            ("$lookup" | "$graphLookup" | "$unionWith", Bson::Document(fields)) => {
                let names = ["from", "coll"].into_iter().filter_map(|key| fields.get_str(key).ok());
                found.extend(names.map(str::to_owned));
                collect_nested(fields.get("pipeline"), depth, found)?;
            }
            ("$facet", Bson::Document(facets)) => {
                facets.values().try_for_each(|facet| collect_nested(Some(facet), depth, found))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn collect_nested(pipeline: Option<&Bson>, depth: usize, found: &mut Vec<String>) -> Result<()> {
    let stages = pipeline.and_then(Bson::as_array).into_iter().flatten();
    let stages: Vec<Document> = stages.filter_map(Bson::as_document).cloned().collect();
    collect_foreign(&stages, depth - 1, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_collection_a_pipeline_reads_is_found() {
        let pipeline = [
            doc! { "$match": { "from": "no" } },
            doc! { "$lookup": { "from": "a", "as": "x", "pipeline": [{ "$unionWith": { "coll": "b" } }] } },
            doc! { "$facet": { "one": [{ "$unionWith": "c" }], "two": [{ "$graphLookup": { "from": "d" } }] } },
        ];
        let mut found = Vec::new();
        collect_foreign(&pipeline, DEEPEST, &mut found).expect("not deep");
        assert_eq!(found, ["a", "b", "c", "d"]);
    }
}
