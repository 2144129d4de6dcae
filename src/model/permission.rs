//! Who may read and write a collection: the four presets, or a rule.

use std::fmt;

/// The permission of a collection, of files, or of functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Everybody reads; the creator and the admin write.
    ReadOnly,
    /// The creator and the admin read and write.
    Private,
    /// Everybody reads; the admin writes.
    AdminWrite,
    /// The admin reads and writes.
    AdminOnly,
    /// A security rule, as JSON text.
    Custom(String),
}

impl Permission {
    /// The names of the four presets, as the platform writes them.
    pub const PRESETS: [&str; 4] = ["READONLY", "PRIVATE", "ADMINWRITE", "ADMINONLY"];

    /// Returns the preset of that name (`AclTag` on the wire), if it is one.
    pub fn preset(tag: &str) -> Option<Self> {
        Some(match tag {
            "READONLY" => Permission::ReadOnly,
            "PRIVATE" => Permission::Private,
            "ADMINWRITE" => Permission::AdminWrite,
            "ADMINONLY" => Permission::AdminOnly,
            _ => return None,
        })
    }

    /// Returns the `AclTag` of the wire.
    pub fn tag(&self) -> &'static str {
        match self {
            Permission::ReadOnly => "READONLY",
            Permission::Private => "PRIVATE",
            Permission::AdminWrite => "ADMINWRITE",
            Permission::AdminOnly => "ADMINONLY",
            Permission::Custom(_) => "CUSTOM",
        }
    }

    /// Returns the rule's JSON text, if this is a rule.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Permission::Custom(rule) => Some(rule),
            Permission::ReadOnly | Permission::Private | Permission::AdminWrite | Permission::AdminOnly => {
                None
            }
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}
