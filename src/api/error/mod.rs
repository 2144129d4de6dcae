//! Every known code once: what it is called on the wire, what it means, what to do about it.
//!
//! The client, the emulator and `cloudkit explain` read the same table.

mod control;
mod data;

use crate::model::text::Text;

/// The codes by name, for those who answer with them or look for them.
pub mod codes {
    pub use super::control::*;
    pub use super::data::*;
}

/// What is known about one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The text on the wire; empty where only the number exists.
    pub wire: &'static str,
    /// The `errCode` that `wx.cloud` and wx-server-sdk show; 0 where there is none.
    pub number: i32,
    meaning: [&'static str; 2],
    remedy: [&'static str; 2],
}

impl Code {
    pub fn meaning(&self) -> Text {
        both(self.meaning)
    }

    /// Returns what the reader can do about it.
    pub fn remedy(&self) -> Text {
        both(self.remedy)
    }

    /// Returns the code as a person would look it up: the text, else the number.
    pub fn name(&self) -> String {
        if self.wire.is_empty() { self.number.to_string() } else { self.wire.to_owned() }
    }
}

fn both([en, zh]: [&'static str; 2]) -> Text {
    Text { en: en.into(), zh: zh.into() }
}

/// Writes a table of codes: a constant for the wire text, the number or 0, then meaning and remedy in both languages.
macro_rules! table {
    ($($name:ident = $wire:literal $number:literal: $en:literal $zh:literal, $do_en:literal $do_zh:literal;)*) => {
        $(pub const $name: &str = $wire;)*
        pub(super) const TABLE: &[super::Code] = &[
            $(super::Code { wire: $wire, number: $number, meaning: [$en, $zh], remedy: [$do_en, $do_zh] },)*
        ];
    };
}
use table;

/// Returns every known code.
pub fn all() -> impl Iterator<Item = &'static Code> {
    control::TABLE.iter().chain(data::TABLE).chain(data::NUMBERS)
}

/// Looks a code up as a person writes it: `ResourceNotFound.Function`, `DATABASE_REQUEST_FAILED`, `-502001`; letter
/// case is free. An unknown `A.B` is explained as `A`.
pub fn explain(code: &str) -> Option<&'static Code> {
    let code = code.trim();
    if let Ok(number) = code.parse::<i32>() {
        let known = all().find(|known| known.number != 0 && known.number == number);
        return known.or_else(|| explain(of_status(number)?));
    }
    let exact = |code: &str| all().find(|known| !code.is_empty() && known.wire.eq_ignore_ascii_case(code));
    exact(code).or_else(|| exact(code.split_once('.')?.0))
}

/// Returns the code of a status of the functions service (`docs/wire.md#function-limits`).
fn of_status(status: i32) -> Option<&'static str> {
    match status {
        400 | 406 => Some("FUNCTIONS_PARAM_INVALID"),
        405 => Some("ContainerStateExited"),
        407 | 430 => Some("FUNCTIONS_EXECUTE_FAIL"),
        432 => Some("EXCEED_CONCURRENT_REQUEST_LIMIT"),
        433 => Some("FUNCTIONS_TIME_LIMIT_EXCEEDED"),
        434 => Some("FUNCTIONS_MEMORY_LIMIT_EXCEEDED"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_there_once_and_complete() {
        let (mut texts, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for code in all() {
            assert!(code.wire.is_empty() || texts.insert(code.wire), "{} twice", code.wire);
            assert!(code.number == 0 || numbers.insert(code.number), "{} twice", code.number);
            assert!(!code.wire.is_empty() || code.number != 0);
            for text in [code.meaning(), code.remedy()] {
                assert!(!text.en.is_empty() && !text.zh.is_empty(), "{}", code.name());
                assert!(!text.zh.is_ascii(), "{}: {}", code.name(), text.zh);
            }
        }
    }

    #[test]
    fn what_clients_are_refused_with_is_explained() {
        for code in [
            "PERMISSION_DENIED",
            "COLLECTION_PERMISSION_DENIED",
            "INVALID_ACCESS_TOKEN",
            "ACCESS_TOKEN_EXPIRED",
            "ACCESS_TOKEN_DISABLED",
            "INVALID_REFRESH_TOKEN",
            "REFRESH_TOKEN_EXPIRED",
            "AUTH_LOGIN_FAILED",
            "AUTH_INVALID_CUSTOM_LOGIN_TICKET",
            "PHONE_CODE_NOT_MATCHED",
            "UNSUPPORTED_AUTH_TYPE",
            "DOCUMENT_NOT_FOUND",
            "DATABASE_TRANSACTION_FAIL",
            "UNIMPLEMENTED",
            "FUNCTION_INVOCATION_FAILED",
            "INVALID_ACTION",
            "NOT_FOUND",
            "FUNCTIONS_PARAM_INVALID",
            "FUNCTION_PARAM_INVALID",
            "FUNCTION_EXCEED_RESOURCE_LIMIT",
            "ContainerStateExited",
            "QUERYID_INVALID_ERROR",
            "SIGN_INVALID_ERROR",
        ] {
            assert_eq!(explain(code).map(|it| it.wire), Some(code));
        }
        assert_eq!(explain("-501023").map(|it| it.wire), Some("PERMISSION_DENIED"));
        for code in ["DATABASE_PERMISSION_DENIED", "STORAGE_EXCEED_AUTHORITY", "PERMISSION_DENIED"] {
            let remedy = explain(code).map(Code::remedy).unwrap_or_default();
            assert!(remedy.en.contains("cloudkit logs") && remedy.zh.contains("cloudkit logs"), "{code}");
        }
    }

    #[test]
    fn a_code_is_found_by_text_by_number_and_by_its_family() {
        for (asked, found) in [
            ("ResourceNotFound.Function", "ResourceNotFound.Function"),
            ("resourcenotfound.function", "ResourceNotFound.Function"),
            ("ResourceNotFound.SomethingNew", "ResourceNotFound"),
            ("-502005", "DATABASE_COLLECTION_NOT_EXIST"),
            ("430", "FUNCTIONS_EXECUTE_FAIL"),
            ("433", "FUNCTIONS_TIME_LIMIT_EXCEEDED"),
            (" -404011 ", "-404011"),
        ] {
            assert_eq!(explain(asked).map(Code::name).as_deref(), Some(found));
        }
        assert_eq!((explain("Nonsense"), explain(""), explain("0")), (None, None, None));
    }
}
