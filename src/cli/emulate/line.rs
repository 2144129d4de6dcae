//! What happens in a running emulator, a line each.

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::emulator::event::Event;
use crate::model::clock::Millis;
use crate::model::level::Level;
use crate::model::wall;
use crate::term::{Page, Show, Style};
use crate::text;

/// An event and when it happened.
pub struct Line {
    pub time: Millis,
    pub event: Event,
}

impl Line {
    /// Returns the line of an event that is seen at `now`.
    pub fn of(event: Event, now: Millis) -> Self {
        Line { time: event.time().unwrap_or(now), event }
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = fields(&self.event);
        if let Some(line) = line.as_object_mut() {
            line.shift_insert(0, "time".into(), wall::rfc3339(self.time).into());
        }
        line.serialize(serializer)
    }
}

fn fields(event: &Event) -> Value {
    let millis = |time: &Duration| (time.as_secs_f64() * 1e6).round() / 1e3;
    match event {
        Event::Invoked { function, request_id, failure, duration, cold, memory_bytes, .. } => json!({
            "event": "invoked", "function": function, "requestId": request_id, "failure": failure,
            "durationMs": millis(duration), "coldMs": cold.as_ref().map(millis), "memoryBytes": memory_bytes,
        }),
        Event::Logged(record) => json!({
            "event": "logged", "function": record.function, "requestId": record.request_id,
            "level": record.level, "message": record.message,
        }),
        Event::Reloaded { function } => json!({ "event": "reloaded", "function": function }),
        Event::Broken { function, message } => {
            json!({ "event": "broken", "function": function, "message": message })
        }
        Event::Deployed { function } => json!({ "event": "deployed", "function": function }),
        Event::Declared { keys } => json!({ "event": "declared", "keys": keys }),
        Event::Scanned { collection, examined, returned, fix } => json!({
            "event": "scanned", "collection": collection, "examined": examined, "returned": returned, "fix": fix,
        }),
        Event::CollectionMissing { collection, suggestion } => {
            json!({ "event": "collectionMissing", "collection": collection, "suggestion": suggestion })
        }
        Event::Truncated { collection, returned, total, .. } => {
            json!({ "event": "truncated", "collection": collection, "returned": returned, "total": total })
        }
        Event::Denied(denial) => json!({ "event": "denied", "denial": denial }),
        Event::Lingering { function, request_id } => {
            json!({ "event": "lingering", "function": function, "requestId": request_id })
        }
        Event::Fired { function, trigger, .. } => {
            json!({ "event": "fired", "function": function, "trigger": trigger })
        }
        Event::CodeSent { to, code } => json!({ "event": "codeSent", "to": to, "code": code }),
        Event::Warning(warning) => json!({ "event": "warning", "message": warning.en }),
    }
}

