//! Calls of the database in a script: `db.collection('posts').where({…}).get()` and its like.

use std::collections::BTreeMap;

use swc_common::{BytePos, Span, SyntaxContext};
use swc_ecma_ast::{
    AssignExpr, AssignTarget, Callee, ClassProp, Expr, ExprOrSpread, Lit, MemberProp, Pat, Program, PropName,
    SimpleAssignTarget, VarDeclKind, VarDeclarator,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::condition::{self, Commands};
use super::{About, Request};
use crate::rules::Operation;

/// Returns what a script asks. `trusts_names`: what is called `db` is a client's database, wherever it is from.
pub(super) fn requests(program: &Program, start: BytePos, trusts_names: bool) -> Vec<Request> {
    let mut names = Names { meanings: BTreeMap::new(), trusts_names };
    program.visit_with(&mut names);
    let mut calls = Calls { names, start, found: Vec::new() };
    program.visit_with(&mut calls);
    calls.found
}

/// What the names of a script stand for. A name that stands for several things stands for none; one that is declared in two
/// functions is two names.
struct Names {
    meanings: BTreeMap<(String, Scope), Option<Meaning>>,
    trusts_names: bool,
}

/// Where a name is declared; `None`: it is a field of something.
type Scope = Option<SyntaxContext>;

#[derive(Clone, PartialEq)]
enum Meaning {
    Database,
    Command,
    Text(String),
    Collection(String),
}

impl Names {
    fn put(&mut self, name: &str, scope: Scope, meaning: Option<Meaning>) {
        let known = self.meanings.entry((name.to_owned(), scope)).or_insert_with(|| meaning.clone());
        if *known != meaning {
            *known = None;
        }
    }

    /// Returns what a name stands for, or that it is one of which nothing is certain; `None`: it is not known.
    fn known(&self, (name, scope): (&str, Scope)) -> Option<Option<&Meaning>> {
        if let Some(own) = self.meanings.get(&(name.to_owned(), scope)) {
            return Some(own.as_ref());
        }
        if scope.is_some() {
            return None;
        }
        // A field that nothing is written to is what its name stands for elsewhere, if that is one thing.
        let mut alike =
            self.meanings.range((name.to_owned(), None)..).take_while(|((known, _), _)| known == name);
        let (_, first) = alike.next()?;
        Some(first.as_ref().filter(|_| alike.all(|(_, other)| other == first)))
    }

    fn of(&self, name: (&str, Scope)) -> Option<&Meaning> {
        self.known(name)?
    }

    fn meaning(&self, value: &Expr) -> Option<Meaning> {
        match value {
            Expr::Lit(Lit::Str(text)) => Some(Meaning::Text(text.value.as_str()?.to_owned())),
            Expr::Call(_) => {
                let chain = Chain::of(value)?;
                match chain.links.last()? {
                    link if link.name == "database" => Some(Meaning::Database),
                    _ => match self.collection(&chain)? {
                        (name, []) => Some(Meaning::Collection(name)),
                        _ => None,
                    },
                }
            }
            Expr::Member(member) if member.prop.is_ident_with("command") => Some(Meaning::Command),
            _ => None,
        }
    }

    /// Returns the collection that a chain is about, and the links after it.
    fn collection<'c, 'a>(&self, chain: &'c Chain<'a>) -> Option<(String, &'c [Link<'a>])> {
        match &chain.links[..] {
            [database, collection, rest @ ..]
                if database.name == "database" && collection.name == "collection" =>
            {
                Some((self.text(collection.args)?, rest))
            }
            [collection, rest @ ..] if collection.name == "collection" && self.is_database(chain.base) => {
                Some((self.text(collection.args)?, rest))
            }
            rest => match self.of(last_name(chain.base)?)? {
                Meaning::Collection(name) => Some((name.clone(), rest)),
                _ => None,
            },
        }
    }

    fn is_database(&self, base: &Expr) -> bool {
        let Some(name) = last_name(base) else { return false };
        match self.known(name) {
            Some(meaning) => meaning == Some(&Meaning::Database),
            None => self.trusts_names && name.0 == "db",
        }
    }

    /// Returns the only argument as a text.
    fn text(&self, args: &[ExprOrSpread]) -> Option<String> {
        let [ExprOrSpread { spread: None, expr }] = args else { return None };
        match &**expr {
            Expr::Ident(name) => match self.of((&name.sym, Some(name.ctxt)))? {
                Meaning::Text(text) => Some(text.clone()),
                _ => None,
            },
            other => condition::text(other),
        }
    }
}

impl Visit for Names {
    fn visit_var_decl(&mut self, declaration: &swc_ecma_ast::VarDecl) {
        for VarDeclarator { name, init, .. } in &declaration.decls {
            let Pat::Ident(name) = name else { continue };
            let meaning = init.as_deref().and_then(|init| self.meaning(init));
            // A text that changes is none that is known.
            let is_fixed =
                declaration.kind == VarDeclKind::Const || !matches!(meaning, Some(Meaning::Text(_)));
            self.put(&name.sym, Some(name.ctxt), meaning.filter(|_| is_fixed));
        }
        declaration.visit_children_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        let target = match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(name)) => Some((&*name.sym, Some(name.ctxt))),
            AssignTarget::Simple(SimpleAssignTarget::Member(member)) => {
                name_of(&member.prop).map(|name| (name, None))
            }
            _ => None,
        };
        if let Some((name, scope)) = target {
            let meaning = self.meaning(&assign.right);
            self.put(name, scope, meaning.filter(|it| !matches!(it, Meaning::Text(_))));
        }
        assign.visit_children_with(self);
    }

    fn visit_class_prop(&mut self, property: &ClassProp) {
        if let (PropName::Ident(name), Some(value)) = (&property.key, &property.value) {
            let meaning = self.meaning(value);
            self.put(&name.sym, None, meaning);
        }
        property.visit_children_with(self);
    }
}

