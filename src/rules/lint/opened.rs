//! What rules leave open to everybody, or to whoever is logged in.

use bson::doc;

use super::{Code, Finding, Of};
use crate::rules::decision::{Scope, Subject, decide};
use crate::rules::expression::Expression;
use crate::rules::payload::Payload;
use crate::rules::query::{Branch, Query};
use crate::rules::{Operation, Rules};
use crate::text;

/// Returns what is open to everybody, or to whoever is logged in.
pub(super) fn opened(rules: &Rules, of: Of) -> Vec<Finding> {
    let operations: &[Operation] = match of {
        Of::Documents => &[Operation::Read, Operation::Create, Operation::Update, Operation::Delete],
        Of::Files => &[Operation::Read, Operation::Update],
    };
    let mut found: Vec<Finding> = Vec::new();
    for operation in operations {
        let Some((name, rule)) = rules.of(*operation) else { continue };
        let (code, why) = match (operation, allows(rule, false, of), allows(rule, true, of)) {
            (Operation::Read, true, _) => (
                Code::OpenRead,
                text! { en: "everybody may read everything, logged in or not", zh: "任何人（无论是否登录）都可读取全部数据" },
            ),
            (Operation::Create, true, _) => (
                Code::OpenCreate,
                text! { en: "everybody may create, logged in or not", zh: "任何人（无论是否登录）都可新建" },
            ),
            (Operation::Update | Operation::Delete, true, _) => (
                Code::OpenWrite,
                text! { en: "everybody may change what is there, logged in or not", zh: "任何人（无论是否登录）都可修改或删除已有数据" },
            ),
            (Operation::Update | Operation::Delete, _, true) => (
                Code::AnyUserWrites,
                text! { en: "whoever is logged in may change what is somebody else's", zh: "任何登录用户都可修改或删除他人的数据" },
            ),
            _ => continue,
        };
        let place = Some((name.to_owned(), 0..rule.text.len()));
        // One rule may stand for several operations.
        if !found.iter().any(|it| it.code == code && it.place == place) {
            found.push(Finding { code, place, why });
        }
    }
    found
}

/// Whether somebody of whom the rule can know nothing special may do it to everything.
fn allows(rule: &Expression, logged_in: bool, of: Of) -> bool {
    // An id that nobody writes into a rule.
    let somebody = doc! { "openid": "\u{0}", "uid": "\u{0}", "loginType": "WECHAT_PUBLIC" };
    let foreign = doc! { "openid": "\u{1}", "path": "\u{1}" };
    let everything = Query { branches: vec![Branch::default()] };
    let payload = Payload::default();
    let scope = Scope {
        auth: logged_in.then_some(&somebody),
        now: 0,
        doc: if of == Of::Files { Subject::Document(None) } else { Subject::Query(&everything) },
        data: Some(&payload),
        resource: (of == Of::Files).then_some(&foreign),
    };
    decide(rule, &scope, &mut |_, _| Err("not known".into())).allowed
}
