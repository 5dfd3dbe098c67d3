//! Where the page is read: at its end, following, or at a row of a line. Heights are asked for only where they are needed,
//! so that a long stream costs no more than what is shown of it.

/// A row of a wrapped line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The row in it.
    pub row: usize,
}

/// A wish to move, kept until the heights are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many rows, negative is up.
    Rows(i64),
    /// So many pages less one row.
    Pages(i64),
    /// The first row.
    Top,
    /// The last row, and follow.
    End,
}

/// The position.
#[derive(Clone, Debug, Default)]
pub struct WireScroll {
    /// `None` follows.
    anchor: Option<Place>,
    pending: Vec<Step>,
    /// The first row shown at the last layout.
    pub top: Place,
}

impl WireScroll {
    /// Moves at the next layout.
    pub(super) fn request(&mut self, step: Step) {
        self.pending.push(step);
    }

    /// Whether new lines move the view.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.anchor.is_none()
    }

    /// The line that is read stands elsewhere now.
    pub(super) fn relocate(&mut self, new_line: impl FnOnce(usize) -> usize) {
        if let Some(anchor) = &mut self.anchor {
            anchor.line = new_line(anchor.line);
        }
    }

    /// Finds the first row to show of so many lines. `height_of`: rows of a line, at least 1.
    pub fn settle(&mut self, lines: usize, viewport: usize, height_of: impl Fn(usize) -> usize) {
        let Some(last) = lines.checked_sub(1) else {
            self.top = Place::default();
            return;
        };
        let bottom = Place { line: last, row: height_of(last).saturating_sub(1) };
        let end = up(bottom, viewport.saturating_sub(1), &height_of);
        let mut top = match self.anchor {
            None => end,
            Some(anchor) => {
                let line = anchor.line.min(last);
                Place { line, row: anchor.row.min(height_of(line).saturating_sub(1)) }.min(end)
            }
        };
        let mut is_following = top >= end;
        for step in std::mem::take(&mut self.pending) {
            let page = viewport.saturating_sub(1).max(1) as i64;
            top = match step {
                Step::Rows(by) => walk(top, by, bottom, &height_of),
                Step::Pages(by) => walk(top, by * page, bottom, &height_of),
                Step::Top => Place::default(),
                Step::End => end,
            };
            is_following = top >= end;
            top = top.min(end);
        }
        self.anchor = (!is_following).then_some(top);
        self.top = top;
    }
}

fn walk(from: Place, by: i64, bottom: Place, height_of: &impl Fn(usize) -> usize) -> Place {
    let rows = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
    if by < 0 { up(from, rows, height_of) } else { down(from, rows, bottom, height_of) }
}

fn up(mut place: Place, mut rows: usize, height_of: &impl Fn(usize) -> usize) -> Place {
    while place.row < rows {
        rows -= place.row + 1;
        let Some(line) = place.line.checked_sub(1) else { return Place::default() };
        place = Place { line, row: height_of(line).saturating_sub(1) };
    }
    Place { row: place.row - rows, ..place }
}

fn down(mut place: Place, mut rows: usize, bottom: Place, height_of: &impl Fn(usize) -> usize) -> Place {
    while place < bottom {
        let below = height_of(place.line).saturating_sub(1).saturating_sub(place.row);
        if rows <= below {
            return Place { row: place.row + rows, ..place };
        }
        rows -= below + 1;
        place = Place { line: place.line + 1, row: 0 };
    }
    bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(scroll: &mut WireScroll, heights: &[usize], viewport: usize) -> (usize, usize) {
        scroll.settle(heights.len(), viewport, |line| heights[line]);
        (scroll.top.line, scroll.top.row)
    }

    #[test]
    fn a_short_page_starts_at_its_first_row() {
        let mut scroll = WireScroll::default();
        assert_eq!(settled(&mut scroll, &[], 5), (0, 0));
        assert_eq!(settled(&mut scroll, &[1, 2], 5), (0, 0));
        scroll.request(Step::Rows(1));
        assert_eq!(settled(&mut scroll, &[1, 2], 5), (0, 0));
        assert!(scroll.is_following());
    }

    #[test]
    fn it_follows_until_it_is_moved_and_again_at_the_end() {
        let mut scroll = WireScroll::default();
        assert_eq!(settled(&mut scroll, &[3, 3, 3], 4), (1, 2));
        scroll.request(Step::Rows(-3));
        assert_eq!(settled(&mut scroll, &[3, 3, 3], 4), (0, 2));
        assert_eq!(settled(&mut scroll, &[3, 3, 3, 3], 4), (0, 2), "it stays");
        scroll.request(Step::Pages(2));
        assert_eq!(settled(&mut scroll, &[3, 3, 3, 3], 4), (2, 2));
        assert!(scroll.is_following());
        scroll.request(Step::Top);
        assert_eq!(settled(&mut scroll, &[3, 3, 3, 3], 4), (0, 0));
        scroll.request(Step::End);
        assert_eq!(settled(&mut scroll, &[3, 3, 3, 3], 4), (2, 2));
    }

    #[test]
    fn every_row_is_passed_going_down_and_up() {
        let heights = [2, 1, 4, 1, 3];
        let mut scroll = WireScroll::default();
        scroll.request(Step::Top);
        let mut seen = vec![settled(&mut scroll, &heights, 1)];
        for _ in 1..11 {
            scroll.request(Step::Rows(1));
            seen.push(settled(&mut scroll, &heights, 1));
        }
        let all: Vec<_> =
            heights.iter().enumerate().flat_map(|(line, rows)| (0..*rows).map(move |row| (line, row))).collect();
        assert_eq!(seen, all);
        for expected in all.iter().rev().skip(1) {
            scroll.request(Step::Rows(-1));
            assert_eq!(settled(&mut scroll, &heights, 1), *expected);
        }
    }

    #[test]
    fn a_new_width_or_fewer_lines_keep_it_in_bounds() {
        let mut scroll = WireScroll::default();
        scroll.request(Step::Rows(-2));
        assert_eq!(settled(&mut scroll, &[1, 9, 9], 3), (2, 4));
        assert_eq!(settled(&mut scroll, &[1, 3, 3], 3), (2, 0));
        scroll.request(Step::Rows(-1));
        assert_eq!(settled(&mut scroll, &[1, 3, 3], 3), (1, 2));
        assert_eq!(settled(&mut scroll, &[1], 3), (0, 0));
    }
}
