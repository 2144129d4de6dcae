//! `cloud.openapi` and its kin: a well-formed refusal in the protocol's own form. See
//! `docs/wire.md#wechat-apis`.

use super::{Answer, Call, Result};
use crate::api::data::Failure;
use crate::emulator::edge::wechat::API_NOT_FOUND;

/// Answers an action towards WeChat, or nothing if it is none.
pub(super) fn answer(call: &Call<'_>) -> Option<Result<Answer>> {
    match call.action {
        "wx.openApi" => Some(Ok(Answer::Bytes(refusal(API_NOT_FOUND)))),
        "wx.api" | "wx.wxPayApi" | "wx.wxCallContainerApi" => Some(Err(Failure::parameter(format_args!(
            "no such api: `{}` is not available in this version of the cloudkit emulator",
            call.action
        )))),
        _ => None,
    }
}

/// Returns a `CommOpenApiResp` that holds an error code only.
fn refusal(code: i32) -> Vec<u8> {
    /// Field 3, `errorCode`, a varint.
    const ERROR_CODE: u8 = 3 << 3;
    let mut message = vec![ERROR_CODE];
    // Protocol buffers write a negative int32 as the ten bytes of its 64-bit form.
    let mut rest = i64::from(code) as u64;
    while rest >= 0x80 {
        message.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    message.push(rest as u8);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_code_takes_ten_bytes() {
        // As `protobufjs`, which wx-server-sdk uses, encodes `{errorCode: -604100}`.
        assert_eq!(refusal(-604_100), [0x18, 0xbc, 0x90, 0xdb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
        assert_eq!(refusal(1), [0x18, 0x01]);
    }
}
