//! What a key means in each state, in one place. The order: leader, layers, cards that ask, focus, key map, prompt.

use super::composer::EnterOutcome;
use super::effect::Effect;
use super::model::{Focus, Model};
use super::msg::Msg;
use super::overlay::Overlay;
use super::scroll::Move;
use crate::agent::Event;
use crate::config::action::Action;
use crate::config::key::{Key, KeyCode};
use crate::config::keymap::Context;
use crate::store::Order;
use crate::strings;

/// Two letters within this time are typing, not commands, in ms.
const TYPING_MS: u64 = 150;
/// Ctrl+D does not quit this long after it scrolled, in ms.
const HALF_PAGE_MS: u64 = 1000;
/// Lines of a page in overlays.
const OVERLAY_PAGE: i64 = 10;

impl Model {
    pub(super) fn on_key(&mut self, key: Key) -> Vec<Effect> {
        let now = self.now.mono_ms;
        self.key_before_ms = std::mem::replace(&mut self.last_key_ms, now);
        let (layers, told) = (self.overlays.len(), self.notice.clone());
        let effects = self.route(key);
        if self.overlays.len() > layers && self.notice == told {
            // On a page it would tell of something else, in the place of its keys.
            self.notice = None;
        }
        if key.typed().is_none() {
            self.last_letter = None;
        }
        effects
    }

    fn route(&mut self, key: Key) -> Vec<Effect> {
        let is_quit_again = key == Key::ctrl('c') || key == Key::ctrl('d');
        if !is_quit_again {
            self.quit_armed_until = 0;
        }
        if key != Key::plain(KeyCode::Esc) {
            self.esc_idle_ms = None;
        }
        if self.leader_since.take().is_some() {
            if key == Key::plain(KeyCode::Esc) {
                self.esc_closed_ms = Some(self.now.mono_ms);
            }
            return self.on_leader_key(key);
        }
        if key == Key::plain(KeyCode::Esc) {
            return self.back();
        }
        if (self.hints.is_some() || self.selects_by_keys())
            && let Some(effects) = self.on_key_of_any_state(key)
        {
            return effects;
        }
        if self.hints.is_some() {
            return match self.typed_over_hints(key) {
                Some(letters) => self.back_to_prompt(&letters),
                None => self.on_hint_key(key),
            };
        }
        if self.selects_by_keys() && key != Key::ctrl('x') {
            return self.on_selection_key(key);
        }
        if let Some(effects) = self.on_find_key(key) {
            self.last_letter = None;
            return effects;
        }
        if let Some(letters) = self.typed_fast(key) {
            return self.back_to_prompt(&letters);
        }
        if !self.overlays.is_empty() {
            return self.on_overlay_key(key);
        }
        if key == Key::ctrl('x') {
            self.leader_since = Some(self.now.mono_ms);
            return Vec::new();
        }
        if let Some(effects) = self.on_question_key(key) {
            return effects;
        }
        let context = self.key_context();
        match self.focus {
            Focus::Panel => {
                if let Some(effects) = self.on_panel_key(key) {
                    return effects;
                }
            }
            Focus::Messages => {
                if let Some(effects) = self.on_message_key(key) {
                    return effects;
                }
            }
            Focus::Prompt => {}
        }
        if let Some(action) = self.keymap.lookup(context, key) {
            let is_letter = context == Context::Messages && key.typed().is_some();
            if is_letter && waits_for_typing(action) {
                self.held_letter = Some((action, self.now.mono_ms + TYPING_MS));
                return Vec::new();
            }
            return self.on_bound(action, key);
        }
        if context == Context::Empty && key == Key::char('/') {
            self.open_palette_for_slash();
            return Vec::new();
        }
        self.on_prompt_key(key)
    }

    /// Quitting, pausing and drawing anew, which nothing that waits for letters is in the way of.
    fn on_key_of_any_state(&mut self, key: Key) -> Option<Vec<Effect>> {
        match self.keymap.lookup(Context::Global, key)? {
            action @ (Action::Quit | Action::Suspend | Action::Redraw) => Some(self.act(action)),
            _ => None,
        }
    }

