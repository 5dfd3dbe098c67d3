//! One entry of the chat as rows: the question as a heading, the answer as Markdown, and what it took.

use std::borrow::Cow;

use ratatui::style::Style;
use serde_json::Value;

use super::calls;
use super::canvas::{push, styled};
use super::error_card;
use super::line::Line;
use super::markdown::{Changed, Document, Options};
use super::symbols::Symbols;
use super::theme::Theme;
use super::took;
use super::wrap::{self, Breaking};
use crate::agent::Turn;
use crate::app::{Model, Remedy, Saving, Target};
use crate::chat::{
    Arguments, AssistantMessage, ChatError, Entry, EntryBody, EntryState, ErrorKind, Finish, ToolResult, ToolStatus,
    Version,
};
use crate::config::look::Look;
use crate::safe_text::{self, SafeText};
use crate::strings;
use crate::strings::failure::Reached;

/// Rows of what a tool was given or gave that are shown when expanded.
const MAX_OUTPUT_ROWS: usize = 2000;
/// A time of reasoning from which on it is told, in ms.
const TOLD_MS: u64 = 100;
/// Columns of the names of arguments, where they are that long.
const MAX_NAME_COLUMNS: usize = 16;
/// Bytes of a question or a tool's output that are laid out; more would only slow a frame down.
const MAX_PLAIN_BYTES: usize = 512 * 1024;

/// What the rows of every entry depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Columns of prose.
    pub prose: u16,
    /// Columns of code and tables.
    pub wide: u16,
    /// The styles.
    pub theme: Theme,
    /// The marks.
    pub symbols: Symbols,
    /// How it may look.
    pub look: Look,
    /// Reasoning and tool output are shown whole.
    pub is_expanded: bool,
    /// The folds of answers are open.
    pub has_open_folds: bool,
}

/// An entry laid out: rows before the Markdown, the Markdown, rows after it.
#[derive(Default)]
pub(super) struct Rows {
    /// Drawn from column 0.
    pub before: Vec<Line>,
    /// Drawn from the text column.
    pub document: Document,
    /// Drawn from column 0.
    pub after: Vec<Line>,
    /// Bytes at the end of the first row that stand beside the text: version and time of a question.
    pub beside: usize,
}

impl Rows {
    /// Whether the row at this place is text of the message, set in from its label.
    #[must_use]
    pub(super) fn is_body(&self, at: usize) -> bool {
        (self.before.len()..self.before.len() + self.document.line_count()).contains(&at)
    }

    /// The row at this place.
    #[must_use]
    pub(super) fn line(&self, at: usize) -> Option<&Line> {
        let (before, body) = (self.before.len(), self.document.line_count());
        match at {
            _ if at < before => self.before.get(at),
            _ if at < before + body => Some(self.document.line(at - before)),
            _ => self.after.get(at - before - body),
        }
    }

    /// The row at this place with the bytes of it that were said, by whomever; `None` where it is a label, a blank line
    /// above or below the text, or what the message took.
    #[must_use]
    pub(super) fn text(&self, at: usize) -> Option<(&Line, std::ops::Range<usize>)> {
        let line = self.line(at).filter(|line| self.is_body(at) || (at < self.before.len() && line.lead > 0))?;
        let end = line.bytes() - if at == 0 { self.beside } else { 0 };
        Some((line, usize::from(line.lead).min(end)..end))
    }

    /// Rows from the top that stay as they are however the message grows.
    #[must_use]
    pub(super) fn final_rows(&self) -> usize {
        self.before.len() + self.document.final_line_count()
    }

    /// All rows.
    #[must_use]
    pub(super) fn height(&self) -> usize {
        self.before.len() + self.document.line_count() + self.after.len()
    }
}

