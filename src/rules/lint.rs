//! What is wrong with rules that can be read: clauses that decide nothing, and data that is open to everybody.
//!
//! What cannot be told for certain is not told.

use std::ops::Range;

use bson::{Bson, Document, doc};

use super::compare::{compare, contains};
use super::decision::{Scope, Subject, condition, decide};
use super::expression::{Comparison, Expression, Kind, Node, Variable};
use super::outcomes::Outcomes;
use super::payload::Payload;
use super::possible::{About, World};
use super::query::{Branch, Query};
use super::value::Value;
use super::{Operation, Rules};
use crate::model::name::{did_you_mean, suggestion};
use crate::model::text::Text;
use crate::text;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, and possibly meant.
    Note,
    Warning,
    Error,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident $name:literal $severity:ident,)*) => {
        /// What was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$code,)*];

            /// Returns the name by which programs know it; it never changes.
            pub fn name(self) -> &'static str {
                match self { $(Code::$code => $name,)* }
            }

            pub fn severity(self) -> Severity {
                match self { $(Code::$code => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    /// A clause, or a rule, that is never true.
    NeverTrue "never-true" Error,
    /// Two clauses that are never true together.
    Contradiction "contradiction" Error,
    /// A rule whose result is no boolean.
    NotBoolean "not-boolean" Error,
    /// A field that `auth`, `request` or `resource` never has.
    UnknownField "unknown-field" Error,
    /// A variable that rules of this kind do not have.
    ForeignVariable "foreign-variable" Error,
    /// Everybody may change what is there.
    OpenWrite "open-write" Error,
    /// A client's query that is refused, whoever asks.
    QueryRefused "query-refused" Error,
    AlwaysTrue "always-true" Warning,
    /// `request.data` where nothing is written.
    NoPayload "no-payload" Warning,
    /// Everybody, logged in or not, may create.
    OpenCreate "open-create" Warning,
    /// Whoever is logged in may change what is somebody else's.
    AnyUserWrites "any-user-writes" Warning,
    /// Rules without one for `read`.
    NoRead "no-read" Warning,
    /// A rule that stands for no operation.
    UnusedRule "unused-rule" Warning,
    /// Everybody, logged in or not, may read everything.
    OpenRead "open-read" Note,
    /// The owner of what is being created is the caller.
    OwnerInCreate "owner-in-create" Note,
}

/// Something that is wrong with rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    /// The rule's name and the bytes of its text.
    pub place: Option<(String, Range<usize>)>,
    pub why: Text,
}

/// Whose rules they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Documents,
    Files,
}

/// Returns what is wrong with rules, in the order they are written.
pub fn findings(rules: &Rules, of: Of) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, rule) in rules.all() {
        let place = |span: &Range<usize>| Some((name.to_owned(), span.clone()));
        let about = served(rules, name, of);
        if about.is_empty() {
            let why = match of {
                Of::Documents => text! {
                    en: "`create`, `update` and `delete` are there, so `{name}` stands for nothing",
                    zh: "`create`、`update`、`delete` 均已写出，`{name}` 不起作用"
                },
                Of::Files => {
                    text! { en: "files have the rules `read` and `write` only", zh: "文件只有 `read` 和 `write` 两种规则" }
                }
            };
            found.push(Finding { code: Code::UnusedRule, place: place(&(0..rule.text.len())), why });
        }
        let flaws = Flaws { rule, about: &about, found: Vec::new() }.find();
        found.extend(flaws.into_iter().map(|(code, span, why)| Finding { code, place: place(&span), why }));
    }
    found.extend(opened(rules, of));
    if rules.of(Operation::Read).is_none() {
        let why = text! {
            en: "there is no rule for `read`, so clients read nothing; `read = false` says that it is meant",
            zh: "没有 `read` 规则，客户端什么也读不到；如果这是本意，请写明 `read = false`"
        };
        found.push(Finding { code: Code::NoRead, place: None, why });
    }
    found
}

/// Returns what a rule of that name decides.
fn served(rules: &Rules, name: &str, of: Of) -> Vec<About> {
    match of {
        Of::Files => match name {
            "read" => vec![About::Files { written: false }],
            "write" => vec![About::Files { written: true }],
            _ => Vec::new(),
        },
        Of::Documents => [Operation::Read, Operation::Create, Operation::Update, Operation::Delete]
            .into_iter()
            .filter(|operation| rules.of(*operation).is_some_and(|(used, _)| used == name))
            .map(About::Documents)
            .collect(),
    }
}

