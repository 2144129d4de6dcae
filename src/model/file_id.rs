//! `cloud://ENV.BUCKET/path`: the id of a stored file, raw UTF-8 and never percent-encoded.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind};
use crate::text;

/// The id of a stored file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileId {
    pub env: String,
    pub bucket: String,
    /// The object's key, without a leading slash.
    pub path: String,
}

impl FromStr for FileId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let (place, path) = text.strip_prefix("cloud://")?.split_once('/')?;
            let (env, bucket) = place.split_once('.')?;
            (!path.is_empty()).then(|| FileId { env: env.into(), bucket: bucket.into(), path: path.into() })
        };
        parse().ok_or_else(|| {
            Error::new(Kind::Usage, text! { en: "`{text}` is not a file id", zh: "`{text}` 不是文件 ID" })
                .hint(text! { en: "a file id looks like `cloud://ENV.BUCKET/path/name.ext`", zh: "文件 ID 形如 `cloud://环境.存储桶/路径/文件名`" })
        })
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cloud://{}.{}/{}", self.env, self.bucket, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_id_survives_the_round_trip_in_any_script() {
        let text = "cloud://env-1.6c6f-env-1-125/ck/héllo 云.txt";
        let id: FileId = text.parse().expect("a good id");
        assert_eq!((id.env.as_str(), id.path.as_str()), ("env-1", "ck/héllo 云.txt"));
        assert_eq!(id.to_string(), text);
        for bad in ["", "cloud://env/path", "http://e.b/p", "cloud://e.b/"] {
            assert!(bad.parse::<FileId>().is_err(), "{bad}");
        }
    }
}