/// Lays an entry out anew or brings it up to date; gives which of its rows look otherwise, if any do.
pub(super) fn lay_out(rows: &mut Rows, model: &Model, at: usize, frame: &Frame) -> Option<Changed> {
    let (before, after) = (std::mem::take(&mut rows.before), std::mem::take(&mut rows.after));
    rows.beside = 0;
    let mut changed = Some(Changed::ALL);
    let Some(entry) = model.chat.conversation.entries.get(at) else { return changed };
    match &entry.body {
        EntryBody::Question(text) => {
            let sent = match (model.chat.being_sent.contains(&entry.id), &model.saving) {
                (false, _) => Sent::Yes,
                (true, Saving::Works) => Sent::NotYet,
                (true, Saving::Fails(_)) => Sent::Unsaved,
            };
            let version = model.chat.conversation.version(&entry.id);
            question(rows, entry, text, sent, version, frame);
        }
        EntryBody::ToolResult(result) => {
            if frame.is_expanded {
                let arguments = arguments_of(&model.chat.conversation.entries[..at], result);
                tool_result(&mut rows.before, result, arguments, frame);
            }
        }
        EntryBody::Answer { message, thought_ms, .. } => {
            let thinking = model.turn_of(&entry.id).filter(|turn| !turn.is_ended());
            let thought_ms = thought_ms.or_else(|| thinking.and_then(Turn::thought_ms));
            reasoning(&mut rows.before, message, entry.state, thought_ms, frame);
            let is_complete = entry.state != EntryState::Streaming;
            changed = rows.document.update(&message.text, is_complete, &options(frame));
            if rows.document.line_count() > 0 {
                rows.after.push(Line::default());
            }
            calls::lines(&mut rows.after, model, at, entry, frame);
            answer_end(&mut rows.after, model, at, frame);
            changed = if (&rows.before, &rows.after) == (&before, &after) {
                changed.map(|changed| Changed { row: rows.before.len() + changed.row, ..changed })
            } else {
                Some(Changed::ALL)
            };
        }
    }
    changed
}

/// About how many rows an entry has, without laying it out.
#[must_use]
pub(super) fn estimated_height(entry: &Entry, frame: &Frame) -> usize {
    let width = frame.prose.max(1) as usize;
    let rows = |text: &str| text.len() / width + memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
    match &entry.body {
        EntryBody::Question(text) => rows(text) + entry.attachments.len() + 1,
        EntryBody::Answer { message, .. } => {
            let text = if message.text.is_empty() { 0 } else { rows(&message.text) + 1 };
            let calls = if frame.is_expanded { 0 } else { message.tool_calls.len() };
            text + calls + 2
        }
        EntryBody::ToolResult(_) if !frame.is_expanded => 0,
        EntryBody::ToolResult(result) => rows(&result.output).min(MAX_OUTPUT_ROWS) + 2,
    }
}

/// Lays an entry of a saved chat out for the preview: what was said, without cards; results of tools only where they are
/// what was looked for.
pub(super) fn lay_out_saved(rows: &mut Rows, entry: &Entry, is_wanted: bool, frame: &Frame) {
    match &entry.body {
        EntryBody::Question(text) => question(rows, entry, text, Sent::Yes, None, frame),
        EntryBody::ToolResult(result) if is_wanted => tool_result(&mut rows.before, result, None, frame),
        EntryBody::ToolResult(_) => {}
        EntryBody::Answer { message, .. } => {
            rows.document.update(&message.text, true, &options(frame));
            while rows.document.is_behind() {
                rows.document.update(&message.text, true, &options(frame));
            }
            if rows.document.line_count() > 0 {
                rows.after.push(Line::default());
            }
        }
    }
}

fn options(frame: &Frame) -> Options<'_> {
    Options {
        width: frame.prose,
        wide: frame.wide,
        theme: &frame.theme,
        ascii_lines: frame.look.has_ascii_lines || frame.look.is_ascii,
        is_expanded: frame.has_open_folds,
    }
}

/// Whether a question's commit has returned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Yes,
    NotYet,
    /// The history cannot be written for now.
    Unsaved,
}

