//! Joins the deltas of one streamed answer. Servers disagree on what says which call a fragment belongs to, on ids and on
//! words for the end; the answers to that are all here, so that no dialect or host decides them twice. Pure.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{
    Arguments, AssistantMessage, ChatError, Delta, ErrorKind, Finish, StreamEnd, ToolCall, ToolCallFragment, Usage,
};

/// Bytes of text and reasoning of one answer.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Bytes of a tool's name.
const MAX_NAME_BYTES: usize = 256;
/// Bytes of one call's arguments.
const MAX_ARGUMENTS_BYTES: usize = 1024 * 1024;
/// Calls of one turn.
const MAX_CALLS: usize = 128;
/// Length of an invented id: all that Mistral takes, and every other vendor takes it too.
const INVENTED_ID_CHARS: usize = 9;

/// A call that is still arriving, for showing it live.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartialCall {
    /// The vendor's identifier as far as known; may be empty until the end.
    pub id: String,
    /// The name so far.
    pub name: String,
    /// The arguments' JSON text so far.
    pub arguments: String,
    /// See [`ToolCall::opaque`].
    pub opaque: Option<Value>,
}

/// A finished answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Text, reasoning, calls with unique ids. `opaque` is left to the caller, who knows the provider's name.
    pub message: AssistantMessage,
    /// How it ended; `ToolCalls` whenever calls may be run.
    pub finish: Finish,
    /// The vendor's word for the end.
    pub finish_raw: Option<String>,
    /// Tokens, if reported.
    pub usage: Option<Usage>,
    /// The vendor parts to keep.
    pub opaque: Option<Value>,
}

/// Collects the deltas of one model request.
#[derive(Clone, Debug, Default)]
pub struct Accumulator {
    text: String,
    reasoning: String,
    calls: Vec<PartialCall>,
    /// The vendor's index of each of `calls`.
    indexes: Vec<Option<u64>>,
    /// How far the arguments of each of `calls` are.
    scans: Vec<ObjectScan>,
    /// A name that came by itself after a whole call.
    next_name: Option<String>,
    usage: Option<Usage>,
    finish: Option<(Finish, String)>,
    opaque: Option<Value>,
}

