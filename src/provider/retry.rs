//! How long to wait before a failed request is asked again. Whether it may be, because nothing was shown yet, is the
//! turn's decision. Pure.

use crate::chat::ChatError;

const FIRST_DELAY_MS: u64 = 500;
const MAX_DELAY_MS: u64 = 60_000;

/// Milliseconds until the next try: what the server asked for, else 0.5 s doubling with up to a quarter of jitter either
/// way, never more than 60 s. `attempt` is 0 before the first repetition, `jitter` runs from 0 to 1. `None`: not again.
#[must_use]
pub fn retry_delay_ms(error: &ChatError, attempt: u32, retries: u32, jitter: f64) -> Option<u64> {
    if !error.retryable || attempt >= retries {
        return None;
    }
    if let Some(asked) = error.retry_after_ms {
        return Some(asked.min(MAX_DELAY_MS));
    }
    let doubled = FIRST_DELAY_MS.saturating_mul(2_u64.saturating_pow(attempt)).min(MAX_DELAY_MS);
    let spread = 0.75 + 0.5 * jitter.clamp(0.0, 1.0);
    Some(((doubled as f64 * spread) as u64).min(MAX_DELAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ErrorKind;

    fn failed(kind: ErrorKind, retry_after_ms: Option<u64>) -> ChatError {
        ChatError { retry_after_ms, ..ChatError::new(kind, "failed") }
    }

    #[test]
    fn delays_double_up_to_a_minute() {
        let error = failed(ErrorKind::Server, None);
        let delays: Vec<_> = [0, 1, 2, 12].into_iter().map(|n| retry_delay_ms(&error, n, 20, 0.5)).collect();
        assert_eq!(delays, [Some(500), Some(1000), Some(2000), Some(60_000)]);
        assert_eq!(retry_delay_ms(&error, 0, 3, 0.0), Some(375));
    }

    #[test]
    fn the_server_s_own_wait_wins_but_is_capped() {
        assert_eq!(retry_delay_ms(&failed(ErrorKind::RateLimit, Some(30)), 2, 3, 0.9), Some(30));
        assert_eq!(retry_delay_ms(&failed(ErrorKind::RateLimit, Some(600_000)), 0, 3, 0.9), Some(60_000));
    }

    #[test]
    fn no_repetition_beyond_the_limit_or_of_what_cannot_succeed() {
        assert_eq!(retry_delay_ms(&failed(ErrorKind::Server, None), 3, 3, 0.5), None);
        assert_eq!(retry_delay_ms(&failed(ErrorKind::Auth, None), 0, 3, 0.5), None);
    }
}
