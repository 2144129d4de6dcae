//! The methods by their two names: the path over HTTP and the name after `cloud.openapi.`. See
//! `docs/wire.md#wechat-methods`.

use super::refusal::{Refusal, Result};

/// The verb that a path takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Either,
}

/// What answers a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Login,
    Token,
    StableToken,
    CheckSession,
    ResetSession,
    SetHosted,
    RemoveHosted,
    PhoneNumber,
    PaidUnionId,
    CheckText,
    CheckPicture,
    CheckMedia,
    CodeOfPath,
    CodeOfScene,
    SmallCode,
    Subscription,
    Custom,
    /// A message of which only the person is looked at.
    ToPerson,
    Templates,
    AddTemplate,
    DeleteTemplate,
    Upload,
    Scheme,
    Link,
    ShortLink,
    Activity,
    Ticket,
    /// Accepts whatever comes.
    Any,
}

/// A method of WeChat's server API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// As it follows `cloud.openapi.`; the path for one that has no such name.
    pub name: String,
    pub verb: Verb,
    pub(super) work: Work,
}

use Verb::{Either, Get, Post};

/// Those whose answers are more than `ok`: name, path, verb, work.
const KNOWN: &[(&str, &str, Verb, Work)] = &[
    ("auth.code2Session", "/sns/jscode2session", Get, Work::Login),
    ("auth.getAccessToken", "/cgi-bin/token", Get, Work::Token),
    ("auth.getStableAccessToken", "/cgi-bin/stable_token", Post, Work::StableToken),
    ("auth.checkSessionKey", "/wxa/checksession", Get, Work::CheckSession),
    ("auth.resetUserSessionKey", "/wxa/resetusersessionkey", Either, Work::ResetSession),
    ("storage.setUserStorage", "/wxa/set_user_storage", Post, Work::SetHosted),
    ("storage.removeUserStorage", "/wxa/remove_user_storage", Post, Work::RemoveHosted),
    ("auth.getPaidUnionId", "/wxa/getpaidunionid", Get, Work::PaidUnionId),
    ("phonenumber.getPhoneNumber", "/wxa/business/getuserphonenumber", Post, Work::PhoneNumber),
    ("security.msgSecCheck", "/wxa/msg_sec_check", Post, Work::CheckText),
    ("security.imgSecCheck", "/wxa/img_sec_check", Post, Work::CheckPicture),
    ("security.mediaCheckAsync", "/wxa/media_check_async", Post, Work::CheckMedia),
    ("wxacode.get", "/wxa/getwxacode", Post, Work::CodeOfPath),
    ("wxacode.getUnlimited", "/wxa/getwxacodeunlimit", Post, Work::CodeOfScene),
    ("wxacode.createQRCode", "/cgi-bin/wxaapp/createwxaqrcode", Post, Work::SmallCode),
    ("subscribeMessage.send", "/cgi-bin/message/subscribe/send", Post, Work::Subscription),
    ("subscribeMessage.getTemplateList", "/wxaapi/newtmpl/gettemplate", Get, Work::Templates),
    ("subscribeMessage.addTemplate", "/wxaapi/newtmpl/addtemplate", Post, Work::AddTemplate),
    ("subscribeMessage.deleteTemplate", "/wxaapi/newtmpl/deltemplate", Post, Work::DeleteTemplate),
    ("customerServiceMessage.send", "/cgi-bin/message/custom/send", Post, Work::Custom),
    ("customerServiceMessage.setTyping", "/cgi-bin/message/custom/typing", Post, Work::ToPerson),
    ("customerServiceMessage.uploadTempMedia", "/cgi-bin/media/upload", Post, Work::Upload),
    ("templateMessage.send", "/cgi-bin/message/wxopen/template/send", Post, Work::ToPerson),
    ("uniformMessage.send", "/cgi-bin/message/wxopen/template/uniform_send", Post, Work::ToPerson),
    ("urlscheme.generate", "/wxa/generatescheme", Post, Work::Scheme),
    ("urllink.generate", "/wxa/generate_urllink", Post, Work::Link),
    ("shortlink.generate", "/wxa/genwxashortlink", Post, Work::ShortLink),
    (
        "updatableMessage.createActivityId",
        "/cgi-bin/message/wxopen/activityid/create",
        Either,
        Work::Activity,
    ),
    ("ticket.getTicket", "/cgi-bin/ticket/getticket", Get, Work::Ticket),
];

