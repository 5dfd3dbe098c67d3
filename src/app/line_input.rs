//! The one-line box of overlays: typing, Backspace by cluster, Ctrl+U.

use unicode_segmentation::UnicodeSegmentation;

use crate::config::key::{Key, KeyCode};

/// Bytes of a line, also of a pasted one.
const MAX_BYTES: usize = 4096;

/// A line being typed; the cursor is always at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineInput {
    /// What was typed.
    pub text: String,
}

impl LineInput {
    /// Takes a key; `true` when the text changed.
    pub fn key(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(c), false, false) if self.text.len() < MAX_BYTES => {
                self.text.push(c);
                true
            }
            (KeyCode::Backspace, false, false) => self.remove_last(),
            (KeyCode::Char('w'), true, false) | (KeyCode::Backspace, ..) => {
                let kept = self.text.trim_end().rfind(' ').map_or(0, |at| at + 1);
                let is_changed = kept < self.text.len();
                self.text.truncate(kept);
                is_changed
            }
            (KeyCode::Char('u'), true, false) => {
                let is_changed = !self.text.is_empty();
                self.text.clear();
                is_changed
            }
            _ => false,
        }
    }

    /// Pastes the first line of a text, as far as such a line goes.
    pub fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        let room = MAX_BYTES.saturating_sub(self.text.len());
        self.text.push_str(&line[..line.floor_char_boundary(room)]);
    }

    fn remove_last(&mut self) -> bool {
        let Some((at, _)) = self.text.grapheme_indices(true).next_back() else { return false };
        self.text.truncate(at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backspace_removes_a_whole_cluster_and_ctrl_w_a_word() {
        let mut input = LineInput { text: "two words👋🏽".to_owned() };
        assert!(input.key(Key::plain(KeyCode::Backspace)));
        assert_eq!(input.text, "two words");
        assert!(input.key(Key::ctrl('w')));
        assert_eq!(input.text, "two ");
        assert!(input.key(Key::ctrl('u')));
        assert!(!input.key(Key::plain(KeyCode::Backspace)));
    }
}
