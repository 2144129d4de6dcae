//! `cloudkit rules set COLLECTION PERMISSION`.

use std::path::Path;

use crate::cli::context::Context;
use crate::error::{Error, Kind, Result};
use crate::model::name::{did_you_mean, suggestion};
use crate::model::permission::Permission;
use crate::ops::rules::{self, Resource};
use crate::text;

/// Set the permission of a collection, of files or of functions: a preset or a rule
///
/// READONLY    everybody reads, the creator writes
/// PRIVATE     only the creator reads and writes
/// ADMINWRITE  everybody reads, only functions write
/// ADMINONLY   only functions read and write
/// FILE.json   a security rule: {"read": true, "write": "doc._openid == auth.openid"}
///
/// Functions have no presets; their rules are one file: {"*": {"invoke": "auth != null"}, "login": {"invoke": true}}
///
/// A project with a cloudkit.toml remembers the permission of a collection.
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    override_usage = "cloudkit rules set <COLLECTION|--storage|--functions> <PRESET|FILE.json>"
)]
pub struct Args {
    /// A collection (not with `--storage` or `--functions`), then a preset or a file
    #[arg(required = true, num_args = 1..=2, value_name = "COLLECTION PRESET|FILE.json")]
    what: Vec<String>,
    /// Of stored files
    #[arg(long, conflicts_with = "functions")]
    storage: bool,
    /// Of functions
    #[arg(long)]
    functions: bool,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let (resource, permission) = match (&args.what[..], args.storage, args.functions) {
        ([permission], true, false) => (Resource::Storage, permission),
        ([permission], false, true) => (Resource::Functions, permission),
        ([collection, permission], false, false) => (Resource::Collection(collection.parse()?), permission),
        _ => return Err(wrong_count()),
    };
    let permission = match resource {
        Resource::Functions => rules::invoke_rule(context.read_file(Path::new(permission))?)?,
        Resource::Collection(_) | Resource::Storage => read(permission, context)?,
    };
    let project = context.project()?;
    let target = context.target_to_change_of(&project)?;
    let ruled = context.wait(rules::set(&target, &project, &resource, &permission))?;
    context.ui.show(&ruled);
    Ok(())
}

/// Reads a preset's name or a file with a rule.
fn read(given: &str, context: &Context) -> Result<Permission> {
    if let Some(preset) = Permission::preset(&given.to_uppercase()) {
        return Ok(preset);
    }
    if Path::new(given).extension().is_some_and(|ending| ending == "json") {
        return rules::rule(context.read_file(Path::new(given))?);
    }
    let presets = Permission::PRESETS.join("`, `");
    let error = Error::new(
        Kind::Usage,
        text! { en: "`{given}` is not a permission", zh: "`{given}` 不是合法的权限" },
    );
    Err(error.hint(match did_you_mean(given, Permission::PRESETS) {
        Some(near) => suggestion(near),
        None => text! { en: "it is one of `{presets}`, or a FILE.json with a rule", zh: "可用 `{presets}`，或包含规则的 FILE.json" },
    }))
}

fn wrong_count() -> Error {
    Error::new(
        Kind::Usage,
        text! { en: "a collection and its permission are needed", zh: "需要集合名和权限" },
    )
    .hint(text! {
        en: "write `cloudkit rules set players READONLY` or `cloudkit rules set --storage PRIVATE`",
        zh: "请写 `cloudkit rules set players READONLY` 或 `cloudkit rules set --storage PRIVATE`"
    })
}
