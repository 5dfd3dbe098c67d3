//! The event loop of the full screen: facts in, effects out, at most one frame when it is due. It sleeps until a key, a
//! delta, an answer of the history or a deadline that the model named; while nothing happens it does not wake.

use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc::{self, Receiver, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, Sleep, sleep_until};

use super::clipboard::{self, Clipboard, Next, Place};
use super::encode::Redraw;
use super::frames::FrameWriter;
use super::guard::{self, Guard};
use super::highlighter::CodeColourer;
use super::input::InputEvent;
use super::pace::Pacer;
use super::query;
use super::reader::InputReader;
use super::setup;
use super::signals::{self, SignalEvent};
use super::work::{Shell, Worker};
use crate::agent;
use crate::app::{CopySize, CopyWay, CopyWish, Effect, Model, MouseMsg, Msg};
use crate::config::look::Background;
use crate::config::saved_keys::SavedKeys;
use crate::config::settings::Settings;
use crate::host::{self, Clock, ToolBox};
use crate::strings;
use crate::tools::policy::Host;
use crate::ui::highlight::Coloured;
use crate::ui::{self, Picture, RenderCache};

/// Turn events on their way; a full channel slows the stream down.
const TURN_EVENTS: usize = 256;
/// How long the history may take to close: at the person's wish, and when a signal ends us.
const CLOSE: Duration = Duration::from_millis(1500);
const CLOSE_AFTER_SIGNAL: Duration = Duration::from_millis(400);
/// How long a pause waits for the last frame.
const SETTLE: Duration = Duration::from_millis(200);

/// What the full screen starts with.
pub struct SessionOptions {
    /// Everything that was set.
    pub settings: Settings,
    /// Where the history is.
    pub data_dir: PathBuf,
    /// Asked at once.
    pub prompt: Option<String>,
    /// Which saved chat goes on.
    pub resume: Resume,
    /// The first chat is not saved.
    pub is_private: bool,
    /// Where pasted keys are kept.
    pub saved_keys: SavedKeys,
    /// Warnings of the configuration, for the live row.
    pub warnings: Vec<String>,
}

/// Which saved chat goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resume {
    /// None: a new chat.
    No,
    /// The one in which something was said last.
    Newest,
    /// The one whose id is, or begins with, this.
    Id(String),
}

