//! What the mouse means: the wheel scrolls what is under it, a click goes where it points, dragging selects and copies.
//! What is under it is found out by whoever knows the places on the screen.

use super::effect::Effect;
use super::model::{Focus, Model};
use super::overlay::Overlay;
use super::scroll::Move;
use super::selection::{SelectedBy, Selection, Step, TextPoint, Unit};
use crate::config::key::{Key, KeyCode};
use crate::strings::copying as words;

/// Lines of one step of the wheel.
const WHEEL_LINES: i64 = 3;
/// Clicks this soon after each other, in the same place, are one, in ms.
const CLICKS_MS: u64 = 400;
/// How often it scrolls while the mouse is held at an edge, in ms.
const EDGE_MS: u64 = 50;

/// What is under the mouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Text of a message, or what is beside it.
    Text(TextPoint),
    /// The conversation, where nothing is said.
    Conversation,
    /// The prompt, at this row and column of its text.
    Prompt {
        /// The row, from 0.
        row: u16,
        /// The column, from 0.
        column: u16,
    },
    /// A call in the panel.
    Call(usize),
    /// The panel, beside its calls.
    Panel,
    /// The scroll bar: this would be the first line that is seen.
    ScrollBar {
        /// The line, from 0.
        top: usize,
    },
    /// A page over everything.
    Page,
    /// A choice in the list of a page.
    Choice(usize),
    /// Anything else.
    Nothing,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseDeed {
    /// The left button was pressed.
    Pressed,
    /// It moved with the left button held.
    Dragged,
    /// The left button was let go.
    Released,
    /// The wheel turned by so many steps; negative is up.
    Wheeled(i64),
}

/// What the mouse did, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MouseMsg {
    /// What it did.
    pub deed: MouseDeed,
    /// Column and row on the screen, from 0.
    pub at: (u16, u16),
    /// What is there.
    pub spot: Spot,
    /// Above the conversation -1, below it 1, else 0.
    pub beyond: i64,
}

/// The button as it is held, and the clicks before.
#[derive(Clone, Debug, Default)]
pub struct Mouse {
    /// Whether the terminal reports it.
    pub is_on: bool,
    pressed: Option<TextPoint>,
    /// Where keys went before the first of these clicks.
    focus_before: Focus,
    last_click: Option<((u16, u16), u64)>,
    clicks: u32,
    /// The scroll bar is held.
    holds_bar: bool,
    /// It is held beyond an edge, and the time of the next step.
    edge: Option<(i64, u64)>,
}

impl Mouse {
    /// A mouse that is reported, or not, and was not used yet.
    #[must_use]
    pub(super) fn new(is_on: bool) -> Self {
        Self { is_on, ..Self::default() }
    }
}

