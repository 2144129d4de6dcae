//! What an environment begins with: collections, indexes and permissions of the manifest, then documents of a seed.
//!
//! What is there already stays: a collection with documents is not seeded again. A seed that fails or is cut short leaves
//! no document, so that the next start begins it anew. What a saved manifest declares anew comes into force while the
//! emulator runs.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bson::Document;

use super::database::{self, Database};
use super::environment::{Environment, Shared};
use super::event::{Event, tell};
use super::identity::Account;
use super::kept;
use super::permissions::Resource;
use crate::api::documents::Fault;
use crate::api::documents::reading::{Format, Reader};
use crate::docdb;
use crate::error::{Error, Kind, Result};
use crate::model::clock::Millis;
use crate::model::name::CollectionName;
use crate::model::text::Text;
use crate::project::manifest::{Collection, Manifest, TestUser};
use crate::text;

/// How many documents, and bytes of the file, are committed together at most.
const BATCH: usize = 5_000;
const BATCH_BYTES: u64 = 8 * 1024 * 1024;
const BUFFER: usize = 256 * 1024;

/// Makes what the manifest declares, and puts in the seed's documents.
///
/// # Errors
/// An index that the documents there contradict, or a seed that cannot be read.
pub(super) fn begin(environment: &Environment) -> Result<()> {
    let under_way = environment.data.seeding();
    uproot(&under_way, &environment.database)?;
    if let Some(manifest) = &environment.config.project.manifest {
        declare(&Manifest::default(), manifest, environment)?;
    }
    if let Some(seed) = &environment.config.seed {
        for file in files(seed)? {
            plant(&file, &environment.database, &under_way)?;
        }
    }
    Ok(())
}

/// Brings what a saved manifest declares into force, until the environment is gone.
pub(super) fn keep_up(environment: &Shared) {
    let mut manifests = environment.functions.manifest();
    let mut last = environment.config.project.manifest.clone().unwrap_or_default();
    let environment = Arc::downgrade(environment);
    tokio::spawn(async move {
        loop {
            let saved = manifests.borrow_and_update().clone().unwrap_or_default();
            let Some(environment) = environment.upgrade() else { return };
            // It writes files, and may read a whole collection for an index.
            let adopted = tokio::task::spawn_blocking(move || adopt(last, saved, &environment)).await;
            let Ok(manifest) = adopted else { return };
            last = manifest;
            if manifests.changed().await.is_err() {
                return;
            }
        }
    });
}

/// Carries out what a manifest declares beyond the last; returns the one that is in force.
fn adopt(last: Manifest, saved: Manifest, environment: &Environment) -> Manifest {
    match declare(&last, &saved, environment) {
        Ok(keys) => {
            if !keys.is_empty() {
                tell(&environment.events, Event::Declared { keys });
            }
            saved
        }
        // The next save tries again.
        Err(error) => {
            tell(&environment.events, Event::Warning(error.sentence()));
            last
        }
    }
}

/// Carries out what a manifest declares and another did not; returns the keys. What was taken out stays as it is.
fn declare(last: &Manifest, manifest: &Manifest, environment: &Environment) -> Result<Vec<String>> {
    let mut keys = Vec::new();
    for (name, collection) in &manifest.collections {
        if last.collections.get(name) == Some(collection) {
            continue;
        }
        let is_new = ensure(name, &environment.database)?;
        index(name, collection, is_new, &environment.database)?;
        if let Some(permission) = &collection.permission {
            permit(environment, Resource::Collection(name.to_string()), permission)?;
        }
        keys.push(format!("database.{name}"));
    }
    if let Some(permission) = manifest.storage.as_ref().filter(|it| last.storage.as_ref() != Some(it)) {
        permit(environment, Resource::Storage, permission)?;
        keys.push("storage".into());
    }
    let target = environment.config.project.options.environment.as_deref();
    let invoke = manifest.invoke_rules(target);
    if let Some(permission) = invoke.filter(|it| last.invoke_rules(target).as_ref() != Some(it)) {
        permit(environment, Resource::Functions, &permission)?;
        keys.push("functions.*.invoke".into());
    }
    for (name, user) in &manifest.users {
        if last.users.get(name) != Some(user) {
            introduce(name, user, environment)?;
            keys.push(format!("users.{name}"));
        }
    }
    Ok(keys)
}

