//! An emulator without a wire: who may do what, as tables.

mod documents;
mod files;
mod leaks;

use std::path::Path;

use bson::{DateTime, Document, doc};
use tempfile::TempDir;

use crate::api::data::Failure;
use crate::api::data::database::QueryType;
use crate::docdb::Durability;
use crate::docdb::query::Query;
use crate::emulator::Emulator;
use crate::emulator::access::documents::Documents;
use crate::emulator::config::{Config, Outward, Quota};
use crate::emulator::database::{Change, Selection};
use crate::emulator::environment::Shared;
use crate::emulator::event::Event;
use crate::emulator::permissions::Resource;
use crate::emulator::principal::{Login, Principal, User};
use crate::model::clock::{Clock, Ids};
use crate::model::permission::Permission;
use crate::project::{Options, Project};

/// A started emulator, with collections `things` and `rooms`.
struct Stage {
    emulator: Emulator,
    _folder: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let emulator = Emulator::start(config(folder.path())).await.expect("an emulator");
        let stage = Stage { emulator, _folder: folder };
        for name in ["things", "rooms", "secrets"] {
            stage.environment().database.create_collection(name).expect("a collection");
        }
        stage
    }

    fn environment(&self) -> &Shared {
        self.emulator.environment()
    }

    fn permit(&self, resource: &Resource, permission: &str) {
        let permission = permission_of(permission);
        self.environment().permissions.set(resource, Some(&permission)).expect("written");
    }

    /// Returns the documents as somebody sees them.
    fn of(&self, who: &str) -> Documents {
        Documents::new(self.environment(), &principal(who))
    }

    /// Puts these documents in place of those that are there.
    fn fill(&self, collection: &str, documents: &[Document]) {
        let database = &self.environment().database;
        let all = Selection { collection: collection.into(), filter: doc! {}, transaction: None };
        database.remove(&all, true).expect("removed");
        database.insert(collection, None, documents.to_vec()).expect("inserted");
    }
}

fn permission_of(text: &str) -> Permission {
    Permission::preset(text).unwrap_or_else(|| Permission::Custom(text.to_owned()))
}

/// People by name: `alice` and `bob` use the mini program, `guest` is an anonymous and `carla` a named user of a web page.
fn principal(who: &str) -> Principal {
    let user = |uid: Option<&str>, openid: Option<&str>, login| {
        Principal::Client(Some(User {
            uid: uid.map(str::to_owned),
            openid: openid.map(str::to_owned),
            unionid: None,
            login,
        }))
    };
    match who {
        "admin" => Principal::Admin,
        "nobody" => Principal::Client(None),
        "guest" => user(Some("guest"), None, Some(Login::Anonymous)),
        "carla" => user(Some("carla"), None, Some(Login::Username)),
        who => user(None, Some(who), None),
    }
}

fn query(filter: Document) -> Query {
    let empty = Document::new;
    Query { filter, sort: empty(), skip: 0, limit: None, projection: empty(), now: DateTime::from_millis(0) }
}

fn selection(filter: Document) -> Selection {
    Selection { collection: "things".into(), filter, transaction: None }
}

fn set(update: Document, multi: bool) -> Change {
    Change { update, multi, merge: true, upsert: false }
}

pub(in crate::emulator) fn config(folder: &Path) -> Config {
    let options = Options { directory: folder.to_owned(), ..Options::default() };
    Config {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        port: 0,
        env_id: "local".parse().expect("a good id"),
        region: "ap-shanghai".into(),
        app_id: "wx1".into(),
        data: folder.join(".cloudkit/data"),
        durability: Durability::Ephemeral,
        strict: None,
        quota: Quota::FREE,
        enforce_quota: false,
        project: Project::load(&options).expect("a good project").into(),
        seed: None,
        outward: Outward::Open,
        intercept: None,
        https: None,
        shared_modules: None,
        secret_id: "AKIDlocal".into(),
        secret_key: "key".into(),
        inspect: None,
        cold_start: None,
        inherited: Vec::new(),
        clock: Clock::default(),
        ids: Ids::default(),
    }
}
