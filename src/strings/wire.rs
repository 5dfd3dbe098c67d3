//! Words about streams as they came: what was read from each event, how long things took and how they ended.

use serde_json::json;

use crate::chat::{Delta, Finish};
use crate::strings::thousands;

/// How a stream ended whose end nobody waited for.
pub const LEFT: &str = "stopped before its end";
/// A stream that did not end yet.
pub const STILL_OPEN: &str = "Still comes in";

/// What was read from an event.
#[must_use]
pub fn delta(delta: &Delta) -> String {
    match delta {
        Delta::Text(text) => format!("text {}", json!(text)),
        Delta::Reasoning(text) => format!("reasoning {}", json!(text)),
        Delta::ToolCall(call) => {
            let index = call.index.map(|index| format!(" {index}")).unwrap_or_default();
            let given = [("id", &call.id), ("name", &call.name), ("arguments", &call.arguments)];
            let given = given.iter().filter_map(|(field, text)| Some(format!(" {field} {}", json!(text.as_ref()?))));
            format!("tool call{index}{}", given.collect::<String>())
        }
        Delta::Usage(usage) => format!("usage {} in, {} out", usage.input, usage.output),
        Delta::Model(model) => format!("model {model}"),
        Delta::Finish { finish: kind, raw } => format!("finish {}", finish(*kind, raw)),
        Delta::Opaque(value) => format!("kept for the vendor {value}"),
        Delta::Alive => "sign of life".to_owned(),
    }
}

/// `tool_calls (function_call)`: what is meant, and the vendor's own word.
#[must_use]
pub fn finish(finish: Finish, raw: &str) -> String {
    format!("{} ({raw})", finish.as_str())
}

/// When something came, as wide as a thousand seconds are.
#[must_use]
pub fn at(us: u64) -> String {
    format!("{:>7.3} s", us as f64 / 1e6)
}

/// The same where there is little room.
#[must_use]
pub fn at_short(us: u64) -> String {
    format!("{:>7.3}", us as f64 / 1e6)
}

/// How long things took, in microseconds.
#[must_use]
pub fn times(first_us: Option<u64>, gap_us: u64, end_us: u64, events: usize, bytes: u64) -> String {
    let seconds = |us: u64| format!("{:.3} s", us as f64 / 1e6);
    let first = first_us.map_or("No token came".to_owned(), |us| format!("First token after {}", seconds(us)));
    let (events, bytes) = (thousands(events as u64), thousands(bytes));
    format!("{first}   longest gap {}   {events} events, {bytes} bytes in {}", seconds(gap_us), seconds(end_us))
}

/// How a stream ended.
#[must_use]
pub fn ended(how: &str) -> String {
    format!("Ended: {how}")
}

/// What an event needed.
#[must_use]
pub fn tolerated_here(needed: &str) -> String {
    format!("tolerated: {needed}")
}

/// What a stream needed.
#[must_use]
pub fn tolerated(needed: &[&str]) -> String {
    if needed.is_empty() {
        "Nothing had to be tolerated.".to_owned()
    } else {
        format!("Tolerated: {}", needed.join("; "))
    }
}

/// Head of the page.
pub const HEAD: &str = "Raw stream";
/// The page before the first answer.
pub const NOTHING: &str = "No answer came yet since riffle was started. Ask something first.";

/// Where a stream was saved.
#[must_use]
pub fn saved(place: &str) -> String {
    format!("Saved as {place}")
}

/// A stream could not be saved.
#[must_use]
pub fn not_saved(why: &str) -> String {
    format!("The stream could not be saved: {why}.")
}

/// A stream is no longer kept.
pub const GONE: &str = "it is no longer kept";

/// The beginning of a stream is missing.
#[must_use]
pub fn dropped(bytes: u64) -> String {
    format!("The first {} bytes are no longer kept.", thousands(bytes))
}