fn question(rows: &mut Rows, entry: &Entry, text: &str, sent: Sent, version: Option<Version>, frame: &Frame) {
    let shown = cut(text, MAX_PLAIN_BYTES);
    let lines_behind = text[shown.len()..].lines().count();
    let text = SafeText::block(shown);
    let clock = if sent == Sent::NotYet {
        strings::SENDING.to_owned()
    } else if sent == Sent::Unsaved {
        strings::NOT_SAVED.to_owned()
    } else if frame.look.has_clock {
        clock(entry.time_ms)
    } else {
        String::new()
    };
    let clock = match version {
        Some(Version { number, of }) => format!("{}   {clock}", strings::version(number, of)).trim_end().to_owned(),
        None => clock,
    };
    let room = (frame.prose as usize).saturating_sub(if clock.is_empty() { 0 } else { clock.len() + 2 }).max(8);
    let mut mark = styled(" ", frame.theme.text);
    push(&mut mark, frame.symbols.own, frame.theme.accent);
    push(&mut mark, " ", frame.theme.text);
    let (mark, indent) = (mark.as_lead(), styled("   ", frame.theme.text).as_lead());
    let text = wrap::wrap_line(&Line::styled(text, frame.theme.bold), room, Breaking::Words);
    for (row, piece) in text.into_iter().enumerate() {
        let mut line = wrap::joined(if row == 0 { &mark } else { &indent }, piece);
        if row == 0 && !clock.is_empty() {
            let gap = (frame.prose as usize + 3).saturating_sub(line.width() + clock.len());
            rows.beside = gap + clock.len();
            push(&mut line, &" ".repeat(gap), frame.theme.text);
            push(&mut line, &clock, frame.theme.dim);
        }
        rows.before.push(line);
    }
    rows.before.extend(left_out(lines_behind, frame.theme.dim));
    for image in &entry.attachments {
        let words = SafeText::line(&strings::attached(&image.name, image.data.len())).fit(frame.prose as usize);
        let mut line = styled("   ", frame.theme.dim);
        line.push(words, frame.theme.dim);
        rows.before.push(line);
    }
    rows.before.push(Line::default());
}

pub(super) fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The local time of day.
fn clock(time_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(time_ms)
        .map(|time| time.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%H:%M").to_string())
        .unwrap_or_default()
}

/// Reasoning is one dim line until it is expanded; while it comes in, its last line is seen.
fn reasoning(
    lines: &mut Vec<Line>,
    message: &AssistantMessage,
    state: EntryState,
    thought_ms: Option<u64>,
    frame: &Frame,
) {
    if message.reasoning.is_empty() {
        return;
    }
    let dim = frame.theme.dim;
    let width = frame.prose as usize;
    let took =
        thought_ms.filter(|ms| *ms >= TOLD_MS).map(|ms| format!("   {}", strings::seconds(ms))).unwrap_or_default();
    let head = format!("   {}{took}", strings::REASONING);
    if frame.is_expanded {
        lines.push(styled(&head, dim));
        set_in_beginning(lines, message.reasoning.trim(), usize::MAX, width.saturating_sub(2), dim);
    } else {
        let mut line = styled(&format!("{head}   "), dim);
        let is_live = state == EntryState::Streaming && message.text.is_empty();
        if is_live {
            let last = message.reasoning.trim_end().lines().last().unwrap_or_default();
            line.push(SafeText::line(cut(last, 4096)).fit(width.saturating_sub(line.width())), dim);
        } else {
            push(&mut line, "Ctrl+O", frame.theme.bold);
            push(&mut line, strings::SHOWS_IT, dim);
        }
        lines.push(line);
    }
    lines.push(Line::default());
}

/// Text from outside as it is, set in.
fn set_in(text: &str, columns: usize, style: Style) -> impl Iterator<Item = Line> {
    let indent = styled("     ", style).as_lead();
    let rows = wrap::wrap_line(&Line::styled(SafeText::block(text), style), columns, Breaking::Words);
    rows.into_iter().map(move |row| wrap::joined(&indent, row))
}

/// The same for what may be very long: its first rows, and how many lines of it are left out.
fn set_in_beginning(lines: &mut Vec<Line>, text: &str, most: usize, columns: usize, style: Style) {
    let shown = cut(text, MAX_PLAIN_BYTES);
    let mut rows = set_in(shown, columns, style);
    lines.extend(rows.by_ref().take(most));
    lines.extend(left_out(rows.count() + text[shown.len()..].lines().count(), style));
}

/// Says that so many lines are left out, if there are any.
fn left_out(count: usize, style: Style) -> Option<Line> {
    (count > 0).then(|| styled(&format!("     {}", strings::lines_left_out(count)), style))
}

/// What the call of this result was given, by the answer before it.
pub(super) fn arguments_of<'a>(before: &'a [Entry], result: &ToolResult) -> Option<&'a Arguments> {
    let answer = before.iter().rev().find(|entry| !matches!(entry.body, EntryBody::ToolResult(_)))?;
    let EntryBody::Answer { message, .. } = &answer.body else { return None };
    message.tool_calls.iter().find(|call| call.id == result.call_id).map(|call| &call.arguments)
}

