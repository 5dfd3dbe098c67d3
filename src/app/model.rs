//! The model: everything the screen shows, and the routing of facts to the reducers that know them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::approval::Approval;
use super::browser::{Browser, Undoable};
use super::chat::OpenChat;
use super::composer::Composer;
use super::copying::copy_instead;
use super::effect::Effect;
use super::find::{Find, LOOK_ON_MS};
use super::hints::Hints;
use super::mouse::Mouse;
use super::msg::Msg;
use super::opening::{LoadedFrom, Loading};
use super::overlay::Overlay;
use super::panel::Panel;
use super::providers::{Providers, ToolOffer};
use super::scroll::Scroll;
use super::selection::Selection;
use crate::agent::{CallState, Event, Moment, Phase, TrackedCall, Turn};
use crate::chat::{Attachment, ConversationId, Delta, Draft, IdSource, MessageId};
use crate::config::action::Action;
use crate::config::keymap::Keymap;
use crate::config::look::Look;
use crate::config::theme::Themes;
use crate::safe_text::SafeText;
use crate::store::{CommittedWhat, StoreEvent};
use crate::strings;

/// How long a message that needs no answer stays, in ms.
const NOTICE_MS: u64 = 4000;
/// After this much silence a stream is shown as stalled, in ms.
pub const STALL_MS: u64 = 10_000;
/// From so many bytes in the prompt on a question is being written; what is shorter may be a command, or nothing.
const WRITTEN_BYTES: usize = 8;
/// A frame of the spinner, in ms.
pub const SPINNER_MS: u64 = 100;
/// An answer of the terminal about its background that comes later than this is not heeded, in ms.
const BACKGROUND_MS: u64 = 2_000;
/// The leader page waits this long, in ms.
pub const LEADER_MS: u64 = 300;

/// Where keys go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// To the prompt.
    #[default]
    Prompt,
    /// To the messages.
    Messages,
    /// To the tool panel.
    Panel,
}

/// A message in the live row that leaves by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The words; may quote text from outside.
    pub text: String,
    /// When it leaves, on the forward clock.
    pub until_ms: u64,
}

/// Whether the history takes what is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Saving {
    /// It does.
    #[default]
    Works,
    /// It does not, and why.
    Fails(String),
}

/// What a model starts with.
pub struct ModelSetup {
    /// Columns and rows.
    pub size: (u16, u16),
    /// Keys.
    pub keymap: Arc<Keymap>,
    /// How it may look.
    pub look: Look,
    /// Its colours.
    pub themes: Themes,
    /// Whom to ask.
    pub providers: Providers,
    /// Where pasted keys are kept, for people.
    pub keys_place: String,
    /// Tools that may be offered.
    pub tools: Vec<ToolOffer>,
    /// Instructions before each conversation.
    pub system: String,
    /// Model requests for one question.
    pub max_rounds: u32,
    /// Repetitions of a failed request.
    pub retries: u32,
    /// After which a call is given up, in ms.
    pub call_timeout_ms: u64,
    /// Enter makes a new line, and the newline keys send.
    pub enter_is_newline: bool,
    /// The first chat is not saved.
    pub is_private: bool,
    /// A model is asked for the titles of chats.
    pub titles_by_model: bool,
    /// The terminal reports the mouse.
    pub has_mouse: bool,
    /// The panel at the start.
    pub panel: Panel,
    /// Where identifiers come from.
    pub ids: Box<dyn FnMut() -> Box<dyn IdSource> + Send>,
    /// The chat to continue, if one was asked for.
    pub resume: Option<ConversationId>,
}

