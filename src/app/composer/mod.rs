//! The prompt. Text, cursor, kill ring and undo are tui-textarea's; what moves and is deleted are whole clusters and
//! paste chips, and drawing is ours, so that everything passes the gate for outside text and the cursor is exact.

mod recall;
mod units;
mod view;

#[cfg(test)]
mod tests;

use tui_textarea::{CursorMove, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use crate::config::key::{Key, KeyCode};
use crate::strings;
use recall::Recall;
pub use view::ComposerView;

/// A paste longer than this many lines or characters becomes a chip.
const CHIP_LINES: usize = 20;
const CHIP_CHARS: usize = 4000;
/// Bytes of a text brought back that are laid out with each key; a longer one becomes a chip.
const MAX_SHOWN_BYTES: usize = 16 * 1024;

/// What Enter means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnterOutcome {
    /// Send this.
    Send(String),
    /// A backslash became a line break.
    NewLine,
}

/// A long paste, shown as a few words.
#[derive(Clone, Debug)]
struct Chip {
    /// What stands in the text.
    token: String,
    /// What is sent.
    text: String,
}

/// The prompt's text and everything about editing it.
pub struct Composer {
    area: TextArea<'static>,
    chips: Vec<Chip>,
    pasted: usize,
    recall: Recall,
    width: u16,
    /// The column that Up and Down try to keep.
    wanted_column: Option<usize>,
}

impl Default for Composer {
    fn default() -> Self {
        Self { area: fresh(), chips: Vec::new(), pasted: 0, recall: Recall::default(), width: 80, wanted_column: None }
    }
}

fn fresh() -> TextArea<'static> {
    let mut area = TextArea::default();
    area.set_max_histories(500);
    area.set_undo_coalescing(true);
    area
}

impl Composer {
    /// The text, with chips written out.
    #[must_use]
    pub fn text(&self) -> String {
        let shown = self.area.lines().join("\n");
        let mut text = String::with_capacity(shown.len());
        let mut rest = shown.as_str();
        let next = |rest: &str| {
            let places = self.chips.iter().filter_map(|chip| Some((rest.find(&chip.token)?, chip)));
            places.min_by_key(|(at, _)| *at)
        };
        while let Some((at, chip)) = next(rest) {
            text.push_str(&rest[..at]);
            text.push_str(&chip.text);
            rest = &rest[at + chip.token.len()..];
        }
        text + rest
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.area.lines().iter().all(String::is_empty) && self.area.lines().len() == 1
    }

    /// Enter: a backslash right before the cursor becomes a line break, else the text is taken.
    pub fn enter(&mut self) -> EnterOutcome {
        let (row, column) = self.area.cursor();
        let is_escaped = column > 0 && self.area.lines()[row].chars().nth(column - 1) == Some('\\');
        if is_escaped {
            self.area.delete_char();
            self.area.insert_newline();
            return EnterOutcome::NewLine;
        }
        EnterOutcome::Send(self.take())
    }

    /// Takes the text out; undo does not bring it back.
    pub fn take(&mut self) -> String {
        let text = self.text();
        let yank = self.area.yank_text();
        self.area = fresh();
        self.area.set_yank_text(yank);
        self.chips.clear();
        self.recall.leave();
        self.wanted_column = None;
        text
    }

    /// Takes the text out; `None` when there is none.
    pub fn clear_aside(&mut self) -> Option<String> {
        (!self.is_empty()).then(|| self.take())
    }

    /// Puts this text in place of what is there, as one edit.
    pub fn set_text(&mut self, text: &str) {
        self.area.select_all();
        self.area.cut();
        self.area.cancel_selection();
        if text.len() > MAX_SHOWN_BYTES {
            self.insert_chip(text.to_owned());
        } else {
            self.insert_str(text);
        }
    }

    /// Inserts text at the cursor, as one edit.
    pub fn insert_str(&mut self, text: &str) {
        self.wanted_column = None;
        self.area.insert_str(text);
    }

