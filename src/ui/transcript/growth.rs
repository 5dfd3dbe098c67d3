//! Frames of an answer that streams in while nothing else happens: they differ from the one before in the conversation, most
//! of them in one row of it, and in the row that shows the time. Nothing else is laid out or listed for them.

use std::ops::Range;

use ratatui::layout::Rect;

use super::{RenderCache, Stamp, stamp};
use crate::app::Model;
use crate::chat::EntryBody;
use crate::ui::canvas::Canvas;
use crate::ui::layout::{Layout, SizeClass};
use crate::ui::markdown::Changed;
use crate::ui::message::Frame;
use crate::ui::picture::Part;
use crate::ui::{live_row, scroll_bar};

const ALL_COLUMNS: Range<usize> = 0..usize::MAX;

/// What differs between a frame and the one before.
#[derive(Debug, Default)]
pub(super) struct Growth {
    extent: Extent,
    /// What the frames since the last whole one have in common.
    layout: Option<Layout>,
    changes: u64,
    /// The first line that is seen.
    top: usize,
    /// The time that is shown, and whether it was another one before.
    time: u64,
    has_new_time: bool,
    /// Rows that were made otherwise for this frame, and of which item.
    changed: Option<(usize, Changed)>,
}

/// Where something may differ.
#[derive(Clone, Copy, Debug, Default)]
enum Extent {
    /// Anywhere.
    #[default]
    Screen,
    /// In the conversation.
    Conversation,
    /// In the rows that were made otherwise, after the conversation went up by so many rows.
    Rows { up: usize },
}

/// What grew, and with which layout where heights did.
pub(in crate::ui) enum Growing {
    /// A row alone.
    Row,
    /// The conversation.
    Conversation(Layout),
}

impl Growth {
    /// The frame is a whole one, with this layout.
    pub(super) fn note_whole(&mut self, model: &Model, layout: &Layout) {
        // Where something is looked for, which may end with this frame, folds are open that the next one closes.
        let layout = Some(*layout).filter(|_| model.find.is_none());
        (self.extent, self.layout, self.changes) = (Extent::Screen, layout, model.changes());
        self.time = live_row::time(model);
    }

    /// Nothing is made for this frame yet.
    pub(super) fn begin(&mut self) {
        self.changed = None;
    }

    /// These rows of an item were made otherwise.
    pub(super) fn note_changed(&mut self, item: usize, changed: Changed) {
        self.changed = Some(match self.changed {
            None => (item, changed),
            Some((known, before)) => {
                let (item, row) = (item, changed.row).min((known, before.row));
                (item, Changed { row, ..Changed::ALL })
            }
        });
    }

    /// The layout, where nothing happened since the last whole frame but that an answer streamed in. On small screens the
    /// time stands elsewhere.
    fn common_layout(&self, model: &Model) -> Option<Layout> {
        let is_same = self.changes == model.changes() && model.only_streams();
        self.layout.filter(|layout| is_same && layout.class == SizeClass::Full)
    }

    fn note_time(&mut self, model: &Model) {
        let time = live_row::time(model);
        self.has_new_time = std::mem::replace(&mut self.time, time) != time;
    }
}

impl RenderCache {
    /// Lays out what streamed in since the last frame, where that is all that changed; otherwise does nothing and gives
    /// `None`.
    pub(in crate::ui) fn grow(&mut self, model: &Model) -> Option<Growing> {
        let layout = self.growth.common_layout(model)?;
        self.growth.note_time(model);
        // What is behind or got its colours may look otherwise anywhere.
        let is_known = !self.is_behind && !self.is_recoloured;
        self.growth.extent = if is_known { Extent::Rows { up: 0 } } else { Extent::Conversation };
        let added = if is_known { self.add_to_last_row(model) } else { None };
        if let Some((item, changed)) = added {
            self.begin_frame();
            self.growth.note_changed(item, changed);
            if changed.is_alone {
                return Some(Growing::Row);
            }
        } else {
            let frame = self.frame?;
            self.begin_frame();
            self.lay_out_entries(model, &frame);
            self.add_tail();
        }
        Some(Growing::Conversation(layout))
    }