/// The state of the screen.
pub struct Model {
    /// Columns and rows.
    pub size: (u16, u16),
    /// The time of the last fact.
    pub now: Moment,
    /// Keys.
    pub keymap: Arc<Keymap>,
    /// How it may look.
    pub look: Look,
    /// The themes, and the one it has now.
    pub themes: Themes,
    /// Whether Shift+Enter can be told from Enter.
    pub is_keyboard_enhanced: bool,
    /// Providers and the choice among them.
    pub providers: Providers,
    /// The file in which pasted keys are kept, for people.
    pub keys_place: String,
    /// Pasted keys go into the system's keyring instead.
    pub has_keyring: bool,
    /// Tools that may be offered.
    pub tools: Vec<ToolOffer>,
    /// The prompt.
    pub composer: Composer,
    /// The open chat.
    pub chat: OpenChat,
    /// The turn that runs, or the last one of this chat.
    pub turn: Option<Turn>,
    /// Questions waiting for the answer to end.
    pub queue: VecDeque<String>,
    /// After a stop or an error the queue waits for the person.
    pub is_queue_held: bool,
    /// What was put aside, newest last.
    pub put_aside: Vec<String>,
    /// The same in private chats, where alone it comes back: a draft elsewhere is written to the disk.
    pub(super) private_aside: Vec<String>,
    /// The question that the one in the prompt takes the place of, with its images.
    pub replaced_question: Option<(MessageId, Vec<Attachment>)>,
    /// The message that keys in the messages mean; `None` is the last one.
    pub selected: Option<MessageId>,
    /// Where keys go.
    pub focus: Focus,
    /// Selected text.
    pub selection: Option<Selection>,
    /// The mouse.
    pub mouse: Mouse,
    /// Letters over what can be copied.
    pub hints: Option<Hints>,
    /// What lies on top, the topmost last.
    pub overlays: Vec<Overlay>,
    /// The search from which the open chat was opened at its hit; Esc leads back to it.
    pub searched: Option<Box<Browser>>,
    /// Where the conversation is read.
    pub scroll: Scroll,
    /// What is looked for in it.
    pub find: Option<Find>,
    /// The approval card.
    pub approval: Approval,
    /// The tool panel.
    pub panel: Panel,
    /// The message in the live row.
    pub notice: Option<Notice>,
    /// Reasoning and tool output are shown whole.
    pub is_expanded: bool,
    /// The vendor's own words of the last error are shown.
    pub is_why_shown: bool,
    /// `r` was pressed: asks before asking again.
    pub is_again_asked: bool,
    /// Ctrl+X was pressed, at this time.
    pub leader_since: Option<u64>,
    /// Whether the history takes what is said.
    pub saving: Saving,
    pub(super) system: String,
    pub(super) max_rounds: u32,
    pub(super) retries: u32,
    pub(super) call_timeout_ms: u64,
    pub(super) enter_is_newline: bool,
    pub(super) ids: Box<dyn FnMut() -> Box<dyn IdSource> + Send>,
    pub(super) next_turn: u64,
    pub(super) next_request: u64,
    pub(super) loading: Option<Loading>,
    /// Questions asked before the chat that goes on was there.
    pub(super) asked_early: Vec<String>,
    /// Chats that were left while the history could not be written: until it can, they are here alone.
    pub(super) unsaved: Vec<OpenChat>,
    /// The list that a digit of the leader asked for, and which of its chats is meant, from 0.
    pub(super) recent: Option<(u64, usize)>,
    /// Ends of paths that were taken back, newest last.
    pub(super) undone: Vec<MessageId>,
    /// What stood in the prompt before a question was brought back into it.
    pub(super) draft_before_edit: Option<String>,
    /// The draft as it is in the history.
    pub(super) kept_draft: Draft,
    /// When the draft is to be kept, on the forward clock.
    pub(super) draft_due_ms: Option<u64>,
    /// When Esc closed or stopped something, and when it found nothing to do, on the forward clock.
    pub(super) esc_closed_ms: Option<u64>,
    pub(super) esc_idle_ms: Option<u64>,
    /// A model is asked for the titles of chats.
    pub titles_by_model: bool,
    /// Notices that wait until what they tell is on the disk.
    pub(super) promised: Vec<(CommittedWhat, String)>,
    /// Changes of saved chats that can be taken back, newest last.
    pub(super) undoable: Vec<Undoable>,
    /// What was looked for last in a chat.
    pub(super) last_found: String,
    pub(super) last_key_ms: u64,
    /// The same before the present key.
    pub(super) key_before_ms: u64,
    pub(super) last_letter: Option<(char, u64)>,
    /// What a letter among the messages asked for, and until when another one makes both text.
    pub(super) held_letter: Option<(Action, u64)>,
    pub(super) quit_armed_until: u64,
    pub(super) last_half_page_ms: Option<u64>,
    pub(super) is_ending: bool,
    /// The provider to which the first request was prepared last.
    pub(super) warm_provider: String,
    /// When the program began, on the forward clock.
    pub(super) begun_ms: u64,
    /// How often anything else changed than the time and the text of the answer that streams in.
    changes: u64,
}

