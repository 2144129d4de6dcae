//! Which language to speak: `--lang`, then `CLOUDKIT_LANG`, then the locale.

use clap::ValueEnum;

use crate::model::text::Language;

use super::context::Outside;

/// The values of `--lang`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    En,
    Zh,
}

/// Returns the language to speak.
pub fn of(choice: Option<Choice>, outside: &Outside) -> Language {
    match choice {
        Some(Choice::En) => Language::English,
        Some(Choice::Zh) => Language::Chinese,
        // POSIX: `LC_ALL` outranks `LC_MESSAGES`, which outranks `LANG`.
        None => ["CLOUDKIT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| outside.variable(name))
            .map_or(Language::English, of_locale),
    }
}

fn of_locale(locale: &str) -> Language {
    match locale.to_lowercase().starts_with("zh") {
        true => Language::Chinese,
        false => Language::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_names_its_language() {
        for (locale, language) in [
            ("zh_CN.UTF-8", Language::Chinese),
            ("zh", Language::Chinese),
            ("en_US.UTF-8", Language::English),
            ("C", Language::English),
            ("de_DE", Language::English),
        ] {
            assert_eq!(of_locale(locale), language, "{locale}");
        }
    }
}
