//! Hits in the open chat: how many stand in each message, which one is to be seen, and which rows show them. Messages are
//! looked through outward from where the chat was being read, a piece with each frame, and each is looked at again only
//! when it changed; what is not on the screen is laid out for as long as it takes to count, and only if it may hold a hit.

mod needle;
mod rows;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::layout::Layout;
use super::message::{self, Rows};
use super::transcript::RenderCache;
use crate::app::{Find, FindStep, Found, Heights, HitPlace, Model};
use crate::chat::{Entry, EntryBody, EntryState, Revision};
use needle::Needle;
use rows::{Counted, Part};

/// Bytes of source that are laid out for one frame, and how many bytes cost as much to be looked over only.
const LAID_OUT_A_FRAME: usize = 192 * 1024;
const OVER_PER_LAID_OUT: usize = 64;

/// What is known about hits in the open chat.
#[derive(Default)]
pub(super) struct Finder {
    needle: Needle,
    /// The messages as they were looked through, and whether all of them is shown.
    known: Revision,
    is_expanded: bool,
    /// Hits of each item; none where it was not looked at.
    counts: Heights,
    /// The items that were looked at.
    looked: Range<usize>,
    /// Where in items their hits stand.
    places: HashMap<usize, Places>,
    /// Items that cannot hold a hit, because less did not stand there.
    excluded: Vec<bool>,
    /// The last item, while it grows: what was counted, and the rows above its text.
    growing: Option<(usize, usize, Counted)>,
    /// The hit one is at.
    current: Option<Current>,
}

/// Rows of hits in an item, as it was laid out when they were counted.
struct Places {
    rows: Vec<usize>,
    of: usize,
}

/// A hit, laid out.
struct Current {
    place: HitPlace,
    /// What its rows depend on: widths, and the rows above the text.
    laid_out: (u16, u16, usize),
    parts: Vec<Part>,
}

/// A marked part of a row: bytes of its line, and whether it is the hit one is at.
pub(super) type Mark = (usize, Range<usize>, bool);

impl Finder {
    /// The marks in these rows of an item.
    pub(super) fn marks(&self, item: usize, rows: &Rows, seen: Range<usize>) -> Vec<Mark> {
        let current = self.current.as_ref().filter(|current| current.place.item == item).map(|current| &current.parts);
        let hits = rows::seen(rows, seen, &self.needle);
        let marks = hits.into_iter().flat_map(|parts| {
            let is_current = Some(&parts) == current;
            parts.into_iter().map(move |part| (part.row, part.bytes, is_current))
        });
        marks.collect()
    }

    /// The lines in which hits stand, or about where.
    pub(super) fn lines<'a>(&'a self, heights: &'a Heights) -> impl Iterator<Item = usize> + 'a {
        self.places.iter().flat_map(|(item, places)| {
            let (start, height) = (heights.start_of(*item), heights.of(*item));
            places.rows.iter().map(move |row| start + row * height / places.of.max(1))
        })
    }

    /// Forgets what does not hold any more.
    fn refresh(&mut self, model: &Model, needle: Needle, from: usize) {
        let path = &model.chat.conversation.entries;
        let from = from.min(path.len());
        let is_other_rows = self.is_expanded != model.is_expanded;
        if is_other_rows || self.needle != needle {
            self.excluded = if needle.narrows(&self.needle) && !is_other_rows {
                let is_out = |item: usize| self.excluded.get(item) == Some(&true);
                let is_empty = |item: usize| self.looked.contains(&item) && self.counts.of(item) == 0;
                (0..path.len()).map(|item| is_out(item) || is_empty(item)).collect()
            } else {
                Vec::new()
            };
            (self.needle, self.is_expanded) = (needle, model.is_expanded);
            (self.counts, self.growing, self.current) = (Heights::default(), None, None);
            self.places.clear();
            self.looked = from..from;
        }
        if let Some(first) = path.changed_since(&self.known) {
            self.known = path.revision();
            self.excluded.truncate(first);
            self.counts.truncate(first);
            self.places.retain(|item, _| *item <= first);
            let is_regrown = self.growing.is_some_and(|(item, _, _)| item != first);
            if is_regrown {
                self.growing = None;
            }
            if first <= self.looked.start {
                self.looked = from..from;
                self.counts = Heights::default();
                self.places.clear();
            } else {
                self.looked.end = self.looked.end.min(first);
            }
        }
        while self.counts.len() < path.len() {
            self.counts.push(0);
        }
    }

