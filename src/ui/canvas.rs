//! What stands on the screen, listed with the theme and the marks at hand: what every drawing function is given.

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::line::Line;
use super::paint;
use super::picture::{Content, Piece};
use super::symbols::Symbols;
use super::theme::Theme;
use crate::app::Model;
use crate::config::look::Look;
use crate::safe_text::SafeText;

/// Where things are drawn; lines that live as long as the frame are not copied.
pub(super) struct Canvas<'a> {
    /// The whole screen.
    pub screen: Rect,
    /// What was drawn so far.
    pub pieces: Vec<Piece<'a>>,
    /// Where the choices of a list stand.
    pub choices: Vec<(Rect, usize)>,
    /// The styles.
    pub theme: Theme,
    /// The marks.
    pub symbols: Symbols,
    /// How it may look.
    pub look: Look,
}

impl<'a> Canvas<'a> {
    /// The model's screen, with nothing on it.
    pub(super) fn empty(model: &Model, theme: &Theme) -> Self {
        let screen = Rect::new(0, 0, model.size.0, model.size.1);
        Self {
            screen,
            pieces: Vec::new(),
            choices: Vec::new(),
            theme: *theme,
            symbols: Symbols::of(model.look),
            look: model.look,
        }
    }

    /// Draws text, clipped to the area; gives the column after it. Outside text is made safe here.
    pub(super) fn text(&mut self, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
        self.safe_text(area, x, y, SafeText::line(text), style)
    }

    /// Draws text of our own, clipped to the area; gives the column after it.
    pub(super) fn own_text(&mut self, area: Rect, x: u16, y: u16, text: &'static str, style: Style) -> u16 {
        self.safe_text(area, x, y, SafeText::own(text), style)
    }

    /// Draws text that ends `margin` columns before the area's right edge; gives its first column.
    pub(super) fn text_right(&mut self, area: Rect, y: u16, margin: u16, text: &str, style: Style) -> u16 {
        let safe = SafeText::line(text);
        let x = area.right().saturating_sub(margin + safe.width() as u16).max(area.x);
        self.safe_text(area, x, y, safe, style);
        x
    }

    fn safe_text(&mut self, area: Rect, x: u16, y: u16, text: SafeText, style: Style) -> u16 {
        let area = area.intersection(self.screen);
        if !(area.top()..area.bottom()).contains(&y) {
            return x;
        }
        let end = paint::reach(area, x, &text);
        self.pieces.push(Piece { area, at: (x, y), content: Content::Text(text, style) });
        end
    }

    /// In this row of the area stands this choice of a list.
    pub(super) fn choice(&mut self, area: Rect, y: u16, at: usize) {
        self.choices.push((Rect { y, height: 1, ..area }, at));
    }

    /// The choice that stands here.
    pub(super) fn choice_at(&self, at: (u16, u16)) -> Option<usize> {
        self.choices.iter().find(|(area, _)| area.contains(at.into())).map(|(_, choice)| *choice)
    }

    /// Draws a line, clipped to the area.
    pub(super) fn line(&mut self, area: Rect, x: u16, y: u16, line: impl Into<Cow<'a, Line>>) {
        let area = area.intersection(self.screen);
        if (area.top()..area.bottom()).contains(&y) {
            self.pieces.push(Piece { area, at: (x, y), content: Content::Line(line.into()) });
        }
    }

    /// Fills an area with the glyph of the rule.
    pub(super) fn rule(&mut self, area: Rect) {
        self.fill(area, self.symbols.rule, self.theme.dim);
    }

    /// Fills an area with the glyph of the divider.
    pub(super) fn divider(&mut self, area: Rect) {
        self.fill(area, self.symbols.divider, self.theme.dim);
    }

    /// Empties an area.
    pub(super) fn clear(&mut self, area: Rect) {
        self.fill(area, " ", Style::reset());
    }

    fn fill(&mut self, area: Rect, glyph: &'static str, style: Style) {
        let area = area.intersection(self.screen);
        self.pieces.push(Piece { area, at: (area.x, area.y), content: Content::Fill(glyph, style) });
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