impl Model {
    /// The model of a started program, with the first work to do.
    #[must_use]
    pub fn new(setup: ModelSetup, now: Moment) -> (Self, Vec<Effect>) {
        let mut ids = setup.ids;
        let id = ConversationId(ids().next_id());
        let chat = if setup.is_private { OpenChat::private(id) } else { OpenChat::new(id) };
        let mut model = Self {
            size: setup.size,
            now,
            keymap: setup.keymap,
            look: setup.look,
            themes: setup.themes,
            is_keyboard_enhanced: false,
            providers: setup.providers,
            keys_place: setup.keys_place,
            has_keyring: false,
            tools: setup.tools,
            composer: Composer::default(),
            chat,
            turn: None,
            queue: VecDeque::new(),
            is_queue_held: false,
            put_aside: Vec::new(),
            private_aside: Vec::new(),
            replaced_question: None,
            selected: None,
            focus: Focus::Prompt,
            selection: None,
            mouse: Mouse::new(setup.has_mouse),
            hints: None,
            overlays: Vec::new(),
            searched: None,
            scroll: Scroll::default(),
            find: None,
            approval: Approval::default(),
            panel: setup.panel,
            notice: None,
            is_expanded: false,
            is_why_shown: false,
            is_again_asked: false,
            leader_since: None,
            saving: Saving::Works,
            system: setup.system,
            max_rounds: setup.max_rounds,
            retries: setup.retries,
            call_timeout_ms: setup.call_timeout_ms,
            enter_is_newline: setup.enter_is_newline,
            ids,
            next_turn: 1,
            next_request: 1,
            loading: None,
            asked_early: Vec::new(),
            unsaved: Vec::new(),
            recent: None,
            undone: Vec::new(),
            draft_before_edit: None,
            kept_draft: Draft::default(),
            draft_due_ms: None,
            esc_closed_ms: None,
            esc_idle_ms: None,
            titles_by_model: setup.titles_by_model,
            promised: Vec::new(),
            undoable: Vec::new(),
            last_found: String::new(),
            last_key_ms: now.mono_ms,
            key_before_ms: now.mono_ms,
            last_letter: None,
            held_letter: None,
            quit_armed_until: 0,
            last_half_page_ms: None,
            is_ending: false,
            warm_provider: String::new(),
            begun_ms: now.mono_ms,
            changes: 0,
        };
        model.refresh_recall();
        let effects = match setup.resume {
            Some(id) => vec![model.load_chat(id, LoadedFrom::Start)],
            None if setup.is_private => Vec::new(),
            None => vec![Effect::FindDraft],
        };
        (model, effects)
    }