/// Runs the full screen; gives the exit status. An error is a sentence, and the terminal is as it was.
pub async fn run(options: SessionOptions) -> anyhow::Result<u8> {
    guard::install_panic_hook();
    let tools = ToolBox::new(&options.settings, Host::Screen)?;
    let resume = setup::find_chat(&options.resume, &options.data_dir)?;
    let (to_shell, mut inbox) = mpsc::unbounded_channel();
    let signal_inbox = to_shell.clone();
    signals::start(move |event| drop(signal_inbox.send(Shell::Signal(event)))).context(strings::FEW_RESOURCES)?;
    let term = host::variable("TERM");
    let guard = Guard::enter(query::questions(term.as_deref()))?;
    let (input_inbox, hang_up_inbox, ready_inbox) = (to_shell.clone(), to_shell.clone(), to_shell.clone());
    let reader = InputReader::start(
        guard.tty(),
        move |events| drop(input_inbox.send(Shell::Input(events))),
        move |event| drop(hang_up_inbox.send(Shell::Signal(event))),
    )
    .context(strings::FEW_RESOURCES)?;
    // The loop is woken for a written frame only when it waits for one.
    let waits_for_writer = Arc::new(AtomicBool::new(false));
    let is_waited_for = waits_for_writer.clone();
    let on_ready = move || {
        if is_waited_for.swap(false, Ordering::AcqRel) {
            let _ = ready_inbox.send(Shell::FrameWritten);
        }
    };
    let mut writer =
        FrameWriter::start(guard::write_some, guard::write_all, on_ready).context(strings::FEW_RESOURCES)?;
    if supports_hyperlinks::supports_hyperlinks() {
        guard::links_are_written();
        writer = writer.with_links();
    }
    let clock = Clock::start();
    let colour_inbox = to_shell.clone();
    let on_coloured: OnColoured = Box::new(move |coloured| drop(colour_inbox.send(Shell::Coloured(coloured))));
    let (model, effects) = Model::new(setup::model(&options, &tools, resume, guard.size())?, clock.now());
    let (turn_events, turn_inbox) = mpsc::channel(TURN_EVENTS);
    let mut session = Session {
        model,
        cache: RenderCache::default(),
        picture: Picture::default(),
        pacer: Pacer::default(),
        redraw: Redraw::Everything,
        clock,
        guard,
        reader,
        writer,
        worker: None,
        clipboard: Clipboard::new(
            Place::of(&host::variable),
            clipboard::folders(&host::variable, options.data_dir.clone()),
        ),
        colourer: CodeColourer::new(on_coloured),
        end: None,
        to_shell,
        is_kitty: false,
        waits_for_writer,
    };
    session.pacer.changed();
    session.draw_if_due();
    if session.model.mouse.is_on {
        session.set_mouse(true);
    }
    session.worker = Some(Worker::start(&options, &tools, turn_events, session.to_shell.clone()));
    session.perform(effects);
    for warning in &options.warnings {
        session.tell(Msg::Warned(warning.clone()));
    }
    if let Some(prompt) = options.prompt {
        session.tell(Msg::Asked(prompt));
    }
    // A task, for what the runtime itself waits for is woken through the kernel each time.
    let session = tokio::spawn(async move {
        session.run(&mut inbox, turn_inbox).await;
        session.close()
    });
    session.await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => error.into(),
    })
}

/// Called with the colours of code.
type OnColoured = Box<dyn Fn(Coloured) + Send>;

struct Session {
    model: Model,
    cache: RenderCache,
    picture: Picture,
    pacer: Pacer,
    redraw: Redraw,
    clock: Clock,
    reader: InputReader,
    worker: Option<Worker>,
    clipboard: Clipboard,
    colourer: CodeColourer<OnColoured>,
    /// Set when the program is to end, with the exit status.
    end: Option<u8>,
    to_shell: UnboundedSender<Shell>,
    is_kitty: bool,
    waits_for_writer: Arc<AtomicBool>,
    /// Dropped before the guard, so that the last frame does not come after the modes.
    writer: FrameWriter,
    guard: Guard,
}

/// Sets a timer to this moment; whether there is one.
fn set(mut timer: Pin<&mut Sleep>, at: Option<Instant>) -> bool {
    if let Some(at) = at.filter(|at| *at != timer.deadline()) {
        // One that was only moved would wake the loop at its former moment as well.
        timer.set(sleep_until(at));
    }
    at.is_some()
}

impl Session {
    async fn run(&mut self, inbox: &mut UnboundedReceiver<Shell>, mut turns: Receiver<agent::Event>) {
        let (mut frame, mut change) = (pin!(sleep_until(Instant::now())), pin!(sleep_until(Instant::now())));
        while self.end.is_none() {
            self.draw_if_due();
            let (has_frame, has_change) =
                (set(frame.as_mut(), self.frame_due()), set(change.as_mut(), self.change_due()));
            tokio::select! {
                biased;
                Some(message) = inbox.recv() => {
                    self.take(message);
                    while self.end.is_none() && let Ok(message) = inbox.try_recv() {
                        self.take(message);
                    }
                }
                Some(event) = turns.recv() => self.take_turn_events(event, &mut turns, inbox),
                () = frame.as_mut(), if has_frame => {}
                () = change.as_mut(), if has_change => self.tell(Msg::Ticked),
            }
        }
    }

