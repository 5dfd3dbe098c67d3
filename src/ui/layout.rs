//! Where everything stands at a given size. Pure arithmetic, shared by drawing and by whoever needs to know what is where.
//!
//! ```text
//! full: header, blank, conversation (panel right), live row, rule, prompt (1-8), blank, footer
//! small (under 60x16): header with the state, blank, conversation, rule, prompt, footer
//! tiny (under 40x10): conversation, prompt
//! ```

use ratatui::layout::Rect;

use crate::app::PANEL_COLUMNS;

/// Widest prose, in columns.
const MAX_PROSE: u16 = 92;
/// Column where text starts.
pub(super) const TEXT_COLUMN: u16 = 3;
/// Columns kept free at the right.
const RIGHT_MARGIN: u16 = 3;
/// Most rows of the prompt.
const MAX_PROMPT_ROWS: u16 = 8;
/// From this width on, the text leaves room for the panel whether it is shown or not.
const WIDE: u16 = 100;

/// How much of the screen there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeClass {
    /// Everything has its place.
    Full,
    /// No live row, no blank line above the footer.
    Small,
    /// Conversation and prompt only.
    Tiny,
}

/// The places of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How much there is.
    pub class: SizeClass,
    /// The whole screen.
    pub screen: Rect,
    /// The header's row; empty where there is none.
    pub header: Rect,
    /// The conversation.
    pub transcript: Rect,
    /// The panel with its divider; empty where it is not shown.
    pub panel: Rect,
    /// The live row; empty where there is none.
    pub live: Rect,
    /// The rule above the prompt; empty where there is none.
    pub rule: Rect,
    /// The prompt's rows, mark included.
    pub prompt: Rect,
    /// The footer's row; empty where there is none.
    pub footer: Rect,
    /// Columns of prose.
    pub prose: u16,
    /// Columns of tables and code.
    pub wide: u16,
}

impl Layout {
    /// The places at this size, with a prompt that wants so many rows.
    #[must_use]
    pub fn new(columns: u16, rows: u16, prompt_rows: u16, has_panel: bool) -> Self {
        let screen = Rect::new(0, 0, columns, rows);
        let class = match (columns, rows) {
            (60.., 16..) => SizeClass::Full,
            (40.., 10..) => SizeClass::Small,
            _ => SizeClass::Tiny,
        };
        let prompt_rows = prompt_rows.clamp(1, MAX_PROMPT_ROWS.min((rows / 3).max(1)));
        let row = |y: u16| Rect::new(0, y.min(rows), columns, u16::from(y < rows));
        let none = Rect::new(0, 0, 0, 0);
        let panel_columns = if has_panel && class == SizeClass::Full { PANEL_COLUMNS } else { 0 };
        let text_columns = columns - panel_columns;
        let reserved = if columns >= WIDE { PANEL_COLUMNS } else { 0 };
        let margins = TEXT_COLUMN + RIGHT_MARGIN;
        let prose = (columns - reserved).saturating_sub(margins).clamp(1, MAX_PROSE);
        let wide = text_columns.saturating_sub(margins).max(1);
        match class {
            SizeClass::Full => {
                let rule = rows - 3 - prompt_rows;
                Self {
                    class,
                    screen,
                    header: row(0),
                    transcript: Rect::new(0, 2, text_columns, rule - 3),
                    panel: Rect::new(text_columns, 2, panel_columns, rule - 2),
                    live: Rect::new(0, rule - 1, text_columns, 1),
                    rule: row(rule),
                    prompt: Rect::new(0, rule + 1, columns, prompt_rows),
                    footer: row(rows - 1),
                    prose,
                    wide,
                }
            }
            SizeClass::Small => {
                let rule = rows - 2 - prompt_rows;
                Self {
                    class,
                    screen,
                    header: row(0),
                    transcript: Rect::new(0, 2, columns, rule - 2),
                    panel: none,
                    live: none,
                    rule: row(rule),
                    prompt: Rect::new(0, rule + 1, columns, prompt_rows),
                    footer: row(rows - 1),
                    prose,
                    wide,
                }
            }
            SizeClass::Tiny => {
                let prompt_rows = prompt_rows.min(rows);
                Self {
                    class,
                    screen,
                    header: none,
                    transcript: Rect::new(0, 0, columns, rows - prompt_rows),
                    panel: none,
                    live: none,
                    rule: none,
                    prompt: Rect::new(0, rows - prompt_rows, columns, prompt_rows),
                    footer: none,
                    prose,
                    wide,
                }
            }
        }
    }

    /// Columns before the text of the conversation.
    #[must_use]
    pub fn inset(&self) -> u16 {
        TEXT_COLUMN.min(self.transcript.width / 4)
    }

    /// Columns of the prompt's text at this screen width.
    #[must_use]
    pub fn prompt_columns(columns: u16) -> u16 {
        columns.saturating_sub(TEXT_COLUMN + 1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawn_sizes() {
        let full = Layout::new(120, 36, 1, true);
        assert_eq!(full.transcript, Rect::new(0, 2, 79, 29));
        assert_eq!(full.panel, Rect::new(79, 2, 41, 30));
        assert_eq!((full.live.y, full.rule.y, full.prompt.y, full.footer.y), (31, 32, 33, 35));
        assert_eq!((full.prose, full.wide), (73, 73));
        assert_eq!(Layout::new(120, 36, 1, false).prose, 73);
        let narrow = Layout::new(80, 24, 1, false);
        assert_eq!((narrow.live.y, narrow.rule.y, narrow.prompt.y, narrow.footer.y), (19, 20, 21, 23));
        let small = Layout::new(40, 10, 1, false);
        assert_eq!((small.class, small.rule.y, small.prompt.y, small.footer.y), (SizeClass::Small, 7, 8, 9));
    }

    #[test]
    fn no_size_breaks_it() {
        for columns in 0..130 {
            for rows in 0..60 {
                let places = Layout::new(columns, rows, 8, true);
                for rect in [places.transcript, places.panel, places.live, places.prompt, places.footer] {
                    assert!(
                        rect.right() <= columns.max(rect.x) && rect.bottom() <= rows.max(rect.y),
                        "{columns}x{rows}"
                    );
                }
            }
        }
    }
}
