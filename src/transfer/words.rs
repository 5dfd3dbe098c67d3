//! Small things that all formats share: times and fences.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The last millisecond of the year 9999, since 1970 UTC: no chat is later.
pub(super) const LAST_MS: i64 = 253_402_300_799_999;

/// Within what a calendar can say.
pub(super) fn clamped_ms(time_ms: i64) -> i64 {
    time_ms.clamp(0, LAST_MS)
}

/// As RFC 3339 in UTC.
pub(super) fn rfc3339(time_ms: i64) -> String {
    let time = Timestamp::from_millisecond(clamped_ms(time_ms)).unwrap_or_default();
    time.to_string()
}

/// For people: the minute, in UTC.
pub(super) fn minute(time_ms: i64) -> String {
    let time = Timestamp::from_millisecond(clamped_ms(time_ms)).unwrap_or_default();
    time.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Reads RFC 3339; a blank in place of the `T` is fine, and what names no zone is UTC. Times outside of 1970 to 9999 are none.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(time.as_millisecond()).filter(|ms| (0..=LAST_MS).contains(ms))
}

/// Seconds since 1970 as milliseconds; nothing outside of 1970 to 9999.
pub(super) fn seconds(seconds: f64) -> Option<i64> {
    let ms = seconds * 1000.0;
    (ms.is_finite() && ms > 0.0 && ms <= LAST_MS as f64).then(|| ms.round() as i64)
}

/// A fence for this text: longer than any row of backticks in it.
pub(super) fn fence(text: &str) -> String {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat((longest + 1).max(3))
}

/// This text between fences.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let fence = fence(text);
    format!("{fence}{language}\n{text}\n{fence}")
}

/// Follows fenced code blocks line by line.
#[derive(Debug, Default)]
pub(super) struct Fences {
    open: Option<(char, usize)>,
}

impl Fences {
    /// Takes the next line; `true` when it stands in a code block or begins or ends one.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let text = line.trim_start_matches(' ');
        if line.len() - text.len() > 3 {
            return self.open.is_some();
        }
        let Some(sign) = text.chars().next().filter(|sign| matches!(sign, '`' | '~')) else {
            return self.open.is_some();
        };
        let count = text.chars().take_while(|c| *c == sign).count();
        let rest = text[count..].trim();
        match self.open {
            Some((open, length)) => {
                if open == sign && count >= length && rest.is_empty() {
                    self.open = None;
                }
                true
            }
            None if count >= 3 && !(sign == '`' && rest.contains('`')) => {
                self.open = Some((sign, count));
                true
            }
            None => false,
        }
    }

    /// Whether a block is open now.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// What closes the block that is open after this text.
    pub(super) fn left_open(text: &str) -> Option<String> {
        let mut fences = Self::default();
        for line in text.lines() {
            fences.take(line);
        }
        fences.open.map(|(sign, count)| sign.to_string().repeat(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_programs_write() {
        assert_eq!(parse_time("2024-03-12T10:20:30.123456Z"), Some(1_710_238_830_123));
        assert_eq!(parse_time("2024-03-12T10:20:30.123456+00:00"), Some(1_710_238_830_123));
        assert_eq!(parse_time("2024-03-12 10:20:30"), Some(1_710_238_830_000));
        assert_eq!(parse_time("soon"), None);
        assert_eq!(rfc3339(1_710_238_830_123), "2024-03-12T10:20:30.123Z");
        assert_eq!(minute(0), "1970-01-01 00:00 UTC");
        assert_eq!((seconds(1.5), seconds(f64::NAN), seconds(1e300), seconds(-1.0)), (Some(1500), None, None, None));
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fence("a ```` b"), "`````");
        assert_eq!(Fences::left_open("a\n~~~~ x\nb\n~~~"), Some("~~~~".to_owned()));
        assert_eq!(Fences::left_open("```rust\nfn\n```"), None);
        assert_eq!(Fences::left_open("``` is `not` one"), None);
    }
}
