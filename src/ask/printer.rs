//! What happens in a turn, on stdout and stderr. Stdout has the answer and nothing else; stderr has errors always, and what
//! goes on meanwhile only where a person looks at it. Whoever reads may stop reading at any time: that ends the turn, and is
//! no error.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::agent::{Progress, TurnEnd};
use crate::chat::{Arguments, ChatError, ConversationId, ErrorKind, Finish, PAUSED};
use crate::config::provider::ProviderSettings;
use crate::safe_text::SafeText;
use crate::strings;
use crate::strings::failure::{Culprit, Reached, ask_failed};
use crate::ui::markdown::Linear;

/// How an answer is printed where it is not told in events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// As it came
    #[default]
    Markdown,
    /// Without marks: lists, tables and code as text that can be read out, a sentence or line at a time
    Plain,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The text of the answer.
    Text(AnswerFormat),
    /// An object a line.
    Json,
}

/// Where somebody looks at what is written, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    /// Stdout is a terminal.
    pub(super) out: bool,
    /// Stderr is a terminal.
    pub(super) err: bool,
}

/// Prints what happens.
pub(super) struct Printer<Out, Err> {
    out: Out,
    err: Err,
    shape: Shape,
    watched: Watched,
    culprit: Culprit,
    /// Rung once nothing can be written any more.
    closed: Arc<Notify>,
    /// Nobody reads any more.
    is_unread: Arc<AtomicBool>,
    /// Why nothing can be written.
    failure: Option<io::Error>,
    linear: Linear,
    /// Newlines at the end of what stands on stdout.
    newlines: usize,
    /// Stderr began a line since then.
    is_broken: bool,
    /// Newlines that are due before further text.
    owed: usize,
    has_text: bool,
    has_reasoning_open: bool,
}

impl<Out: Write, Err: Write> Printer<Out, Err> {
    pub(super) fn new(out: Out, err: Err, shape: Shape, watched: Watched, culprit: Culprit) -> Self {
        Self {
            out,
            err,
            shape,
            watched,
            culprit,
            closed: Arc::default(),
            is_unread: Arc::default(),
            failure: None,
            linear: Linear::default(),
            newlines: 0,
            is_broken: false,
            owed: 0,
            has_text: false,
            has_reasoning_open: false,
        }
    }

    /// Rung once nothing can be written any more.
    pub(super) fn closed(&self) -> Arc<Notify> {
        self.closed.clone()
    }

    /// Notices when whoever reads stdout has enough, before anything more is written.
    pub(super) fn watch_reader(&self) {
        if self.watched.out {
            return;
        }
        let (closed, is_unread) = (self.closed(), self.is_unread.clone());
        when_reader_is_gone(move || {
            is_unread.store(true, Ordering::Relaxed);
            closed.notify_one();
        });
    }

    /// Whether whoever reads had enough.
    pub(super) fn is_closed(&self) -> bool {
        let is_broken = self.failure.as_ref().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        is_broken || self.is_unread.load(Ordering::Relaxed)
    }

    /// Why the answer could not be written, where that is nobody's wish.
    pub(super) fn broken(&self) -> Option<&io::Error> {
        self.failure.as_ref().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }

    fn write(&mut self, text: &str) {
        if self.failure.is_some() {
            return;
        }
        if let Err(error) = write_whole(&mut self.out, text) {
            self.failure = Some(error);
            self.closed.notify_one();
        }
    }

    /// A line on stderr; a closed one is not missed.
    fn note(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", SafeText::line(text).as_str());
    }

    /// A line for whoever looks on; it begins in the first column.
    fn tell(&mut self, text: &str) {
        if self.watched.err {
            self.break_line();
            self.note(text);
        }
    }

    /// Begins a line on stderr. What is on stdout usually ends up on the same terminal, directly or behind a pipe.
    fn break_line(&mut self) {
        if self.has_open_line() && !std::mem::replace(&mut self.is_broken, true) {
            let _ = writeln!(self.err);
        }
    }

    fn has_open_line(&self) -> bool {
        self.has_text && self.newlines == 0
    }

    fn json(&mut self, value: &Value) {
        self.write(&format!("{value}\n"));
    }

    pub(super) fn start(&mut self, conversation: &ConversationId, provider: &ProviderSettings, model: &str) {
        if self.shape == Shape::Json {
            self.json(&json!({
                "type": "start", "conversation": conversation, "turn": "1",
                "provider": provider.name, "api": provider.api, "model": model,
            }));
        }
    }