    fn on_bound(&mut self, action: Action, key: Key) -> Vec<Effect> {
        if self.focus == Focus::Messages && matches!(action, Action::Send | Action::Newline) {
            self.focus = Focus::Prompt;
        }
        match action {
            Action::Send if self.enter_is_newline => self.act(Action::Newline),
            Action::Newline if self.enter_is_newline => self.act(Action::Send),
            Action::Send => match self.composer.enter() {
                EnterOutcome::Send(text) => self.send(text),
                EnterOutcome::NewLine => Vec::new(),
            },
            Action::Quit if key == Key::ctrl('d') => {
                let was_scrolling =
                    self.last_half_page_ms.is_some_and(|time| self.now.mono_ms.saturating_sub(time) < HALF_PAGE_MS);
                if was_scrolling {
                    return Vec::new();
                }
                if self.running_turn().is_some() {
                    return self.quit_after_asking(strings::NOTICE_RUNNING_QUIT);
                }
                self.act(action)
            }
            action => self.act(action),
        }
    }

    fn on_prompt_key(&mut self, key: Key) -> Vec<Effect> {
        if self.focus == Focus::Panel {
            if key.typed().is_none() {
                return Vec::new();
            }
            self.focus = Focus::Prompt;
        }
        if self.focus == Focus::Messages && key.typed().is_some() {
            self.focus = Focus::Prompt;
        }
        let is_up = key == Key::plain(KeyCode::Up);
        if is_up
            && self.composer.is_empty()
            && let Some(text) = self.queue.pop_back()
        {
            self.composer.set_text(&text);
            return Vec::new();
        }
        self.composer.key(key);
        Vec::new()
    }

    /// Two letters right after each other belong to the prompt, wherever the first one went.
    fn typed_fast(&mut self, key: Key) -> Option<String> {
        let letter = key.typed()?;
        let now = self.now.mono_ms;
        let before = self.last_letter.replace((letter, now));
        let is_listening = self.focus != Focus::Prompt && self.overlays.is_empty();
        let is_overlay_of_letter = self.last_letter_opened(before);
        if !(is_listening || is_overlay_of_letter) {
            return None;
        }
        let (first, at) = before?;
        if first == letter && self.scrolls(key) {
            // A key that is held down.
            return None;
        }
        (now.saturating_sub(at) < TYPING_MS && first.is_alphanumeric()).then(|| {
            if is_overlay_of_letter {
                self.overlays.pop();
            }
            format!("{first}{letter}")
        })
    }

    /// Where keys count now.
    #[must_use]
    pub fn key_context(&self) -> Context {
        match self.focus {
            Focus::Prompt if self.composer.is_empty() => Context::Empty,
            Focus::Prompt => Context::Prompt,
            Focus::Messages => Context::Messages,
            Focus::Panel => Context::Global,
        }
    }

    /// Whether this letter scrolls where keys go now.
    fn scrolls(&self, key: Key) -> bool {
        self.focus == Focus::Messages
            && matches!(self.keymap.lookup(Context::Messages, key), Some(Action::LineUp | Action::LineDown))
    }

    /// Whether the layer on top was opened by the letter right before: only the messages' `m` does that.
    fn last_letter_opened(&self, before: Option<(char, u64)>) -> bool {
        self.focus == Focus::Messages
            && before.is_some_and(|(letter, _)| letter == 'm')
            && matches!(self.overlays.last(), Some(Overlay::Models(list)) if list.input.text.is_empty())
    }

    /// Does what a letter among the messages means, once no other letter can show that it was typing; `next` is what
    /// happens now.
    pub(super) fn act_on_held_letter(&mut self, next: &Msg) -> Vec<Effect> {
        let now = self.now.mono_ms;
        let is_typing = matches!(next, Msg::KeyPressed(key) if key.typed().is_some());
        let is_over = matches!(next, Msg::KeyPressed(_) | Msg::Pasted(_));
        let held = self.held_letter.take_if(|(_, due)| *due <= now || is_over);
        match held {
            Some((action, due)) if due <= now || !is_typing => self.act(action),
            Some(_) | None => Vec::new(),
        }
    }

    fn back_to_prompt(&mut self, letters: &str) -> Vec<Effect> {
        self.focus = Focus::Prompt;
        self.is_again_asked = false;
        self.approval.is_always_asked = false;
        self.last_letter = None;
        self.composer.insert_str(letters);
        Vec::new()
    }

