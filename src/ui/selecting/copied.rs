//! The text that is copied for a selection: the shown text without wraps, indents and borders; code and tables are read
//! from the source, so that tabs stay tabs and cells stay cells. Pure.

use std::ops::Range;

use super::{ends, of_row, resolve};
use crate::app::{Model, Selection};
use crate::chat::{Entry, EntryBody};
use crate::safe_text::raw_range;
use crate::ui::line::Joins;
use crate::ui::markdown::{Events, Region, RegionKind};
use crate::ui::message::Rows;
use crate::ui::transcript::RenderCache;

/// The text that is copied for a selection.
#[must_use]
pub fn selected_text(model: &Model, cache: &mut RenderCache, selection: &Selection) -> String {
    let resolved = resolve(model, cache, selection, 0);
    let Some((first, last)) = resolved.and_then(|selection| ends(model, cache, &selection)) else {
        return String::new();
    };
    let mut out = String::new();
    for item in first.item..=last.item {
        let Some(entry) = model.chat.conversation.entries.get(item) else { break };
        cache.make_item(model, item);
        let Some(rows) = cache.rows_of(item) else { break };
        let mut text = Copied { rows, source: source(entry), out: String::new(), is_begun: false, parsed: None };
        let mut row = if item == first.item { first.row } else { 0 };
        let end = if item == last.item { last.row + 1 } else { rows.height() };
        while row < end {
            row = text.take(row, end, |row| of_row((first, last), rows, item, row));
        }
        let text = text.out.trim_matches('\n');
        if !text.is_empty() {
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            out.push_str(text);
        }
    }
    out
}

fn source(entry: &Entry) -> &str {
    match &entry.body {
        EntryBody::Answer { message, .. } => &message.text,
        EntryBody::Question(_) | EntryBody::ToolResult(_) => "",
    }
}

/// The text of rows of one message, being gathered.
struct Copied<'a> {
    rows: &'a Rows,
    source: &'a str,
    out: String,
    is_begun: bool,
    /// The block that was parsed last, in which the next region may stand, too.
    parsed: Option<(Range<usize>, Events<'a>)>,
}

impl<'a> Copied<'a> {
    /// Takes this row, and those after it that show the same block of code or the same table; gives the next one.
    fn take(&mut self, row: usize, end: usize, selected: impl Fn(usize) -> Option<Range<usize>>) -> usize {
        let region = row.checked_sub(self.rows.before.len()).and_then(|line| self.rows.document.region_at(line));
        let block_end = region.map_or(row + 1, |region| end.min(self.rows.before.len() + region.rows.end));
        match region.map(|region| (region, &region.kind)) {
            Some((region, RegionKind::Code { .. })) => {
                if let Some(code) = self.code(region, row..block_end, &selected) {
                    self.push(&code, Joins::NewLine);
                    return block_end;
                }
            }
            Some((region, RegionKind::Table)) if block_end > row + 1 => {
                let table = self.table(region, row..block_end, &selected);
                self.push(&table, Joins::NewLine);
                return block_end;
            }
            _ => {}
        }
        if let Some((line, _)) = self.rows.text(row) {
            let text = line.to_text();
            let own = selected(row).and_then(|bytes| text.get(bytes)).unwrap_or_default();
            self.push(own, line.joins);
        }
        row + 1
    }

    fn push(&mut self, text: &str, joins: Joins) {
        if std::mem::replace(&mut self.is_begun, true) {
            match joins {
                Joins::NewLine => self.out.push('\n'),
                Joins::Space => self.out.push(' '),
                Joins::Nothing => {}
            }
        }
        self.out.push_str(text);
    }

    /// What the parser says of the block of this region.
    fn parsed(&mut self, region: &Region) -> Option<&Events<'a>> {
        if self.parsed.as_ref().is_none_or(|(block, _)| *block != region.block) {
            self.parsed = Some((region.block.clone(), region.events(self.source)?));
        }
        self.parsed.as_ref().map(|(_, events)| events)
    }

    /// The selected part of a block of code as it stands in the source.
    fn code(
        &mut self,
        region: &Region,
        rows: Range<usize>,
        selected: &impl Fn(usize) -> Option<Range<usize>>,
    ) -> Option<String> {
        let code = region.code_in(self.parsed(region)?)?;
        let code = code.strip_suffix('\n').unwrap_or(&code);
        let mut shown: Option<Range<usize>> = None;
        for row in rows {
            let (line, own) = self.rows.text(row)?;
            // Of an empty line between the ends, what ends the line above it is selected.
            let Some(bytes) = selected(row).or_else(|| own.is_empty().then_some(own)) else { continue };
            let before = |byte: usize| line.offset as usize + byte - usize::from(line.lead);
            let at = before(bytes.start)..before(bytes.end);
            shown = Some(shown.map_or(at.clone(), |known| known.start..at.end));
        }
        code.get(raw_range(code, shown?)).map(ToOwned::to_owned)
    }

    /// The lines of a table of which something is selected, with tabs between the cells.
    fn table(
        &mut self,
        region: &Region,
        rows: Range<usize>,
        selected: &impl Fn(usize) -> Option<Range<usize>>,
    ) -> String {
        let cells = self.parsed(region).map(|events| region.cells_in(events)).unwrap_or_default();
        let mut lines: Vec<usize> = rows
            .filter(|row| selected(*row).is_some())
            .filter_map(|row| self.rows.line(row).map(|line| line.offset as usize))
            .collect();
        lines.dedup();
        let line = |at: usize| cells.get(at).map(|cells| cells.join("\t"));
        lines.into_iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Place, locate};
    use super::*;
    use crate::ui::markdown::Options;
    use crate::ui::theme::{Background, Theme};

    fn copied(rows: &Rows, source: &str, ends: (Place, Place)) -> String {
        let mut text = Copied { rows, source, out: String::new(), is_begun: false, parsed: None };
        let mut row = ends.0.row;
        while row <= ends.1.row {
            row = text.take(row, ends.1.row + 1, |row| of_row(ends, rows, 0, row));
        }
        text.out
    }

    proptest! {
        /// Whatever part of a block of code is selected, it is a part of the source, and all of it is all of it.
        #[test]
        fn code_is_copied_as_it_stands_in_the_source(
            lines in proptest::collection::vec("[a-z\t \u{e9}\u{65e5}\u{1f600}]{0,40}", 1..8),
            width in 8u16..50,
            from in 0usize..400,
            length in 1usize..400,
        ) {
            let theme = Theme::new(Background::Dark, true);
            let code = format!("x{}\n", lines.join("\n"));
            let source = format!("```\n{code}```\n");
            let mut rows = Rows::default();
            let options = Options { width, wide: width, theme: &theme, ascii_lines: false, is_expanded: false };
            rows.document.update(&source, true, &options);
            let place = |offset| locate(&rows, offset).map(|(row, byte)| Place { item: 0, row, byte }).unwrap();
            let all = copied(&rows, &source, (place(0), place(usize::MAX)));
            assert_eq!(all, code.strip_suffix('\n').unwrap());
            let (first, last) = (place(from), place(from + length));
            let part = copied(&rows, &source, (first.min(last), first.max(last)));
            assert!(code.contains(&part), "{part:?} is not in {code:?}");
        }
    }
}
