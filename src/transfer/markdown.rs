//! A chat as Markdown for people: front matter, then the shown path under headings. Before each heading stands a comment such
//! as `<!-- riffle:question {"id": ...} -->`, by which the importer finds its way back to the letter; a text that holds such
//! a comment itself has it written `<!-- \riffle:`, with one backslash more where there are some already.

use serde_json::{Map, Value, json};

use super::words::{Fences, fenced, minute, rfc3339};
use crate::chat::{Attachment, Entry, EntryBody, EntryState, Finish, SavedChat, ToolResult};
use crate::strings::history as strings;

/// What every mark of ours begins with.
pub(super) const MARK: &str = "<!-- riffle:";
const OPENING: &str = "<!-- ";
const NAME: &str = "riffle:";

/// What is written besides questions and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkdownOptions {
    /// What models thought.
    pub with_reasoning: bool,
    /// Calls of tools and their results.
    pub with_tools: bool,
}

impl Default for MarkdownOptions {
    fn default() -> Self {
        Self { with_reasoning: true, with_tools: true }
    }
}

/// The chat as Markdown.
#[must_use]
pub fn write(chat: &SavedChat, options: MarkdownOptions) -> String {
    let mut out = String::from("---\n");
    let mut field = |name: &str, value: String| out.push_str(&format!("{name}: {value}\n"));
    field("title", yaml(&json!(chat.title)));
    field("id", yaml(&json!(chat.id)));
    field("created", rfc3339(chat.created_ms));
    field("updated", rfc3339(chat.updated_ms));
    field("provider", yaml(&json!(chat.provider)));
    field("model", yaml(&json!(chat.model)));
    field("tags", yaml(&json!(chat.tags)));
    out.push_str("---\n\n");
    for entry in chat.path() {
        match &entry.body {
            EntryBody::Question(text) => {
                let heading = format!("## {}   {}", strings::QUESTION, minute(entry.time_ms));
                section(&mut out, "question", about(entry), &heading, text);
                attachments(&mut out, &entry.attachments);
            }
            EntryBody::Answer { .. } => answer(&mut out, entry, options),
            EntryBody::ToolResult(result) if options.with_tools => tool_result(&mut out, entry, result),
            EntryBody::ToolResult(_) => {}
        }
    }
    out.push_str(&format!("{MARK}end -->\n"));
    out
}