    pub(super) fn progress(&mut self, progress: &Progress) {
        match self.shape {
            Shape::Json => self.json(&event(progress)),
            Shape::Text(format) => self.text_progress(progress, format),
        }
    }

    fn text_progress(&mut self, progress: &Progress, format: AnswerFormat) {
        if !matches!(progress, Progress::Reasoning(_)) {
            self.end_reasoning();
        }
        match progress {
            Progress::Text(delta) => match format {
                AnswerFormat::Markdown => self.text(delta),
                AnswerFormat::Plain => {
                    let said = self.linear.push(delta);
                    self.settled(&said);
                }
            },
            Progress::Reasoning(delta) => {
                if self.watched.err && !delta.is_empty() {
                    self.break_line();
                    self.has_reasoning_open = !delta.ends_with('\n');
                    let _ = self.err.write_all(SafeText::block(delta).as_str().as_bytes());
                }
            }
            Progress::ToolCall { name, arguments, .. } => {
                self.end_of_request();
                let arguments = match arguments {
                    Arguments::Object(map) => Value::Object(map.clone()).to_string(),
                    Arguments::Raw(text) => text.clone(),
                };
                self.tell(&format!("{name} {arguments}"));
            }
            Progress::ToolResult(result) => {
                let took = strings::seconds(result.elapsed_ms);
                self.tell(&format!("{} {} {took}", result.name, result.status.as_str()));
            }
            Progress::Retry { attempt, delay_ms, error } => {
                self.tell(&strings::ask_retry(*attempt, *delay_ms, &error.message));
            }
            // Said at the end, when it is known how far the answer came.
            Progress::Error(_) => {}
        }
    }

    /// Text of the answer, exactly as it is.
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let is_broken = std::mem::take(&mut self.is_broken) && self.watched.out;
        let there = self.newlines + usize::from(is_broken);
        let gap = "\n".repeat(std::mem::take(&mut self.owed).saturating_sub(there));
        let text = format!("{gap}{text}");
        let before = text.trim_end_matches('\n').len();
        let ends = text.len() - before;
        self.newlines = if before == 0 { self.newlines + ends } else { ends };
        self.has_text = true;
        if self.watched.out { self.write(SafeText::block(&text).as_str()) } else { self.write(&text) }
    }

    /// Text whose last newlines are due only if something follows.
    fn settled(&mut self, text: &str) {
        let body = text.trim_end_matches('\n');
        if !body.is_empty() {
            self.text(body);
        }
        if self.has_text {
            self.owed += text.len() - body.len();
        }
    }

    /// The model is going to be asked again within the turn: what it says then is a paragraph of its own.
    fn end_of_request(&mut self) {
        let rest = self.linear.finish();
        self.settled(&rest);
        if self.has_text {
            self.owed = 2;
        }
    }

    /// Ends the answer; says why it failed.
    pub(super) fn end(&mut self, end: &TurnEnd) {
        match self.shape {
            Shape::Json => self.json(&done(end)),
            Shape::Text(_) => {
                self.end_reasoning();
                let rest = self.linear.finish();
                self.settled(&rest);
                self.owed = 0;
                if self.watched.out && self.has_open_line() && !self.is_broken {
                    self.text("\n");
                }
            }
        }
        if let Some(why) = self.broken().map(|error| strings::cannot_print(&error.to_string())) {
            self.note(&why);
        }
        let error = match (&end.error, end.finish) {
            (Some(error), _) => error.clone(),
            (None, Finish::ContentFilter) => ChatError::new(ErrorKind::ContentFilter, String::new()),
            (None, _) => return,
        };
        self.break_line();
        let reached = Reached { is_cut: end.finish == Finish::Truncated, has_text: !end.text.is_empty() };
        for line in ask_failed(&error, &self.culprit, reached) {
            self.note(&line);
        }
    }

    fn end_reasoning(&mut self) {
        if std::mem::take(&mut self.has_reasoning_open) {
            self.note("");
        }
    }
}

/// Writes all of it and flushes. A pipe that somebody else made non-blocking is waited for.
fn write_whole(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    loop {
        let written = if rest.is_empty() { out.flush().map(|()| 0) } else { out.write(rest) };
        match written {
            Ok(0) if rest.is_empty() => return Ok(()),
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_for_room()?,
            Err(error) => return Err(error),
        }
    }
}

/// Waits until stdout takes more.
#[cfg(unix)]
fn wait_for_room() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    let stdout = io::stdout();
    match poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Pipes of this system block.