type Flaw = (Code, Range<usize>, Text);

/// Looks through one rule.
struct Flaws<'a> {
    rule: &'a Expression,
    about: &'a [About],
    found: Vec<Flaw>,
}

impl<'a> Flaws<'a> {
    fn find(mut self) -> Vec<Flaw> {
        if self.about.is_empty() {
            return self.found;
        }
        let root = &self.rule.root;
        self.names(root);
        let mut clauses = Vec::new();
        root.collect_clauses(&mut clauses);
        for clause in &clauses {
            self.clause(clause, clauses.len() == 1);
        }
        self.together(root, &[]);
        self.whole(root);
        self.found
    }

    fn push(&mut self, code: Code, node: &Node, why: Text) {
        self.found.push((code, node.span.clone(), why));
    }

    fn source(&self, node: &Node) -> &'a str {
        self.rule.text.get(node.span.clone()).unwrap_or_default()
    }

    /// Whether something inside of a node was found already.
    fn is_told(&self, node: &Node) -> bool {
        self.found.iter().any(|(_, span, _)| span.start < node.span.end && node.span.start < span.end)
    }

    fn outcomes(&self, node: &Node) -> Outcomes {
        let worlds = self.about.iter().map(|about| World { about: *about, branch: None }.outcomes(node));
        worlds.reduce(Outcomes::or).unwrap_or(Outcomes::TRUTHY)
    }

    /// Finds variables and fields that are not there.
    fn names(&mut self, node: &Node) {
        let of_files = matches!(self.about.first(), Some(About::Files { .. }));
        let source = self.source(node);
        let foreign = match &node.kind {
            Kind::Variable(Variable::Resource) => !of_files,
            Kind::Variable(Variable::Doc | Variable::Request) | Kind::Get(_) => of_files,
            _ => false,
        };
        if foreign {
            let why = match of_files {
                true => {
                    text! { en: "rules of files know `auth`, `now` and `resource`", zh: "文件规则中只有 `auth`、`now` 和 `resource`" }
                }
                false => {
                    text! { en: "`resource` is there in rules of files only", zh: "`resource` 只存在于文件规则中" }
                }
            };
            return self.push(Code::ForeignVariable, node, why);
        }
        if let Kind::Member(of, name) = &node.kind
            && let (Kind::Variable(variable), Kind::Literal(Bson::String(name))) = (&of.kind, &name.kind)
        {
            let known: &[&str] = match variable {
                Variable::Auth => &["openid", "uid", "loginType"],
                Variable::Request => &["data"],
                Variable::Resource => &["openid", "path"],
                Variable::Doc | Variable::Now => &[],
            };
            if !known.is_empty() && !known.contains(&name.as_str()) && !self.is_foreign(*variable) {
                let list = known.join("`, `");
                let why = match did_you_mean(name, known.iter().copied()) {
                    Some(near) => {
                        let meant = suggestion(near);
                        text! { en: ("`{source}` is never there; {}", meant.en), zh: ("`{source}` 不存在；{}", meant.zh) }
                    }
                    None => {
                        text! { en: "`{source}` is never there; there are `{list}`", zh: "`{source}` 不存在；可用的有 `{list}`" }
                    }
                };
                return self.push(Code::UnknownField, node, why);
            }
            let is_written =
                self.about.iter().any(|about| World { about: *about, branch: None }.has_payload());
            if *variable == Variable::Request && name == "data" && !is_written {
                let why = text! {
                    en: "nothing is written here, so `request.data` is undefined",
                    zh: "此操作不写入数据，`request.data` 为 undefined"
                };
                return self.push(Code::NoPayload, node, why);
            }
        }
        node.children().into_iter().for_each(|child| self.names(child));
    }

    fn is_foreign(&self, variable: Variable) -> bool {
        let of_files = matches!(self.about.first(), Some(About::Files { .. }));
        match variable {
            Variable::Resource => !of_files,
            Variable::Doc | Variable::Request => of_files,
            Variable::Auth | Variable::Now => false,
        }
    }

    /// Finds a clause that always comes to the same.
    fn clause(&mut self, clause: &Node, is_whole: bool) {
        if self.is_told(clause) || is_whole && matches!(clause.kind, Kind::Literal(Bson::Boolean(_))) {
            return;
        }
        let (source, outcomes) = (self.source(clause), self.outcomes(clause));
        if outcomes == Outcomes::TRUE {
            let why = text! { en: "`{source}` is always true", zh: "`{source}` 总是为真" };
            return self.push(Code::AlwaysTrue, clause, why);
        }
        if !outcomes.has(Outcomes::TRUE.or(Outcomes::TRUTHY)) {
            let why = text! { en: "`{source}` is never true", zh: "`{source}` 永远不为真" };
            return self.push(Code::NeverTrue, clause, why);
        }
        if *self.about == [About::Documents(Operation::Create)] && is_owner(clause) {
            let why = text! {
                en: "what is created is its creator's, so `{source}` says no more than `auth != null`",
                zh: "新建的文档总是属于创建者，`{source}` 等同于 `auth != null`"
            };
            self.push(Code::OwnerInCreate, clause, why);
        }
    }

    /// Finds clauses that others beside them make false, or needless.
    fn together(&mut self, node: &Node, assumed: &[Atom<'_>]) {
        match &node.kind {
            Kind::And(..) => {
                let mut parts = Vec::new();
                conjuncts(node, &mut parts);
                let (atoms, others): (Vec<_>, Vec<_>) =
                    parts.into_iter().map(|part| (part, atom(part))).partition(|(_, atom)| atom.is_some());
                let mut assumed = assumed.to_vec();
                for (part, atom) in atoms {
                    self.together(part, &assumed);
                    assumed.extend(atom);
                }
                others.into_iter().for_each(|(part, _)| self.together(part, &assumed));
            }
            Kind::Or(left, right) => {
                if let (Some(one), Some(other)) = (atom(left), atom(right))
                    && one.is_opposite(&other)
                {
                    let source = self.source(node);
                    let why = text! { en: "`{source}` is always true", zh: "`{source}` 总是为真" };
                    return self.push(Code::AlwaysTrue, node, why);
                }
                self.together(left, assumed);
                self.together(right, assumed);
            }
            _ => {
                let Some(own) = atom(node).filter(|_| !self.is_told(node)) else { return };
                if let Some(other) = assumed.iter().find(|other| other.excludes(&own)) {
                    let (source, beside) = (self.source(node), self.source(other.node));
                    let why = text! {
                        en: "`{source}` is never true where `{beside}` is",
                        zh: "`{beside}` 为真时，`{source}` 永远不为真"
                    };
                    self.push(Code::Contradiction, node, why);
                }
            }
        }
    }

    /// Finds a rule that allows nothing though it does not say `false`.
    fn whole(&mut self, root: &Node) {
        let outcomes = self.outcomes(root);
        if outcomes.has(Outcomes::TRUE) || self.rule.text.trim() == "false" || !self.found.is_empty() {
            return;
        }
        match outcomes.has(Outcomes::TRUTHY) {
            true => self.push(
                Code::NotBoolean,
                root,
                text! {
                    en: "a rule allows when it is exactly `true`, and this is no boolean; compare it with something",
                    zh: "规则的结果必须恰好是 `true`，而这里不是布尔值；请与某个值比较"
                },
            ),
            false => self.push(
                Code::NeverTrue,
                root,
                text! { en: "this rule is never true", zh: "这条规则永远不为真" },
            ),
        }
    }
}

