//! Who we are to the cloud: log in, log out, tell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cloud::credentials::{Credentials, Origin, Store};
use crate::error::{Error, Kind, Result};
use crate::model::clock::{Clock, Ids};
use crate::text;

/// Where credentials come from and go to.
pub struct Session<'a> {
    pub variables: &'a BTreeMap<String, String>,
    /// Where credentials are left on a machine without a keyring; `None` on a machine without a home.
    pub config_folder: Option<&'a Path>,
}

/// Who we are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The secret id with its middle hidden: enough to recognise it.
    pub secret_id: String,
    /// `variables`, `keyring` or `file`.
    pub source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    pub temporary: bool,
    /// The environments these credentials reach, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
}

impl Session<'_> {
    /// Returns the credentials for the cloud.
    ///
    /// # Errors
    /// There are none, or what is kept cannot be read.
    pub fn credentials(&self) -> Result<Credentials> {
        self.find()?.map(|(credentials, _)| credentials).ok_or_else(not_logged_in)
    }

    /// Tells who we are, without asking the cloud.
    pub fn identity(&self) -> Result<Identity> {
        let (credentials, origin) = self.find()?.ok_or_else(not_logged_in)?;
        Ok(Identity::new(&credentials, origin))
    }

    /// Keeps a secret id and key (and token) that the cloud knows.
    ///
    /// # Errors
    /// The cloud does not know them: nothing is kept then.
    pub async fn login(
        &self,
        (secret_id, secret_key, token): (String, String, Option<String>),
        region: &str,
        clock: &Clock,
        ids: &Ids,
    ) -> Result<Identity> {
        let credentials = Credentials { secret_id, secret_key, token };
        // Whoever gets an answer is logged in.
        let found = super::env::account(credentials.clone(), region, clock, ids).await?;
        let environments = found.into_iter().map(|environment| environment.env_id).collect();
        let store = self.store().ok_or_else(homeless)?;
        let origin = store.keep(&credentials)?;
        Ok(Identity { environments: Some(environments), ..Identity::new(&credentials, origin) })
    }

    /// Forgets what is kept; tells whether there was something.
    pub fn logout(&self) -> Result<bool> {
        self.store().map_or(Ok(false), |store| store.forget())
    }

    fn find(&self) -> Result<Option<(Credentials, Origin)>> {
        let variable = |name: &str| self.variables.get(name).cloned();
        match self.store() {
            Some(store) => store.find(variable),
            None => Ok(Credentials::from_variables(variable).map(|found| (found, Origin::Variables))),
        }
    }

    fn store(&self) -> Option<Store> {
        let keyring = self.variables.get("CLOUDKIT_KEYRING").is_none_or(|choice| choice != "off");
        self.config_folder.map(|folder| Store::new(folder, keyring))
    }
}

impl Identity {
    fn new(credentials: &Credentials, origin: Origin) -> Self {
        let (source, file) = match origin {
            Origin::Variables => ("variables", None),
            Origin::Keyring => ("keyring", None),
            Origin::File(file) => ("file", Some(file)),
        };
        Identity {
            secret_id: recognisable(&credentials.secret_id),
            source,
            file,
            temporary: credentials.token.is_some(),
            environments: None,
        }
    }
}

/// Returns a secret id with its middle hidden.
fn recognisable(id: &str) -> String {
    match (id.get(..4), id.len().checked_sub(4).and_then(|from| id.get(from..))) {
        (Some(start), Some(end)) if id.len() >= 12 => format!("{start}…{end}"),
        _ => "…".to_owned(),
    }
}

fn not_logged_in() -> Error {
    Error::new(Kind::NotAllowed, text! { en: "not logged in", zh: "尚未登录" }).hint(text! {
        en: "run `cloudkit login`, or set `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY`",
        zh: "请运行 `cloudkit login`，或设置 `TENCENTCLOUD_SECRETID` 和 `TENCENTCLOUD_SECRETKEY`"
    })
}

fn homeless() -> Error {
    Error::new(
        Kind::Failed,
        text! { en: "there is no home folder to keep credentials in", zh: "没有可以保存凭证的用户目录" },
    )
    .hint(text! {
        en: "set `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY` instead",
        zh: "请改为设置 `TENCENTCLOUD_SECRETID` 和 `TENCENTCLOUD_SECRETKEY`"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_say_who_we_are_and_the_id_is_not_shown_whole() {
        let variables = BTreeMap::from([
            ("TENCENTCLOUD_SECRETID".to_owned(), "AKIDz8krbsJ5yKBZ".to_owned()),
            ("TENCENTCLOUD_SECRETKEY".to_owned(), "key".to_owned()),
        ]);
        let session = Session { variables: &variables, config_folder: None };
        let identity = session.identity().expect("logged in");
        assert_eq!((identity.secret_id.as_str(), identity.source), ("AKID…yKBZ", "variables"));
        let nobody = Session { variables: &BTreeMap::new(), config_folder: None };
        assert_eq!(nobody.identity().expect_err("nobody").kind(), Kind::NotAllowed);
        assert_eq!(recognisable("short"), "…");
    }
}