    /// Looks through some more messages.
    fn look_on(&mut self, model: &Model, cache: &RenderCache) {
        let path = &model.chat.conversation.entries;
        let mut left = LAID_OUT_A_FRAME * OVER_PER_LAID_OUT;
        while left > 0 {
            let item = if self.looked.end < path.len() {
                self.looked.end += 1;
                self.looked.end - 1
            } else if self.looked.start > 0 {
                self.looked.start -= 1;
                self.looked.start
            } else {
                break;
            };
            let (hits, cost) = self.count(model, cache, item, &path[item]);
            self.counts.set(item, hits);
            left = left.saturating_sub(cost.max(1));
        }
    }

    /// Hits of an item, and what it cost to count them.
    fn count(&mut self, model: &Model, cache: &RenderCache, item: usize, entry: &Entry) -> (usize, usize) {
        if entry.state != EntryState::Streaming {
            self.places.remove(&item);
        }
        if self.excluded.get(item) == Some(&true) {
            return (0, 1);
        }
        if entry.state == EntryState::Streaming {
            return cache.with_rows(model, item, |rows| {
                let above = rows.before.len();
                let known = self.growing.take().filter(|known| (known.0, known.1) == (item, above));
                let mut counted = known.map_or_else(Counted::default, |known| known.2);
                let before = counted.from;
                let mut places = self.places.remove(&item).map(|places| places.rows).unwrap_or_default();
                places.retain(|row| *row < before);
                let hits = rows::count(rows, &mut counted, rows.final_rows(), &self.needle, &mut places);
                self.places.insert(item, Places { rows: places, of: rows.height() });
                self.growing = Some((item, above, counted));
                (hits, (rows.height() - before.min(rows.height())) * OVER_PER_LAID_OUT)
            });
        }
        let before = &model.chat.conversation.entries[..item];
        let sources = shown_sources(before, entry, self.is_expanded);
        let bytes: usize = sources.iter().map(|source| source.len()).sum();
        if !sources.iter().any(|source| self.needle.may_stand_in(source)) {
            return (0, bytes);
        }
        let (hits, places) = cache.with_rows(model, item, |rows| {
            let mut places = Vec::new();
            let hits = rows::count(rows, &mut Counted::default(), 0, &self.needle, &mut places);
            (hits, Places { rows: places, of: rows.height() })
        });
        self.places.insert(item, places);
        (hits, bytes * OVER_PER_LAID_OUT)
    }

    /// All messages were looked through.
    fn is_whole(&self) -> bool {
        self.looked.start == 0 && self.looked.end == self.counts.len()
    }

    /// Goes to the hits that are wished for, as far as they are known; `false` when there was no wish that could be met.
    fn go(&self, find: &mut Find, model: &Model, cache: &RenderCache) -> bool {
        let mut is_moved = false;
        while let Some(step) = find.wishes.front() {
            let Ok(number) = self.step(find, *step, model, cache) else { break };
            find.wishes.pop_front();
            find.at = number.map(|number| self.counts.at(number)).map(|(item, nth)| HitPlace { item, nth });
            is_moved = true;
        }
        is_moved
    }

    /// The number of the hit of this step, from 0; `Err` while it is not known yet.
    fn step(&self, find: &Find, step: FindStep, model: &Model, cache: &RenderCache) -> Result<Option<usize>, ()> {
        let total = self.counts.total();
        let present = find.at.map(|at| self.counts.start_of(at.item) + at.nth);
        let known = match (step, present) {
            (FindStep::Next, Some(present)) => Some(present + 1).filter(|next| *next < total),
            (FindStep::Previous, Some(present)) => present.checked_sub(1),
            (FindStep::Nearest, _) | (_, None) => {
                let (item, line) = find.from.unwrap_or_default();
                let count_above = |rows: &Rows| rows::count_above(rows, line, &self.needle);
                let above = if self.counts.of(item) == 0 { 0 } else { cache.with_rows(model, item, count_above) };
                let first = self.counts.start_of(item) + above;
                let is_all_below_known = self.looked.end == self.counts.len();
                let before = first.checked_sub(1).filter(|_| is_all_below_known);
                Some(first).filter(|first| *first < total).or(before)
            }
        };
        match known {
            Some(number) => Ok(Some(number)),
            None if !self.is_whole() => Err(()),
            None if step == FindStep::Previous => Ok(total.checked_sub(1)),
            None => Ok((total > 0).then_some(0)),
        }
    }
}