impl Accumulator {
    /// Takes the next delta.
    pub fn push(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Reasoning(text) => self.reasoning.push_str(text),
            Delta::ToolCall(fragment) => self.push_fragment(fragment),
            Delta::Usage(usage) => self.usage = Some(usage.clone()),
            Delta::Opaque(value) => self.opaque = Some(value.clone()),
            Delta::Finish { finish, raw } => self.finish = Some((*finish, raw.clone())),
            Delta::Model(_) | Delta::Alive => {}
        }
    }

    /// The answer's text so far.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The reasoning so far.
    #[must_use]
    pub fn reasoning(&self) -> &str {
        &self.reasoning
    }

    /// The calls so far, in order of first appearance; the text of their arguments grows, or takes the place of `{}`.
    #[must_use]
    pub fn calls(&self) -> &[PartialCall] {
        &self.calls
    }

    /// The usage as last reported.
    #[must_use]
    pub fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Whether there is anything to see yet. From then on a failed request is not silently repeated.
    #[must_use]
    pub fn has_content(&self) -> bool {
        !self.text.is_empty() || !self.reasoning.is_empty() || !self.calls.is_empty()
    }

    /// Why the stream must be stopped: an answer over 64 MiB, arguments over 1 MiB, more than 128 calls with those of
    /// earlier answers of the turn.
    #[must_use]
    pub fn limit_exceeded(&self, earlier_calls: usize) -> Option<ChatError> {
        let sentence = if self.text.len() + self.reasoning.len() > MAX_ANSWER_BYTES {
            "The answer is larger than 64 MiB and was stopped."
        } else if self.calls.iter().any(|call| call.name.len() > MAX_NAME_BYTES) {
            "The name of a tool call is longer than 256 bytes; the answer was stopped."
        } else if self.calls.iter().any(|call| call.arguments.len() > MAX_ARGUMENTS_BYTES) {
            "The arguments of a tool call are larger than 1 MiB; the answer was stopped."
        } else if earlier_calls + self.calls.len() > MAX_CALLS {
            "More than 128 tool calls were asked for in one turn; the answer was stopped."
        } else {
            return None;
        };
        Some(ChatError::new(ErrorKind::Protocol, sentence))
    }

    /// The finished answer. `make_id` gives fresh text from which missing and repeated ids are made.
    #[must_use]
    pub fn finish(self, end: &StreamEnd, make_id: &mut dyn FnMut() -> String) -> Answer {
        let has_content = self.has_content();
        let tool_calls = finished_calls(self.calls, make_id);
        let said = self.finish.as_ref().map(|(finish, _)| *finish);
        let finish = match end {
            StreamEnd::Failed { is_cut: true, .. } => Finish::Truncated,
            // A request that was refused before anything was written failed; an answer that was withheld midway was
            // filtered, and so was one of which the server says so.
            StreamEnd::Failed { error, .. }
                if error.kind == ErrorKind::ContentFilter && (has_content || said == Some(Finish::ContentFilter)) =>
            {
                Finish::ContentFilter
            }
            StreamEnd::Failed { .. } => Finish::Error,
            StreamEnd::Complete => match said {
                Some(
                    limited @ (Finish::Length
                    | Finish::ContentFilter
                    | Finish::Error
                    | Finish::Truncated
                    | Finish::Cancelled),
                ) => limited,
                Some(Finish::Stop | Finish::ToolCalls) | None if tool_calls.is_empty() => Finish::Stop,
                Some(Finish::Stop | Finish::ToolCalls) | None => Finish::ToolCalls,
            },
        };
        Answer {
            message: AssistantMessage { text: self.text, reasoning: self.reasoning, tool_calls, opaque: None },
            finish,
            finish_raw: self.finish.map(|(_, raw)| raw),
            usage: self.usage,
            opaque: self.opaque,
        }
    }

    fn push_fragment(&mut self, fragment: &ToolCallFragment) {
        let joint = match self.candidate(fragment) {
            Some(at) => self.joint(at, fragment),
            None => Joint::New,
        };
        let name = given(fragment.name.as_ref());
        let (at, named) = match joint {
            Joint::Repeated => return,
            Joint::Named => {
                self.next_name = name.map(str::to_owned);
                return;
            }
            Joint::Continues(at) => (at, None),
            Joint::Replaces(at) => {
                self.calls[at].arguments.clear();
                self.scans[at] = ObjectScan::default();
                (at, None)
            }
            Joint::New => {
                self.calls.push(PartialCall::default());
                self.indexes.push(fragment.index);
                self.scans.push(ObjectScan::default());
                (self.calls.len() - 1, self.next_name.take())
            }
        };
        let call = &mut self.calls[at];
        if let Some(id) = given(fragment.id.as_ref()).filter(|_| call.id.is_empty()) {
            id.clone_into(&mut call.id);
        }
        if let Some(name) = name.or(named.as_deref()) {
            extend_name(call, name);
        }
        if let Some(arguments) = &fragment.arguments {
            call.arguments.push_str(arguments);
            self.scans[at].feed(arguments);
        }
        if fragment.opaque.is_some() {
            call.opaque.clone_from(&fragment.opaque);
        }
    }

    /// The call a fragment may belong to: by its index, by its id, else the last one.
    fn candidate(&mut self, fragment: &ToolCallFragment) -> Option<usize> {
        let id = given(fragment.id.as_ref());
        let has_name = given(fragment.name.as_ref()).is_some();
        let by_id = |wanted: &str| self.calls.iter().rposition(|call| call.id == wanted);
        match (fragment.index, id) {
            (Some(index), _) => {
                let latest = self.indexes.iter().rposition(|known| *known == Some(index))?;
                let known = &self.calls.get(latest)?.id;
                match id {
                    Some(id) if !known.is_empty() && known != id => by_id(id)
                        .filter(|at| self.indexes.get(*at) == Some(&Some(index)))
                        .or_else(|| self.open_call(latest, has_name)),
                    _ => Some(latest),
                }
            }
            (None, Some(id)) => by_id(id).or_else(|| self.open_call(self.calls.len().checked_sub(1)?, has_name)),
            (None, None) if has_name => None,
            (None, None) => self.calls.len().checked_sub(1),
        }
    }

    /// This call, if a fragment with a new id but without a name can only go on with it: some servers make a new id for
    /// every fragment.
    fn open_call(&mut self, at: usize, has_name: bool) -> Option<usize> {
        let is_open = !has_name && !self.scans.get_mut(at)?.is_whole(&self.calls.get(at)?.arguments);
        is_open.then_some(at)
    }

    /// How a fragment goes with the call it may belong to. Several servers give all calls one index, so that whole
    /// arguments and the beginning of others are two calls, unless one of the two only stands in for the other.
    fn joint(&mut self, at: usize, fragment: &ToolCallFragment) -> Joint {
        let (call, scan) = (&self.calls[at], &mut self.scans[at]);
        let new = fragment.arguments.as_deref().unwrap_or_default().trim();
        let starts_object = new.starts_with('{');
        let name = given(fragment.name.as_ref());
        let id = given(fragment.id.as_ref());
        let has_other_name = name.is_some_and(|name| !call.name.is_empty() && name != call.name);
        if has_other_name && starts_object && call.arguments.is_empty() {
            return Joint::New;
        }
        if !scan.is_whole(&call.arguments) {
            return Joint::Continues(at);
        }
        if has_other_name {
            return Joint::New;
        }
        if !starts_object {
            let is_only_name = name.is_some() && id.is_none() && new.is_empty();
            return if is_only_name { Joint::Named } else { Joint::Continues(at) };
        }
        let is_same_id = id.is_some_and(|id| id == call.id);
        let is_unnamed = id.is_none() && name.is_none() && self.next_name.is_none();
        let old = call.arguments.trim();
        match () {
            () if !(is_same_id || is_unnamed) => Joint::New,
            () if old == new || new == "{}" => Joint::Repeated,
            () if old == "{}" => Joint::Replaces(at),
            () => Joint::New,
        }
    }
}

