//! Results as JUnit XML, which CI services show.

use std::fmt::Write;

use super::{Outcome, Verdict};

/// Writes the results of files: a suite for each.
pub fn junit(outcomes: &[Outcome]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    // Writing to a text cannot fail.
    let _ = outcomes.iter().try_for_each(|outcome| suite(&mut xml, outcome));
    xml + "</testsuites>\n"
}

fn suite(xml: &mut String, outcome: &Outcome) -> std::fmt::Result {
    let failed = outcome.tests.iter().filter(|test| !test.passed).count();
    let (name, count) = (escaped(&outcome.file.display().to_string()), outcome.tests.len());
    writeln!(xml, "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failed}\">")?;
    for test in &outcome.tests {
        write!(xml, "    <testcase classname=\"{name}\" name=\"{}\"", escaped(&test.name))?;
        match test.passed {
            true => writeln!(xml, "/>")?,
            false => failure(xml, test)?,
        }
    }
    writeln!(xml, "  </testsuite>")
}

fn failure(xml: &mut String, test: &Verdict) -> std::fmt::Result {
    let word = |allowed| if allowed { "allowed" } else { "denied" };
    let message = format!("{}, expected {}", word(test.allowed), word(test.expected));
    writeln!(xml, ">\n      <failure message=\"{message}\">")?;
    for reason in &test.denied_by {
        writeln!(xml, "{}", escaped(reason))?;
    }
    if let Some(missing) = &test.missing {
        writeln!(xml, "missing: {}", escaped(&missing.to_string()))?;
    }
    writeln!(xml, "      </failure>\n    </testcase>")
}

/// Writes what means something in XML, and in HTML, as it is read; what XML cannot hold is left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_left_out() {
        assert_eq!(escaped("a<b & \"c\" > 'd'\u{1}\n票"), "a&lt;b &amp; &quot;c&quot; &gt; &#39;d&#39; 票");
    }
}
