//! `/v1`: the models of all providers to whoever speaks `OpenAI`'s Chat Completions, see
//! <https://platform.openai.com/docs/api-reference/chat>. A client's own tools are passed on to the model and its calls
//! back to the client; nothing runs here, and nothing is saved.

mod request;
mod response;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use self::request::Asked;
use self::response::Completion;
use super::body;
use super::problem::Problem;
use super::server::Server;
use super::stream::respond;
use crate::chat::StreamEnd;
use crate::host;
use crate::provider::{ChatRequest, DeltaStream, StreamItem};
use crate::sse::{encode_comment, encode_event};

/// Bytes of a body.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// The event that ends a stream.
const DONE: &str = "[DONE]";

/// `GET /v1/models`.
pub(super) async fn models(State(server): State<Arc<Server>>) -> Response {
    let models: Vec<Value> = server
        .model_names()
        .into_iter()
        .map(|(id, provider)| json!({"id": id, "object": "model", "created": 0, "owned_by": provider}))
        .collect();
    Json(json!({"object": "list", "data": models})).into_response()
}

/// `POST /v1/chat/completions`.
pub(super) async fn complete(State(server): State<Arc<Server>>, request: Request) -> Result<Response, Problem> {
    let asked = request::read(&body::json(request, MAX_BODY).await?)?;
    let target = server.target(Some(&asked.model))?;
    let place = server.take_place()?;
    let endpoint = (server.endpoint(&target.provider))().await.map_err(|error| Problem::of(&error))?;
    let endpoint = Arc::new(asked.endpoint(&endpoint)?);
    let id = format!("chatcmpl-{}", host::ids().next_id());
    let completion = Completion::new(id, server.clock.now().unix_ms / 1000, asked.model.clone());
    let Asked { messages, tools, is_streamed, wants_usage, .. } = asked;
    let mut stream = server.client.stream(endpoint, ChatRequest { model: target.model, messages, tools });
    if is_streamed {
        streamed(completion, stream, wants_usage, place).await
    } else {
        whole(completion, &mut stream).await
    }
}

async fn whole(mut completion: Completion, stream: &mut DeltaStream) -> Result<Response, Problem> {
    while let Some(item) = stream.recv().await {
        match item {
            StreamItem::Delta(delta) => completion.push(&delta),
            StreamItem::End(StreamEnd::Failed { error, .. }) => return Err(Problem::of(&error)),
            StreamItem::End(StreamEnd::Complete) => break,
        }
    }
    Ok(Json(completion.whole()).into_response())
}

/// What fails before the model said anything is a response of that status; later it is an event.
async fn streamed(
    mut completion: Completion,
    mut stream: DeltaStream,
    wants_usage: bool,
    place: OwnedSemaphorePermit,
) -> Result<Response, Problem> {
    let mut ended = None;
    while !completion.has_begun() && ended.is_none() {
        match stream.recv().await {
            Some(StreamItem::Delta(delta)) => completion.push(&delta),
            Some(StreamItem::End(StreamEnd::Failed { error, .. })) => return Err(Problem::of(&error)),
            Some(StreamItem::End(StreamEnd::Complete)) | None => ended = Some(StreamEnd::Complete),
        }
    }
    let event = |value: &Value| Ok::<_, Infallible>(Bytes::from(encode_event(None, &value.to_string())));
    Ok(respond(async_stream::stream! {
        let _place = place;
        yield event(&completion.role());
        for chunk in completion.chunks() {
            yield event(&chunk);
        }
        while ended.is_none() {
            match stream.recv().await {
                Some(StreamItem::Delta(delta)) => {
                    completion.push(&delta);
                    let chunks = completion.chunks();
                    if chunks.is_empty() {
                        yield Ok(encode_comment("still here").into());
                    }
                    for chunk in chunks {
                        yield event(&chunk);
                    }
                }
                Some(StreamItem::End(end)) => ended = Some(end),
                None => ended = Some(StreamEnd::Complete),
            }
        }
        match ended {
            Some(StreamEnd::Failed { error, .. }) => yield event(&Problem::of(&error).body()),
            Some(StreamEnd::Complete) | None => {
                for chunk in completion.last_chunks(wants_usage) {
                    yield event(&chunk);
                }
            }
        }
        yield Ok(encode_event(None, DONE).into());
    }))
}
