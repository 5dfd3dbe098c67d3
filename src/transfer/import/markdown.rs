//! Chats as Markdown: our own with its marks, and what people and other programs write with headings such as `## User` or
//! `**You:**`. The first such heading decides which kind counts in the file, so that headings inside of answers stay text.
//! No text is lost: what stands before the first heading goes with the first question. A file without any is no chat.

use std::collections::HashSet;

use serde_json::Value;

use super::build::{About, Builder, answer, id_of, instructed};
use super::{Found, Origin, is_too_deep_for_yaml};
use crate::chat::{
    Arguments, AssistantMessage, ConversationId, EntryBody, EntryState, Finish, MessageId, ToolCall, ToolResult,
    ToolStatus,
};
use crate::strings::history as strings;
use crate::transfer::markdown::{MARK, unescaped};
use crate::transfer::words::{Fences, parse_time};

const FORMAT: &str = "markdown";
/// Longest id that is taken from a file.
const MAX_ID: usize = 64;
const PEOPLE: [&str; 9] = ["user", "you", "human", "me", "question", "prompt", "you said", "user said", "human said"];
const MODELS: [&str; 17] = [
    "assistant",
    "ai",
    "bot",
    "model",
    "answer",
    "response",
    "llm",
    "chatgpt",
    "chatgpt said",
    "gpt",
    "claude",
    "claude said",
    "gemini",
    "gemini said",
    "copilot",
    "deepseek",
    "grok",
];

/// Reads the file.
pub(super) fn read(text: &str, origin: Origin<'_>, take: &mut dyn FnMut(Found)) {
    // Lines that another system ended its way.
    let unix;
    let text = if text.contains("\r\n") && !text.replace("\r\n", "").contains('\n') {
        unix = text.replace("\r\n", "\n");
        unix.as_str()
    } else {
        text
    };
    let (front, body) = front_matter(text);
    let has_marks = body.lines().any(|line| line.starts_with(MARK));
    if has_marks {
        read_ours(&front, body, origin, take);
    } else {
        read_any(&front, body, origin, take);
    }
}

/// What stands between `---` at the beginning, and the rest.
fn front_matter(text: &str) -> (Value, &str) {
    let split = text.strip_prefix("---\n").and_then(|rest| {
        let end = rest.find("\n---\n").filter(|end| !is_too_deep_for_yaml(&rest[..*end]))?;
        let front: Value = serde_yaml_ng::from_str(&rest[..end]).ok()?;
        front.is_object().then(|| (front, &rest[end + 5..]))
    });
    split.unwrap_or((Value::Null, text))
}

fn about(front: &Value) -> About {
    let time = |keys: [&str; 2]| keys.iter().find_map(|key| front[*key].as_str()).and_then(parse_time);
    About {
        title: front["title"].as_str().unwrap_or_default().to_owned(),
        created_ms: time(["created", "date"]),
        updated_ms: time(["updated", "modified"]),
        ..About::default()
    }
}

