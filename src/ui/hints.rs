//! What on the screen can be picked by letter, where its letters stand, and what is copied for it: exactly what stands in
//! the source of the message.

use std::collections::HashSet;
use std::ops::Range;

use super::canvas::Canvas;
use super::layout::Layout;
use super::line::{Joins, Line};
use super::link;
use super::markdown::{Document, Region, RegionKind};
use super::message::Rows;
use super::pick;
use super::transcript::RenderCache;
use crate::app::{Hint, HintKind, HintScope, Hints, Model};
use crate::chat::{Entry, EntryBody, EntryState, MessageId};
use crate::safe_text;

/// Columns before a block's own text in which its letters stand, so that they hide nothing of it.
const BEFORE: u16 = 3;

/// Finds what the letters stand at, when they were just opened; what still streams in is brought up to date.
pub(super) fn settle(model: &mut Model, cache: &RenderCache, layout: &Layout) {
    let Some(Hints { scope, found, .. }) = &model.hints else { return };
    if found.is_none() {
        let found = find(model, cache, layout, *scope);
        model.hints_found(found);
        return;
    }
    let streaming = model.chat.conversation.entries.last().filter(|entry| entry.state == EntryState::Streaming);
    let Some((id, source)) = streaming.and_then(|entry| Some((entry.id.clone(), answer(entry)?.to_owned()))) else {
        return;
    };
    let Some(rows) = cache.rows_of(model.chat.conversation.entries.len() - 1) else { return };
    for hint in model.hints.iter_mut().flat_map(|hints| hints.found.iter_mut().flatten()) {
        let is_block = matches!(hint.kind, HintKind::Code | HintKind::Table | HintKind::Paragraph);
        if hint.message != id || !is_block {
            continue;
        }
        let region = rows.document.regions().iter().find(|region| region.source.start == hint.source_start);
        if let Some((_, text, other)) = region.and_then(|region| content(region, &source)) {
            (hint.text, hint.other) = (text, other);
        }
    }
}

/// Draws the letters over the conversation.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, cache: &RenderCache, layout: &Layout) {
    let Some(hints) = &model.hints else { return };
    let (area, top) = (layout.transcript, model.scroll.settled.top);
    let entries = &model.chat.conversation.entries;
    let style = canvas.theme.selected;
    for hint in hints.left() {
        let Some(item) = entries.place(&hint.message) else { continue };
        let row = cache.heights().start_of(item) + hint.row;
        let Some(y) = row.checked_sub(top).and_then(|y| u16::try_from(y).ok()).filter(|y| *y < area.height) else {
            continue;
        };
        canvas.text(area, area.x + hint.column, area.y + y, &hint.label[hints.typed.len()..], style);
    }
}

fn find(model: &Model, cache: &RenderCache, layout: &Layout, scope: HintScope) -> Vec<Hint> {
    let mut found = Vec::new();
    for (item, rows, seen) in cache.seen(model.scroll.settled.top, layout.transcript.height as usize) {
        let Some(entry) = model.chat.conversation.entries.get(item) else { continue };
        let mut finder = Finder { message: &entry.id, rows, seen, inset: layout.inset(), found: vec![] };
        match &entry.body {
            EntryBody::Question(text) if scope == HintScope::Everything => finder.question(text),
            EntryBody::Answer { message, .. } => finder.answer(&message.text, scope),
            EntryBody::Question(_) | EntryBody::ToolResult(_) => {}
        }
        finder.found.sort_by_key(|hint| (hint.row, hint.column, rank(hint.kind)));
        finder.found.dedup_by_key(|hint| (hint.row, hint.column));
        found.append(&mut finder.found);
    }
    found
}

/// Of what starts in the same place, the lowest has the letters.
fn rank(kind: HintKind) -> u8 {
    match kind {
        HintKind::Code | HintKind::Table | HintKind::Paragraph | HintKind::Question => 0,
        HintKind::Command => 1,
        HintKind::Address => 2,
        HintKind::Path => 3,
    }
}

