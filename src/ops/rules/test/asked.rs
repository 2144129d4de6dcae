//! What a row of the table asks for, ready to be decided.

use bson::Document;
use serde_json::Value;

use super::file::{File, Row, document, unknown};
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::permission::Permission;
use crate::model::text::Text;
use crate::rules::Operation;
use crate::rules::payload::{Payload, writes_owner};
use crate::rules::query::{Query, fill};
use crate::text;

/// What a row is about.
pub(super) enum Asked<'a> {
    Documents(&'a str, Operation, Value),
    File { path: &'a str, written: bool },
    Call(&'a str),
}

impl<'a> Asked<'a> {
    /// Reads the one operation of a row.
    pub fn of(row: &'a Row) -> Result<Self> {
        let by_id_or_query = [
            row.read.clone().map(|it| (Operation::Read, it)),
            row.create.clone().map(|it| (Operation::Create, Value::Object(it))),
            row.update.clone().map(|it| (Operation::Update, it)),
            row.delete.clone().map(|it| (Operation::Delete, it)),
        ];
        let collection = row.collection.as_deref();
        let of_documents = by_id_or_query
            .into_iter()
            .flatten()
            .map(|(operation, value)| Some(Asked::Documents(collection?, operation, value)));
        let of_others = [
            row.download.as_deref().map(|path| Asked::File { path, written: false }),
            row.upload.as_deref().map(|path| Asked::File { path, written: true }),
            row.call.as_deref().map(Asked::Call),
        ];
        let of_others = of_others.into_iter().flatten().map(|it| Some(it).filter(|_| collection.is_none()));
        let mut asked: Vec<Option<Asked<'a>>> = of_documents.chain(of_others).collect();
        match (asked.pop().flatten(), asked.is_empty()) {
            (Some(asked), true) => Ok(asked),
            _ => Err(Error::new(
                Kind::Usage,
                text! {
                    en: "a test has a `collection` with one of `read`, `create`, `update` and `delete`, or one of `download`, `upload` and `call`",
                    zh: "每个测试须有 `collection` 以及 `read`、`create`、`update`、`delete` 之一，或有 `download`、`upload`、`call` 之一"
                },
            )),
        }
    }

    /// Returns the name that a test without one has.
    pub fn described(&self, row: &Row) -> String {
        let who = row.r#as.as_deref().unwrap_or("nobody");
        match self {
            Asked::Documents(collection, Operation::Create, _) => format!("{who} create {collection}"),
            Asked::Documents(collection, operation, what) => {
                format!("{who} {} {collection} {what}", operation.name())
            }
            Asked::File { path, written: false } => format!("{who} download {path}"),
            Asked::File { path, written: true } => format!("{who} upload {path}"),
            Asked::Call(function) => format!("{who} call {function}"),
        }
    }
}

/// What a rule is asked about documents.
pub(super) struct Wish {
    pub target: Target,
    pub data: Option<Payload>,
    /// Whether the client sets what only the service may.
    pub forges: bool,
}

pub(super) enum Target {
    Document(Option<Document>),
    Query(Query),
}

impl Wish {
    pub fn of(
        (collection, operation, value): (&str, Operation, Value),
        row: &Row,
        file: &File,
        (auth, now): (Option<&Document>, Millis),
        permission: &Permission,
    ) -> Result<Self> {
        let own = auth.and_then(|auth| auth.get_str("openid").or_else(|_| auth.get_str("uid")).ok());
        let data = row.data.as_ref().map(|data| document(data, now)).transpose()?;
        let forges = data.as_ref().is_some_and(writes_owner);
        let data = data.as_ref().map(Payload::of_update);
        Ok(match (operation, value) {
            (Operation::Create, Value::Object(fields)) => {
                let mut created = document(&fields, now)?;
                let forges = writes_owner(&created);
                if let Some(own) = own {
                    created.insert("_openid", own);
                }
                let data = Some(Payload::of_document(created.clone()));
                Wish { target: Target::Document(Some(created)), data, forges }
            }
            (_, Value::String(id)) => {
                let found = file.stored(collection, &id, now)?.ok_or_else(|| {
                    unknown(
                        &id,
                        file.ids(collection),
                        text! { en: "there is no document `{id}` in `data`", zh: "`data` 中没有文档 `{id}`" },
                    )
                })?;
                Wish { target: Target::Document(Some(found)), data, forges }
            }
            (_, Value::Object(fields)) => {
                let mut filter = document(&fields, now)?;
                let identity = |name| auth.and_then(|auth| auth.get_str(name).ok());
                fill(&mut filter, identity("openid"), identity("uid"));
                // A preset stands for a condition that the service adds.
                if permission.rule().is_none()
                    && let Some(own) = own
                {
                    filter = bson::doc! { "$and": [filter, { "_openid": own }] };
                }
                let query = Query::of(&filter)
                    .map_err(|error| Error::new(Kind::Usage, Text::same(error.to_string())))?;
                Wish { target: Target::Query(query), data, forges }
            }
            _ => {
                return Err(Error::new(
                    Kind::Usage,
                    text! { en: "what is asked for is an id or a query", zh: "须给出文档 ID 或查询条件" },
                ));
            }
        })
    }
}