    /// Takes what streams in until a frame is due or a key comes, never longer.
    fn take_turn_events(
        &mut self,
        first: agent::Event,
        turns: &mut Receiver<agent::Event>,
        inbox: &UnboundedReceiver<Shell>,
    ) {
        let mut next = Some(first);
        while let Some(event) = next {
            self.tell(Msg::Turn(event));
            if self.end.is_some() || !inbox.is_empty() || self.pacer.is_due(self.clock.micros()) {
                return;
            }
            next = turns.try_recv().ok();
        }
    }

    /// When a frame is due.
    fn frame_due(&self) -> Option<Instant> {
        self.pacer.due().filter(|_| self.has_room()).map(|micros| self.clock.instant(micros).into())
    }

    /// When something changes without any message.
    fn change_due(&self) -> Option<Instant> {
        self.model.next_wake().map(|ms| self.clock.instant(ms * 1000).into())
    }

    fn take(&mut self, message: Shell) {
        match message {
            Shell::Input(events) => {
                for event in events {
                    self.take_input(event);
                }
            }
            Shell::Signal(event) => self.take_signal(event),
            Shell::FrameWritten => {}
            Shell::CopyTaken(wish, Some(way)) => self.tell(copied(wish, Ok(way))),
            Shell::CopyTaken(wish, None) => self.copy_otherwise(wish),
            Shell::Coloured(coloured) => {
                self.cache.take_colours(coloured);
                self.pacer.changed();
            }
            Shell::App(msg) => self.tell(*msg),
        }
    }

    fn take_input(&mut self, event: InputEvent) {
        match event {
            InputEvent::Key(key) => self.tell(Msg::KeyPressed(key)),
            InputEvent::Paste(text) => self.tell(Msg::Pasted(text)),
            InputEvent::Scroll(lines) => self.tell(Msg::Wheeled(i64::from(lines))),
            InputEvent::Mouse(deed, column, row) => {
                let at = (column, row);
                let (spot, beyond) = ui::spot(&self.model, &self.cache, at);
                self.tell(Msg::Mouse(MouseMsg { deed, at, spot, beyond }));
            }
            InputEvent::KittySupported(_) => {
                if !std::mem::replace(&mut self.is_kitty, true) {
                    self.push_kitty();
                    self.tell(Msg::KeyboardEnhanced);
                }
            }
            InputEvent::BackgroundColour(red, green, blue) => {
                let light = u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114;
                let background = if light > 127_500 { Background::Light } else { Background::Dark };
                self.tell(Msg::BackgroundKnown(background));
            }
            InputEvent::QueriesAnswered => {}
        }
    }

    fn push_kitty(&mut self) {
        self.writer.control(&query::kitty_push());
        guard::kitty_pushed();
    }

    fn set_mouse(&mut self, is_on: bool) {
        self.writer.control(if is_on { query::MOUSE_ON } else { query::MOUSE_OFF });
        guard::mouse_set(is_on);
    }

    fn take_signal(&mut self, event: SignalEvent) {
        match event {
            SignalEvent::End(status) => {
                self.tell(Msg::EndRequested);
                self.end = Some(status);
            }
            SignalEvent::HungUp => {
                self.tell(Msg::EndRequested);
                self.end = Some(129);
            }
            SignalEvent::Pause => self.pause(),
            SignalEvent::Continued => {
                let _ = guard::reenter();
                self.take_screen_again();
            }
            SignalEvent::Resized => {
                let (columns, rows) = self.guard.size();
                self.redraw = Redraw::Everything;
                self.tell(Msg::Resized(columns, rows));
            }
        }
    }

    fn pause(&mut self) {
        self.reader.pause();
        self.writer.settle(SETTLE);
        let _ = guard::suspend();
        self.reader.resume();
        self.take_screen_again();
    }

    fn take_screen_again(&mut self) {
        self.writer.forget();
        if self.is_kitty {
            self.push_kitty();
        }
        if self.model.mouse.is_on {
            self.set_mouse(true);
        }
        let (columns, rows) = self.guard.size();
        self.redraw = Redraw::Everything;
        self.tell(Msg::Resized(columns, rows));
    }

