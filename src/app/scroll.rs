//! Where the conversation is being read. A view follows the answer or stays with a message and a line of it; only the
//! person changes which. Heights come from the layout, so that this stays arithmetic, and no frame goes through them all.

use super::heights::Heights;

/// A wish to move, kept until the next layout knows the heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// So many lines, negative is up.
    Lines(i64),
    /// So many pages less one line.
    Pages(i64),
    /// Half pages.
    HalfPages(i64),
    /// To the start of a message before or after.
    Messages(i64),
    /// This line to the top.
    To(usize),
    /// The first line.
    Top,
    /// The last line, and follow.
    End,
    /// This line of this item into view, with what leads to it above: of the first line, nothing.
    Reveal {
        /// The item.
        item: usize,
        /// The line, from 0.
        line: usize,
    },
    /// This line of this item into view, where it is not yet, with a third of the view above it.
    Find {
        /// The item.
        item: usize,
        /// The line, from 0.
        line: usize,
    },
    /// The start of this item stays in its row of the view, or comes to the top.
    Keep {
        /// The item.
        item: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    item: usize,
    line: usize,
    /// The height of the item at the last layout, to keep the line being read when the width changes.
    of: usize,
}

/// Where a chat is being read, to return to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadingPlace {
    anchor: Option<Anchor>,
    pin: Option<usize>,
}

/// What the last layout came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The first line shown.
    pub top: usize,
    /// All lines.
    pub total: usize,
    /// Lines shown.
    pub viewport: usize,
    /// Lines below that were never on the screen.
    pub new_lines: usize,
}

/// The scroll position of one chat.
#[derive(Clone, Debug, Default)]
pub struct Scroll {
    /// `None` follows.
    anchor: Option<Anchor>,
    /// The question at the top of the pane while its answer unrolls.
    pin: Option<usize>,
    pending: Vec<Move>,
    /// Behind the last line that was ever on the screen; `None` before the first layout.
    seen: Option<Anchor>,
    /// The item in which what was looked for is to be seen.
    wanted_hit: Option<usize>,
    /// Everything there is counts as seen, with the next layout.
    is_all_seen: bool,
    width: u16,
    /// See [`Settled`].
    pub settled: Settled,
}

impl Scroll {
    /// Puts this item at the top and follows what comes beneath it.
    pub fn pin(&mut self, item: usize) {
        *self = Self { pin: Some(item), ..Self::default() };
    }

    /// Stays with the start of this item, and looks in it for what was looked for.
    pub fn show(&mut self, item: usize) {
        let anchor = Some(Anchor { item, line: 0, of: 0 });
        *self = Self { anchor, is_all_seen: true, wanted_hit: Some(item), ..Self::default() };
    }

    /// Where the chat is being read.
    #[must_use]
    pub fn place(&self) -> ReadingPlace {
        ReadingPlace { anchor: self.anchor, pin: self.pin }
    }

    /// Reads where it was read before.
    pub fn return_to(&mut self, place: ReadingPlace) {
        (self.anchor, self.pin) = (place.anchor, place.pin);
        self.pending.clear();
    }

    /// The item in which what was looked for is to be seen.
    #[must_use]
    pub fn wanted_hit(&self) -> Option<usize> {
        self.wanted_hit
    }

    /// It is seen, or it is nowhere.
    pub fn forget_wanted_hit(&mut self) {
        self.wanted_hit = None;
    }

    /// The item that the view stays with, unless it follows.
    #[must_use]
    pub fn anchor_item(&self) -> Option<usize> {
        self.anchor.map(|anchor| anchor.item)
    }

    /// The item and its line at the top of the view, unless it follows.
    #[must_use]
    pub fn anchor(&self) -> Option<(usize, usize)> {
        self.anchor.map(|anchor| (anchor.item, anchor.line))
    }

    /// The line that was at the top of the view is this one now: the rows of its item were made anew.
    pub fn hold(&mut self, item: usize, line: usize) {
        if self.anchor.is_some() {
            self.anchor = Some(Anchor { item, line, of: 0 });
        }
    }

    /// Brings this line of an item into view, where it is not yet.
    pub fn reveal(&mut self, item: usize, line: usize) {
        self.pending.push(Move::Reveal { item, line });
    }