fn read_ours(front: &Value, body: &str, origin: Origin<'_>, take: &mut dyn FnMut(Found)) {
    let mut about = about(front);
    let id = own_id(&front["id"]).unwrap_or_else(|| id_of(&[FORMAT, origin.name]));
    let mut builder = Builder::new(FORMAT, &id, about.created_ms.or(Some(origin.time_ms)));
    let mut seen = HashSet::new();
    // Somebody's note at the top.
    let preamble = body[..body.find(MARK).unwrap_or(0)].trim();
    if !preamble.is_empty() {
        let id = builder.id(preamble);
        builder.push(id, None, None, EntryBody::Question(preamble.to_owned()));
    }
    for (at, (kind, said, lines)) in sections(body).into_iter().enumerate() {
        let is_message = matches!(kind, "question" | "answer" | "result");
        let source = own_id(&said["id"]).unwrap_or_else(|| at.to_string());
        if is_message && !seen.insert(source.clone()) {
            take(Found::LeftOut(strings::bad_message(&about.title, at + 1, strings::REPEATED_ID)));
            continue;
        }
        let text = section_text(lines, &said);
        let body = match kind {
            "question" => EntryBody::Question(text),
            "answer" => {
                let name = |key: &str| said[key].as_str().unwrap_or_default();
                let message = AssistantMessage { text, ..AssistantMessage::default() };
                let mut body = answer(message, name("provider"), name("model"));
                if let EntryBody::Answer { finish, .. } = &mut body {
                    *finish = said["finish"].as_str().and_then(Finish::parse);
                }
                body
            }
            "result" => EntryBody::ToolResult(ToolResult {
                call_id: said["call_id"].as_str().unwrap_or_default().to_owned(),
                name: said["name"].as_str().unwrap_or_default().to_owned(),
                status: ToolStatus::parse(said["status"].as_str().unwrap_or_default()),
                output: unescaped(&fenced_text(lines)),
                elapsed_ms: said["elapsed_ms"].as_u64().unwrap_or(0),
            }),
            _ => {
                add_to_answer(&mut builder, kind, &said, lines);
                continue;
            }
        };
        let parent = builder.last();
        builder.push(MessageId(source), parent, said["time_ms"].as_i64(), body);
        if let (Some(state), Some(entry)) = (said["state"].as_str(), builder.last_mut()) {
            entry.state = EntryState::parse(state);
        }
    }
    if about.title.is_empty() {
        origin.name.clone_into(&mut about.title);
    }
    let head = builder.last();
    match builder.finish_as(ConversationId(id), &about, head) {
        Some(mut chat) => {
            chat.tags =
                front["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).map(one_word).collect();
            chat.tags.retain(|tag| !tag.is_empty());
            take(Found::Chat(Box::new(chat)));
        }
        None => take(Found::LeftOut(strings::bad_chat(origin.name, 1, strings::NOTHING_SAID))),
    }
}

fn one_word(tag: &str) -> String {
    tag.split_whitespace().collect::<Vec<_>>().join("-")
}

/// Each mark with what it says and the lines after it.
fn sections(body: &str) -> Vec<(&str, Value, &str)> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix(MARK).and_then(|rest| rest.trim_end().strip_suffix("-->")) {
            let (kind, said) = rest.split_once(' ').unwrap_or((rest, ""));
            let said = serde_json::from_str(said.trim()).unwrap_or(Value::Null);
            starts.push((at, at + line.len(), kind, said));
        }
        at += line.len();
    }
    let mut ends: Vec<usize> = starts.iter().skip(1).map(|start| start.0).collect();
    ends.push(body.len());
    starts.into_iter().zip(ends).map(|((_, from, kind, said), end)| (kind, said, &body[from..end])).collect()
}

/// The text below the heading, as it was.
fn section_text(lines: &str, said: &Value) -> String {
    // A person may have taken the heading away.
    let text = if lines.starts_with("## ") { lines.split_once('\n').map_or("", |(_, rest)| rest) } else { lines };
    let text = text.strip_prefix('\n').unwrap_or(text);
    let text = text.strip_suffix("\n\n").unwrap_or_else(|| text.trim_end());
    let closing = said["closing"].as_str().and_then(|closing| text.strip_suffix(closing)?.strip_suffix('\n'));
    unescaped(closing.unwrap_or(text))
}

/// What stands in the first code block.
fn fenced_text(lines: &str) -> String {
    let mut fences = Fences::default();
    let mut inside = Vec::new();
    let mut has_begun = false;
    for line in lines.split('\n') {
        let was_inside = has_begun;
        has_begun |= fences.take(line);
        if was_inside {
            if !fences.is_open() {
                break;
            }
            inside.push(line);
        }
    }
    inside.join("\n")
}

/// Reasoning and calls belong to the answer before them.
fn add_to_answer(builder: &mut Builder, kind: &str, said: &Value, lines: &str) {
    let Some(EntryBody::Answer { message, finish, .. }) = builder.last_mut().map(|entry| &mut entry.body) else {
        return;
    };
    match kind {
        "reasoning" => {
            let quoted: Vec<&str> = lines
                .split('\n')
                .filter_map(|line| line.strip_prefix("> ").or_else(|| line.strip_prefix('>')))
                .collect();
            message.reasoning = unescaped(&quoted.join("\n"));
        }
        "call" => {
            let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
            let arguments = Arguments::parse(&unescaped(&fenced_text(lines)));
            message.tool_calls.push(ToolCall { id: text("id"), name: text("name"), arguments, opaque: None });
            if finish.is_none() {
                *finish = Some(Finish::ToolCalls);
            }
        }
        _ => {}
    }
}

/// An id as riffle gives them; anything else is not taken from a file.
fn own_id(value: &Value) -> Option<String> {
    let id = value.as_str()?;
    let is_one =
        !id.is_empty() && id.len() <= MAX_ID && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    is_one.then(|| id.to_owned())
}

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// A heading of this level.
    Heading(usize),
    /// Bold at the beginning of a line.
    Bold,
}

