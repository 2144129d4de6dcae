//! Logging in as `@cloudbase/js-sdk` 1 and tcb-js-sdk do: `auth.*` actions. See `docs/wire.md#web-logins`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::api::data::{Failure, Nothing};
use crate::emulator::edge::data::{Answer, described};
use crate::emulator::environment::Environment;
use crate::emulator::event::{Event, tell};
use crate::emulator::identity::{ACCESS_LIFE, Account, Bearer, Credential, Grant, Profile, Refusal};
use crate::emulator::principal::Login;

type Result<T> = std::result::Result<T, Failure>;

/// A request about the person who sends it.
pub(super) struct Asked<'a> {
    pub action: &'a str,
    pub token: &'a str,
    /// The environment as the client calls it.
    pub env: &'a str,
    pub body: &'a [u8],
}

impl Asked<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(self.body).map_err(Failure::parameter)
    }

    fn bearer(&self, environment: &Environment) -> Result<Bearer> {
        Ok(environment.identity.bearer(self.token)?)
    }
}

/// Answers an action, or nothing if it is none of these.
pub(super) fn answer(environment: &Environment, asked: &Asked<'_>) -> Option<Result<Answer>> {
    Some(match asked.action {
        "auth.signInAnonymously" => anonymous(environment, asked),
        "auth.signInWithTicket" => ticket(environment, asked),
        "auth.linkAndRetrieveDataWithTicket" => upgrade(environment, asked),
        "auth.signIn" => sign_in(environment, asked),
        "auth.fetchAccessTokenWithRefreshToken" => refresh(environment, asked),
        "auth.logout" => sign_out(environment, asked),
        "auth.getUserInfo" => user_info(environment, asked),
        "auth.updateUserInfo" => update_profile(environment, asked),
        "auth.updateUsername" => update_username(environment, asked),
        "auth.updatePassword" => update_password(environment, asked),
        "auth.updateEmail" => update_email(environment, asked),
        "auth.linkWithTicket" => link_ticket(environment, asked),
        "auth.linkOrUpdatePhoneNumber" => link_phone(environment, asked),
        "auth.linkWithWeixinCode" => link_wechat(environment, asked),
        "auth.unlink" => unlink(environment, asked),
        "auth.getLinkedUidList" => linked(environment, asked),
        "auth.isUsernameRegistered" => is_registered(environment, asked),
        "auth.sendPhoneCode" => send_phone_code(environment, asked),
        "auth.signUpWithEmailAndPassword" => sign_up(environment, asked),
        "auth.sendPasswordResetEmail" => send_reset(environment, asked),
        "auth.resetPasswordWithToken" => reset_password(environment, asked),
        _ => return None,
    })
}

/// Sends a verification code: to the terminal.
pub(in crate::emulator::edge) fn send_code(environment: &Environment, contact: &str) -> (String, String) {
    let (id, code) = environment.identity.send_code(contact);
    tell(&environment.events, Event::CodeSent { to: contact.to_owned(), code: code.clone() });
    (id, code)
}

fn anonymous(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct It {
        #[serde(default)]
        anonymous_uuid: String,
    }
    let It { anonymous_uuid: mut uuid } = asked.read()?;
    if uuid.is_empty() {
        uuid = environment.config.ids.request();
    }
    let grant = environment.identity.sign_in(&Credential::Anonymous { device: &uuid })?;
    Answer::top(&json!({ "uuid": uuid, "refresh_token": grant.refresh_token }))
}

#[derive(Deserialize)]
struct WithTicket {
    ticket: String,
}

fn ticket(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let WithTicket { ticket } = asked.read()?;
    let credential = Credential::Ticket { ticket: &ticket, env: asked.env };
    granted(&environment.identity.sign_in(&credential)?)
}

/// Makes an anonymous user one of the project's own.
fn upgrade(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct It {
        refresh_token: String,
        ticket: String,
    }
    let it: It = asked.read()?;
    let uid = environment.identity.refresh(&it.refresh_token, false)?.uid;
    link(environment, &uid, &it.ticket, asked.env)?;
    granted(&environment.identity.enter(&uid, Login::Custom)?)
}

fn link_ticket(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let WithTicket { ticket } = asked.read()?;
    link(environment, &asked.bearer(environment)?.account.uid, &ticket, asked.env)?;
    Answer::data(&Nothing {})
}

