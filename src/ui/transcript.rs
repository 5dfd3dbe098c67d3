//! The conversation: entries laid out once and kept until something about them changes, so that a frame costs what is on
//! the screen and what just came in.

mod growth;

use std::borrow::Cow;
use std::ops::Range;

use ratatui::layout::Rect;

use super::calls;
use super::canvas::Canvas;
use super::card::{self, Card};
use super::error_card;
use super::find::{Finder, Mark};
use super::highlight::{Coloured, Colours, Request};
use super::layout::Layout;
use super::line::Line;
use super::message::{self, Frame, Rows};
use super::preview::Preview;
use super::reading::Reading;
use super::selecting::{self, Place};
use super::symbols::Symbols;
use super::theme::Theme;
use super::welcome;
use crate::agent::Turn;
use crate::app::{Browser, Focus, Heights, Model, Saving};
use crate::chat::{ConversationId, Entry, EntryBody, EntryState, MessageId, Revision, Version};
use crate::store::Query;
use growth::Growth;
pub(super) use growth::{Growing, draw_growth};

/// Entries at the end that are laid out whether they are seen or not: where the view follows, their heights count.
const TAIL: usize = 4;
/// Views above and below the one that is seen, laid out before they are scrolled to.
const MARGIN: usize = 2;

/// What an entry's rows were made from; they are made again when it differs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stamp {
    text: usize,
    reasoning: usize,
    state: EntryState,
    version: Option<Version>,
    /// Its tool calls, see [`calls::digest`].
    calls: u64,
    thought_ms: Option<u64>,
    /// Anything else the rows depend on: being sent, last answer, why shown, running.
    marks: u8,
}

/// An entry with its rows.
struct LaidOut {
    id: MessageId,
    /// What the rows are to be made from.
    wanted: Option<Stamp>,
    /// What they were made from; `None` before they are made.
    made: Option<Stamp>,
    /// The frame in which they were made.
    made_in: u64,
    rows: Rows,
}

impl LaidOut {
    fn new(entry: &Entry) -> Self {
        Self { id: entry.id.clone(), wanted: None, made: None, made_in: 0, rows: Rows::default() }
    }
}

/// The line at the top of the view.
#[derive(Clone, Copy, Debug)]
struct HeldLine {
    /// The item and the line as which it was shown last.
    shown_as: (usize, usize),
    reading: Reading,
}

/// The laid-out conversation.
#[derive(Default)]
pub struct RenderCache {
    chat: Option<ConversationId>,
    frame: Option<Frame>,
    /// The messages as they were in the last frame, and from where on they depended on being the last ones.
    known: Revision,
    end_from: usize,
    /// Which frame this is, and whether there was more to lay out than it had time for.
    number: u64,
    is_behind: bool,
    growth: Growth,
    is_recoloured: bool,
    entries: Vec<LaidOut>,
    /// Rows of the entries, as far as they are known, and of what stands below them.
    heights: Heights,
    tail: Vec<Line>,
    /// The line at the top of the view, through layouts for other widths.
    reading: Option<HeldLine>,
    is_made_anew: bool,
    colours: Colours,
    /// Hits of what is looked for in this chat.
    pub(super) finder: Option<Box<Finder>>,
    /// The ends of what is selected.
    pub(super) selected: Option<(Place, Place)>,
    preview: Option<Preview>,
}

