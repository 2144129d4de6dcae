//! The definition of an index, as a person writes it (`score:desc`) and as the wire says it (`"-1"`).

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind};
use crate::text;

/// The order of one field in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    Ascending,
    Descending,
    /// Places on the globe.
    Sphere,
}

impl Direction {
    /// Returns the `Direction` of the wire: `1`, `-1` or `2dsphere`.
    pub fn wire(self) -> &'static str {
        match self {
            Direction::Ascending => "1",
            Direction::Descending => "-1",
            Direction::Sphere => "2dsphere",
        }
    }

    /// Reads the `Direction` of the wire.
    pub fn from_wire(text: &str) -> Option<Self> {
        Some(match text {
            "1" => Direction::Ascending,
            "-1" => Direction::Descending,
            "2dsphere" => Direction::Sphere,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Direction::Ascending => "asc",
            Direction::Descending => "desc",
            Direction::Sphere => "2dsphere",
        }
    }
}

/// One field of an index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndexKey {
    /// A field path such as `score` or `stats.best`.
    pub path: String,
    pub direction: Direction,
}

impl FromStr for IndexKey {
    type Err = Error;

    /// Reads `FIELD[:asc|desc|2dsphere]`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (path, word) = text.rsplit_once(':').unwrap_or((text, "asc"));
        let direction = match word {
            "asc" | "1" => Direction::Ascending,
            "desc" | "-1" => Direction::Descending,
            "2dsphere" => Direction::Sphere,
            _ => {
                return Err(Error::new(
                    Kind::Usage,
                    text! { en: "`{word}` is not an index direction", zh: "`{word}` 不是索引方向" },
                )
                .hint(text! { en: "write `{path}:asc`, `{path}:desc` or `{path}:2dsphere`", zh: "请写成 `{path}:asc`、`{path}:desc` 或 `{path}:2dsphere`" }));
            }
        };
        Ok(IndexKey { path: field_path(path)?, direction })
    }
}

/// Reads names joined by dots.
pub fn field_path(text: &str) -> Result<String, Error> {
    if text.split('.').any(|segment| segment.is_empty() || segment.starts_with('$')) {
        return Err(Error::new(
            Kind::Usage,
            text! { en: "`{text}` is not a field path", zh: "`{text}` 不是字段路径" },
        )
        .hint(text! { en: "a field path is names joined by dots, such as `stats.best`", zh: "字段路径由点号连接的字段名组成，例如 `stats.best`" }));
    }
    Ok(text.to_owned())
}

impl fmt::Display for IndexKey {
    /// Writes the shortest form that reads back the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.direction {
            Direction::Ascending if !self.path.contains(':') => f.write_str(&self.path),
            direction => write!(f, "{}:{}", self.path, direction.word()),
        }
    }
}

/// An index of a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSpec {
    /// Unique in its collection; by default made from the keys, as MongoDB does: `score_-1`.
    pub name: String,
    pub keys: Vec<IndexKey>,
    pub unique: bool,
    pub sparse: bool,
}

impl IndexSpec {
    /// Checks the keys together and names the index.
    ///
    /// # Errors
    /// No key, a field twice, or a `2dsphere` key in a unique index.
    pub fn new(keys: Vec<IndexKey>, unique: bool, name: Option<String>) -> Result<Self, Error> {
        let usage = |message| Err(Error::new(Kind::Usage, message));
        if keys.is_empty() {
            return usage(text! { en: "an index needs at least one field", zh: "索引至少需要一个字段" });
        }
        for (at, key) in keys.iter().enumerate() {
            let path = &key.path;
            if keys[..at].iter().any(|earlier| earlier.path == *path) {
                return usage(
                    text! { en: "the index names `{path}` twice", zh: "索引中 `{path}` 出现了两次" },
                );
            }
        }
        if unique && keys.iter().any(|key| key.direction == Direction::Sphere) {
            return usage(text! { en: "a 2dsphere index cannot be unique", zh: "2dsphere 索引不能设为唯一" });
        }
        let name = name.unwrap_or_else(|| Self::default_name(&keys));
        Ok(IndexSpec { name, keys, unique, sparse: false })
    }

    /// Returns the name MongoDB gives such an index.
    pub fn default_name(keys: &[IndexKey]) -> String {
        let parts: Vec<_> = keys.iter().map(|key| format!("{}_{}", key.path, key.direction.wire())).collect();
        parts.join("_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_as_people_write_them() {
        for (text, path, wire) in [
            ("score:desc", "score", "-1"),
            ("a.b", "a.b", "1"),
            ("loc:2dsphere", "loc", "2dsphere"),
            ("x:asc", "x", "1"),
            ("x:desc:asc", "x:desc", "1"),
        ] {
            let key: IndexKey = text.parse().expect(text);
            assert_eq!((key.path.as_str(), key.direction.wire()), (path, wire));
            assert_eq!(key.to_string().parse::<IndexKey>().expect("what was written"), key);
        }
        for bad in ["", "a..b", "score:down", "$x", ":desc"] {
            assert!(bad.parse::<IndexKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nonsense_is_refused_and_names_are_mongodbs() {
        let key = |text: &str| text.parse::<IndexKey>().expect("a key");
        let spec = IndexSpec::new(vec![key("a"), key("b:desc")], true, None).expect("a good index");
        assert_eq!(spec.name, "a_1_b_-1");
        assert!(IndexSpec::new(vec![], false, None).is_err());
        assert!(IndexSpec::new(vec![key("a"), key("a:desc")], false, None).is_err());
        assert!(IndexSpec::new(vec![key("l:2dsphere")], true, None).is_err());
    }
}
