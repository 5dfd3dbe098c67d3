//! What is copied is what was said, as it is stored: never the drawn text with its wraps and indents. Where it went is
//! told once it is there.

use super::effect::Effect;
use super::model::{Focus, Model};
use super::opener::{NotOpened, OpenWish};
use crate::agent::TrackedCall;
use crate::chat::{Arguments, Entry, EntryBody};
use crate::strings::copying as words;

/// A copy that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyWish {
    /// The text.
    pub text: String,
    /// What it is, in a few words.
    pub what: String,
    /// Why it is copied, where something else was asked for.
    pub because: Option<NotOpened>,
    /// It may not be written to any file.
    pub is_private: bool,
}

/// Where a copy went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyWay {
    /// Into the desktop's clipboard.
    Clipboard,
    /// To tmux, which hands it to its terminal.
    Tmux,
    /// To the terminal, which does not say whether it took it.
    Terminal,
    /// Into a file.
    File {
        /// Its path, for people.
        path: String,
        /// The terminal has a clipboard, but not for so much.
        is_too_long: bool,
    },
}

impl Model {
    /// Copies this; an empty text is not worth a clipboard.
    pub(super) fn copy_text(&mut self, text: String, what: impl Into<String>) -> Vec<Effect> {
        if text.is_empty() {
            self.notify(words::NOTHING);
            return Vec::new();
        }
        let wish = CopyWish { text, what: what.into(), because: None, is_private: self.chat.is_private };
        vec![Effect::Copy(wish)]
    }

    /// Copies what is selected, else the selected message, or the last answer.
    pub(super) fn copy(&mut self) -> Vec<Effect> {
        if let Some(effects) = self.copy_selection() {
            return effects;
        }
        let selected = self.selected_place().filter(|_| self.focus == Focus::Messages);
        let meant = selected.and_then(|at| self.chat.conversation.entries.get(at)).and_then(said);
        match meant {
            Some((text, what)) => {
                let text = text.to_owned();
                self.copy_text(text, what)
            }
            None => self.copy_answer(1),
        }
    }

    /// Copies an answer; 1 is the last one, 2 the one before.
    pub(super) fn copy_answer(&mut self, number: usize) -> Vec<Effect> {
        let answers = self.chat.conversation.entries.iter().rev();
        let mut texts = answers.filter(|entry| matches!(entry.body, EntryBody::Answer { .. })).filter_map(said);
        let found = number.checked_sub(1).and_then(|at| texts.nth(at)).map(|(text, _)| text.to_owned());
        match found {
            Some(text) if number == 1 => self.copy_text(text, words::LAST_ANSWER),
            Some(text) => self.copy_text(text, words::answer_before(number - 1)),
            None => {
                let count = self.chat.conversation.entries.iter().filter(|entry| is_answer(entry)).count();
                self.notify(words::no_such_answer(count));
                Vec::new()
            }
        }
    }

    /// Copies a call of the turn: its name, its arguments, its result.
    pub(super) fn copy_call(&mut self, at: usize) -> Vec<Effect> {
        let call = self.turn.as_ref().and_then(|turn| turn.tracker().calls.get(at));
        match call.map(call_text) {
            Some(text) => self.copy_text(text, words::CALL),
            None => Vec::new(),
        }
    }

    /// Tells where a copy of so many characters and lines went; the error is words without a full stop.
    pub(super) fn on_copied(
        &mut self,
        what: &str,
        because: Option<NotOpened>,
        size: CopySize,
        way: Result<CopyWay, String>,
    ) {
        let CopySize { lines, characters } = size;
        let before = match because {
            None => "",
            Some(NotOpened::Remote) => words::REMOTE,
            Some(NotOpened::NoFile) => words::NO_FILE,
            Some(NotOpened::NotOnlyRead) => words::NOT_ONLY_READ,
            Some(NotOpened::Failed) => words::NOT_OPENED,
        };
        let told = match way {
            Ok(CopyWay::Clipboard) => words::copied(what, lines, characters, ""),
            Ok(CopyWay::Tmux) => words::copied(what, lines, characters, words::THROUGH_TMUX),
            Ok(CopyWay::Terminal) => words::copied(what, lines, characters, words::THROUGH_TERMINAL),
            Ok(CopyWay::File { path, is_too_long }) => {
                words::copied_to_file(&path, is_too_long, usize::from(self.size.0).saturating_sub(2))
            }
            Err(why) => words::not_copied(&why),
        };
        self.notify(format!("{before}{told}"));
    }
}

/// What could not be opened is copied instead.
pub(super) fn copy_instead(wish: OpenWish, why: NotOpened) -> Effect {
    let what = if wish.is_path { words::PATH } else { words::ADDRESS }.to_owned();
    Effect::Copy(CopyWish { text: wish.target, what, because: Some(why), is_private: wish.is_private })
}

/// How much was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopySize {
    /// Lines; the end of the last one counts for none.
    pub lines: usize,
    /// Characters.
    pub characters: usize,
}

impl CopySize {
    /// The size of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { lines: text.lines().count(), characters: text.chars().count() }
    }
}

/// The text of a question or an answer, with the words for it; `None` where nothing is said.
fn said(entry: &Entry) -> Option<(&str, &'static str)> {
    match &entry.body {
        EntryBody::Question(text) => Some((text.as_str(), words::QUESTION)),
        EntryBody::Answer { message, .. } => Some((message.text.as_str(), words::ANSWER)),
        EntryBody::ToolResult(_) => None,
    }
    .filter(|(text, _)| !text.trim().is_empty())
}

fn is_answer(entry: &Entry) -> bool {
    matches!(entry.body, EntryBody::Answer { .. }) && said(entry).is_some()
}

fn call_text(call: &TrackedCall) -> String {
    let arguments = call.arguments.as_ref().map_or_else(|| call.arguments_text.clone(), Arguments::to_json_text);
    let parts = [call.name.clone(), arguments, call.output.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}
