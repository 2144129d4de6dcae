//! What is wrong with rules that can be read: clauses that decide nothing, and data that is open to everybody.
//!
//! What cannot be told for certain is not told.

mod atom;
mod finding;
mod opened;

use std::ops::Range;

use bson::Bson;

use super::expression::{Comparison, Expression, Kind, Node, Variable};
use super::outcomes::Outcomes;
use super::possible::{About, World};
use super::{LOGIN_TYPES, Operation, Rules};
use crate::model::name::{did_you_mean, suggestion};
use crate::model::text::Text;
use crate::text;
use atom::{Atom, atom, implied};
use opened::opened;

pub use finding::{Code, Finding, Severity};

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
        let source = self.rule.source(node);
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
        let (source, outcomes) = (self.rule.source(clause), self.outcomes(clause));
        if outcomes == Outcomes::TRUE {
            let why = text! { en: "`{source}` is always true", zh: "`{source}` 总是为真" };
            return self.push(Code::AlwaysTrue, clause, why);
        }
        if !outcomes.has(Outcomes::TRUE.or(Outcomes::TRUTHY)) {
            let logins = LOGIN_TYPES.join("`, `");
            let why = match clause.children().into_iter().any(is_login_type) {
                true => text! {
                    en: "`{source}` is never true; `auth.loginType` is one of `{logins}`, or undefined",
                    zh: "`{source}` 永远不为真；`auth.loginType` 的取值为 `{logins}`，或为 undefined"
                },
                false => text! { en: "`{source}` is never true", zh: "`{source}` 永远不为真" },
            };
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
                    parts.into_iter().map(|part| (part, implied(part))).partition(|(_, atom)| atom.is_some());
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
                    let source = self.rule.source(node);
                    let why = text! { en: "`{source}` is always true", zh: "`{source}` 总是为真" };
                    return self.push(Code::AlwaysTrue, node, why);
                }
                self.together(left, assumed);
                self.together(right, assumed);
            }
            _ => {
                let Some(own) = implied(node).filter(|_| !self.is_told(node)) else { return };
                if let Some(other) = assumed.iter().find(|other| other.excludes(&own)) {
                    let (source, beside) = (self.rule.source(node), self.rule.source(other.node));
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

fn is_login_type(node: &Node) -> bool {
    matches!(node.chain(), Some((Variable::Auth, names)) if names == ["loginType"])
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

#[cfg(test)]
mod tests;
