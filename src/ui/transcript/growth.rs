//! Frames of an answer that streams in while nothing else happens: they differ from the one before in the conversation, most
//! of them in one row of it, and in the row that shows the time. Nothing else is laid out or listed for them.

use std::ops::Range;

use super::{RenderCache, Stamp, stamp};
use crate::app::Model;
use crate::chat::EntryBody;
use crate::ui::canvas::Canvas;
use crate::ui::layout::{Layout, SizeClass};
use crate::ui::markdown::AddedWords;
use crate::ui::message::Frame;
use crate::ui::{live_row, scroll_bar};

/// What differs between a frame and the one before.
#[derive(Debug, Default)]
pub(super) struct Growth {
    extent: Extent,
    /// What the frames since the last whole one have in common.
    layout: Option<Layout>,
    changes: u64,
    /// The time that is shown, and whether it was another one before.
    time: u64,
    has_new_time: bool,
}

/// Where something may differ.
#[derive(Clone, Copy, Debug, Default)]
enum Extent {
    /// Anywhere.
    #[default]
    Screen,
    /// In the conversation.
    Conversation,
    /// In this row of an item, behind so many columns of its text.
    Row { item: usize, row: usize, columns: usize },
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
        (self.extent, self.layout, self.changes) = (Extent::Screen, Some(*layout), model.changes());
        self.time = live_row::time(model);
    }

    /// The layout, where nothing happened since the last whole frame but that an answer streamed in. On small screens the
    /// time stands elsewhere.
    fn common_layout(&self, model: &Model) -> Option<Layout> {
        let is_same = self.changes == model.changes() && model.only_streams();
        self.layout.filter(|layout| is_same && layout.class == SizeClass::Full)
    }

    fn note_extent(&mut self, extent: Extent, model: &Model) {
        let time = live_row::time(model);
        self.has_new_time = std::mem::replace(&mut self.time, time) != time;
        self.extent = extent;
    }
}

impl RenderCache {
    /// Lays out what streamed in since the last frame, where that is all that changed; otherwise does nothing and gives
    /// `None`.
    pub(in crate::ui) fn grow(&mut self, model: &Model) -> Option<Growing> {
        let layout = self.growth.common_layout(model)?;
        let added = if self.is_behind || self.is_recoloured { None } else { self.add_words(model) };
        if added.is_some() {
            self.begin_frame();
        } else {
            let frame = self.frame?;
            self.begin_frame();
            self.lay_out_entries(model, &frame);
            self.add_tail();
        }
        self.growth.note_extent(added.unwrap_or(Extent::Conversation), model);
        Some(match self.growth.extent {
            Extent::Row { .. } => Growing::Row,
            Extent::Screen | Extent::Conversation => Growing::Conversation(layout),
        })
    }

    /// Adds plain words to the last message; where that is not all that changed, or they are something else, nothing.
    fn add_words(&mut self, model: &Model) -> Option<Extent> {
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
        let AddedWords { row, columns, has_wrapped } = known.rows.document.grow_last_row(&message.text)?;
        (known.wanted, known.made) = (Some(wanted), Some(wanted));
        self.known = path.revision();
        if has_wrapped {
            self.heights.set(item, known.rows.height());
            return Some(Extent::Conversation);
        }
        Some(Extent::Row { item, row: known.rows.before.len() + row, columns })
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

/// The part of the screen that differs from the frame before: these rows from this column on, and the live row.
pub(in crate::ui) type Part = ((Range<u16>, u16), Option<u16>);

/// Draws what differs from the frame before, and says where it stands; `None` where that may be everywhere.
pub(in crate::ui) fn draw_growth<'a>(canvas: &mut Canvas<'a>, model: &Model, cache: &'a RenderCache) -> Option<Part> {
    let growth = &cache.growth;
    let layout = growth.layout?;
    let area = layout.transcript;
    let (rows, has_live_row) = match growth.extent {
        Extent::Screen => return None,
        Extent::Conversation => {
            super::draw(canvas, model, cache, &layout);
            scroll_bar::draw(canvas, model, cache, &layout);
            ((area.top()..area.bottom(), 0), true)
        }
        Extent::Row { item, row, columns } => {
            let below_top = (cache.heights.start_of(item) + row).checked_sub(model.scroll.settled.top);
            let y = below_top.and_then(|rows| u16::try_from(rows).ok()).filter(|y| *y < area.height);
            let line = cache.entries.get(item).and_then(|known| known.rows.line(row));
            let rows = y.zip(line).map_or((0..0, 0), |(y, line)| {
                let (x, y) = (layout.inset(), area.y + y);
                canvas.line(area, x, y, line);
                (y..y + 1, x.saturating_add(u16::try_from(columns).unwrap_or(u16::MAX)))
            });
            (rows, growth.has_new_time)
        }
    };
    if has_live_row {
        live_row::draw(canvas, model, &layout);
    }
    Some((rows, has_live_row.then_some(layout.live.y)))
}
