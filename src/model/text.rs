//! A sentence in both languages, written side by side where it is born; the terminal picks one.

/// A sentence in English and in Chinese.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    pub en: String,
    pub zh: String,
}

/// The language the terminal speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

impl Text {
    /// Wraps words that are the same in both languages: a name, a path, a foreign error.
    pub fn same(words: impl Into<String>) -> Self {
        let en = words.into();
        Text { zh: en.clone(), en }
    }

    /// Returns the sentence in one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Text::same(words)
    }
}

/// Writes a sentence in both languages, as `format!` does; leaving one out does not compile.
///
/// Values are captured by name, or given as arguments: `text! { en: ("{}", x), zh: ("{}", x) }`.
///
/// ```
/// # use cloudkit::text;
/// let name = "login";
/// let said = text! { en: "function `{name}` does not exist", zh: "云函数 `{name}` 不存在" };
/// assert_eq!(said.zh, "云函数 `login` 不存在");
/// ```
#[macro_export]
macro_rules! text {
    (en: $en:literal, zh: $zh:literal $(,)?) => {
        $crate::model::text::Text { en: format!($en), zh: format!($zh) }
    };
    (en: ($($en:tt)*), zh: ($($zh:tt)*) $(,)?) => {
        $crate::model::text::Text { en: format!($($en)*), zh: format!($($zh)*) }
    };
}
