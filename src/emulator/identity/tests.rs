use super::session::REFRESH_LIFE;
use super::*;
use crate::emulator::principal::{Principal, User};

const NOW: Millis = 1_700_000_000_000;
const HOUR: Millis = 3_600_000;

struct Stage {
    folder: tempfile::TempDir,
    clock: Clock,
    identity: Identity,
}

fn open(folder: &tempfile::TempDir, clock: &Clock, env: &str) -> Identity {
    let file = folder.path().join("identity.json");
    Identity::open(file, &env.parse().expect("an env id"), clock.clone(), Ids::default()).expect("readable")
}

fn stage() -> Stage {
    let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::frozen(NOW));
    let identity = open(&folder, &clock, "local");
    Stage { folder, clock, identity }
}

const GUEST: Credential<'_> = Credential::Anonymous { device: "d1" };

#[test]
fn each_way_to_log_in_tells_who_it_is() {
    let Stage { identity, folder: _folder, .. } = stage();
    let person = Account {
        username: Some("alice".into()),
        email: Some("a@b.cn".into()),
        phone: Some("+86 13800000000".into()),
        ..Account::default()
    };
    let alice = identity.add(person, Some("s3cret")).expect("a new name").uid;
    let password = |name| Credential::Password { name, password: "s3cret" };
    let wechat = |login| Credential::Wechat { openid: "o-1", unionid: None, login };
    let contact = |contact| Credential::Contact { contact, may_join: true };
    for (credential, login, uid) in [
        (GUEST, Some(Login::Anonymous), None),
        (password("alice"), Some(Login::Username), Some(&alice)),
        (password("A@b.cn"), Some(Login::Email), Some(&alice)),
        (password("13800000000"), Some(Login::Phone), Some(&alice)),
        (wechat(Some(Login::WechatOpen)), Some(Login::WechatOpen), None),
        (wechat(None), None, None),
        (contact("a@b.cn"), Some(Login::Email), Some(&alice)),
        (contact("+86 13900000000"), Some(Login::Phone), None),
    ] {
        let first = identity.sign_in(&credential).expect("let in");
        let second = identity.sign_in(&credential).expect("let in");
        assert_eq!((first.login, &first.uid), (login, &second.uid), "{credential:?}");
        assert!(uid.is_none_or(|uid| *uid == first.uid), "{credential:?}");
        let bearer = identity.bearer(&first.access_token).expect("a good token");
        assert_eq!((bearer.account.uid, bearer.login), (first.uid, login), "{credential:?}");
    }
    let another = identity.sign_in(&Credential::Anonymous { device: "d2" }).expect("let in");
    assert_ne!(another.uid, identity.sign_in(&GUEST).expect("let in").uid);
    for (name, word) in [("alice", "wrong"), ("bob", "s3cret"), ("", ""), ("13900000000", "")] {
        let refused = identity.sign_in(&Credential::Password { name, password: word });
        assert!(matches!(refused, Err(Refusal::Password)), "{name}");
    }
}

#[test]
fn a_mini_programs_user_has_an_openid_and_no_uid() {
    let Stage { identity, folder: _folder, .. } = stage();
    let credential = Credential::Wechat { openid: "o-1", unionid: Some("u-1"), login: None };
    let token = identity.sign_in(&credential).expect("let in").access_token;
    let user = identity.bearer(&token).expect("a good token").user();
    let expected = User { uid: None, openid: Some("o-1".into()), unionid: Some("u-1".into()), login: None };
    assert_eq!(user, expected);
}

#[test]
fn tokens_end_by_the_clock_and_go_on_by_refreshing() {
    let Stage { identity, clock, folder: _folder } = stage();
    let grant = identity.sign_in(&GUEST).expect("let in");
    clock.advance(2 * HOUR - 1);
    assert!(identity.bearer(&grant.access_token).is_ok());
    clock.advance(1);
    assert!(matches!(identity.bearer(&grant.access_token), Err(Refusal::Expired)));

    let same = identity.refresh(&grant.refresh_token, false).expect("still good");
    assert_eq!(same.refresh_token, grant.refresh_token);
    let next = identity.refresh(&grant.refresh_token, true).expect("still good");
    assert!(identity.bearer(&next.access_token).is_ok());
    assert!(matches!(identity.refresh(&grant.refresh_token, true), Err(Refusal::Refresh)));

    clock.advance(REFRESH_LIFE);
    assert!(matches!(identity.refresh(&next.refresh_token, true), Err(Refusal::RefreshExpired)));
}

#[test]
fn a_login_that_ended_opens_nothing() {
    let Stage { identity, folder: _folder, .. } = stage();
    let grants: Vec<Grant> = (0..3).map(|_| identity.sign_in(&GUEST).expect("let in")).collect();
    identity.sign_out(&grants[0].access_token).expect("a good token");
    identity.sign_out(&grants[1].refresh_token).expect("a good token");
    for grant in &grants[..2] {
        assert!(matches!(identity.bearer(&grant.access_token), Err(Refusal::Ended)));
        assert!(matches!(identity.refresh(&grant.refresh_token, true), Err(Refusal::Refresh)));
    }
    assert!(identity.bearer(&grants[2].access_token).is_ok());
    identity.remove(&grants[2].uid).expect("a known user");
    assert!(matches!(identity.bearer(&grants[2].access_token), Err(Refusal::Ended)));
}

