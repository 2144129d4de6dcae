//! Who we are to the cloud.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cloud::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::text;

/// Returns the credentials for the cloud: those of the environment's variables.
pub fn credentials(
    variables: &BTreeMap<String, String>,
    _config_folder: Option<&Path>,
) -> Result<Credentials> {
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
    match (variable("TENCENTCLOUD_SECRETID"), variable("TENCENTCLOUD_SECRETKEY")) {
        (Some(secret_id), Some(secret_key)) => {
            Ok(Credentials { secret_id, secret_key, token: variable("TENCENTCLOUD_SESSIONTOKEN") })
        }
        _ => Err(Error::new(Kind::NotAllowed, text! { en: "not logged in", zh: "尚未登录" }).hint(
            text! { en: "run `cloudkit login`, or set `TENCENTCLOUD_SECRETID` and `TENCENTCLOUD_SECRETKEY`", zh: "请运行 `cloudkit login`，或设置 `TENCENTCLOUD_SECRETID` 和 `TENCENTCLOUD_SECRETKEY`" },
        )),
    }
}