/// Puts a test user into the directory.
fn introduce(name: &str, user: &TestUser, environment: &Environment) -> Result<()> {
    let TestUser { uid, password, openid, unionid, email, phone, custom_id, nickname } = user.clone();
    let mut account = Account::of(uid.as_deref().unwrap_or_default());
    account.username = Some(name.to_owned());
    (account.openid, account.unionid, account.custom_id) = (openid, unionid, custom_id);
    (account.email, account.phone, account.profile.name) = (email, phone, nickname);
    let declared = environment.identity.declare(account, password.as_deref());
    declared.map(drop).map_err(|refusal| {
        Error::new(
            Kind::Failed,
            text! { en: "the user `{name}` of cloudkit.toml cannot be made", zh: "无法创建 cloudkit.toml 中的用户 `{name}`" },
        )
        .source(&refusal)
        .hint(text! {
            en: "someone else of the data folder has a name of theirs; change one of the two, or start with `--ephemeral`",
            zh: "数据目录中的另一个用户占用了其名称；请修改其中之一，或用 `--ephemeral` 启动"
        })
    })
}

fn permit(
    environment: &Environment,
    resource: Resource,
    permission: &crate::model::permission::Permission,
) -> Result<()> {
    if environment.permissions.set_for(&resource).as_ref() == Some(permission) {
        return Ok(());
    }
    environment.permissions.set(&resource, Some(permission))
}

/// Makes a collection unless it exists; tells whether it made one.
fn ensure(name: &CollectionName, database: &Database) -> Result<bool> {
    match database.store().indexes(name.as_str()) {
        Ok(_) => Ok(false),
        Err(docdb::Error::CollectionNotFound { .. }) => match database.create_collection(name.as_str()) {
            Ok(()) => Ok(true),
            Err(failure) => Err(refused(name, &failure.message)),
        },
        Err(error) => Err(refused(name, &error.to_string())),
    }
}

fn index(name: &CollectionName, wanted: &Collection, is_new: bool, database: &Database) -> Result<()> {
    let store = database.store();
    for spec in &wanted.indexes {
        let definition = database::index_definition(spec);
        let made = match store.create_index(name.as_str(), &definition) {
            // The index every collection begins with gives way to a declared one of its name.
            Err(docdb::Error::IndexOptionsConflict { .. }) if is_new => store
                .drop_index(name.as_str(), &spec.name)
                .and_then(|()| store.create_index(name.as_str(), &definition)),
            made => made,
        };
        made.map_err(|error| {
            let index = &spec.name;
            Error::new(
                Kind::Failed,
                text! { en: "index `{index}` of collection `{name}` cannot be made", zh: "无法创建集合 `{name}` 的索引 `{index}`" },
            )
            .source(&error)
            .hint(text! {
                en: "it is declared in cloudkit.toml; mend what is stored, take it out, or start with `--ephemeral`",
                zh: "该索引声明于 cloudkit.toml；请修正已有数据、移除该声明，或用 `--ephemeral` 启动"
            })
        })?;
    }
    Ok(())
}

fn refused(name: &CollectionName, why: &str) -> Error {
    Error::new(
        Kind::Failed,
        text! { en: "collection `{name}` could not be prepared", zh: "无法准备集合 `{name}`" },
    )
    .cause(Text::same(why))
}

/// Returns the seed's files: itself, or the `.jsonl` and `.json` files of a folder, by name.
fn files(seed: &Path) -> Result<Vec<PathBuf>> {
    if !seed.is_dir() {
        return Ok(vec![seed.to_owned()]);
    }
    let entries = std::fs::read_dir(seed).map_err(|error| unreadable(seed, &error))?;
    let is_seed = |path: &PathBuf| path.extension().is_some_and(|it| it == "jsonl" || it == "json");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_seed).collect();
    files.sort();
    Ok(files)
}

/// Puts a file's documents into the collection it is named after, unless that has documents. `under_way` names the
/// collection meanwhile.
fn plant(file: &Path, database: &Database, under_way: &Path) -> Result<()> {
    let name: CollectionName = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().parse()?;
    ensure(&name, database)?;
    let count = database.count(name.as_str(), &Document::new());
    if count.map_err(|failure| refused(&name, &failure.message))? > 0 {
        return Ok(());
    }
    let now = database.now();
    // All of it, before anything is stored.
    read(file, now, |_| Ok(()))?;
    kept::write(under_way, &Some(name.as_str()))?;
    let planted = read(file, now, |documents| {
        let inserted = database.insert(name.as_str(), None, documents);
        inserted.map(drop).map_err(|failure| refused(&name, &failure.message))
    });
    match planted {
        Ok(()) => done(under_way),
        Err(error) => uproot(under_way, database).and(Err(error)),
    }
}

