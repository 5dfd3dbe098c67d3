//! `riffle --plain`: the same chat for people who hear it. No screen is taken, nothing is drawn over and nothing moves: what
//! happens is written below what was, as words; what is typed is a line at a time, edited by the terminal itself.
//!
//! The model, the history and the tools are those of the full screen; `view` says what the model shows, `answers` tells what
//! a line answers, `commands` does what begins with a slash, `input` reads lines.

mod answers;
mod commands;
mod input;
mod view;

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::agent::CallId;
use crate::app::{Effect, Model, Msg, Target};
use crate::chat::ConversationId;
use crate::config::action::Action;
use crate::host::{self, Clock, ToolBox};
use crate::safe_text::SafeText;
use crate::strings::{self, plain as words};
use crate::term::session::SessionOptions;
use crate::term::{Shell, Worker, setup};
use crate::tools::policy::Host;
use input::{Heard, Input};

pub use view::View;

/// Turn events on their way; a full channel slows the stream down.
const TURN_EVENTS: usize = 256;
/// How long the history may take to close.
const CLOSE: Duration = Duration::from_millis(1500);
/// Columns and rows that the model is told of; nothing is laid out.
const SIZE: (u16, u16) = (80, 24);

/// Runs the chat; gives the exit status.
pub async fn run(mut options: SessionOptions) -> anyhow::Result<u8> {
    options.settings.reduce_motion = true;
    let tools = ToolBox::new(&options.settings, Host::Screen)?;
    let resume = setup::find_chat(&options.resume, &options.data_dir)?;
    let mut input = Input::start().context(strings::FEW_RESOURCES)?;
    let clock = Clock::start();
    let (model, effects) = Model::new(setup::model(&options, &tools, resume, SIZE)?, clock.now());
    let (turn_events, mut turns) = mpsc::channel(TURN_EVENTS);
    let (to_shell, mut inbox) = mpsc::unbounded_channel();
    let mut plain = Plain {
        view: View::new(&model),
        worker: Some(Worker::start(&options, &tools, turn_events, to_shell)),
        data_dir: options.data_dir.clone(),
        model,
        clock,
        asked: Asked::Nothing,
        asked_ms: 0,
        waiting: VecDeque::new(),
        begun: None,
        is_typed: io::stdin().is_terminal(),
        is_input_over: false,
        is_prompted: false,
        is_quit_armed: false,
        end: None,
    };
    plain.greet();
    plain.perform(effects);
    for warning in &options.warnings {
        plain.tell(Msg::Warned(warning.clone()));
    }
    if let Some(prompt) = options.prompt {
        plain.tell(Msg::Asked(prompt));
    }
    while plain.end.is_none() {
        plain.settle();
        if plain.end.is_some() {
            break;
        }
        let wake = plain.wake();
        tokio::select! {
            biased;
            heard = input.next() => plain.hear(heard),
            Some(event) = turns.recv() => plain.tell(Msg::Turn(event)),
            Some(Shell::App(msg)) = inbox.recv() => plain.tell(*msg),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => plain.tell(Msg::Ticked),
        }
    }
    Ok(plain.close())
}

/// What the next line answers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// Nothing: it is a question or a command.
    Nothing,
    /// Whether this call may run.
    MayRun(CallId),
    /// Whether its tool may always run.
    Always(CallId),
    /// Which of these chats to open.
    Chat(Vec<ConversationId>),
    /// Which of these models to ask next.
    Model(Vec<Target>),
}

struct Plain {
    model: Model,
    view: View,
    worker: Option<Worker>,
    data_dir: std::path::PathBuf,
    clock: Clock,
    asked: Asked,
    asked_ms: u64,
    /// Lines of a pipe or a file that were read and wait for their turn.
    waiting: VecDeque<String>,
    /// A question of several lines, so far.
    begun: Option<String>,
    /// A person types, and what they type is seen.
    is_typed: bool,
    is_input_over: bool,
    is_prompted: bool,
    is_quit_armed: bool,
    /// Set when the program is to end, with the exit status.
    end: Option<u8>,
}

impl Plain {
    fn greet(&mut self) {
        let mut out = String::new();
        self.view.line(&mut out, words::HELLO);
        let providers = &self.model.providers;
        let (target, row) = (providers.target.clone(), providers.current().cloned());
        let reason = providers.reason.clone();
        if let Some(row) = row {
            self.view.line(&mut out, &words::model(&target.model, &row.label));
            if row.is_demo {
                for line in strings::DEMO_HELLO {
                    self.view.line(&mut out, line);
                }
                self.view.line(&mut out, &words::starters(&strings::STARTERS));
            }
        }
        self.view.told(&reason, &mut out);
        if self.model.chat.is_private {
            self.view.line(&mut out, strings::PRIVATE_HELLO);
        }
        if self.model.is_loading() {
            self.view.line(&mut out, words::OPENING);
        }
        self.write(&out);
    }