fn link(environment: &Environment, uid: &str, ticket: &str, env: &str) -> Result<()> {
    let identity = &environment.identity;
    let id = identity.read_ticket(ticket, env)?;
    if identity.find(|it| it.custom_id.as_ref() == Some(&id) && it.uid != uid).is_some() {
        let message = format!("the custom user id `{id}` belongs to another user");
        return Err(Failure::new("AUTH_CUSTOM_USER_ID_HAS_BEEN_BOUND", message));
    }
    identity.amend(uid, |account| account.custom_id = Some(id))?;
    Ok(())
}

fn sign_in(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    #[derive(Default)]
    struct It {
        login_type: String,
        username: String,
        email: String,
        phone_number: String,
        phone_code: String,
        password: String,
        login_credential: String,
        sign_method: String,
    }
    let it: It = asked.read()?;
    let identity = &environment.identity;
    let password = it.password.as_str();
    let credential = match it.login_type.as_str() {
        "USERNAME" => Credential::Password { name: &it.username, password },
        "EMAIL" => Credential::Password { name: &it.email, password },
        "PHONE" if it.phone_code.is_empty() => Credential::Password { name: &it.phone_number, password },
        "PHONE" => {
            identity.redeem_code(&it.phone_number, &it.phone_code)?;
            let grant = identity.sign_in(&Credential::Contact {
                contact: &it.phone_number,
                may_join: it.sign_method != "FORCERESETPWD",
            })?;
            // Signing up may bring a password, and forgetting one does.
            if matches!(it.sign_method.as_str(), "SIGNUP" | "FORCERESETPWD") && !password.is_empty() {
                identity.set_password(&grant.uid, password)?;
            }
            return granted(&grant);
        }
        // WeChat's own page is not here: the code that it would give is taken for the openid.
        kind @ ("WECHAT-PUBLIC" | "WECHAT-OPEN" | "WECHAT") if !it.login_credential.is_empty() => {
            let login = if kind == "WECHAT-OPEN" { Login::WechatOpen } else { Login::WechatPublic };
            Credential::Wechat { openid: &it.login_credential, unionid: None, login: Some(login) }
        }
        other => return Err(Failure::parameter(format_args!("the login type `{other}` is not known"))),
    };
    granted(&identity.sign_in(&credential)?)
}

fn granted(grant: &Grant) -> Result<Answer> {
    Answer::top(&json!({
        "refresh_token": grant.refresh_token,
        "access_token": grant.access_token,
        "access_token_expire": ACCESS_LIFE,
    }))
}

#[derive(Deserialize)]
struct WithRefreshToken {
    refresh_token: String,
}

/// These SDKs keep the refresh token they have.
fn refresh(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let WithRefreshToken { refresh_token } = asked.read()?;
    let grant = environment.identity.refresh(&refresh_token, false)?;
    Answer::top(&json!({ "access_token": grant.access_token, "access_token_expire": ACCESS_LIFE }))
}

fn sign_out(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let WithRefreshToken { refresh_token } = asked.read()?;
    environment.identity.sign_out(&refresh_token)?;
    Answer::data(&Nothing {})
}

fn user_info(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let Bearer { account, login, .. } = asked.bearer(environment)?;
    Answer::data(&described(&account, login))
}

fn update_profile(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct It {
        nick_name: Option<String>,
        gender: Option<String>,
        avatar_url: Option<String>,
        country: Option<String>,
        province: Option<String>,
        city: Option<String>,
    }
    let it: It = asked.read()?;
    amend(environment, asked, |account| {
        let old = std::mem::take(&mut account.profile);
        account.profile = Profile {
            name: it.nick_name.or(old.name),
            picture: it.avatar_url.or(old.picture),
            gender: it.gender.or(old.gender),
            country: it.country.or(old.country),
            province: it.province.or(old.province),
            city: it.city.or(old.city),
            locale: old.locale,
        };
    })
}

fn amend(environment: &Environment, asked: &Asked<'_>, amend: impl FnOnce(&mut Account)) -> Result<Answer> {
    let Bearer { account, login, .. } = asked.bearer(environment)?;
    let account = environment.identity.amend(&account.uid, amend)?;
    Answer::data(&described(&account, login))
}

#[derive(Deserialize)]
struct WithUsername {
    username: String,
}

fn update_username(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let WithUsername { username } = asked.read()?;
    amend(environment, asked, |account| account.username = Some(username))
}

