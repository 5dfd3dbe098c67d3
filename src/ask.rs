//! `riffle ask`: one answer to stdout, as text or as JSON lines, through the same turn as the full screen.

use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::agent::{Drive, NewQuestion, Opening, Performer, Progress, Turn, TurnEnd, TurnId, TurnSetup, drive};
use crate::chat::{Arguments, Attachment, ChatError, Conversation, ConversationId, ErrorKind, Finish, NewChat, PAUSED};
use crate::config::provider::ProviderSettings;
use crate::config::settings::Settings;
use crate::host::{self, Clock, ToolBox, note};
use crate::provider::Client;
use crate::provider::connect::Connector;
use crate::provider::recording::Recorder;
use crate::safe_text::SafeText;
use crate::store::{Reader, StoreEvent, StoreOptions, Writer};
use crate::strings;
use crate::strings::failure::{Culprit, Reached, ask_failed};
use crate::tools::policy::Host;

/// How long the history may take to close at the end.
const CLOSE: Duration = Duration::from_secs(6);
/// After so much silence of a piped stdin it is said what is waited for.
const SILENT_PIPE: Duration = Duration::from_secs(1);

/// What is asked and how it is printed.
pub struct AskOptions {
    /// The words of the command line.
    pub prompt: Vec<String>,
    /// JSON lines instead of text.
    pub is_json: bool,
    /// The history is not touched.
    pub is_unsaved: bool,
    /// The chat in which something was said last goes on.
    pub is_continued: bool,
    /// Files that go with the question.
    pub attach: Vec<PathBuf>,
    /// Where the raw streams are recorded.
    pub record: Option<PathBuf>,
    /// A piped stdin is not read.
    pub ignores_stdin: bool,
    /// Where the history is.
    pub data_dir: std::path::PathBuf,
    /// Everything else that was set.
    pub settings: Settings,
    /// Whom to ask.
    pub provider: ProviderSettings,
    /// The model.
    pub model: String,
}

const MIB: u64 = 1024 * 1024;
/// Size of a file that goes with a question: what vendors take at most.
const MAX_ATTACHED_MIB: u64 = 20;
/// Exit status when the history could not be used.
const NOT_SAVED: u8 = 3;

/// Asks; gives the exit status.
pub async fn run(options: AskOptions) -> anyhow::Result<u8> {
    let (texts, attachments) = attached(&options.attach)?;
    let question = question(&options)? + &texts;
    if question.trim().is_empty() {
        anyhow::bail!("nothing was asked. Write the question after `riffle ask`, or pipe it in.");
    }
    let clock = Clock::start();
    let tools = ToolBox::new(&options.settings, Host::Headless)?;
    let saving = Saving::open(&options);
    let chat = Saving::chat(&options);
    let offered = tools.for_provider(&options.provider.name);
    let specs: Vec<_> = offered.iter().map(|tool| tool.spec.clone()).collect();
    let setup = TurnSetup {
        id: TurnId(1),
        conversation: chat.id.clone(),
        provider: options.provider.name.clone(),
        model: options.model.clone(),
        tools: offered,
        max_rounds: options.settings.max_rounds,
        retries: options.settings.retries,
        call_timeout_ms: options.settings.tool_timeout_ms,
        can_ask: false,
        ids: host::ids(),
    };
    let new_chat = chat.entries.is_empty().then(|| NewChat {
        title: crate::chat::title_of(&question),
        provider: options.provider.name.clone(),
        model: options.model.clone(),
    });
    let printer = Printer::new(options.is_json, culprit(&options.provider, &options.model));
    printer.start(&chat.id, &options);
    let messages = chat.request_messages(Some(&options.settings.system));
    let parent = chat.entries.last().map(|entry| entry.id.clone());
    let started = Turn::start(
        setup,
        messages,
        parent,
        Opening::Question(NewQuestion { text: question, attachments, new_chat }),
        clock.now(),
    );
    let (events, inbox) = tokio::sync::mpsc::channel(64);
    let connector = Arc::new(Connector::new(options.settings.demo_rate, host::variable));
    let gate = host::commit_gate(saving.writer.clone());
    let recorder = options.record.as_deref().map(recorder).transpose()?;
    let client = match &recorder {
        Some(recorder) => Client::new().recorded(recorder.clone()),
        None => Client::new(),
    };
    let drive_host = Drive {
        performer: Performer::new(client, tools.registry.clone(), gate, events),
        events: inbox,
        endpoint: host::endpoint_source(connector, options.provider.clone()),
        model: options.model.clone(),
        tools: specs,
        clock: &|| clock.now(),
        jitter: &host::jitter,
    };
    let is_interrupted = AtomicBool::new(false);
    let stop = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => is_interrupted.store(true, Ordering::Relaxed),
            () = printer.closed.notified() => {}
        }
    };
    let writer = saving.writer.clone();
    let end = drive(
        started,
        drive_host,
        &mut |record| {
            if let Some(writer) = &writer {
                writer.append(record);
            }
        },
        &mut |progress| printer.progress(&progress),
        stop,
    )
    .await;
    printer.end(&end);
    if let Some(Err(error)) = recorder.map(|recorder| recorder.close()) {
        note(&strings::recording_incomplete(&error.to_string()));
    }
    let is_saved = saving.close();
    Ok(exit_code(&end, is_interrupted.into_inner(), printer.is_closed(), is_saved))
}