fn answer(entry: &Entry) -> Option<&str> {
    match &entry.body {
        EntryBody::Answer { message, .. } => Some(&message.text),
        EntryBody::Question(_) | EntryBody::ToolResult(_) => None,
    }
}

/// What is copied for a block: its kind, its text and what Shift makes of it.
fn content(region: &Region, source: &str) -> Option<(HintKind, String, Option<String>)> {
    match &region.kind {
        RegionKind::Code { .. } => Some((HintKind::Code, region.code(source)?, None)),
        RegionKind::Table => {
            let cells = region.cells(source);
            Some((HintKind::Table, tabbed(&cells), Some(comma_separated(&cells))))
        }
        RegionKind::Text | RegionKind::Fold => {
            Some((HintKind::Paragraph, paragraph(source.get(region.source.clone())?), None))
        }
    }
}

/// A paragraph without the marks of the quotes and the indents of the lists that its further lines stand in.
fn paragraph(source: &str) -> String {
    let lines = source.trim_end().lines().enumerate();
    let own = lines.map(|(at, line)| if at == 0 { line } else { line.trim_start_matches([' ', '\t', '>']) });
    own.collect::<Vec<_>>().join("\n")
}

/// Cells as spreadsheets take them from a clipboard.
fn tabbed(cells: &[Vec<String>]) -> String {
    let cell = |cell: &String| cell.replace(['\t', '\n', '\r'], " ");
    let line = |line: &Vec<String>| line.iter().map(cell).collect::<Vec<_>>().join("\t") + "\n";
    cells.iter().map(line).collect()
}

/// Cells as in RFC 4180, but for its line ends.
fn comma_separated(cells: &[Vec<String>]) -> String {
    let cell = |cell: &String| {
        let is_plain = !cell.contains([',', '"', '\n', '\r']);
        if is_plain { cell.clone() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    };
    let line = |line: &Vec<String>| line.iter().map(cell).collect::<Vec<_>>().join(",") + "\n";
    cells.iter().map(line).collect()
}

/// Finds what can be picked in one message.
struct Finder<'a> {
    message: &'a MessageId,
    rows: &'a Rows,
    /// Its rows that are on the screen.
    seen: Range<usize>,
    /// Columns before the rows of its document.
    inset: u16,
    found: Vec<Hint>,
}

