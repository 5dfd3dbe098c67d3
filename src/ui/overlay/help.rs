//! Help: every action with its key, its leader letter and its command, from the one table.

use ratatui::style::Style;

use super::page;
use crate::app::Model;
use crate::config::action::ACTIONS;
use crate::config::key::Key;
use crate::strings::{self, hint};
use crate::ui::canvas::{Canvas, push, styled};
use crate::ui::line::Line;

/// Column of the words.
const WORDS: usize = 27;
/// Columns of the words and what stands right of them.
const MAX_TITLE: usize = 80;

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, top: usize) -> Option<(u16, u16)> {
    let keys = [("j k", hint::MOVE), ("PgDn", hint::PAGE), ("Esc", hint::CLOSE)];
    let page = page(canvas, model, strings::HELP, strings::RIFFLE, &keys);
    let lines = lines(canvas, model);
    let last = lines.len().saturating_sub(page.body.height as usize);
    for (row, line) in lines.into_iter().skip(top.min(last)).take(page.body.height as usize).enumerate() {
        canvas.line(page.body, 0, page.body.y + row as u16, line);
    }
    None
}

fn lines(canvas: &Canvas<'_>, model: &Model) -> Vec<Line> {
    let theme = canvas.theme;
    let width = model.size.0 as usize;
    let mut lines = Vec::new();
    for info in ACTIONS {
        let keys: Vec<String> = model.keymap.keys_of(info.action).iter().take(2).map(|key| key.label()).collect();
        let mut line = styled("   ", theme.text);
        push(&mut line, &keys.join(", "), theme.bold);
        pad(&mut line, WORDS);
        push(&mut line, info.title, theme.text);
        let mut also = Vec::new();
        if let Some(leader) = info.leader {
            let letter = leader.parse::<Key>().map_or_else(|_| leader.to_owned(), Key::label);
            also.push(format!("Ctrl+X {letter}"));
        }
        if let Some(slash) = info.slash {
            also.push(format!("/{slash}"));
        }
        let also = also.join("   ");
        if line.width() + also.len() + 5 <= width {
            pad(&mut line, width.min(WORDS + MAX_TITLE) - also.len() - 2);
            push(&mut line, &also, theme.dim);
        }
        lines.push(line);
    }
    lines
}

fn pad(line: &mut Line, to: usize) {
    let gap = to.saturating_sub(line.width()).max(2);
    push(line, &" ".repeat(gap), Style::new());
}
