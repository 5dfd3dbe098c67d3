//! Finding in the open chat: a line over the prompt, hits while it is typed, then n and N. Where hits are depends on the
//! layout, so wishes to move wait here for the next one, as those of the scroll position do.

use std::collections::VecDeque;

use super::effect::Effect;
use super::line_input::LineInput;
use super::model::{Focus, Model};
use super::scroll::ReadingPlace;
use crate::config::action::Action;
use crate::config::key::{Key, KeyCode};
use crate::config::keymap::Context;
use crate::strings;

/// Until all of a long chat was looked through it goes on after so many ms.
pub(super) const LOOK_ON_MS: u64 = 10;

/// Which hit is to be seen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindStep {
    /// The first one from where the chat was being read, else the last one before it.
    Nearest,
    /// The one after the present one, or the first.
    Next,
    /// The one before it, or the last.
    Previous,
}

/// A hit: the item it stands in, and how many stand before it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HitPlace {
    /// The item.
    pub item: usize,
    /// Its number within the item, from 0.
    pub nth: usize,
}

/// What the last layout found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Hits so far.
    pub count: usize,
    /// Which of them one is at, from 1, once all are known.
    pub number: Option<usize>,
    /// The whole chat was looked through.
    pub is_whole: bool,
}

/// What is looked for in the open chat.
#[derive(Clone, Debug)]
pub struct Find {
    /// What was typed.
    pub input: LineInput,
    /// Until Enter, letters are typed.
    pub is_typing: bool,
    /// The hit one is at.
    pub at: Option<HitPlace>,
    /// Item and line that were at the top when it began; `None` before the next layout.
    pub from: Option<(usize, usize)>,
    /// Which hits are to be gone to, one after the other, once they are known.
    pub wishes: VecDeque<FindStep>,
    /// It ends with the next layout, which still goes to the hit.
    pub is_over: bool,
    /// See [`Found`].
    pub found: Found,
    /// Where one was reading.
    began_at: ReadingPlace,
    returns_to: Focus,
}

impl Find {
    /// Where one was reading when it began.
    #[must_use]
    pub fn began_at(&self) -> ReadingPlace {
        self.began_at
    }

    /// The line at which one was reading is this one now: finding opens folds.
    pub fn held_at(&mut self, before: ReadingPlace, now: ReadingPlace) {
        if self.began_at == before {
            self.began_at = now;
        }
    }

    /// The whole chat was looked through, and it is not there.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.found.is_whole && self.found.count == 0 && !self.input.text.trim().is_empty()
    }

    /// Part of the chat was not looked through yet.
    #[must_use]
    pub(super) fn looks_on(&self) -> bool {
        !self.found.is_whole && !self.input.text.trim().is_empty()
    }

    fn typed(&mut self) {
        self.at = None;
        self.found = Found::default();
        self.wishes = VecDeque::from([FindStep::Nearest]);
    }
}

impl Model {
    /// Opens the line, or leads back into it.
    pub(super) fn open_find(&mut self) -> Vec<Effect> {
        if self.chat.conversation.entries.is_empty() {
            self.notify(strings::NOTICE_NOTHING_ASKED);
            return Vec::new();
        }
        self.notice = None;
        if let Some(find) = self.find.as_mut().filter(|find| !find.is_over) {
            find.is_typing = true;
            return Vec::new();
        }
        self.find = Some(Find {
            input: LineInput::default(),
            is_typing: true,
            at: None,
            from: None,
            wishes: VecDeque::new(),
            is_over: false,
            found: Found::default(),
            began_at: self.scroll.place(),
            returns_to: self.focus,
        });
        Vec::new()
    }

