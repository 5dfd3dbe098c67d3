//! A buffer with the theme and the marks at hand: what every drawing function is given.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line::Line;
use super::paint;
use super::symbols::Symbols;
use super::theme::Theme;
use crate::config::look::Look;
use crate::safe_text::SafeText;

/// Where things are drawn.
pub(super) struct Canvas<'a> {
    /// The cells.
    pub buffer: &'a mut Buffer,
    /// The styles.
    pub theme: Theme,
    /// The marks.
    pub symbols: Symbols,
    /// How it may look.
    pub look: Look,
}

impl Canvas<'_> {
    /// Draws text, clipped to the area; gives the column after it. Outside text is made safe here.
    pub(super) fn text(&mut self, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
        x.saturating_add(paint::paint_text(self.buffer, area, x, y, &SafeText::line(text), style, &self.theme))
    }

    /// Draws text that ends `margin` columns before the area's right edge; gives its first column.
    pub(super) fn text_right(&mut self, area: Rect, y: u16, margin: u16, text: &str, style: Style) -> u16 {
        let safe = SafeText::line(text);
        let x = area.right().saturating_sub(margin + safe.width() as u16).max(area.x);
        paint::paint_text(self.buffer, area, x, y, &safe, style, &self.theme);
        x
    }

    /// Draws a line, clipped to the area.
    pub(super) fn line(&mut self, area: Rect, x: u16, y: u16, line: &Line) {
        paint::paint_line(self.buffer, area, x, y, line, &self.theme);
    }

    /// Fills an area with the glyph of the rule.
    pub(super) fn rule(&mut self, area: Rect) {
        paint::fill(self.buffer, area, self.symbols.rule, self.theme.dim);
    }

    /// Fills an area with the glyph of the divider.
    pub(super) fn divider(&mut self, area: Rect) {
        paint::fill(self.buffer, area, self.symbols.divider, self.theme.dim);
    }

    /// Empties an area.
    pub(super) fn clear(&mut self, area: Rect) {
        paint::fill(self.buffer, area, " ", Style::reset());
    }

    /// Draws `key words   key words`, keys bold and words dim, as many as fit; gives the column after them.
    pub(super) fn keys(&mut self, area: Rect, x: u16, y: u16, pairs: &[(String, String)]) -> u16 {
        let mut at = x;
        for (index, (key, words)) in pairs.iter().enumerate() {
            let gap = if index == 0 { 0 } else { 3 };
            at = self.text(area, at + gap, y, key, self.theme.bold);
            at = self.text(area, at + 1, y, words, self.theme.dim);
        }
        at
    }
}

/// A line of text in one style, made safe.
pub(super) fn styled(text: &str, style: Style) -> Line {
    Line::styled(SafeText::line(text), style)
}

/// Adds text to a line, made safe.
pub(super) fn push(line: &mut Line, text: &str, style: Style) {
    line.push(SafeText::line(text), style);
}
