//! Two versions of a message, compared word by word.

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::{DiffTag, DiffableStr as _};

use super::effect::Effect;
use super::model::Model;
use super::overlay::Overlay;
use crate::config::key::{Key, KeyCode};

/// Bytes of a version that are compared word by word; longer ones are compared line by line.
const BY_WORDS: usize = 64 * 1024;

/// What a piece of text is to the two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// In both.
    Both,
    /// Only in the older one.
    Removed,
    /// Only in the newer one.
    Added,
}

/// The page that compares versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparePage {
    /// What was said in each version, oldest first; from outside.
    texts: Vec<String>,
    /// The older one of the two, from 0.
    pub from: usize,
    /// The newer one, from 0.
    pub to: usize,
    /// The pieces of both, in order.
    pub pieces: Vec<(Piece, String)>,
    /// First line shown.
    pub top: usize,
}

impl ComparePage {
    /// The version at `shown` beside the one before it, or the first beside the second.
    #[must_use]
    pub(super) fn new(texts: Vec<String>, shown: usize) -> Self {
        let to = shown.max(1).min(texts.len().saturating_sub(1));
        let mut page = Self { texts, from: to.saturating_sub(1), to, pieces: Vec::new(), top: 0 };
        page.compare();
        page
    }

    /// How many versions there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// Whether both say the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.pieces.iter().all(|(piece, _)| *piece == Piece::Both)
    }

    /// Compares the next pair, or the one before.
    fn turn(&mut self, by: i64) {
        let last = self.texts.len().saturating_sub(1);
        let to = usize::try_from(self.to as i64 + by).unwrap_or(0).clamp(1.min(last), last);
        if to != self.to {
            (self.from, self.to, self.top) = (to.saturating_sub(1), to, 0);
            self.compare();
        }
    }

    fn compare(&mut self) {
        let (old, new) = (self.texts[self.from].as_str(), self.texts[self.to].as_str());
        let is_long = old.len().max(new.len()) > BY_WORDS;
        let [old, new] = [old, new].map(|text| if is_long { text.tokenize_lines() } else { text.tokenize_words() });
        // One algorithm by its name: the ways around it bring all of them into the program, half a megabyte.
        let mut told = Compact::new(Replace::new(Capture::new()), &old, &new);
        let Ok(()) = myers::diff(&mut told, &old, 0..old.len(), &new, 0..new.len());
        let mut pieces = Vec::new();
        for step in told.into_inner().into_inner().into_ops() {
            let (tag, before, after) = step.as_tag_tuple();
            if tag == DiffTag::Equal {
                add(&mut pieces, Piece::Both, &old[before]);
            } else {
                add(&mut pieces, Piece::Removed, &old[before]);
                add(&mut pieces, Piece::Added, &new[after]);
            }
        }
        self.pieces = pieces;
    }
}

/// Adds words to the pieces; those of one kind that follow each other are one piece.
fn add(pieces: &mut Vec<(Piece, String)>, piece: Piece, words: &[&str]) {
    let text = words.concat();
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some((last, known)) if *last == piece => known.push_str(&text),
        _ => pieces.push((piece, text)),
    }
}

impl Model {
    pub(super) fn on_compare_key(&mut self, key: Key) -> Vec<Effect> {
        const PAGE: i64 = 10;
        let Some(Overlay::Compare(page)) = self.overlays.last_mut() else { return Vec::new() };
        let by = match key.code {
            KeyCode::Left => {
                page.turn(-1);
                return Vec::new();
            }
            KeyCode::Right => {
                page.turn(1);
                return Vec::new();
            }
            KeyCode::Up | KeyCode::Char('k') => -1,
            KeyCode::Down | KeyCode::Char('j') => 1,
            KeyCode::PageUp => -PAGE,
            KeyCode::PageDown | KeyCode::Char(' ') => PAGE,
            KeyCode::Home | KeyCode::Char('g') => i64::from(i32::MIN),
            KeyCode::Enter | KeyCode::Char('q' | 'v') => {
                self.overlays.pop();
                return Vec::new();
            }
            _ => 0,
        };
        page.top = usize::try_from(page.top as i64 + by).unwrap_or(0);
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_version_alone_are_told_from_those_of_both() {
        let texts = ["two light tents".to_owned(), "two heavy tents fit".to_owned(), "none".to_owned()];
        let mut page = ComparePage::new(texts.to_vec(), 0);
        let told = |page: &ComparePage| {
            let mark = |piece| match piece {
                Piece::Both => " ",
                Piece::Removed => "-",
                Piece::Added => "+",
            };
            page.pieces.iter().flat_map(|(piece, text)| [mark(*piece), text.as_str()]).collect::<String>()
        };
        assert_eq!((page.from, page.to), (0, 1));
        assert_eq!(told(&page), " two -light+heavy  tents+ fit");
        page.turn(1);
        assert_eq!((page.from, page.to), (1, 2));
        page.turn(1);
        assert_eq!((page.from, page.to), (1, 2));
    }
}