#[test]
fn logins_outlive_the_process_and_end_at_the_environments_border() {
    let Stage { identity, clock, folder } = stage();
    let grant = identity.sign_in(&GUEST).expect("let in");
    let again = open(&folder, &clock, "local");
    assert_eq!(again.bearer(&grant.access_token).map(|it| it.account.uid).ok(), Some(grant.uid));
    let elsewhere = open(&folder, &clock, "another");
    assert!(matches!(elsewhere.bearer(&grant.access_token), Err(Refusal::Forged(_))));
    let strange = stage();
    let stranger = strange.identity.sign_in(&GUEST).expect("let in");
    assert!(matches!(again.bearer(&stranger.access_token), Err(Refusal::Forged(_))));
    assert!(matches!(again.refresh("rt-x-y", true), Err(Refusal::Refresh)));
    assert!(matches!(again.refresh("", true), Err(Refusal::Refresh)));
}

#[test]
fn a_name_belongs_to_one_person() {
    let Stage { identity, folder: _folder, .. } = stage();
    let named = |name: &str| Account { username: Some(name.into()), ..Account::default() };
    identity.add(named("alice"), None).expect("a new name");
    assert!(matches!(identity.add(named("alice"), None), Err(Refusal::Taken(_))));
    let bob = identity.add(named("bob"), None).expect("a new name").uid;
    let taken = identity.amend(&bob, |bob| bob.username = Some("alice".into()));
    assert!(matches!(taken, Err(Refusal::Taken(_))));
    assert_eq!(identity.account(&bob).and_then(|bob| bob.username).as_deref(), Some("bob"));
    identity.amend(&bob, |bob| bob.email = Some("b@b.cn".into())).expect("a new address");
    assert_eq!(identity.named("B@b.cn").map(|it| it.uid), Some(bob));
}

#[test]
fn a_declared_person_is_made_once_and_kept_as_declared() {
    let Stage { identity, folder: _folder, .. } = stage();
    let alice = || {
        let mut alice = Account::of("u-alice");
        (alice.username, alice.openid) = (Some("alice".into()), Some("o-1".into()));
        alice
    };
    let made = identity.declare(alice(), Some("secret-1")).expect("a new person");
    assert_eq!((made.uid.as_str(), identity.accounts().len()), ("u-alice", 1));
    assert_eq!(identity.declare(alice(), Some("secret-1")).ok().as_ref(), Some(&made), "nothing is new");
    let moved = Account { email: Some("a@b.cn".into()), ..alice() };
    let moved = identity.declare(moved, Some("secret-2")).expect("the same person");
    assert_eq!((moved.email.as_deref(), moved.openid.as_deref()), (Some("a@b.cn"), Some("o-1")));
    assert!(identity.knows_password("u-alice", "secret-2"));
    let by_name =
        Account { username: Some("alice".into()), phone: Some("13800000000".into()), ..Account::default() };
    assert_eq!(identity.declare(by_name, None).map(|it| it.uid).ok().as_deref(), Some("u-alice"));
    let thief = Account { openid: Some("o-1".into()), ..Account::of("u-bob") };
    assert!(matches!(identity.declare(thief, None), Err(Refusal::Taken(name)) if name == "o-1"));
    let credential = Credential::Wechat { openid: "o-1", unionid: None, login: None };
    assert_eq!(identity.sign_in(&credential).map(|grant| grant.uid).ok().as_deref(), Some("u-alice"));
}

#[test]
fn the_admins_token_is_nobodys_and_ends_as_others_do() {
    let Stage { identity, clock, folder: _folder } = stage();
    let token = identity.admin_token();
    assert!(matches!(identity.principal(&token), Ok(Principal::Admin)));
    assert!(matches!(identity.bearer(&token), Err(Refusal::Ended)));
    let guest = identity.sign_in(&GUEST).expect("let in").access_token;
    assert!(matches!(identity.principal(&guest), Ok(Principal::Client(Some(_)))));
    clock.advance(2 * HOUR);
    assert!(matches!(identity.principal(&token), Err(Refusal::Expired)));
}

#[test]
fn a_key_that_is_none_is_made_anew() {
    let Stage { folder, clock, .. } = stage();
    for key in ["", "no hex"] {
        let kept = serde_json::json!({ "key": key, "accounts": {}, "sessions": {} }).to_string();
        std::fs::write(folder.path().join("identity.json"), kept).expect("written");
        let token = open(&folder, &clock, "local").admin_token();
        assert_eq!(token::verify(b"", &token), Err(token::Forged::Signature), "{key}");
    }
}
