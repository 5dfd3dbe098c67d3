//! The demo: an OpenAI-compatible server inside the process, on a loopback port, reached like any other endpoint. It is
//! scripted but honest: it sees only the HTTP body, calls the tools it is offered, and writes from their results.

mod advice;
mod answer;
mod brain;
mod question;

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::{Api, Endpoint};
use brain::{Call, Reply};

/// The model's name.
pub const MODEL: &str = "outdoor-demo";
/// Characters of one streamed piece of a call's arguments.
const ARGUMENT_PIECE: usize = 5;

/// A running demo; dropping it ends the server.
#[derive(Debug)]
pub struct DemoServer {
    port: u16,
    task: AbortHandle,
}

impl DemoServer {
    /// The beginning of its address.
    pub const MACHINE: &str = "http://127.0.0.1";

    /// Starts it on a free loopback port, streaming so many tokens a second; 0 is at once.
    pub async fn start(tokens_per_second: u32) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let pause = match tokens_per_second {
            0 => Duration::ZERO,
            rate => Duration::from_secs(1) / rate,
        };
        let router = Router::new()
            .route("/v1/chat/completions", post(complete))
            .route("/v1/models", get(models))
            .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(pause);
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, task: task.abort_handle() })
    }

    /// The address for an `OpenAI` client.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}:{}/v1", Self::MACHINE, self.port)
    }

    /// The demo as an endpoint; its model is [`MODEL`].
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(Api::OpenAiChat, self.base_url())
    }
}

impl Drop for DemoServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn models() -> Response {
    let list = json!({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "riffle"}]});
    axum::Json(list).into_response()
}

async fn complete(State(pause): State<Duration>, body: Bytes) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return refuse("The body is not JSON.");
    };
    if body["messages"].as_array().is_none_or(Vec::is_empty) {
        return refuse("`messages` is missing or empty.");
    }
    let reply = brain::reply(&body);
    let usage = usage(&body, &reply);
    if body["stream"].as_bool() != Some(true) {
        return axum::Json(whole(&reply, &usage)).into_response();
    }
    let wants_usage = body["stream_options"]["include_usage"].as_bool() == Some(true);
    let events = chunks(&reply, wants_usage.then_some(usage));
    let stream = async_stream::stream! {
        for (event, is_token) in events {
            if is_token && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            yield Ok::<_, Infallible>(Bytes::from(event));
        }
    };
    ([(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")], Body::from_stream(stream))
        .into_response()
}

fn refuse(message: &str) -> Response {
    let body = json!({"error": {"message": message, "type": "invalid_request_error", "code": null}});
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

fn usage(body: &Value, reply: &Reply) -> Value {
    let read = body["messages"].to_string().len() / 4 + body["tools"].to_string().len() / 4;
    let calls: usize = reply.calls.iter().map(|call| call.arguments.to_string().len() / 4 + 4).sum();
    let written = tokens(&reply.text).len() + calls;
    json!({"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written})
}

fn finish(reply: &Reply) -> &'static str {
    if reply.calls.is_empty() { "stop" } else { "tool_calls" }
}

fn call_id(at: usize, call: &Call) -> String {
    // Stable within a request and different from one request to the next.
    format!("call_{}_{at}", call.serial)
}

fn whole(reply: &Reply, usage: &Value) -> Value {
    let calls: Vec<Value> = reply
        .calls
        .iter()
        .enumerate()
        .map(|(at, call)| {
            json!({"id": call_id(at, call), "type": "function",
                   "function": {"name": call.name, "arguments": call.arguments.to_string()}})
        })
        .collect();
    let mut message = json!({"role": "assistant", "content": reply.text});
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    json!({"id": "demo", "object": "chat.completion", "model": MODEL, "usage": usage,
           "choices": [{"index": 0, "message": message, "finish_reason": finish(reply)}]})
}

/// The events of a streamed answer, and which of them is a token that takes its time.
fn chunks(reply: &Reply, usage: Option<Value>) -> Vec<(String, bool)> {
    let chunk = |delta: Value, finish: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        event(&json!({"id": "demo", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice]}))
    };
    let mut events = vec![(chunk(json!({"role": "assistant", "content": ""}), None), false)];
    for token in tokens(&reply.text) {
        events.push((chunk(json!({"content": token}), None), true));
    }
    for (index, call) in reply.calls.iter().enumerate() {
        let head = json!({"index": index, "id": call_id(index, call), "type": "function",
                          "function": {"name": call.name, "arguments": ""}});
        events.push((chunk(json!({"tool_calls": [head]}), None), true));
        let text: Vec<char> = call.arguments.to_string().chars().collect();
        for piece in text.chunks(ARGUMENT_PIECE) {
            let piece: String = piece.iter().collect();
            let fragment = json!({"index": index, "function": {"arguments": piece}});
            events.push((chunk(json!({"tool_calls": [fragment]}), None), true));
        }
    }
    events.push((chunk(json!({}), Some(finish(reply))), false));
    if let Some(usage) = usage {
        let last =
            json!({"id": "demo", "object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": usage});
        events.push((event(&last), false));
    }
    events.push(("data: [DONE]\n\n".to_owned(), false));
    events
}

fn event(value: &Value) -> String {
    format!("data: {value}\n\n")
}

/// Pieces of about a token: a word with the blank before it, long ones in two.
fn tokens(text: &str) -> Vec<&str> {
    const LONG: usize = 8;
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut count = 0;
    for (at, c) in text.char_indices() {
        let is_break = c.is_whitespace() && at > start && !text[start..at].trim().is_empty();
        if is_break || count >= LONG {
            pieces.push(&text[start..at]);
            start = at;
            count = 0;
        }
        count += 1;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests;