    /// Takes one fact. `jitter` is a random number from 0 to 1.
    pub fn update(&mut self, msg: Msg, now: Moment, jitter: f64) -> Vec<Effect> {
        self.now = now;
        let is_text = matches!(&msg, Msg::Turn(Event::Delta { delta: Delta::Text(_), .. })) && self.only_streams();
        let is_writing = matches!(msg, Msg::KeyPressed(_) | Msg::Pasted(_) | Msg::Asked(_));
        if is_writing {
            self.draft_touched();
        }
        let mut effects = self.act_on_held_letter(&msg);
        effects.extend(match msg {
            Msg::KeyPressed(key) => self.on_key(key),
            Msg::Asked(text) => self.send(text),
            Msg::Wanted(action) => self.act(action),
            Msg::CallAnswered(event) => self.on_turn_answer(event),
            Msg::ChatChosen(_) if self.running_turn().is_some() => {
                self.notify(strings::NOTICE_RUNNING_OPEN);
                Vec::new()
            }
            Msg::ChatChosen(id) => vec![self.load_chat(id, LoadedFrom::Recent)],
            Msg::TargetChosen(target) => {
                let label = self.providers.row(&target.provider).map_or(String::new(), |row| row.label.clone());
                self.use_target(target, &label, false)
            }
            Msg::Warned(text) => {
                self.notify(text);
                Vec::new()
            }
            Msg::Pasted(text) => self.on_paste(&text),
            Msg::Mouse(msg) => self.on_mouse(msg),
            Msg::Wheeled(lines) => self.on_wheel(lines),
            Msg::Resized(columns, rows) => {
                self.size = (columns, rows);
                self.hints = None;
                if Panel::fits(columns) {
                    self.overlays.retain(|overlay| !matches!(overlay, Overlay::Tools));
                } else if self.focus == Focus::Panel {
                    self.focus = Focus::Prompt;
                }
                Vec::new()
            }
            Msg::BackgroundKnown(background) => {
                // A screen that is being read does not change its colours any more.
                if now.mono_ms.saturating_sub(self.begun_ms) <= BACKGROUND_MS {
                    self.look.background = background;
                }
                Vec::new()
            }
            Msg::KeyboardEnhanced => {
                self.is_keyboard_enhanced = true;
                Vec::new()
            }
            Msg::Turn(event) => self.on_turn(event, jitter),
            Msg::Store(event) => {
                self.on_store(event);
                Vec::new()
            }
            Msg::ChatsListed { search, found } => self.on_chats_listed(search, found),
            Msg::ChatLoaded { load, id, found } => self.on_chat_loaded(load, &id, found),
            Msg::ProvidersFound(providers) => {
                // The choice is fixed once the person typed.
                if self.chat.conversation.entries.is_empty() && self.composer.is_empty() {
                    self.providers = *providers;
                } else {
                    self.providers.rows = providers.rows;
                }
                Vec::new()
            }
            Msg::ModelsListed { provider, found } => {
                self.on_models_listed(&provider, found);
                Vec::new()
            }
            Msg::KeyringFound => {
                self.has_keyring = true;
                Vec::new()
            }
            Msg::KeyTried { request, found } => self.on_key_tried(request, found),
            Msg::StreamRead { request, found, took_ms } => {
                self.on_stream_read(request, found, took_ms);
                Vec::new()
            }
            // Wherever the person is meanwhile, they want to know where it went.
            Msg::StreamSaved { number: _, saved } => {
                self.on_stream_saved(saved);
                Vec::new()
            }
            Msg::DraftFound { conversation, draft } => self.on_draft_found(conversation, draft),
            Msg::OthersFound { id, entries } => {
                self.on_others_found(&id, entries);
                Vec::new()
            }
            Msg::TitleMade { id, replaces, title } => self.on_title_made(&id, replaces, &title),
            Msg::Exported(done) => {
                self.notify(done.map_or_else(|why| why, |place| strings::browser::notice_exported(&place)));
                Vec::new()
            }
            Msg::Copied { what, because, size, way } => {
                self.on_copied(&what, because, size, way);
                Vec::new()
            }
            Msg::Opened(target) => {
                self.notify(strings::copying::opened(&target));
                Vec::new()
            }
            Msg::NotOpened { wish, why } => vec![copy_instead(wish, why)],
            Msg::Ticked => Vec::new(),
            Msg::EndRequested => self.end(),
        });
        self.forget_load_of_left_browser();
        self.close_find_if_left();
        self.let_time_pass();
        self.scroll_at_edge();
        effects.extend(self.follow_stream());
        effects.extend(self.look_again_in_browser());
        effects.extend(self.keep_draft_if_due());
        self.changes += u64::from(!(is_text && self.only_streams()));
        let provider = &self.providers.target.provider;
        if is_writing && self.warm_provider != *provider && self.composer.text().len() >= WRITTEN_BYTES {
            self.warm_provider.clone_from(provider);
            effects.push(Effect::WarmUp { provider: provider.clone() });
        }
        if let Some(at) = effects.iter().position(|effect| *effect == Effect::Quit) {
            effects.truncate(at + 1);
        }
        effects
    }

