//! The door: a request aimed at another host, or sent by another site's page, goes no further.
//!
//! A page in the developer's browser can post to any loopback port. It cannot forge `Host` or `Origin`, so these two
//! tell a visitor from a guest (DNS rebinding shows in `Host`, cross-site posting in `Origin`).

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;

use crate::emulator::config::Config;

/// Hosts of the real services that the preload and a proxy bring here (`docs/wire.md#hosts`). A leading dot stands for
/// any name below.
pub(in crate::emulator) const MAPPED: [&str; 11] = [
    ".tencentcloudapi.com",
    ".tencentyun.com",
    ".tcloudbasegateway.com",
    ".tcloudbase.com",
    ".tcloudbaseapp.com",
    ".qcloud.la",
    ".myqcloud.com",
    ".tencentcos.cn",
    "api.weixin.qq.com",
    ".api.weixin.qq.com",
    "api2.weixin.qq.com",
];

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    Host(String),
    Origin(String),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Host(host) => {
                write!(f, "the host `{host}` is not served here; use 127.0.0.1 or localhost")
            }
            Refusal::Origin(origin) => write!(f, "pages of `{origin}` may not talk to this emulator"),
        }
    }
}

/// The host that a request was meant for which could not say so: `fetch` writes its own `Host`. The preload adds it.
const MEANT: &str = "x-cloudkit-host";

/// Lets a request in, and returns the host it was meant for.
pub(super) fn admit<'a>(config: &Config, parts: &'a Parts) -> Result<&'a str, Refusal> {
    let header = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    // An absolute-form target names the host the client meant; a proxy's `Host` may name the proxy.
    let host = parts.uri.host().or_else(|| header(HOST)).unwrap_or_default();
    let name = without_port(host);
    if !(is_loopback(name) || is_mapped(name) || name == config.address.to_string()) {
        return Err(Refusal::Host(host.to_owned()));
    }
    match header(ORIGIN) {
        Some(origin) if !is_loopback_origin(origin) => Err(Refusal::Origin(origin.to_owned())),
        _ => Ok(meant(parts).unwrap_or(name)),
    }
}

/// Returns the mapped host that the preload says a request was meant for.
fn meant(parts: &Parts) -> Option<&str> {
    let origin = parts.headers.get(MEANT)?.to_str().ok()?;
    let name = without_port(origin.split_once("://")?.1);
    is_mapped(name).then_some(name)
}

/// Returns the name before the port; brackets of an IPv6 address stay.
fn without_port(host: &str) -> &str {
    match (host.rfind(':'), host.rfind(']')) {
        (Some(colon), bracket) if bracket.is_none_or(|bracket| bracket < colon) => {
            host.get(..colon).unwrap_or(host)
        }
        _ => host,
    }
}

pub(super) fn is_loopback(name: &str) -> bool {
    // Browsers and clients resolve every name below `localhost` to the machine itself (RFC 6761).
    matches!(name, "127.0.0.1" | "[::1]" | "localhost")
        || name.to_ascii_lowercase().rsplit('.').next() == Some("localhost")
}

/// Whether the emulator stands for a host of the platform.
pub(super) fn is_mapped(name: &str) -> bool {
    MAPPED.iter().any(|mapped| match mapped.starts_with('.') {
        true => name.ends_with(mapped),
        false => name == *mapped,
    })
}

fn is_loopback_origin(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some_and(|host| is_loopback(without_port(host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_loopback_or_a_mapped_one() {
        for (host, admitted) in [
            ("127.0.0.1:7400", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("[::1]:7400", true),
            ("gateway.localhost:7400", true),
            ("localhost.", false),
            ("env-1.internal.ap-shanghai.tcb-api.tencentcloudapi.com", true),
            ("tcb-admin.tencentyun.com:80", true),
            ("api.weixin.qq.com", true),
            ("sh.api.weixin.qq.com", true),
            ("api2.weixin.qq.com", true),
            ("mp.weixin.qq.com", false),
            ("evil.com", false),
            ("evil.com:7400", false),
            ("tencentcloudapi.com.evil.com", false),
            ("eviltencentcloudapi.com", false),
            ("localhost.evil.com", false),
            ("", false),
        ] {
            let name = without_port(host);
            assert_eq!(is_loopback(name) || is_mapped(name), admitted, "{host}");
        }
    }

    #[test]
    fn an_origin_is_a_page_of_this_machine() {
        for (origin, admitted) in [
            ("http://localhost:5173", true),
            ("https://127.0.0.1", true),
            ("http://[::1]:3000", true),
            ("null", false),
            ("https://evil.com", false),
            ("http://localhost.evil.com", false),
            ("file://", false),
        ] {
            assert_eq!(is_loopback_origin(origin), admitted, "{origin}");
        }
    }
}
