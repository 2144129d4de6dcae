//! Questions. They are asked only where a person can answer; elsewhere the caller's flag must.

use std::io;

use dialoguer::console::Term;
use dialoguer::{Confirm, Input};

use crate::error::{Error, Kind, Result};
use crate::model::text::Text;
use crate::text;

use super::ui::Ui;

impl Ui {
    /// Asks a question that is answered by yes or no; the answer to Enter is no.
    ///
    /// # Errors
    /// Nobody is there to answer: `flag` is what answers without a terminal.
    pub fn confirm(&self, question: &Text, flag: &str) -> Result<bool> {
        self.require_person(question, flag)?;
        let asked = Confirm::new().with_prompt(question.in_language(self.language())).default(false);
        self.suspend(|| asked.interact_opt()).map(|answer| answer.unwrap_or(false)).map_err(unanswered)
    }

    /// Asks for a line of text.
    ///
    /// # Errors
    /// Nobody is there to answer: `flag` is what answers without a terminal.
    pub fn ask(&self, question: &Text, flag: &str) -> Result<String> {
        self.require_person(question, flag)?;
        let asked = Input::<String>::new().with_prompt(question.in_language(self.language()));
        self.suspend(|| asked.interact_text()).map_err(unanswered)
    }

    /// Asks for something that must not be seen on the screen.
    ///
    /// # Errors
    /// Nobody is there to answer: `flag` is what answers without a terminal.
    pub fn ask_secret(&self, question: &Text, flag: &str) -> Result<String> {
        self.require_person(question, flag)?;
        let term = Term::stderr();
        let asked = || {
            term.write_str(&format!("{}: ", question.in_language(self.language())))?;
            term.read_secure_line()
        };
        self.suspend(asked).map_err(|error| unanswered(error.into()))
    }

    fn require_person(&self, question: &Text, flag: &str) -> Result<()> {
        if self.can_ask() {
            return Ok(());
        }
        let (en, zh) = (&question.en, &question.zh);
        Err(Error::new(
            Kind::Usage,
            text! { en: "cannot ask without a terminal: {en}", zh: "没有终端，无法询问：{zh}" },
        )
        .hint(text! { en: "answer with `{flag}`", zh: "请用 `{flag}` 回答" }))
    }
}

fn unanswered(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    match error.kind() {
        io::ErrorKind::Interrupted => {
            Error::new(Kind::Interrupted, text! { en: "interrupted", zh: "已中断" })
        }
        _ => Error::new(Kind::Failed, text! { en: "could not read the answer", zh: "无法读取回答" })
            .source(&error),
    }
}