    fn on_leader_key(&mut self, key: Key) -> Vec<Effect> {
        if key == Key::ctrl('s') {
            self.notify(strings::NOTICE_SAVES);
            return Vec::new();
        }
        if let Some(digit) = key.typed().and_then(|c| c.to_digit(10)).filter(|digit| *digit > 0) {
            if self.running_turn().is_some() {
                self.notify(strings::NOTICE_RUNNING_OPEN);
                return Vec::new();
            }
            let search = self.next_request_id();
            self.recent = Some((search, digit as usize - 1));
            let limit = digit as usize;
            return vec![Effect::ListChats {
                search,
                query: String::new(),
                order: Order::Time,
                limit,
                is_again: false,
            }];
        }
        match self.keymap.leader(key) {
            Some(action) => {
                self.overlays.clear();
                self.act(action)
            }
            None => self.on_key_of_any_state(key).unwrap_or_default(),
        }
    }

    /// Questions in the conversation: a call that waits, and "ask again?".
    fn on_question_key(&mut self, key: Key) -> Option<Vec<Effect>> {
        if self.is_again_asked {
            self.is_again_asked = false;
            return match key.typed() {
                Some('r') => Some(self.ask_again()),
                Some('m') => Some(self.choose_other_model()),
                _ => None,
            };
        }
        let call = self.approval.call?;
        let is_in_panel = self.focus == Focus::Panel;
        let is_quiet = self.approval.is_quiet(self.key_before_ms, self.now.mono_ms);
        let is_heard_at_prompt = self.focus == Focus::Prompt && self.composer.is_empty() && is_quiet;
        if !is_in_panel && !is_heard_at_prompt {
            return None;
        }
        let letter = key.typed()?;
        if !is_quiet && matches!(letter, 'y' | 'a') {
            self.notify(strings::NOTICE_TOO_SOON);
            return Some(Vec::new());
        }
        if std::mem::take(&mut self.approval.is_always_asked) {
            return match letter {
                'y' => Some(self.on_turn_answer(Event::ToolApproved { call })),
                'n' => Some(Vec::new()),
                _ => None,
            };
        }
        match letter {
            'y' | 'a' if !self.approval.is_seen => {
                // The tools may stand over it.
                self.overlays.clear();
                self.scroll.request(Move::End);
                self.notify(strings::NOTICE_SEE_ALL);
                Some(Vec::new())
            }
            'y' => Some(self.on_turn_answer(Event::CallApproved { call })),
            'n' => Some(self.on_turn_answer(Event::CallRefused { call })),
            'a' => {
                self.approval.is_always_asked = true;
                Some(Vec::new())
            }
            _ => None,
        }
    }

    pub(super) fn on_turn_answer(&mut self, event: Event) -> Vec<Effect> {
        if let (Event::ToolApproved { call }, Some(turn)) = (&event, &self.turn)
            && let Some(name) = turn.tracker().get(*call).map(|call| call.name.clone())
        {
            self.allow_in_this_chat(&name);
        }
        if self.focus == Focus::Panel && self.turn.as_ref().is_some_and(|turn| turn.tracker().waiting().count() <= 1) {
            self.focus = Focus::Prompt;
        }
        self.on_turn(event, 0.0)
    }

