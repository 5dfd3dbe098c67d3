//! How one role looks, in words: `bold cyan`, `117 on #202020`. Words and not a table of keys, so that a theme reads like a
//! list of names.

use std::fmt;
use std::ops::Range;

use crate::config::report::did_you_mean;

/// A colour as a terminal knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// One of the terminal's own sixteen.
    Own(u8),
    /// One of the 256; from 16 on the same everywhere.
    Numbered(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

const OWN: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];
const BOLD: &str = "bold";
const DIM: &str = "dim";
const ITALIC: &str = "italic";
const UNDERLINED: &str = "underlined";
const REVERSED: &str = "reversed";
const ON: &str = "on";
/// What was expected, for reports.
pub(super) const EXPECTED: &str =
    "a colour (a name such as cyan, a number to 255, #rrggbb), `on COLOUR`, bold, dim, italic, underlined or reversed";

/// How one role looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoleStyle {
    /// The colour of the letters; none is the terminal's own.
    pub colour: Option<Colour>,
    /// The colour behind them; none is the terminal's own.
    pub ground: Option<Colour>,
    /// Heavier letters.
    pub is_bold: bool,
    /// Fainter letters.
    pub is_dim: bool,
    /// Slanted letters.
    pub is_italic: bool,
    /// With a line below.
    pub is_underlined: bool,
    /// Letters and ground change places.
    pub is_reversed: bool,
}

/// A word that means nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnknownWord {
    /// Its bytes in the text.
    pub at: Range<usize>,
    /// The word.
    pub word: String,
    /// The nearest one that does mean something.
    pub hint: Option<String>,
}

impl RoleStyle {
    /// Reads the words of a style.
    pub(super) fn parse(text: &str) -> Result<Self, UnknownWord> {
        let mut style = Self::default();
        let mut is_ground = false;
        for (at, word) in words(text) {
            let target = if is_ground { &mut style.ground } else { &mut style.colour };
            let was_ground = std::mem::take(&mut is_ground);
            if let (Some(colour), None) = (Colour::parse(word), *target) {
                *target = Some(colour);
                continue;
            }
            match word {
                ON if !was_ground => is_ground = true,
                BOLD if !was_ground => style.is_bold = true,
                DIM if !was_ground => style.is_dim = true,
                ITALIC if !was_ground => style.is_italic = true,
                UNDERLINED if !was_ground => style.is_underlined = true,
                REVERSED if !was_ground => style.is_reversed = true,
                _ => {
                    let known = OWN.into_iter().chain([BOLD, DIM, ITALIC, UNDERLINED, REVERSED]);
                    let hint = did_you_mean(word, known.filter(|known| *known != word));
                    return Err(UnknownWord { at: at..at + word.len(), word: word.to_owned(), hint });
                }
            }
        }
        if is_ground {
            return Err(UnknownWord { at: text.len()..text.len(), word: ON.to_owned(), hint: None });
        }
        Ok(style)
    }

    /// The same without its colours.
    #[must_use]
    pub fn without_colour(self) -> Self {
        Self { colour: None, ground: None, ..self }
    }
}

impl fmt::Display for RoleStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = [
            (self.is_bold, BOLD),
            (self.is_dim, DIM),
            (self.is_italic, ITALIC),
            (self.is_underlined, UNDERLINED),
            (self.is_reversed, REVERSED),
        ];
        let mut words: Vec<String> = flags.iter().filter(|(is_on, _)| *is_on).map(|(_, word)| (*word).into()).collect();
        words.extend(self.colour.map(|colour| colour.to_string()));
        words.extend(self.ground.map(|colour| format!("{ON} {colour}")));
        f.write_str(&words.join(" "))
    }
}

/// The words with the bytes where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    let pieces = text.split(' ').map(move |word| {
        let at = next;
        next += word.len() + 1;
        (at, word)
    });
    pieces.filter(|(_, word)| !word.is_empty())
}

impl Colour {
    fn parse(word: &str) -> Option<Self> {
        if let Some(at) = OWN.iter().position(|name| *name == word) {
            return u8::try_from(at).ok().map(Self::Own);
        }
        if let Some(digits) = word.strip_prefix('#') {
            let value = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
            let [_, red, green, blue] = value.to_be_bytes();
            return Some(Self::Rgb(red, green, blue));
        }
        word.parse().ok().map(Self::Numbered)
    }

    /// The nearest of the 256 colours that are the same everywhere, for terminals that know no others.
    #[must_use]
    pub fn numbered(self) -> Self {
        let Self::Rgb(red, green, blue) = self else { return self };
        let distance = |other: [u8; 3]| -> u32 {
            [red, green, blue].iter().zip(other).map(|(one, two)| u32::from(one.abs_diff(two)).pow(2)).sum()
        };
        let nearest = (16..=255_u8).min_by_key(|number| distance(rgb_of(*number))).unwrap_or(16);
        Self::Numbered(nearest)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(number) => f.write_str(OWN[usize::from(number % 16)]),
            Self::Numbered(number) => write!(f, "{number}"),
            Self::Rgb(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

/// Red, green and blue of a numbered colour from 16 on: a cube of six steps, then greys.
#[must_use]
pub fn rgb_of(number: u8) -> [u8; 3] {
    if number >= 232 {
        return [8 + 10 * (number - 232); 3];
    }
    let cube = number.saturating_sub(16);
    let step = |level: u8| if level == 0 { 0 } else { 55 + 40 * level };
    [step(cube / 36), step(cube / 6 % 6), step(cube % 6)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_read_as_it_is_written() {
        for text in ["", "bold", "dim 245", "bold italic underlined reversed bright-blue on #0a0B0c", "on 17"] {
            let style = RoleStyle::parse(text).expect("reads");
            assert_eq!(style.to_string(), text.to_lowercase());
        }
        let style = RoleStyle::parse(" cyan   bold ").expect("reads");
        assert_eq!((style.colour, style.is_bold), (Some(Colour::Own(6)), true));
    }

    #[test]
    fn a_word_that_means_nothing_is_pointed_at() {
        let wrong = |text: &str| RoleStyle::parse(text).map_err(|unknown| (unknown.at, unknown.hint));
        assert_eq!(wrong("bold cyna"), Err((5..9, Some("Did you mean `cyan`?".to_owned()))));
        for text in ["256", "#12345", "#é1234", "on", "on bold", "on on red", "red blue", "on red on blue"] {
            assert!(wrong(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_colour_that_a_terminal_lacks_becomes_the_nearest_it_has() {
        assert_eq!(Colour::Rgb(0, 0x5f, 0xaf).numbered(), Colour::Numbered(25));
        assert_eq!(Colour::Rgb(1, 0x60, 0xae).numbered(), Colour::Numbered(25));
        assert_eq!(Colour::Own(3).numbered(), Colour::Own(3));
        for number in 16..=255 {
            let [red, green, blue] = rgb_of(number);
            let Colour::Numbered(found) = Colour::Rgb(red, green, blue).numbered() else { panic!() };
            assert_eq!(rgb_of(found), rgb_of(number));
        }
    }
}
