//! What is said of the model: each change of it once, in words and in order. It sees the very model that the screen draws,
//! so that both tell the same. Pure: the model in, text out.

use std::collections::HashMap;

use crate::agent::{AskReason, CallId, CallState, Phase, TrackedCall, Turn, TurnId};
use crate::app::{Model, Notice, Saving, Target};
use crate::chat::{Arguments, ChatError, ConversationId, Entry, EntryBody, ErrorKind, Finish, MessageId, ToolStatus};
use crate::safe_text::SafeText;
use crate::strings::failure::{Reached, error_words};
use crate::strings::{self, plain as words};
use crate::ui::markdown::Linear;

/// Silence is told of once it is twice as long as when it was told of last, from so many seconds on.
const SILENCE_S: u64 = 10;
/// Characters of an argument that are said while a call runs; a question whether it may run says all of them.
const SHORT_ARGUMENT: usize = 80;
/// What only a keyboard of the full screen has: sentences with it are not said.
const KEYS: [&str; 8] = ["Ctrl+", "Esc", "Tab", "Up ", "PgDn", " r asks", " u brings", " e edits"];

/// What was said so far.
pub struct View {
    chat: ConversationId,
    turn: Option<TurnId>,
    /// The answer that is read out, and how many bytes of it were.
    answer: Option<(MessageId, usize)>,
    is_named: bool,
    is_thinking_told: bool,
    linear: Linear,
    calls: HashMap<CallId, Heard>,
    attempt: u32,
    silence_s: u64,
    is_end_told: bool,
    queued: usize,
    is_queue_held: bool,
    notice: Option<Notice>,
    is_unsaved: bool,
    /// The last line is open: the next announcement begins a new one.
    is_open: bool,
}

/// What was said of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Waits,
    Runs,
    Ended,
}

