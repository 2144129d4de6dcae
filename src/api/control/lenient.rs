//! Reads a wire struct from JSON the way the platform does: `null` is absent, numbers and booleans may be text, text may
//! be a number. Both ends use it, so neither trips over what an SDK or the cloud writes differently.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde_json::{Map, Number, Value};

/// Why a struct could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the parameter `{0}` is missing")]
    Missing(String),
    #[error("a parameter has the wrong type: {0}")]
    WrongType(String),
}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Unreadable::WrongType(message.to_string())
    }
    fn missing_field(field: &'static str) -> Self {
        Unreadable::Missing(field.into())
    }
}

/// Reads a request or a reply.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, Unreadable> {
    T::deserialize(Lenient(value))
}

struct Lenient(Value);

impl<'de> IntoDeserializer<'de, Unreadable> for Lenient {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads text as a number, a whole one where it is written so.
fn number(text: &str) -> Option<Number> {
    serde_json::from_str(text.trim()).ok()
}

fn visit_map<'de, V: Visitor<'de>>(members: Map<String, Value>, visitor: V) -> Result<V::Value, Unreadable> {
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    visitor.visit_map(MapDeserializer::new(present.map(|(name, value)| (name, Lenient(value)))))
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            match &self.0 {
                // A query string cannot say which parameters are numbers.
                Value::String(text) => match number(text) {
                    Some(number) => Lenient(Value::Number(number)).deserialize_any(visitor),
                    None => self.deserialize_any(visitor),
                },
                // JavaScript and Lua write whole numbers as 5.0 at times.
                Value::Number(given) => match given.as_f64().filter(|it| it.fract() == 0.0 && given.is_f64()) {
                    Some(whole) => visitor.visit_i64(whole as i64),
                    None => self.deserialize_any(visitor),
                },
                _ => self.deserialize_any(visitor),
            }
        })*
    };
}

impl<'de> de::Deserializer<'de> for Lenient {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(it) => visitor.visit_bool(it),
            Value::String(it) => visitor.visit_string(it),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Lenient))),
            Value::Object(members) => visit_map(members, visitor),
            Value::Number(it) => match (it.as_u64(), it.as_i64(), it.as_f64()) {
                (Some(it), _, _) => visitor.visit_u64(it),
                (_, Some(it), _) => visitor.visit_i64(it),
                (_, _, it) => visitor.visit_f64(it.unwrap_or_default()),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match &self.0 {
            Value::String(text) if text.eq_ignore_ascii_case("true") || text == "1" => {
                visitor.visit_bool(true)
            }
            Value::String(text) if text.eq_ignore_ascii_case("false") || text == "0" => {
                visitor.visit_bool(false)
            }
            Value::Number(it) => visitor.visit_bool(it.as_f64() != Some(0.0)),
            _ => self.deserialize_any(visitor),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0.as_str().and_then(number) {
            Some(number) => Lenient(Value::Number(number)).deserialize_any(visitor),
            None => self.deserialize_any(visitor),
        }
    }
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Number(it) => visitor.visit_string(it.to_string()),
            Value::Bool(it) => visitor.visit_string(it.to_string()),
            other => Lenient(other).deserialize_any(visitor),
        }
    }
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            present => visitor.visit_some(Lenient(present)),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.0 {
            Value::Null => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<Lenient>())),
            other => Lenient(other).deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.0
            .deserialize_enum(name, variants, visitor)
            .map_err(|error| Unreadable::WrongType(error.to_string()))
    }

    serde::forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::super::Flag;
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Sample {
        name: String,
        limit: Option<u64>,
        offset: Option<i32>,
        enable: Option<bool>,
        install: Option<Flag>,
        #[serde(default)]
        values: Vec<String>,
    }

    fn check(value: Value) -> Result<Sample, Unreadable> {
        read(value)
    }

    #[test]
    fn numbers_text_and_booleans_stand_for_one_another() {
        let expected = Sample {
            name: "7".into(),
            limit: Some(20),
            offset: Some(-1),
            enable: Some(true),
            install: Some(Flag(true)),
            values: vec!["1".into(), "a".into()],
        };
        let loose = json!({"Name": 7, "Limit": "20", "Offset": "-1", "Enable": "true", "Install": "TRUE", "Values": [1, "a"]});
        let exact = json!({"Name": "7", "Limit": 20.0, "Offset": -1, "Enable": 1, "Install": true, "Values": ["1", "a"], "New": {}});
        assert_eq!(check(loose).as_ref(), Ok(&expected));
        assert_eq!(check(exact), Ok(expected));
    }

    #[test]
    fn null_is_absent() {
        let found = check(json!({"Name": "a", "Limit": null, "Values": null})).expect("a sample");
        assert_eq!((found.limit, found.values.len()), (None, 0));
        assert_eq!(check(json!({"Name": null})), Err(Unreadable::Missing("Name".into())));
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        assert_eq!(check(json!({})), Err(Unreadable::Missing("Name".into())));
        for bad in [
            json!([]),
            json!(1),
            json!({"Name": {}}),
            json!({"Name": "a", "Limit": "many"}),
            json!({"Name": "a", "Limit": -1}),
            json!({"Name": "a", "Limit": 1.5}),
            json!({"Name": "a", "Values": "x"}),
        ] {
            assert!(matches!(check(bad.clone()), Err(Unreadable::WrongType(_))), "{bad}");
        }
    }
}
