//! `/stream`: a question, and its answer as server-sent events. A client that lost its connection goes on where it was;
//! no reconnect ever asks a model again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::timeout;

use super::answer::{self, Question};
use super::body;
use super::events::EventReader;
use super::problem::Problem;
use super::server::Server;
use crate::chat::{Conversation, ConversationId};
use crate::host;
use crate::sse::encode_comment;
use crate::strings::serve as words;

/// Asked where no question is.
const EXAMPLE: &str = "What gear do I need for a weekend hike?";
/// Bytes of a body.
const MAX_BODY: usize = 256 * 1024;
/// After so long without an event there is a comment, so that nobody takes the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);
/// A browser that lost its connection comes back after so many ms.
const RETRY: &str = "retry: 300\n\n";
/// The conversation that begins with the question.
const NEW: &str = "new";

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Ask {
    question: Option<String>,
    /// A saved chat that goes on, or `new`.
    conversation: Option<String>,
    /// A provider, or `provider/model`.
    model: Option<String>,
    /// `json` for text in JSON.
    format: Option<String>,
}

/// `GET /stream`.
pub(super) async fn get(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Response, Problem> {
    if let Some(last) = headers.get(LAST_EVENT_ID) {
        let last = last.to_str().unwrap_or_default();
        return Ok(go_on(&server, last).unwrap_or_else(|| StatusCode::NO_CONTENT.into_response()));
    }
    let Query(mut ask) = ask.map_err(|error| Problem::bad_request(words::bad_query(&error.body_text())))?;
    ask.question.get_or_insert_with(|| EXAMPLE.to_owned());
    start(&server, ask).await
}

/// `POST /stream`.
pub(super) async fn post(State(server): State<Arc<Server>>, request: Request) -> Result<Response, Problem> {
    let ask = body::json(request, MAX_BODY).await?;
    start(&server, ask).await
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What follows this event, as long as anything does.
fn go_on(server: &Server, last: &str) -> Option<Response> {
    let (name, number) = last.rsplit_once('-')?;
    let (log, number) = (server.answers.find(name)?, number.parse().ok()?);
    if log.is_over_after(number) {
        return None;
    }
    Some(event_stream(log.read_after(number)?))
}

async fn start(server: &Arc<Server>, ask: Ask) -> Result<Response, Problem> {
    let text = ask.question.unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Problem::bad_request(words::EMPTY_QUESTION));
    }
    let target = server.target(ask.model.as_deref())?;
    let is_json = match ask.format.as_deref() {
        None | Some("text" | "") => false,
        Some("json") => true,
        Some(_) => return Err(Problem::bad_request(words::bad_field("format", "`text` or `json`"))),
    };
    let place = server.take_place()?;
    let chat = match ask.conversation.filter(|id| !id.is_empty()) {
        Some(id) => Some((conversation(server, id).await?, server.writer().await?)),
        None => None,
    };
    Ok(event_stream(answer::ask(server, Question { text, target, chat, is_json }, place)))
}

/// The saved chat of this id, or of the one that begins so; or a new one.
pub(super) async fn conversation(server: &Server, id: String) -> Result<Conversation, Problem> {
    if id == NEW {
        return Ok(Conversation::new(ConversationId(host::ids().next_id())));
    }
    let asked = id.clone();
    let found = server.read(move |reader| match reader.find_id(&asked)? {
        Some(id) => reader.load(&id),
        None => Ok(None),
    });
    found.await?.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, words::no_conversation(&id)))
}

/// The events as they come.
fn event_stream(mut reader: EventReader) -> Response {
    let events = async_stream::stream! {
        yield Ok(Bytes::from_static(RETRY.as_bytes()));
        loop {
            match timeout(SILENCE, reader.next()).await {
                Ok(Some(bytes)) => yield Ok(bytes),
                Ok(None) => break,
                Err(_) => yield Ok(encode_comment("still here").into()),
            }
        }
    };
    respond(events)
}

/// A response of server-sent events, which nobody on the way may hold back or keep.
pub(super) fn respond(
    events: impl futures_util::Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(events)).into_response()
}