impl RenderCache {
    /// Finds what changed and the heights of the items in order, as far as they are known; gives the approval card, if
    /// there is one. What is not near the end is laid out once it is to be seen.
    pub fn lay_out(&mut self, model: &Model, layout: &Layout, theme: &Theme) -> Option<Card> {
        let frame = Frame {
            prose: layout.prose,
            wide: layout.wide,
            theme: *theme,
            symbols: Symbols::of(model.look),
            look: model.look,
            is_expanded: model.is_expanded,
            // What is looked for may stand in one.
            has_open_folds: model.is_expanded || model.find.is_some(),
        };
        if self.frame != Some(frame) || self.chat.as_ref() != Some(&model.chat.conversation.id) {
            self.note_reading(model);
            self.is_made_anew = true;
            self.entries.clear();
            self.known = Revision::default();
            self.frame = Some(frame);
            if self.chat.as_ref() != Some(&model.chat.conversation.id) {
                self.colours.clear();
            }
            self.chat = Some(model.chat.conversation.id.clone());
        }
        self.growth.note_whole(model, layout);
        self.begin_frame();
        self.lay_out_entries(model, &frame);
        let card = card::approval(model, &frame, layout.transcript.height as usize);
        self.tail = match &card {
            Some(card) => card.lines.clone(),
            None if model.is_again_asked => card::ask_again(&frame),
            None => error_card::of_wait(model, &frame).unwrap_or_default(),
        };
        self.add_tail();
        card
    }

    fn begin_frame(&mut self) {
        self.number += 1;
        (self.is_behind, self.is_recoloured) = (false, false);
        self.growth.begin();
    }

    /// Lays out the entries that changed, at the end, and where the view is held.
    fn lay_out_entries(&mut self, model: &Model, frame: &Frame) {
        let path = &model.chat.conversation.entries;
        let end_from = end_from(model);
        let changed = path.changed_since(&self.known).unwrap_or(path.len());
        let first = changed.min(self.end_from).min(end_from);
        self.entries.truncate(path.len());
        self.heights.truncate(self.entries.len());
        for (at, entry) in path.iter().enumerate().skip(first) {
            self.take(at, entry, frame);
            self.entries[at].wanted = Some(stamp(model, at, entry, at >= end_from));
            if at + TAIL >= path.len() {
                self.make(model, at, frame);
            }
        }
        (self.known, self.end_from) = (path.revision(), end_from);
        if let Some(anchor) = model.scroll.anchor_item() {
            self.make(model, anchor, frame);
        }
    }

    /// What stands below the entries takes its rows, too.
    fn add_tail(&mut self) {
        if !self.tail.is_empty() {
            self.heights.push(self.tail.len());
        }
    }

    /// Notes what stands at the top of the view, before rows are made anew. As long as nobody scrolls, what was noted first
    /// holds, so that going back to a former width leads back to the former line.
    fn note_reading(&mut self, model: &Model) {
        let anchor = model.scroll.anchor().filter(|_| self.chat.as_ref() == Some(&model.chat.conversation.id));
        if self.reading.is_some_and(|known| Some(known.shown_as) == anchor) {
            return;
        }
        self.reading = anchor.and_then(|(item, line)| {
            let known = self.entries.get(item).filter(|known| known.made.is_some())?;
            Some(HeldLine { shown_as: (item, line), reading: Reading::of(&known.rows, line) })
        });
    }

    /// The item and the line at the top of the view, where rows were made anew since the last time this was asked.
    pub(super) fn take_reading(&mut self, model: &Model) -> Option<(usize, usize)> {
        let held =
            self.reading.filter(|_| self.is_made_anew).filter(|held| model.scroll.anchor() == Some(held.shown_as));
        self.is_made_anew = false;
        let (item, _) = held?.shown_as;
        let known = self.entries.get(item)?;
        let line = held?.reading.row(&known.rows);
        self.reading = held.map(|held| HeldLine { shown_as: (item, line), ..held });
        Some((item, line))
    }

    /// Has a place for this entry, which is kept where it stands there already.
    fn take(&mut self, at: usize, entry: &Entry, frame: &Frame) {
        match self.entries.get_mut(at) {
            Some(known) if known.id == entry.id => {}
            Some(known) => {
                *known = LaidOut::new(entry);
                self.heights.set(at, message::estimated_height(entry, frame));
            }
            None => {
                self.entries.push(LaidOut::new(entry));
                self.heights.push(message::estimated_height(entry, frame));
            }
        }
    }

