//! Markdown to lines, on the terminal's grid: `CommonMark` with tables, strikethrough, task lists, footnotes, notes to the
//! reader, formulas, folds and the little HTML that models write. Nothing here recurses
//! over the depth of a document, and every text passes the gate after its entities were decoded, because `&#27;` is an
//! escape only then. A message that is still growing is a [`Document`]. Pure.

mod as_it_stands;
mod backticks;
mod changed;
mod document;
mod folds;
mod formula;
mod frames;
mod hidden;
mod html;
mod inline;
mod linear;
mod math;
mod open_code;
mod open_line;
mod open_row;
#[cfg(test)]
mod open_tests;
mod page;
mod plain;
mod region;
mod render;
mod scripts;
mod symbols_of_math;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod writer;

pub use changed::Changed;
pub use document::Document;
pub use linear::Linear;
pub use region::{Events, Region, RegionKind};

use crate::ui::line::Line;
use crate::ui::theme::Theme;

/// How wide and in which look.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Columns of prose.
    pub width: u16,
    /// Columns of code and tables, which may be wider than prose.
    pub wide: u16,
    /// The styles.
    pub theme: &'a Theme,
    /// Draw lines with `-` and `|`, where the others may be two columns wide.
    pub ascii_lines: bool,
    /// Folds are open.
    pub is_expanded: bool,
}

/// The lines of a whole message. One blank line between blocks, none at the start or end.
#[must_use]
pub fn render(source: &str, options: &Options<'_>) -> Vec<Line> {
    let mut document = Document::default();
    document.update(source, true, options);
    while document.is_behind() {
        document.update(source, true, options);
    }
    document.into_lines()
}
