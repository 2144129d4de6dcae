//! How people show who they are.

use super::{Account, Grant, Identity, Refusal, Result, State, password};
use crate::emulator::principal::Login;
use crate::model::clock::Millis;

/// How a person shows who they are.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// The same device is the same person.
    Anonymous {
        device: &'a str,
    },
    /// `env` is the name by which the client knows the environment.
    Ticket {
        ticket: &'a str,
        env: &'a str,
    },
    Password {
        name: &'a str,
        password: &'a str,
    },
    /// WeChat says who it is; without `login`, it is a mini program's user.
    Wechat {
        openid: &'a str,
        unionid: Option<&'a str>,
        login: Option<Login>,
    },
    /// A code reached the person there; who is new is written down when `may_join`.
    Contact {
        contact: &'a str,
        may_join: bool,
    },
}

impl Identity {
    /// Logs a person in; who is new is written down.
    pub fn sign_in(&self, credential: &Credential<'_>) -> Result<Grant> {
        self.change(|state, now| {
            let (uid, login) = self.recognise(state, credential, now)?;
            Ok(self.begin(state, uid, login, now))
        })
    }

    /// Returns whose credential it is and how they log in.
    fn recognise(
        &self,
        state: &mut State,
        credential: &Credential<'_>,
        now: Millis,
    ) -> Result<(String, Option<Login>)> {
        let known =
            |state: &State, is: &dyn Fn(&Account) -> bool| state.accounts.values().find(|it| is(it)).cloned();
        let text = |text: &str| Some(text.to_owned());
        let (found, new, login) = match *credential {
            Credential::Anonymous { device } => {
                let is = |it: &Account| it.device.as_deref() == Some(device) && it.is_anonymous();
                let new = Account { device: text(device), ..Account::default() };
                (known(state, &is), new, Some(Login::Anonymous))
            }
            Credential::Ticket { ticket, env } => {
                let id = self.read_ticket(ticket, env)?;
                let is = |it: &Account| it.custom_id.as_ref() == Some(&id);
                let found = known(state, &is);
                (found, Account { custom_id: Some(id), ..Account::default() }, Some(Login::Custom))
            }
            Credential::Wechat { openid, unionid, login } => {
                let is = |it: &Account| it.openid.as_deref() == Some(openid);
                let unionid = unionid.map(str::to_owned);
                (known(state, &is), Account { openid: text(openid), unionid, ..Account::default() }, login)
            }
            Credential::Password { name, password } => {
                let found = known(state, &|it: &Account| it.answers_to(name));
                let fits =
                    |it: &Account| it.password.as_ref().is_some_and(|kept| password::matches(password, kept));
                let found = found.filter(fits).ok_or(Refusal::Password)?;
                let login = login_of(&found, name);
                return Ok((found.uid, Some(login)));
            }
            Credential::Contact { contact, may_join } => {
                let found = known(state, &|it: &Account| it.answers_to(contact));
                let login = if contact.contains('@') { Login::Email } else { Login::Phone };
                if found.is_none() && !may_join {
                    return Err(Refusal::NoUser);
                }
                (found, Account::reached_at(contact), Some(login))
            }
        };
        let account = match found {
            Some(account) => account,
            None => self.join(state, new, now)?,
        };
        Ok((account.uid, login))
    }
}

/// Returns how a person logs in who gives this name with a password.
fn login_of(account: &Account, name: &str) -> Login {
    if account.username.as_deref() == Some(name) {
        Login::Username
    } else if name.contains('@') {
        Login::Email
    } else {
        Login::Phone
    }
}
