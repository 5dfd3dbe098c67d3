//! `riffle ask`: one answer to stdout, as text or as JSON lines, through the same turn as the full screen. `question` puts
//! together what is asked, `printer` says what happens.

mod printer;
mod question;

use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;

use crate::agent::{Drive, NewQuestion, Performer, TurnEnd, TurnId, TurnSetup, drive};
use crate::chat::{Conversation, ConversationId, Finish};
use crate::config::provider::ProviderSettings;
use crate::config::settings::Settings;
use crate::host::{self, Clock, ToolBox, note};
use crate::provider::Client;
use crate::provider::connect::Connector;
use crate::provider::recording::Recorder;
use crate::safe_text::SafeText;
use crate::store::{Reader, StoreEvent, StoreOptions, Writer};
use crate::strings;
use crate::strings::failure::Culprit;
use crate::tools::policy::Host;
use printer::{Printer, Shape, Watched};

pub use printer::AnswerFormat;

/// How long the history may take to close at the end.
const CLOSE: Duration = Duration::from_secs(6);

/// What is asked and how it is printed.
pub struct AskOptions {
    /// The words of the command line.
    pub prompt: Vec<String>,
    /// JSON lines instead of text.
    pub is_json: bool,
    /// What is made of the text, where it is no JSON.
    pub format: AnswerFormat,
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

/// Exit status when stdout does not take the answer.
const NOT_WRITTEN: u8 = 1;
/// Exit status when the history could not be used.
const NOT_SAVED: u8 = 3;

/// Asks; gives the exit status.
pub async fn run(options: AskOptions) -> anyhow::Result<u8> {
    let asked = question::read(&options.prompt, &options.attach, options.ignores_stdin)?;
    let watched = Watched { out: io::stdout().is_terminal(), err: io::stderr().is_terminal() };
    let recorder = options.record.as_deref().map(recorder).transpose()?;
    let clock = Clock::start();
    let tools = ToolBox::new(&options.settings, Host::Headless)?;
    let saving = Saving::open(&options);
    let chat = Saving::chat(&options);
    if options.is_continued && chat.entries.is_empty() && watched.err {
        note(strings::NOTHING_TO_CONTINUE);
    }
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
    let shape = if options.is_json { Shape::Json } else { Shape::Text(options.format) };
    let culprit = culprit(&options.provider, &options.model);
    let mut printer = Printer::new(io::stdout(), io::stderr(), shape, watched, culprit);
    printer.watch_reader();
    printer.start(&chat.id, &options.provider, &options.model);
    let question = NewQuestion { attachments: asked.images, ..NewQuestion::from(asked.text) };
    let started = setup.ask(&chat, &options.settings.system, question, clock.now());
    let (events, inbox) = tokio::sync::mpsc::channel(64);
    let connector = Arc::new(Connector::new(options.settings.demo_rate, host::variable));
    let gate = host::commit_gate(saving.writer.clone());
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
    let closed = printer.closed();
    let stop = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => is_interrupted.store(true, Ordering::Relaxed),
            () = closed.notified() => {}
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
    if printer.broken().is_some() {
        return Ok(NOT_WRITTEN);
    }
    Ok(exit_code(&end, is_interrupted.into_inner(), printer.is_closed(), is_saved))
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
