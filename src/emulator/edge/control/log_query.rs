//! The query of the log service, as far as tools use it for functions: terms joined by AND, functions also by OR.
//!
//! `function_name:"login" AND (level:"error" OR level:"warn") AND log:"boom*"`. A level stands for itself and what is more
//! serious. Terms about other modules (`module:app`, `src:app`) are true of everything that is kept here.

use crate::emulator::logs::Search;
use crate::model::level::Level;

/// Reads a query into a search.
pub(super) fn read(query: &str, search: &mut Search) -> Result<(), String> {
    for term in terms(query) {
        match term.as_str() {
            "AND" | "and" | "OR" | "or" | "*" | "" => continue,
            "NOT" | "not" => return Err("`NOT` is not supported by this emulator".into()),
            _ => {}
        }
        let (name, value) = term.split_once(':').unwrap_or(("log", &term));
        match name {
            "function_name" => search.functions.push(value.to_owned()),
            "request_id" | "SCF_RequestId" => search.request_id = Some(value.to_owned()),
            "log" | "SCF_Message" => search.text = Some(value.trim_matches('*').to_owned()),
            "level" => {
                let level = Level::read(value).ok_or_else(|| format!("`{value}` is not a level"))?;
                search.level = Some(search.level.map_or(level, |other| other.min(level)));
            }
            "module" | "src" | "logType" | "eventType" => {}
            _ => return Err(format!("the field `{name}` is not function_name, request_id, level or log")),
        }
    }
    Ok(())
}

/// Splits at blanks and brackets outside quotes, and takes the quotes off.
fn terms(query: &str) -> Vec<String> {
    let (mut terms, mut term, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = query.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => term.extend(characters.next()),
            ' ' | '\t' | '\n' | '(' | ')' if !quoted => terms.push(std::mem::take(&mut term)),
            _ => term.push(character),
        }
    }
    terms.push(term);
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_become_a_search() {
        let mut search = Search::default();
        let query = r#"(src:app OR src:system) AND (function_name:"a b" OR function_name:login) AND (level:"error" OR level:"warn") AND log:"boom \"x\"*""#;
        assert_eq!(read(query, &mut search), Ok(()));
        assert_eq!(search.functions, ["a b", "login"]);
        assert_eq!(search.level, Some(Level::Warn));
        assert_eq!(search.text.as_deref(), Some(r#"boom "x""#));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (query, named) in [("NOT log:x", "NOT"), ("level:loud", "loud"), ("size:3", "size")] {
            let error = read(query, &mut Search::default()).expect_err("it is refused");
            assert!(error.contains(named), "{error}");
        }
        assert_eq!(read("", &mut Search::default()), Ok(()));
    }
}
