//! What a client says on its socket, and what it is answered.

use std::collections::HashMap;
use std::sync::Arc;

use super::frame::{Frame, failed, frame};
use crate::api::data::Failure;
use crate::emulator::access::documents::Documents;
use crate::emulator::environment::Shared;
use crate::emulator::event::{self, Event};
use crate::emulator::principal::Principal;
use crate::emulator::realtime::{Line, News, Refused, Wanted};
use crate::text;

/// How many listeners one socket may have.
const MOST: usize = 1_000;

/// One client.
pub(super) struct Session {
    environment: Shared,
    line: Arc<Line>,
    /// Nobody before `LOGIN`, unless the address had a ticket.
    principal: Option<Principal>,
    /// The ids of the queries by the clients' ids of the listeners.
    watches: HashMap<String, String>,
}

/// A frame to send.
pub(super) struct Answer {
    pub text: String,
    /// Whether a listener's news may follow only when the client has worked through this.
    pub begins: bool,
}

impl Session {
    pub fn new(environment: &Shared, ticket: &str) -> Self {
        Session {
            environment: Arc::clone(environment),
            line: Arc::default(),
            principal: environment.realtime.tickets().read(ticket).ok(),
            watches: HashMap::new(),
        }
    }

    /// Returns the line on which listeners ring.
    pub fn line(&self) -> Arc<Line> {
        Arc::clone(&self.line)
    }

    pub fn is_logged_in(&self) -> bool {
        self.principal.is_some()
    }

    /// Answers a frame.
    pub async fn answer(&mut self, text: &str) -> Vec<Answer> {
        let asked: Frame = match serde_json::from_str(text) {
            Ok(asked) => asked,
            Err(error) => return self.refuse(None, "", &Failure::parameter(error)),
        };
        let (watch, request) = (asked.watch_id.as_deref(), asked.request_id.as_str());
        match asked.msg_type.as_str() {
            "PING" => plain(frame(None, request, "PONG", "null")),
            "LOGIN" => plain(frame(None, request, "LOGIN_RES", &self.log_in(&asked))),
            "INIT_WATCH" | "REBUILD_WATCH" | "CHECK_LAST" if self.principal.is_none() => {
                self.refuse(watch, request, &Failure::new("CHECK_LOGIN_FAILED", "nobody has logged in"))
            }
            "INIT_WATCH" => self.begin(&asked).await,
            "REBUILD_WATCH" => self.rebuild(&asked).await,
            "CHECK_LAST" => self.check(&asked),
            "CLOSE_WATCH" => {
                if let Some(query) = watch.and_then(|it| self.watches.remove(it)) {
                    self.environment.realtime.close(&query, &self.line);
                }
                Vec::new()
            }
            other => {
                let failure = Failure::parameter(format_args!("the frame `{other}` is not known"));
                self.refuse(watch, request, &failure)
            }
        }
    }

    fn log_in(&mut self, asked: &Frame) -> String {
        let ticket = asked.ex_msg_data.get("signStr").and_then(|it| it.as_str());
        let Some(ticket) = ticket else {
            return failed("SIGN_PARAM_INVALID", "there is no `signStr`");
        };
        match self.environment.realtime.tickets().read(ticket) {
            Ok(principal) => {
                self.principal = Some(principal);
                serde_json::json!({ "envId": self.environment.config.env_id }).to_string()
            }
            Err(refused @ Refused::Expired) => failed("SIGN_EXPIRED_ERROR", &refused.to_string()),
            Err(refused @ Refused::Unknown) => failed("SIGN_INVALID_ERROR", &refused.to_string()),
        }
    }

