//! Messages to users: what each may hold. See `docs/wire.md#wechat-messages`.

use serde_json::Value;

use super::refusal::{Refusal, Result};

/// The longest text of a customer-service message, in bytes.
const LONGEST: usize = 2048;

/// Checks the fields of a subscription message.
pub(super) fn check_fields(data: Option<&Value>) -> Result<()> {
    let Some(Value::Object(fields)) = data else { return Err(Refusal::not_json()) };
    for (key, field) in fields {
        let value = match field.get("value") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return Err(Refusal::not_json()),
        };
        if value.is_empty() {
            return Err(Refusal::argument().saying(format_args!("data.{key}.value is empty")));
        }
        if !is_valid(key.trim_end_matches(|it: char| it.is_ascii_digit()), &value) {
            return Err(Refusal::argument().saying(format_args!("data.{key}.value invalid")));
        }
    }
    Ok(())
}

/// Whether a value fits a kind of field: the key without its number.
fn is_valid(kind: &str, value: &str) -> bool {
    let length = value.chars().count();
    let all = |is: fn(char) -> bool| value.chars().all(is);
    match kind {
        "thing" => length <= 20,
        "number" => length <= 32 && value.parse::<f64>().is_ok_and(f64::is_finite),
        "letter" => length <= 32 && all(|it| it.is_ascii_alphabetic()),
        "symbol" => length <= 5 && all(|it| !it.is_alphanumeric()),
        "character_string" => length <= 32 && all(|it| it.is_ascii_graphic() || it == ' '),
        "time" => is_time(value),
        "date" => is_date(value),
        "amount" => is_amount(value),
        "phone_number" => length <= 17 && all(|it| it.is_ascii_digit() || "+-() ".contains(it)),
        "car_number" => {
            length <= 8 && value.chars().skip(1).all(|it| it.is_ascii_alphanumeric() || is_han(it))
        }
        "name" if all(is_han) => length <= 10,
        "name" => length <= 20 && all(|it| !it.is_ascii_digit()),
        "phrase" => length <= 5 && all(is_han),
        "enum" => length <= 5,
        // New kinds appear; WeChat's page has no rule for them.
        _ => true,
    }
}

fn is_han(it: char) -> bool {
    matches!(it, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '·')
}

/// `15:01`, also with a date before it, and a span `15:01~16:00`.
fn is_time(value: &str) -> bool {
    let clock = |text: &str| {
        let text = text.rsplit(' ').next().unwrap_or_default();
        let mut parts = text.split([':', '：']).map(str::parse::<u32>);
        let hour = matches!(parts.next(), Some(Ok(0..=23)));
        let rest: Vec<_> = parts.collect();
        hour && (1..=2).contains(&rest.len()) && rest.iter().all(|it| matches!(it, Ok(0..=59)))
    };
    value.split('~').all(clock)
}

/// `2019年10月1日` or `2019-10-01`, also with a time after it, and a span.
fn is_date(value: &str) -> bool {
    let day = |text: &str| {
        let date = text.trim().split(' ').next().unwrap_or_default().trim_end_matches('日');
        let parts: Vec<_> = date.split(['年', '月', '-', '/', '.']).map(str::parse::<u32>).collect();
        matches!(parts.as_slice(), [Ok(1000..=9999), Ok(1..=12), Ok(1..=31)])
    };
    value.split('~').all(day)
}

/// One sign of a currency, up to ten digits, perhaps `元` after them.
fn is_amount(value: &str) -> bool {
    let number = value.strip_suffix('元').unwrap_or(value);
    let number = number.trim_start_matches(|it: char| "¥￥$€£".contains(it));
    let signs = value.chars().filter(|it| "¥￥$€£".contains(*it)).count();
    let digits = number.chars().filter(char::is_ascii_digit).count();
    signs <= 1 && (1..=10).contains(&digits) && number.parse::<f64>().is_ok_and(|it| it >= 0.0)
}