/// The files that go with a question: texts as they are put behind it, and images.
fn attached(paths: &[PathBuf]) -> anyhow::Result<(String, Vec<Attachment>)> {
    let (mut texts, mut images) = (String::new(), Vec::new());
    for path in paths {
        let place = path.display().to_string();
        let fail = |why: &str| anyhow::anyhow!(strings::cannot_attach(&place, why));
        let mut data = Vec::new();
        let file = std::fs::File::open(path).map_err(|error| fail(&format!("{error}.")))?;
        file.take(MAX_ATTACHED_MIB * MIB + 1).read_to_end(&mut data).map_err(|error| fail(&format!("{error}.")))?;
        anyhow::ensure!(data.len() as u64 <= MAX_ATTACHED_MIB * MIB, fail(&strings::too_large(MAX_ATTACHED_MIB)));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(image) = Attachment::image(&name, &data) {
            images.push(image);
            continue;
        }
        anyhow::ensure!(!data.starts_with(b"%PDF-"), fail(strings::NO_PDF));
        let text = String::from_utf8(data).ok().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| fail(strings::ATTACHABLE))?;
        let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
        texts.push_str(&format!("\n\n{name}:\n{fence}\n{}\n{fence}", text.trim_end_matches('\n')));
    }
    Ok((texts, images))
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// Whom the chat that `--continue` goes on with was held with: the provider, and the model that answered.
#[must_use]
pub fn last_asked(data_dir: &Path) -> Option<(String, String)> {
    let chat = newest(data_dir)?;
    chat.last_asked().map(|(provider, model)| (provider.to_owned(), model.to_owned()))
}

fn newest(data_dir: &Path) -> Option<Conversation> {
    let reader = Reader::open_migrating(data_dir, &mut |sentence| note(SafeText::line(&sentence).as_str())).ok()?;
    reader.load(&reader.newest().ok()??).ok()?
}

fn culprit(provider: &ProviderSettings, model: &str) -> Culprit {
    let (key_source, key_tail) = host::key_place(&provider.key);
    Culprit {
        name: provider.name.clone(),
        label: provider.label.clone(),
        model: model.to_owned(),
        host: host::authority(&provider.base_url),
        has_key: key_source.is_some() && provider.missing.is_none(),
        key_source,
        key_tail,
    }
}

fn recorder(path: &Path) -> anyhow::Result<Arc<Recorder>> {
    let file = host::create_private(path).with_context(|| path.display().to_string())?;
    Ok(Arc::new(Recorder::new(Box::new(BufWriter::new(file)))))
}