/// A line that begins a message: how, whose, and what of it is already text.
fn begins(line: &str) -> Option<(Sign, bool, &str)> {
    let line = line.trim_end();
    let hashes = line.len() - line.trim_start_matches('#').len();
    if (1..=6).contains(&hashes) && line[hashes..].starts_with(' ') {
        let name = line[hashes..].trim().trim_matches('*').trim();
        return whose(name).map(|is_question| (Sign::Heading(hashes), is_question, ""));
    }
    let rest = line.strip_prefix("**")?;
    let (name, rest) = rest.split_once("**")?;
    let after = rest.strip_prefix(':');
    if after.is_none() && !name.ends_with(':') {
        return None;
    }
    whose(name).map(|is_question| (Sign::Bold, is_question, after.unwrap_or(rest).trim_start()))
}

/// Whether it is a person (`true`) or a model; `None` when it is neither.
fn whose(name: &str) -> Option<bool> {
    let name = name
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')');
    // "User (2024-05-01 10:00)" and "Assistant (gpt-4o)".
    let name = name.split_once(" (").map_or(name, |(name, _)| name).to_lowercase();
    let name = name.trim();
    if PEOPLE.contains(&name) { Some(true) } else { MODELS.contains(&name).then_some(false) }
}

fn read_any(front: &Value, body: &str, origin: Origin<'_>, take: &mut dyn FnMut(Found)) {
    let mut about = about(front);
    let (preamble, mut messages) = split(body);
    let mut preamble = preamble.trim();
    if let Some((first, rest)) = preamble.strip_prefix("# ").map(|text| text.split_once('\n').unwrap_or((text, "")))
        && about.title.is_empty()
        && !messages.is_empty()
    {
        first.trim().clone_into(&mut about.title);
        preamble = rest.trim();
    }
    if messages.is_empty() {
        take(Found::LeftOut(strings::bad_chat(origin.name, 1, strings::NO_SPEAKERS)));
        return;
    }
    if !preamble.is_empty() {
        match messages.first_mut() {
            Some((true, question)) => *question = instructed(preamble, question),
            Some((false, _)) | None => messages.insert(0, (true, preamble.to_owned())),
        }
    }
    messages.retain(|(_, text)| !text.is_empty());
    let first = messages.first().map(|(_, text)| text.as_str()).unwrap_or_default();
    let start_ms = about.created_ms.unwrap_or(origin.time_ms);
    let mut builder = Builder::new(FORMAT, &id_of(&[origin.name, first]), Some(start_ms));
    let mut before = String::new();
    for (is_question, text) in messages {
        before = id_of(&[&before, if is_question { "q" } else { "a" }, &text]);
        let (id, parent) = (builder.id(&before), builder.last());
        let body = if is_question {
            EntryBody::Question(text)
        } else {
            answer(AssistantMessage { text, ..AssistantMessage::default() }, "", "")
        };
        builder.push(id, parent, None, body);
    }
    match builder.finish(&about, None) {
        Some(chat) => take(Found::Chat(Box::new(chat))),
        None => take(Found::LeftOut(strings::bad_chat(origin.name, 1, strings::NOTHING_SAID))),
    }
}

/// What stands before the first message, and the messages: whether each is a question, and its text.
fn split(body: &str) -> (&str, Vec<(bool, String)>) {
    let mut fences = Fences::default();
    let mut starts = Vec::new();
    let mut sign = None;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if !fences.take(line.trim_end_matches('\n'))
            && let Some((found, is_question, rest)) = begins(line)
            && *sign.get_or_insert(found) == found
        {
            starts.push((at, at + line.len(), is_question, rest));
        }
        at += line.len();
    }
    let first = starts.first().map_or(body.len(), |start| start.0);
    let mut ends: Vec<usize> = starts.iter().skip(1).map(|start| start.0).collect();
    ends.push(body.len());
    let mut messages = Vec::new();
    for ((_, from, is_question, rest), end) in starts.into_iter().zip(ends) {
        let text = format!("{rest}\n{}", &body[from..end]);
        // A rule between messages belongs to none.
        let text = text.trim();
        let text = text.strip_suffix("\n---").or_else(|| text.strip_suffix("\n***")).unwrap_or(text).trim_end();
        messages.push((is_question, text.to_owned()));
    }
    (&body[..first], messages)
}