    /// Leaves the start of this item in the row in which it stands now, or brings it to the top.
    pub fn keep(&mut self, item: usize) {
        // It stays there also where less follows it than before, and nothing of that is new.
        self.pin = Some(item);
        self.is_all_seen = true;
        self.pending.push(Move::Keep { item });
    }

    /// Moves at the next layout.
    pub fn request(&mut self, wish: Move) {
        self.wanted_hit = None;
        self.pending.push(wish);
    }

    /// Whether new text moves the view.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.anchor.is_none()
    }

    /// Finds the first line to show. `heights` are those of the items in order at this `width`.
    pub fn settle(&mut self, heights: &Heights, viewport: usize, width: u16) {
        let total = heights.total();
        let last_page = total.saturating_sub(viewport);
        let pinned = self.pin.filter(|item| *item < heights.len());
        let follow_top = pinned.map_or(last_page, |item| last_page.max(heights.start_of(item)));
        let is_rewrapped = self.width != width;
        let line_of = |anchor: Anchor| {
            let height = heights.of(anchor.item);
            let line = if is_rewrapped && anchor.of > 0 { anchor.line * height / anchor.of } else { anchor.line };
            heights.start_of(anchor.item) + line.min(height)
        };
        let seen_before = self.seen.map_or(0, line_of);
        let mut top = self.anchor.map_or(follow_top, |anchor| line_of(anchor).min(follow_top));
        let mut is_following = self.anchor.is_none();
        for wish in std::mem::take(&mut self.pending) {
            let step = |top: usize, by: i64| usize::try_from(top as i64 + by).unwrap_or(0);
            let page = (viewport as i64 - 1).max(1);
            top = match wish {
                Move::Lines(by) => step(top, by),
                Move::Pages(by) => step(top, by * page),
                Move::HalfPages(by) => step(top, by * (page / 2).max(1)),
                Move::To(line) => line,
                Move::Top => 0,
                Move::End => follow_top,
                Move::Messages(by) => message_start(heights, top, by),
                Move::Reveal { item, line } => {
                    let wanted = heights.start_of(item) + line;
                    let is_seen = (top..top + viewport).contains(&wanted);
                    if is_seen { top } else { wanted - line.min(viewport / 4) }
                }
                Move::Find { item, line } => {
                    let wanted = heights.start_of(item) + line;
                    let is_seen = (top..top + viewport).contains(&wanted);
                    if is_seen { top } else { wanted.saturating_sub(viewport / 3) }
                }
                Move::Keep { item } => self.settled.top.min(heights.start_of(item)),
            };
            // A hit stays where it is while more comes in below it.
            is_following = top >= follow_top && !matches!(wish, Move::Find { .. });
            top = top.min(follow_top);
        }
        self.anchor = (!is_following).then(|| anchor_at(heights, top));
        let bottom = (top + viewport).min(total);
        let seen = match (std::mem::take(&mut self.is_all_seen), is_following) {
            (true, _) => total,
            (false, true) => bottom,
            (false, false) => seen_before.max(bottom),
        };
        self.seen = Some(end_at(heights, seen));
        self.width = width;
        let new_lines = if is_following { 0 } else { total.saturating_sub(seen) };
        self.settled = Settled { top, total, viewport, new_lines };
    }
}

fn anchor_at(heights: &Heights, top: usize) -> Anchor {
    let (item, line) = heights.at(top);
    Anchor { item, line, of: heights.of(item) }
}

/// The same for the end of what lies above a line: a whole item ends within itself.
fn end_at(heights: &Heights, bottom: usize) -> Anchor {
    match bottom.checked_sub(1) {
        None => Anchor { item: 0, line: 0, of: 0 },
        Some(last) => {
            let anchor = anchor_at(heights, last);
            Anchor { line: anchor.line + 1, ..anchor }
        }
    }
}