impl Finder<'_> {
    fn add(
        &mut self,
        row: usize,
        column: u16,
        source_start: usize,
        (kind, text): (HintKind, String),
    ) -> Option<&mut Hint> {
        if text.is_empty() || !self.seen.contains(&row) {
            return None;
        }
        let (message, label) = (self.message.clone(), String::new());
        self.found.push(Hint { label, message, row, column, source_start, kind, text, other: None });
        self.found.last_mut()
    }

    fn question(&mut self, text: &str) {
        self.add(self.seen.start, 0, 0, (HintKind::Question, text.to_owned()));
        // Beside its first row stands the time.
        let own = |(line, bytes): (&Line, Range<usize>)| Some((line.clone(), line.to_text().get(bytes)?.to_owned()));
        let rows: Vec<(Line, String)> =
            (0..self.rows.before.len()).map_while(|at| self.rows.text(at).and_then(own)).collect();
        self.within(&rows, 0, 0, 0);
    }

    fn answer(&mut self, source: &str, scope: HintScope) {
        let above = self.rows.before.len();
        let document: &Document = &self.rows.document;
        let seen = self.seen.start.saturating_sub(above)..self.seen.end.saturating_sub(above);
        for region in document.regions() {
            let is_seen = region.rows.start < seen.end && region.rows.end > seen.start;
            let is_wanted = scope == HintScope::Everything || matches!(region.kind, RegionKind::Code { .. });
            if !is_seen || !is_wanted {
                continue;
            }
            let Some((kind, text, other)) = content(region, source) else { continue };
            // Of a block that begins above, the first row on the screen has the letters.
            let row = region.rows.start.max(seen.start);
            let column = self.inset + lead_width(document.line(row));
            let start = region.source.start;
            if scope == HintScope::Everything {
                let own = |line: &Line| (line.clone(), line.own_text());
                let rows: Vec<(Line, String)> = region.rows.clone().map(|at| own(document.line(at))).collect();
                self.within(&rows, above + region.rows.start, self.inset, start);
                if let RegionKind::Code { language } = &region.kind {
                    self.commands(language, &text, &rows, above + region.rows.start, start);
                }
            }
            if let Some(hint) = self.add(above + row, column.saturating_sub(BEFORE), start, (kind, text)) {
                hint.other = other;
            }
        }
    }

    /// The commands in a block of code that is drawn in these rows.
    fn commands(&mut self, language: &str, code: &str, rows: &[(Line, String)], first: usize, source_start: usize) {
        let lines: Vec<usize> = (0..rows.len()).filter(|at| *at == 0 || rows[*at].0.joins == Joins::NewLine).collect();
        for (line, command) in pick::commands(language, code) {
            // The whole block has its own letter.
            if command == code.trim_end_matches('\n') {
                continue;
            }
            let Some(row) = lines.get(line) else { break };
            self.add(first + row, self.inset + lead_width(&rows[*row].0), source_start, (HintKind::Command, command));
        }
    }

    /// Addresses and paths in these rows, each with its own text, the first of which has this place in the message.
    fn within(&mut self, rows: &[(Line, String)], first: usize, inset: u16, source_start: usize) {
        let mut text = String::new();
        let mut starts = Vec::new();
        for (at, (row, own)) in rows.iter().enumerate() {
            match row.joins {
                _ if at == 0 => {}
                Joins::NewLine => text.push('\n'),
                Joins::Space => text.push(' '),
                Joins::Nothing => {}
            }
            starts.push(text.len());
            text.push_str(own);
        }
        // Where text leads to another address than it shows, the address is meant.
        let mut found: Vec<(usize, HintKind, String)> = Vec::new();
        let mut known: HashSet<String> = HashSet::new();
        let mut linked: Vec<Range<usize>> = Vec::new();
        for ((row, _), start) in rows.iter().zip(&starts) {
            let mut at = 0;
            for span in &row.spans {
                let end = at + span.text.as_str().len();
                if let Some(link) = &span.link {
                    let own = |at: usize| start + at.saturating_sub(usize::from(row.lead));
                    linked.push(own(at)..own(end));
                    if known.insert(link.target().to_owned()) {
                        found.push((own(at), HintKind::Address, link.target().to_owned()));
                    }
                }
                at = end;
            }
        }
        let is_linked = |at: usize| {
            linked.get(linked.partition_point(|range| range.end <= at)).is_some_and(|range| range.start <= at)
        };
        for (range, link) in link::in_text(&text) {
            if !is_linked(range.start) && known.insert(link.target().to_owned()) {
                found.push((range.start, HintKind::Address, link.target().to_owned()));
            }
        }
        let paths = pick::paths(&text).into_iter().filter(|range| !is_linked(range.start));
        found.extend(paths.map(|range| (range.start, HintKind::Path, text[range].to_owned())));
        for (start, kind, text_of_it) in found {
            let at = starts.partition_point(|known| *known <= start) - 1;
            let before = safe_text::width(&text[starts[at]..start]);
            let column = inset + lead_width(&rows[at].0) + before as u16;
            self.add(first + at, column, source_start, (kind, text_of_it));
        }
    }
}

/// Columns of what stands before a row's own text.
fn lead_width(line: &Line) -> u16 {
    let text = line.to_text();
    safe_text::width(&text[..usize::from(line.lead).min(text.len())]) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_copied_so_that_they_stay_cells() {
        let cells = [vec!["a".to_owned(), "b \"c\", d".to_owned()], vec!["1\t2".to_owned(), String::new()]];
        assert_eq!(tabbed(&cells), "a\tb \"c\", d\n1 2\t\n");
        assert_eq!(comma_separated(&cells), "a,\"b \"\"c\"\", d\"\n1\t2,\n");
    }

    #[test]
    fn a_paragraph_of_a_quote_is_copied_without_its_bars() {
        assert_eq!(paragraph("one **two**\n> > three\n>four"), "one **two**\nthree\nfour");
    }
}
