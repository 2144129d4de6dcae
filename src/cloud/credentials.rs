//! Secret id and key: environment variables, then the keyring, then a file that only its owner reads. Never printed,
//! never logged.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::text;

/// A key pair, with a token when it is temporary.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    pub secret_id: String,
    pub secret_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// Reads the variables that the platform's own tools read. Names differ between its SDKs.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
        Some(Credentials {
            secret_id: first(&["TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRET_ID"])?,
            secret_key: first(&["TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SECRET_KEY"])?,
            token: first(&["TENCENTCLOUD_SESSIONTOKEN", "TENCENTCLOUD_TOKEN"]),
        })
    }
}

/// Where credentials were found or put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Variables,
    Keyring,
    File(PathBuf),
}

/// Where credentials are kept between commands.
pub struct Store {
    file: PathBuf,
    keyring: bool,
}

/// The keyring's entry.
const SERVICE: &str = "cloudkit";
const ACCOUNT: &str = "default";

impl Store {
    /// Keeps credentials in the system's keyring, or in `folder` where there is none.
    ///
    /// `keyring` off leaves the keyring alone. On Linux it is never used: the kernel's forgets at every restart.
    pub fn new(folder: &Path, keyring: bool) -> Self {
        let lasting = cfg!(any(target_os = "macos", target_os = "windows"));
        Store { file: folder.join("credentials.json"), keyring: keyring && lasting }
    }

    /// Finds credentials: variables first, then the keyring, then the file.
    pub fn find(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<(Credentials, Origin)>> {
        if let Some(credentials) = Credentials::from_variables(variable) {
            return Ok(Some((credentials, Origin::Variables)));
        }
        if let Some(credentials) = self.entry().and_then(|entry| entry.get_password().ok()) {
            let credentials = serde_json::from_str(&credentials).map_err(|_| damaged("keyring"))?;
            return Ok(Some((credentials, Origin::Keyring)));
        }
        match std::fs::read(&self.file) {
            Ok(bytes) => {
                let credentials =
                    serde_json::from_slice(&bytes).map_err(|_| damaged(&self.file.to_string_lossy()))?;
                Ok(Some((credentials, Origin::File(self.file.clone()))))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Keeps credentials for later commands, in one place only.
    pub fn keep(&self, credentials: &Credentials) -> Result<Origin> {
        let text =
            serde_json::to_string(credentials).map_err(|error| self.failed(&std::io::Error::other(error)))?;
        if self.entry().is_some_and(|entry| entry.set_password(&text).is_ok()) {
            match std::fs::remove_file(&self.file) {
                // A key that was replaced must not stay behind.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(self.failed(&error)),
                _ => return Ok(Origin::Keyring),
            }
        }
        self.write(&text).map_err(|error| self.failed(&error))?;
        Ok(Origin::File(self.file.clone()))
    }

    /// Forgets what is kept; tells whether there was something.
    pub fn forget(&self) -> Result<bool> {
        let in_keyring = self.entry().is_some_and(|entry| entry.delete_credential().is_ok());
        match std::fs::remove_file(&self.file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(in_keyring),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn entry(&self) -> Option<keyring::Entry> {
        self.keyring.then(|| keyring::Entry::new(SERVICE, ACCOUNT).ok())?
    }

    /// Writes the file beside its place and moves it there: readers never see half of it, others nothing at all.
    fn write(&self, text: &str) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        // A temporary file is made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.file)?;
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        let file = self.file.display();
        Error::new(Kind::Failed, text! { en: "could not read or write `{file}`", zh: "无法读写 `{file}`" })
            .source(error)
    }
}

fn damaged(place: &str) -> Error {
    Error::new(
        Kind::NotAllowed,
        text! { en: "the credentials in `{place}` cannot be read", zh: "无法读取 `{place}` 中的凭证" },
    )
    .hint(text! { en: "run `cloudkit login` again", zh: "请重新执行 `cloudkit login`" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(id: &str) -> Credentials {
        Credentials { secret_id: id.into(), secret_key: "s3cret".into(), token: None }
    }

    #[test]
    fn variables_win_over_what_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::new(folder.path(), false);
        assert_eq!(store.find(|_| None).expect("readable"), None);
        let origin = store.keep(&pair("kept")).expect("writable");
        assert_eq!(store.find(|_| None).expect("readable"), Some((pair("kept"), origin)));
        let variable = |name: &str| match name {
            "TENCENTCLOUD_SECRET_ID" => Some("given".to_owned()),
            "TENCENTCLOUD_SECRETKEY" => Some("s3cret".to_owned()),
            _ => Some(String::new()),
        };
        assert_eq!(store.find(variable).expect("readable"), Some((pair("given"), Origin::Variables)));
        assert!(store.forget().expect("removable"));
        assert!(!store.forget().expect("nothing left"));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let Ok(Origin::File(file)) = Store::new(&folder.path().join("new"), false).keep(&pair("a")) else {
            panic!("not kept in a file");
        };
        let mode = std::fs::metadata(file).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_secrets_never_show() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("credentials.json"), "{").expect("writable");
        let error = Store::new(folder.path(), false).find(|_| None).expect_err("it is damaged");
        assert_eq!(error.kind(), Kind::NotAllowed);
        assert!(!format!("{:?}", pair("a")).contains("s3cret"));
    }
}