    fn tell(&mut self, msg: Msg) {
        let effects = self.model.update(msg, self.clock.now(), host::jitter());
        self.pacer.changed();
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Quit => self.end = Some(self.end.unwrap_or(0)),
                Effect::Suspend => self.pause(),
                Effect::Redraw => self.redraw = Redraw::Everything,
                Effect::Copy(wish) => self.copy(wish),
                Effect::CopySelection { selection, is_private } => {
                    let text = ui::selected_text(&self.model, &mut self.cache, &selection);
                    if !text.trim().is_empty() {
                        let what = strings::copying::SELECTION.to_owned();
                        self.copy(CopyWish { text, what, because: None, is_private });
                    }
                }
                Effect::SetMouse(is_on) => self.set_mouse(is_on),
                effect => {
                    if let Some(worker) = &mut self.worker {
                        worker.perform(effect);
                    }
                }
            }
        }
    }

    fn copy(&mut self, wish: CopyWish) {
        let (to_shell, asked) = (self.to_shell.clone(), wish.clone());
        let done = move |way| drop(to_shell.send(Shell::CopyTaken(asked, way)));
        if !self.clipboard.ask(&wish.text, done) {
            self.copy_otherwise(wish);
        }
    }

    /// Through the terminal, or into a file.
    fn copy_otherwise(&mut self, wish: CopyWish) {
        match self.clipboard.next(&wish.text) {
            Next::Write(bytes) => {
                self.writer.control(&bytes);
                self.tell(copied(wish, Ok(CopyWay::Terminal)));
            }
            Next::File => {
                let (to_shell, asked) = (self.to_shell.clone(), wish.clone());
                let done = move |way| drop(to_shell.send(Shell::App(Box::new(copied(asked, way)))));
                self.clipboard.to_file(&wish, done);
            }
        }
    }

    /// Whether a frame would be taken; where not, the loop is woken once it would.
    fn has_room(&self) -> bool {
        if self.writer.is_ready() {
            return true;
        }
        self.waits_for_writer.store(true, Ordering::Release);
        // It may have become ready in between, without knowing that it is waited for.
        self.writer.is_ready()
    }

    /// Draws when it is time and the terminal has taken the frame before.
    fn draw_if_due(&mut self) {
        let start = self.clock.micros();
        if !self.pacer.is_due(start) {
            return;
        }
        if !self.has_room() {
            return;
        }
        let waited = self.writer.cost();
        ui::prepare(&mut self.model, &mut self.cache);
        for request in self.cache.take_code() {
            self.colourer.ask(request);
        }
        ui::draw(&self.model, &self.cache, &mut self.picture);
        self.writer.show(&self.picture, std::mem::replace(&mut self.redraw, Redraw::Changes));
        let cost = self.clock.micros() - start + waited.as_micros() as u64;
        self.pacer.drawn(start, cost);
        if self.cache.is_behind() {
            self.pacer.changed();
        }
    }

    /// Flushes the history, gives the terminal back and says how to go on.
    fn close(mut self) -> u8 {
        let status = self.end.unwrap_or(0);
        let limit = if status == 0 { CLOSE } else { CLOSE_AFTER_SIGNAL };
        let is_saved = self.worker.take().is_none_or(|worker| worker.close(limit));
        let farewell = self.model.farewell(is_saved, strings::RIFFLE);
        self.writer.settle(SETTLE);
        drop(self.writer);
        drop(self.guard);
        if status == 0 {
            self.clipboard.close();
        }
        if status == 0
            && let Some(text) = farewell
        {
            host::note(&text);
        }
        status
    }
}

fn copied(wish: CopyWish, way: Result<CopyWay, String>) -> Msg {
    Msg::Copied { size: CopySize::of(&wish.text), what: wish.what, because: wish.because, way }
}