/// The start of the message so many after the line at the top, or before it. What shows nothing is no step.
fn message_start(heights: &Heights, top: usize, by: i64) -> usize {
    let (mut item, line) = heights.at(top);
    let mut left = by.unsigned_abs();
    if by < 0 && line > 0 {
        left -= 1;
    }
    while left > 0 {
        let next = if by < 0 { item.checked_sub(1) } else { Some(item + 1).filter(|next| *next < heights.len()) };
        let Some(next) = next else { return if by < 0 { 0 } else { heights.total() } };
        item = next;
        left -= u64::from(heights.of(item) > 0);
    }
    heights.start_of(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(scroll: &mut Scroll, heights: &[usize], viewport: usize) -> Settled {
        scroll.settle(&heights.iter().copied().collect(), viewport, 80);
        scroll.settled
    }

    #[test]
    fn a_short_chat_starts_at_the_top_and_a_question_is_put_there() {
        let mut scroll = Scroll::default();
        assert_eq!(settled(&mut scroll, &[2, 5], 20).top, 0);
        scroll.pin(2);
        assert_eq!(settled(&mut scroll, &[2, 5, 2, 3], 20).top, 7);
    }

    #[test]
    fn the_answer_unrolls_until_the_pane_is_full_and_then_follows() {
        let mut scroll = Scroll::default();
        scroll.pin(0);
        assert_eq!(settled(&mut scroll, &[2, 18], 20).top, 0);
        assert_eq!(settled(&mut scroll, &[2, 19], 20).top, 1);
        assert_eq!(settled(&mut scroll, &[2, 30], 20).top, 12);
    }

    #[test]
    fn scrolled_away_it_stays_and_counts_new_lines() {
        let mut scroll = Scroll::default();
        settled(&mut scroll, &[2, 30], 20);
        scroll.request(Move::Lines(-5));
        assert_eq!(settled(&mut scroll, &[2, 30], 20), Settled { top: 7, total: 32, viewport: 20, new_lines: 0 });
        assert_eq!(settled(&mut scroll, &[2, 42], 20), Settled { top: 7, total: 44, viewport: 20, new_lines: 12 });
        scroll.request(Move::End);
        assert_eq!(settled(&mut scroll, &[2, 42], 20), Settled { top: 24, total: 44, viewport: 20, new_lines: 0 });
        assert!(scroll.is_following());
    }

    #[test]
    fn scrolling_down_to_the_end_follows_again() {
        let mut scroll = Scroll::default();
        settled(&mut scroll, &[50], 20);
        scroll.request(Move::Pages(-1));
        assert_eq!(settled(&mut scroll, &[50], 20).top, 11);
        scroll.request(Move::Pages(1));
        settled(&mut scroll, &[50], 20);
        assert!(scroll.is_following());
    }

    #[test]
    fn messages_are_stepped_through() {
        let mut scroll = Scroll::default();
        let heights = [3, 30, 3, 30];
        settled(&mut scroll, &heights, 20);
        scroll.request(Move::Messages(-1));
        assert_eq!(settled(&mut scroll, &heights, 20).top, 36);
        scroll.request(Move::Messages(-1));
        assert_eq!(settled(&mut scroll, &heights, 20).top, 33);
        scroll.request(Move::Top);
        assert_eq!(settled(&mut scroll, &heights, 20).top, 0);
    }

    #[test]
    fn messages_that_show_nothing_are_no_step() {
        let mut scroll = Scroll::default();
        let heights = [3, 30, 0, 0, 30, 0];
        settled(&mut scroll, &heights, 20);
        for (by, top) in [(-1, 33), (-1, 3), (-1, 0), (-1, 0), (1, 3), (1, 33), (1, 43)] {
            scroll.request(Move::Messages(by));
            assert_eq!(settled(&mut scroll, &heights, 20).top, top);
        }
        scroll.request(Move::Messages(-3));
        assert_eq!(settled(&mut scroll, &heights, 20).top, 0);
    }

    #[test]
    fn a_new_width_keeps_the_line_that_is_read() {
        let mut scroll = Scroll::default();
        let (wide, narrow) = ([10, 40, 40].into_iter().collect(), [20, 80, 80].into_iter().collect());
        scroll.settle(&wide, 20, 80);
        scroll.request(Move::Top);
        scroll.request(Move::Lines(30));
        scroll.settle(&wide, 20, 80);
        assert_eq!(scroll.settled.top, 30);
        scroll.settle(&narrow, 20, 40);
        assert_eq!(scroll.settled.top, 60);
    }
}