/// Where the paths of methods begin that no line above knows.
const ROOTS: [&str; 9] = [
    "/wxa/",
    "/wxaapi/",
    "/cgi-bin/",
    "/cv/",
    "/datacube/",
    "/sns/",
    "/customservice/",
    "/shop/",
    "/product/",
];

impl Method {
    /// Returns the method of a path.
    ///
    /// # Errors
    /// There is none: also where only the case of the letters is wrong, as WeChat minds it.
    pub fn at(path: &str) -> Result<Self> {
        if let Some((name, _, verb, work)) = KNOWN.iter().find(|(_, known, ..)| *known == path) {
            return Ok(Method { name: (*name).to_owned(), verb: *verb, work: *work });
        }
        let is_misspelt = KNOWN.iter().any(|(_, known, ..)| known.eq_ignore_ascii_case(path));
        let is_one = ROOTS.iter().any(|root| path.strip_prefix(root).is_some_and(|rest| !rest.is_empty()));
        match is_one && !is_misspelt {
            true => Ok(Method { name: path.to_owned(), verb: Either, work: Work::Any }),
            false => Err(Refusal::url()),
        }
    }

    /// Returns the method that a function calls by `cloud.openapi.NAME`; `None` for what is no name of one.
    pub fn called(name: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|(known, ..)| *known == name);
        if let Some((name, _, verb, work)) = known {
            return Some(Method { name: (*name).to_owned(), verb: *verb, work: *work });
        }
        let is_written_well =
            |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_alphanumeric());
        let is_one = name.contains('.') && name.split('.').all(is_written_well);
        is_one.then(|| Method { name: name.to_owned(), verb: Either, work: Work::Any })
    }

    /// Returns a name that is no method's: it is called by itself alone.
    pub fn unknown(name: &str) -> Self {
        Method { name: name.to_owned(), verb: Either, work: Work::Any }
    }

    /// Returns the method whose name ends so: what somebody meant who left out the group.
    pub fn ending_in(name: &str) -> Option<&'static str> {
        let ends = |known: &str| known.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(name));
        KNOWN.iter().map(|(known, ..)| *known).find(|known| ends(known))
    }

    /// Whether a person means this method: by either of its names, with or without the slash and `openapi.`.
    pub fn is_called(&self, name: &str) -> bool {
        let plain = name.strip_prefix("openapi.").unwrap_or(name).trim_matches('/');
        let path = KNOWN.iter().find(|(known, ..)| *known == self.name).map(|(_, path, ..)| *path);
        let own = self.name.trim_matches('/');
        own.eq_ignore_ascii_case(plain) || path.is_some_and(|path| path.trim_matches('/') == plain)
    }

    /// Whether the method works without an access token: it is how one is come by.
    pub fn is_open(&self) -> bool {
        matches!(self.work, Work::Login | Work::Token | Work::StableToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_known_by_path_and_by_name() {
        for (path, name) in [
            ("/sns/jscode2session", Some("auth.code2Session")),
            ("/wxa/msg_sec_check", Some("security.msgSecCheck")),
            (
                "/datacube/getweanalysisappiddailyvisittrend",
                Some("/datacube/getweanalysisappiddailyvisittrend"),
            ),
            ("/sns/jsCode2Session", None),
            ("/sns/", None),
            ("/nowhere", None),
            ("/", None),
        ] {
            assert_eq!(Method::at(path).ok().map(|it| it.name).as_deref(), name, "{path}");
        }
        for (called, known) in [
            ("security.msgSecCheck", true),
            ("officialAccount.material.batchGetMaterial", true),
            ("", false),
            ("noDot", false),
            ("a..b", false),
            ("a.b c", false),
        ] {
            assert_eq!(Method::called(called).is_some(), known, "{called}");
        }
    }

    #[test]
    fn a_person_may_use_either_name() {
        let method = Method::at("/wxa/msg_sec_check").expect("a method");
        for (name, is) in [
            ("security.msgSecCheck", true),
            ("openapi.security.msgSecCheck", true),
            ("security.msgseccheck", true),
            ("wxa/msg_sec_check", true),
            ("/wxa/msg_sec_check", true),
            ("msgSecCheck", false),
            ("", false),
        ] {
            assert_eq!(method.is_called(name), is, "{name}");
        }
    }
}
