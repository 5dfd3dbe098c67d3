//! Questions, answers and the queue: how a turn is started, fed, stopped and ended.

use super::effect::Effect;
use super::model::{Focus, Model};
use super::overlay::Overlay;
use super::providers::Target;
use super::remedy::Remedy;
use crate::agent::{self, Event, NewQuestion, OfferedTool, Opening, Turn, TurnEnd, TurnId, TurnSetup};
use crate::chat::{Attachment, ConversationId, Entry, Finish, MessageId, NewChat, ToolSpec, title_of};
use crate::strings;

/// Who starts a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StartedBy {
    /// A key or a click.
    Person,
    /// The end of the turn before.
    Queue,
}

impl Model {
    /// Sends what is in the prompt, or queues it while an answer runs.
    pub(super) fn send(&mut self, text: String) -> Vec<Effect> {
        if text.trim().is_empty() {
            return self.send_queued(StartedBy::Person);
        }
        if self.loading.is_some() {
            self.asked_early.push(text);
            return Vec::new();
        }
        if self.running_turn().is_some() {
            self.queue.push_back(text);
            self.draft_touched();
            self.notify(strings::notice_queued(self.queue.len()));
            return Vec::new();
        }
        let replaced = self.replaced_question.take();
        let effects = self.start_question(text, replaced, StartedBy::Person);
        self.bring_draft_back();
        effects
    }

    /// Sends the first queued question, when one is held.
    fn send_queued(&mut self, by: StartedBy) -> Vec<Effect> {
        if self.running_turn().is_some() {
            return Vec::new();
        }
        let Some(text) = self.queue.pop_front() else { return Vec::new() };
        self.draft_touched();
        self.start_question(text, None, by)
    }

    /// Asks the last question again; what was answered before stays in the history.
    pub(super) fn ask_again(&mut self) -> Vec<Effect> {
        self.is_again_asked = false;
        if self.running_turn().is_some() {
            return Vec::new();
        }
        if self.chat.rewind_to_question().is_none() {
            self.notify(strings::NOTICE_NOTHING_ASKED);
            return Vec::new();
        }
        self.start_turn(Opening::AsItStands)
    }

    fn start_question(
        &mut self,
        text: String,
        replaced: Option<(MessageId, Vec<Attachment>)>,
        by: StartedBy,
    ) -> Vec<Effect> {
        let attachments = replaced.map(|(message, attachments)| {
            self.chat.conversation.show(&message);
            self.chat.rewind_before(&message);
            attachments
        });
        let attachments = attachments.unwrap_or_default();
        let new_chat = (!self.chat.is_begun).then(|| NewChat {
            title: title_of(&text),
            provider: self.providers.target.provider.clone(),
            model: self.providers.target.model.clone(),
        });
        let mut effects = self.look_for_others();
        effects.extend(self.start_turn_by(Opening::Question(NewQuestion { text, attachments, new_chat }), by));
        effects
    }

    /// Asks what other instances said in this chat meanwhile.
    fn look_for_others(&self) -> Vec<Effect> {
        if self.chat.is_private || !self.chat.is_begun {
            return Vec::new();
        }
        vec![Effect::LookForOthers { id: self.chat.conversation.id.clone() }]
    }

    /// What was said in the open chat, by whomever.
    pub(super) fn on_others_found(&mut self, id: &ConversationId, entries: Vec<Entry>) {
        let is_open = self.chat.conversation.id == *id;
        if is_open && self.chat.conversation.merge(entries) {
            self.notify(strings::NOTICE_OTHERS);
        }
    }

    pub(super) fn start_turn(&mut self, opening: Opening) -> Vec<Effect> {
        self.start_turn_by(opening, StartedBy::Person)
    }