fn exit_code(end: &TurnEnd, is_interrupted: bool, is_pipe_closed: bool, is_saved: bool) -> u8 {
    match end.finish {
        Finish::Cancelled if is_interrupted => 130,
        Finish::Cancelled if is_pipe_closed => 0,
        Finish::Error | Finish::Truncated | Finish::ContentFilter | Finish::Cancelled => 1,
        Finish::Stop | Finish::Length | Finish::ToolCalls if is_saved => 0,
        Finish::Stop | Finish::Length | Finish::ToolCalls => NOT_SAVED,
    }
}

/// The words of the command line, with a piped stdin after them.
fn question(options: &AskOptions) -> anyhow::Result<String> {
    let words = options.prompt.join(" ");
    if options.ignores_stdin || io::stdin().is_terminal() {
        return Ok(words);
    }
    let (send, piped) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes);
        let _ = send.send(read);
    });
    let read = if let Ok(read) = piped.recv_timeout(SILENT_PIPE) {
        read
    } else {
        if !words.is_empty() {
            note(strings::WAITS_FOR_STDIN);
        }
        piped.recv()?
    };
    // A standard input that is closed is an empty one.
    let piped = read.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let piped = piped.trim_end_matches('\n');
    Ok(match (words.is_empty(), piped.is_empty()) {
        (true, _) => piped.to_owned(),
        (false, true) => words,
        (false, false) => format!("{words}\n\n{piped}"),
    })
}

/// The history of this run, as far as it works.
struct Saving {
    writer: Option<Writer>,
    events: mpsc::Receiver<StoreEvent>,
}

impl Saving {
    fn open(options: &AskOptions) -> Self {
        let (send, events) = mpsc::channel();
        let writer = (!options.is_unsaved).then(|| {
            let store = StoreOptions::of(&options.settings, &options.data_dir);
            let notify = move |event| match event {
                // Said at once, since it may be what is waited for.
                StoreEvent::Notice(text) => note(SafeText::line(&text).as_str()),
                event => drop(send.send(event)),
            };
            Writer::open(store, Box::new(notify)).ok()
        });
        Self { writer: writer.flatten(), events }
    }

    /// The chat that goes on, or a new one.
    fn chat(options: &AskOptions) -> Conversation {
        let found = if options.is_continued { newest(&options.data_dir) } else { None };
        found.unwrap_or_else(|| Conversation::new(ConversationId(host::ids().next_id())))
    }

    /// Commits everything; `false` with a sentence on stderr when that cannot be done.
    fn close(self) -> bool {
        let Some(writer) = self.writer else { return true };
        let is_closed = writer.close(CLOSE);
        let mut why = None;
        for event in self.events.try_iter() {
            match event {
                StoreEvent::Failed { why: reason } => why = Some(reason),
                StoreEvent::Recovered => why = None,
                StoreEvent::Notice(_) | StoreEvent::Opened | StoreEvent::Committed(_) => {}
            }
        }
        if is_closed && why.is_none() {
            return true;
        }
        note(&strings::not_saved(why.as_deref().unwrap_or(strings::DISK_HANGS)));
        false
    }
}

/// Prints what happens. A closed stdout is noticed and ends the turn.
struct Printer {
    is_json: bool,
    is_terminal: bool,
    closed: Notify,
    is_pipe_closed: AtomicBool,
    has_reasoning_open: AtomicBool,
    ends_with_newline: AtomicBool,
    culprit: Culprit,
}

impl Printer {
    fn new(is_json: bool, culprit: Culprit) -> Self {
        Self {
            is_json,
            culprit,
            is_terminal: io::stdout().is_terminal(),
            closed: Notify::new(),
            is_pipe_closed: AtomicBool::new(false),
            has_reasoning_open: AtomicBool::new(false),
            ends_with_newline: AtomicBool::new(true),
        }
    }

    fn is_closed(&self) -> bool {
        self.is_pipe_closed.load(Ordering::Relaxed)
    }

    fn write(&self, text: &str) {
        let mut out = io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err()
            && !self.is_pipe_closed.swap(true, Ordering::Relaxed)
        {
            self.closed.notify_one();
        }
    }

    fn json(&self, value: &Value) {
        self.write(&format!("{value}\n"));
    }