impl View {
    /// Nothing was said yet of this model's chat.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        Self {
            chat: model.chat.conversation.id.clone(),
            turn: None,
            answer: None,
            is_named: false,
            is_thinking_told: false,
            linear: Linear::default(),
            calls: HashMap::new(),
            attempt: 0,
            silence_s: SILENCE_S,
            is_end_told: false,
            queued: 0,
            is_queue_held: false,
            notice: None,
            is_unsaved: false,
            is_open: false,
        }
    }

    /// One line of our own, from the beginning of a line.
    pub(super) fn line(&mut self, out: &mut String, text: &str) {
        self.close_line(out);
        out.push_str(SafeText::line(text).as_str());
        out.push('\n');
    }

    /// A question, after which the person types.
    pub(super) fn prompt(&mut self, out: &mut String, text: &str) {
        self.close_line(out);
        out.push_str(text);
        self.is_open = true;
    }

    /// The person ended the line.
    pub(super) fn line_was_typed(&mut self) {
        self.is_open = false;
    }

    /// Ends what is open, before the program ends.
    pub(super) fn close(&mut self, out: &mut String) {
        self.end_text(out);
        self.close_line(out);
    }

    fn close_line(&mut self, out: &mut String) {
        if std::mem::take(&mut self.is_open) {
            out.push('\n');
        }
    }

    /// Says what changed.
    pub fn observe(&mut self, model: &Model) -> String {
        let mut out = String::new();
        if self.chat != model.chat.conversation.id {
            self.chat_changed(model, &mut out);
        }
        if let Some(turn) = &model.turn {
            self.turn(model, turn, &mut out);
        }
        self.notice(model, &mut out);
        self.saving(model, &mut out);
        if model.is_queue_held && !self.is_queue_held && !model.queue.is_empty() {
            self.line(&mut out, &words::queue_held(model.queue.len()));
        }
        (self.is_queue_held, self.queued) = (model.is_queue_held, model.queue.len());
        out
    }

    fn chat_changed(&mut self, model: &Model, out: &mut String) {
        *self =
            Self { is_open: self.is_open, is_unsaved: self.is_unsaved, notice: self.notice.take(), ..Self::new(model) };
        let conversation = &model.chat.conversation;
        if conversation.entries.is_empty() {
            self.line(out, if model.chat.is_private { strings::PRIVATE_HELLO } else { words::NEW_CHAT });
        } else {
            self.line(out, &words::opened(&conversation.title, conversation.entries.len()));
            if let Some((_, question)) = model.chat.last_question() {
                self.line(out, words::LAST_QUESTION);
                self.block(out, question);
            }
            self.last_answer(model, out);
        }
        let target = &model.providers.target;
        let label = model.providers.current().map_or(target.provider.as_str(), |row| row.label.as_str());
        self.line(out, &words::model(&target.model, label));
    }

    /// The last answer from its beginning.
    pub(super) fn last_answer(&mut self, model: &Model, out: &mut String) {
        let Some(EntryBody::Answer { message, provider, model: answered, .. }) =
            model.chat.last_answer().map(|entry| &entry.body)
        else {
            return;
        };
        self.line(out, &words::answer_from(from(model, provider, answered)));
        let mut linear = Linear::default();
        let text = linear.push(&message.text) + &linear.finish();
        self.block(out, &text);
    }

    /// Text from outside, in lines of its own.
    pub(super) fn block(&mut self, out: &mut String, text: &str) {
        self.close_line(out);
        out.push_str(SafeText::block(text.trim_end()).as_str());
        out.push('\n');
    }

    fn turn(&mut self, model: &Model, turn: &Turn, out: &mut String) {
        if self.turn != Some(turn.id()) {
            // With the end of an answer the next question of the queue is asked at once.
            self.end_former(model, out);
            self.begin_turn(model, turn, out);
        }
        let entries = &model.chat.conversation.entries;
        let last = entries.iter().rev().find(|entry| !matches!(entry.body, EntryBody::ToolResult(_)));
        if let Some(entry) = last.filter(|entry| matches!(entry.body, EntryBody::Answer { .. })) {
            self.answer(model, entry, out);
        }
        for call in &turn.tracker().calls {
            self.call(model, call, out);
        }
        self.waits(model, turn, out);
        if turn.is_ended() && !std::mem::replace(&mut self.is_end_told, true) {
            self.end(model, model.chat.last_answer(), out);
        }
    }

    fn end_former(&mut self, model: &Model, out: &mut String) {
        if self.turn.is_none() || std::mem::replace(&mut self.is_end_told, true) {
            return;
        }
        let entry = self.answer.as_ref().and_then(|(id, _)| model.chat.conversation.message(id));
        if let Some(entry) = entry {
            self.answer(model, entry, out);
        }
        self.end(model, entry, out);
    }

    fn begin_turn(&mut self, model: &Model, turn: &Turn, out: &mut String) {
        self.turn = Some(turn.id());
        self.calls.clear();
        self.attempt = 0;
        self.silence_s = SILENCE_S;
        self.is_end_told = false;
        self.linear = Linear::default();
        (self.is_named, self.is_thinking_told) = (false, false);
        // An answer that goes on begins with what was said of it before.
        self.answer = model.chat.conversation.entries.last().and_then(|entry| match &entry.body {
            EntryBody::Answer { message, .. } => Some((entry.id.clone(), message.text.len())),
            EntryBody::Question(_) | EntryBody::ToolResult(_) => None,
        });
        if let Some((_, question)) = model.chat.last_question().filter(|_| model.queue.len() < self.queued) {
            self.line(out, &words::next_question(question));
        }
    }

    fn answer(&mut self, model: &Model, entry: &Entry, out: &mut String) {
        let EntryBody::Answer { message, provider, model: answers, .. } = &entry.body else { return };
        if self.answer.as_ref().is_none_or(|(id, _)| *id != entry.id) {
            self.end_text(out);
            self.answer = Some((entry.id.clone(), 0));
            (self.is_named, self.is_thinking_told) = (false, false);
        }
        let Some((_, said)) = &mut self.answer else { return };
        let new = message.text.get(*said..).unwrap_or_default();
        *said = message.text.len();
        if !message.reasoning.is_empty() && message.text.is_empty() && !self.is_thinking_told {
            self.is_thinking_told = true;
            self.line(out, words::THINKING);
        }
        if new.is_empty() || (!self.is_named && new.trim().is_empty()) {
            return;
        }
        self.silence_s = SILENCE_S;
        if !std::mem::replace(&mut self.is_named, true) {
            self.line(out, &words::answer_from(from(model, provider, answers)));
        }
        let text = self.linear.push(new);
        self.flow(out, &text);
    }

    fn flow(&mut self, out: &mut String, text: &str) {
        if text.is_empty() {
            return;
        }
        out.push_str(SafeText::block(text).as_str());
        self.is_open = !text.ends_with('\n');
    }

    /// Says what is held back of the text, before something else is said.
    fn end_text(&mut self, out: &mut String) {
        let rest = self.linear.finish();
        self.flow(out, &rest);
    }

    fn call(&mut self, model: &Model, call: &TrackedCall, out: &mut String) {
        let heard = match call.state {
            CallState::Receiving | CallState::Ready => return,
            CallState::Waiting(_) => Heard::Waits,
            CallState::Running { .. } => Heard::Runs,
            CallState::Ended(_) => Heard::Ended,
        };
        let before = self.calls.insert(call.id, heard);
        if before == Some(heard) {
            return;
        }
        self.end_text(out);
        self.silence_s = SILENCE_S;
        match call.state {
            CallState::Waiting(reason) => self.may_run(model, call, reason, out),
            CallState::Running { .. } => {
                self.line(out, &words::tool_running(&call.name, &short_arguments(call.arguments.as_ref())));
            }
            CallState::Ended(status) => {
                if before.is_none() && status == ToolStatus::Done {
                    self.line(out, &words::tool_running(&call.name, &short_arguments(call.arguments.as_ref())));
                }
                self.line(out, &ended(call, status));
            }
            CallState::Receiving | CallState::Ready => {}
        }
    }

    /// The call with everything it would be given; the question itself is put by whoever reads the answer.
    fn may_run(&mut self, model: &Model, call: &TrackedCall, reason: AskReason, out: &mut String) {
        self.line(out, &strings::may_run(&call.name));
        if reason == AskReason::Repeated {
            self.line(out, words::REPEATED);
        }
        if let Some(about) = model.tools.iter().find(|tool| tool.spec.name == call.name).map(|tool| &tool.about) {
            self.line(out, &format!("{about}."));
        }
        match &call.arguments {
            Some(Arguments::Object(map)) => {
                for (name, value) in map {
                    self.line(out, &format!("{name}: {value}"));
                }
            }
            Some(Arguments::Raw(text)) => self.block(out, text),
            None => {}
        }
    }

    fn waits(&mut self, model: &Model, turn: &Turn, out: &mut String) {
        if let Phase::WaitingToRetry { attempt, due_ms, error } = turn.phase() {
            if self.attempt < *attempt {
                self.attempt = *attempt;
                self.end_text(out);
                let asked = Target { provider: turn.provider().to_owned(), model: turn.model().to_owned() };
                let said = error_words(error, &model.providers.culprit(&asked), Reached::default());
                self.line(out, &said.sentence);
                let wait_s = due_ms.saturating_sub(model.now.mono_ms).div_ceil(1000);
                self.line(out, &words::next_try(wait_s, attempt + 1, turn.retries() + 1));
            }
            return;
        }
        if let Some((silent_ms, _)) = model.stall()
            && silent_ms / 1000 >= self.silence_s
        {
            self.silence_s = (silent_ms / 1000).saturating_mul(2);
            self.end_text(out);
            self.line(out, &words::silent(silent_ms / 1000));
        }
    }

    fn end(&mut self, model: &Model, entry: Option<&Entry>, out: &mut String) {
        self.end_text(out);
        let Some(EntryBody::Answer { message, provider, model: asked, finish, error, usage, elapsed_ms, .. }) =
            entry.map(|entry| &entry.body)
        else {
            self.line(out, words::STOPPED_EARLY);
            return;
        };
        let withheld =
            (*finish == Some(Finish::ContentFilter)).then(|| ChatError::new(ErrorKind::ContentFilter, String::new()));
        if let Some(error) = error.as_ref().or(withheld.as_ref()) {
            let reached = Reached { is_cut: *finish == Some(Finish::Truncated), has_text: !message.text.is_empty() };
            let asked = Target { provider: provider.clone(), model: asked.clone() };
            let said = error_words(error, &model.providers.culprit(&asked), reached);
            for sentence in std::iter::once(&said.sentence).chain(&said.meaning) {
                self.told(sentence, out);
            }
            self.line(out, if reached.is_cut && reached.has_text { words::REMEDY_CUT } else { words::REMEDIES });
            return;
        }
        match finish {
            Some(Finish::Cancelled) if message.text.trim().is_empty() => self.line(out, words::STOPPED_EARLY),
            Some(Finish::Cancelled) => self.line(out, words::STOPPED),
            Some(Finish::Length) => self.line(out, words::LENGTH),
            _ => {
                let tokens = usage.as_ref().map(|usage| strings::token_count(usage.output));
                let details: Vec<String> = tokens.into_iter().chain([strings::seconds(*elapsed_ms)]).collect();
                self.line(out, &words::end(&details));
            }
        }
    }

    fn notice(&mut self, model: &Model, out: &mut String) {
        if self.notice == model.notice {
            return;
        }
        self.notice.clone_from(&model.notice);
        // A stop is told of with the end of its answer, a path at once.
        let is_told = [
            strings::NOTICE_STOPPED,
            strings::NOTICE_STOPPED_EARLY,
            strings::NOTICE_TURN_UNDONE,
            strings::NOTICE_TURN_REDONE,
        ];
        if let Some(notice) = model.notice.as_ref().filter(|notice| !is_told.contains(&notice.text.as_str())) {
            self.told(&notice.text, out);
        }
    }

    /// A text of the full screen without the sentences about its keys.
    pub(super) fn told(&mut self, text: &str, out: &mut String) {
        let sentences = text.split_inclusive(". ").filter(|part| !KEYS.iter().any(|key| part.contains(key)));
        let said: String = sentences.collect();
        let said = if said.trim() == words::ANSWER_RUNS { words::RUNNING.to_owned() } else { said };
        if !said.trim().is_empty() {
            self.line(out, said.trim());
        }
    }

    fn saving(&mut self, model: &Model, out: &mut String) {
        match &model.saving {
            Saving::Fails(why) if !self.is_unsaved => {
                self.is_unsaved = true;
                self.line(out, &words::not_saved(why));
            }
            Saving::Works if self.is_unsaved => {
                self.is_unsaved = false;
                self.line(out, words::SAVED_AGAIN);
            }
            Saving::Works | Saving::Fails(_) => {}
        }
    }
}

