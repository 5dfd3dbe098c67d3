//! Does what the turn machine asks for: streams and tools as tasks of their own, whose ends come back as events. A task
//! that is dropped closes its connection or ends its tool at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::{CallId, CallOutcome, Effect, Event, RequestId};
use crate::chat::{ChatError, StreamEnd, ToolSpec, ToolStatus};
use crate::provider::{ChatRequest, Client, Endpoint, StreamItem};
use crate::tools::{Registry, limits};

/// Gives the endpoint of a turn: ready at once, or started or unlocked by the first request.
pub type EndpointSource = Arc<dyn Fn() -> BoxFuture<'static, Result<Arc<Endpoint>, ChatError>> + Send + Sync>;

/// Ends when everything recorded so far is committed, or cannot be.
pub type CommitGate = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Runs streams, waits and tools of turns.
pub struct Performer {
    client: Client,
    registry: Arc<Registry>,
    gate: CommitGate,
    events: mpsc::Sender<Event>,
    requests: HashMap<RequestId, AbortHandle>,
    tools: HashMap<CallId, AbortHandle>,
}

impl Performer {
    /// A performer whose tasks report to `events`, a bounded channel: a full one slows the streams down.
    #[must_use]
    pub fn new(client: Client, registry: Arc<Registry>, gate: CommitGate, events: mpsc::Sender<Event>) -> Self {
        Self { client, registry, gate, events, requests: HashMap::new(), tools: HashMap::new() }
    }

    /// Does one effect. `Record`, `Show` and `Ended` are the host's own; they come back unchanged.
    pub fn perform(
        &mut self,
        effect: Effect,
        endpoint: &EndpointSource,
        model: &str,
        tools: &[ToolSpec],
    ) -> Option<Effect> {
        self.requests.retain(|_, task| !task.is_finished());
        self.tools.retain(|_, task| !task.is_finished());
        match effect {
            Effect::StartStream { request, messages } => {
                let body = ChatRequest { model: model.to_owned(), messages, tools: tools.to_vec() };
                let task =
                    stream(self.client.clone(), endpoint.clone(), body, request, (self.gate)(), self.events.clone());
                self.requests.insert(request, tokio::spawn(task).abort_handle());
            }
            Effect::Wait { request, delay_ms } => {
                let events = self.events.clone();
                let task = tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                    let _ = events.send(Event::RetryDue { request }).await;
                });
                self.requests.insert(request, task.abort_handle());
            }
            Effect::DropStream { request } => {
                if let Some(task) = self.requests.remove(&request) {
                    task.abort();
                }
            }
            Effect::RunTool { call, name, arguments, timeout_ms } => {
                let task = run_tool(
                    self.registry.clone(),
                    call,
                    name,
                    arguments,
                    timeout_ms,
                    (self.gate)(),
                    self.events.clone(),
                );
                self.tools.insert(call, tokio::spawn(task).abort_handle());
            }
            Effect::CancelTool { call } => {
                if let Some(task) = self.tools.remove(&call) {
                    task.abort();
                }
            }
            Effect::Record(_) | Effect::Show(_) | Effect::Ended(_) => return Some(effect),
        }
        None
    }
}

impl Drop for Performer {
    fn drop(&mut self) {
        for task in self.requests.values().chain(self.tools.values()) {
            task.abort();
        }
    }
}

async fn stream(
    client: Client,
    endpoint: EndpointSource,
    body: ChatRequest,
    request: RequestId,
    committed: BoxFuture<'static, ()>,
    events: mpsc::Sender<Event>,
) {
    let endpoint = match endpoint().await {
        Ok(endpoint) => endpoint,
        Err(error) => {
            let end = StreamEnd::Failed { error, is_cut: false };
            let _ = events.send(Event::StreamEnded { request, end }).await;
            return;
        }
    };
    committed.await;
    let mut stream = client.stream(endpoint, body);
    tracing::info!(turn = request.turn.0, request = request.number, "request sent");
    while let Some(item) = stream.recv().await {
        let event = match item {
            StreamItem::Delta(delta) => Event::Delta { request, delta },
            StreamItem::End(end) => {
                log_end(request, &end);
                Event::StreamEnded { request, end }
            }
        };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

fn log_end(request: RequestId, end: &StreamEnd) {
    let (turn, number) = (request.turn.0, request.number);
    match end {
        StreamEnd::Complete => tracing::info!(turn, request = number, "stream complete"),
        StreamEnd::Failed { error, is_cut } => {
            tracing::warn!(
                turn,
                request = number,
                kind = error.kind.as_str(),
                status = error.status,
                is_cut,
                "stream failed"
            );
        }
    }
}

async fn run_tool(
    registry: Arc<Registry>,
    call: CallId,
    name: String,
    arguments: serde_json::Map<String, serde_json::Value>,
    timeout_ms: u64,
    committed: BoxFuture<'static, ()>,
    events: mpsc::Sender<Event>,
) {
    committed.await;
    if events.send(Event::CallStarted { call }).await.is_err() {
        return;
    }
    let outcome = match registry.get(&name) {
        None => CallOutcome { status: ToolStatus::Failed, output: format!("There is no tool called {name}.") },
        Some(tool) => {
            // A task of its own, so that a tool that panics is a failed call and not the end of the turn.
            let mut run = AbortOnDrop(tokio::spawn(tool.run(arguments)));
            match tokio::time::timeout(Duration::from_millis(timeout_ms), &mut run.0).await {
                Ok(Ok(Ok(output))) => CallOutcome { status: ToolStatus::Done, output: limits::cap_output(output) },
                Ok(Ok(Err(why))) => CallOutcome { status: ToolStatus::Failed, output: limits::cap_output(why) },
                Ok(Err(_)) => CallOutcome { status: ToolStatus::Failed, output: "The tool broke down.".to_owned() },
                Err(_) => CallOutcome {
                    status: ToolStatus::Timeout,
                    output: format!("The tool did not answer within {} s.", timeout_ms.div_ceil(1000)),
                },
            }
        }
    };
    tracing::info!(turn = call.turn.0, call = call.number, status = outcome.status.as_str(), "tool ended");
    let _ = events.send(Event::CallFinished { call, outcome }).await;
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
