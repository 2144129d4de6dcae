//! `cloudkit completions SHELL`.

use clap_complete::Shell;

use crate::error::Result;

use super::context::Context;

/// Print the completion script of a shell
///
/// Examples:
///   cloudkit completions bash > ~/.local/share/bash-completion/completions/cloudkit
///   cloudkit completions fish > ~/.config/fish/completions/cloudkit.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    shell: Shell,
}

pub fn run(args: Args, context: &mut Context) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::tree(context.ui.language()), "cloudkit", &mut script);
    context.ui.data(&script);
    Ok(())
}
