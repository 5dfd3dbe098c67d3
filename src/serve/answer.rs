//! Writes one answer into its log of events, through the same turn as the full screen. Nobody can be asked here, so that
//! tools run where the policy lets them run without asking.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::sleep;

use super::events::{EventLog, EventReader};
use super::server::{Server, Target};
use crate::agent::{Driven, Effect, Event, Performer, Progress, TurnEnd, TurnId, TurnSetup};
use crate::chat::{Conversation, ConversationId};
use crate::host;
use crate::store::Writer;

/// Events of the turn that may wait.
const WAITING: usize = 64;

/// How long an answer that is over can be read again.
const KEPT_FOR: Duration = Duration::from_secs(30);
/// The event that ends every stream.
const DONE: &str = "[DONE]";

/// What is asked.
pub(super) struct Question {
    /// The text.
    pub text: String,
    /// Whom.
    pub target: Target,
    /// The saved chat it belongs to, and where that is kept; `None` for a question that is not saved.
    pub chat: Option<(Conversation, Writer)>,
    /// Each piece of text as JSON.
    pub is_json: bool,
}

/// Asks; the answer is written from here on, and stopped when nobody reads it any more.
pub(super) fn ask(server: &Arc<Server>, question: Question, place: OwnedSemaphorePermit) -> EventReader {
    let name = host::ids().next_id();
    let (log, reader) = EventLog::begin(&name);
    server.answers.begin(&name, &log);
    let server = server.clone();
    tokio::spawn(async move {
        write(&server, question, &log).await;
        log.push(None, DONE);
        log.end();
        server.answers.end(&name);
        drop(place);
        sleep(KEPT_FOR).await;
        server.answers.forget(&name);
    });
    reader
}

async fn write(server: &Server, question: Question, log: &EventLog) {
    let Question { text, target, chat, is_json } = question;
    let (chat, writer) = match chat {
        Some((chat, writer)) => (chat, Some(writer)),
        None => (Conversation::new(ConversationId(host::ids().next_id())), None),
    };
    let kept = writer.is_some().then_some(&chat.id);
    log.push(
        Some("start"),
        &json!({"conversation": kept, "provider": target.provider.name, "model": target.model}).to_string(),
    );
    let offered = server.tools.for_provider(&target.provider.name);
    let specs = offered.iter().map(|tool| tool.spec.clone()).collect();
    let setup = TurnSetup {
        id: TurnId(server.next_turn()),
        conversation: chat.id.clone(),
        provider: target.provider.name.clone(),
        model: target.model.clone(),
        tools: offered,
        max_rounds: server.settings.max_rounds,
        retries: server.settings.retries,
        call_timeout_ms: server.settings.tool_timeout_ms,
        can_ask: false,
        ids: host::ids(),
    };
    let started = setup.ask(&chat, &server.settings.system, text.into(), server.clock.now());
    let (events, mut inbox) = mpsc::channel(WAITING);
    let gate = host::commit_gate(writer.clone());
    let performer = Performer::new(server.client.clone(), server.tools.registry.clone(), gate, events);
    let mut driven = Driven::new(started, performer, server.endpoint(&target.provider), target.model, specs);
    let mut abandoned = std::pin::pin!(log.abandoned());
    let mut is_stopping = false;
    loop {
        while let Some(effect) = driven.next_effect() {
            match effect {
                Effect::Record(record) => {
                    if let Some(writer) = &writer {
                        writer.append(record);
                    }
                }
                Effect::Show(progress) => {
                    let (name, data) = event(&progress, is_json);
                    log.push(name, &data);
                }
                Effect::Ended(end) => return log.push(Some("finish"), &finish(&end).to_string()),
                // These are the performer's.
                Effect::StartStream { .. }
                | Effect::DropStream { .. }
                | Effect::Wait { .. }
                | Effect::RunTool { .. }
                | Effect::CancelTool { .. } => {}
            }
        }
        // The turn goes on as fast as its slowest client reads.
        let next = async {
            log.room().await;
            inbox.recv().await
        };
        let happened = tokio::select! {
            biased;
            () = &mut abandoned, if !is_stopping => {
                is_stopping = true;
                Event::TurnStopped
            }
            event = next => event.unwrap_or(Event::TurnStopped),
        };
        driven.handle(happened, server.clock.now(), host::jitter());
    }
}

/// The event of a step: unnamed for text, which is all that the simplest client reads.
fn event(progress: &Progress, is_json: bool) -> (Option<&'static str>, String) {
    let (name, data) = match progress {
        Progress::Text(text) if is_json => return (None, json!({"text": text}).to_string()),
        Progress::Text(text) => return (None, text.clone()),
        Progress::Reasoning(text) => ("reasoning", json!({"text": text})),
        Progress::ToolCall { id, name, arguments, round } => {
            ("tool", json!({"id": id, "name": name, "status": "running", "arguments": arguments, "round": round}))
        }
        Progress::ToolResult(result) => (
            "tool",
            json!({"id": result.call_id, "name": result.name, "status": result.status.as_str(),
                   "output": result.output, "elapsed_ms": result.elapsed_ms}),
        ),
        Progress::Retry { attempt, delay_ms, error } => {
            ("retry", json!({"attempt": attempt, "delay_ms": delay_ms, "reason": error.message}))
        }
        Progress::Error(error) => (
            "error",
            json!({"kind": error.kind.as_str(), "message": error.message, "status": error.status,
                   "retryable": error.retryable}),
        ),
    };
    (Some(name), data.to_string())
}

fn finish(end: &TurnEnd) -> Value {
    let usage = end.usage.as_ref().map(|usage| json!({"input": usage.input, "output": usage.output}));
    json!({"finish": end.finish.as_str(), "usage": usage, "rounds": end.rounds, "ttft_ms": end.ttft_ms,
           "elapsed_ms": end.elapsed_ms})
}
