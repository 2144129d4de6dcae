//! `cloudkit wechat …`.

use crate::error::{Error, Kind, Result};
use crate::model::text::Text;
use crate::ops::wechat::{self, Call};
use crate::term::{Page, Show, Table};
use crate::text;

use super::context::Context;

/// The stand-in for WeChat: what it was asked, and what it is to answer (emulator only)
///
/// A method goes by either of its names: `subscribeMessage.send`, as after `cloud.openapi.`, or its path,
/// `cgi-bin/message/subscribe/send`. Tests that speak HTTP read the calls at `GET /__cloudkit/wechat/calls?method=NAME` of the
/// emulator, and forget them by `DELETE`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List what WeChat was asked, the oldest call first
    Calls {
        /// Only this method
        method: Option<String>,
        /// Forget the calls, and every prepared answer, after listing them
        #[arg(long)]
        clear: bool,
    },
    /// Have the next call of a method fail
    Fail {
        method: String,
        /// WeChat's number, such as 43101 or -1
        #[arg(allow_negative_numbers = true)]
        errcode: i32,
        /// So many calls
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        times: u64,
    },
    /// Have the next call of a method answer certain fields
    Answer {
        method: String,
        /// A JSON object, `@FILE`, or `-` for standard input; its fields stand over those of a success
        fields: String,
        /// So many calls
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        times: u64,
    },
    /// Count a text as risky in content checks, until the emulator ends
    Risky { text: String },
    /// Make a code as `wx.login` would: good once, for five minutes
    Code {
        /// Whom it stands for
        openid: String,
        /// A code of the button that asks for the phone number
        #[arg(long)]
        phone: bool,
    },
    /// Have a person accept a subscription message, as `wx.requestSubscribeMessage` asks: one accepted is one sent
    ///
    /// A template of which nothing was granted is accepted by everybody, always. From its first grant on whoever has none left
    /// refuses: 43101.
    Grant {
        /// Who accepts
        openid: String,
        /// The id of the template
        template: String,
        /// So many messages; 0 to refuse
        #[arg(long, default_value_t = 1)]
        times: u64,
    },
}

pub fn run(command: Command, context: &mut Context) -> Result<()> {
    let target = match &command {
        Command::Calls { clear: false, .. } => context.target()?,
        _ => context.target_to_change()?,
    };
    match command {
        Command::Calls { method, clear } => {
            let calls = context.wait(wechat::calls(&target, method))?;
            if clear {
                context.wait(wechat::clear(&target))?;
            }
            context.ui.show(&Calls(calls));
        }
        Command::Fail { errcode: 0, .. } => {
            return Err(Error::new(Kind::Usage, text! { en: "0 is a success", zh: "0 表示成功" }));
        }
        Command::Fail { method, errcode, times } => {
            context.wait(wechat::fail(&target, method.clone(), errcode, times))?;
            let what = text! { en: "The next {times} × `{method}` fail with {errcode}", zh: "接下来 {times} 次 `{method}` 将返回 {errcode}" };
            context.ui.show(&Prepared { method, times, what });
        }
        Command::Answer { method, fields, times } => {
            let fields = context.json_argument(&fields)?;
            context.wait(wechat::answer(&target, method.clone(), fields, times))?;
            let what = text! { en: "The next {times} × `{method}` answer these fields", zh: "接下来 {times} 次 `{method}` 将返回这些字段" };
            context.ui.show(&Prepared { method, times, what });
        }
        Command::Risky { text } => {
            context.wait(wechat::distrust(&target, text.clone()))?;
            context.ui.show(&Risky { risky: text });
        }
        Command::Code { openid, phone } => {
            let code = context.wait(wechat::code(&target, openid, phone))?;
            context.ui.show(&Code { code });
        }
        Command::Grant { openid, template, times } => {
            context.wait(wechat::grant(&target, openid.clone(), template.clone(), times))?;
            context.ui.show(&Granted { openid, template, times });
        }
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Calls(Vec<Call>);

impl Show for Calls {
    fn show(&self, page: &mut Page) {
        let mut table = Table::new([
            text! { en: "time", zh: "时间" },
            text! { en: "method", zh: "方法" },
            text! { en: "answer", zh: "结果" },
            text! { en: "body", zh: "参数" },
        ]);
        for call in &self.0 {
            let answer = if call.errcode == 0 { "ok".to_owned() } else { call.errcode.to_string() };
            table.row([&call.time, &call.method, &answer, &call.body.to_string()]);
        }
        page.table(&table, &text! { en: "WeChat was asked nothing.", zh: "微信尚未收到任何请求。" });
    }
}

#[derive(serde::Serialize)]
struct Prepared {
    method: String,
    times: u64,
    #[serde(skip)]
    what: Text,
}

impl Show for Prepared {
    fn show(&self, page: &mut Page) {
        page.line(page.words(&self.what).to_owned());
    }
}

#[derive(serde::Serialize)]
struct Risky {
    risky: String,
}

impl Show for Risky {
    fn show(&self, page: &mut Page) {
        let text = &self.risky;
        let what = text! { en: "`{text}` is risky now", zh: "`{text}` 现在视为违规" };
        page.line(page.words(&what).to_owned());
    }
}

#[derive(serde::Serialize)]
struct Code {
    code: String,
}

impl Show for Code {
    fn show(&self, page: &mut Page) {
        page.line(&self.code);
    }
}

#[derive(serde::Serialize)]
struct Granted {
    openid: String,
    template: String,
    times: u64,
}

impl Show for Granted {
    fn show(&self, page: &mut Page) {
        let Granted { openid, template, times } = self;
        let what = match times {
            0 => {
                text! { en: "`{openid}` refuses messages of `{template}`", zh: "`{openid}` 拒绝了模板 `{template}` 的消息" }
            }
            _ => {
                text! { en: "`{openid}` accepts {times} × `{template}` more", zh: "`{openid}` 又允许了 {times} 次 `{template}`" }
            }
        };
        page.line(page.words(&what).to_owned());
    }
}
