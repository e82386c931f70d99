//! `/problems/<code>`: the page that a problem's `type` points at, and the list of all of them.

use std::fmt::Write;

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::Language;
use crate::error::{ApiError, ApiResult, Code, messages};

/// Explains one problem.
///
/// # Errors
/// 404 for a code that does not exist.
#[get("/problems/{code}")]
pub async fn get_problem_page(request: HttpRequest, code: web::Path<String>) -> ApiResult<HttpResponse> {
    let code = Code::ALL.iter().find(|known| known.as_str() == code.as_str());
    let code = *code.ok_or_else(|| ApiError::new(Code::NotFound).detail("there is no problem with this code"))?;
    let title = messages::title(code, Language::of(request.headers()));
    let body = format!(
        "<p><code>{}</code> &middot; status {}</p><p>{}</p><p><a href=\"/problems\">All problems</a></p>",
        code.as_str(),
        code.status().as_u16(),
        escape(code.help()),
    );
    Ok(page(title, &body))
}

/// Lists every problem.
#[get("/problems")]
pub async fn list_problem_pages() -> HttpResponse {
    let rows = Code::ALL.iter().fold(String::new(), |mut rows, code| {
        let (name, status, title) = (code.as_str(), code.status().as_u16(), escape(code.title()));
        let _ = write!(
            rows,
            "<li><a href=\"/problems/{name}\"><code>{name}</code></a> {status} {title}</li>"
        );
        rows
    });
    page("Problems", &format!("<ul>{rows}</ul>"))
}

fn page(title: &str, body: &str) -> HttpResponse {
    let title = escape(title);
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:16px/1.5 sans-serif;max-width:45rem;margin:2rem auto;padding:0 1rem}}</style>\
         <h1>{title}</h1>{body}</html>"
        ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