/// Calls of methods in a row, the first one first.
pub(super) struct Chain<'a> {
    pub base: &'a Expr,
    pub links: Vec<Link<'a>>,
}

pub(super) struct Link<'a> {
    pub name: &'a str,
    pub args: &'a [ExprOrSpread],
}

impl<'a> Chain<'a> {
    /// Takes a call apart; `None`: a method of it has no name.
    pub fn of(call: &'a Expr) -> Option<Self> {
        let mut links = Vec::new();
        let mut base = call;
        while let Expr::Call(call) = bare(base) {
            let Callee::Expr(callee) = &call.callee else { return None };
            let Expr::Member(member) = bare(callee) else { return None };
            links.push(Link { name: name_of(&member.prop)?, args: &call.args });
            base = &member.obj;
        }
        links.reverse();
        Some(Chain { base: bare(base), links })
    }
}

/// Takes away what changes no value: brackets and types.
pub(super) fn bare(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(inner) => bare(&inner.expr),
        Expr::TsAs(inner) => bare(&inner.expr),
        Expr::TsNonNull(inner) => bare(&inner.expr),
        Expr::TsSatisfies(inner) => bare(&inner.expr),
        Expr::TsConstAssertion(inner) => bare(&inner.expr),
        other => other,
    }
}

fn name_of(property: &MemberProp) -> Option<&str> {
    match property {
        MemberProp::Ident(name) => Some(&name.sym),
        MemberProp::PrivateName(_) | MemberProp::Computed(_) => None,
    }
}

/// Returns the last name of `db`, `this.db` or `app.globalData.db`.
fn last_name(expression: &Expr) -> Option<(&str, Scope)> {
    match bare(expression) {
        Expr::Ident(name) => Some((&name.sym, Some(name.ctxt))),
        Expr::Member(member) => name_of(&member.prop).map(|name| (name, None)),
        _ => None,
    }
}

/// Links that change what is answered and not what is asked for.
const PASSED: [&str; 6] = ["orderBy", "limit", "skip", "field", "options", "geoNear"];

struct Calls {
    names: Names,
    start: BytePos,
    found: Vec<Request>,
}

impl Calls {
    fn request(&self, call: &Expr, span: Span) -> Option<Request> {
        let chain = Chain::of(call)?;
        let (collection, rest) = self.names.collection(&chain)?;
        let (last, middle) = rest.split_last()?;
        let (operation, about) = self.asked(last.name, middle)?;
        let at = |place: BytePos| place.0.saturating_sub(self.start.0) as usize;
        Some(Request { collection, operation, about, span: at(span.lo)..at(span.hi) })
    }

    fn asked(&self, last: &str, middle: &[Link<'_>]) -> Option<(Operation, About)> {
        let (first, after) = match middle.split_first() {
            Some((first, after)) => (Some(first), after),
            None => (None, middle),
        };
        let operation = match last {
            "get" | "count" | "watch" => Operation::Read,
            // What `set` does depends on what is there.
            "update" => Operation::Update,
            "remove" => Operation::Delete,
            "add" if middle.is_empty() => return Some((Operation::Create, About::Anything)),
            "end" => {
                let stage = first.filter(|first| first.name == "aggregate").and(after.first());
                first.filter(|first| first.name == "aggregate")?;
                return Some((
                    Operation::Read,
                    match stage {
                        Some(stage) if stage.name == "match" => self.condition(stage.args),
                        Some(stage) if stage.name == "geoNear" => About::Anything,
                        _ => About::Query(bson::Document::new()),
                    },
                ));
            }
            _ => return None,
        };
        if first.is_some_and(|first| first.name == "doc") {
            return after.is_empty().then_some((operation, About::Anything));
        }
        let mut asked = About::Query(bson::Document::new());
        let mut conditions = 0;
        for link in middle {
            match link.name {
                "where" => {
                    conditions += 1;
                    asked = self.condition(link.args);
                }
                name if PASSED.contains(&name) => {}
                _ => return None,
            }
        }
        (conditions <= 1).then_some((operation, asked))
    }

    fn condition(&self, args: &[ExprOrSpread]) -> About {
        let filter = match args {
            [ExprOrSpread { spread: None, expr }] => condition::filter(expr, self),
            _ => None,
        };
        filter.map_or(About::Anything, About::Query)
    }
}

impl Commands for Calls {
    fn is_command(&self, base: &Expr) -> bool {
        match bare(base) {
            Expr::Member(member) if member.prop.is_ident_with("command") => true,
            Expr::Ident(name) => self.names.of((&name.sym, Some(name.ctxt))) == Some(&Meaning::Command),
            _ => false,
        }
    }
}

impl Visit for Calls {
    fn visit_expr(&mut self, expression: &Expr) {
        if let Expr::Call(call) = expression {
            let request = self.request(expression, call.span);
            self.found.extend(request);
        }
        expression.visit_children_with(self);
    }
}
