//! The turn machine. It knows no clock, no network and no screen: events go in, effects come out. Its one promise to the
//! history and to every vendor is that each recorded call gets exactly one result, whatever happens.

use serde_json::{Map, Value};

use super::checks::{Verdict, verdict};
use super::effect::{Effect, Progress, TurnEnd};
use super::event::{CallId, CallOutcome, Event, Moment, RequestId, TurnId};
use super::setup::{CutAnswer, NewQuestion, Opening, TurnSetup};
use super::tracker::{CallState, TrackedCall, Tracker};
use crate::chat::{
    Accumulator, Answer, AssistantMessage, ChatError, ConversationId, Delta, EntryState, ErrorKind, Finish, Message,
    MessageId, Opaque, Record, StreamEnd, ToolCall, ToolResult, ToolSpec, ToolStatus, Usage, paired_for_request,
};
use crate::provider::retry::retry_delay_ms;
use crate::tools::policy::Decision;

/// What a model is told after its own words, so that it goes on with them.
const GO_ON: &str = "Your answer was cut off. Go on exactly where it ended, in the middle of a word if need be. \
                     Repeat nothing and say nothing about the break.";

/// What the turn is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// The request is out and nothing has come yet.
    Asking,
    /// The answer is coming in.
    Streaming,
    /// Before a repeated attempt.
    WaitingToRetry {
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// When, on [`Moment::mono_ms`].
        due_ms: u64,
        /// Why the last one failed.
        error: ChatError,
    },
    /// Calls are open.
    Tools,
    /// It is over.
    Ended,
}

/// How long an answer reasons: from its first piece of reasoning to the next of anything else, perhaps more than once.
#[derive(Clone, Copy, Debug, Default)]
struct Thinking {
    since_ms: Option<u64>,
    so_far_ms: Option<u64>,
}

impl Thinking {
    fn go_on(&mut self, now: Moment) {
        self.since_ms.get_or_insert(now.mono_ms);
    }

    fn pause(&mut self, now: Moment) {
        if let Some(since) = self.since_ms.take() {
            *self.so_far_ms.get_or_insert(0) += now.mono_ms.saturating_sub(since);
        }
    }
}

/// One turn.
pub struct Turn {
    setup: TurnSetup,
    messages: Vec<Message>,
    parent: Option<MessageId>,
    answer_id: MessageId,
    phase: Phase,
    tracker: Tracker,
    accumulator: Accumulator,
    /// The answer that goes on in this round, as it was cut.
    begun: Option<(AssistantMessage, CutAnswer)>,
    /// Calls received in rounds before the current one.
    earlier_calls: usize,
    request_number: u32,
    round: u32,
    attempt: u32,
    started: Moment,
    request_started_ms: u64,
    last_bytes_ms: u64,
    has_begun: bool,
    request_ttft_ms: Option<u64>,
    thinking: Thinking,
    ttft_ms: Option<u64>,
    usage: Option<Usage>,
    served_model: Option<String>,
    last: AssistantMessage,
    finish_raw: Option<String>,
}

impl Turn {
    /// Starts a turn. `messages` is the conversation so far, for the request; `parent` is the message the turn follows.
    pub fn start(
        mut setup: TurnSetup,
        messages: Vec<Message>,
        parent: Option<MessageId>,
        opening: Opening,
        now: Moment,
    ) -> (Self, Vec<Effect>) {
        let answer_id = MessageId(setup.ids.next_id());
        let mut turn = Self {
            setup,
            messages,
            parent,
            answer_id,
            phase: Phase::Asking,
            tracker: Tracker::default(),
            accumulator: Accumulator::default(),
            begun: None,
            earlier_calls: 0,
            request_number: 0,
            round: 0,
            attempt: 0,
            started: now,
            request_started_ms: now.mono_ms,
            last_bytes_ms: now.mono_ms,
            has_begun: false,
            request_ttft_ms: None,
            thinking: Thinking::default(),
            ttft_ms: None,
            usage: None,
            served_model: None,
            last: AssistantMessage::default(),
            finish_raw: None,
        };
        let mut effects = Vec::new();
        match opening {
            Opening::Question(question) => turn.record_question(question, now, &mut effects),
            Opening::AsItStands => {}
            Opening::GoOn(cut) => {
                if let Some(Message::Assistant(answer)) =
                    turn.messages.pop_if(|message| matches!(message, Message::Assistant(_)))
                {
                    turn.resume(answer, cut, now, &mut effects);
                    return (turn, effects);
                }
            }
        }
        turn.ask_model(now, &mut effects);
        (turn, effects)
    }