/// Whether a clause compares the owner of the new document with the caller.
fn is_owner(clause: &Node) -> bool {
    let Kind::Compare(Comparison::Equal, left, right) = &clause.kind else { return false };
    let is_openid = |node: &Node| match node.chain() {
        Some((Variable::Doc, names)) => names == ["_openid"],
        Some((Variable::Request, names)) => names == ["data", "_openid"],
        _ => false,
    };
    is_openid(left) && right.own_id().is_some() || is_openid(right) && left.own_id().is_some()
}

fn conjuncts<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    match &node.kind {
        Kind::And(left, right) => {
            conjuncts(left, found);
            conjuncts(right, found);
        }
        _ => found.push(node),
    }
}

/// A clause that compares a field with a value, or with the items of a list.
#[derive(Clone)]
struct Atom<'n> {
    node: &'n Node,
    path: String,
    comparison: Option<Comparison>,
    value: Bson,
}

fn atom(node: &Node) -> Option<Atom<'_>> {
    let (comparison, left, right) = match &node.kind {
        Kind::Compare(comparison, left, right) => (Some(*comparison), left, right),
        Kind::In(left, right) => (None, left, right),
        _ => return None,
    };
    let path = |node: &Node| {
        let (variable, mut names) = node.chain()?;
        let (first, _) = Variable::NAMES.iter().find(|(_, known)| *known == variable)?;
        names.insert(0, first);
        Some(names.join("."))
    };
    let (path, value, comparison) = match (path(left), path(right)) {
        (Some(path), None) => (path, right, comparison),
        (None, Some(path)) => (path, left, Some(comparison?.mirrored())),
        _ => return None,
    };
    let literal = |node: &Node| match &node.kind {
        Kind::Literal(value) => Some(value.clone()),
        _ => None,
    };
    let value = match (&value.kind, comparison) {
        (Kind::List(items), None) => Bson::Array(items.iter().map(literal).collect::<Option<_>>()?),
        (_, None) => return None,
        (_, Some(_)) => literal(value)?,
    };
    Some(Atom { node, path, comparison, value })
}

