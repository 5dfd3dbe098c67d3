//! `/watch/CONVERSATION`: a saved chat as it grows, whoever writes it: this server, a full screen, `riffle ask`. It is
//! read from the history, so that what is seen is what is kept, at most a moment after it is. Read-only.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::problem::Problem;
use super::server::Server;
use super::stream::respond;
use crate::chat::{ConversationId, Entry, EntryBody, EntryState, MessageId};
use crate::sse::{encode_comment, encode_event};
use crate::store::HistoryMark;
use crate::strings::serve as words;

/// How often it is looked whether anything was written.
const LOOK: Duration = Duration::from_millis(150);
/// After so long without an event there is a comment.
const SILENCE: Duration = Duration::from_secs(15);

/// `GET /watch/CONVERSATION`.
pub(super) async fn get(
    State(server): State<Arc<Server>>,
    Path(asked): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let prefix = asked.clone();
    let id = server.read(move |reader| reader.find_id(&prefix)).await?;
    let id = id.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, words::no_conversation(&asked)))?;
    let place = server.take_place()?;
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    let mut follower = Follower::after(last);
    Ok(respond(async_stream::stream! {
        let _place = place;
        let (mut mark, mut silent_since) = (None, Instant::now());
        yield Ok(encode_comment("watching").into());
        loop {
            let now = HistoryMark::of(&server.data_dir);
            if mark.as_ref() != Some(&now) {
                mark = Some(now);
                for event in news(&server, &id, &mut follower).await {
                    silent_since = Instant::now();
                    yield Ok(event);
                }
            }
            if silent_since.elapsed() >= SILENCE {
                silent_since = Instant::now();
                yield Ok(encode_comment("still here").into());
            }
            sleep(LOOK).await;
        }
    }))
}

/// What was written since the last time. A history that cannot be read just now is read the next time.
async fn news(server: &Server, id: &ConversationId, follower: &mut Follower) -> Vec<Bytes> {
    let id = id.clone();
    let entries = match server.read(move |reader| reader.saved(&id)).await {
        Ok(Some(chat)) => chat.entries,
        Ok(None) | Err(_) => return Vec::new(),
    };
    entries.iter().filter_map(|entry| follower.news_of(entry)).collect()
}

/// Knows what was told of each message.
struct Follower {
    told: HashMap<MessageId, (usize, EntryState)>,
    /// The message that was told last before the connection was lost, and how much of its text; messages before it were
    /// told whole.
    resumed: Option<(MessageId, usize)>,
}

impl Follower {
    /// Goes on after the event of this id, `MESSAGE-BYTES`; from the start without one.
    fn after(last: Option<&str>) -> Self {
        let read = |last: &str| {
            let (message, bytes) = last.rsplit_once('-')?;
            Some((MessageId(message.to_owned()), bytes.parse().ok()?))
        };
        Self { told: HashMap::new(), resumed: last.and_then(read) }
    }

    /// The events that tell what is new about a message; they are given in the order of writing.
    fn news_of(&mut self, entry: &Entry) -> Option<Bytes> {
        if let Some((last, bytes)) = &self.resumed
            && !self.told.contains_key(&entry.id)
        {
            let is_last = *last == entry.id;
            // What was still being written then may have grown; its text is told from the start again.
            let known = if is_last { *bytes } else { text_of(entry).len() };
            self.told.insert(entry.id.clone(), (known, EntryState::Streaming));
            if is_last {
                self.resumed = None;
            } else {
                self.told.insert(entry.id.clone(), (known, entry.state));
            }
        }
        let text = text_of(entry);
        let known = self.told.get(&entry.id).copied();
        let from = known.map_or(0, |(bytes, _)| bytes).min(text.len());
        if known == Some((text.len(), entry.state)) {
            return None;
        }
        self.told.insert(entry.id.clone(), (text.len(), entry.state));
        let (name, data) = event(entry, from, known.is_none());
        let mut bytes = format!("id: {}-{}\n", entry.id.as_str(), text.len()).into_bytes();
        bytes.extend(encode_event(Some(name), &data.to_string()));
        Some(bytes.into())
    }
}

