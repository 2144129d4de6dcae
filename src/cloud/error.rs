//! Failures of calls, and what they mean to a person.

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

use crate::api::error::{codes, explain};
use crate::api::sign::SKEW;
use crate::error::Kind;
use crate::text;

/// Why a call did not bring its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Refused(Box<Refused>),
    #[error("`{url}` cannot be reached")]
    Unreachable { url: String, emulator: bool, source: reqwest::Error },
    #[error("`{url}` answered with HTTP status {status}: {text}")]
    Status { url: String, status: u16, text: String },
    #[error("the answer of `{of}` cannot be understood: {detail}")]
    Unreadable { of: String, detail: String },
    #[error("`{url}` took nothing and said nothing for {seconds} seconds")]
    Stalled { url: String, seconds: u64 },
    #[error("`{url}` is not an address this client may use")]
    ForeignAddress { url: String },
    #[error("`{action}` is for an emulator only")]
    NotInCloud { action: &'static str },
    #[error("could not read or write `{path}`")]
    File { path: PathBuf, source: std::io::Error },
    #[error("could not prepare connections")]
    Setup(#[source] reqwest::Error),
}

/// What a service said when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub action: String,
    /// Such as `ResourceNotFound.Function` or `DATABASE_COLLECTION_NOT_EXIST`.
    pub code: String,
    pub message: String,
    pub request_id: String,
    /// Seconds by which this machine's clock is ahead of the service's, where known.
    pub skew: Option<i64>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was refused: {}: {}", self.action, self.code, self.message)
    }
}

impl Refused {
    pub(super) fn new(action: &str, [code, message, request_id]: [&Value; 3]) -> Self {
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        Refused {
            action: action.to_owned(),
            code: text(code),
            message: text(message),
            request_id: text(request_id),
            skew: None,
        }
    }

    pub(super) fn with_skew(mut self, skew: Option<i64>) -> Self {
        self.skew = skew;
        self
    }

    fn kind(&self) -> Kind {
        let family = self.code.split('.').next().unwrap_or_default();
        match family {
            "AuthFailure" | "UnauthorizedOperation" => Kind::NotAllowed,
            codes::DATABASE_PERMISSION_DENIED | codes::STORAGE_EXCEED_AUTHORITY => Kind::NotAllowed,
            codes::SIGN_EXPIRED_ERROR | codes::CHECK_LOGIN_FAILED => Kind::NotAllowed,
            "ResourceNotFound" => Kind::NotFound,
            codes::DATABASE_COLLECTION_NOT_EXIST
            | codes::STORAGE_FILE_NONEXIST
            | codes::FUNCTION_NOT_FOUND_SDK
            | codes::INVALID_ENV => Kind::NotFound,
            _ => Kind::Refused,
        }
    }
}

impl Error {
    pub(super) fn unreadable(of: &str, detail: &dyn fmt::Display) -> Self {
        Error::Unreadable { of: of.to_owned(), detail: detail.to_string() }
    }