    /// Makes the rows of an entry, where they are not what they are to be; `true` when the height changed. Of a very long
    /// message each frame makes some.
    fn make(&mut self, model: &Model, at: usize, frame: &Frame) -> bool {
        let Some(known) = self.entries.get_mut(at) else { return false };
        let is_behind = known.rows.document.is_behind() && known.made_in != self.number;
        if known.made == known.wanted && !is_behind {
            return false;
        }
        if let Some(changed) = message::lay_out(&mut known.rows, model, at, frame) {
            self.growth.note_changed(at, changed);
        }
        (known.made, known.made_in) = (known.wanted, self.number);
        self.is_behind |= known.rows.document.is_behind();
        // Whoever follows sees it grow; otherwise the line that is read keeps its place.
        let rest = if model.scroll.is_following() { 0 } else { known.rows.document.lines_behind() };
        let height = known.rows.height() + rest;
        let is_changed = self.heights.of(at) != height;
        self.heights.set(at, height);
        is_changed
    }

    /// Lays out this item.
    pub(super) fn make_item(&mut self, model: &Model, item: usize) {
        if let Some(frame) = self.frame {
            self.make(model, item, &frame);
        }
    }

    /// Looks at the rows of an item, which are made for this alone where they are not there.
    pub(super) fn with_rows<T>(&self, model: &Model, item: usize, look: impl FnOnce(&Rows) -> T) -> T {
        let is_whole =
            |known: &&LaidOut| known.made.is_some() && known.made == known.wanted && !known.rows.document.is_behind();
        match (self.entries.get(item).filter(is_whole), &self.frame) {
            (Some(known), _) => look(&known.rows),
            (None, Some(frame)) => {
                let mut rows = Rows::default();
                message::lay_out(&mut rows, model, item, frame);
                while rows.document.is_behind() {
                    message::lay_out(&mut rows, model, item, frame);
                }
                look(&rows)
            }
            (None, None) => look(&Rows::default()),
        }
    }

    /// Whether there was more to lay out than one frame had time for, so that another one is to follow.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Lays out what is seen from this row on, and a little around it; `true` when a height turned out to be another one.
    pub fn lay_out_seen(&mut self, model: &Model, top: usize, viewport: usize) -> bool {
        let Some(frame) = self.frame else { return false };
        let seen = top.saturating_sub(MARGIN * viewport)..top + (MARGIN + 1) * viewport.max(1);
        let (first, _) = self.heights.at(seen.start);
        let mut start = self.heights.start_of(first);
        let mut is_changed = false;
        for at in first..self.entries.len() {
            if start >= seen.end {
                break;
            }
            start += self.heights.of(at);
            is_changed |= self.make(model, at, &frame);
        }
        is_changed
    }

    /// Asks for the colours of the code that is seen from this row on, and of a view further down.
    pub fn want_colours(&mut self, top: usize, viewport: usize) {
        if !self.frame.is_some_and(|frame| frame.theme.has_colour) {
            return;
        }
        let (first, _) = self.heights.at(top);
        let mut start = self.heights.start_of(first);
        let end = top + 2 * viewport;
        for known in self.entries.iter().skip(first).take_while(|known| known.made.is_some()) {
            if start >= end {
                return;
            }
            let body = start + known.rows.before.len();
            let rows = top.saturating_sub(body)..end.saturating_sub(body);
            self.colours.want(&known.id, &known.rows.document, rows);
            start += known.rows.height();
        }
    }

    /// Code of which the colours are wanted, asked once.
    pub fn take_code(&mut self) -> Vec<Request> {
        self.colours.take_requests()
    }

    /// Takes the colours of code.
    pub fn take_colours(&mut self, coloured: Coloured) {
        self.colours.take(coloured);
        self.is_recoloured = true;
    }

    /// The first row of this item in which what was looked for stands, once it is laid out.
    #[must_use]
    pub fn first_hit(&self, item: usize, query: &Query) -> Option<usize> {
        let rows = &self.entries.get(item)?.rows;
        (0..rows.height()).find(|at| rows.line(*at).is_some_and(|line| !query.marks(&line.to_text()).is_empty()))
    }