impl Atom<'_> {
    /// Whether another clause is false wherever this one is true.
    fn excludes(&self, other: &Atom<'_>) -> bool {
        let wanted = condition(self.comparison, self.value.clone());
        let Ok(query) = Query::of(&Document::from_iter([(self.path.clone(), wanted)])) else { return false };
        self.path == other.path && query.branches.iter().all(|branch| other.is_false_in(branch))
    }

    fn is_false_in(&self, branch: &Branch) -> bool {
        let known = branch.of(&self.path).and_then(|known| known.value.clone());
        let field = known.map_or_else(|| Value::Field(self.path.clone()), Value::Known);
        let value = Value::Known(self.value.clone());
        let verdict = match self.comparison {
            Some(comparison) => compare(comparison, &field, &value, branch),
            None => contains(&field, &value, branch),
        };
        verdict.truth() == Some(false)
    }

    fn is_opposite(&self, other: &Atom<'_>) -> bool {
        let pair = (self.comparison, other.comparison);
        let is_pair = matches!(
            pair,
            (Some(Comparison::Equal), Some(Comparison::Unequal))
                | (Some(Comparison::Unequal), Some(Comparison::Equal))
        );
        is_pair && self.path == other.path && self.value == other.value
    }
}

/// Returns what is open to everybody, or to whoever is logged in.
fn opened(rules: &Rules, of: Of) -> Vec<Finding> {
    let operations: &[Operation] = match of {
        Of::Documents => &[Operation::Read, Operation::Create, Operation::Update, Operation::Delete],
        Of::Files => &[Operation::Read, Operation::Update],
    };
    let mut found: Vec<Finding> = Vec::new();
    for operation in operations {
        let Some((name, rule)) = rules.of(*operation) else { continue };
        let (code, why) = match (operation, allows(rule, false, of), allows(rule, true, of)) {
            (Operation::Read, true, _) => (
                Code::OpenRead,
                text! { en: "everybody may read everything, logged in or not", zh: "任何人（无论是否登录）都可读取全部数据" },
            ),
            (Operation::Create, true, _) => (
                Code::OpenCreate,
                text! { en: "everybody may create, logged in or not", zh: "任何人（无论是否登录）都可新建" },
            ),
            (Operation::Update | Operation::Delete, true, _) => (
                Code::OpenWrite,
                text! { en: "everybody may change what is there, logged in or not", zh: "任何人（无论是否登录）都可修改或删除已有数据" },
            ),
            (Operation::Update | Operation::Delete, _, true) => (
                Code::AnyUserWrites,
                text! { en: "whoever is logged in may change what is somebody else's", zh: "任何登录用户都可修改或删除他人的数据" },
            ),
            _ => continue,
        };
        let place = Some((name.to_owned(), 0..rule.text.len()));
        // One rule may stand for several operations.
        if !found.iter().any(|it| it.code == code && it.place == place) {
            found.push(Finding { code, place, why });
        }
    }
    found
}

