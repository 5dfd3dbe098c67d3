//! The page: three files of ours, in the program, and nothing from anywhere else.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::server::Server;
use crate::host;
use crate::strings::serve as words;

const PAGE: &str = include_str!("../../assets/page/index.html");
const STYLE: &str = include_str!("../../assets/page/page.css");
const SCRIPT: &str = include_str!("../../assets/page/page.js");
const OPENAPI: &str = include_str!("../../assets/openapi.json");

/// Nothing but this server's own files, and no page around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /`: the page, or with `open=CODE` the cookie for it.
pub(super) async fn index(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (code, rest) = opened(query.as_deref().unwrap_or_default());
    if let Some(code) = code {
        // A reload of the link, by whom it was opened before, is no mistake.
        let cookie = match server.access.open_link(&code) {
            Some(cookie) => Some(cookie),
            None if server.access.check_token(&headers).is_ok() => None,
            None => return Err(Problem::new(StatusCode::UNAUTHORIZED, words::LINK_USED)),
        };
        let place = if rest.is_empty() { "/".to_owned() } else { format!("/?{rest}") };
        let mut response =
            (StatusCode::SEE_OTHER, [(LOCATION, place), (CACHE_CONTROL, "no-store".to_owned())]).into_response();
        if let Some(cookie) = cookie {
            response.headers_mut().insert(SET_COOKIE, cookie);
            host::tell(&words::next_link(&super::link(&server)));
        }
        return Ok(response);
    }
    server.access.check_token(&headers)?;
    Ok(([(CONTENT_SECURITY_POLICY, POLICY)], file("text/html; charset=utf-8", PAGE)).into_response())
}

/// `GET /page.css`.
pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", STYLE)
}

/// `GET /page.js`.
pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /openapi.json`.
pub(super) async fn openapi() -> Response {
    file("application/json", OPENAPI)
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], text).into_response()
}

/// What a link was opened with, and the rest of the query.
fn opened(query: &str) -> (Option<String>, String) {
    let mut code = None;
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| match pair.strip_prefix("open=") {
            Some(found) => {
                code = Some(found.to_owned());
                false
            }
            None => !pair.is_empty(),
        })
        .collect();
    (code, rest.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_the_page_does_not_stay_in_its_address() {
        assert_eq!(opened("question=a%20b&open=x&z=1"), (Some("x".to_owned()), "question=a%20b&z=1".to_owned()));
        assert_eq!(opened("question=reopen=1"), (None, "question=reopen=1".to_owned()));
        assert_eq!(opened(""), (None, String::new()));
    }
}