    /// What a key means while something is looked for; `None` where it means what it does otherwise.
    pub(super) fn on_find_key(&mut self, key: Key) -> Option<Vec<Effect>> {
        let find = self.find.as_mut().filter(|find| self.overlays.is_empty() && !find.is_over)?;
        let is_typing = find.is_typing;
        match (key.code, key.shift) {
            _ if key.ctrl || key.alt => {}
            (KeyCode::Enter, is_back) => return Some(self.enter_find(is_back)),
            (KeyCode::BackTab, _) | (KeyCode::Tab, true) => return Some(self.step_in_find(FindStep::Previous)),
            (KeyCode::Tab | KeyCode::Down, false) if is_typing => return Some(self.step_in_find(FindStep::Next)),
            (KeyCode::Up, false) if is_typing => return Some(self.step_in_find(FindStep::Previous)),
            (KeyCode::Char('n'), _) if !is_typing => return Some(self.step_in_find(FindStep::Next)),
            (KeyCode::Char('N'), _) if !is_typing => return Some(self.step_in_find(FindStep::Previous)),
            (KeyCode::Char('/'), _) if !is_typing => return Some(self.open_find()),
            _ => {}
        }
        if !is_typing {
            return None;
        }
        if find.input.key(key) {
            find.typed();
            return Some(Vec::new());
        }
        match self.keymap.lookup(Context::Global, key) {
            Some(Action::Interrupt) if self.running_turn().is_none() => {
                self.leave_find();
                Some(Vec::new())
            }
            Some(_) => None,
            None if key == Key::ctrl('x') => None,
            None => Some(Vec::new()),
        }
    }

    /// Enter: from now on letters are no longer typed. What is nowhere in this chat is looked for in all of them.
    fn enter_find(&mut self, is_back: bool) -> Vec<Effect> {
        let Some(find) = &mut self.find else { return Vec::new() };
        if find.is_nowhere() {
            let wanted = std::mem::take(&mut find.input.text);
            self.leave_find();
            return self.open_browser_with(&wanted);
        }
        if find.input.text.trim().is_empty() {
            find.input.text.clone_from(&self.last_found);
            if find.input.text.is_empty() {
                self.leave_find();
                return Vec::new();
            }
            find.typed();
        } else {
            find.wishes.push_back(if is_back { FindStep::Previous } else { FindStep::Next });
        }
        find.is_typing = false;
        self.last_found.clone_from(&find.input.text);
        self.focus = Focus::Messages;
        self.select_found();
        Vec::new()
    }

    fn step_in_find(&mut self, step: FindStep) -> Vec<Effect> {
        if let Some(find) = &mut self.find {
            find.wishes.push_back(step);
        }
        Vec::new()
    }

    /// The message that the hit stands in is the one that letters mean.
    pub fn select_found(&mut self) {
        let Some(at) = self.find.as_ref().filter(|find| !find.is_typing).and_then(|find| find.at) else { return };
        self.selected = self.chat.conversation.entries.get(at.item).map(|entry| entry.id.clone());
    }

    /// Esc: while it is typed, back to where one was reading; after Enter one stays at the hit. `false` when nothing is
    /// looked for.
    pub(super) fn leave_find(&mut self) -> bool {
        let Some(find) = self.find.as_mut().filter(|find| !find.is_over) else { return false };
        self.focus = find.returns_to;
        find.is_over = true;
        if find.is_typing {
            self.scroll.return_to(find.began_at);
            self.find = None;
        }
        true
    }

    /// Whoever goes on typing elsewhere is done with finding.
    pub(super) fn close_find_if_left(&mut self) {
        let is_left = self.find.as_ref().is_some_and(|find| !find.is_typing && self.focus != Focus::Messages);
        if let Some(find) = self.find.as_mut().filter(|_| is_left) {
            find.is_over = true;
        }
    }

    /// A paste goes where typing goes; `false` where that is not here.
    pub(super) fn paste_in_find(&mut self, text: &str) -> bool {
        let Some(find) = self.find.as_mut().filter(|find| find.is_typing) else { return false };
        find.input.paste(text);
        find.typed();
        true
    }
}
