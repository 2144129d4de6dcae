//! What WeChat was asked, and the answers that were prepared for it.

use std::collections::VecDeque;

use serde_json::Value;

use super::method::Method;
use super::refusal::Refusal;
use crate::model::clock::Millis;

/// Calls that are kept; the oldest go first.
const KEPT: usize = 1000;
/// The largest body that is kept, in bytes of JSON.
const LARGEST: usize = 64 * 1024;

/// A call of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub method: String,
    /// The parameters, without secrets.
    pub body: Value,
    pub time: Millis,
    /// What it was answered; 0 is success.
    pub errcode: i64,
}

/// An answer that somebody wants a method to give.
#[derive(Debug, Clone, PartialEq)]
pub enum Prepared {
    Failure(Refusal),
    /// These fields, over those of a success.
    Answer(Value),
}

/// The calls, the newest last, and the prepared answers, in the order in which they are used.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    calls: VecDeque<Recorded>,
    prepared: VecDeque<(String, Prepared, u64)>,
}

impl Inbox {
    pub fn record(&mut self, mut call: Recorded) {
        if call.body.to_string().len() > LARGEST {
            call.body = Value::String(format!("more than {LARGEST} bytes"));
        }
        if self.calls.len() == KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// Returns the calls of a method, or all.
    pub fn calls(&self, method: Option<&str>) -> Vec<Recorded> {
        let is_meant = |call: &&Recorded| method.is_none_or(|name| named(&call.method).is_called(name));
        self.calls.iter().filter(is_meant).cloned().collect()
    }

    pub fn clear(&mut self) {
        self.calls.clear();
        self.prepared.clear();
    }

    /// Has the next calls of a method answered so.
    pub fn prepare(&mut self, method: &str, prepared: Prepared, times: u64) {
        if times > 0 {
            self.prepared.push_back((method.to_owned(), prepared, times));
        }
    }

    /// Returns the answer that was prepared for a call, which uses it up.
    pub fn take(&mut self, method: &Method) -> Option<Prepared> {
        let at = self.prepared.iter().position(|(name, ..)| method.is_called(name))?;
        let (_, prepared, left) = self.prepared.get_mut(at)?;
        let prepared = prepared.clone();
        *left -= 1;
        if *left == 0 {
            self.prepared.remove(at);
        }
        Some(prepared)
    }
}

fn named(name: &str) -> Method {
    let known = if name.starts_with('/') { Method::at(name).ok() } else { Method::called(name) };
    known.unwrap_or_else(|| Method::unknown(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recorded(method: &str, time: Millis) -> Recorded {
        Recorded { method: method.into(), body: json!({}), time, errcode: 0 }
    }

    #[test]
    fn the_newest_calls_are_kept_and_found_by_either_name() {
        let mut inbox = Inbox::default();
        (0..KEPT as Millis + 5).for_each(|time| inbox.record(recorded("security.msgSecCheck", time)));
        inbox.record(recorded("/cv/ocr/idcard", 0));
        assert_eq!(inbox.calls(None).len(), KEPT);
        assert_eq!(inbox.calls(Some("/wxa/msg_sec_check")).first().map(|call| call.time), Some(6));
        assert_eq!(inbox.calls(Some("cv/ocr/idcard")).len(), 1);
        assert_eq!(inbox.calls(Some("wxacode.get")), []);
        inbox.record(Recorded { body: json!("x".repeat(LARGEST)), ..recorded("a.b", 0) });
        assert_eq!(inbox.calls(Some("a.b"))[0].body, json!("more than 65536 bytes"));
    }

    #[test]
    fn a_prepared_answer_serves_so_many_calls() {
        let mut inbox = Inbox::default();
        let method = Method::called("wxacode.get").expect("a method");
        let failure = Prepared::Failure(Refusal::numbered(45009));
        inbox.prepare("wxa/getwxacode", failure.clone(), 2);
        inbox.prepare("wxacode.get", Prepared::Answer(json!({ "x": 1 })), 1);
        assert_eq!(inbox.take(&Method::called("wxacode.getUnlimited").expect("a method")), None);
        let taken: Vec<_> = std::iter::from_fn(|| inbox.take(&method)).collect();
        assert_eq!(taken, [failure.clone(), failure, Prepared::Answer(json!({ "x": 1 }))]);
    }
}
