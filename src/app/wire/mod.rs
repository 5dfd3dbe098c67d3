//! The page of the raw stream: which response is shown, where it is read, and when it is asked for anew. While something
//! streams it follows; else nothing is asked.

mod scroll;
mod sheet;

use std::sync::Arc;

use super::effect::Effect;
use super::model::Model;
use super::overlay::Overlay;
use crate::agent::Phase;
use crate::config::key::{Key, KeyCode};
use crate::provider::recording::Choice;
use crate::strings::wire;

use scroll::Step;
pub use scroll::{Place, WireScroll};
pub use sheet::{LineKind, SheetLine, WireSheet};

/// Least time between two readings of a stream that comes in, in ms.
const FOLLOW_MS: u64 = 250;
/// A reading may take this part of the time.
const READING_SHARE: u64 = 4;

/// What there is of the response that was asked for.
#[derive(Clone, Debug)]
pub enum WireFound {
    /// No answer came since the program began.
    Nothing,
    /// The same as is shown.
    Unchanged,
    /// A response.
    Sheet(Arc<WireSheet>),
}

/// The page.
#[derive(Clone, Debug)]
pub struct WirePage {
    /// What is shown; `None` before the first reading and where there is nothing.
    pub sheet: Option<Arc<WireSheet>>,
    /// Where it is read.
    pub scroll: WireScroll,
    /// What came takes one row an event, cut at its end.
    pub is_short: bool,
    /// The id of the answer that is awaited.
    asked: Option<u64>,
    asked_ms: u64,
    pause_ms: u64,
    /// The newest response is meant, also when another one begins.
    is_newest: bool,
    /// Something streamed when it was asked last, so that there is an end to be seen.
    is_unsettled: bool,
}

impl WirePage {
    /// Whether the first reading is still on its way.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.sheet.is_none() && self.asked.is_some()
    }

    /// When the stream is to be read again; `None` while there is nothing to follow or an answer is awaited.
    fn due_ms(&self, is_streaming: bool) -> Option<u64> {
        let is_open = self.sheet.as_ref().is_some_and(|sheet| sheet.is_open);
        let is_followed = is_open || (self.is_newest && (is_streaming || self.is_unsettled));
        (is_followed && self.asked.is_none()).then_some(self.asked_ms + self.pause_ms)
    }

    /// What to ask for to stay where one is.
    fn choice(&self) -> Choice {
        match &self.sheet {
            Some(sheet) if !self.is_newest || !self.scroll.is_following() => Choice::This(sheet.number),
            _ => Choice::Newest,
        }
    }

    pub(super) fn scroll_rows(&mut self, rows: i64) {
        self.scroll.request(Step::Rows(rows));
    }

    fn take(&mut self, sheet: Arc<WireSheet>) {
        match &self.sheet {
            Some(shown) if shown.number == sheet.number => {
                self.scroll.relocate(|line| sheet.same_line(shown, line));
            }
            _ => self.scroll = WireScroll::default(),
        }
        self.is_newest = sheet.at == sheet.count;
        self.sheet = Some(sheet);
    }
}

impl Model {
    pub(super) fn open_wire(&mut self) -> Vec<Effect> {
        self.overlays.push(Overlay::Wire(Box::new(WirePage {
            sheet: None,
            scroll: WireScroll::default(),
            is_short: false,
            asked: None,
            asked_ms: 0,
            pause_ms: FOLLOW_MS,
            is_newest: true,
            is_unsettled: false,
        })));
        self.ask_for_stream(Choice::Newest)
    }

    pub(super) fn on_wire_key(&mut self, key: Key) -> Vec<Effect> {
        let Some(Overlay::Wire(page)) = self.overlays.last_mut() else { return Vec::new() };
        let number = page.sheet.as_ref().map(|sheet| sheet.number);
        let step = match key.code {
            KeyCode::Up | KeyCode::Char('k') => Step::Rows(-1),
            KeyCode::Down | KeyCode::Char('j') => Step::Rows(1),
            KeyCode::PageUp => Step::Pages(-1),
            KeyCode::PageDown | KeyCode::Char(' ') => Step::Pages(1),
            KeyCode::Home | KeyCode::Char('g') => Step::Top,
            KeyCode::End | KeyCode::Char('G') => Step::End,
            KeyCode::Left | KeyCode::Char('[') => {
                return number.map(|number| self.ask_for_stream(Choice::Before(number))).unwrap_or_default();
            }
            KeyCode::Right | KeyCode::Char(']') => {
                return number.map(|number| self.ask_for_stream(Choice::After(number))).unwrap_or_default();
            }
            KeyCode::Char('s') => return number.map(|number| Effect::SaveStream { number }).into_iter().collect(),
            KeyCode::Char('o') => {
                page.is_short = !page.is_short;
                return Vec::new();
            }
            KeyCode::Char('q') => {
                self.overlays.pop();
                return Vec::new();
            }
            _ => return Vec::new(),
        };
        page.scroll.request(step);
        Vec::new()
    }

    /// A response was read. Whoever left the page or asked for another one since does not want it any more.
    pub(super) fn on_stream_read(&mut self, request: u64, found: WireFound, took_ms: u64) {
        let page = self.overlays.iter_mut().find_map(|overlay| match overlay {
            Overlay::Wire(page) if page.asked == Some(request) => Some(page),
            _ => None,
        });
        let Some(page) = page else { return };
        page.asked = None;
        page.pause_ms = FOLLOW_MS.max(took_ms * READING_SHARE);
        match found {
            WireFound::Sheet(sheet) => page.take(sheet),
            WireFound::Nothing => page.sheet = None,
            WireFound::Unchanged => {}
        }
    }

    pub(super) fn on_stream_saved(&mut self, saved: Result<String, String>) {
        self.notify(saved.map_or_else(|why| wire::not_saved(&why), |place| wire::saved(&place)));
    }

    /// When the stream on the page is to be read again, on the forward clock.
    pub(super) fn stream_due_ms(&self) -> Option<u64> {
        match self.overlays.last() {
            Some(Overlay::Wire(page)) => page.due_ms(self.is_streaming()),
            _ => None,
        }
    }

    /// Asks for the stream on the page when it is time.
    pub(super) fn follow_stream(&mut self) -> Vec<Effect> {
        if self.stream_due_ms().is_none_or(|due| self.now.mono_ms < due) {
            return Vec::new();
        }
        match self.overlays.last() {
            Some(Overlay::Wire(page)) => self.ask_for_stream(page.choice()),
            _ => Vec::new(),
        }
    }

    fn ask_for_stream(&mut self, choice: Choice) -> Vec<Effect> {
        let request = self.next_request_id();
        let (is_streaming, now) = (self.is_streaming(), self.now.mono_ms);
        let Some(Overlay::Wire(page)) = self.overlays.last_mut() else { return Vec::new() };
        page.asked = Some(request);
        page.asked_ms = now;
        page.is_unsettled = is_streaming;
        let known = page.sheet.as_ref().map(|sheet| (sheet.number, sheet.revision));
        vec![Effect::ReadStream { request, choice, known }]
    }

    fn is_streaming(&self) -> bool {
        self.running_turn().is_some_and(|turn| matches!(turn.phase(), Phase::Asking | Phase::Streaming))
    }
}