/// Checks a customer-service message: a kind, and a field of that name with what the kind needs.
pub(super) fn check_custom(kind: &str, body: Option<&Value>) -> Result<()> {
    let needed: &[&str] = match kind {
        "text" => &["content"],
        "image" | "voice" => &["media_id"],
        "link" => &["title", "url"],
        "miniprogrampage" => &["title", "pagepath", "thumb_media_id"],
        _ => return Err(Refusal::message_type()),
    };
    let body = body.ok_or_else(Refusal::not_json)?;
    for name in needed {
        match body.get(name).and_then(Value::as_str) {
            None | Some("") => return Err(Refusal::not_json()),
            Some(text) if text.len() > LONGEST => return Err(Refusal::too_long()),
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_field_has_its_rule() {
        for (key, value, fits) in [
            ("thing1", "二十个字二十个字二十个字二十个字二十个字", true),
            ("thing1", "二十一个字二十个字二十个字二十个字二十个字", false),
            ("number2", "3.14", true),
            ("number2", "三", false),
            ("letter3", "abc", true),
            ("letter3", "abc1", false),
            ("symbol4", "!@#", true),
            ("symbol4", "a", false),
            ("character_string5", "NO-2024 (a)", true),
            ("character_string5", "订单", false),
            ("time6", "15:01", true),
            ("time6", "2019年10月1日 15:01", true),
            ("time6", "2019-10-01 15:01:30~2019-10-01 16:00", true),
            ("time6", "25:01", false),
            ("time6", "tomorrow", false),
            ("date7", "2019年10月1日", true),
            ("date7", "2019-10-01 15:01", true),
            ("date7", "2019-13-01", false),
            ("amount8", "¥100.5", true),
            ("amount8", "100元", true),
            ("amount8", "¥12345678901", false),
            ("amount8", "free", false),
            ("phone_number9", "+86-0766-66888866", true),
            ("phone_number9", "call me", false),
            ("car_number10", "粤A8Z888挂", true),
            ("car_number10", "粤A8Z888挂挂挂", false),
            ("name11", "张三", true),
            ("name11", "John Smith", true),
            ("name11", "一二三四五六七八九十一", false),
            ("phrase12", "配送中", true),
            ("phrase12", "delivered", false),
            ("enum13", "一二三四五六", false),
            ("something14", "anything at all", true),
        ] {
            let outcome = check_fields(Some(&json!({ key: { "value": value } })));
            let message = format!("argument invalid! data.{key}.value invalid");
            let expected = if fits { Ok(()) } else { Err(Refusal { code: 47003, message }) };
            assert_eq!(outcome, expected, "{key}: {value}");
        }
    }

    #[test]
    fn fields_are_objects_with_a_value() {
        for (data, code) in [
            (None, 47001),
            (Some(json!("text")), 47001),
            (Some(json!({ "thing1": "bare" })), 47001),
            (Some(json!({ "thing1": { "value": null } })), 47001),
            (Some(json!({ "thing1": { "value": "" } })), 47003),
            (Some(json!({ "number1": { "value": 3 } })), 0),
        ] {
            let outcome = check_fields(data.as_ref()).map_or_else(|refusal| refusal.code, |()| 0);
            assert_eq!(outcome, code, "{data:?}");
        }
    }

    #[test]
    fn a_custom_message_holds_what_its_kind_needs() {
        let long = "a".repeat(LONGEST + 1);
        for (kind, body, code) in [
            ("text", Some(json!({ "content": "hello" })), 0),
            ("text", Some(json!({ "content": "" })), 47001),
            ("text", Some(json!({ "content": long })), 45002),
            ("text", None, 47001),
            ("image", Some(json!({ "media_id": "m" })), 0),
            ("image", Some(json!({})), 47001),
            ("dance", Some(json!({})), 40008),
        ] {
            let outcome = check_custom(kind, body.as_ref()).map_or_else(|refusal| refusal.code, |()| 0);
            assert_eq!(outcome, code, "{kind} {body:?}");
        }
    }
}
