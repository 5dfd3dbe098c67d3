//! What each action does, wherever it was chosen: key, leader, palette or slash command.

use super::chat::OpenChat;
use super::connect::ConnectPage;
use super::effect::Effect;
use super::hints::HintScope;
use super::model::{Focus, Model};
use super::model_list::{ModelList, ModelRow};
use super::overlay::Overlay;
use super::palette::Palette;
use super::panel::{Panel, PanelWish};
use super::providers::Target;
use super::remedy::Remedy;
use super::scroll::Move;
use crate::chat::{ConversationId, EntryBody};
use crate::config::action::Action;
use crate::config::look::Details;
use crate::strings;

/// A quit that asks once more is armed for so long, in ms.
const QUIT_ARMED_MS: u64 = 4000;
/// An Esc this soon after one that stopped or closed something is part of it, in ms.
const ESC_PART_MS: u64 = 600;
/// Two Escs within this time edit the last question, in ms.
const ESC_TWICE_MS: u64 = 2000;

impl Model {
    /// Does what a person wants.
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Send => {
                let text = self.composer.take();
                self.send(text)
            }
            Action::Newline => {
                self.composer.insert_str("\n");
                Vec::new()
            }
            Action::Stop => self.stop_turn(),
            Action::Back => self.back(),
            Action::Interrupt => self.interrupt(),
            Action::New => self.new_chat(),
            Action::Chats | Action::Search => self.open_browser(),
            Action::Private => self.new_private_chat(),
            Action::Export => self.export_open_chat(),
            Action::Edit => self.edit(),
            Action::Undo => self.undo_turn(),
            Action::Redo => self.redo_turn(),
            Action::VersionPrev => self.switch_version(-1),
            Action::VersionNext => self.switch_version(1),
            Action::Compare => self.compare_versions(),
            Action::Fork => self.fork(),
            Action::Copy => self.copy(),
            Action::CopyCode => self.open_hints(HintScope::Code),
            Action::CopyAny => self.open_hints(HintScope::Everything),
            Action::Select => self.select(),
            Action::Mouse => self.toggle_mouse(),
            Action::Commands => self.open(Overlay::Commands(Palette::default())),
            Action::Model => {
                self.overlays.push(Overlay::Models(ModelList::default()));
                vec![Effect::ListModels]
            }
            Action::Tools => self.toggle_tools(),
            Action::Theme => self.open_themes(),
            Action::Wire => self.open_wire(),
            Action::Find => self.open_find(),
            Action::Expand => {
                self.is_expanded = !self.is_expanded;
                self.selection = None;
                Vec::new()
            }
            Action::Details => {
                self.look.details = self.look.details.next();
                self.notify(match self.look.details {
                    Details::Short => strings::NOTICE_DETAILS_SHORT,
                    Details::Full => strings::NOTICE_DETAILS_FULL,
                    Details::Nothing => strings::NOTICE_DETAILS_NONE,
                });
                Vec::new()
            }
            Action::GoOn => self.go_on(),
            Action::Again => {
                if self.remedy() == Some(Remedy::TryAgain) {
                    return self.try_again();
                }
                if self.running_turn().is_none() {
                    self.is_again_asked = self.chat.questions().next().is_some();
                    if !self.is_again_asked {
                        self.notify(strings::NOTICE_NOTHING_ASKED);
                    }
                }
                Vec::new()
            }
            Action::Messages => {
                self.focus = if self.focus == Focus::Messages { Focus::Prompt } else { Focus::Messages };
                self.selected = None;
                Vec::new()
            }
            Action::LineUp => self.scroll_by(Move::Lines(-1)),
            Action::LineDown => self.scroll_by(Move::Lines(1)),
            Action::PageUp => self.scroll_by(Move::Pages(-1)),
            Action::PageDown => self.scroll_by(Move::Pages(1)),
            Action::MessageUp if self.focus == Focus::Messages => self.select_message(-1),
            Action::MessageDown if self.focus == Focus::Messages => self.select_message(1),
            Action::MessageUp => self.scroll_by(Move::Messages(-1)),
            Action::MessageDown => self.scroll_by(Move::Messages(1)),
            Action::Top => self.scroll_by(Move::Top),
            Action::End => self.scroll_by(Move::End),
            Action::PromptUndo => {
                if !self.composer.undo() {
                    self.notify(strings::NOTICE_NO_UNDO);
                }
                Vec::new()
            }
            Action::Redraw => vec![Effect::Redraw],
            Action::Suspend => vec![Effect::Suspend],
            Action::Help => self.open(Overlay::Help { top: 0 }),
            Action::Quit => self.end(),
        }
    }

    fn open(&mut self, overlay: Overlay) -> Vec<Effect> {
        self.overlays.push(overlay);
        Vec::new()
    }

    pub(super) fn open_palette_for_slash(&mut self) {
        self.overlays.push(Overlay::Commands(Palette { is_slash: true, ..Palette::default() }));
    }

    pub(super) fn scroll_by(&mut self, wish: Move) -> Vec<Effect> {
        let is_for_card = matches!(wish, Move::Pages(_)) && self.approval.call.is_some();
        if let Move::Pages(by) = wish
            && is_for_card
            && self.approval.scroll(by * self.approval.visible.max(1) as i64)
        {
            return Vec::new();
        }
        self.scroll.request(wish);
        Vec::new()
    }

    /// Esc: the top layer, then what asks, then the running answer, then back to the prompt, then the edit of a question.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        let now = self.now.mono_ms;
        let (closed, idle) = (self.esc_closed_ms.replace(now), self.esc_idle_ms.take());
        if let Some(effects) = self.back_in_browser() {
            return effects;
        }
        if self.selects_by_keys() {
            self.selection = None;
            return Vec::new();
        }
        self.selection = None;
        if self.hints.take().is_some() || self.overlays.pop().is_some() || self.leave_find() {
            return Vec::new();
        }
        if self.approval.is_always_asked {
            self.approval.is_always_asked = false;
        } else if self.is_again_asked {
            self.is_again_asked = false;
        } else if self.running_turn().is_some() {
            return self.stop_turn();
        } else if self.focus == Focus::Prompt && self.replaced_question.is_some() {
            self.leave_edit();
        } else if self.focus != Focus::Prompt {
            self.focus = Focus::Prompt;
            self.panel.selected = None;
        } else if let Some(effects) = self.back_to_search() {
            return effects;
        } else if self.composer.is_empty() {
            // An Esc that stopped or closed something, and one right after it, never counts.
            self.esc_closed_ms = closed;
            return self.esc_on_empty_prompt(idle);
        }
        Vec::new()
    }

    /// Esc twice on an empty prompt edits the last question.
    fn esc_on_empty_prompt(&mut self, first_ms: Option<u64>) -> Vec<Effect> {
        let now = self.now.mono_ms;
        let is_part_of_closing = self.esc_closed_ms.is_some_and(|at| now.saturating_sub(at) < ESC_PART_MS);
        if is_part_of_closing || self.chat.last_question().is_none() {
            return Vec::new();
        }
        if first_ms.is_some_and(|at| now.saturating_sub(at) < ESC_TWICE_MS) {
            return self.edit();
        }
        self.esc_idle_ms = Some(now);
        self.notify(strings::NOTICE_ESC_EDITS);
        Vec::new()
    }

    /// Takes the draft out of the prompt, where Up brings it back; a question that was being edited stays as it is.
    /// `false` when there is none.
    pub(super) fn put_draft_aside(&mut self) -> bool {
        self.replaced_question = None;
        let text = self.composer.clear_aside();
        self.bring_draft_back();
        let Some(text) = text else { return false };
        self.aside().push(text);
        self.refresh_recall();
        self.notify(strings::NOTICE_ASIDE);
        true
    }

    /// Leaves the edit of a question: what was changed is put aside, and the draft before it comes back.
    pub(super) fn leave_edit(&mut self) {
        if self.is_edit_unchanged() {
            self.composer.take();
        } else {
            self.put_draft_aside();
        }
        self.replaced_question = None;
        self.bring_draft_back();
    }

    /// Whether the question in the prompt is still the one that was said.
    pub(super) fn is_edit_unchanged(&self) -> bool {
        self.replaced_question.as_ref().is_some_and(|(id, _)| {
            let question = self.chat.conversation.message(id).map(|entry| &entry.body);
            matches!(question, Some(EntryBody::Question(text)) if *text == self.composer.text())
        })
    }

    /// What stood in the prompt before a question was brought back into it.
    pub(super) fn bring_draft_back(&mut self) {
        if let Some(draft) = self.draft_before_edit.take() {
            self.composer.set_text(&draft);
        }
    }

    /// Ctrl+C: copy what is selected, stop, put the draft aside, then quit when pressed again.
    fn interrupt(&mut self) -> Vec<Effect> {
        if let Some(effects) = self.copy_selection() {
            return effects;
        }
        if self.running_turn().is_some() {
            return self.stop_turn();
        }
        if self.put_draft_aside() {
            return Vec::new();
        }
        if !self.overlays.is_empty() {
            self.overlays.clear();
            return Vec::new();
        }
        self.quit_after_asking(strings::NOTICE_QUIT)
    }

    /// Quits when asked a second time within the notice's life.
    pub(super) fn quit_after_asking(&mut self, question: &'static str) -> Vec<Effect> {
        if self.now.mono_ms < self.quit_armed_until {
            return self.end();
        }
        self.quit_armed_until = self.now.mono_ms + QUIT_ARMED_MS;
        self.notify(question);
        Vec::new()
    }

    fn new_chat(&mut self) -> Vec<Effect> {
        self.begin_chat(OpenChat::new)
    }

    /// A chat of which nothing is kept.
    fn new_private_chat(&mut self) -> Vec<Effect> {
        self.begin_chat(OpenChat::private)
    }

    fn begin_chat(&mut self, make: fn(ConversationId) -> OpenChat) -> Vec<Effect> {
        if self.running_turn().is_some() {
            self.notify(strings::NOTICE_RUNNING_NEW);
            return Vec::new();
        }
        self.overlays.clear();
        self.leave_for(make)
    }

    /// Leaves the open chat for an empty one.
    pub(super) fn leave_for(&mut self, make: fn(ConversationId) -> OpenChat) -> Vec<Effect> {
        self.forget_load();
        let effects = self.leave_chat();
        self.chat = make(ConversationId((self.ids)().next_id()));
        self.reset_view();
        effects
    }

    fn export_open_chat(&mut self) -> Vec<Effect> {
        if !self.chat.is_begun {
            self.notify(strings::NOTICE_NOTHING_ASKED);
            return Vec::new();
        }
        if self.chat.is_private {
            self.notify(strings::NOTICE_PRIVATE_EXPORT);
            return Vec::new();
        }
        vec![Effect::Export { id: self.chat.conversation.id.clone() }]
    }

    /// Open, focus, close; over the conversation where the screen is too narrow for the panel.
    fn toggle_tools(&mut self) -> Vec<Effect> {
        if !Panel::fits(self.size.0) {
            if matches!(self.overlays.last(), Some(Overlay::Tools)) {
                self.overlays.pop();
            } else {
                self.select_first_call();
                self.overlays.push(Overlay::Tools);
            }
            return Vec::new();
        }
        match (self.panel.wish, self.focus) {
            (PanelWish::Closed, _) => self.panel.wish = PanelWish::Auto,
            (PanelWish::Auto, Focus::Panel) => {
                self.panel.wish = PanelWish::Closed;
                self.focus = Focus::Prompt;
            }
            (PanelWish::Auto, Focus::Prompt | Focus::Messages) => {
                self.focus = Focus::Panel;
                self.select_first_call();
            }
        }
        Vec::new()
    }

    /// The call a person most likely means: the one that waits for them, else one that runs, else the last.
    fn select_first_call(&mut self) {
        let Some(turn) = &self.turn else { return };
        let calls = &turn.tracker().calls;
        let waiting = turn.tracker().waiting().next().map(|call| call.id);
        let wanted = waiting.or_else(|| turn.tracker().running().next().map(|call| call.id));
        self.panel.selected =
            wanted.and_then(|id| calls.iter().position(|call| call.id == id)).or_else(|| calls.len().checked_sub(1));
    }

    /// Takes the selected row of the model list.
    pub(super) fn choose_model(&mut self) -> Vec<Effect> {
        let Some(Overlay::Models(list)) = self.overlays.last() else { return Vec::new() };
        let rows = list.rows(&self.providers.rows, &self.providers.target);
        match rows.get(list.selected) {
            Some(ModelRow::Model { target, provider }) => {
                let (target, label, asks_again) = (target.clone(), provider.label.clone(), list.asks_again);
                self.overlays.pop();
                return self.use_target(target, &label, asks_again);
            }
            Some(ModelRow::NotConnected { provider, .. }) if provider.takes_key => {
                let page = ConnectPage::new(provider);
                return self.open_connect(page);
            }
            Some(ModelRow::NotConnected { provider, hint }) => {
                let text = strings::notice_not_connected(&provider.label, hint);
                self.notify(text);
            }
            None => {}
        }
        Vec::new()
    }

    /// Opens the page for another key of the selected row's provider, where its key was pasted.
    pub(super) fn change_key(&mut self) -> Vec<Effect> {
        let Some(Overlay::Models(list)) = self.overlays.last() else { return Vec::new() };
        let rows = list.rows(&self.providers.rows, &self.providers.target);
        let Some(provider) = rows.get(list.selected).map(ModelRow::provider).filter(|row| row.takes_key) else {
            return Vec::new();
        };
        let page = ConnectPage::new(provider);
        self.open_connect(page)
    }

    pub(super) fn use_target(&mut self, target: Target, label: &str, asks_again: bool) -> Vec<Effect> {
        // A wait for the other model is over; a running answer is not stopped by a choice.
        let mut effects = Vec::new();
        if asks_again && self.running_turn().is_some_and(|turn| turn.waiting_request().is_some()) {
            effects = self.stop_turn();
        }
        let asks_again = asks_again && self.running_turn().is_none();
        let text = if self.running_turn().is_some() {
            strings::NOTICE_MODEL_NEXT.to_owned()
        } else {
            strings::notice_model(&target.model, label)
        };
        self.providers.target = target;
        self.providers.reason.clear();
        self.refresh_recall();
        if asks_again {
            effects.extend(self.try_again());
        } else {
            self.notify(text);
        }
        effects
    }
}
