//! What an error code means and what to do about it.

use crate::api::error;
use crate::error::{Error, Kind, Result};
use crate::model::name::{did_you_mean, suggestion};
use crate::model::text::Text;
use crate::text;

/// A code, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub code: String,
    /// The number that `wx.cloud` shows for it.
    pub number: Option<i32>,
    pub meaning: Text,
    pub remedy: Text,
}

/// Looks up a code as a person writes it: `ResourceNotFound.Function`, `-502005`.
pub fn explain(code: &str) -> Result<Explanation> {
    if let Some(known) = error::explain(code) {
        return Ok(Explanation {
            code: known.name(),
            number: (known.number != 0).then_some(known.number),
            meaning: known.meaning(),
            remedy: known.remedy(),
        });
    }
    let names: Vec<String> = error::all().map(|known| known.name()).collect();
    let unknown = Error::new(
        Kind::NotFound,
        text! { en: "`{code}` is not a code this program knows", zh: "未收录错误码 `{code}`" },
    );
    Err(match did_you_mean(code, names.iter().map(String::as_str)) {
        Some(near) => unknown.hint(suggestion(near)),
        None => unknown.hint(text! {
            en: "a code is in the brackets of an error, such as `-502005` or `ResourceNotFound.Function`",
            zh: "错误码写在报错的方括号里，例如 `-502005` 或 `ResourceNotFound.Function`"
        }),
    })
}
