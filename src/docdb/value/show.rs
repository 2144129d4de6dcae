//! Values as MongoDB's messages show them: `{ f: "v" }`.

use std::fmt::{self, Write as _};

use bson::oid::ObjectId;

use super::view::{Fields, Items, View};

/// Writes a value the way the shell does.
pub struct Shown<'a>(pub View<'a>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            View::MinKey => f.write_str("MinKey"),
            View::Undefined => f.write_str("undefined"),
            View::Null => f.write_str("null"),
            View::Int32(it) => write!(f, "{it}"),
            View::Int64(it) => write!(f, "{it}"),
            View::Double(it) => write!(f, "{it:?}"),
            View::Decimal(it) => write!(f, "{it}"),
            View::String(it) => write_text(f, it),
            View::Document(it) => write_fields(f, it),
            View::Array(it) => write_items(f, it),
            View::Binary { subtype, bytes } => write!(f, "BinData({subtype}, {})", Hex(bytes)),
            View::ObjectId(it) => write_id(f, it),
            View::Boolean(it) => write!(f, "{it}"),
            View::Date(it) => write!(f, "new Date({it})"),
            View::Timestamp { time, increment } => write!(f, "Timestamp({time}, {increment})"),
            View::Regex { pattern, options } => write!(f, "/{pattern}/{options}"),
            View::DbPointer => f.write_str("DBRef"),
            View::Code(it) | View::CodeWithScope { code: it, .. } => f.write_str(it),
            View::MaxKey => f.write_str("MaxKey"),
        }
    }
}

/// Writes named values as one object: the `dup key` of a duplicate.
pub fn key<'a>(fields: impl IntoIterator<Item = (&'a str, View<'a>)>) -> String {
    let shown: Vec<_> = fields.into_iter().map(|(name, value)| format!("{name}: {}", Shown(value))).collect();
    format!("{{ {} }}", shown.join(", "))
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

fn write_id(f: &mut fmt::Formatter<'_>, id: ObjectId) -> fmt::Result {
    write!(f, "ObjectId('{}')", id.to_hex())
}

fn write_fields(f: &mut fmt::Formatter<'_>, fields: Fields<'_>) -> fmt::Result {
    if fields.is_empty() {
        return f.write_str("{}");
    }
    f.write_str("{ ")?;
    for (at, (name, value)) in fields.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(f, "{comma}{name}: {}", Shown(value))?;
    }
    f.write_str(" }")
}

fn write_items(f: &mut fmt::Formatter<'_>, items: Items<'_>) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("[]");
    }
    f.write_str("[ ")?;
    for (at, value) in items.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(f, "{comma}{}", Shown(value))?;
    }
    f.write_str(" ]")
}
