//! What of a message looks otherwise after it grew. Pure.

use super::region::Region;
use crate::ui::line::Line;

/// Rows that may look otherwise than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The first of them.
    pub row: usize,
    /// Columns at its start that look as before.
    pub columns: usize,
    /// The column from which on it looks as before again.
    pub end: usize,
    /// Those below it stand where they stood.
    pub is_alone: bool,
}

impl Changed {
    /// All of them.
    pub const ALL: Self = Self { row: 0, columns: 0, end: usize::MAX, is_alone: false };
}

/// Lines and regions as they were, and how many stand above them.
pub(super) struct Before {
    lines_above: usize,
    lines: Vec<Line>,
    regions_above: usize,
    regions: Vec<Region>,
}

impl Before {
    /// Takes away all but so many lines and regions.
    pub(super) fn taken(
        lines: &mut Vec<Line>,
        lines_above: usize,
        regions: &mut Vec<Region>,
        regions_above: usize,
    ) -> Self {
        let (lines_above, regions_above) = (lines_above.min(lines.len()), regions_above.min(regions.len()));
        let (lines, regions) = (lines.split_off(lines_above), regions.split_off(regions_above));
        Self { lines_above, lines, regions_above, regions }
    }

    /// What looks otherwise now that these lines and regions are there, if anything does.
    pub(super) fn compared_with(&self, lines: &[Line], regions: &[Region]) -> Option<Changed> {
        let (lines, regions) = (&lines[self.lines_above..], &regions[self.regions_above..]);
        // Of what kind a row is, and of which block, tells in which colours it is drawn.
        let is_same = |here: &Region, there: &Region| {
            (here.rows.start, here.source.start, &here.kind) == (there.rows.start, there.source.start, &there.kind)
        };
        let region = first_other(regions, &self.regions, is_same).and_then(|at| {
            let others = [regions.get(at), self.regions.get(at)];
            others.into_iter().flatten().map(|region| region.rows.start).min()
        });
        let at = first_other(lines, &self.lines, PartialEq::eq);
        let row = at.map_or(usize::MAX, |at| self.lines_above + at);
        match (at, region) {
            (_, Some(region)) if region <= row => Some(Changed { row: region, ..Changed::ALL }),
            (None, _) => None,
            (Some(at), _) => {
                let both = lines.get(at).zip(self.lines.get(at));
                let columns = both.map_or(0, |(line, before)| line.common_columns(before));
                let end = both.map_or(usize::MAX, |(line, before)| line.width().max(before.width()));
                let is_alone = lines.len() == self.lines.len() && lines[at + 1..] == self.lines[at + 1..];
                Some(Changed { row, columns, end, is_alone })
            }
        }
    }
}

/// The place of the first thing that is another one there than here, or only in one of them.
fn first_other<T>(here: &[T], there: &[T], is_same: impl Fn(&T, &T) -> bool) -> Option<usize> {
    let same = here.iter().zip(there).take_while(|(here, there)| is_same(here, there)).count();
    (same < here.len().max(there.len())).then_some(same)
}
