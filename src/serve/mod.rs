//! `riffle serve`: answers over HTTP, to `curl`, browsers and `OpenAI` clients.
//!
//! `listener` takes connections, `access` says who may ask, `server` is what all requests share. `stream` asks a question
//! through the same turn as the full screen (`answer`), whose `events` are read by whoever follows them; `watch` follows a
//! saved chat; `openai` passes models on; `page` is for people.

mod access;
mod answer;
mod answers;
mod body;
mod events;
mod listener;
mod openai;
mod page;
mod problem;
mod server;
mod stream;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use self::access::{Access, Caller, random_token};
use self::problem::Problem;
use self::server::Server;
use crate::config::choose::Choice;
use crate::config::settings::Settings;
use crate::host::{self, ToolBox};
use crate::strings::{self, serve as words};
use crate::tools::policy::Host;

/// How long the history may take to close at the end.
const CLOSE: Duration = Duration::from_secs(6);

/// What is served, and to whom.
pub struct ServeOptions {
    /// Address and port; `None` for the configuration's.
    pub listen: Option<String>,
    /// Nobody needs a token.
    pub is_open: bool,
    /// Other machines may reach it.
    pub is_remote: bool,
    /// Where the history is.
    pub data_dir: PathBuf,
    /// Everything else that was set.
    pub settings: Settings,
    /// Who is asked where nobody is named.
    pub choice: Choice,
}

/// What there is: a method, a place as `OpenAPI` writes it, and whether it needs the token.
const ROUTES: &[(&str, &str, bool)] = &[
    ("get", "/", false),
    ("get", "/page.css", true),
    ("get", "/page.js", true),
    ("get", "/openapi.json", true),
    ("get", "/healthz", false),
    ("get", "/stream", true),
    ("post", "/stream", true),
    ("get", "/watch/{conversation}", true),
    ("get", "/v1/models", true),
    ("post", "/v1/chat/completions", true),
];

/// Serves until a signal; gives the exit status. An error is a sentence.
pub async fn run(options: ServeOptions) -> anyhow::Result<u8> {
    let text = options.listen.as_ref().unwrap_or(&options.settings.serve.listen);
    let address: SocketAddr = text.parse().map_err(|_| anyhow::anyhow!(words::no_address(text)))?;
    let is_remote = !address.ip().is_loopback();
    anyhow::ensure!(!is_remote || options.is_remote, words::is_remote(text));
    anyhow::ensure!(!is_remote || !options.is_open, words::REMOTE_NEEDS_TOKEN);
    let serve = &options.settings.serve;
    anyhow::ensure!(!address.ip().is_unspecified() || !serve.hosts.is_empty(), words::REMOTE_NEEDS_HOSTS);
    let tools = ToolBox::new(&options.settings, Host::Headless)?;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| anyhow::anyhow!(words::cannot_listen(text, &error.to_string())))?;
    let address = listener.local_addr().context("the address of the listener")?;
    let (token, is_own_token) = match (&serve.token, options.is_open) {
        (_, true) => (None, false),
        (Some(token), false) => (Some(token.clone()), false),
        (None, false) => (Some(random_token()?), true),
    };
    let access = Access::new(address, &serve.hosts, &serve.origins, token.clone())?;
    let name = serve.hosts.first().filter(|_| address.ip().is_unspecified());
    let url = format!("http://{}", name.cloned().unwrap_or_else(|| address.to_string()));
    let server = Server::new(options.settings, options.data_dir, tools, options.choice, access, url);
    let server = Arc::new(server);
    host::tell(&words::listening(&server.url));
    match token {
        None => host::tell(words::NO_TOKEN),
        Some(token) => {
            host::tell(&words::link(&link(&server)));
            host::tell(&if is_own_token { words::token(token.expose()) } else { words::TOKEN_SET.to_owned() });
        }
    }
    let status = AtomicU8::new(0);
    let stop = async { status.store(stopped().await, Ordering::Relaxed) };
    listener::listen(listener, router(server.clone()), stop).await;
    server.finish().await;
    if server.opened_writer().is_some_and(|writer| !writer.close(CLOSE)) {
        host::note(&strings::not_saved(strings::DISK_HANGS));
    }
    Ok(status.into_inner())
}

