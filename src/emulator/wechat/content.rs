//! Content checks: what counts as risky, and how each generation of the methods says so. See
//! `docs/wire.md#wechat-content-checks`.

use serde_json::{Value, json};

/// Texts that are risky wherever they are: the two examples of WeChat's documentation, and one that is easy to type.
const BUILT_IN: [&str; 3] =
    ["特3456书yuuo莞6543李zxcz蒜7782法fgnv级", "完2347全dfji试3726测asad感3847知qwez到", "cloudkit-risky"];
/// Nothing was found.
const NORMAL: u32 = 100;
/// Unlawful: what a risky text is labelled here.
const UNLAWFUL: u32 = 20006;

/// The texts that count as risky.
#[derive(Debug, Clone, Default)]
pub(super) struct Risky(Vec<String>);

impl Risky {
    /// Returns the built-in texts and some more; empty ones are in everything and left out.
    pub fn new(words: &[String]) -> Self {
        let words = BUILT_IN.into_iter().map(str::to_owned).chain(words.iter().cloned());
        Risky(words.filter(|word| !word.is_empty()).collect())
    }

    pub fn add(&mut self, word: String) {
        if !word.is_empty() && !self.0.contains(&word) {
            self.0.push(word);
        }
    }

    /// Returns the risky text that some bytes hold: those of a text, of a picture, of an address.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let holds = |word: &&String| bytes.windows(word.len()).any(|part| part == word.as_bytes());
        self.0.iter().find(holds).map(String::as_str)
    }
}

/// Returns `result` and `detail` of the second generation.
pub(super) fn verdict(keyword: Option<&str>) -> (Value, Value) {
    let (suggest, label) = if keyword.is_some() { ("risky", UNLAWFUL) } else { ("pass", NORMAL) };
    let model = json!({
        "strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90,
    });
    let words = match keyword {
        Some(keyword) => json!({
            "strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label, "level": 90, "keyword": keyword,
        }),
        None => json!({ "strategy": "keyword", "errcode": 0 }),
    };
    (json!({ "suggest": suggest, "label": label }), json!([model, words]))
}

/// A picture or a sound whose check was asked for, until its result is told.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub trace_id: String,
    /// 1 or 2.
    pub version: i64,
    pub is_risky: bool,
    pub openid: Option<String>,
}

impl Checked {
    /// Returns the event that tells the result. `seconds` is the time.
    pub fn event(&self, appid: &str, original_id: &str, seconds: i64) -> Value {
        let from = self.openid.as_deref().unwrap_or_default();
        let mut event = json!({
            "ToUserName": original_id,
            "FromUserName": from,
            "CreateTime": seconds,
            "MsgType": "event",
            "Event": "wxa_media_check",
            "appid": appid,
            "trace_id": self.trace_id,
        });
        let more = match self.version {
            2 => {
                let (result, mut detail) = verdict(self.is_risky.then_some("media"));
                // Only the model looks at media.
                if let Some(detail) = detail.as_array_mut() {
                    detail.truncate(1);
                }
                json!({ "version": 2, "result": result, "detail": detail })
            }
            _ => json!({ "isrisky": i32::from(self.is_risky), "extra_info_json": "", "status_code": 0 }),
        };
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_risky_text_is_found_in_any_bytes() {
        let risky = Risky::new(&["坏话".into(), String::new()]);
        for (bytes, found) in [
            ("这是坏话吗".as_bytes(), Some("坏话")),
            ("".as_bytes(), None),
            ("good".as_bytes(), None),
            (b"\x89PNG\r\n\0cloudkit-risky\0".as_slice(), Some("cloudkit-risky")),
            ("特3456书yuuo莞6543李zxcz蒜7782法fgnv级".as_bytes(), Some(BUILT_IN[0])),
        ] {
            assert_eq!(risky.find(bytes), found, "{bytes:?}");
        }
    }

    #[test]
    fn both_generations_tell_a_result_in_their_own_words() {
        let mut checked =
            Checked { trace_id: "t".into(), version: 2, is_risky: false, openid: Some("o-1".into()) };
        let event = checked.event("wx1", "gh_1", 7);
        assert_eq!(event["result"], json!({ "suggest": "pass", "label": 100 }));
        assert_eq!(event["detail"][0]["prob"], 90);
        assert_eq!((&event["FromUserName"], &event["CreateTime"]), (&json!("o-1"), &json!(7)));
        (checked.version, checked.is_risky) = (1, true);
        let event = checked.event("wx1", "gh_1", 7);
        assert_eq!(
            (&event["isrisky"], &event["status_code"], event.get("result")),
            (&json!(1), &json!(0), None)
        );
    }
}