    /// Adds plain words or code to the last message; where that is not all that changed, or it is something else, nothing.
    fn add_to_last_row(&mut self, model: &Model) -> Option<(usize, Changed)> {
        let path = &model.chat.conversation.entries;
        let item = path.len().checked_sub(1).filter(|_| self.entries.len() == path.len())?;
        let (entry, known) = (&path[item], &mut self.entries[item]);
        let EntryBody::Answer { message, .. } = &entry.body else { return None };
        let made = known.made.filter(|_| known.made == known.wanted)?;
        let wanted = stamp(model, item, entry, true);
        let is_longer_only = (Stamp { text: made.text, ..wanted }) == made;
        if !is_longer_only || path.changed_since(&self.known).is_some_and(|first| first < item) {
            return None;
        }
        let changed = known.rows.document.grow_last_row(&message.text)?;
        (known.wanted, known.made) = (Some(wanted), Some(wanted));
        self.known = path.revision();
        if !changed.is_alone {
            self.heights.set(item, known.rows.height());
        }
        Some((item, Changed { row: known.rows.before.len() + changed.row, ..changed }))
    }

    /// The scroll position is settled for this frame.
    pub(in crate::ui) fn note_settled(&mut self, model: &Model) {
        let top = model.scroll.settled.top;
        let before = std::mem::replace(&mut self.growth.top, top);
        if let Extent::Rows { up } = &mut self.growth.extent {
            match top.checked_sub(before).filter(|rows| *rows < model.scroll.settled.viewport) {
                Some(rows) => *up = rows,
                None => self.growth.extent = Extent::Conversation,
            }
        }
    }

    /// Rows of a view that begins with this line in which something else stands, and in which columns of the first one.
    fn changed_rows(&self, top: usize, height: usize) -> (Range<usize>, Range<usize>) {
        let Some((item, changed)) = self.growth.changed else { return (height..height, ALL_COLUMNS) };
        let first = self.heights.start_of(item) + changed.row;
        let end = if changed.is_alone { first + 1 } else { usize::MAX };
        let in_view = |line: usize| line.saturating_sub(top).min(height);
        let columns = if first < top { ALL_COLUMNS } else { changed.columns..changed.end };
        (in_view(first)..in_view(end), columns)
    }

    /// Which frame was laid out last.
    #[must_use]
    pub(in crate::ui) fn number(&self) -> u64 {
        self.number
    }

    /// The styles and marks of the last frame.
    #[must_use]
    pub(in crate::ui) fn look(&self) -> Option<&Frame> {
        self.frame.as_ref()
    }
}

/// Draws what differs from the frame before, and says where it stands; `None` where that may be everywhere.
pub(in crate::ui) fn draw_growth<'a>(canvas: &mut Canvas<'a>, model: &Model, cache: &'a RenderCache) -> Option<Part> {
    let (growth, layout) = (&cache.growth, cache.growth.layout?);
    let (area, top) = (layout.transcript, model.scroll.settled.top);
    let height = usize::from(area.height);
    let (up, rows, columns) = match growth.extent {
        Extent::Screen => return None,
        Extent::Conversation => (0, 0..height, ALL_COLUMNS),
        Extent::Rows { up } => {
            let (rows, columns) = cache.changed_rows(top, height);
            // The last rows came into view.
            let first = rows.start.min(height - up);
            let end = if up > 0 { height } else { rows.end };
            (up, first..end, if first == rows.start { columns } else { ALL_COLUMNS })
        }
    };
    let is_row_alone = up == 0 && growth.changed.is_none_or(|(_, changed)| changed.is_alone);
    // The bar stands in the same rows, and changes as it stands for more.
    let has_bar = !(is_row_alone && rows.is_empty()) && scroll_bar::is_shown(model, &layout);
    let (up, rows, columns) = if has_bar { (0, 0..height, ALL_COLUMNS) } else { (up, rows, columns) };
    let set_in = |column: usize| layout.inset().saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
    let part = Part {
        up: (area.top()..area.bottom(), up),
        rows: area.top() + rows.start as u16..area.top() + rows.end as u16,
        // What begins with its first column may stand in another place, or have another mark before it.
        columns: if columns.start == 0 { 0..u16::MAX } else { set_in(columns.start)..set_in(columns.end) },
        live_row: (growth.has_new_time || !is_row_alone).then_some(layout.live.y),
    };
    if !rows.is_empty() {
        let seen = Rect { y: part.rows.start, height: rows.len() as u16, ..area };
        super::draw_from(canvas, model, cache, (seen, layout.inset()), top + rows.start);
        scroll_bar::draw(canvas, model, cache, &layout);
    }
    if part.live_row.is_some() {
        live_row::draw(canvas, model, &layout);
    }
    Some(part)
}