    fn start_turn_by(&mut self, opening: Opening, by: StartedBy) -> Vec<Effect> {
        self.is_queue_held = false;
        self.is_why_shown = false;
        // Whoever reads further up meanwhile, or selects, is left in peace.
        let is_left_alone = by == StartedBy::Queue && (!self.scroll.is_following() || self.selects_by_keys());
        if !is_left_alone {
            self.focus = Focus::Prompt;
            self.selected = None;
        }
        // Its calls are of the turn before.
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Call { .. }));
        (self.panel.selected, self.panel.scrolled_up) = (None, 0);
        self.notice = None;
        self.forget_load();
        if self.replaced_question.is_some() {
            self.leave_edit();
        }
        self.undone.clear();
        self.chat.marks = None;
        self.searched = None;
        let target = self.providers.target.clone();
        let tools: Vec<OfferedTool> = self
            .offered_tools()
            .map(|tool| OfferedTool { spec: tool.spec.clone(), decision: tool.decision_here() })
            .collect();
        let id = TurnId(self.next_turn);
        self.next_turn += 1;
        let setup = TurnSetup {
            id,
            conversation: self.chat.conversation.id.clone(),
            provider: target.provider.clone(),
            model: target.model.clone(),
            tools,
            max_rounds: self.max_rounds,
            retries: self.retries,
            call_timeout_ms: self.call_timeout_ms,
            can_ask: true,
            ids: (self.ids)(),
        };
        let (messages, parent) = self.chat.for_request(&self.system);
        let (turn, effects) = Turn::start(setup, messages, parent, opening, self.now);
        self.turn = Some(turn);
        let out = self.host(effects, &target);
        let at = self
            .chat
            .conversation
            .entries
            .iter()
            .rposition(|entry| matches!(entry.body, crate::chat::EntryBody::Question(_)));
        if !is_left_alone {
            self.scroll.pin(at.unwrap_or(0));
        }
        self.refresh_recall();
        out
    }

    pub(super) fn on_turn(&mut self, event: Event, jitter: f64) -> Vec<Effect> {
        let Some(turn) = &mut self.turn else { return Vec::new() };
        let effects = turn.handle(event, self.now, jitter);
        let target = self.turn_target();
        self.host(effects, &target)
    }

    /// Whom the running turn asks, whatever was chosen meanwhile for the next one.
    fn turn_target(&self) -> Target {
        self.turn.as_ref().map_or_else(
            || self.providers.target.clone(),
            |turn| Target { provider: turn.provider().to_owned(), model: turn.model().to_owned() },
        )
    }

    /// Keeps what is the model's own and passes the rest on.
    fn host(&mut self, effects: Vec<agent::Effect>, target: &Target) -> Vec<Effect> {
        let mut out = Vec::new();
        for effect in effects {
            match effect {
                agent::Effect::Record(record) => {
                    self.chat.apply(&record);
                    if !self.chat.is_private {
                        out.push(Effect::Append(record));
                    }
                }
                agent::Effect::Show(_) => {}
                agent::Effect::Ended(end) => out.extend(self.on_turn_end(&end)),
                effect => {
                    let tools = match (&effect, &self.turn) {
                        (agent::Effect::StartStream { .. }, Some(turn)) => turn.offered_specs(),
                        _ => Vec::<ToolSpec>::new(),
                    };
                    out.push(Effect::Turn { effect, target: target.clone(), tools });
                }
            }
        }
        out
    }

    fn on_turn_end(&mut self, end: &TurnEnd) -> Vec<Effect> {
        match end.finish {
            Finish::Stop | Finish::Length | Finish::ToolCalls => {
                let title = self.ask_for_title();
                if self.queue.is_empty() || self.is_ending {
                    return title;
                }
                let mut effects = self.send_queued(StartedBy::Queue);
                effects.extend(title);
                effects
            }
            Finish::Cancelled => {
                self.is_queue_held = !self.queue.is_empty();
                let is_begun = self.remedy() == Some(Remedy::GoOn);
                self.notify(if is_begun { strings::NOTICE_STOPPED } else { strings::NOTICE_STOPPED_EARLY });
                Vec::new()
            }
            Finish::Error | Finish::Truncated | Finish::ContentFilter => {
                self.is_queue_held = !self.queue.is_empty();
                Vec::new()
            }
        }
    }

    /// Stops the running answer and everything it does; the draft is not touched.
    pub(super) fn stop_turn(&mut self) -> Vec<Effect> {
        self.on_turn(Event::TurnStopped, 0.0)
    }

    /// Ends the program: what runs is stopped and kept first.
    pub(super) fn end(&mut self) -> Vec<Effect> {
        self.is_ending = true;
        let mut effects = self.stop_turn();
        effects.extend(self.keep_draft());
        effects.push(Effect::Quit);
        effects
    }
}
