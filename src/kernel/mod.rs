//! The library's front door: a model with its tools, that a conversation is held with. A [`Kernel`] is what stays the same
//! from question to question (what Semantic Kernel calls a kernel with its services and plugins), a
//! [`Conversation`] is the chat history, and [`Kernel::ask`] streams an answer into it. The tool loop
//! is the same turn machine that the screen and `riffle ask` run.
//!
//! | Semantic Kernel | here |
//! | --- | --- |
//! | `Kernel`, `add_service` | [`Kernel::new`] with an [`Endpoint`] and a model |
//! | `add_plugin`, `@kernel_function` | [`Kernel::tools`], [`Kernel::tool`] with a [`FunctionTool`](crate::FunctionTool) |
//! | `ChatHistory` | [`Conversation`]; [`Kernel::resumed`] makes one of messages |
//! | `get_streaming_chat_message_content` | [`Kernel::ask`] |
//! | `get_chat_message_content` | [`AnswerStream::answer`] |
//! | `FunctionChoiceBehavior.Auto` | [`Decision::Allow`]; with `auto_invoke=False`, [`Kernel::stream`] |

mod answer_stream;
mod event;

use std::fmt;
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;

pub use answer_stream::AnswerStream;
pub use event::Event;

use crate::agent::{Clock, Driven, NewQuestion, OfferedTool, Performer, TurnId, TurnSetup, ids};
use crate::chat::{Conversation, ConversationId, Entry, EntryBody, EntryState, Message, MessageId, title_of};
use crate::config::defaults::{MAX_ROUNDS, RETRIES, TOOL_TIMEOUT_S};
use crate::provider::{ChatRequest, Client, DeltaStream, Endpoint};
use crate::tools::policy::Decision;
use crate::tools::{Registry, Tool};

/// What may wait for a slow reader before the server has to.
const WAITING_EVENTS: usize = 64;

/// A model at an endpoint, with instructions and tools. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Kernel {
    client: Client,
    endpoint: Arc<Endpoint>,
    model: String,
    system: String,
    registry: Arc<Registry>,
    offered: Vec<OfferedTool>,
    max_rounds: u32,
    retries: u32,
    call_timeout_ms: u64,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tools: Vec<&str> = self.offered.iter().map(|tool| tool.spec.name.as_str()).collect();
        f.debug_struct("Kernel")
            .field("endpoint", &self.endpoint)
            .field("model", &self.model)
            .field("tools", &tools)
            .finish_non_exhaustive()
    }
}

impl Kernel {
    /// This model at this endpoint, without instructions and tools.
    #[must_use]
    pub fn new(endpoint: Endpoint, model: impl Into<String>) -> Self {
        Self {
            client: Client::new(),
            endpoint: Arc::new(endpoint),
            model: model.into(),
            system: String::new(),
            registry: Arc::default(),
            offered: Vec::new(),
            max_rounds: MAX_ROUNDS,
            retries: RETRIES,
            call_timeout_ms: u64::from(TOOL_TIMEOUT_S) * 1000,
        }
    }

    /// With instructions that stand before every conversation.
    #[must_use]
    pub fn system(self, instructions: impl Into<String>) -> Self {
        Self { system: instructions.into(), ..self }
    }

    /// With a tool, and whether it runs when a model calls it. Nobody is asked here, so that [`Decision::Ask`] refuses like
    /// [`Decision::Deny`] and the model is told so. A tool of the same name gives way.
    #[must_use]
    pub fn tool(mut self, decision: Decision, tool: impl Tool + 'static) -> Self {
        let spec = tool.spec();
        self.offered.retain(|other| other.spec.name != spec.name);
        self.offered.push(OfferedTool { spec, decision });
        Arc::make_mut(&mut self.registry).add(Arc::new(tool));
        self
    }

    /// With several tools, of which the same is decided.
    #[must_use]
    pub fn tools(self, decision: Decision, tools: impl IntoIterator<Item = impl Tool + 'static>) -> Self {
        tools.into_iter().fold(self, |kernel, tool| kernel.tool(decision, tool))
    }

    /// With at most so many model requests for one question, 25 otherwise; calls that are open then are not run.
    #[must_use]
    pub fn max_rounds(self, max_rounds: u32) -> Self {
        Self { max_rounds, ..self }
    }