/// The sources of what is shown of a message, which stands behind these.
fn shown_sources<'a>(before: &'a [Entry], entry: &'a Entry, is_expanded: bool) -> Vec<Cow<'a, str>> {
    match &entry.body {
        EntryBody::Question(text) => vec![text.into()],
        EntryBody::Answer { message, .. } if is_expanded => {
            vec![message.text.as_str().into(), message.reasoning.as_str().into()]
        }
        EntryBody::Answer { message, .. } => vec![message.text.as_str().into()],
        EntryBody::ToolResult(result) if is_expanded => {
            let given = message::arguments_of(before, result).map(message::arguments_as_lines).unwrap_or_default();
            given.into_iter().chain([result.output.as_str().into()]).collect()
        }
        EntryBody::ToolResult(_) => Vec::new(),
    }
}

/// Looks through some more of the chat, where something is looked for; gives the row of the hit that is to be seen now.
pub(super) fn settle(model: &mut Model, cache: &mut RenderCache, layout: &Layout) -> Option<(usize, usize)> {
    let mut find = model.find.take()?;
    // The message it began at may have been taken back since.
    find.from = find.from.filter(|(item, _)| *item < model.chat.conversation.entries.len());
    let from = *find.from.get_or_insert_with(|| cache.heights().at(model.scroll.settled.top));
    let needle = Needle::new(&find.input.text);
    let mut finder = cache.finder.take().unwrap_or_default();
    let mut revealed = None;
    if needle.is_empty() {
        if !find.wishes.is_empty() {
            find.wishes.clear();
            model.scroll.return_to(find.began_at());
        }
        (find.at, find.found) = (None, Found { is_whole: true, ..Found::default() });
        *finder = Finder::default();
    } else {
        finder.refresh(model, needle, from.0);
        finder.look_on(model, cache);
        if find.at.is_some_and(|at| finder.counts.of(at.item) <= at.nth) {
            find.at = None;
            find.wishes.push_front(FindStep::Nearest);
        }
        let is_moved = finder.go(&mut find, model, cache);
        if is_moved && find.at.is_none() {
            model.scroll.return_to(find.began_at());
        }
        if let Some(at) = find.at {
            cache.make_item(model, at.item);
            revealed = finder.lay_out_current(at, model, cache, layout).filter(|_| is_moved).map(|row| (at.item, row));
        } else {
            finder.current = None;
        }
        let number = find.at.filter(|_| finder.is_whole()).map(|at| finder.counts.start_of(at.item) + at.nth + 1);
        find.found = Found { count: finder.counts.total(), number, is_whole: finder.is_whole() };
    }
    let is_over = find.is_over;
    cache.finder = Some(finder);
    model.find = Some(find);
    model.select_found();
    if is_over {
        (model.find, cache.finder) = (None, None);
    }
    revealed
}

impl Finder {
    /// Finds the rows of the hit one is at; gives the first.
    fn lay_out_current(
        &mut self,
        place: HitPlace,
        model: &Model,
        cache: &RenderCache,
        layout: &Layout,
    ) -> Option<usize> {
        cache.with_rows(model, place.item, |rows| {
            let laid_out = (layout.prose, layout.wide, rows.before.len());
            let is_known =
                self.current.as_ref().is_some_and(|known| (known.place, known.laid_out) == (place, laid_out));
            if !is_known {
                let parts = rows::nth(rows, place.nth, &self.needle);
                self.current = parts.map(|parts| Current { place, laid_out, parts });
            }
            self.current.as_ref().and_then(|current| current.parts.first()).map(|part| part.row)
        })
    }
}