    async fn begin(&mut self, asked: &Frame) -> Vec<Answer> {
        let (request, watch) = (&asked.request_id, asked.watch_id.clone().unwrap_or_default());
        let wanted = match asked.wanted(self.environment.database.now()) {
            Ok(_) if self.watches.len() >= MOST => {
                let message = format!("[LimitExceeded] a socket has {MOST} listeners at most");
                Err(Failure::new("SYS_ERR", message))
            }
            wanted => wanted,
        };
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(failure) => return self.refuse(Some(&watch), request, &failure),
        };
        let socket = (self.line(), watch.clone());
        let opened = self.work(move |environment, principal| {
            let allowed = allowed(environment, &principal, &wanted)?;
            environment.realtime.open(&principal, wanted, allowed, socket)
        });
        match opened.await {
            Ok((query, data)) => {
                let text = frame(Some(&watch), request, "INIT_EVENT", &data);
                self.own(watch, query);
                vec![Answer { text, begins: true }]
            }
            Err(failure) => self.refuse(Some(&watch), request, &failure),
        }
    }

    async fn rebuild(&mut self, asked: &Frame) -> Vec<Answer> {
        let (request, watch) = (&asked.request_id, asked.watch_id.clone().unwrap_or_default());
        let place = match asked.place() {
            Ok(place) => place,
            Err(failure) => return self.refuse(Some(&watch), request, &failure),
        };
        let (query, socket) = (place.query.clone(), (self.line(), watch.clone()));
        let resumed = self.work(move |environment, principal| {
            let realtime = &environment.realtime;
            let asked = realtime.asked(&place.query, &principal).ok_or_else(unknown)?;
            let wanted = allowed(environment, &principal, &asked)?;
            realtime.resume(&place.query, &wanted, place.event, socket).ok_or_else(unknown)
        });
        match resumed.await {
            Ok(data) => {
                let text = frame(Some(&watch), request, "NEXT_EVENT", &data);
                self.own(watch, query);
                vec![Answer { text, begins: true }]
            }
            Err(failure) => self.refuse(Some(&watch), request, &failure),
        }
    }

    fn check(&self, asked: &Frame) -> Vec<Answer> {
        let (request, watch) = (&asked.request_id, asked.watch_id.as_deref());
        let current = asked.place().and_then(|place| {
            let principal = self.principal.as_ref();
            let current = principal.and_then(|it| self.environment.realtime.current(&place.query, it));
            current.map(|current| (place.query, current)).ok_or_else(unknown)
        });
        match current {
            Ok((query, current)) => {
                let data = serde_json::json!({ "queryID": query, "currEvent": current }).to_string();
                plain(frame(watch, request, "CHECK_EVENT", &data))
            }
            Err(failure) => self.refuse(watch, request, &failure),
        }
    }

    /// Returns what listeners have to tell.
    pub fn news(&mut self, queries: &[String]) -> Vec<Answer> {
        let news = queries.iter().filter_map(|it| self.environment.realtime.news(it, &self.line));
        let news: Vec<_> = news.collect();
        for it in &news {
            if let News::Ended { failure: Failure { code, message, .. }, .. } = it {
                event::tell(
                    &self.environment.events,
                    Event::Warning(text! {
                        en: "a listener of `watch()` was ended: {code} {message}",
                        zh: "一个 `watch()` 监听已结束：{code} {message}"
                    }),
                );
            }
        }
        news.into_iter().flat_map(|it| self.tell(it)).collect()
    }

    /// Asks again whether each listener may hear what it hears: a permission has changed.
    pub async fn check_again(&mut self) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (watch_id, query) in self.watches.clone() {
            let line = self.line();
            let changed = self.work(move |environment, _| {
                // In the name that it began with: somebody else may have logged in since.
                let Some((principal, asked)) = environment.realtime.listener(&query, &line) else {
                    return Ok(None);
                };
                let changed = allowed(environment, &principal, &asked)
                    .and_then(|wanted| environment.realtime.change(&query, wanted, &line));
                if changed.is_err() {
                    environment.realtime.close(&query, &line);
                }
                changed
            });
            match changed.await {
                Ok(news) => answers.extend(news.into_iter().flat_map(|it| self.tell(it))),
                Err(failure) => answers.extend(self.tell(News::Ended { watch_id, failure })),
            }
        }
        answers
    }

    fn tell(&mut self, news: News) -> Vec<Answer> {
        let request = self.environment.config.ids.request();
        match news {
            News::Events { watch_id, data } => plain(frame(Some(&watch_id), &request, "NEXT_EVENT", &data)),
            News::Ended { watch_id, failure } => {
                self.watches.remove(&watch_id);
                self.refuse(Some(&watch_id), &request, &failure)
            }
        }
    }

    /// Leaves the listeners to themselves: the client may come back.
    pub fn leave(&self) {
        self.environment.realtime.detach(self.watches.values(), &self.line);
    }

    fn own(&mut self, watch: String, query: String) {
        if let Some(other) = self.watches.insert(watch, query.clone()).filter(|other| *other != query) {
            self.environment.realtime.close(&other, &self.line);
        }
    }

    fn refuse(&self, watch: Option<&str>, request: &str, failure: &Failure) -> Vec<Answer> {
        let code = match failure.code {
            "DATABASE_PERMISSION_DENIED" => "COLLECTION_PERMISSION_DENIED",
            code => code,
        };
        plain(frame(watch, request, "ERROR", &failed(code, &failure.message)))
    }

    /// Works on a thread that may wait.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared, Principal) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let environment = Arc::clone(&self.environment);
        let principal = self.principal.clone().unwrap_or(Principal::Client(None));
        let done = tokio::task::spawn_blocking(move || work(&environment, principal)).await;
        done.unwrap_or_else(|_| Err(Failure::new("SYS_ERR", "[InternalError] the work ended unexpectedly")))
    }
}

/// Returns what somebody may watch of what was asked.
fn allowed(environment: &Shared, principal: &Principal, asked: &Wanted) -> Result<Wanted, Failure> {
    let documents = Documents::new(environment, principal);
    let (filter, bound) = documents.watchable(&asked.collection, asked.filter.clone())?;
    Ok(Wanted { filter, bound, ..asked.clone() })
}

fn unknown() -> Failure {
    Failure::new("QUERYID_INVALID_ERROR", "the listener is not known, or its events are gone; watch again")
}

fn plain(text: String) -> Vec<Answer> {
    vec![Answer { text, begins: false }]
}