/// Whether somebody of whom the rule can know nothing special may do it to everything.
fn allows(rule: &Expression, logged_in: bool, of: Of) -> bool {
    // An id that nobody writes into a rule.
    let somebody = doc! { "openid": "\u{0}", "uid": "\u{0}", "loginType": "WECHAT_PUBLIC" };
    let foreign = doc! { "openid": "\u{1}", "path": "\u{1}" };
    let everything = Query { branches: vec![Branch::default()] };
    let payload = Payload::default();
    let scope = Scope {
        auth: logged_in.then_some(&somebody),
        now: 0,
        doc: if of == Of::Files { Subject::Document(None) } else { Subject::Query(&everything) },
        data: Some(&payload),
        resource: (of == Of::Files).then_some(&foreign),
    };
    decide(rule, &scope, &mut |_, _| Err("not known".into())).allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_of(of: Of, rules: &str, expected: &[(&str, &str, &str)]) {
        let parsed = Rules::parse(rules).unwrap_or_else(|broken| panic!("{rules}: {broken}"));
        let found = findings(&parsed, of);
        let found: Vec<(&str, String, String)> = found
            .iter()
            .map(|it| match &it.place {
                Some((name, span)) => {
                    let text = parsed.all().find(|(key, _)| key == name).map(|(_, rule)| rule.text());
                    (it.code.name(), name.clone(), text.unwrap_or_default()[span.clone()].to_owned())
                }
                None => (it.code.name(), String::new(), String::new()),
            })
            .collect();
        let expected: Vec<(&str, String, String)> =
            expected.iter().map(|(code, name, text)| (*code, (*name).into(), (*text).into())).collect();
        assert_eq!(found, expected, "{rules}");
    }

    #[track_caller]
    fn check(rules: &str, expected: &[(&str, &str, &str)]) {
        check_of(Of::Documents, rules, expected);
    }

    /// Checks what is found in a rule for `update` beside rules that are in order.
    #[track_caller]
    fn check_update(rule: &str, expected: &[(&str, &str)]) {
        let rules = serde_json::json!({ "read": false, "update": rule }).to_string();
        let expected: Vec<_> = expected.iter().map(|(code, text)| (*code, "update", *text)).collect();
        check(&rules, &expected);
    }

    #[test]
    fn rules_that_work_are_left_alone() {
        for rule in [
            "false",
            "doc._openid == auth.openid",
            "doc._openid == auth.openid || doc._openid == auth.uid",
            "auth.openid != null && doc._openid == auth.openid || auth.uid != null && doc._openid == auth.uid",
            "auth != null && doc.a > 10 && doc.a < 20",
            "doc.a > 10 && doc.a != 15 && doc.b in ['x', 'y']",
            "auth.openid in get(`database.rooms.${doc.room}`).members",
            "get('database.settings.admins').list != null && auth.openid in get('database.settings.admins').list",
            "doc._openid == auth.openid && (request.data.price == undefined || request.data.price == doc.price)",
            "doc.closes > now && doc._openid == auth.openid",
            "auth.loginType != 'ANONYMOUS' && doc._openid == auth.uid",
            "auth.openid == 'o-admin'",
            "auth.openid && doc.a == 1 || doc.b == auth.uid",
            "(doc.a == 1 || doc.b == 2) && doc.c == 3",
            "doc.a == 1 && !(doc.a == 2)",
            "doc == null || doc.n == 1",
            "doc.n == null || doc.n == undefined || doc.n == auth.openid",
            "auth.openid in doc.editors",
            "`${doc.a}-x` == auth.openid",
            "doc.a == doc.b && doc.a",
        ] {
            // `doc.a` alone may be `true`.
            check_update(rule, &[]);
        }
        check(r#"{"read":"auth != null","create":"auth != null","write":"doc._openid == auth.openid"}"#, &[]);
        check(r#"{"read":"auth != null","create":"request.data.score == 0","write":false}"#, &[]);
        check_of(Of::Files, r#"{"read":"auth != null","write":"resource.openid == auth.openid"}"#, &[]);
    }

    #[test]
    fn clauses_that_decide_nothing_are_found() {
        const NEVER: &str = "never-true";
        for (rule, clause) in [
            ("auth.openid == 5 && doc.a == 1", "auth.openid == 5"),
            ("auth.openid > 1 || doc.a == 1", "auth.openid > 1"),
            ("auth == true && doc.a == 1", "auth == true"),
            ("1 == 2 || doc.a == 1", "1 == 2"),
            ("now == 'today' && doc.a == 1", "now == 'today'"),
            ("doc.a in [] || doc.b == 1", "doc.a in []"),
            ("doc.a in 'abc' || doc.b == 1", "doc.a in 'abc'"),
            ("auth.openid in [1, 2] || doc.b == 1", "auth.openid in [1, 2]"),
            ("auth.openid in auth.uid || doc.b == 1", "auth.openid in auth.uid"),
            ("get('rooms.r1').open == true", "get('rooms.r1').open == true"),
            ("null", "null"),
        ] {
            check_update(rule, &[(NEVER, clause)]);
        }
        check_update("auth.openid != 5 && doc.a == 1", &[("always-true", "auth.openid != 5")]);
        check_update("doc.a == 1 && true", &[("always-true", "true")]);
        check_update("auth.openid", &[("not-boolean", "auth.openid")]);
        check_update("doc.b == 1 || auth", &[]);
        check_update("auth", &[("not-boolean", "auth")]);
        check_update("auth.userid == doc.a", &[("unknown-field", "auth.userid")]);
        check_update("request.auth.uid == doc.a", &[("unknown-field", "request.auth")]);
        check_update("resource.openid == auth.openid", &[("foreign-variable", "resource")]);
    }

    #[test]
    fn clauses_that_exclude_each_other_are_found() {
        for (rule, clause) in [
            ("doc.a == 1 && doc.a == 2", "doc.a == 2"),
            ("doc.a > 10 && doc.b == 1 && doc.a < 5", "doc.a < 5"),
            ("doc.a == 'x' && doc.a in ['y', 'z']", "doc.a in ['y', 'z']"),
            ("doc.a in ['y', 'z'] && 'x' == doc.a", "'x' == doc.a"),
            ("(doc.a == 1 || doc.b == 2) && doc.a == 3", "doc.a == 1"),
            ("doc.a == 1 && doc.a != 1", "doc.a != 1"),
            ("doc.a == null && doc.a > 1", "doc.a > 1"),
            (
                "auth.loginType == 'EMAIL' && auth.loginType == 'CUSTOM' && doc.a == 1",
                "auth.loginType == 'CUSTOM'",
            ),
        ] {
            check_update(rule, &[("contradiction", clause)]);
        }
        check_update("doc.a == 1 || doc.a != 1", &[("always-true", "doc.a == 1 || doc.a != 1")]);
    }

    #[test]
    fn what_is_created_is_both_the_document_and_what_is_written() {
        let create = |rule: &str| serde_json::json!({ "read": false, "create": rule }).to_string();
        check(
            &create("doc._openid == auth.openid"),
            &[("owner-in-create", "create", "doc._openid == auth.openid")],
        );
        check(
            &create("doc.n == request.data.n && auth != null"),
            &[("always-true", "create", "doc.n == request.data.n")],
        );
        check(&create("doc.n != request.data.n"), &[("never-true", "create", "doc.n != request.data.n")]);
        check(&create("doc == null"), &[("never-true", "create", "doc == null")]);
        check(&create("auth != null && doc.n == 1"), &[]);
        // The same words in `write` also decide of changes.
        check(r#"{"read":false,"write":"doc._openid == auth.openid && doc.n == request.data.n"}"#, &[]);
    }

    #[test]
    fn what_is_open_is_told() {
        check(
            r#"{"read":true,"write":true}"#,
            &[
                ("open-read", "read", "true"),
                ("open-create", "write", "true"),
                ("open-write", "write", "true"),
            ],
        );
        check(
            r#"{"read":"auth != null","write":"auth != null"}"#,
            &[("any-user-writes", "write", "auth != null")],
        );
        check(
            r#"{"read":"auth != null","create":true,"update":false,"delete":false}"#,
            &[("open-create", "create", "true")],
        );
        check(r#"{"write":false}"#, &[("no-read", "", "")]);
        check(
            r#"{"read":false,"create":"auth != null","update":false,"delete":false,"write":"auth != null"}"#,
            &[("unused-rule", "write", "auth != null")],
        );
        check(r#"{"read":"request.data.x == 1 || doc.a == 1"}"#, &[("no-payload", "read", "request.data")]);
        check_of(
            Of::Files,
            r#"{"read":true,"write":true}"#,
            &[("open-read", "read", "true"), ("open-write", "write", "true")],
        );
        check_of(
            Of::Files,
            r#"{"read":"doc.a == 1","write":"auth != null","create":false}"#,
            &[
                ("foreign-variable", "read", "doc"),
                ("unused-rule", "create", "false"),
                ("any-user-writes", "write", "auth != null"),
            ],
        );
    }
}
