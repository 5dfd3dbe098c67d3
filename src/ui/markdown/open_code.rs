//! The last row of code that grows: what is added to its line is added to the row, and a next line begins a next one, and
//! nothing is parsed or wrapped again. What may end the code, or mean more than itself, is not for here. Pure.

use super::open_row::is_letter;
use super::plain::CODE_INDENT;
use crate::safe_text::SafeText;
use crate::ui::line::{Joins, Line};

/// What is known of the last row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenCode {
    /// Columns of each row.
    columns: usize,
    /// The line has ended.
    is_ended: bool,
}

impl OpenCode {
    /// The row that shows the end of this source, which is code, in so many columns; `None` where it shows something else.
    pub(super) fn at_end(source: &str, row: &Line, columns: usize) -> Option<Self> {
        let lines = source.strip_suffix('\n');
        let line = lines.unwrap_or(source).rsplit('\n').next().filter(|line| is_begun(line))?;
        let [span] = row.spans.as_slice() else { return None };
        let shown = span.text.as_str().get(usize::from(row.lead)..).filter(|shown| !shown.is_empty())?;
        let is_it = span.link.is_none() && line.ends_with(shown);
        is_it.then_some(Self { columns, is_ended: lines.is_some() })
    }

    /// Adds this to the rows, of which it is the last one; `false` where it is not for here, and nothing is done.
    pub(super) fn add(&mut self, added: &str, rows: &mut Vec<Line>) -> bool {
        let Some(row) = rows.last_mut() else { return false };
        let (width, lead) = (row.width(), usize::from(row.lead));
        let [span] = row.spans.as_mut_slice() else { return false };
        if !is_plain(span.text.as_str(), added) {
            return false;
        }
        let mut lines: Vec<&str> = added.split('\n').collect();
        let rest = if self.is_ended { "" } else { lines.remove(0) };
        let is_ended = lines.pop_if(|last| last.is_empty()).is_some();
        let has_room = |taken: usize, text: &str| taken + text.chars().count() <= self.columns;
        let is_row = |line: &&str| is_begun(line) && has_room(CODE_INDENT.len(), line);
        if !has_room(width, rest) || !lines.iter().all(is_row) {
            return false;
        }
        span.text.push(&SafeText::line(rest));
        let like = span.with_text(SafeText::default());
        let mut offset = row.offset as usize + row.bytes() - lead;
        rows.extend(lines.into_iter().map(|line| {
            let span = like.with_text(SafeText::line(&format!("{CODE_INDENT}{line}")));
            let row = Line {
                spans: vec![span],
                joins: Joins::NewLine,
                lead: CODE_INDENT.len() as u16,
                offset: offset as u32 + 1,
            };
            offset += 1 + line.len();
            row
        }));
        self.is_ended = is_ended;
        true
    }
}

/// Whether a line of code has begun and does not end it: a fence would.
fn is_begun(line: &str) -> bool {
    let text = line.trim_start_matches(' ');
    !text.is_empty() && !text.starts_with(['`', '~'])
}

/// Whether what is added behind this text is drawn as it stands, is no part of a mark for what is not shown, and makes
/// neither a formula nor the definition of a link where one is looked for.
fn is_plain(text: &str, added: &str) -> bool {
    let mut before = text.chars().next_back();
    let is_in_mark = text.rfind('<').is_some_and(|at| text[at..].starts_with("<U+"));
    !is_in_mark
        && added.chars().all(|c| {
            let pair = (before.replace(c), c);
            let is_shown = matches!(c, '\n' | ' '..='~') || is_letter(c);
            is_shown
                && !matches!(c, '$' | '\\')
                && !matches!(pair, (Some(']'), ':') | (Some('\\'), '(' | '[') | (Some('U'), '+'))
        })
}