/// JSON is YAML but for signs that YAML does not print.
fn yaml(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') {
            out.push_str(&format!("\\u{:04x}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

/// A text with its marks made harmless.
pub(super) fn escaped(text: &str) -> String {
    remarked(text, |backslashes| backslashes + 1)
}

/// Takes [`escaped`] back.
pub(super) fn unescaped(text: &str) -> String {
    remarked(text, |backslashes| backslashes.saturating_sub(1))
}

fn remarked(text: &str, change: impl Fn(usize) -> usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(OPENING) {
        let (before, after) = rest.split_at(at + OPENING.len());
        out.push_str(before);
        let name = after.trim_start_matches('\\');
        rest = after;
        if name.starts_with(NAME) {
            out.push_str(&"\\".repeat(change(after.len() - name.len())));
            rest = name;
        }
    }
    out.push_str(rest);
    out
}

/// What a mark says of a message.
fn about(entry: &Entry) -> Map<String, Value> {
    let mut about = Map::new();
    about.insert("id".to_owned(), json!(entry.id));
    about.insert("time_ms".to_owned(), json!(entry.time_ms));
    if entry.state != EntryState::Complete {
        about.insert("state".to_owned(), json!(entry.state.as_str()));
    }
    about
}

fn answer(out: &mut String, entry: &Entry, options: MarkdownOptions) {
    let EntryBody::Answer { message, provider, model, finish, error, .. } = &entry.body else { return };
    let calls = if options.with_tools { message.tool_calls.as_slice() } else { &[] };
    let reasoning = if options.with_reasoning { message.reasoning.as_str() } else { "" };
    let only_calls = message.text.is_empty() && error.is_none() && entry.state == EntryState::Complete;
    if only_calls && reasoning.is_empty() && calls.is_empty() && !message.tool_calls.is_empty() {
        return;
    }
    let mut about = about(entry);
    about.insert("provider".to_owned(), json!(provider));
    about.insert("model".to_owned(), json!(model));
    if let Some(finish) = finish {
        about.insert("finish".to_owned(), json!(finish.as_str()));
    }
    let (model, time) = (one_line(model), minute(entry.time_ms));
    let parts: Vec<&str> = [strings::ANSWER, &model, &time].into_iter().filter(|part| !part.is_empty()).collect();
    section(out, "answer", about, &format!("## {}", parts.join("   ")), &message.text);
    if let Some(note) = note(entry, *finish) {
        let error = error.as_ref().map(|error| format!(" {}", one_line(&error.message))).unwrap_or_default();
        out.push_str(&format!("{MARK}note -->\n*{note}{}*\n\n", escaped(&error)));
    }
    if !reasoning.is_empty() {
        let quoted = escaped(reasoning).replace('\n', "\n> ");
        out.push_str(&format!("{MARK}reasoning -->\n### {}\n\n> {quoted}\n\n", strings::REASONING));
    }
    for call in calls {
        let arguments = call.arguments.to_json_text();
        let about = json!({"id": call.id, "name": call.name});
        let heading = format!("### {} {}", strings::CALL, one_line(&call.name));
        out.push_str(&format!("{}\n{heading}\n\n{}\n\n", mark("call", &about), fenced("json", &escaped(&arguments))));
    }
}

/// Why an answer is not whole.
fn note(entry: &Entry, finish: Option<Finish>) -> Option<&'static str> {
    match (entry.state, finish) {
        (EntryState::Complete, Some(Finish::Length)) => Some(strings::LENGTH),
        (EntryState::Complete, _) => None,
        (EntryState::Streaming, _) => Some(strings::STREAMING),
        (EntryState::Interrupted, _) => Some(strings::INTERRUPTED),
        (EntryState::Stopped, _) => Some(strings::STOPPED),
        (EntryState::Failed, _) => Some(strings::FAILED),
    }
}

fn tool_result(out: &mut String, entry: &Entry, result: &ToolResult) {
    let mut about = about(entry);
    about.insert("call_id".to_owned(), json!(result.call_id));
    about.insert("name".to_owned(), json!(result.name));
    about.insert("status".to_owned(), json!(result.status.as_str()));
    about.insert("elapsed_ms".to_owned(), json!(result.elapsed_ms));
    let (name, status) = (one_line(&result.name), result.status.as_str());
    let heading = format!("### {} {name}   {status}   {} ms", strings::RESULT, result.elapsed_ms);
    let mark = mark("result", &Value::Object(about));
    out.push_str(&format!("{mark}\n{heading}\n\n{}\n\n", fenced("", &escaped(&result.output))));
}

/// Text under a heading. A code block that is still open is closed, which the mark says.
fn section(out: &mut String, kind: &str, mut about: Map<String, Value>, heading: &str, text: &str) {
    let closing = Fences::left_open(text);
    if let Some(closing) = &closing {
        about.insert("closing".to_owned(), json!(closing));
    }
    out.push_str(&format!("{}\n{heading}\n\n{}", mark(kind, &Value::Object(about)), escaped(text)));
    if let Some(closing) = closing {
        out.push_str(&format!("\n{closing}"));
    }
    out.push_str("\n\n");
}

fn attachments(out: &mut String, files: &[Attachment]) {
    if files.is_empty() {
        return;
    }
    out.push_str(&format!("{MARK}attachments -->\n"));
    for file in files {
        out.push_str(&format!("- {}\n", escaped(&attached(file))));
    }
    out.push('\n');
}

/// An attached file in words.
pub(super) fn attached(file: &Attachment) -> String {
    let size = file.data.len().div_ceil(1024);
    format!("{} {} ({}, {size} KiB)", strings::ATTACHED, one_line(&file.name), one_line(&file.media_type))
}

/// A mark; nothing in what it says can end it.
fn mark(kind: &str, about: &Value) -> String {
    let about = about.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace("--", "-\\u002d");
    format!("{MARK}{kind} {about} -->")
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transfer::{Found, Origin, read};

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("<!-- riffle:question {} -->".to_owned()),
            Just("<!-- \\riffle:end".to_owned()),
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("```".to_owned()),
            Just("~~~~ x".to_owned()),
            Just("## Question".to_owned()),
            Just("> ".to_owned()),
            Just("---".to_owned()),
            Just("-->".to_owned()),
            "\\PC{0,6}",
            "[ \\t]{0,5}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn whatever_was_said_comes_back(asked in text(), said in text(), thought in text(), given in text(), title in text()) {
            let line = json!({"id": "c", "title": title, "created_ms": 5, "updated_ms": 9, "head": "a2", "messages": [
                {"id": "q", "time_ms": 6, "role": "user", "text": asked},
                {"id": "a", "parent": "q", "time_ms": 7, "role": "assistant", "text": said, "reasoning": thought, "finish": "tool_calls",
                 "provider": title, "model": title, "tool_calls": [{"id": given, "name": title, "arguments": {"x": given}}]},
                {"id": "t", "parent": "a", "time_ms": 8, "role": "tool", "call_id": given, "name": title, "status": "done", "text": given},
                {"id": "a2", "parent": "t", "time_ms": 9, "role": "assistant", "text": said, "state": "stopped"},
            ]});
            let chat = only(&line.to_string());
            let text = write(&chat, MarkdownOptions::default());
            prop_assert_eq!(only(&text).entries, chat.entries, "{}", text);
        }
    }

    fn only(text: &str) -> SavedChat {
        let mut chats = Vec::new();
        read(text.as_bytes(), Origin::default(), &mut |found| match found {
            Found::Chat(chat) => chats.push(*chat),
            Found::LeftOut(why) => panic!("{why}"),
        })
        .unwrap();
        assert_eq!(chats.len(), 1);
        chats.remove(0)
    }
}
