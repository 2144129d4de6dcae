//! `cloudkit login`, `logout` and `whoami`.

use serde::Serialize;

use crate::error::Result;
use crate::ops::session::{Identity, Session};
use crate::ops::target::REGION;
use crate::term::{Page, Show};
use crate::text;

use super::context::Context;

/// Keep credentials for the cloud: in the keyring, else in a file that only you can read
///
/// The keys are those of https://console.cloud.tencent.com/cam/capi. The cloud is asked before they are kept.
/// `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY` win over what is kept: a CI job needs no login.
#[derive(Debug, clap::Args)]
pub struct Login {
    /// The secret id; asked for by default
    #[arg(long, value_name = "ID")]
    secret_id: Option<String>,
    /// Read the secret key from standard input
    #[arg(long)]
    key_stdin: bool,
    /// The session token of temporary keys
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
}

/// Forget the credentials that `login` keeps
#[derive(Debug, clap::Args)]
pub struct Logout {}

/// Tell whose credentials are used, and where they come from
#[derive(Debug, clap::Args)]
pub struct Whoami {}

impl Context {
    /// Returns who we are to the cloud.
    pub fn session(&self) -> Session<'_> {
        Session { variables: &self.variables, config_folder: self.config_folder.as_deref() }
    }
}

pub fn login(args: Login, context: &mut Context) -> Result<()> {
    let id = match args.secret_id {
        Some(id) => id,
        None => context.ui.ask(&text! { en: "Secret id", zh: "SecretId" }, "--secret-id ID")?,
    };
    let key = match args.key_stdin {
        true => context.argument("-")?.trim().to_owned(),
        false => context.ui.ask_secret(&text! { en: "Secret key", zh: "SecretKey" }, "--key-stdin")?,
    };
    let session = context.session();
    let work = session.login((id, key, args.token), REGION, &context.clock, &context.ids);
    let identity = context.wait(work)?;
    context.ui.show(&identity);
    Ok(())
}

pub fn logout(_args: Logout, context: &mut Context) -> Result<()> {
    let forgotten = context.session().logout()?;
    context.ui.show(&Forgotten { forgotten });
    Ok(())
}

pub fn whoami(_args: Whoami, context: &mut Context) -> Result<()> {
    let identity = context.session().identity()?;
    context.ui.show(&identity);
    Ok(())
}

#[derive(Serialize)]
struct Forgotten {
    forgotten: bool,
}

impl Show for Forgotten {
    fn show(&self, page: &mut Page) {
        page.done(&match self.forgotten {
            true => text! { en: "Forgot the credentials", zh: "已清除凭证" },
            false => text! { en: "There were no credentials", zh: "没有保存的凭证" },
        });
    }
}

impl Show for Identity {
    fn show(&self, page: &mut Page) {
        let from = match self.source {
            "variables" => text! { en: "environment variables", zh: "环境变量" },
            "keyring" => text! { en: "the keyring", zh: "系统密钥环" },
            _ => {
                self.file.as_ref().map(|file| file.display().to_string().as_str().into()).unwrap_or_default()
            }
        };
        let mut fields = vec![
            (text! { en: "secret id", zh: "SecretId" }, self.secret_id.clone()),
            (text! { en: "from", zh: "来源" }, page.words(&from).to_owned()),
        ];
        if let Some(environments) = &self.environments {
            fields.push((text! { en: "environments", zh: "环境" }, environments.join(", ")));
        }
        page.fields(fields);
    }
}
