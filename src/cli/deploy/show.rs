//! A plan, and what came of it, for people: one line a thing, `+ ~ - =` before it.

use serde::Serialize;

use crate::model::text::Text;
use crate::ops::deploy::plan::{Change, Plan, Step, size_words};
use crate::ops::deploy::{Report, State};
use crate::term::{Page, Show, Table};
use crate::text;

/// A plan that is only looked at.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Planned(pub Plan);

impl Show for Planned {
    fn show(&self, page: &mut Page) {
        let steps: Vec<(&Step, &str)> = self.0.steps.iter().map(|step| (step, step.change.sign())).collect();
        table(page, &steps);
        self.0.notes.iter().for_each(|note| page.sentence(note));
        let (count, same) = (self.0.changes().count(), self.0.steps.len());
        page.sentence(&match count {
            0 => text! { en: "nothing to do: all {same} are as they should be", zh: "无需更改：{same} 项均与项目一致" },
            1 => text! { en: "1 change; `cloudkit deploy` makes it", zh: "1 项更改；运行 `cloudkit deploy` 生效" },
            _ => text! { en: "{count} changes; `cloudkit deploy` makes them", zh: "{count} 项更改；运行 `cloudkit deploy` 生效" },
        });
    }
}

/// A plan that was applied.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Reported(pub Report);

impl Show for Reported {
    /// Shows what changed; what did not is only counted.
    fn show(&self, page: &mut Page) {
        let report = &self.0;
        let touched = report.steps.iter().filter(|outcome| outcome.state != State::Unchanged);
        let steps: Vec<(&Step, &str)> =
            touched.map(|outcome| (&outcome.step, mark(outcome.step.change, outcome.state))).collect();
        if !steps.is_empty() {
            table(page, &steps);
        }
        report.notes.iter().for_each(|note| page.sentence(note));
        let count = |state| report.steps.iter().filter(|outcome| outcome.state == state).count();
        let (done, same) = (count(State::Done), count(State::Unchanged));
        let (failed, left) = (count(State::Failed), count(State::NotDone));
        let size = match report.uploaded_bytes {
            0 => text! { en: "nothing uploaded", zh: "未上传任何代码" },
            bytes => text! { en: ("{} uploaded", size_words(bytes)), zh: ("上传 {}", size_words(bytes)) },
        };
        let (en, zh) = (size.en, size.zh);
        match (failed, done) {
            (0, 0) => page.done(&text! { en: "nothing to do: {same} unchanged, {en}", zh: "无需更改：{same} 项未变，{zh}" }),
            (0, _) => page.done(&text! { en: "{done} done, {same} unchanged, {en}", zh: "{done} 项完成，{same} 项未变，{zh}" }),
            _ => page.sentence(&text! {
                en: "{done} done, {failed} failed, {left} not tried, {same} unchanged; deploying again goes on from here",
                zh: "{done} 项完成，{failed} 项失败，{left} 项未执行，{same} 项未变；再次部署即可继续"
            }),
        }
    }
}

/// A step that was not done keeps its sign out of sight: a cross or a dot says how it ended.
fn mark(change: Change, state: State) -> &'static str {
    match state {
        State::Unchanged | State::Done => change.sign(),
        State::Failed => "✘",
        State::NotDone => "·",
    }
}

fn table(page: &mut Page, steps: &[(&Step, &str)]) {
    let none = Text::default();
    let mut table = Table::new([
        none.clone(),
        text! { en: "kind", zh: "类型" },
        text! { en: "name", zh: "名称" },
        text! { en: "what", zh: "内容" },
    ]);
    for (step, mark) in steps {
        let details: Vec<&str> = step.details.iter().map(|detail| page.words(detail)).collect();
        let kind = step.kind.word();
        table.row([*mark, page.words(&kind), &step.name, &details.join(", ")]);
    }
    page.table(&table, &none);
}
