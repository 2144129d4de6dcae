//! `cloudkit explain CODE`.

use serde::Serialize;

use crate::error::Result;
use crate::ops::codes;
use crate::term::{Page, Show, Style};

use super::context::Context;

/// Tell what an error code means and what to do about it
///
/// Knows the codes of CloudBase, of the functions service and of `wx.cloud`.
///
/// Examples:
///   cloudkit explain -502005
///   cloudkit explain ResourceNotFound.Function
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    #[arg(allow_hyphen_values = true)]
    code: String,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let explanation = codes::explain(&args.code)?;
    let language = context.ui.language();
    context.ui.show(&Explained {
        code: explanation.code,
        number: explanation.number,
        meaning: explanation.meaning.in_language(language).to_owned(),
        remedy: explanation.remedy.in_language(language).to_owned(),
    });
    Ok(())
}

/// An explanation in the reader's language.
#[derive(Serialize)]
struct Explained {
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i32>,
    meaning: String,
    remedy: String,
}

impl Show for Explained {
    fn show(&self, page: &mut Page) {
        let number = self.number.map(|number| number.to_string()).filter(|number| *number != self.code);
        let number = number.map(|number| format!("  {number}")).unwrap_or_default();
        page.styled(format_args!("{}{number}", page.paint(Style::Strong, &self.code)));
        page.sentence(&self.meaning.as_str().into());
        page.sentence(&self.remedy.as_str().into());
    }
}
