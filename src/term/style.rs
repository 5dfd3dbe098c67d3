//! From one cell's look to the next in as few SGR parameters as will do. Pure.
//!
//! Blinking and hidden text are left out on purpose: nothing here blinks, and what is written is to be seen.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// The look of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const MODIFIERS: [(Modifier, &str, &str); 6] = [
    (Modifier::BOLD, "1", "22"),
    (Modifier::DIM, "2", "22"),
    (Modifier::ITALIC, "3", "23"),
    (Modifier::UNDERLINED, "4", "24"),
    (Modifier::REVERSED, "7", "27"),
    (Modifier::CROSSED_OUT, "9", "29"),
];

impl Look {
    pub(super) fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Writes what turns this look into `next`.
    pub(super) fn change_to(self, next: Self, out: &mut Vec<u8>) {
        if self == next {
            return;
        }
        let mut parameters = String::new();
        if next == Self::default() {
            parameters.push_str(";0");
        } else {
            let mut on = self.modifier;
            for (modifier, _, off) in MODIFIERS {
                if on.contains(modifier) && !next.modifier.contains(modifier) {
                    parameters.push(';');
                    parameters.push_str(off);
                    // Bold and dim are ended by the same parameter.
                    on.remove(if off == "22" { Modifier::BOLD | Modifier::DIM } else { modifier });
                }
            }
            for (modifier, begin, _) in MODIFIERS {
                if next.modifier.contains(modifier) && !on.contains(modifier) {
                    parameters.push(';');
                    parameters.push_str(begin);
                }
            }
            for (old, new, base) in [(self.fg, next.fg, 30), (self.bg, next.bg, 40)] {
                if old != new {
                    push_colour(&mut parameters, new, base);
                }
            }
        }
        if let Some(parameters) = parameters.strip_prefix(';') {
            out.extend_from_slice(b"\x1b[");
            out.extend_from_slice(parameters.as_bytes());
            out.push(b'm');
        }
    }
}

/// `base` is 30 for the text, 40 for the ground.
fn push_colour(parameters: &mut String, colour: Color, base: u8) {
    let index = match colour {
        Color::Reset => {
            parameters.push_str(&format!(";{}", base + 9));
            return;
        }
        Color::Rgb(red, green, blue) => {
            parameters.push_str(&format!(";{};2;{red};{green};{blue}", base + 8));
            return;
        }
        Color::Indexed(index) => {
            parameters.push_str(&format!(";{};5;{index}", base + 8));
            return;
        }
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    let text = match index {
        0..=7 => format!(";{}", base + index),
        _ => format!(";{}", base + 60 + index - 8),
    };
    parameters.push_str(&text);
}
