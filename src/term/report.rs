//! A failure, drawn for a person or written as a document.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

use crate::error::{Error, Excerpt};
use crate::model::text::{Language, Text};
use crate::text;

use super::style::{Paint, Style};

/// Draws what failed, where, why, and what to do next.
pub(super) fn report(error: &Error, language: Language, paint: Paint) -> String {
    let mut label = text! { en: "error", zh: "错误" }.in_language(language).to_owned();
    if error.wire_code() != error.kind().code() {
        label = format!("{label}[{}]", error.wire_code());
    }
    draw(&paint.apply(Style::Bad, &label), error, language, paint)
}

/// Draws what is wrong in the same form, when the work goes on without it.
pub(super) fn warning(error: &Error, language: Language, paint: Paint) -> String {
    let label = text! { en: "warning", zh: "警告" };
    draw(&paint.apply(Style::Warning, label.in_language(language)), error, language, paint)
}

fn draw(label: &str, error: &Error, language: Language, paint: Paint) -> String {
    let say = |text: &Text| paint.sentence(text.in_language(language));
    let mut lines = vec![format!("{label}{}{}", colon(language), say(error.message()))];
    if let Some(excerpt) = error.shown_excerpt() {
        lines.push(snippet(excerpt, language, paint));
    }
    let because = text! { en: "  caused by: ", zh: "  原因：" };
    for cause in error.causes() {
        lines.push(format!("{}{}", because.in_language(language), say(cause)));
    }
    let hint = text! { en: "hint", zh: "提示" };
    for what in error.hints() {
        let label = paint.apply(Style::Literal, hint.in_language(language));
        lines.push(format!("{label}{}{}", colon(language), say(what)));
    }
    if let Some(id) = error.shown_request_id() {
        let label = text! { en: "request id: ", zh: "请求 ID：" };
        lines.push(paint.apply(Style::Faint, &format!("{}{id}", label.in_language(language))));
    }
    lines.join("\n")
}

fn colon(language: Language) -> &'static str {
    match language {
        Language::English => ": ",
        Language::Chinese => "：",
    }
}

/// Draws the line that is wrong, with a caret under it.
fn snippet(excerpt: &Excerpt, language: Language, paint: Paint) -> String {
    let end = excerpt.source.len();
    let span = excerpt.span.start.min(end)..excerpt.span.end.clamp(excerpt.span.start.min(end), end);
    let path = excerpt.path.display().to_string();
    let label = excerpt.label.in_language(language);
    let snippet = Snippet::source(excerpt.source.as_str())
        .line_start(excerpt.first_line)
        .path(path)
        .annotation(AnnotationKind::Primary.span(span).label(label));
    let renderer = if paint.on { Renderer::styled() } else { Renderer::plain() };
    renderer
        .render(&[Level::ERROR.no_name().primary_title("").element(snippet)])
        .trim_start_matches(['\n', ':', ' '])
        .to_owned()
}

/// The document `--json` prints for a failure.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    error: Failure<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    code: &'a str,
    message: &'a str,
    causes: Vec<&'a str>,
    hints: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// Where in a file; lines and columns count from 1.
#[derive(Debug, Serialize)]
struct Place {
    path: String,
    line: usize,
    column: usize,
}

pub(super) fn document(error: &Error, language: Language) -> Document<'_> {
    Document {
        error: Failure {
            code: error.wire_code(),
            message: error.message().in_language(language),
            causes: words(error.causes(), language),
            hints: words(error.hints(), language),
            request_id: error.shown_request_id(),
            place: error.shown_excerpt().map(place),
        },
    }
}

fn words(texts: &[Text], language: Language) -> Vec<&str> {
    texts.iter().map(|text| text.in_language(language)).collect()
}

fn place(excerpt: &Excerpt) -> Place {
    let before = excerpt.source.get(..excerpt.span.start).unwrap_or(&excerpt.source);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        path: excerpt.path.display().to_string(),
        line: before.matches('\n').count() + excerpt.first_line,
        column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
    }
}
