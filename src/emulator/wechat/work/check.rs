//! Checks of what people write and show.

use serde_json::{Value, json};

use super::fields;
use crate::emulator::wechat::content::{self, Checked};
use crate::emulator::wechat::dimensions::dimensions;
use crate::emulator::wechat::push::CHECK;
use crate::emulator::wechat::refusal::{Refusal, Result, trace};
use crate::emulator::wechat::{Answer, Asked, WeChat};

/// The longest text of the second generation of checks, in characters; and of the first, in bytes.
const LONGEST_TEXT: usize = 2500;
const LARGEST_TEXT: usize = 500 * 1024;
/// The largest picture that is checked, in bytes.
const LARGEST_PICTURE: usize = 1024 * 1024;
/// The most that it measures, in pixels: its width and its height.
const MOST_PIXELS: (u32, u32) = (750, 1334);

impl WeChat {
    pub(super) fn check_text(&self, asked: &Asked<'_>) -> Result<Answer> {
        let content = asked.fields.get("content").and_then(Value::as_str).ok_or_else(Refusal::not_json)?;
        if content.is_empty() {
            return Err(Refusal::empty());
        }
        let is_second = asked.number("version") == Some(2);
        if is_second {
            asked.openid("openid")?;
            check_scene(asked)?;
        }
        let is_long =
            if is_second { content.chars().count() > LONGEST_TEXT } else { content.len() > LARGEST_TEXT };
        if is_long {
            return Err(Refusal::too_long());
        }
        let now = self.clock.now();
        let state = self.state();
        let beside = ["title", "nickname", "signature"].into_iter().filter_map(|name| asked.text(name));
        let keyword = [content].into_iter().chain(beside).find_map(|text| state.risky.find(text.as_bytes()));
        match (is_second, keyword) {
            (false, Some(_)) => Err(Refusal::risky()),
            (false, None) => fields(json!({})),
            (true, keyword) => {
                let (result, detail) = content::verdict(keyword);
                fields(json!({ "result": result, "detail": detail, "trace_id": trace(&self.ids, now) }))
            }
        }
    }

    pub(super) fn check_picture(&self, asked: &Asked<'_>) -> Result<Answer> {
        let media = asked.media.filter(|media| !media.bytes.is_empty()).ok_or_else(Refusal::no_media)?;
        if media.bytes.len() > LARGEST_PICTURE {
            return Err(Refusal::file_size());
        }
        let (width, height) = dimensions(media.bytes).ok_or_else(Refusal::file_type)?;
        if width > MOST_PIXELS.0 || height > MOST_PIXELS.1 {
            return Err(Refusal::file_size());
        }
        let state = self.state();
        match [media.bytes, media.name.as_bytes()].into_iter().find_map(|bytes| state.risky.find(bytes)) {
            Some(_) => Err(Refusal::risky()),
            None => fields(json!({})),
        }
    }

    /// Takes the order; the result is told later.
    pub(super) fn check_media(&self, asked: &Asked<'_>) -> Result<Answer> {
        let url = asked.text("media_url").ok_or_else(Refusal::not_json)?;
        if !matches!(asked.number("media_type"), Some(1 | 2)) {
            return Err(Refusal::not_json());
        }
        if !(url.starts_with("http://") || url.starts_with("https://")) {
            return Err(Refusal::url());
        }
        let version = asked.number("version").unwrap_or(1);
        if version == 2 {
            asked.openid("openid")?;
            check_scene(asked)?;
        }
        let now = self.clock.now();
        let trace_id = trace(&self.ids, now);
        let openid = asked.text("openid").map(str::to_owned);
        let mut state = self.state();
        let is_risky = state.risky.find(url.as_bytes()).is_some();
        state.checked.push((now + CHECK, Checked { trace_id: trace_id.clone(), version, is_risky, openid }));
        self.pending.notify_one();
        fields(json!({ "trace_id": trace_id }))
    }
}

fn check_scene(asked: &Asked<'_>) -> Result<()> {
    match asked.number("scene") {
        Some(1..=4) => Ok(()),
        _ => Err(Refusal::scene_type()),
    }
}