    fn on_message_key(&mut self, key: Key) -> Option<Vec<Effect>> {
        if key == Key::plain(KeyCode::Enter)
            && let Some(remedy) = self.remedy()
        {
            return Some(self.apply(remedy));
        }
        if key == Key::ctrl('u') || key == Key::ctrl('d') {
            self.last_half_page_ms = Some(self.now.mono_ms);
            let by = if key == Key::ctrl('u') { -1 } else { 1 };
            return Some(self.scroll_by(Move::HalfPages(by)));
        }
        match key.code {
            KeyCode::Up if !key.ctrl && !key.alt => return Some(self.scroll_by(Move::Lines(-1))),
            KeyCode::Down if !key.ctrl && !key.alt => return Some(self.scroll_by(Move::Lines(1))),
            _ => {}
        }
        match key.typed()? {
            'w' if self.has_reason() => self.is_why_shown = !self.is_why_shown,
            'm' if self.remedy().is_some() => return Some(self.choose_other_model()),
            'm' => return Some(self.act(Action::Model)),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn on_panel_key(&mut self, key: Key) -> Option<Vec<Effect>> {
        let calls = self.turn.as_ref().map_or(0, |turn| turn.tracker().calls.len());
        let selected = self.panel.selected.unwrap_or(0).min(calls.saturating_sub(1));
        if key.ctrl || key.alt {
            return None;
        }
        match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.panel.selected = Some(selected.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => {
                self.panel.selected = Some((selected + 1).min(calls.saturating_sub(1)));
            }
            KeyCode::Enter if calls > 0 => self.overlays.push(Overlay::Call { at: selected, top: 0 }),
            KeyCode::Char('y') => return Some(self.copy_call(selected)),
            KeyCode::Char('x') => {
                let call = self.turn.as_ref().and_then(|turn| turn.tracker().calls.get(selected)).map(|call| call.id);
                return Some(call.map(|call| self.on_turn(Event::CallStopped { call }, 0.0)).unwrap_or_default());
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    pub(super) fn on_overlay_key(&mut self, key: Key) -> Vec<Effect> {
        let bound = self.keymap.lookup(Context::Global, key);
        let toggles = match self.overlays.last() {
            Some(Overlay::Help { .. }) => Some(Action::Help),
            Some(Overlay::Commands(_)) => Some(Action::Commands),
            Some(Overlay::Models(_)) => Some(Action::Model),
            Some(Overlay::Themes(_)) => Some(Action::Theme),
            Some(Overlay::Chats(_)) => Some(Action::Chats),
            Some(Overlay::Tools) => Some(Action::Tools),
            Some(Overlay::Wire(_)) => Some(Action::Wire),
            Some(Overlay::Compare(_)) => Some(Action::Compare),
            Some(Overlay::Connect(_) | Overlay::Call { .. }) | None => None,
        };
        match bound {
            Some(action) if Some(action) == toggles => {
                self.overlays.pop();
                return Vec::new();
            }
            Some(Action::Quit | Action::Suspend | Action::Redraw) if key != Key::ctrl('d') => {
                return self.on_key_of_any_state(key).unwrap_or_default();
            }
            Some(Action::Interrupt) if self.running_turn().is_some() => return self.stop_turn(),
            Some(Action::Interrupt) => {
                self.overlays.pop();
                return Vec::new();
            }
            _ => {}
        }
        match self.overlays.last_mut() {
            Some(Overlay::Call { at, .. }) if key.typed() == Some('y') => {
                let at = *at;
                self.copy_call(at)
            }
            Some(Overlay::Help { top } | Overlay::Call { top, .. }) => {
                let by = step_of(key).unwrap_or(0);
                *top = usize::try_from(*top as i64 + by).unwrap_or(0);
                if key.typed() == Some('q') || key.typed() == Some('?') || key.code == KeyCode::Enter {
                    self.overlays.pop();
                }
                Vec::new()
            }
            Some(Overlay::Tools) => {
                if let Some(effects) = self.on_question_key_in_tools(key) {
                    return effects;
                }
                self.on_panel_key(key).unwrap_or_default()
            }
            Some(Overlay::Commands(_)) => self.on_palette_key(key),
            Some(Overlay::Models(_)) => self.on_model_list_key(key),
            Some(Overlay::Themes(_)) => self.on_theme_list_key(key),
            Some(Overlay::Connect(_)) => self.on_connect_key(key),
            Some(Overlay::Chats(_)) => self.on_browser_key(key),
            Some(Overlay::Wire(_)) => self.on_wire_key(key),
            Some(Overlay::Compare(_)) => self.on_compare_key(key),
            None => Vec::new(),
        }
    }

    /// In the tools over the conversation the letters of a waiting call count, as they do in the panel.
    fn on_question_key_in_tools(&mut self, key: Key) -> Option<Vec<Effect>> {
        let focus = std::mem::replace(&mut self.focus, Focus::Panel);
        let effects = self.on_question_key(key);
        self.focus = focus;
        if effects.is_some() && self.turn.as_ref().is_none_or(|turn| turn.tracker().waiting().next().is_none()) {
            self.overlays.retain(|overlay| !matches!(overlay, Overlay::Tools));
        }
        effects
    }

    fn on_palette_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(Overlay::Commands(palette)) = self.overlays.last_mut() else { return Vec::new() };
        if let Some(by) = arrow_step(key) {
            let last = palette.matches().len().saturating_sub(1);
            palette.selected = usize::try_from(palette.selected as i64 + by).unwrap_or(0).min(last);
            return Vec::new();
        }
        if key == Key::plain(KeyCode::Enter) || (key == Key::plain(KeyCode::Tab) && palette.is_slash) {
            let chosen = palette.matches().get(palette.selected).map(|info| info.action);
            let (Some(action), number) = (chosen, palette.number()) else { return Vec::new() };
            self.overlays.pop();
            if let Some(number) = number {
                return self.copy_answer(number);
            }
            return self.act(action);
        }
        if palette.is_slash && palette.input.text.is_empty() && key == Key::plain(KeyCode::Backspace) {
            self.overlays.pop();
            return Vec::new();
        }
        if palette.input.key(key) {
            palette.selected = 0;
            if palette.is_slash && palette.matches().is_empty() {
                let text = format!("/{}", palette.input.text);
                self.overlays.pop();
                self.composer.insert_str(&text);
            }
        }
        Vec::new()
    }

    fn on_model_list_key(&mut self, key: Key) -> Vec<Effect> {
        if key == Key::plain(KeyCode::Enter) {
            return self.choose_model();
        }
        if key == Key::plain(KeyCode::Tab) {
            return self.change_key();
        }
        let Some(Overlay::Models(list)) = self.overlays.last_mut() else { return Vec::new() };
        if let Some(by) = arrow_step(key) {
            let last = list.rows(&self.providers.rows, &self.providers.target).len().saturating_sub(1);
            list.selected = usize::try_from(list.selected as i64 + by).unwrap_or(0).min(last);
        } else if list.input.key(key) {
            list.selected = 0;
        }
        Vec::new()
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Vec<Effect> {
        self.last_key_ms = self.now.mono_ms;
        self.wait_for_no_letter();
        if self.overlays.is_empty() && self.paste_in_find(text) {
            return Vec::new();
        }
        match self.overlays.last_mut() {
            None => {
                self.focus = Focus::Prompt;
                self.composer.paste(text);
            }
            Some(Overlay::Commands(palette)) if palette.is_slash => {
                let text = format!("/{}{text}", palette.input.text);
                self.overlays.pop();
                self.composer.paste(&text);
            }
            Some(Overlay::Commands(palette)) => palette.input.paste(text),
            Some(Overlay::Models(list)) => list.input.paste(text),
            Some(Overlay::Connect(page)) => page.paste(text),
            Some(Overlay::Chats(_)) => return self.paste_in_browser(text),
            Some(
                Overlay::Help { .. }
                | Overlay::Tools
                | Overlay::Themes(_)
                | Overlay::Call { .. }
                | Overlay::Wire(_)
                | Overlay::Compare(_),
            ) => {
                self.overlays.clear();
                self.composer.paste(text);
            }
        }
        Vec::new()
    }

    /// What was waiting for a letter waits no more: the next one means something else.
    pub(super) fn wait_for_no_letter(&mut self) {
        (self.leader_since, self.hints, self.is_again_asked) = (None, None, false);
        self.approval.is_always_asked = false;
        if self.selects_by_keys() {
            self.selection = None;
        }
    }

    pub(super) fn on_wheel(&mut self, lines: i64) -> Vec<Effect> {
        match self.overlays.last_mut() {
            None => self.scroll.request(Move::Lines(lines)),
            Some(Overlay::Help { top } | Overlay::Call { top, .. }) => {
                *top = usize::try_from(*top as i64 + lines).unwrap_or(0);
            }
            Some(Overlay::Wire(page)) => page.scroll_rows(lines),
            Some(Overlay::Compare(page)) => page.top = usize::try_from(page.top as i64 + lines).unwrap_or(0),
            Some(Overlay::Chats(_)) => return self.select_chat(lines.signum()),
            Some(Overlay::Commands(_) | Overlay::Models(_) | Overlay::Themes(_)) => {
                let code = if lines < 0 { KeyCode::Up } else { KeyCode::Down };
                return self.on_overlay_key(Key::plain(code));
            }
            Some(Overlay::Tools | Overlay::Connect(_)) => {}
        }
        Vec::new()
    }

    fn allow_in_this_chat(&mut self, name: &str) {
        for tool in self.tools.iter_mut().filter(|tool| tool.spec.name == name) {
            tool.is_allowed_here = true;
        }
    }
}

/// Up and Down, also as Ctrl+P and Ctrl+N are not free: one row.
fn arrow_step(key: Key) -> Option<i64> {
    match key.code {
        KeyCode::Up => Some(-1),
        KeyCode::Down => Some(1),
        _ => None,
    }
}

fn step_of(key: Key) -> Option<i64> {
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => Some(-1),
        KeyCode::Down | KeyCode::Char('j') => Some(1),
        KeyCode::PageUp => Some(-OVERLAY_PAGE),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(OVERLAY_PAGE),
        KeyCode::Home | KeyCode::Char('g') => Some(i64::from(i32::MIN)),
        _ => None,
    }
}

/// Whether it changes which messages are shown, leaves them, or takes the place of what was copied before.
fn waits_for_typing(action: Action) -> bool {
    matches!(action, Action::Edit | Action::Undo | Action::Redo | Action::Compare | Action::Fork | Action::Copy)
}