/// What a call was given, a line for each argument.
pub(super) fn arguments_as_lines(arguments: &Arguments) -> Vec<Cow<'_, str>> {
    match arguments {
        Arguments::Object(map) => {
            let names = map.keys().map(|name| safe_text::width(name)).max().unwrap_or(0).min(MAX_NAME_COLUMNS);
            let line = |(name, value): (&String, &Value)| {
                let value = value.as_str().map_or_else(|| value.to_string().into(), Cow::from);
                format!("{name:names$}  {value}").into()
            };
            map.iter().map(line).collect()
        }
        Arguments::Raw(text) => vec![text.into()],
    }
}

fn tool_result(lines: &mut Vec<Line>, result: &ToolResult, arguments: Option<&Arguments>, frame: &Frame) {
    let theme = &frame.theme;
    let (mark, style) = match result.status {
        ToolStatus::Done => (frame.symbols.good, theme.good),
        ToolStatus::Failed | ToolStatus::Timeout => (frame.symbols.bad, theme.bad),
        ToolStatus::Denied | ToolStatus::Cancelled => ("!", theme.waiting),
    };
    let mut head = styled(" ", theme.text);
    push(&mut head, mark, style);
    push(&mut head, " ", theme.text);
    push(&mut head, &result.name, theme.text);
    push(&mut head, &format!("   {}", strings::seconds(result.elapsed_ms)), theme.dim);
    lines.push(head);
    let columns = (frame.prose as usize).saturating_sub(2);
    let given = arguments.map(arguments_as_lines).unwrap_or_default();
    for line in &given {
        set_in_beginning(lines, line, MAX_OUTPUT_ROWS, columns, theme.dim);
    }
    if !given.is_empty() {
        lines.push(Line::default());
    }
    set_in_beginning(lines, &result.output, MAX_OUTPUT_ROWS, columns, theme.dim);
    lines.push(Line::default());
}

/// The error card and the line that says what the answer took, at the last answer of a turn.
fn answer_end(lines: &mut Vec<Line>, model: &Model, at: usize, frame: &Frame) {
    let entry = &model.chat.conversation.entries[at];
    let EntryBody::Answer { message, provider, model: asked, finish, error, .. } = &entry.body else { return };
    let is_last = !model.chat.conversation.entries[at + 1..]
        .iter()
        .take_while(|next| !matches!(next.body, EntryBody::Question(_)))
        .any(|next| matches!(next.body, EntryBody::Answer { .. }));
    if entry.state == EntryState::Streaming || !is_last {
        return;
    }
    if *finish == Some(Finish::ToolCalls) && model.running_turn().is_some() && is_in_last_turn(model, at) {
        return;
    }
    let is_open = model.running_turn().is_none() && model.chat.last_answer().is_some_and(|last| last.id == entry.id);
    let is_withheld = error.is_none() && *finish == Some(Finish::ContentFilter);
    let withheld = is_withheld.then(|| ChatError::new(ErrorKind::ContentFilter, String::new()));
    if let Some(error) = error.as_ref().or(withheld.as_ref()) {
        let reached = Reached { is_cut: *finish == Some(Finish::Truncated), has_text: !message.text.is_empty() };
        let asked = Target { provider: provider.clone(), model: asked.clone() };
        lines.extend(error_card::of_answer(model, error, &asked, reached, is_open, frame));
    }
    let conversation = &model.chat.conversation;
    let version = conversation.versioned(at).and_then(|entry| conversation.version(&entry.id));
    let version = version.map(|Version { number, of }| strings::version(number, of));
    let mut parts = took::parts(&conversation.entries, at, frame.look.details);
    parts.extend(version);
    if parts.is_empty() {
        return;
    }
    let is_told = error.is_some() || is_withheld || entry.state == EntryState::Stopped;
    if is_open && !is_told && model.remedy() == Some(Remedy::GoOn) {
        parts.push(strings::TAB_GOES_ON.to_owned());
    }
    lines.extend(
        took::rows(&parts, frame.prose as usize).iter().map(|row| styled(&format!("   {row}"), frame.theme.dim)),
    );
    lines.push(Line::default());
}

fn is_in_last_turn(model: &Model, at: usize) -> bool {
    !model.chat.conversation.entries[at..].iter().any(|entry| matches!(entry.body, EntryBody::Question(_)))
}