/// The link that opens the page, once.
fn link(server: &Server) -> String {
    format!("{}/?open={}", server.url, server.access.link_code())
}

/// Waits for the end that somebody wishes; gives the exit status that goes with it.
async fn stopped() -> u8 {
    let mut terminated = signal(SignalKind::terminate()).ok();
    let mut hung_up = signal(SignalKind::hangup()).ok();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => 130,
        Some(Some(())) = async { Some(terminated.as_mut()?.recv().await) } => 143,
        Some(Some(())) = async { Some(hung_up.as_mut()?.recv().await) } => 129,
    }
}

fn router(server: Arc<Server>) -> Router {
    let mut router: Router<Arc<Server>> = Router::new();
    for (method, place, _) in ROUTES {
        router = router.route(place, route(method, place));
    }
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, words::NOT_FOUND))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, words::WRONG_METHOD))
        .layer(from_fn_with_state(server.clone(), let_in))
        .with_state(server)
}

fn route(method: &str, place: &str) -> MethodRouter<Arc<Server>> {
    match (method, place) {
        ("get", "/") => get(page::index),
        ("get", "/page.css") => get(page::style),
        ("get", "/page.js") => get(page::script),
        ("get", "/openapi.json") => get(page::openapi),
        ("get", "/healthz") => get(health),
        ("get", "/stream") => get(stream::get),
        ("post", "/stream") => post(stream::post),
        ("get", "/watch/{conversation}") => get(watch::get),
        ("get", "/v1/models") => get(openai::models),
        ("post", "/v1/chat/completions") => post(openai::complete),
        _ => MethodRouter::new(),
    }
}

/// `GET /healthz`.
async fn health(State(server): State<Arc<Server>>) -> Response {
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "streams": server.open_streams()}))
        .into_response()
}

/// Lets a request in, or says why not; what every response carries is put on here.
async fn let_in(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (mut response, caller) = match server.access.check_origin(&parts) {
        Err(problem) => (problem.into_response(), Caller::Own),
        Ok(Caller::Page(origin)) if parts.method == Method::OPTIONS => (preflight(), Caller::Page(origin)),
        Ok(caller) => {
            let needs_token = !ROUTES.iter().any(|(_, place, is_asked)| *place == parts.uri.path() && !is_asked);
            let is_let_in = if needs_token { server.access.check_token(&parts.headers) } else { Ok(()) };
            let response = match is_let_in {
                Err(problem) => problem.into_response(),
                // What asks a model is not asked for its head alone.
                Ok(()) if parts.method == Method::HEAD && !is_page(parts.uri.path()) => {
                    Problem::new(StatusCode::METHOD_NOT_ALLOWED, words::WRONG_METHOD).into_response()
                }
                Ok(()) => next.run(Request::from_parts(parts, body)).await,
            };
            (response, caller)
        }
    };
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if let Caller::Page(origin) = caller {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        headers
            .insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    }
    response
}

fn is_page(path: &str) -> bool {
    matches!(path, "/" | "/page.css" | "/page.js" | "/openapi.json" | "/healthz")
}

/// The answer to a browser that asks whether a page of another address may ask.
fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, last-event-id"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn the_description_names_what_there_is_and_nothing_else() {
        let description: Value = serde_json::from_str(include_str!("../../assets/openapi.json")).unwrap();
        let mut described = BTreeSet::new();
        for (place, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let is_open = operation["security"].as_array().is_some_and(Vec::is_empty);
                described.insert((method.clone(), place.clone(), !is_open));
            }
        }
        let own =
            |(method, place, is_asked): &(&str, &str, bool)| ((*method).to_owned(), (*place).to_owned(), *is_asked);
        assert_eq!(described, ROUTES.iter().map(own).collect());
        assert!(ROUTES.iter().all(|(method, place, _)| {
            let expected = format!("{:?}", MethodRouter::<Arc<Server>>::new());
            format!("{:?}", route(method, place)) != expected
        }));
    }
}