impl Show for Line {
    fn show(&self, page: &mut Page) {
        let (kind, style, told) = match &self.event {
            Event::Invoked { function, failure, duration, cold, memory_bytes, .. } => {
                let cold = cold.map_or(String::new(), |it| format!("  cold {}", brief(it)));
                let megabytes = memory_bytes / (1 << 20);
                let memory = if megabytes == 0 { String::new() } else { format!("  {megabytes} MB") };
                let style = if failure.is_some() { Style::Bad } else { Style::Good };
                let outcome = failure.as_deref().unwrap_or("ok");
                ("call", style, format!("{function}  {outcome}  {}{cold}{memory}", brief(*duration)))
            }
            Event::Logged(record) => {
                let style = match record.level {
                    Level::Debug | Level::Info => Style::Faint,
                    Level::Warn => Style::Warning,
                    Level::Error => Style::Bad,
                };
                ("log", style, format!("{}  {}", record.function, record.message))
            }
            Event::Reloaded { function } => {
                let told = text! { en: "{function}  changed; the next call runs it", zh: "{function}  已更改，下次调用生效" };
                ("load", Style::Good, page.words(&told).to_owned())
            }
            Event::Broken { function, message } => ("load", Style::Bad, format!("{function}  {message}")),
            Event::Deployed { function } => {
                let told = text! { en: "{function}  deployed; the package runs now", zh: "{function}  已部署，现在运行的是部署包" };
                ("load", Style::Good, page.words(&told).to_owned())
            }
            Event::Declared { keys } => {
                let keys = keys.join("  ");
                let told =
                    text! { en: "cloudkit.toml  in force: {keys}", zh: "cloudkit.toml  已生效：{keys}" };
                ("load", Style::Good, page.words(&told).to_owned())
            }
            Event::Scanned { collection, examined, returned, fix } => {
                let told = text! {
                    en: "{collection}: no index serves this query; documents read: {examined}, returned: {returned}\nfix: {fix}",
                    zh: "{collection}：此查询没有可用索引；读取文档 {examined} 个，返回 {returned} 个\n修复：{fix}"
                };
                ("scan", Style::Warning, page.words(&told).to_owned())
            }
            Event::CollectionMissing { collection, suggestion } => {
                let told = match suggestion {
                    Some(name) => text! {
                        en: "collection `{collection}` does not exist; did you mean `{name}`?",
                        zh: "集合 `{collection}` 不存在；是否想用 `{name}`？"
                    },
                    None => text! {
                        en: "collection `{collection}` does not exist\nfix: cloudkit db collection add {collection}",
                        zh: "集合 `{collection}` 不存在\n修复：cloudkit db collection add {collection}"
                    },
                };
                ("warn", Style::Warning, page.words(&told).to_owned())
            }
            Event::Truncated { collection, returned, total, default, most } => {
                let told = text! {
                    en: "{collection}: {returned} of {total} documents returned: {default} unless limit says otherwise, {most} at most; page with skip and limit",
                    zh: "{collection}：共 {total} 个文档，只返回 {returned} 个：limit 默认 {default}，最大 {most}；请用 skip 和 limit 分页"
                };
                ("warn", Style::Warning, page.words(&told).to_owned())
            }
            Event::Denied(denial) => ("deny", Style::Warning, page.words(&denial.sentence()).to_owned()),
            Event::Lingering { function, .. } => {
                let told = text! {
                    en: "{function}  goes on working after its answer; in the cloud that work may be frozen: await it",
                    zh: "{function}  返回后仍有未完成的工作；在云端可能被冻结，请使用 await"
                };
                ("warn", Style::Warning, page.words(&told).to_owned())
            }
            Event::Fired { function, trigger, .. } => {
                ("timer", Style::Good, format!("{function}  {trigger}"))
            }
            Event::CodeSent { to, code } => {
                let told =
                    text! { en: "verification code for {to}: {code}", zh: "发给 {to} 的验证码：{code}" };
                ("code", Style::Good, page.words(&told).to_owned())
            }
            Event::Warning(warning) => ("warn", Style::Warning, page.words(warning).to_owned()),
        };
        draw(page, self.time, kind, style, &told);
    }
}

/// The first line carries time and kind; what follows is set under it.
fn draw(page: &mut Page, time: Millis, kind: &str, style: Style, told: &str) {
    let mut lines = told.lines();
    let head = format!("{kind:<5}");
    let first = page.visible(lines.next().unwrap_or_default());
    let line = format!(
        "{} {} {first}",
        page.paint(Style::Faint, page.local_time(&wall::rfc3339(time), "%H:%M:%S")),
        page.paint(style, head),
    );
    page.styled(line);
    for line in lines {
        page.line(format!("{:14} {line}", ""));
    }
}

/// Returns a duration as a person says it: `0.4 ms`, `14 ms`, `2.1 s`.
pub fn brief(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    match millis {
        ..10.0 => format!("{millis:.1} ms"),
        ..1000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_time_of_its_own_is_shown_at_that() {
        let fired = Event::Fired { function: "f".into(), trigger: "t".into(), time: 7 };
        assert_eq!(
            (Line::of(fired, 9).time, Line::of(Event::Reloaded { function: "f".into() }, 9).time),
            (7, 9)
        );
    }
}