#[cfg(not(unix))]
fn wait_for_room() -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// Calls back once nobody reads stdout any more, also while nothing is written. Waits on a thread of its own, which lives as
/// long as somebody reads.
#[cfg(unix)]
fn when_reader_is_gone(tell: impl FnOnce() + Send + 'static) {
    use rustix::event::{PollFd, PollFlags, poll};
    let wait = move || {
        let stdout = io::stdout();
        loop {
            // Errors and the end are reported without being asked for; a file has neither.
            match poll(&mut [PollFd::new(&stdout, PollFlags::empty())], None) {
                Ok(_) => return tell(),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    };
    // Without a thread the next write tells.
    let _ = std::thread::Builder::new().name("reader".to_owned()).spawn(wait);
}

/// The next write tells on this system.
#[cfg(not(unix))]
fn when_reader_is_gone(_: impl FnOnce() + Send + 'static) {}

fn event(progress: &Progress) -> Value {
    match progress {
        Progress::Text(delta) => json!({"type": "text", "delta": delta}),
        Progress::Reasoning(delta) => json!({"type": "reasoning", "delta": delta}),
        Progress::ToolCall { id, name, arguments, round } => {
            json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments, "round": round})
        }
        Progress::ToolResult(result) => json!({
            "type": "tool_result", "id": result.call_id, "name": result.name,
            "status": result.status.as_str(), "output": result.output, "elapsed_ms": result.elapsed_ms,
        }),
        Progress::Retry { attempt, delay_ms, error } => {
            json!({"type": "retry", "attempt": attempt, "delay_ms": delay_ms, "reason": error.message})
        }
        Progress::Error(error) => {
            let mut event = error_object(error);
            event["type"] = json!("error");
            event
        }
    }
}

fn done(end: &TurnEnd) -> Value {
    let usage = end.usage.as_ref();
    json!({
        "type": "done", "finish": end.finish.as_str(), "text": end.text, "reasoning": end.reasoning,
        "tool_calls": end.tool_calls.iter().map(|call| {
            json!({"id": call.id, "name": call.name, "arguments": call.arguments})
        }).collect::<Vec<_>>(),
        "usage": usage.map(|usage| json!({"input": usage.input, "output": usage.output})),
        "usage_details": usage.and_then(|usage| usage.details.clone()),
        "error": end.error.as_ref().map(error_object),
        "ttft_ms": end.ttft_ms, "elapsed_ms": end.elapsed_ms, "rounds": end.rounds,
        "finish_raw": end.finish_raw, "paused": end.finish_raw.as_deref() == Some(PAUSED),
    })
}

fn error_object(error: &ChatError) -> Value {
    json!({
        "kind": error.kind.as_str(), "message": error.message, "status": error.status, "retryable": error.retryable,
        "retry_after_s": error.retry_after_ms.map(|ms| ms as f64 / 1000.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ToolResult, ToolStatus};

    const PIPE: Watched = Watched { out: false, err: false };
    const TERMINAL: Watched = Watched { out: true, err: true };

    type Kept = Printer<Vec<u8>, Vec<u8>>;

    fn printer(format: AnswerFormat, watched: Watched) -> Kept {
        Printer::new(Vec::new(), Vec::new(), Shape::Text(format), watched, Culprit::default())
    }

    fn text(delta: &str) -> Progress {
        Progress::Text(delta.to_owned())
    }

    fn ended(finish: Finish, error: Option<ChatError>) -> TurnEnd {
        TurnEnd {
            finish,
            error,
            text: String::new(),
            reasoning: String::new(),
            tool_calls: Vec::new(),
            finish_raw: None,
            usage: None,
            ttft_ms: None,
            elapsed_ms: 0,
            rounds: 1,
        }
    }

    /// What stands on stdout and stderr after all of it.
    fn printed(format: AnswerFormat, watched: Watched, all: &[Progress]) -> (String, String) {
        let mut printer = printer(format, watched);
        for progress in all {
            printer.progress(progress);
        }
        printer.end(&ended(Finish::Stop, None));
        let written = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (written(printer.out), written(printer.err))
    }

    fn with_a_call() -> Vec<Progress> {
        let call = Progress::ToolCall {
            id: "a".to_owned(),
            name: "stock".to_owned(),
            arguments: Arguments::Raw("{}".to_owned()),
            round: 1,
        };
        let result = Progress::ToolResult(ToolResult {
            call_id: "a".to_owned(),
            name: "stock".to_owned(),
            status: ToolStatus::Done,
            output: "12".to_owned(),
            elapsed_ms: 400,
        });
        vec![text("Let me"), text(" look."), call, result, text("**Twelve**.\n")]
    }

    #[test]
    fn a_plain_answer_comes_out_as_it_settles() {
        let mut printer = printer(AnswerFormat::Plain, PIPE);
        let mut after = |delta: &str| {
            printer.progress(&text(delta));
            String::from_utf8_lossy(&printer.out).into_owned()
        };
        assert_eq!(after("The **Ridge"), "");
        assert_eq!(after("line** is the lighter one. It"), "The Ridgeline is the lighter one.");
        assert_eq!(after(" has\n\n- two po"), "The Ridgeline is the lighter one. It has");
        assert_eq!(after("les\n- peg"), "The Ridgeline is the lighter one. It has\n\n- two poles");
        printer.end(&ended(Finish::Stop, None));
        assert!(printer.out.ends_with(b"- two poles\n- peg"));
    }

    #[test]
    fn what_is_said_after_calls_is_a_paragraph_of_its_own() {
        let calls = with_a_call();
        let out = |format, watched| printed(format, watched, &calls).0;
        assert_eq!(out(AnswerFormat::Markdown, PIPE), "Let me look.\n\n**Twelve**.\n");
        assert_eq!(out(AnswerFormat::Plain, PIPE), "Let me look.\n\nTwelve.");
        // One of the two was written to stderr.
        assert_eq!(out(AnswerFormat::Plain, TERMINAL), "Let me look.\nTwelve.\n");
    }

    #[test]
    fn what_goes_on_is_told_only_where_somebody_looks() {
        let mut all = vec![Progress::Reasoning("Hm.".to_owned())];
        all.extend(with_a_call());
        assert_eq!(printed(AnswerFormat::Markdown, PIPE, &all).1, "");
        let told = printed(AnswerFormat::Markdown, TERMINAL, &all).1;
        assert_eq!(told, "Hm.\n\nstock {}\nstock done 0.4 s\n");
    }

    #[test]
    fn one_last_newline_is_for_terminals_only() {
        for format in [AnswerFormat::Markdown, AnswerFormat::Plain] {
            assert_eq!(printed(format, PIPE, &[text("Yes.")]).0, "Yes.");
            assert_eq!(printed(format, TERMINAL, &[text("Yes.")]).0, "Yes.\n");
            assert_eq!(printed(format, TERMINAL, &[text("Yes.\n")]).0, "Yes.\n");
            assert_eq!(printed(format, TERMINAL, &[]).0, "", "nothing was said");
        }
    }

    #[test]
    fn escapes_are_visible_on_a_terminal_and_untouched_in_a_pipe() {
        for format in [AnswerFormat::Markdown, AnswerFormat::Plain] {
            assert_eq!(printed(format, PIPE, &[text("a\u{1b}[31mb")]).0, "a\u{1b}[31mb");
            assert_eq!(printed(format, TERMINAL, &[text("a\u{1b}[31mb")]).0, "a␛[31mb\n");
        }
    }

    #[test]
    fn an_error_has_a_line_of_its_own() {
        let error = ChatError::new(ErrorKind::Network, "gone");
        let mut printer = printer(AnswerFormat::Markdown, PIPE);
        printer.progress(&text("Half"));
        printer.end(&ended(Finish::Truncated, Some(error)));
        assert_eq!(printer.out, b"Half");
        assert!(printer.err.starts_with(b"\nriffle: "), "{}", String::from_utf8_lossy(&printer.err));
    }

    /// Takes so many bytes, then fails like this.
    struct Full(usize, io::ErrorKind);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(self.1.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_enough_is_no_error_and_a_full_disk_is_one() {
        let end = |kind: io::ErrorKind| {
            let shape = Shape::Text(AnswerFormat::Markdown);
            let mut printer = Printer::new(Full(3, kind), Vec::new(), shape, PIPE, Culprit::default());
            printer.progress(&text("Half"));
            printer.progress(&text(" of it"));
            printer.end(&ended(Finish::Cancelled, None));
            (printer.is_closed(), printer.broken().is_some(), String::from_utf8(printer.err).expect("text"))
        };
        assert_eq!(end(io::ErrorKind::BrokenPipe), (true, false, String::new()));
        let (is_closed, is_broken, told) = end(io::ErrorKind::StorageFull);
        assert_eq!((is_closed, is_broken, told.lines().count()), (false, true, 1), "{told}");
        assert!(told.starts_with("riffle: the answer cannot be written: "), "{told}");
    }
}
