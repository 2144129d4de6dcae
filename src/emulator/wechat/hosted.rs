//! What a game's server reports of its players: keys and values that WeChat keeps for each. See `docs/wire.md#wechat-methods`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::refusal::{Refusal, Result};

/// The most pairs of one player.
const MOST_PAIRS: usize = 128;
/// The longest key, and key and value together, in bytes.
const LONGEST_KEY: usize = 128;
const LONGEST_PAIR: usize = 1024;

/// The pairs of one player.
pub(super) type Pairs = BTreeMap<String, String>;

/// Returns the pairs of a player with those that are reported.
///
/// # Errors
/// They are none, or too long, or too many; then nothing has changed.
pub(super) fn set(pairs: &Pairs, fields: &Map<String, Value>) -> Result<Pairs> {
    let list = fields.get("kv_list").or_else(|| fields.get("kvList")).and_then(Value::as_array);
    let mut after = pairs.clone();
    for pair in list.ok_or_else(Refusal::not_json)? {
        let (key, value) = read(pair).ok_or_else(Refusal::not_json)?;
        if key.len() > LONGEST_KEY {
            return Err(Refusal::hosted_key());
        }
        if key.len() + value.len() > LONGEST_PAIR {
            return Err(Refusal::hosted_pair());
        }
        after.insert(key, value);
    }
    if after.len() > MOST_PAIRS { Err(Refusal::hosted_pairs()) } else { Ok(after) }
}

fn read(pair: &Value) -> Option<(String, String)> {
    let value = match pair.get("value")? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some((pair.get("key")?.as_str()?.to_owned(), value))
}

/// Removes the pairs of these keys.
pub(super) fn remove(pairs: &mut Pairs, fields: &Map<String, Value>) -> Result<()> {
    let keys = fields.get("key").and_then(Value::as_array).ok_or_else(Refusal::not_json)?;
    keys.iter().filter_map(Value::as_str).for_each(|key| drop(pairs.remove(key)));
    Ok(())
}