fn update_password(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct It {
        new_password: String,
        #[serde(default)]
        old_password: Option<String>,
    }
    let it: It = asked.read()?;
    let Account { uid, .. } = vouched(environment, asked, it.old_password.as_deref())?;
    environment.identity.set_password(&uid, &it.new_password)?;
    Answer::data(&Nothing {})
}

fn update_email(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct It {
        new_email: String,
        #[serde(default)]
        password: Option<String>,
    }
    let it: It = asked.read()?;
    vouched(environment, asked, it.password.as_deref())?;
    amend(environment, asked, |account| account.email = Some(it.new_email))
}

/// Returns who asks, if they know their password or have none.
fn vouched(environment: &Environment, asked: &Asked<'_>, password: Option<&str>) -> Result<Account> {
    let account = asked.bearer(environment)?.account;
    let knows = || environment.identity.knows_password(&account.uid, password.unwrap_or_default());
    if account.has_password() && !knows() {
        return Err(Refusal::Password.into());
    }
    Ok(account)
}

fn link_phone(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct It {
        phone_number: String,
        phone_code: String,
    }
    let it: It = asked.read()?;
    asked.bearer(environment)?;
    environment.identity.redeem_code(&it.phone_number, &it.phone_code)?;
    amend(environment, asked, |account| account.phone = Some(it.phone_number))
}

/// The code that WeChat's page would give is taken for the openid here too.
fn link_wechat(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct It {
        payload: Payload,
    }
    #[derive(Deserialize)]
    struct Payload {
        code: String,
    }
    let It { payload: Payload { code } } = asked.read()?;
    let uid = asked.bearer(environment)?.account.uid;
    environment.identity.amend(&uid, |account| account.openid = Some(code))?;
    Answer::data(&Nothing {})
}

/// Lists the person alone: here an account has all the names of a person.
fn linked(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let Bearer { account, login, .. } = asked.bearer(environment)?;
    Answer::data(&json!({ "users": [described(&account, login)] }))
}

fn unlink(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct It {
        platform: String,
    }
    let It { platform } = asked.read()?;
    let login = match platform.as_str() {
        "CUSTOM" => Login::Custom,
        "EMAIL" => Login::Email,
        "PHONE" => Login::Phone,
        "USERNAME" => Login::Username,
        wechat if wechat.starts_with("WECHAT") => Login::WechatOpen,
        other => return Err(Failure::parameter(format_args!("the login type `{other}` is not known"))),
    };
    environment.identity.unlink(&asked.bearer(environment)?.account.uid, login)?;
    Answer::data(&Nothing {})
}

fn is_registered(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    let WithUsername { username } = asked.read()?;
    let is_registered = environment.identity.find(|it| it.username.as_ref() == Some(&username)).is_some();
    Answer::data(&json!({ "isRegistered": is_registered }))
}

fn send_phone_code(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct It {
        phone_number: String,
    }
    let It { phone_number } = asked.read()?;
    send_code(environment, &phone_number);
    Answer::data(&json!({ "SendStatus": "Ok" }))
}

/// The cloud mails a link that activates the address; here it is active at once.
fn sign_up(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct It {
        email: String,
        password: String,
    }
    let It { email, password } = asked.read()?;
    environment.identity.add(Account::reached_at(&email), Some(&password))?;
    Answer::data(&Nothing {})
}

fn send_reset(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    struct It {
        email: String,
    }
    let It { email } = asked.read()?;
    let account = environment.identity.named(&email).ok_or(Refusal::NoUser)?;
    let (id, code) = environment.identity.send_code(&email);
    let token = format!("{id}.{code}");
    tell(&environment.events, Event::CodeSent { to: account.email.unwrap_or(email), code: token });
    Answer::data(&Nothing {})
}

fn reset_password(environment: &Environment, asked: &Asked<'_>) -> Result<Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct It {
        token: String,
        new_password: String,
    }
    let It { token, new_password } = asked.read()?;
    let identity = &environment.identity;
    let (id, code) = token.split_once('.').ok_or(Refusal::Code)?;
    identity.verify_code(id, code)?;
    let account = identity.named(&identity.verified(id)?).ok_or(Refusal::NoUser)?;
    identity.set_password(&account.uid, &new_password)?;
    Answer::data(&Nothing {})
}
