//! What the system and the libraries say of a failure, in both languages. What is not known here stays English.

use std::error::Error;
use std::io::{self, ErrorKind};

use super::text::Text;

/// Returns what an error says of itself.
pub fn told(error: &(dyn Error + 'static)) -> Text {
    let en = error.to_string();
    match error.downcast_ref::<io::Error>().and_then(|error| of_the_system(error.kind())) {
        Some(zh) => Text { en, zh: zh.to_owned() },
        None => said(&en),
    }
}

/// Returns what a reader of JSON says, with or without the place at its end.
pub fn said(words: &str) -> Text {
    let place = words.rsplit_once(" at line ").and_then(|(why, place)| {
        let (line, column) = place.split_once(" column ")?;
        Some((why, format!("（第 {line} 行第 {column} 列）")))
    });
    let (why, place) = place.unwrap_or((words, String::new()));
    let whole = JSON.iter().chain(&NUMBERS).find(|(en, _)| *en == why).map(|(_, zh)| (*zh).to_owned());
    let ending = || ENDINGS.iter().find_map(|(en, zh)| Some(format!("{}{zh}", why.strip_suffix(en)?)));
    match whole.or_else(ending).or_else(|| bounds(why)) {
        Some(zh) => Text { en: words.to_owned(), zh: zh + &place },
        None => Text::same(words),
    }
}

/// Returns what a reader of arguments says of a number out of its bounds: `70000 is not in 0..=65535`.
fn bounds(words: &str) -> Option<String> {
    let (least, most) = words.split_once(" is not in ")?.1.split_once("..=")?;
    Some(format!("应在 {least} 到 {most} 之间"))
}

fn of_the_system(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "文件或目录不存在",
        ErrorKind::PermissionDenied => "没有权限",
        ErrorKind::AlreadyExists => "已经存在",
        ErrorKind::IsADirectory => "这是一个目录",
        ErrorKind::NotADirectory => "这不是目录",
        ErrorKind::DirectoryNotEmpty => "目录不为空",
        ErrorKind::ReadOnlyFilesystem => "文件系统为只读",
        ErrorKind::StorageFull => "磁盘空间不足",
        ErrorKind::AddrInUse => "地址已被占用",
        ErrorKind::ConnectionRefused => "连接被拒绝",
        ErrorKind::ConnectionReset => "连接被对方重置",
        ErrorKind::TimedOut => "超时",
        ErrorKind::BrokenPipe => "管道已断开",
        _ => return None,
    })
}

/// The words of `serde_json`.
const JSON: [(&str, &str); 17] = [
    ("EOF while parsing a list", "数组没有结束"),
    ("EOF while parsing an object", "对象没有结束"),
    ("EOF while parsing a string", "字符串没有结束"),
    ("EOF while parsing a value", "这里缺少一个值"),
    ("expected `:`", "这里应为 `:`"),
    ("expected `,` or `]`", "这里应为 `,` 或 `]`"),
    ("expected `,` or `}`", "这里应为 `,` 或 `}`"),
    ("expected ident", "无法识别的词"),
    ("expected value", "这里应为一个值"),
    ("invalid escape", "无效的转义"),
    ("invalid number", "无效的数字"),
    ("number out of range", "数字超出范围"),
    ("control character (\\u0000-\\u001F) found while parsing a string", "字符串中有控制字符"),
    ("key must be a string", "键必须是字符串"),
    ("trailing comma", "多余的逗号"),
    ("trailing characters", "末尾有多余的字符"),
    ("recursion limit exceeded", "嵌套过深"),
];

/// The words of the standard library's reader of whole numbers.
const NUMBERS: [(&str, &str); 4] = [
    ("cannot parse integer from empty string", "缺少数字"),
    ("invalid digit found in string", "不是整数"),
    ("number too large to fit in target type", "数字过大"),
    ("number too small to fit in target type", "数字过小"),
];

/// How sentences of the reader of Extended JSON end: the value at fault comes first.
const ENDINGS: [(&str, &str); 4] = [
    (" is not a date", " 不是日期"),
    (" is not a timestamp", " 不是时间戳"),
    (" is not a value of its type", " 不是该类型的值"),
    (" is not an offset in milliseconds", " 不是以毫秒为单位的偏移量"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_failures_are_said_in_chinese_and_others_as_they_are() {
        let json = |text: &str| told(&serde_json::from_str::<serde_json::Value>(text).expect_err(text)).zh;
        for (text, zh) in [
            ("{a", "键必须是字符串（第 1 行第 2 列）"),
            ("[1,]", "多余的逗号（第 1 行第 4 列）"),
            ("[1", "数组没有结束（第 1 行第 2 列）"),
            ("\"\n\"", "字符串中有控制字符（第 2 行第 0 列）"),
        ] {
            assert_eq!(json(text), zh);
        }
        assert_eq!(said("`zz` is not a date").zh, "`zz` 不是日期");
        assert_eq!(said("70000 is not in 0..=65535").zh, "应在 0 到 65535 之间");
        assert_eq!(told(&"x".parse::<u8>().expect_err("no number")).zh, "不是整数");
        assert_eq!(said("something at line four").zh, "something at line four");
        let missing = std::fs::read("/does/not/exist").expect_err("no file");
        assert_eq!(told(&missing).zh, "文件或目录不存在");
    }
}
