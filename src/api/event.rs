//! What a function receives (`event`, `context`, variables) from each kind of caller. Data-plane facts §10.

/// A person as WeChat knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub openid: String,
    pub unionid: Option<String>,
}

/// Who starts a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A mini program's user, through `wx.cloud.callFunction`.
    MiniProgram(Identity),
    /// Another function; `source` is the `x-tcb-source` it sent, `identity` that of the first caller.
    Function { source: String, identity: Option<Identity> },
    /// A timer, by the trigger's name.
    Timer { trigger: String },
    /// A console, a test or the command line: no identity.
    Console,
}
