//! Codes that lead to a page of the mini program.

use serde_json::{Map, Value, json};

use super::VERSIONS;
use crate::emulator::wechat::picture::{self, Look};
use crate::emulator::wechat::refusal::{Refusal, Result};
use crate::emulator::wechat::{Answer, Asked};
use crate::model::percent;

/// The longest `scene`, in characters, and what it may hold beside letters and digits.
const LONGEST_SCENE: usize = 32;
const SCENE: &str = "!#$&'()*+,/:;=?@-._~";
/// What a scene may not hold: WeChat adds it itself.
const RESERVED: &str = "scancode_time";
/// The longest path of each kind of code, in characters.
pub(super) const LONGEST_PATH: usize = 1024;
pub(super) const LONGEST_SMALL_PATH: usize = 128;

pub(super) fn draw_path(asked: &Asked<'_>, longest: usize) -> Result<Answer> {
    asked.check_word("env_version", &VERSIONS)?;
    let path = asked.text("path").filter(|path| path.chars().count() <= longest).ok_or_else(Refusal::path)?;
    draw(path, &look(asked.fields)?)
}

pub(super) fn draw_scene(asked: &Asked<'_>) -> Result<Answer> {
    asked.check_word("env_version", &VERSIONS)?;
    let is_legal = |it: char| it.is_ascii_alphanumeric() || SCENE.contains(it);
    let scene =
        asked.text("scene").filter(|scene| scene.len() <= LONGEST_SCENE && scene.chars().all(is_legal));
    let scene = scene.ok_or_else(Refusal::scene)?;
    if scene.contains(RESERVED) {
        return Err(Refusal::reserved());
    }
    let page = asked.text("page").unwrap_or_default();
    if page.starts_with('/') || page.contains(['?', '#']) {
        return Err(Refusal::page());
    }
    draw(&format!("{page}?scene={}", percent::component(scene)), &look(asked.fields)?)
}

fn draw(text: &str, look: &Look) -> Result<Answer> {
    picture::draw(text, look).map(Answer::Picture).ok_or_else(Refusal::path)
}

fn look(fields: &Map<String, Value>) -> Result<Look> {
    let number = |value: &Value| {
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
        number.map(|it: f64| it as u64)
    };
    let is_set = |name: &str| fields.get(name).is_some_and(|value| *value == json!(true) || value == "true");
    let mut look = Look { is_transparent: is_set("is_hyaline"), ..Look::default() };
    if let Some(width) = fields.get("width").filter(|width| !width.is_null()) {
        look = look.with_width(number(width).ok_or_else(Refusal::not_json)?);
    }
    let colour = fields.get("line_color").filter(|_| !is_set("auto_color"));
    if let Some(colour) = colour.filter(|colour| !colour.is_null()) {
        if !colour.is_object() {
            return Err(Refusal::not_json());
        }
        let part = |name| colour.get(name).and_then(number).map_or(0, |it| it.min(255) as u8);
        look.colour = [part("r"), part("g"), part("b")];
    }
    Ok(look)
}