/// What a fragment means for the calls so far.
enum Joint {
    /// It begins a call.
    New,
    /// It goes on with this one.
    Continues(usize),
    /// Its arguments take the place of empty ones.
    Replaces(usize),
    /// It says again what is known.
    Repeated,
    /// It only names the call that begins next.
    Named,
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty() && *text != "null")
}

/// The first name counts; before any arguments, others are its pieces.
fn extend_name(call: &mut PartialCall, name: &str) {
    if call.name.is_empty() || (call.arguments.is_empty() && name.starts_with(&call.name)) {
        name.clone_into(&mut call.name);
    } else if call.arguments.is_empty() && name != call.name {
        call.name.push_str(name);
    }
}

/// Follows braces and strings through arguments as they arrive, so that they are parsed only when they may be whole, and
/// once for each such time, however many fragments a server makes of them.
#[derive(Clone, Debug, Default)]
struct ObjectScan {
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
    is_begun: bool,
    /// Whether the text is an object, once that was looked at.
    is_object: Option<bool>,
}

impl ObjectScan {
    fn feed(&mut self, text: &str) {
        if text.trim().is_empty() && !self.is_in_string {
            return;
        }
        // What was no object does not become one; what was one may no longer be.
        self.is_object = self.is_object.filter(|is_object| !is_object);
        for byte in text.bytes() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_in_string => self.is_escaped = true,
                b'"' => self.is_in_string = !self.is_in_string,
                _ if self.is_in_string => {}
                b'{' | b'[' => {
                    self.depth += 1;
                    self.is_begun = true;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_whole(&mut self, text: &str) -> bool {
        self.is_begun
            && self.depth == 0
            && !self.is_in_string
            && *self.is_object.get_or_insert_with(|| serde_json::from_str::<Map<String, Value>>(text).is_ok())
    }
}

fn finished_calls(calls: Vec<PartialCall>, make_id: &mut dyn FnMut() -> String) -> Vec<ToolCall> {
    let calls: Vec<_> = calls.into_iter().filter(|call| !call.name.is_empty() || !call.arguments.is_empty()).collect();
    let mut taken: HashSet<String> = calls.iter().map(|call| call.id.clone()).collect();
    let mut used = HashSet::new();
    calls
        .into_iter()
        .map(|call| {
            let id = if call.id.is_empty() || used.contains(&call.id) {
                invented_id(&make_id(), &mut taken)
            } else {
                call.id
            };
            used.insert(id.clone());
            ToolCall { id, name: call.name, arguments: Arguments::parse(&call.arguments), opaque: call.opaque }
        })
        .collect()
}

/// Nine letters and digits made from `source`, not in `taken` yet.
fn invented_id(source: &str, taken: &mut HashSet<String>) -> String {
    let usable: Vec<char> = source.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut id: String = match usable.len().checked_sub(INVENTED_ID_CHARS) {
        Some(start) => usable.into_iter().skip(start).collect(),
        None => short_id(source),
    };
    let mut attempt = 0_u32;
    while !taken.insert(id.clone()) {
        attempt += 1;
        id = short_id(&format!("{source}#{attempt}"));
    }
    id
}

/// Nine letters and digits that are always the same for the same text (FNV-1a in base 62).
pub(crate) fn short_id(text: &str) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (0..INVENTED_ID_CHARS)
        .map(|_| {
            let digit = (hash % 62) as usize;
            hash /= 62;
            char::from(ALPHABET[digit])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fragment(index: Option<u64>, id: &str, name: &str, arguments: &str) -> Delta {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Delta::ToolCall(ToolCallFragment {
            index,
            id: some(id),
            name: some(name),
            arguments: some(arguments),
            ..ToolCallFragment::default()
        })
    }

    fn answer(deltas: &[Delta], end: &StreamEnd) -> Answer {
        let mut accumulator = Accumulator::default();
        for delta in deltas {
            accumulator.push(delta);
        }
        accumulator.finish(end, &mut || "same".to_owned())
    }

    fn call(id: &str, name: &str, arguments: &Value) -> ToolCall {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: Arguments::Object(arguments), opaque: None }
    }

    #[test]
    fn calls_that_share_an_index_and_have_no_ids_stay_apart() {
        let deltas = [
            fragment(Some(0), "", "a", "{\"x\":"),
            fragment(Some(0), "", "", "1}"),
            fragment(Some(0), "", "b", "{\"y\":2}"),
        ];
        let calls = answer(&deltas, &StreamEnd::Complete).message.tool_calls;
        let ids: HashSet<_> = calls.iter().map(|call| call.id.clone()).collect();
        assert_eq!(ids.len(), 2);
        assert!(ids.iter().all(|id| id.len() == 9 && id.chars().all(|c| c.is_ascii_alphanumeric())));
        let plain: Vec<_> = calls.into_iter().map(|call| (call.name, call.arguments.to_json_text())).collect();
        assert_eq!(plain, [("a".to_owned(), "{\"x\":1}".to_owned()), ("b".to_owned(), "{\"y\":2}".to_owned())]);
    }

    #[test]
    fn a_repeated_id_is_replaced() {
        let deltas = [fragment(None, "one", "a", "{\"y\":1}"), fragment(None, "one", "a", "{\"y\":2}")];
        let calls = answer(&deltas, &StreamEnd::Complete).message.tool_calls;
        assert_eq!(calls, [call("one", "a", &json!({"y": 1})), call(&short_id("same"), "a", &json!({"y": 2}))]);
    }

    #[test]
    fn braces_inside_of_text_end_nothing() {
        let pieces = ["{\"x\":\"}{", "{}", "\\\"}", "\"}"].map(|piece| fragment(Some(0), "", "", piece));
        let deltas = [&[fragment(Some(0), "one", "a", "")], pieces.as_slice()].concat();
        let calls = answer(&deltas, &StreamEnd::Complete).message.tool_calls;
        assert_eq!(calls, [call("one", "a", &json!({"x": "}{{}\"}"}))]);
    }

    #[test]
    fn fragments_without_any_mark_continue_the_last_call() {
        let deltas = [fragment(None, "", "a", "{\"x\""), fragment(None, "", "", ":1}")];
        let calls = answer(&deltas, &StreamEnd::Complete).message.tool_calls;
        assert_eq!(calls, [call(&short_id("same"), "a", &json!({"x": 1}))]);
    }

    #[test]
    fn a_cut_answer_lists_its_calls_but_is_truncated() {
        let end = StreamEnd::Failed { error: ChatError::new(ErrorKind::Network, "cut"), is_cut: true };
        let answer = answer(&[fragment(Some(0), "one", "a", "{}")], &end);
        assert_eq!((answer.finish, answer.message.tool_calls.len()), (Finish::Truncated, 1));
    }

    #[test]
    fn the_name_of_a_call_has_a_limit() {
        let mut accumulator = Accumulator::default();
        accumulator.push(&fragment(Some(0), "one", &"n".repeat(MAX_NAME_BYTES), ""));
        assert_eq!(accumulator.limit_exceeded(0), None);
        accumulator.push(&fragment(Some(0), "", "more", ""));
        assert!(accumulator.limit_exceeded(0).is_some());
    }

    #[test]
    fn limits_are_told() {
        let mut accumulator = Accumulator::default();
        accumulator.push(&fragment(Some(0), "one", "a", &"x".repeat(MAX_ARGUMENTS_BYTES)));
        assert_eq!(accumulator.limit_exceeded(0), None);
        assert!(accumulator.limit_exceeded(MAX_CALLS).is_some());
        accumulator.push(&fragment(Some(0), "", "", "x"));
        assert!(accumulator.limit_exceeded(0).is_some());
    }
}