    /// Returns the service's code, when it was the service that refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Error::Refused(refused) => Some(&refused.code),
            _ => None,
        }
    }

    /// Tells whether the service refused with this code or one below it: `ResourceNotFound` covers
    /// `ResourceNotFound.Function`. The cloud's exact codes vary, so match by family.
    pub fn is(&self, family: &str) -> bool {
        self.code()
            .and_then(|code| code.strip_prefix(family))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl From<Refused> for crate::error::Error {
    fn from(refused: Refused) -> Self {
        let Refused { action, code, message, request_id, skew } = &refused;
        // The service speaks English to everybody.
        let known = explain(code);
        let meaning = known.map(|it| format!("（{}）", it.meaning().zh)).unwrap_or_default();
        let mut error = crate::error::Error::new(
            refused.kind(),
            text! { en: "`{action}` was refused: {message}", zh: "`{action}` 被拒绝{meaning}：{message}" },
        )
        .code(code);
        if !request_id.is_empty() {
            error = error.request_id(request_id);
        }
        let aged = [codes::SIGNATURE_EXPIRE, codes::SIGN_EXPIRED_ERROR].contains(&code.as_str());
        if let Some(seconds) = skew.filter(|skew| aged && skew.abs() > SKEW / 2) {
            let minutes = seconds.abs().div_euclid(60);
            error = error.hint(if seconds > 0 {
                text! { en: "this machine's clock is {minutes} minutes ahead of the server's: set it", zh: "本机时间比服务器快 {minutes} 分钟，请校准" }
            } else {
                text! { en: "this machine's clock is {minutes} minutes behind the server's: set it", zh: "本机时间比服务器慢 {minutes} 分钟，请校准" }
            });
        } else if let Some(known) = known {
            error = error.hint(known.remedy());
        }
        error
    }
}

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> Self {
        let made = |kind, message| crate::error::Error::new(kind, message);
        match error {
            Error::Refused(refused) => (*refused).into(),
            Error::Unreachable { url, emulator, source } => {
                let hint = if emulator {
                    text! { en: "start it with `cloudkit emulate`", zh: "请用 `cloudkit emulate` 启动" }
                } else {
                    text! { en: "check the network and the proxy settings", zh: "请检查网络与代理设置" }
                };
                made(Kind::Failed, text! { en: "`{url}` cannot be reached", zh: "无法连接 `{url}`" })
                    .source(&source)
                    .hint(hint)
            }
            Error::Status { url, status, text } => {
                let kind = if status == 404 { Kind::NotFound } else { Kind::Refused };
                let error = made(
                    kind,
                    text! { en: "`{url}` answered with HTTP status {status}", zh: "`{url}` 返回 HTTP 状态 {status}" },
                );
                if text.is_empty() { error } else { error.cause(text.as_str().into()) }
            }
            Error::Unreadable { of, detail } => made(
                Kind::Failed,
                text! { en: "the answer of `{of}` cannot be understood", zh: "无法理解 `{of}` 的响应" },
            )
            .cause(detail.as_str().into()),
            Error::Stalled { url, seconds } => made(
                Kind::Failed,
                text! { en: "`{url}` made no progress for {seconds} seconds", zh: "`{url}` 在 {seconds} 秒内没有进展" },
            )
            .hint(text! { en: "check the network and try again", zh: "请检查网络后重试" }),
            Error::ForeignAddress { url } => made(
                Kind::Refused,
                text! { en: "the target may not be reached through `{url}`", zh: "不允许经由 `{url}` 访问目标" },
            ),
            Error::NotInCloud { action } => made(
                Kind::Usage,
                text! { en: "only a running emulator can do this (`{action}`)", zh: "仅运行中的模拟器支持此操作（`{action}`）" },
            )
            .hint(text! { en: "start one with `cloudkit emulate` and add `--env local`", zh: "请用 `cloudkit emulate` 启动，并加上 `--env local`" }),
            Error::File { path, source } => {
                let path = path.display();
                made(Kind::Failed, text! { en: "could not read or write `{path}`", zh: "无法读写 `{path}`" })
                    .source(&source)
            }
            Error::Setup(source) => {
                made(Kind::Failed, text! { en: "could not prepare connections", zh: "无法建立连接环境" })
                    .source(&source)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, skew: Option<i64>) -> Error {
        let refused = Refused {
            action: "GetFunction".into(),
            code: code.into(),
            message: "m".into(),
            request_id: "r-1".into(),
            skew,
        };
        Error::Refused(Box::new(refused))
    }

    #[test]
    fn a_refusal_becomes_the_kind_its_code_means() {
        for (code, kind) in [
            ("AuthFailure.SignatureFailure", Kind::NotAllowed),
            ("UnauthorizedOperation", Kind::NotAllowed),
            ("ResourceNotFound.Function", Kind::NotFound),
            ("DATABASE_COLLECTION_NOT_EXIST", Kind::NotFound),
            ("FailedOperation.DuplicatedData", Kind::Refused),
            ("NeverHeardOf", Kind::Refused),
        ] {
            let error = crate::error::Error::from(refused(code, None));
            assert_eq!(
                (error.kind(), error.wire_code(), error.shown_request_id()),
                (kind, code, Some("r-1"))
            );
        }
    }

    #[test]
    fn a_chinese_reader_is_told_what_a_known_code_means() {
        let message = |code| crate::error::Error::from(refused(code, None)).message().clone();
        let known = message("DATABASE_COLLECTION_NOT_EXIST");
        assert_eq!(known.en, "`GetFunction` was refused: m");
        assert_eq!(known.zh, "`GetFunction` 被拒绝（集合不存在）：m");
        assert_eq!(message("NeverHeardOf").zh, "`GetFunction` 被拒绝：m");
    }

    #[test]
    fn families_of_codes_are_told_apart_at_the_dot() {
        let error = refused("ResourceInUse.Function", None);
        assert!(error.is("ResourceInUse") && error.is("ResourceInUse.Function"));
        assert!(!error.is("ResourceIn") && !error.is("ResourceInUse.FunctionName"));
    }

    #[test]
    fn a_wrong_clock_is_told_with_its_direction() {
        let hint = |skew| {
            crate::error::Error::from(refused("AuthFailure.SignatureExpire", Some(skew))).hints()[0]
                .en
                .clone()
        };
        assert!(hint(720).contains("12 minutes ahead"), "{}", hint(720));
        assert!(hint(-3600).contains("60 minutes behind"));
        assert!(hint(5).contains("set this machine's clock"));
    }
}