    fn tell(&mut self, msg: Msg) {
        let effects = self.model.update(msg, self.clock.now(), host::jitter());
        self.perform(effects);
        let said = self.view.observe(&self.model);
        self.write(&said);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit => self.end = Some(self.end.unwrap_or(0)),
                // A draft would come back into a prompt that nobody sees.
                Effect::FindDraft | Effect::Suspend | Effect::Redraw => {}
                effect => {
                    if let Some(worker) = &mut self.worker {
                        worker.perform(effect);
                    }
                }
            }
        }
    }

    /// Writes; a reader that is gone ends the program.
    fn write(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.is_prompted = false;
        let mut out = io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() && self.end.is_none() {
            drop(out);
            self.end = Some(0);
            self.tell(Msg::EndRequested);
        }
    }

    fn line(&mut self, text: &str) {
        let mut out = String::new();
        self.view.line(&mut out, text);
        self.write(&out);
    }

    fn prompt(&mut self, text: &str) {
        let mut out = String::new();
        self.view.prompt(&mut out, text);
        self.write(&out);
        self.is_prompted = true;
    }

    fn wake(&self) -> Option<Instant> {
        let in_ms = self.model.next_wake()?.saturating_sub(self.clock.now().mono_ms);
        Some(Instant::now() + Duration::from_millis(in_ms))
    }

    /// Asks what is to be asked, and takes the next line where lines wait.
    fn settle(&mut self) {
        loop {
            self.ask();
            let is_free = self.asked != Asked::Nothing || self.is_idle();
            match self.waiting.pop_front().filter(|_| self.end.is_none()) {
                Some(line) if is_free => {
                    // Nobody saw it typed.
                    self.write(&format!("{}\n", SafeText::line(&line).as_str()));
                    self.view.line_was_typed();
                    self.take(&line);
                }
                Some(line) => {
                    self.waiting.push_front(line);
                    return;
                }
                None => break,
            }
        }
        if self.is_input_over && self.end.is_none() {
            match self.asked.clone() {
                Asked::MayRun(_) | Asked::Always(_) | Asked::Chat(_) | Asked::Model(_) => {
                    self.take("");
                    self.settle();
                }
                Asked::Nothing if self.is_idle() => self.tell(Msg::Wanted(Action::Quit)),
                Asked::Nothing => {}
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.model.running_turn().is_none() && !self.model.is_loading()
    }

    fn ask(&mut self) {
        let waits = self.model.running_turn().and_then(|turn| turn.tracker().waiting().next()).map(|call| call.id);
        match (&self.asked, waits) {
            (Asked::MayRun(asked) | Asked::Always(asked), waits) if Some(*asked) != waits => {
                self.asked = Asked::Nothing;
            }
            _ => {}
        }
        if let (Asked::Nothing | Asked::Chat(_) | Asked::Model(_), Some(call)) = (&self.asked, waits) {
            self.asked = Asked::MayRun(call);
            self.asked_ms = self.clock.now().mono_ms;
            self.is_prompted = false;
        }
        if self.is_prompted || self.end.is_some() {
            return;
        }
        match self.asked {
            Asked::MayRun(_) => self.prompt(words::APPROVE),
            Asked::Always(_) => self.prompt(words::ALWAYS),
            Asked::Chat(_) => self.prompt(words::WHICH_CHAT),
            Asked::Model(_) => self.prompt(words::WHICH_MODEL),
            Asked::Nothing if self.is_idle() && !(self.is_input_over && self.waiting.is_empty()) => {
                self.prompt(words::PROMPT);
            }
            Asked::Nothing => {}
        }
    }

    fn hear(&mut self, heard: Heard) {
        if !matches!(heard, Heard::Interrupt) {
            self.is_quit_armed = false;
        }
        match heard {
            Heard::Line(line) if self.is_typed => {
                self.view.line_was_typed();
                self.is_prompted = false;
                self.take(&line);
            }
            Heard::Line(line) => self.waiting.push_back(line),
            Heard::Over => {
                self.is_input_over = true;
                if self.is_typed && !self.is_idle() {
                    self.line(words::QUITS_AFTER);
                }
            }
            Heard::Interrupt => self.interrupt(),
            Heard::End(status) => {
                self.end = Some(status);
                self.tell(Msg::EndRequested);
            }
        }
    }

    /// Control C: the answer, what was asked, else the program.
    fn interrupt(&mut self) {
        self.begun = None;
        if self.model.running_turn().is_some() {
            self.tell(Msg::Wanted(Action::Stop));
        } else if self.asked != Asked::Nothing {
            self.asked = Asked::Nothing;
            self.line(words::NOTHING_CHOSEN);
        } else if std::mem::replace(&mut self.is_quit_armed, true) {
            self.tell(Msg::Wanted(Action::Quit));
        } else {
            self.line(words::QUIT_AGAIN);
        }
    }

    /// Flushes the history and says how to go on.
    fn close(mut self) -> u8 {
        let status = self.end.unwrap_or(0);
        let is_saved = self.worker.take().is_none_or(|worker| worker.close(CLOSE));
        if let Some(text) = self.model.farewell(is_saved, words::PROGRAM).filter(|_| status == 0) {
            self.line(&text);
        } else {
            let mut out = String::new();
            self.view.close(&mut out);
            self.write(&out);
        }
        status
    }
}
