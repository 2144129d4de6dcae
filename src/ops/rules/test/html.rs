//! Coverage as one page that needs nothing else: each rule with its clauses, and the tests that failed.

use std::fmt::Write;

use super::Outcome;
use super::coverage::{Clause, Coverage};
use super::junit::escaped;
use crate::model::text::Language;
use crate::text;

/// The page but for what was measured.
const HEAD: &str = include_str!("coverage.html");

/// Writes the page in a language.
pub fn html(coverage: &Coverage, outcomes: &[Outcome], language: Language) -> String {
    let words = |text: crate::model::text::Text| text.in_language(language).to_owned();
    let percent = coverage.percent;
    let tests: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.tests).collect();
    let failed: Vec<_> = tests.iter().filter(|test| !test.passed).collect();
    let mut page = HEAD
        .replace("{{language}}", if language == Language::Chinese { "zh-CN" } else { "en" })
        .replace("{{title}}", &words(text! { en: "Coverage of rules", zh: "规则覆盖率" }));
    let (total, passed) = (tests.len(), tests.len() - failed.len());
    let summary = words(text! {
        en: "{percent:.0} % of the clauses' outcomes seen · {passed} of {total} tests passed",
        zh: "子句结果覆盖 {percent:.0}% · {total} 项测试中 {passed} 项通过"
    });
    let legend = words(text! {
        en: "green: true and not true were seen · yellow: one of them · red: never decided. In brackets: how often true, how often not",
        zh: "绿色：真与不真都出现过；黄色：只出现一种；红色：从未判断。括号内为真与不为真的次数"
    });
    // Writing to a text cannot fail.
    let _ = writeln!(page, "<p class=\"summary\">{summary}</p>\n<p class=\"legend\">{legend}</p>");
    for test in failed {
        let _ = writeln!(page, "<p class=\"failed\">✘ {}</p>", escaped(&test.name));
    }
    let files = words(text! { en: "files", zh: "文件" });
    let mut shown = None;
    for clauses in coverage.rules() {
        let Some(first) = clauses.first() else { continue };
        if shown != Some(&first.collection) {
            let name = first.collection.as_deref().unwrap_or(&files);
            let _ = writeln!(page, "<h2>{}</h2>", escaped(name));
            shown = Some(&first.collection);
        }
        let place = first.place.as_ref().map(|place| format!("{}:{}", place.path.display(), place.line));
        let (rule, place) = (escaped(&first.rule), escaped(&place.unwrap_or_default()));
        let _ = writeln!(page, "<h3>{rule} <small>{place}</small></h3>\n<pre>{}</pre>", marked(clauses));
    }
    page + "</main>\n</body>\n</html>\n"
}

/// Returns a rule's text with its clauses marked.
fn marked(clauses: &[Clause]) -> String {
    let Some(text) = clauses.first().map(|clause| clause.text.as_str()) else { return String::new() };
    let (mut marked, mut at) = (String::new(), 0);
    for clause in clauses {
        let class = match clause.seen() {
            0 => "none",
            seen if seen < clause.outcomes() => "part",
            _ => "full",
        };
        let between = text.get(at..clause.span.start).unwrap_or_default();
        let (source, is_true, is_not) = (escaped(&clause.clause), clause.is_true, clause.is_not);
        let _ = write!(
            marked,
            "{}<mark class=\"{class}\">{source}<sub>({is_true}, {is_not})</sub></mark>",
            escaped(between)
        );
        at = clause.span.end;
    }
    marked + &escaped(text.get(at..).unwrap_or_default())
}
