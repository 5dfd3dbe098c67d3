//! One small question to a model, through the client and the accumulator of every chat: what the server can do, and what
//! it does differently from what it should.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::finding::Probe;
use crate::chat::{Accumulator, ChatError, Delta, ErrorKind, Finish, Message, StreamEnd, ToolSpec, Usage};
use crate::host;
use crate::provider::{ChatRequest, Client, Endpoint, StreamItem};
use crate::strings::doctor::provider as words;

/// How long the whole answer may take: a model on this machine may have to be loaded first.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long it may be silent once it has begun.
const SILENCE: Duration = Duration::from_secs(20);
/// What comes within this time came at once.
const AT_ONCE: Duration = Duration::from_millis(2);

/// What the model is asked: a capable one calls the first tool twice in one answer.
const QUESTION: &str =
    "What time is it in Oslo and in Tokyo right now? Call get_time once for each city, both calls in one answer.";

/// Asks; never an error, for how it failed is part of what is found.
pub(super) async fn ask(client: &Client, endpoint: &Arc<Endpoint>, model: &str) -> Probe {
    let mut probe = Probe { provider: endpoint.name.clone(), model: model.to_owned(), ..Probe::default() };
    let request = ChatRequest { model: model.to_owned(), messages: vec![Message::user(QUESTION)], tools: tools() };
    let mut answer = Accumulator::default();
    let start = Instant::now();
    let (mut first, mut last) = (None, None);
    let mut stream = client.stream(endpoint.clone(), request);
    let read = async {
        loop {
            let wait = if first.is_some() { SILENCE } else { PATIENCE };
            let Ok(item) = tokio::time::timeout(wait, stream.recv()).await else {
                let error = ChatError::new(ErrorKind::Network, words::answer_fell_silent(wait.as_secs()));
                return StreamEnd::Failed { error, is_cut: true };
            };
            let Some(item) = item else { return StreamEnd::Complete };
            match item {
                StreamItem::Delta(delta) => {
                    if matches!(delta, Delta::Text(_) | Delta::Reasoning(_) | Delta::ToolCall(_)) {
                        first.get_or_insert_with(|| start.elapsed());
                        last = Some(start.elapsed());
                    }
                    answer.push(&delta);
                    if let Some(error) = answer.limit_exceeded(0) {
                        return StreamEnd::Failed { error, is_cut: false };
                    }
                }
                StreamItem::End(end) => return end,
            }
        }
    };
    let end = tokio::time::timeout(PATIENCE, read).await;
    probe.ttft_ms = first.map(|first| first.as_millis() as u64);
    probe.streams = first.zip(last).is_some_and(|(first, last)| last.saturating_sub(first) > AT_ONCE);
    probe.tolerated = stream.tolerances().iter().map(|tolerance| tolerance.as_str()).collect();
    probe.error = match &end {
        Ok(StreamEnd::Complete) => None,
        Ok(StreamEnd::Failed { error, .. }) => Some(error.message.clone()),
        Err(_) => Some(words::answer_is_slow(PATIENCE.as_secs())),
    };
    let mut ids = host::ids();
    let is_late = end.is_err();
    let answer = answer.finish(&end.unwrap_or(StreamEnd::Complete), &mut || ids.next_id());
    probe.finish = if is_late { Finish::Cancelled } else { answer.finish }.as_str();
    probe.tool_calls = answer.message.tool_calls.len();
    probe.parallel = probe.tool_calls > 1;
    probe.reasoning = !answer.message.reasoning.is_empty();
    probe.usage = answer.usage.map(|usage| Usage { details: None, ..usage });
    probe
}

/// Tools that only read, and that nobody runs: what is looked for is the call.
fn tools() -> Vec<ToolSpec> {
    let of_a_city = |name: &str, description: &str| ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city's name"}},
            "required": ["city"],
        }),
    };
    vec![
        of_a_city("get_time", "The local time in one city"),
        of_a_city("get_weather", "The weather in one city at this moment"),
    ]
}