    /// With so many repetitions of a request that failed before anything came and may succeed again, 3 otherwise.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    /// With this time for each run of a tool, a minute otherwise.
    #[must_use]
    pub fn tool_timeout(self, timeout: Duration) -> Self {
        Self { call_timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX), ..self }
    }

    /// With this client, whose connections it shares.
    #[must_use]
    pub fn client(self, client: Client) -> Self {
        Self { client, ..self }
    }

    /// A conversation in which nothing was said.
    #[must_use]
    pub fn conversation(&self) -> Conversation {
        Conversation::new(ConversationId(ids().next_id()))
    }

    /// A conversation that goes on from these messages, as a program kept them by itself: [`Message`] can be serialised (but
    /// for images), and
    /// [`Conversation::request_messages`] gives them. Instructions among them are left out, since the kernel has its own.
    #[must_use]
    pub fn resumed(&self, messages: impl IntoIterator<Item = Message>) -> Conversation {
        let mut conversation = self.conversation();
        let (mut ids, time_ms) = (ids(), Clock::start().now().unix_ms);
        for message in messages {
            let (body, attachments) = match message {
                Message::System { .. } => continue,
                Message::User { text, attachments } => (EntryBody::Question(text), attachments),
                Message::Assistant(answer) => {
                    (EntryBody::answer(answer, self.endpoint.name.clone(), self.model.clone()), Vec::new())
                }
                Message::Tool(result) => (EntryBody::ToolResult(result), Vec::new()),
            };
            if let EntryBody::Question(text) = &body
                && conversation.title.is_empty()
            {
                conversation.title = title_of(text);
            }
            let parent = conversation.entries.last().map(|entry| entry.id.clone());
            let (id, state) = (MessageId(ids.next_id()), EntryState::Complete);
            conversation.push(Entry { id, parent, time_ms, state, body, attachments });
        }
        conversation
    }

    /// Asks, and returns before the first byte: tools run as the model calls them and their results go back to it, until
    /// it answers. A failure is the end of the stream like any other, see [`TurnEnd::error`](crate::TurnEnd::error). The conversation grows by the question and by all that is answered while the stream is read; it can be
    /// lent (`&mut conversation`), given away (`Box`) or locked (a guard of a mutex). Must be called inside a tokio
    /// runtime.
    pub fn ask<C>(&self, conversation: C, question: impl Into<NewQuestion>) -> AnswerStream<C>
    where
        C: DerefMut<Target = Conversation> + Unpin,
    {
        let setup = TurnSetup {
            id: TurnId(1),
            conversation: conversation.id.clone(),
            provider: self.endpoint.name.clone(),
            model: self.model.clone(),
            tools: self.offered.clone(),
            max_rounds: self.max_rounds,
            retries: self.retries,
            call_timeout_ms: self.call_timeout_ms,
            can_ask: false,
            ids: ids(),
        };
        let clock = Clock::start();
        let started = setup.ask(&conversation, &self.system, question.into(), clock.now());
        let (sender, events) = mpsc::channel(WAITING_EVENTS);
        let nothing_to_commit = Arc::new(|| std::future::ready(()).boxed());
        let performer = Performer::new(self.client.clone(), self.registry.clone(), nothing_to_commit, sender);
        let endpoint = self.endpoint.clone();
        let source = Arc::new(move || std::future::ready(Ok(endpoint.clone())).boxed());
        let tools = self.offered.iter().map(|tool| tool.spec.clone()).collect();
        AnswerStream::start(
            Driven::new(started, performer, source, self.model.clone(), tools),
            events,
            clock,
            conversation,
        )
    }

    /// One model request with these messages after the instructions, as the deltas that come in: no tool is run and nothing
    /// repeated. It is sent once the stream is waited for, inside a tokio runtime; dropping the stream closes the connection
    /// at once. [`Conversation::request_messages`] gives the messages of a conversation.
    #[must_use]
    pub fn stream(&self, messages: impl IntoIterator<Item = Message>) -> DeltaStream {
        let system = (!self.system.is_empty()).then(|| Message::System { text: self.system.clone() });
        let request = ChatRequest {
            model: self.model.clone(),
            messages: system.into_iter().chain(messages).collect(),
            tools: self.offered.iter().map(|tool| tool.spec.clone()).collect(),
        };
        self.client.stream(self.endpoint.clone(), request)
    }
}