    /// Inserts pasted text: line ends become LF, a long one a chip.
    pub fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if text.lines().count() <= CHIP_LINES && text.len() <= CHIP_CHARS {
            self.insert_str(&text);
            return;
        }
        self.insert_chip(text);
    }

    fn insert_chip(&mut self, text: String) {
        self.pasted += 1;
        let lines = text.lines().count();
        let token = strings::paste_chip(self.pasted, lines, text.chars().count());
        self.insert_str(&token);
        self.chips.push(Chip { token, text });
    }

    /// Takes back the last edit; `false` when there is none.
    pub fn undo(&mut self) -> bool {
        self.wanted_column = None;
        self.area.undo()
    }

    /// What Up brings back, newest last.
    pub fn set_recall(&mut self, texts: Vec<String>) {
        self.recall.set(texts);
    }

    /// Columns of the text, for moving by visual rows.
    pub fn set_width(&mut self, columns: u16) {
        self.width = columns.max(1);
    }

    /// The visible rows and the cursor among them.
    #[must_use]
    pub fn view(&self, columns: u16, max_rows: u16) -> ComposerView {
        view::view(self.area.lines(), self.area.cursor(), columns, max_rows)
    }

    /// Puts the cursor to this visual row and column, or to the nearest there is.
    pub fn click(&mut self, row: u16, column: u16) {
        self.wanted_column = None;
        let rows = view::rows(self.area.lines(), self.width);
        if let Some(row) = rows.get(usize::from(row)).or(rows.last()) {
            self.jump_into(*row, usize::from(column));
        }
    }

    /// To the place nearest to a column of a visual row; a chip or a cluster is never entered.
    fn jump_into(&mut self, to: view::Row, column: usize) {
        let (row, column) = view::position(&to, self.area.lines(), column);
        let column = self.units(row).into_iter().rfind(|end| *end <= column).unwrap_or(0);
        self.jump(row, column);
    }

    /// Takes a key; `false` when it means nothing here.
    pub fn key(&mut self, key: Key) -> bool {
        let is_vertical = matches!(key.code, KeyCode::Up | KeyCode::Down);
        if !is_vertical {
            self.wanted_column = None;
        }
        match (key.code, key.ctrl, key.alt) {
            (KeyCode::Char(c), false, false) => self.area.insert_char(c),
            (KeyCode::Up, false, false) if !key.shift => self.up(),
            (KeyCode::Down, false, false) if !key.shift => self.down(),
            (KeyCode::Left, false, false) | (KeyCode::Char('b'), true, false) => self.step(Direction::Back),
            (KeyCode::Right, false, false) => self.step(Direction::Forward),
            (KeyCode::Left, ..) | (KeyCode::Char('b'), false, true) => self.step_word(Direction::Back),
            (KeyCode::Right, ..) | (KeyCode::Char('f'), false, true) => self.step_word(Direction::Forward),
            (KeyCode::Home, false, false) | (KeyCode::Char('a'), true, false) => {
                self.area.move_cursor(CursorMove::Head);
            }
            (KeyCode::End, false, false) | (KeyCode::Char('e'), true, false) => self.area.move_cursor(CursorMove::End),
            (KeyCode::Backspace, false, false) => self.delete(Direction::Back),
            (KeyCode::Delete, false, false) => self.delete(Direction::Forward),
            (KeyCode::Backspace, ..) | (KeyCode::Char('w'), true, false) => self.delete_word(Direction::Back),
            (KeyCode::Delete, ..) | (KeyCode::Char('d'), false, true) => self.delete_word(Direction::Forward),
            (KeyCode::Char('u'), true, false) => self.delete_to(Direction::Back),
            (KeyCode::Char('k'), true, false) => self.delete_to(Direction::Forward),
            (KeyCode::Char('y'), true, false) => {
                self.area.paste();
            }
            _ => return false,
        }
        true
    }

    fn units(&self, row: usize) -> Vec<usize> {
        units::ends(&self.area.lines()[row], self.chips.iter().map(|chip| chip.token.as_str()))
    }

    /// Where one step from the cursor leads, and how many characters lie between.
    fn target(&self, direction: Direction) -> Option<(usize, usize, usize)> {
        let (row, column) = self.area.cursor();
        let ends = self.units(row);
        match direction {
            Direction::Forward => match ends.iter().find(|end| **end > column) {
                Some(end) => Some((row, *end, end - column)),
                None if row + 1 < self.area.lines().len() => Some((row + 1, 0, 1)),
                None => None,
            },
            Direction::Back if column > 0 => {
                let start = ends.iter().rev().find(|end| **end < column).copied().unwrap_or(0);
                Some((row, start, column - start))
            }
            Direction::Back if row > 0 => {
                let before = self.area.lines()[row - 1].chars().count();
                Some((row - 1, before, 1))
            }
            Direction::Back => None,
        }
    }

    fn word_target(&self, direction: Direction) -> Option<(usize, usize, usize)> {
        let (row, column) = self.area.cursor();
        let line = &self.area.lines()[row];
        let length = line.chars().count();
        let is_at_edge = match direction {
            Direction::Back => column == 0,
            Direction::Forward => column == length,
        };
        if is_at_edge {
            return self.target(direction);
        }
        let to = match direction {
            Direction::Back => word_start(line, column),
            Direction::Forward => word_end(line, column),
        };
        Some((row, to, to.abs_diff(column)))
    }

    fn step(&mut self, direction: Direction) {
        if let Some((row, column, _)) = self.target(direction) {
            self.jump(row, column);
        }
    }

    fn step_word(&mut self, direction: Direction) {
        if let Some((row, column, _)) = self.word_target(direction) {
            self.jump(row, column);
        }
    }

    fn delete(&mut self, direction: Direction) {
        let Some((row, column, count)) = self.target(direction) else { return };
        self.delete_chars(direction, row, column, count);
    }

    /// Deletes without touching what Ctrl+Y brings back; single characters stay one undo step a word.
    fn delete_chars(&mut self, direction: Direction, row: usize, column: usize, count: usize) {
        match (direction, count) {
            (Direction::Back, 1) => {
                self.area.delete_char();
            }
            (Direction::Forward, 1) => {
                self.area.delete_next_char();
            }
            (Direction::Back, _) => {
                self.jump(row, column);
                self.delete_keeping_yank(count);
            }
            (Direction::Forward, _) => self.delete_keeping_yank(count),
        }
    }

    fn delete_keeping_yank(&mut self, count: usize) {
        let yank = self.area.yank_text();
        self.area.delete_str(count);
        self.area.set_yank_text(yank);
    }

    fn delete_word(&mut self, direction: Direction) {
        let Some((row, column, count)) = self.word_target(direction) else { return };
        if direction == Direction::Back {
            self.jump(row, column);
        }
        self.area.delete_str(count);
    }

    fn delete_to(&mut self, direction: Direction) {
        match direction {
            Direction::Back => self.area.delete_line_by_head(),
            Direction::Forward => self.area.delete_line_by_end(),
        };
    }

    fn jump(&mut self, row: usize, column: usize) {
        let clamp = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(clamp(row), clamp(column)));
        // A jump reaches no further.
        for _ in usize::from(u16::MAX)..row {
            self.area.move_cursor(CursorMove::Down);
        }
        for _ in usize::from(u16::MAX)..column {
            self.area.move_cursor(CursorMove::Forward);
        }
    }

    /// A visual row up; on the first one, what was said before.
    fn up(&mut self) {
        if !self.move_rows(Direction::Back) {
            let draft = self.text();
            if let Some(text) = self.recall.back(draft) {
                self.set_text(&text);
            }
        }
    }

    fn down(&mut self) {
        if !self.move_rows(Direction::Forward)
            && let Some(text) = self.recall.forward()
        {
            self.set_text(&text);
        }
    }

    fn move_rows(&mut self, direction: Direction) -> bool {
        let rows = view::rows(self.area.lines(), self.width);
        let (at, column) = view::place(&rows, self.area.lines(), self.area.cursor());
        let wanted = *self.wanted_column.get_or_insert(column);
        let to = match direction {
            Direction::Back => at.checked_sub(1),
            Direction::Forward => (at + 1 < rows.len()).then_some(at + 1),
        };
        let Some(to) = to else { return false };
        self.jump_into(rows[to], wanted);
        true
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Back,
    Forward,
}

/// The character index at which the word before `column` begins.
fn word_start(line: &str, column: usize) -> usize {
    let mut start = 0;
    let mut at = 0;
    for piece in line.split_word_bounds() {
        if at >= column {
            break;
        }
        if piece.chars().any(char::is_alphanumeric) {
            start = at;
        }
        at += piece.chars().count();
    }
    start
}

/// The character index at which the word at or after `column` ends.
fn word_end(line: &str, column: usize) -> usize {
    let mut at = 0;
    for piece in line.split_word_bounds() {
        at += piece.chars().count();
        if at > column && piece.chars().any(char::is_alphanumeric) {
            return at;
        }
    }
    at
}
