//! The units of movement and deletion: grapheme clusters, and paste chips as a whole.

use unicode_segmentation::UnicodeSegmentation;

/// The ends of the line's units, as character indices in order.
pub(super) fn ends<'a>(line: &str, tokens: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut chips: Vec<(usize, usize)> = tokens
        .flat_map(|token| line.match_indices(token).map(|(at, found)| (at, at + found.len())).collect::<Vec<_>>())
        .collect();
    chips.sort_unstable();
    let mut ends = Vec::new();
    let mut characters = 0;
    let mut skip_to = 0;
    for (at, cluster) in line.grapheme_indices(true) {
        characters += cluster.chars().count();
        let end = at + cluster.len();
        if let Some((_, chip_end)) = chips.iter().find(|(start, _)| *start == at) {
            skip_to = *chip_end;
        }
        if end >= skip_to {
            ends.push(characters);
        }
    }
    ends
}