    fn record_question(&mut self, question: NewQuestion, now: Moment, effects: &mut Vec<Effect>) {
        let message = MessageId(self.setup.ids.next_id());
        effects.push(Effect::Record(Record::Question {
            conversation: self.setup.conversation.clone(),
            message: message.clone(),
            parent: self.parent.clone(),
            time_ms: now.unix_ms,
            text: question.text.clone(),
            attachments: question.attachments.clone(),
            new_chat: question.new_chat,
        }));
        self.messages.push(Message::User { text: question.text, attachments: question.attachments });
        self.parent = Some(message);
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> TurnId {
        self.setup.id
    }

    /// The chat it belongs to.
    #[must_use]
    pub fn conversation(&self) -> &ConversationId {
        &self.setup.conversation
    }

    /// The provider it asks.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.setup.provider
    }

    /// The model it asks.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.setup.model
    }

    /// The tools it offers, as the model is told.
    #[must_use]
    pub fn offered_specs(&self) -> Vec<ToolSpec> {
        self.setup.tools.iter().map(|tool| tool.spec.clone()).collect()
    }

    /// Whether reasoning is what came last.
    #[must_use]
    pub fn is_reasoning(&self) -> bool {
        self.accumulator.text().is_empty() && !self.accumulator.reasoning().is_empty()
    }

    /// How long the running request reasoned before it went on with something else, in ms.
    #[must_use]
    pub fn thought_ms(&self) -> Option<u64> {
        self.thinking.so_far_ms
    }

    /// What it is doing.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Its calls.
    #[must_use]
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }

    /// The answer that is being written, or was written last.
    #[must_use]
    pub fn answer(&self) -> &MessageId {
        &self.answer_id
    }

    /// The calls of that answer.
    #[must_use]
    pub fn calls_of_answer(&self) -> &[TrackedCall] {
        let first = self.tracker.calls.partition_point(|call| call.round < self.round);
        &self.tracker.calls[first..]
    }

    /// When it began.
    #[must_use]
    pub fn started(&self) -> Moment {
        self.started
    }

    /// When the current request began, on [`Moment::mono_ms`].
    #[must_use]
    pub fn request_started_ms(&self) -> u64 {
        self.request_started_ms
    }

    /// When anything last came from the server, on [`Moment::mono_ms`].
    #[must_use]
    pub fn last_bytes_ms(&self) -> u64 {
        self.last_bytes_ms
    }

    /// Whether anything came for the current request.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The last message recorded, which the next question follows.
    #[must_use]
    pub fn last_message(&self) -> Option<&MessageId> {
        self.parent.as_ref()
    }

    /// The attempts that may follow a failed one.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.setup.retries
    }

    /// The request whose wait a person may cut short.
    #[must_use]
    pub fn waiting_request(&self) -> Option<RequestId> {
        matches!(self.phase, Phase::WaitingToRetry { .. }).then(|| self.request_id())
    }

    /// Takes one fact. `jitter` is a random number from 0 to 1 for the wait before a repeated attempt.
    pub fn handle(&mut self, event: Event, now: Moment, jitter: f64) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.phase == Phase::Ended || !self.is_current(&event) {
            return effects;
        }
        match event {
            Event::Delta { delta, .. } => self.on_delta(delta, now, &mut effects),
            Event::StreamEnded { end, .. } => self.on_stream_end(end, now, jitter, &mut effects),
            Event::RetryDue { .. } => self.send_request(now, &mut effects),
            Event::CallStarted { call } => {
                if let Some(call) = self.tracker.get_mut(call).filter(|call| call.state == CallState::Ready) {
                    call.state = CallState::Running { since_ms: now.mono_ms };
                }
            }
            Event::CallFinished { call, outcome } => self.end_call(call, outcome, now, &mut effects),
            Event::CallApproved { call } => self.approve(call, &mut effects),
            Event::ToolApproved { call } => self.approve_tool(call, &mut effects),
            Event::CallRefused { call } => {
                if self.is_waiting(call) {
                    let output = "The person did not allow this call.".to_owned();
                    self.end_call(call, CallOutcome { status: ToolStatus::Denied, output }, now, &mut effects);
                }
            }
            Event::CallStopped { call } => self.stop_call(call, now, &mut effects),
            Event::TurnStopped => self.stop(now, &mut effects),
        }
        effects
    }

    /// The one place where late events fall out: those of another turn, of an earlier request or of an ended call.
    fn is_current(&self, event: &Event) -> bool {
        match event {
            Event::Delta { request, .. } | Event::StreamEnded { request, .. } => {
                *request == self.request_id() && matches!(self.phase, Phase::Asking | Phase::Streaming)
            }
            Event::RetryDue { request } => {
                *request == self.request_id() && matches!(self.phase, Phase::WaitingToRetry { .. })
            }
            Event::CallStarted { call }
            | Event::CallFinished { call, .. }
            | Event::CallApproved { call }
            | Event::ToolApproved { call }
            | Event::CallRefused { call }
            | Event::CallStopped { call } => {
                self.tracker.get(*call).is_some_and(|call| !call.is_ended() && call.state != CallState::Receiving)
            }
            Event::TurnStopped => true,
        }
    }

    fn request_id(&self) -> RequestId {
        RequestId { turn: self.setup.id, number: self.request_number }
    }

    /// Opens the next round: a new answer is recorded and asked for.
    fn ask_model(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.round += 1;
        self.attempt = 0;
        self.answer_id = MessageId(self.setup.ids.next_id());
        self.earlier_calls = self.tracker.calls.len();
        effects.push(Effect::Record(Record::AnswerBegan {
            conversation: self.setup.conversation.clone(),
            message: self.answer_id.clone(),
            parent: self.parent.clone(),
            time_ms: now.unix_ms,
            provider: self.setup.provider.clone(),
            model: self.setup.model.clone(),
        }));
        self.parent = Some(self.answer_id.clone());
        self.send_request(now, effects);
    }

    /// Opens the first round with an answer that is there already.
    fn resume(&mut self, answer: AssistantMessage, cut: CutAnswer, now: Moment, effects: &mut Vec<Effect>) {
        self.round += 1;
        self.answer_id = cut.message.clone();
        self.parent = Some(cut.message.clone());
        effects.push(Effect::Record(Record::AnswerResumed {
            message: cut.message.clone(),
            text_bytes: answer.text.len() as u64,
            provider: self.setup.provider.clone(),
            model: self.setup.model.clone(),
        }));
        self.begun = Some((answer, cut));
        self.send_request(now, effects);
    }

    fn send_request(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.request_number += 1;
        self.accumulator = Accumulator::default();
        self.request_started_ms = now.mono_ms;
        self.last_bytes_ms = now.mono_ms;
        self.has_begun = false;
        self.request_ttft_ms = None;
        self.thinking = Thinking::default();
        self.served_model = None;
        self.phase = Phase::Asking;
        let begun =
            self.begun.iter().flat_map(|(answer, _)| [Message::Assistant(answer.clone()), Message::user(GO_ON)]);
        effects.push(Effect::StartStream {
            request: self.request_id(),
            messages: paired_for_request(self.messages.iter().cloned().chain(begun)),
        });
    }

    fn on_delta(&mut self, delta: Delta, now: Moment, effects: &mut Vec<Effect>) {
        self.last_bytes_ms = now.mono_ms;
        self.has_begun = true;
        let is_visible = match &delta {
            Delta::Text(text) | Delta::Reasoning(text) => !text.is_empty(),
            Delta::ToolCall(_) => true,
            Delta::Usage(_) | Delta::Model(_) | Delta::Opaque(_) | Delta::Finish { .. } | Delta::Alive => false,
        };
        if is_visible {
            self.phase = Phase::Streaming;
            self.request_ttft_ms.get_or_insert(now.mono_ms.saturating_sub(self.request_started_ms));
            self.ttft_ms.get_or_insert(now.mono_ms.saturating_sub(self.started.mono_ms));
        }
        match &delta {
            Delta::Reasoning(text) if !text.is_empty() => self.thinking.go_on(now),
            _ if is_visible => self.thinking.pause(now),
            _ => {}
        }
        self.accumulator.push(&delta);
        let message = self.answer_id.clone();
        match delta {
            Delta::Text(text) if !text.is_empty() => {
                effects.push(Effect::Record(Record::AnswerText { message, text: text.clone() }));
                effects.push(Effect::Show(Progress::Text(text)));
            }
            Delta::Reasoning(text) if !text.is_empty() => {
                effects.push(Effect::Record(Record::AnswerReasoning { message, text: text.clone() }));
                effects.push(Effect::Show(Progress::Reasoning(text)));
            }
            Delta::ToolCall(_) => self.track_partial_calls(),
            Delta::Model(model) => self.served_model = Some(model),
            Delta::Text(_)
            | Delta::Reasoning(_)
            | Delta::Usage(_)
            | Delta::Opaque(_)
            | Delta::Finish { .. }
            | Delta::Alive => {}
        }
        if let Some(error) = self.accumulator.limit_exceeded(self.earlier_calls) {
            effects.push(Effect::DropStream { request: self.request_id() });
            self.finish_request(StreamEnd::Failed { error, is_cut: false }, now, effects);
        }
    }

    /// Brings the tracker up to what has arrived, so that arguments are seen while they stream in.
    fn track_partial_calls(&mut self) {
        for (at, partial) in self.accumulator.calls().iter().enumerate() {
            let index = self.earlier_calls + at;
            if index == self.tracker.calls.len() {
                self.tracker.calls.push(TrackedCall {
                    id: CallId { turn: self.setup.id, number: index as u32 + 1 },
                    vendor_id: String::new(),
                    round: self.round,
                    name: String::new(),
                    arguments_text: String::new(),
                    arguments: None,
                    state: CallState::Receiving,
                    elapsed_ms: 0,
                    output: String::new(),
                });
            }
            let call = &mut self.tracker.calls[index];
            if call.name != partial.name {
                call.name.clone_from(&partial.name);
            }
            // Arguments grow while they stream, or take the place of empty ones: copying just the new piece keeps a long
            // call linear.
            match partial.arguments.get(call.arguments_text.len()..) {
                Some(new) if call.arguments_text != "{}" || partial.arguments.starts_with("{}") => {
                    call.arguments_text.push_str(new);
                }
                _ => call.arguments_text.clone_from(&partial.arguments),
            }
        }
    }

    fn on_stream_end(&mut self, end: StreamEnd, now: Moment, jitter: f64, effects: &mut Vec<Effect>) {
        if let StreamEnd::Failed { error, .. } = &end
            && !self.accumulator.has_content()
            && let Some(delay_ms) = retry_delay_ms(error, self.attempt, self.setup.retries, jitter)
        {
            self.attempt += 1;
            self.request_number += 1;
            self.phase =
                Phase::WaitingToRetry { attempt: self.attempt, due_ms: now.mono_ms + delay_ms, error: error.clone() };
            effects.push(Effect::Show(Progress::Retry { attempt: self.attempt, delay_ms, error: error.clone() }));
            effects.push(Effect::Wait { request: self.request_id(), delay_ms });
            return;
        }
        self.finish_request(end, now, effects);
    }

    /// The stream is over: record the answer, then run its calls or end the turn.
    fn finish_request(&mut self, end: StreamEnd, now: Moment, effects: &mut Vec<Effect>) {
        self.track_partial_calls();
        let ids = &mut self.setup.ids;
        let answer = std::mem::take(&mut self.accumulator).finish(&end, &mut || ids.next_id());
        let finish = answer.finish;
        let error = match end {
            StreamEnd::Complete => (finish == Finish::Error).then(|| {
                let word = answer.finish_raw.as_deref().unwrap_or_default();
                ChatError::new(ErrorKind::Server, format!("The provider ended the answer: {word}"))
            }),
            StreamEnd::Failed { error, .. } => Some(error),
        };
        self.record_answer_end(answer, error.clone(), now, effects);
        if finish != Finish::ToolCalls {
            self.close_open_calls("This call was not run, because the answer did not end properly.", now, effects);
            self.end(finish, error, now, effects);
        } else if self.round >= self.setup.max_rounds {
            let why = format!("Not run: the limit of {} model requests for one question is reached.", self.round);
            self.close_open_calls(&why, now, effects);
            self.end(Finish::ToolCalls, None, now, effects);
        } else {
            self.phase = Phase::Tools;
            self.start_calls(now, effects);
        }
    }

    /// Records how an answer ended, with what it was before it went on, and takes it and its calls into the turn.
    fn record_answer_end(&mut self, answer: Answer, error: Option<ChatError>, now: Moment, effects: &mut Vec<Effect>) {
        if let Some(usage) = &answer.usage {
            add_usage(&mut self.usage, usage);
        }
        let (mut message, mut usage) = (answer.message, answer.usage);
        message.opaque = answer.opaque.map(|value| Opaque { provider: self.setup.provider.clone(), value });
        let mut ttft_ms = self.request_ttft_ms;
        self.thinking.pause(now);
        let mut thought_ms = self.thinking.so_far_ms;
        let mut elapsed_ms = now.mono_ms.saturating_sub(self.request_started_ms);
        if let Some((begun, cut)) = self.begun.take() {
            message.text.insert_str(0, &begun.text);
            message.reasoning.insert_str(0, &begun.reasoning);
            let is_of_another = cut.provider != self.setup.provider;
            // One vendor's reasoning is not told to another as its own.
            message.opaque =
                message.opaque.filter(|_| !is_of_another || !message.tool_calls.is_empty()).or(begun.opaque);
            let mut whole = cut.usage;
            if let Some(later) = &usage {
                add_usage(&mut whole, later);
            }
            usage = whole;
            ttft_ms = cut.ttft_ms.or(ttft_ms);
            thought_ms = cut.thought_ms.map(|before| before + thought_ms.unwrap_or(0)).or(thought_ms);
            elapsed_ms += cut.elapsed_ms;
        }
        effects.push(Effect::Record(Record::AnswerEnded {
            message: self.answer_id.clone(),
            state: match answer.finish {
                Finish::Truncated | Finish::Error | Finish::ContentFilter => EntryState::Failed,
                Finish::Cancelled => EntryState::Stopped,
                Finish::Stop | Finish::Length | Finish::ToolCalls => EntryState::Complete,
            },
            tool_calls: message.tool_calls.clone(),
            opaque: message.opaque.clone(),
            finish: Some(answer.finish),
            finish_raw: answer.finish_raw.clone(),
            error,
            usage,
            ttft_ms,
            thought_ms,
            elapsed_ms,
            model: self.served_model.clone().unwrap_or_else(|| self.setup.model.clone()),
        }));
        self.finish_raw = answer.finish_raw;
        self.last = message.clone();
        let calls = message.tool_calls.clone();
        self.messages.push(Message::Assistant(message));
        self.adopt_calls(&calls, effects);
    }

    /// The whole calls of this round take their places in the tracker.
    fn adopt_calls(&mut self, calls: &[ToolCall], effects: &mut Vec<Effect>) {
        self.tracker.calls.truncate(self.earlier_calls + calls.len());
        for (at, call) in calls.iter().enumerate() {
            let Some(tracked) = self.tracker.calls.get_mut(self.earlier_calls + at) else { break };
            tracked.vendor_id.clone_from(&call.id);
            tracked.name.clone_from(&call.name);
            tracked.arguments = Some(call.arguments.clone());
            tracked.state = CallState::Ready;
            effects.push(Effect::Show(Progress::ToolCall {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: call.arguments.clone(),
                round: self.round,
            }));
        }
    }

    fn start_calls(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        for at in self.earlier_calls..self.tracker.calls.len() {
            let id = self.tracker.calls[at].id;
            match verdict(&self.setup, &self.tracker.calls, at) {
                Verdict::Run(arguments) => self.run(id, arguments, effects),
                Verdict::Ask(reason) => self.tracker.calls[at].state = CallState::Waiting(reason),
                Verdict::Refuse(status, output) => self.resolve(id, CallOutcome { status, output }, now, effects),
            }
        }
        self.go_on_when_resolved(now, effects);
    }

    fn run(&mut self, id: CallId, arguments: Map<String, Value>, effects: &mut Vec<Effect>) {
        let timeout_ms = self.setup.call_timeout_ms;
        if let Some(call) = self.tracker.get_mut(id) {
            call.state = CallState::Ready;
            effects.push(Effect::RunTool { call: id, name: call.name.clone(), arguments, timeout_ms });
        }
    }

    fn is_waiting(&self, id: CallId) -> bool {
        self.tracker.get(id).is_some_and(|call| matches!(call.state, CallState::Waiting(_)))
    }

    fn approve(&mut self, id: CallId, effects: &mut Vec<Effect>) {
        let arguments = self.tracker.get(id).and_then(|call| call.arguments.as_ref()?.as_object().cloned());
        if let Some(arguments) = arguments.filter(|_| self.is_waiting(id)) {
            self.run(id, arguments, effects);
        }
    }

    fn approve_tool(&mut self, id: CallId, effects: &mut Vec<Effect>) {
        let Some(name) = self.tracker.get(id).map(|call| call.name.clone()) else { return };
        for tool in self.setup.tools.iter_mut().filter(|tool| tool.spec.name == name) {
            tool.decision = Decision::Allow;
        }
        let waiting: Vec<CallId> =
            self.tracker.waiting().filter(|call| call.name == name).map(|call| call.id).collect();
        for call in waiting {
            self.approve(call, effects);
        }
    }

    fn stop_call(&mut self, id: CallId, now: Moment, effects: &mut Vec<Effect>) {
        let Some(call) = self.tracker.get(id) else { return };
        match call.state {
            CallState::Ready | CallState::Running { .. } => effects.push(Effect::CancelTool { call: id }),
            CallState::Receiving | CallState::Ended(_) | CallState::Waiting(_) => {}
        }
        let output = "The person stopped this call before it ended.".to_owned();
        self.end_call(id, CallOutcome { status: ToolStatus::Cancelled, output }, now, effects);
    }

    fn end_call(&mut self, id: CallId, outcome: CallOutcome, now: Moment, effects: &mut Vec<Effect>) {
        self.resolve(id, outcome, now, effects);
        self.go_on_when_resolved(now, effects);
    }

    /// Gives a call its one result, in the tracker, in the next request and in the history.
    fn resolve(&mut self, id: CallId, outcome: CallOutcome, now: Moment, effects: &mut Vec<Effect>) {
        let Some(call) = self.tracker.get_mut(id).filter(|call| !call.is_ended()) else { return };
        call.elapsed_ms = call.elapsed(now);
        call.state = CallState::Ended(outcome.status);
        call.output.clone_from(&outcome.output);
        let result = ToolResult {
            call_id: call.vendor_id.clone(),
            name: call.name.clone(),
            status: outcome.status,
            output: outcome.output,
            elapsed_ms: call.elapsed_ms,
        };
        self.messages.push(Message::Tool(result.clone()));
        let message = MessageId(self.setup.ids.next_id());
        let parent = self.parent.replace(message.clone()).unwrap_or_else(|| self.answer_id.clone());
        effects.push(Effect::Record(Record::ToolResult {
            conversation: self.setup.conversation.clone(),
            message,
            parent,
            time_ms: now.unix_ms,
            result: result.clone(),
        }));
        effects.push(Effect::Show(Progress::ToolResult(result)));
    }

    fn go_on_when_resolved(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if self.phase == Phase::Tools && self.tracker.open_in_round(self.round) == 0 {
            self.ask_model(now, effects);
        }
    }

    /// Calls that will not run get their result all the same, but nothing is shown as if they had.
    fn close_open_calls(&mut self, why: &str, now: Moment, effects: &mut Vec<Effect>) {
        let open: Vec<CallId> = self.tracker.calls.iter().filter(|call| !call.is_ended()).map(|call| call.id).collect();
        for id in open {
            let outcome = CallOutcome { status: ToolStatus::Cancelled, output: why.to_owned() };
            self.resolve(id, outcome, now, effects);
            effects.pop_if(|effect| matches!(effect, Effect::Show(Progress::ToolResult(_))));
        }
    }

    /// Stops everything: the stream, the tools, the questions, the records. What came so far is kept.
    fn stop(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        match self.phase {
            Phase::Asking | Phase::Streaming => {
                effects.push(Effect::DropStream { request: self.request_id() });
                self.stop_request(now, effects);
            }
            Phase::WaitingToRetry { .. } => self.stop_request(now, effects),
            Phase::Tools => {
                for call in self.tracker.running() {
                    effects.push(Effect::CancelTool { call: call.id });
                }
                self.close_open_calls("The person stopped this call before it ended.", now, effects);
            }
            Phase::Ended => return,
        }
        self.end(Finish::Cancelled, None, now, effects);
    }

    fn stop_request(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let ids = &mut self.setup.ids;
        let answer = std::mem::take(&mut self.accumulator).finish(&StreamEnd::Complete, &mut || ids.next_id());
        let answer = Answer { finish: Finish::Cancelled, finish_raw: None, ..answer };
        self.record_answer_end(answer, None, now, effects);
        self.close_open_calls("The person stopped the answer before this call was complete.", now, effects);
    }

    fn end(&mut self, finish: Finish, error: Option<ChatError>, now: Moment, effects: &mut Vec<Effect>) {
        self.phase = Phase::Ended;
        if let Some(error) = &error {
            effects.push(Effect::Show(Progress::Error(error.clone())));
        }
        // The next turn brings its own: the conversation need not be kept twice.
        self.messages = Vec::new();
        let last = std::mem::take(&mut self.last);
        effects.push(Effect::Ended(TurnEnd {
            finish,
            error,
            text: last.text,
            reasoning: last.reasoning,
            tool_calls: last.tool_calls,
            finish_raw: self.finish_raw.clone(),
            usage: self.usage.clone(),
            ttft_ms: self.ttft_ms,
            elapsed_ms: now.mono_ms.saturating_sub(self.started.mono_ms),
            rounds: self.round,
        }));
    }
}

fn add_usage(total: &mut Option<Usage>, usage: &Usage) {
    match total {
        None => *total = Some(usage.clone()),
        Some(total) => {
            total.input += usage.input;
            total.output += usage.output;
            total.details.clone_from(&usage.details);
        }
    }
}