impl Model {
    /// Gives the mouse to the terminal, or takes it.
    pub(super) fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse = Mouse::new(!self.mouse.is_on);
        self.notify(if self.mouse.is_on { words::MOUSE_ON } else { words::MOUSE_OFF });
        vec![Effect::SetMouse(self.mouse.is_on)]
    }

    pub(super) fn on_mouse(&mut self, msg: MouseMsg) -> Vec<Effect> {
        match msg.deed {
            MouseDeed::Wheeled(steps) => return self.on_wheel_at(steps * WHEEL_LINES, &msg.spot),
            MouseDeed::Pressed => return self.on_press(msg),
            MouseDeed::Dragged => self.on_drag(msg),
            MouseDeed::Released => return self.on_release(),
        }
        Vec::new()
    }

    fn on_wheel_at(&mut self, lines: i64, spot: &Spot) -> Vec<Effect> {
        if matches!(spot, Spot::Call(_) | Spot::Panel) {
            self.panel.scrolled_up = usize::try_from(self.panel.scrolled_up as i64 - lines).unwrap_or(0);
            return Vec::new();
        }
        self.on_wheel(lines)
    }

    fn on_press(&mut self, msg: MouseMsg) -> Vec<Effect> {
        let now = self.now.mono_ms;
        let is_again = self.mouse.last_click.is_some_and(|(at, ms)| at == msg.at && now.saturating_sub(ms) < CLICKS_MS);
        self.mouse.clicks = if is_again { self.mouse.clicks % 3 + 1 } else { 1 };
        self.mouse.last_click = Some((msg.at, now));
        (self.mouse.pressed, self.mouse.edge, self.mouse.holds_bar) = (None, None, false);
        self.wait_for_no_letter();
        self.selection = None;
        if !is_again {
            self.mouse.focus_before = self.focus;
        }
        match msg.spot {
            Spot::Text(point) => {
                let unit = match self.mouse.clicks {
                    2 => Some(Unit::Words),
                    3 => Some(Unit::Lines),
                    _ => None,
                };
                if let Some(unit) = unit {
                    self.select_from(point.clone(), point.clone(), unit);
                }
                self.mouse.pressed = Some(point);
            }
            Spot::Conversation => self.focus = Focus::Messages,
            Spot::Prompt { row, column } => {
                self.focus = Focus::Prompt;
                self.composer.click(row, column);
            }
            Spot::Call(at) => {
                if !matches!(self.overlays.last(), Some(Overlay::Tools)) {
                    self.focus = Focus::Panel;
                }
                self.panel.selected = Some(at);
                if self.mouse.clicks == 2 {
                    self.overlays.push(Overlay::Call { at, top: 0 });
                }
            }
            Spot::ScrollBar { top } => {
                self.mouse.holds_bar = true;
                self.scroll.request(Move::To(top));
            }
            Spot::Choice(at) => return self.choose(at),
            Spot::Panel | Spot::Page | Spot::Nothing => {}
        }
        Vec::new()
    }

    /// Selects a choice of the list on top; one that is selected is taken, as by Enter.
    fn choose(&mut self, at: usize) -> Vec<Effect> {
        let selected = match self.overlays.last() {
            Some(Overlay::Commands(palette)) => palette.selected,
            Some(Overlay::Models(list)) => list.selected,
            Some(Overlay::Themes(list)) => list.selected,
            Some(Overlay::Chats(browser)) => browser.selected,
            _ => return Vec::new(),
        };
        let by = at as i64 - selected as i64;
        if by == 0 {
            return self.on_overlay_key(Key::plain(KeyCode::Enter));
        }
        if matches!(self.overlays.last(), Some(Overlay::Chats(_))) {
            return self.select_chat(by);
        }
        let code = if by < 0 { KeyCode::Up } else { KeyCode::Down };
        (0..by.abs()).flat_map(|_| self.on_overlay_key(Key::plain(code))).collect()
    }

    fn select_from(&mut self, anchor: TextPoint, cursor: TextPoint, unit: Unit) {
        let ends = Some((anchor, cursor));
        self.selection = Some(Selection { ends, unit, by: SelectedBy::Mouse, pending: Vec::new() });
    }

    fn on_drag(&mut self, msg: MouseMsg) {
        if let (true, Spot::ScrollBar { top }) = (self.mouse.holds_bar, &msg.spot) {
            self.scroll.request(Move::To(*top));
        }
        let Some(anchor) = self.mouse.pressed.clone() else { return };
        if let Spot::Text(point) = msg.spot {
            let unit = match self.mouse.clicks {
                2 => Unit::Words,
                3 => Unit::Lines,
                _ => Unit::Characters,
            };
            if self.selection.is_some() || point != anchor {
                self.select_from(anchor.clone(), point, unit);
            }
        }
        if msg.beyond != 0 && self.selection.is_none() {
            self.select_from(anchor.clone(), anchor, Unit::Characters);
        }
        let now = self.now.mono_ms;
        self.mouse.edge = match (msg.beyond, self.mouse.edge) {
            (0, _) => None,
            (beyond, Some((_, due))) => Some((beyond, due)),
            (beyond, None) => Some((beyond, now)),
        };
        self.scroll_at_edge();
    }

    /// When it scrolls on by itself, on the forward clock.
    pub(super) fn edge_due_ms(&self) -> Option<u64> {
        self.mouse.edge.map(|(_, due)| due)
    }

    /// While the mouse is held beyond an edge, the conversation scrolls under it.
    pub(super) fn scroll_at_edge(&mut self) {
        let now = self.now.mono_ms;
        let Some((beyond, due)) = self.mouse.edge.filter(|(_, due)| *due <= now) else { return };
        self.mouse.edge = Some((beyond, due.max(now) + EDGE_MS));
        self.scroll.request(Move::Lines(beyond));
        if let Some(selection) = &mut self.selection {
            selection.pending.push(Step::Edge(beyond));
        }
    }

    /// What was selected is copied and stays marked, and keys go on to where they went before; a click alone goes to the
    /// message.
    fn on_release(&mut self) -> Vec<Effect> {
        self.mouse.edge = None;
        let Some(pressed) = self.mouse.pressed.take() else { return Vec::new() };
        let Some(selection) = self.selection.clone() else {
            self.focus = Focus::Messages;
            self.selected = Some(pressed.message);
            return Vec::new();
        };
        self.focus = self.mouse.focus_before;
        vec![Effect::CopySelection { selection, is_private: self.chat.is_private }]
    }
}