fn text_of(entry: &Entry) -> &str {
    match &entry.body {
        EntryBody::Question(text) => text,
        EntryBody::Answer { message, .. } => &message.text,
        EntryBody::ToolResult(result) => &result.output,
    }
}

/// `text` is what stands from byte `from` on.
fn event(entry: &Entry, from: usize, is_new: bool) -> (&'static str, Value) {
    let mut data =
        json!({"id": entry.id, "state": entry.state.as_str(), "from": from, "text": &text_of(entry)[from..]});
    if is_new {
        data["parent"] = json!(entry.parent);
        data["time_ms"] = json!(entry.time_ms);
    }
    match &entry.body {
        EntryBody::Question(_) => ("question", data),
        EntryBody::Answer { message, provider, model, error, .. } => {
            data["provider"] = json!(provider);
            data["model"] = json!(model);
            data["tool_calls"] = message
                .tool_calls
                .iter()
                .map(|call| json!({"id": call.id, "name": call.name, "arguments": call.arguments}))
                .collect();
            data["error"] = json!(error.as_ref().map(|error| &error.message));
            ("answer", data)
        }
        EntryBody::ToolResult(result) => {
            data["call_id"] = json!(result.call_id);
            data["name"] = json!(result.name);
            data["status"] = json!(result.status.as_str());
            ("tool", data)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{AssistantMessage, EntryState};

    fn entry(id: &str, state: EntryState, body: EntryBody) -> Entry {
        Entry { id: MessageId(id.to_owned()), parent: None, time_ms: 1, state, body, attachments: Vec::new() }
    }

    fn answer(text: &str, state: EntryState) -> Entry {
        let body = EntryBody::Answer {
            message: AssistantMessage { text: text.to_owned(), ..AssistantMessage::default() },
            provider: "p".to_owned(),
            model: "m".to_owned(),
            finish: None,
            finish_raw: None,
            error: None,
            usage: None,
            ttft_ms: None,
            thought_ms: None,
            elapsed_ms: 0,
        };
        entry("a", state, body)
    }

    fn told(follower: &mut Follower, entries: &[Entry]) -> Vec<(String, String, Value)> {
        let events = entries.iter().filter_map(|entry| follower.news_of(entry));
        events
            .map(|bytes| {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                let field =
                    |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
                let data: Value = serde_json::from_str(&field("data: ")).unwrap();
                (field("id: "), field("event: "), data)
            })
            .collect()
    }

    #[test]
    fn each_message_is_told_once_and_an_answer_as_it_grows() {
        let question = entry("q", EntryState::Complete, EntryBody::Question("Why?".to_owned()));
        let mut follower = Follower::after(None);
        let first = told(&mut follower, &[question.clone(), answer("Be", EntryState::Streaming)]);
        let short = |told: &[(String, String, Value)]| {
            let short = |(id, name, data): &(String, String, Value)| {
                format!("{id} {name} {} {}", data["from"], data["text"].as_str().unwrap_or_default())
            };
            told.iter().map(short).collect::<Vec<_>>()
        };
        assert_eq!(short(&first), ["q-4 question 0 Why?", "a-2 answer 0 Be"]);
        let next = [question.clone(), answer("Because.", EntryState::Complete)];
        assert_eq!(short(&told(&mut follower, &next)), ["a-8 answer 2 cause."]);
        assert!(told(&mut follower, &next).is_empty());
    }

    #[test]
    fn a_lost_connection_goes_on_where_it_was() {
        let question = entry("q", EntryState::Complete, EntryBody::Question("Why?".to_owned()));
        let entries = [question, answer("Because.", EntryState::Complete)];
        let again = |last: &str| told(&mut Follower::after(Some(last)), &entries).len();
        assert_eq!((again("q-4"), again("a-2"), again("nonsense")), (2, 1, 2));
        let mut follower = Follower::after(Some("a-2"));
        assert_eq!(told(&mut follower, &entries)[0].2["text"], "cause.");
    }
}
