//! Letters over what is on the screen: pressing one copies what it stands at, from its source. What there is to pick is
//! found where the rows are known, when the letters are first drawn, and keeps its letter from then on.

use super::effect::Effect;
use super::model::{Focus, Model};
use super::opener::OpenWish;
use crate::chat::MessageId;
use crate::config::key::{Key, KeyCode};
use crate::strings::copying as words;

/// The letters, those under the fingers first.
const LETTERS: &[u8] = b"asdfghjkl";
/// A letter this soon after the one that opened them is typing, in ms.
const TYPING_MS: u64 = 150;

/// What can be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintKind {
    /// A block of code.
    Code,
    /// A command in a block of code, without the prompt before it.
    Command,
    /// A table; the other text is CSV.
    Table,
    /// A web or mail address.
    Address,
    /// The path of a file.
    Path,
    /// A heading, a paragraph, an item of a list.
    Paragraph,
    /// A question.
    Question,
}

/// One thing that can be picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The letters that pick it.
    pub label: String,
    /// The message it stands in.
    pub message: MessageId,
    /// Its row among those of the message.
    pub row: usize,
    /// The column at which its letters are drawn.
    pub column: u16,
    /// Where its block begins in the message's source.
    pub source_start: usize,
    /// What it is.
    pub kind: HintKind,
    /// What is copied.
    pub text: String,
    /// What Shift makes of it, where that is another text.
    pub other: Option<String>,
}

/// Which things get letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintScope {
    /// Blocks of code.
    Code,
    /// Everything.
    Everything,
}

/// The letters.
#[derive(Clone, Debug)]
pub struct Hints {
    /// Which things get them.
    pub scope: HintScope,
    /// The letters typed so far.
    pub typed: String,
    /// What can be picked; `None` before it was looked for.
    pub found: Option<Vec<Hint>>,
    /// The letter that opened them, and when.
    opened_by: Option<(char, u64)>,
}

impl Hints {
    /// What the letters typed so far may still mean.
    pub fn left(&self) -> impl Iterator<Item = &Hint> {
        let typed = self.typed.to_lowercase();
        self.found.iter().flatten().filter(move |hint| hint.label.starts_with(&typed))
    }
}

/// The letters for so many things, as few as needed; none is the beginning of another one.
fn labels(count: usize) -> Vec<String> {
    let letters = LETTERS.len();
    let pairs_of = count.saturating_sub(letters).div_ceil(letters - 1).min(letters);
    let (single, first) = LETTERS.split_at(letters - pairs_of);
    let pairs = first.iter().flat_map(|one| LETTERS.iter().map(move |other| [*one, *other]));
    let single = single.iter().map(|letter| char::from(*letter).to_string());
    single.chain(pairs.map(|pair| pair.map(char::from).iter().collect())).take(count).collect()
}

impl Model {
    /// Opens the letters.
    pub(super) fn open_hints(&mut self, scope: HintScope) -> Vec<Effect> {
        if self.chat.conversation.entries.is_empty() {
            self.notify(words::NOTHING);
            return Vec::new();
        }
        self.overlays.clear();
        let opened_by = self.last_letter.filter(|_| self.focus == Focus::Messages);
        self.notice = None;
        self.hints = Some(Hints { scope, typed: String::new(), found: None, opened_by });
        Vec::new()
    }

    /// This can be picked, in the order of the letters; their labels are given here.
    pub fn hints_found(&mut self, mut found: Vec<Hint>) {
        let Some(hints) = &mut self.hints else { return };
        if found.is_empty() {
            let text = if hints.scope == HintScope::Code { words::NO_CODE } else { words::NOTHING };
            self.hints = None;
            self.notify(text);
            return;
        }
        let labels = labels(found.len());
        found.truncate(labels.len());
        for (hint, label) in found.iter_mut().zip(labels) {
            hint.label = label;
        }
        hints.found = Some(found);
    }

    /// The letter that opened the letters and this one right after it were typing.
    pub(super) fn typed_over_hints(&mut self, key: Key) -> Option<String> {
        let letter = key.typed()?;
        let (first, at) = self.hints.as_ref()?.opened_by?;
        let is_typing = self.now.mono_ms.saturating_sub(at) < TYPING_MS;
        is_typing.then(|| {
            self.hints = None;
            format!("{first}{letter}")
        })
    }

    pub(super) fn on_hint_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(hints) = &mut self.hints else { return Vec::new() };
        match (key.code, key.typed()) {
            (KeyCode::Tab, _) => {
                let other = match hints.scope {
                    HintScope::Code => HintScope::Everything,
                    HintScope::Everything => HintScope::Code,
                };
                (hints.scope, hints.found, hints.opened_by) = (other, None, None);
                hints.typed.clear();
            }
            (KeyCode::Backspace, _) => drop(hints.typed.pop()),
            (KeyCode::Char('c'), None) if key.ctrl => self.hints = None,
            (_, Some(letter)) => {
                hints.typed.push(letter);
                let typed = hints.typed.to_lowercase();
                let is_other = hints.typed.chars().any(char::is_uppercase);
                let picked = hints.left().find(|hint| hint.label == typed).cloned();
                if let Some(hint) = picked {
                    self.hints = None;
                    return self.pick(hint, is_other);
                }
                if hints.left().next().is_none() {
                    hints.typed.pop();
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn pick(&mut self, hint: Hint, is_other: bool) -> Vec<Effect> {
        let Hint { kind, text, other, .. } = hint;
        match (kind, other) {
            (HintKind::Table, Some(csv)) if is_other => self.copy_text(csv, words::TABLE_CSV),
            (HintKind::Address | HintKind::Path, _) if is_other => {
                let is_path = kind == HintKind::Path;
                vec![Effect::Open(OpenWish { target: text, is_path, is_private: self.chat.is_private })]
            }
            _ => self.copy_text(text, kind.word()),
        }
    }
}

impl HintKind {
    /// What it is, in a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Code => words::CODE,
            Self::Command => words::COMMAND,
            Self::Table => words::TABLE,
            Self::Address => words::ADDRESS,
            Self::Path => words::PATH,
            Self::Paragraph => words::PARAGRAPH,
            Self::Question => words::QUESTION,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_few_and_none_begins_another() {
        assert_eq!(labels(3), ["a", "s", "d"]);
        assert_eq!(labels(9).join(""), "asdfghjkl");
        assert_eq!(labels(10), ["a", "s", "d", "f", "g", "h", "j", "k", "la", "ls"]);
        for count in 0..200 {
            let labels = labels(count);
            assert_eq!(labels.len(), count.min(81), "{count}");
            for (at, one) in labels.iter().enumerate() {
                assert!(labels[at + 1..].iter().all(|other| !other.starts_with(one) && !one.starts_with(other)));
            }
        }
    }
}