    fn start(&self, conversation: &ConversationId, options: &AskOptions) {
        if self.is_json {
            self.json(&json!({
                "type": "start", "conversation": conversation, "turn": "1",
                "provider": options.provider.name, "api": options.provider.api, "model": options.model,
            }));
        }
    }

    fn progress(&self, progress: &Progress) {
        if self.is_json { self.json_progress(progress) } else { self.text_progress(progress) }
    }

    fn json_progress(&self, progress: &Progress) {
        self.json(&match progress {
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
        });
    }

    fn text_progress(&self, progress: &Progress) {
        if !matches!(progress, Progress::Reasoning(_)) && self.has_reasoning_open.swap(false, Ordering::Relaxed) {
            note("");
        }
        match progress {
            Progress::Text(delta) => {
                self.ends_with_newline.store(delta.ends_with('\n'), Ordering::Relaxed);
                if self.is_terminal { self.write(SafeText::block(delta).as_str()) } else { self.write(delta) }
            }
            Progress::Reasoning(delta) => {
                self.has_reasoning_open.store(true, Ordering::Relaxed);
                let _ = io::stderr().write_all(SafeText::block(delta).as_str().as_bytes());
            }
            Progress::ToolCall { name, arguments, .. } => {
                let arguments = match arguments {
                    Arguments::Object(map) => Value::Object(map.clone()).to_string(),
                    Arguments::Raw(text) => text.clone(),
                };
                note(SafeText::line(&format!("{name} {arguments}")).as_str());
            }
            Progress::ToolResult(result) => {
                let took = strings::seconds(result.elapsed_ms);
                note(SafeText::line(&format!("{} {} {took}", result.name, result.status.as_str())).as_str());
            }
            Progress::Retry { attempt, delay_ms, error } => {
                let text = strings::ask_retry(*attempt, *delay_ms, &error.message);
                note(SafeText::line(&text).as_str());
            }
            // Said at the end, when it is known how far the answer came.
            Progress::Error(_) => {}
        }
    }

    fn text_failure(&self, end: &TurnEnd, has_open_line: bool) {
        let withheld = || ChatError::new(ErrorKind::ContentFilter, String::new());
        let error = match (&end.error, end.finish) {
            (Some(error), _) => error.clone(),
            (None, Finish::ContentFilter) => withheld(),
            (None, _) => return,
        };
        if has_open_line {
            note("");
        }
        let reached = Reached { is_cut: end.finish == Finish::Truncated, has_text: !end.text.is_empty() };
        for line in ask_failed(&error, &self.culprit, reached) {
            note(SafeText::line(&line).as_str());
        }
    }

    fn end(&self, end: &TurnEnd) {
        if !self.is_json {
            let has_open_line = !self.ends_with_newline.load(Ordering::Relaxed);
            if self.is_terminal && has_open_line {
                self.write("\n");
            }
            self.text_failure(end, has_open_line && !self.is_terminal);
            return;
        }
        let usage = end.usage.as_ref();
        self.json(&json!({
            "type": "done", "finish": end.finish.as_str(), "text": end.text, "reasoning": end.reasoning,
            "tool_calls": end.tool_calls.iter().map(|call| {
                json!({"id": call.id, "name": call.name, "arguments": call.arguments})
            }).collect::<Vec<_>>(),
            "usage": usage.map(|usage| json!({"input": usage.input, "output": usage.output})),
            "usage_details": usage.and_then(|usage| usage.details.clone()),
            "error": end.error.as_ref().map(error_object),
            "ttft_ms": end.ttft_ms, "elapsed_ms": end.elapsed_ms, "rounds": end.rounds,
            "finish_raw": end.finish_raw, "paused": end.finish_raw.as_deref() == Some(PAUSED),
        }));
    }
}

fn error_object(error: &ChatError) -> Value {
    json!({
        "kind": error.kind.as_str(), "message": error.message, "status": error.status, "retryable": error.retryable,
        "retry_after_s": error.retry_after_ms.map(|ms| ms as f64 / 1000.0),
    })
}
