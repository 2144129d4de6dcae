//! The only room that prints, colours, asks or draws progress.
//!
//! Standard output is data, standard error is talk. A result is one value with two renderings: `Serialize` for `--json`,
//! [`Show`] for people.

mod ui;

mod page;
mod style;
mod table;

mod progress;
mod prompt;
mod report;

pub use page::{Page, Show};
pub use progress::Step;
pub use style::{ColorChoice, Style};
pub use table::Table;
pub use ui::{Settings, Ui};