/// Whom an answer is from.
fn from<'a>(model: &Model, provider: &str, answered: &'a str) -> &'a str {
    if model.providers.row(provider).is_some_and(|row| row.is_demo) { words::THE_DEMO } else { answered }
}

fn ended(call: &TrackedCall, status: ToolStatus) -> String {
    let state = match status {
        ToolStatus::Done => words::CALL_DONE,
        ToolStatus::Failed => strings::FAILED,
        ToolStatus::Timeout => strings::TIMED_OUT,
        ToolStatus::Cancelled => strings::STOPPED,
        ToolStatus::Denied => return words::tool_not_run(&call.name),
    };
    let said = words::tool_ended(&call.name, state, &strings::seconds(call.elapsed_ms));
    let why = call.output.lines().next().filter(|_| status == ToolStatus::Failed).unwrap_or_default();
    format!("{said} {why}").trim_end().to_owned()
}

/// `category tent, max_price 300`.
fn short_arguments(arguments: Option<&Arguments>) -> String {
    match arguments {
        Some(Arguments::Object(map)) => {
            let said = map.iter().map(|(name, value)| {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{name} {}", SafeText::line(&value).fit(SHORT_ARGUMENT).as_str())
            });
            said.collect::<Vec<_>>().join(", ")
        }
        Some(Arguments::Raw(text)) => SafeText::line(text).fit(SHORT_ARGUMENT).into_string(),
        None => String::new(),
    }
}
