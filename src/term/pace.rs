//! When to draw the next frame. Pure: the clock is an argument, in microseconds.
//!
//! A change is drawn at once when the last frame is old enough, else when it becomes so; the interval stretches with the
//! measured cost of a frame, so that drawing never takes more than a quarter of a core. Nothing changed, nothing due.

/// The shortest time between the starts of two frames, in microseconds.
pub const INTERVAL_US: u64 = 8_000;
/// What a timer is exact to, in microseconds.
const TIMER_US: u64 = 1_000;
/// How many times its own cost a frame keeps the next one away.
const COST_FACTOR: u64 = 4;
/// The longest interval, so that one slow write does not freeze the picture, in microseconds.
const LONGEST_US: u64 = 1_000_000;

/// Remembers whether there is something to draw and when the last frame began.
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    is_changed: bool,
    last_us: Option<u64>,
    cost_us: u64,
}

impl Pacer {
    /// Something to be seen changed.
    pub fn changed(&mut self) {
        self.is_changed = true;
    }

    /// The moment the next frame is to be drawn (it may be past), or nothing when nothing changed.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        let interval = (self.cost_us * COST_FACTOR).clamp(INTERVAL_US, LONGEST_US);
        self.is_changed.then(|| self.last_us.map_or(0, |last| last + interval))
    }

    /// Whether a frame is to be drawn now, or so soon that no timer could tell the difference.
    #[must_use]
    pub fn is_due(&self, now_us: u64) -> bool {
        self.due().is_some_and(|due| due < now_us + TIMER_US)
    }

    /// A frame was begun at `now_us` and took `cost_us` to draw and encode.
    pub fn drawn(&mut self, now_us: u64, cost_us: u64) {
        self.is_changed = false;
        self.last_us = Some(now_us);
        self.cost_us = cost_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_change_is_drawn_at_once() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.due(), None);
        pacer.changed();
        assert!(pacer.is_due(0));
    }

    #[test]
    fn a_change_soon_after_a_frame_waits_for_the_interval() {
        let mut pacer = Pacer::default();
        pacer.drawn(100, 50);
        assert_eq!(pacer.due(), None);
        pacer.changed();
        assert_eq!(pacer.due(), Some(8_100));
        assert!(!pacer.is_due(7_100) && pacer.is_due(7_101), "a millisecond is as good as none");
    }

    #[test]
    fn dear_frames_stretch_the_interval_to_four_times_their_cost() {
        let mut pacer = Pacer::default();
        pacer.drawn(0, 10_000);
        pacer.changed();
        assert_eq!(pacer.due(), Some(40_000));
        pacer.drawn(40_000, 10_000_000);
        pacer.changed();
        assert_eq!(pacer.due(), Some(1_040_000));
    }
}
