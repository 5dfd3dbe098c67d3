//! How high each item of a long list is, with sums over any beginning of it in a few steps: a binary indexed tree. Pure.

/// Heights of items in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heights {
    each: Vec<usize>,
    /// At `i`: the sum of the heights of so many items up to `i` as its lowest set bit says, `i` counted from 1.
    sums: Vec<usize>,
}

impl Heights {
    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.each.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// The height of this item; 0 where there is none.
    #[must_use]
    pub fn of(&self, item: usize) -> usize {
        self.each.get(item).copied().unwrap_or(0)
    }

    /// All lines.
    #[must_use]
    pub fn total(&self) -> usize {
        self.start_of(self.len())
    }

    /// The first line of this item; behind the last line where there is none.
    #[must_use]
    pub fn start_of(&self, item: usize) -> usize {
        self.sum(0, item.min(self.len()))
    }

    /// The lines of the items before `to` from `from` on, which is `to` without some of its lowest set bits.
    fn sum(&self, from: usize, to: usize) -> usize {
        let (mut at, mut sum) = (to, 0);
        while at > from {
            sum += self.sums[at - 1];
            at &= at - 1;
        }
        sum
    }

    /// The item in which this line stands, and its line there; behind the last item beyond the end.
    #[must_use]
    pub fn at(&self, line: usize) -> (usize, usize) {
        let (mut item, mut left) = (0, line);
        let mut step = self.len().checked_ilog2().map_or(0, |log| 1 << log);
        while step > 0 {
            let next = item + step;
            if next <= self.len() && self.sums[next - 1] <= left {
                item = next;
                left -= self.sums[next - 1];
            }
            step >>= 1;
        }
        (item, if item < self.len() { left } else { 0 })
    }

    /// Adds an item at the end.
    pub fn push(&mut self, height: usize) {
        self.each.push(height);
        let at = self.each.len();
        let sum = self.sum(at & (at - 1), at - 1) + height;
        self.sums.push(sum);
    }

    /// Gives an item another height; nothing where there is no such item.
    pub fn set(&mut self, item: usize, height: usize) {
        let Some(known) = self.each.get_mut(item) else { return };
        let before = std::mem::replace(known, height);
        let mut at = item + 1;
        while before != height && at <= self.sums.len() {
            let sum = &mut self.sums[at - 1];
            *sum = *sum + height - before;
            at += at & at.wrapping_neg();
        }
    }

    /// Keeps so many items.
    pub fn truncate(&mut self, items: usize) {
        self.each.truncate(items);
        self.sums.truncate(items);
    }
}

impl FromIterator<usize> for Heights {
    fn from_iter<I: IntoIterator<Item = usize>>(heights: I) -> Self {
        let mut out = Self::default();
        for height in heights {
            out.push(height);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Change {
        Push(usize),
        Set(usize, usize),
        Truncate(usize),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            3 => (0..9_usize).prop_map(Change::Push),
            2 => (0..40_usize, 0..9_usize).prop_map(|(item, height)| Change::Set(item, height)),
            1 => (0..40_usize).prop_map(Change::Truncate),
        ]
    }

    proptest! {
        #[test]
        fn sums_are_those_of_a_plain_list(changes in prop::collection::vec(change(), 0..120)) {
            let (mut heights, mut plain) = (Heights::default(), Vec::new());
            for change in changes {
                match change {
                    Change::Push(height) => {
                        heights.push(height);
                        plain.push(height);
                    }
                    Change::Set(item, height) => {
                        heights.set(item, height);
                        if let Some(known) = plain.get_mut(item) {
                            *known = height;
                        }
                    }
                    Change::Truncate(items) => {
                        heights.truncate(items);
                        plain.truncate(items);
                    }
                }
            }
            for item in 0..plain.len() + 2 {
                prop_assert_eq!(heights.start_of(item), plain.iter().take(item).sum::<usize>());
                prop_assert_eq!(heights.of(item), plain.get(item).copied().unwrap_or(0));
            }
            let mut line = 0;
            for (item, height) in plain.iter().enumerate() {
                for within in 0..*height {
                    prop_assert_eq!(heights.at(line), (item, within));
                    line += 1;
                }
            }
            prop_assert_eq!(heights.total(), line);
            prop_assert_eq!(heights.at(line), (plain.len(), 0));
        }
    }
}
