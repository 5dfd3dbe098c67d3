//! How long a server asks to wait: in its headers, in its body, or in its words. Pure.

use http::HeaderMap;
use serde_json::Value;

/// Seconds beyond which a reset is a point in time rather than a wait.
const MAX_RELATIVE_S: f64 = 1e8;
/// Where a limit that is used up says when it is full again.
const RESETS: [(&str, &str); 4] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
];
/// What stands before a wait, in small letters.
const BEFORE: [&str; 6] = ["try again in ", "try again after ", "retry in ", "retry after ", "retrying in ", "wait "];

/// Milliseconds, from a response's headers. `now_ms`: since 1970.
pub(super) fn of_headers(headers: &HeaderMap, now_ms: i64) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(amount) = text("retry-after-ms").and_then(|value| value.parse::<f64>().ok()) {
        return milliseconds(amount);
    }
    let of_value = |value: &str| {
        if let Ok(seconds) = value.parse::<f64>() {
            return milliseconds(seconds * 1000.0);
        }
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok();
        let from_now = |ms: i64| u64::try_from(ms.saturating_sub(now_ms).max(0)).ok();
        duration_ms(&value.to_lowercase()).or_else(|| from_now(date?.as_millisecond()))
    };
    if let Some(value) = text("retry-after") {
        return of_value(value);
    }
    let is_used_up = |remaining: &str| text(remaining).is_some_and(|left| left.parse() == Ok(0.0));
    let resets = RESETS.iter().filter(|(remaining, _)| is_used_up(remaining)).filter_map(|(_, reset)| text(reset));
    resets
        .filter_map(|value| match value.parse::<f64>() {
            Ok(time) if time > MAX_RELATIVE_S => {
                let time_ms = if time > MAX_RELATIVE_S * 1000.0 { time } else { time * 1000.0 };
                milliseconds(time_ms - now_ms as f64)
            }
            _ => of_value(value),
        })
        .max()
}

/// Google's `RetryInfo`, wherever in the body it is.
pub(super) fn of_value(value: &Value) -> Option<u64> {
    let value = if let Value::Array(items) = value { items.first()? } else { value };
    let error = value.get("error").unwrap_or(value);
    error
        .get("details")?
        .as_array()?
        .iter()
        .find_map(|detail| detail.get("retryDelay")?.as_str())
        .and_then(|delay| duration_ms(&delay.to_lowercase()))
}

/// "try again in 9m38.016s", in small letters.
pub(super) fn in_text(said: &str) -> Option<u64> {
    BEFORE
        .into_iter()
        .find_map(|words| said.match_indices(words).find_map(|(at, _)| duration_ms(&said[at + words.len()..])))
}

fn milliseconds(amount: f64) -> Option<u64> {
    amount.is_finite().then(|| amount.max(0.0).ceil() as u64)
}

/// A run of amounts with units at the start of `text`: `1h2m3.5s`, `30ms`, `20 seconds`.
fn duration_ms(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0.0;
    let mut is_found = false;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (amount, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let factor = match unit {
            "ms" | "milliseconds" | "millisecond" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1000.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000.0,
            "h" | "hour" | "hours" => 3_600_000.0,
            _ => break,
        };
        let Ok(amount) = amount.trim_end_matches('.').parse::<f64>() else { break };
        total += amount * factor;
        is_found = true;
        rest = next;
    }
    if is_found { milliseconds(total) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_from_words() {
        for (words, expected) in [
            ("please try again in 9m38.016s.", Some(578_016)),
            ("please retry after 20 seconds.", Some(20_000)),
            ("try again after 1 seconds", Some(1000)),
            ("wait for the bus, then wait 42 seconds before retrying", Some(42_000)),
            ("try again in a moment", None),
        ] {
            assert_eq!(in_text(words), expected, "{words}");
        }
    }

    #[test]
    fn a_limit_that_is_used_up_tells_when_it_is_full_again() {
        let read = |pairs: &[(&'static str, &'static str)]| {
            let header = |(name, value): &(&'static str, &'static str)| {
                (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
            };
            of_headers(&pairs.iter().map(header).collect(), 1_000_000_000_000)
        };
        assert_eq!(
            read(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0s")]),
            Some(360_000)
        );
        assert_eq!(read(&[("x-ratelimit-remaining-requests", "7"), ("x-ratelimit-reset-requests", "6m0s")]), None);
        assert_eq!(read(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000017")]), Some(17_000));
        assert_eq!(read(&[("retry-after", "20s")]), Some(20_000));
    }
}