    /// Whether more of this item is laid out with the next frame.
    #[must_use]
    pub(super) fn is_item_behind(&self, item: usize) -> bool {
        self.entries.get(item).is_some_and(|known| known.rows.document.is_behind())
    }

    /// Rows of the items, in order.
    #[must_use]
    pub fn heights(&self) -> &Heights {
        &self.heights
    }

    /// The rows of this entry, once laid out.
    #[must_use]
    pub(super) fn rows_of(&self, item: usize) -> Option<&Rows> {
        self.entries.get(item).map(|known| &known.rows)
    }

    /// The entries of which something stands in these rows, each with its own rows that do.
    pub(super) fn seen(&self, top: usize, viewport: usize) -> impl Iterator<Item = (usize, &Rows, Range<usize>)> {
        let (first, skipped) = self.heights.at(top);
        let mut left = viewport;
        self.entries.iter().enumerate().skip(first).map_while(move |(item, LaidOut { rows, .. })| {
            let from = if item == first { skipped } else { 0 };
            let seen = from..(from + left).min(rows.height());
            let is_seen = left > 0;
            left -= seen.len();
            is_seen.then_some((item, rows, seen))
        })
    }

    /// Lays out a saved chat for the browser's preview.
    pub fn lay_out_preview(&mut self, browser: &Browser, model: &Model, width: u16, theme: &Theme) {
        Preview::bring_up_to_date(&mut self.preview, browser, model, width, theme);
    }

    /// The rows of the preview of this chat, once laid out.
    #[must_use]
    pub(super) fn known_preview(&self, chat: &ConversationId) -> Option<&Preview> {
        self.preview.as_ref().filter(|known| known.is_of(chat))
    }
}

/// Bytes of the text and of the reasoning.
pub(super) fn text_bytes(entry: &Entry) -> (usize, usize) {
    match &entry.body {
        EntryBody::Question(text) => (text.len(), 0),
        EntryBody::Answer { message, .. } => (message.text.len(), message.reasoning.len()),
        EntryBody::ToolResult(result) => (result.output.len(), 0),
    }
}

/// The place from which on the rows depend on more than the messages: on what runs, and on being the last ones.
fn end_from(model: &Model) -> usize {
    let path = &model.chat.conversation.entries;
    let last_answer = model.chat.last_answer().and_then(|entry| path.place(&entry.id));
    last_answer.unwrap_or(path.len()).min(path.len().saturating_sub(TAIL))
}

fn stamp(model: &Model, at: usize, entry: &Entry, is_tail: bool) -> Stamp {
    let last = model.chat.conversation.entries.len() - 1;
    let (text, reasoning) = text_bytes(entry);
    let is_sending = model.chat.being_sent.contains(&entry.id);
    let is_unsaved = is_sending && matches!(model.saving, Saving::Fails(_));
    let is_last_answer = is_tail && model.chat.last_answer().is_some_and(|last| last.id == entry.id);
    let marks = u8::from(is_sending)
        | u8::from(at == last) << 1
        | u8::from(is_tail && model.is_why_shown) << 2
        | u8::from(is_tail && model.running_turn().is_some()) << 3
        | u8::from(is_tail) << 4
        | u8::from(is_unsaved) << 5
        | u8::from(is_last_answer) << 6;
    let conversation = &model.chat.conversation;
    let version = conversation.versioned(at).and_then(|entry| conversation.version(&entry.id));
    let calls = calls::digest(model, at, entry);
    let thought_ms = model.turn_of(&entry.id).and_then(Turn::thought_ms);
    Stamp { text, reasoning, state: entry.state, version, calls, thought_ms, marks }
}

/// Draws the conversation, or the first screen of a chat without one.
pub(super) fn draw<'a>(canvas: &mut Canvas<'a>, model: &Model, cache: &'a RenderCache, layout: &Layout) {
    if layout.transcript.height == 0 {
        return;
    }
    if model.chat.conversation.entries.is_empty() {
        welcome::draw(canvas, model, layout);
    } else {
        draw_from(canvas, model, cache, (layout.transcript, layout.inset()), model.scroll.settled.top);
    }
}

