//! `<details>`: one line with its summary, and what stands in it only when folds are open. A fold may reach over many
//! blocks, so the folds that are open after a block are handed to the next. Pure.

use super::Options;
use super::frames::Frames;
use crate::safe_text::SafeText;
use crate::strings;
use crate::ui::line::{Line, Span};
use crate::ui::wrap::{joined, wrap_hanging};

/// How far a fold's line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summary {
    Awaited,
    /// Its text is being gathered.
    Gathered,
    Drawn,
}

/// A fold that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fold {
    summary: Summary,
    /// Rows and regions of the block, up to its line and with it.
    pub(super) line: (usize, usize),
}

impl Fold {
    /// One that has just begun.
    pub(super) fn new() -> Self {
        Self { summary: Summary::Awaited, line: (0, 0) }
    }

    /// What follows is its summary, unless that is known.
    pub(super) fn gather(&mut self) {
        if self.summary == Summary::Awaited {
            self.summary = Summary::Gathered;
        }
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.summary == Summary::Awaited
    }

    pub(super) fn is_gathered(&self) -> bool {
        self.summary == Summary::Gathered
    }

    pub(super) fn is_drawn(&self) -> bool {
        self.summary == Summary::Drawn
    }

    /// Its line is the last one of so many rows and regions.
    pub(super) fn set_drawn(&mut self, line: (usize, usize)) {
        (self.summary, self.line) = (Summary::Drawn, line);
    }

    /// Its line stands in a block that has ended.
    pub(super) fn forget_line(&mut self) {
        self.line = (0, 0);
    }
}

/// Whether nothing is drawn within these folds.
pub(super) fn is_closed(folds: &[Fold], options: &Options<'_>) -> bool {
    !options.is_expanded && folds.iter().any(Fold::is_drawn)
}

/// The rows of a fold's line: its summary and what opens it.
pub(super) fn rows(summary: Vec<Line>, frames: &mut Frames<'_>, options: &Options<'_>) -> Vec<Line> {
    let theme = options.theme;
    let mut text = Line::default();
    for (at, line) in summary.into_iter().enumerate() {
        if at > 0 {
            text.push(SafeText::own(" "), theme.bold);
        }
        for span in line.spans {
            text.push_span(Span { style: span.style.patch(theme.bold), ..span });
        }
    }
    if text.spans.is_empty() {
        text.push(SafeText::own(strings::DETAILS), theme.bold);
    }
    if !options.is_expanded {
        text.push(SafeText::own("   "), theme.dim);
        text.push(SafeText::own("Ctrl+O"), theme.bold);
        text.push(SafeText::own(strings::SHOWS_IT), theme.dim);
    }
    let (first, rest) = frames.prefixes();
    let mark = if options.is_expanded { "v " } else { "> " };
    let first = joined(&first, Line::styled(SafeText::own(mark), theme.accent).as_lead());
    let rest = joined(&rest, Line::styled(SafeText::own("  "), theme.text).as_lead());
    wrap_hanging(&text, &first, &rest, usize::from(options.width))
}
