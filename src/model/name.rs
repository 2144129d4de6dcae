//! Names, checked once where text comes in.

use std::fmt;

use crate::error::{Error, Kind};
use crate::model::text::Text;
use crate::text;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr, $en:literal, $zh:literal, $rule_en:literal, $rule_zh:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
            /// Returns the rule this kind of name follows, for messages.
            pub fn rule() -> Text {
                text! { en: $rule_en, zh: $rule_zh }
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                let valid: fn(&str) -> bool = $check;
                if valid(text) {
                    return Ok($name(text.to_owned()));
                }
                Err(Error::new(
                    Kind::Usage,
                    text! { en: ("`{text}` is not a valid {}", $en), zh: ("`{text}` 不是合法的{}", $zh) },
                )
                .hint(Self::rule()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(text: String) -> Result<Self, Error> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The id of a CloudBase environment, such as `garden-dev-1a2b3c` (SDK pattern `^[a-z0-9_-]{1,40}$`).
    EnvId,
    |text| (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b)),
    "environment id",
    "环境 ID",
    "1 to 40 lower-case letters, digits, `-` or `_`",
    "1 到 40 个小写字母、数字、`-` 或 `_`"
);

name!(
    /// The name of a cloud function (SCF: at most 60 characters, a letter first).
    FunctionName,
    |text| (1..=60).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
    "function name",
    "云函数名",
    "1 to 60 letters, digits, `-` or `_`, beginning with a letter",
    "1 到 60 个字母、数字、`-` 或 `_`，以字母开头"
);

name!(
    /// The name of a collection (at most 96 characters; a leading `_` is left to the platform).
    CollectionName,
    |text| (1..=96).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
    "collection name",
    "集合名",
    "1 to 96 letters, digits, `-` or `_`, beginning with a letter or digit",
    "1 到 96 个字母、数字、`-` 或 `_`，以字母或数字开头"
);

name!(
    /// The name of a saved state of the local environment; a folder on every system.
    SnapshotName,
    |text| (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
    "snapshot name",
    "快照名",
    "1 to 64 letters, digits, `-` or `_`, beginning with a letter or digit",
    "1 到 64 个字母、数字、`-` 或 `_`，以字母或数字开头"
);

/// Returns the candidate most like `name`, if one is near enough to have been meant.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1) + 1;
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the hint that names what was probably meant.
pub fn suggestion(near: &str) -> Text {
    text! { en: "did you mean `{near}`?", zh: "是否想写 `{near}`？" }
}

/// Counts the edits (insert, remove, replace; letter case is free) from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            let cheapest = replaced.min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], cheapest);
        }
    }
    row[b.len()]
}

/// Returns the path of an HTTP route as it is compared: one slash before it and none behind.
pub fn route_path(path: &str) -> String {
    format!("/{}", path.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_platforms_rules() {
        for good in ["login", "a", "getBlogList_2", "x-y"] {
            assert!(good.parse::<FunctionName>().is_ok(), "{good}");
        }
        for bad in ["", "1st", "a b", "云", "-x", &"a".repeat(61)] {
            assert!(bad.parse::<FunctionName>().is_err(), "{bad}");
        }
        assert!("_hidden".parse::<CollectionName>().is_err());
        assert!("blog-comment".parse::<CollectionName>().is_ok());
        assert!("Garden".parse::<EnvId>().is_err());
    }

    #[test]
    fn a_near_miss_is_suggested_and_a_stranger_is_not() {
        let names = ["login", "leaderboard", "food"];
        assert_eq!(did_you_mean("foo", names), Some("food"));
        assert_eq!(did_you_mean("leaderbord", names), Some("leaderboard"));
        assert_eq!(did_you_mean("payment", names), None);
    }
}
