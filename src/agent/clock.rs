//! What a turn is handed with each event, because its machine knows no outside world: the time, fresh ids, random numbers.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Moment;
use crate::chat::IdSource;

/// The time, from one start.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { mono_ms: self.0.elapsed().as_millis() as u64, unix_ms: unix.as_millis() as i64 }
    }

    /// Microseconds since the start.
    #[must_use]
    pub fn micros(&self) -> u64 {
        self.0.elapsed().as_micros() as u64
    }

    /// The moment so many microseconds after the start.
    #[must_use]
    pub fn instant(&self, micros: u64) -> Instant {
        self.0 + Duration::from_micros(micros)
    }
}

/// A source of time-ordered random ids.
#[must_use]
pub fn ids() -> Box<dyn IdSource> {
    Box::new(|| uuid::Uuid::now_v7().simple().to_string())
}

/// A random number from 0 to 1; cheap, for it is asked for with every event.
#[must_use]
pub fn jitter() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from(random as u32) / f64::from(u32::MAX)
}