/// Empties the collection whose seed did not come to its end, if there is one.
fn uproot(under_way: &Path, database: &Database) -> Result<()> {
    let shown = under_way.display();
    let remedy = text! { en: "remove `{shown}` to keep what is there", zh: "删除 `{shown}` 可保留现有内容" };
    let Some(name) = kept::read::<Option<CollectionName>>(under_way, remedy)? else { return Ok(()) };
    match database.store().clear(Some(name.as_str())) {
        Ok(_) | Err(docdb::Error::CollectionNotFound { .. }) => done(under_way),
        Err(error) => Err(refused(&name, &error.to_string())),
    }
}

fn done(under_way: &Path) -> Result<()> {
    std::fs::remove_file(under_way).map_err(|error| {
        let shown = under_way.display();
        Error::new(Kind::Failed, text! { en: "could not remove `{shown}`", zh: "无法删除 `{shown}`" })
            .source(&error)
    })
}

/// Hands over the documents of a file, JSON Lines or one JSON array, as many at a time as are committed together.
fn read(file: &Path, now: Millis, mut take: impl FnMut(Vec<Document>) -> Result<()>) -> Result<()> {
    let input = File::open(file).map_err(|error| unreadable(file, &error))?;
    let mut reader = Reader::new(Format::Json, BufReader::with_capacity(BUFFER, input));
    let (mut batch, mut start) = (Vec::new(), 0);
    while let Some((_, document)) = reader.next(now).map_err(|fault| malformed(file, &fault))? {
        batch.push(document);
        if batch.len() == BATCH || reader.position() - start >= BATCH_BYTES {
            start = reader.position();
            take(std::mem::take(&mut batch))?;
        }
    }
    if batch.is_empty() { Ok(()) } else { take(batch) }
}

fn malformed(file: &Path, fault: &Fault) -> Error {
    let (shown, line) = (file.display(), fault.line);
    let told = Error::new(
        fault.error.kind(),
        text! { en: "`{shown}` is not JSON Lines of documents", zh: "`{shown}` 不是每行一个文档的 JSON Lines" },
    );
    let again = File::open(file).ok().map(BufReader::new);
    let Text { en, zh } = fault.error.message();
    let told = match again.and_then(|input| fault.excerpt(input, file)) {
        Some(excerpt) => told.excerpt(excerpt),
        None => told.cause(text! { en: "line {line}: {en}", zh: "第 {line} 行：{zh}" }),
    };
    fault.error.causes().iter().fold(told, |told, cause| told.cause(cause.clone()))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let shown = path.display();
    Error::new(Kind::Failed, text! { en: "could not read `{shown}`", zh: "无法读取 `{shown}`" }).source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file; returns how many documents it holds.
    fn count(text: &str) -> Result<usize> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("players.jsonl");
        std::fs::write(&file, text).expect("written");
        let mut count = 0;
        read(&file, 0, |documents| {
            count += documents.len();
            assert!((1..=BATCH).contains(&documents.len()));
            Ok(())
        })?;
        Ok(count)
    }

    #[test]
    fn a_seed_is_lines_or_a_list() {
        for (text, expected) in [
            ("{\"a\": 1}\n{\"at\": {\"$date\": \"2026-01-01T00:00:00Z\"}}\n", 2),
            ("\n{\"a\": 1}\r\n\n", 1),
            ("[{\"a\": 1}, {\"b\": 2}]", 2),
            ("", 0),
        ] {
            assert_eq!(count(text).expect(text), expected);
        }
        assert_eq!(count(&"{}\n".repeat(BATCH * 2 + 1)).expect("documents"), BATCH * 2 + 1);
        let error = count("{\"a\": 1}\n{\"b\": }\n").expect_err("broken");
        let excerpt = error.shown_excerpt().expect("a place");
        assert_eq!((excerpt.source.as_str(), excerpt.first_line), ("{\"b\": }", 2));
        assert_eq!(excerpt.source.get(excerpt.span.clone()), Some("}"));
    }
}