    /// How often anything else changed on the screen than the time and the text of the answer that streams in, for whoever
    /// need not look at all of it.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Whether an answer streams in and nothing else is going on: nothing lies over the conversation, nothing in it is
    /// looked for or selected, no call is open and no notice is going to leave.
    #[must_use]
    pub fn only_streams(&self) -> bool {
        let is_streaming =
            |turn: &Turn| turn.phase() == &Phase::Streaming && turn.tracker().calls.iter().all(TrackedCall::is_ended);
        self.turn.as_ref().is_some_and(is_streaming)
            && self.focus == Focus::Prompt
            && self.overlays.is_empty()
            && self.chat.marks.is_none()
            && self.find.is_none()
            && self.hints.is_none()
            && self.selection.is_none()
            && self.notice.is_none()
            && self.leader_since.is_none()
            && self.approval.call.is_none()
    }

    /// The next time at which something changes by itself, on the forward clock; `None` while nothing moves.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        let now = self.now.mono_ms;
        let mut next = self.notice.as_ref().map(|notice| notice.until_ms);
        let mut at = |time: u64| next = Some(next.map_or(time, |next: u64| next.min(time)));
        if let Some(since) = self.leader_since.filter(|since| now < since + LEADER_MS) {
            at(since + LEADER_MS);
        }
        if let Some(due) = self.stream_due_ms() {
            at(due);
        }
        if let Some(due) = self.browser_due_ms() {
            at(due);
        }
        if let Some(due) = self.draft_due_ms {
            at(due);
        }
        if let Some(due) = self.edge_due_ms() {
            at(due);
        }
        if let Some((_, due)) = self.held_letter {
            at(due);
        }
        if self.find.as_ref().is_some_and(Find::looks_on) {
            at(now + LOOK_ON_MS);
        }
        if let Some(turn) = self.running_turn() {
            let is_waiting_only =
                turn.tracker().waiting().next().is_some() && turn.tracker().running().next().is_none();
            if self.look.is_still || is_waiting_only {
                let since = turn.started().mono_ms;
                at(since + (now.saturating_sub(since) / 1000 + 1) * 1000);
            } else {
                // Whatever streams in draws the spinner as well, so that it needs no frames of its own meanwhile.
                at(now + SPINNER_MS);
            }
        }
        next
    }

    fn let_time_pass(&mut self) {
        let now = self.now.mono_ms;
        if self.notice.as_ref().is_some_and(|notice| notice.until_ms <= now) {
            self.notice = None;
        }
        let waiting = self.running_turn().and_then(|turn| turn.tracker().waiting().next()).map(|call| call.id);
        self.approval.show(waiting, now);
    }

    /// The turn, where this answer is the one it writes or wrote last.
    #[must_use]
    pub fn turn_of(&self, answer: &MessageId) -> Option<&Turn> {
        self.turn.as_ref().filter(|turn| turn.answer() == answer)
    }

    /// The turn, while it runs.
    #[must_use]
    pub fn running_turn(&self) -> Option<&Turn> {
        self.turn.as_ref().filter(|turn| !turn.is_ended())
    }

    /// Whether a saved chat is being read, to be opened.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.loading.is_some()
    }

    /// Whether the spinner moves: something is being done, not only waited for.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.running_turn().is_some_and(|turn| match turn.phase() {
            Phase::Asking | Phase::Streaming | Phase::WaitingToRetry { .. } => true,
            Phase::Tools => {
                turn.tracker().calls.iter().any(|call| {
                    matches!(call.state, CallState::Running { .. } | CallState::Ready | CallState::Receiving)
                })
            }
            Phase::Ended => false,
        })
    }

    /// Silence of the running stream, once it is long enough to be shown: so far, and until it is given up where that is
    /// known, in ms. While it may still connect, it is not.
    #[must_use]
    pub fn stall(&self) -> Option<(u64, Option<u64>)> {
        let turn = self.running_turn()?;
        if !matches!(turn.phase(), Phase::Asking | Phase::Streaming) {
            return None;
        }
        let silent = self.now.mono_ms.saturating_sub(turn.last_bytes_ms());
        let row = self.providers.row(turn.provider());
        let limit = row.map(|row| row.timeouts).and_then(|timeouts| {
            let is_connected = turn.has_begun() || silent >= timeouts.connect_ms;
            is_connected.then_some(if turn.has_begun() { timeouts.idle_ms } else { timeouts.headers_ms })
        });
        (silent >= STALL_MS).then(|| (silent, limit.map(|limit| limit.saturating_sub(silent))))
    }

    /// Tools offered to this target, in the order of the panel.
    pub fn offered_tools(&self) -> impl Iterator<Item = &ToolOffer> {
        let is_demo = self.providers.current().is_some_and(|row| row.is_demo);
        self.tools.iter().filter(move |tool| is_demo || !tool.is_demo_only)
    }

    /// What is left in the shell at the end: how to go on with a saved chat by `program`, or that it was not saved.
    #[must_use]
    pub fn farewell(&self, is_saved: bool, program: &str) -> Option<String> {
        if !self.chat.is_begun || self.chat.is_private {
            return None;
        }
        match &self.saving {
            Saving::Fails(why) => Some(strings::not_saved(why)),
            Saving::Works if !is_saved => Some(strings::not_saved(strings::DISK_HANGS)),
            Saving::Works => {
                Some(SafeText::line(&strings::saved(&self.chat.conversation.title, program)).into_string())
            }
        }
    }

    /// Tells something that needs no answer.
    pub(super) fn notify(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), until_ms: self.now.mono_ms + NOTICE_MS });
    }

    pub(super) fn next_request_id(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }

    fn on_store(&mut self, event: StoreEvent) {
        match event {
            StoreEvent::Committed(CommittedWhat::Question(message)) => {
                self.chat.committed(&message);
            }
            StoreEvent::Committed(what) => {
                if let Some(at) = self.promised.iter().position(|(promised, _)| *promised == what) {
                    let (_, notice) = self.promised.remove(at);
                    self.notify(notice);
                }
            }
            StoreEvent::Failed { why } => {
                self.saving = Saving::Fails(why);
                self.chat.saving_changed();
            }
            StoreEvent::Recovered => {
                self.saving = Saving::Works;
                self.chat.saving_changed();
                self.unsaved.clear();
            }
            StoreEvent::Notice(text) => self.notify(text),
            StoreEvent::Opened => {}
        }
    }

    /// Tells this once it is on the disk.
    pub(super) fn promise(&mut self, what: CommittedWhat, notice: String) {
        self.promised.push((what, notice));
    }

    pub(super) fn reset_view(&mut self) {
        for tool in &mut self.tools {
            tool.is_allowed_here = false;
        }
        self.turn = None;
        self.replaced_question = None;
        self.selected = None;
        self.undone.clear();
        self.searched = None;
        self.scroll = Scroll::default();
        self.find = None;
        (self.hints, self.selection) = (None, None);
        self.focus = Focus::Prompt;
        self.panel.selected = None;
        self.is_why_shown = false;
        self.is_again_asked = false;
        self.refresh_recall();
    }

    /// What was put aside where this chat may bring it back.
    pub(super) fn aside(&mut self) -> &mut Vec<String> {
        if self.chat.is_private { &mut self.private_aside } else { &mut self.put_aside }
    }

    /// What Up brings back: the starters on a fresh demo, the chat's questions, what was put aside.
    pub(super) fn refresh_recall(&mut self) {
        let mut texts: Vec<String> = self.chat.questions().map(ToOwned::to_owned).collect();
        if texts.is_empty() && self.providers.current().is_some_and(|row| row.is_demo) {
            texts.extend(strings::STARTERS.iter().rev().map(|text| (*text).to_owned()));
        }
        texts.extend(self.aside().iter().cloned());
        self.composer.set_recall(texts);
    }
}
