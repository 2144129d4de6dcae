//! Lines to paste into a shell.

/// Writes a command and its arguments, those in quotes that a shell would take for something else.
pub fn line(command: &str, arguments: &[&str]) -> String {
    arguments.iter().fold(command.to_owned(), |line, argument| line + " " + &quoted(argument))
}

/// Returns an argument as a shell wants it.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@".contains(c);
    match !argument.is_empty() && argument.chars().all(plain) {
        true => argument.to_owned(),
        false => format!("'{}'", argument.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        for (argument, expected) in [
            ("stats.best:desc", "stats.best:desc"),
            ("姓名", "姓名"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$a;b", "'$a;b'"),
            ("", "''"),
        ] {
            assert_eq!(line("x", &[argument, "y"]), format!("x {expected} y"));
        }
    }
}