/// Draws the conversation from this line on into an area, its text set in by so much.
fn draw_from<'a>(
    canvas: &mut Canvas<'a>,
    model: &Model,
    cache: &'a RenderCache,
    (area, inset): (Rect, u16),
    top: usize,
) {
    let marks = match (&cache.finder, &model.chat.marks) {
        (Some(finder), _) => Marks::Found(finder),
        (None, Some(query)) => Marks::Searched(query),
        (None, None) => Marks::None,
    };
    let selected = model.selected_place().filter(|_| model.focus == Focus::Messages);
    let (item, mut skip) = cache.heights.at(top);
    let mut y = area.y;
    for (at, known) in cache.entries.iter().enumerate().skip(item) {
        let first = y;
        let marks = |seen| marks.of(at, &known.rows, seen);
        let chosen = |row| cache.selected.and_then(|ends| selecting::of_row(ends, &known.rows, at, row));
        draw_rows(canvas, area, (y, inset), (known, &cache.colours), skip, marks, chosen);
        y += (cache.heights.of(at).saturating_sub(skip)).min(usize::from(area.height)) as u16;
        if selected == Some(at) {
            canvas.text(area, 0, first, canvas.symbols.own, canvas.theme.accent);
        }
        skip = 0;
        if y >= area.bottom() {
            return;
        }
    }
    // Behind the last line there is nothing.
    let tail = if item < cache.heights.len() { cache.tail.as_slice() } else { &[] };
    for line in tail.iter().skip(skip) {
        if y >= area.bottom() {
            return;
        }
        canvas.line(area, 0, y, line);
        y += 1;
    }
}

/// What is marked in the conversation.
enum Marks<'a> {
    None,
    /// Hits of what is looked for in this chat.
    Found(&'a Finder),
    /// Words of the search that the chat was opened from.
    Searched(&'a Query),
}

impl Marks<'_> {
    /// The marks in these rows of an item.
    fn of(&self, item: usize, rows: &Rows, seen: Range<usize>) -> Vec<Mark> {
        match self {
            Self::None => Vec::new(),
            Self::Found(finder) => finder.marks(item, rows, seen),
            Self::Searched(query) => {
                let lines = seen.filter_map(|at| rows.line(at).map(|line| (at, line)));
                lines
                    .flat_map(|(at, line)| query.marks(&line.to_text()).into_iter().map(move |hit| (at, hit, false)))
                    .collect()
            }
        }
    }
}

/// Draws the rows of an entry from `skip` on.
fn draw_rows<'a>(
    canvas: &mut Canvas<'a>,
    area: Rect,
    (from, inset): (u16, u16),
    (LaidOut { id, rows, .. }, colours): (&'a LaidOut, &Colours),
    skip: usize,
    marks: impl FnOnce(Range<usize>) -> Vec<Mark>,
    chosen: impl Fn(usize) -> Option<Range<usize>>,
) {
    let end = rows.height().min(skip + usize::from(area.bottom() - from));
    let marks = marks(skip..end);
    let here = canvas.theme.current_hit;
    for (y, at) in (from..).zip(skip..end) {
        let Some(line) = rows.line(at) else { break };
        let x = if rows.is_body(at) { inset } else { 0 };
        let coloured =
            at.checked_sub(rows.before.len()).and_then(|row| colours.coloured(id, &rows.document, row, &canvas.theme));
        let mut line = coloured.map_or(Cow::Borrowed(line), Cow::Owned);
        for (style, is_here) in [(canvas.theme.hit, false), (here, true)] {
            let of_row = marks.iter().filter(|(row, _, is_current)| (*row, *is_current) == (at, is_here));
            let of_row: Vec<_> = of_row.map(|(_, bytes, _)| bytes.clone()).collect();
            if !of_row.is_empty() {
                line.to_mut().mark(&of_row, style);
            }
        }
        if let Some(bytes) = chosen(at) {
            line.to_mut().mark(&[bytes], canvas.theme.selected);
        }
        canvas.line(area, x, y, line);
    }
}
