//! The first screen: what runs, where, and what to try next.

use std::time::Duration;

use serde::Serialize;

use crate::model::text::Text;
use crate::term::{Page, Show, Style};
use crate::text;

use super::line::brief;

/// What a person sees when the emulator is ready.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Screen {
    pub url: String,
    /// Where programs arrive that speak TLS, when they can.
    pub https_url: Option<String>,
    pub env_id: String,
    /// Where the documents are; `None` when they go with the process.
    pub data: Option<String>,
    pub collections: Vec<String>,
    pub functions: Vec<FunctionRow>,
    #[serde(skip)]
    pub ready_in: Duration,
}

/// One function on the screen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionRow {
    pub name: String,
    /// Where a debugger attaches.
    pub inspector: Option<u16>,
    /// The cron texts of its timers.
    pub timers: Vec<String>,
}

impl Show for Screen {
    fn show(&self, page: &mut Page) {
        let version = env!("CARGO_PKG_VERSION");
        let (env, took) = (&self.env_id, brief(self.ready_in));
        let head = text! { en: "cloudkit {version}  env `{env}`  ready in {took}", zh: "cloudkit {version}  环境 `{env}`  {took} 就绪" };
        page.blank();
        page.sentence(&head);
        page.blank();
        let label =
            |page: &Page, text: Text| page.paint(Style::Faint, format!("  {:<12}", page.words(&text)));
        let row = |page: &mut Page, text: Text, value: String| {
            let line = format!("{}{value}", label(page, text));
            page.styled(line);
        };
        let address = page.paint(Style::Literal, &self.url);
        row(page, text! { en: "address", zh: "地址" }, address);
        if let Some(url) = &self.https_url {
            let address = page.paint(Style::Literal, url);
            row(page, text! { en: "over TLS", zh: "HTTPS 地址" }, address);
        }
        let functions = match self.functions.is_empty() {
            true => page.words(&text! { en: "none yet", zh: "暂无" }).to_owned(),
            false => self.functions.iter().map(FunctionRow::short).collect::<Vec<_>>().join("  "),
        };
        row(page, text! { en: "functions", zh: "云函数" }, functions);
        let inspectors =
            self.functions.iter().filter_map(|it| Some(format!("{} {}", it.name, it.inspector?)));
        let inspectors = inspectors.collect::<Vec<_>>().join("  ");
        if !inspectors.is_empty() {
            row(page, text! { en: "inspectors", zh: "调试端口" }, inspectors);
        }
        let collections = match self.collections.is_empty() {
            true => page.words(&text! { en: "none yet; `cloudkit db collection add NAME` makes one", zh: "暂无；用 `cloudkit db collection add NAME` 创建" }).to_owned(),
            false => self.collections.join("  "),
        };
        row(page, text! { en: "collections", zh: "集合" }, collections);
        let data = match &self.data {
            Some(folder) => folder.clone(),
            None => page.words(&text! { en: "gone when this ends", zh: "退出后即消失" }).to_owned(),
        };
        row(page, text! { en: "data", zh: "数据" }, data);
        page.blank();
        let name = self.functions.first().map_or("NAME", |it| it.name.as_str());
        page.sentence(&text! {
            en: "try `cloudkit fn invoke {name} --as o-alice1` in another terminal; Ctrl-C ends",
            zh: "在另一个终端试试 `cloudkit fn invoke {name} --as o-alice1`；按 Ctrl-C 结束"
        });
        page.blank();
    }
}

impl FunctionRow {
    fn short(&self) -> String {
        match self.timers.is_empty() {
            true => self.name.clone(),
            false => format!("{} (timer {})", self.name, self.timers.join(", ")),
        }
    }
}
