//! Where text on the screen leads. A target is what a person may open, so there is only one way to make one, and it lets
//! nothing through that is not a page or a letter. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use linkify::{LinkFinder, LinkKind};
use ratatui::buffer::Cell;
use ratatui::style::{Color, Style};

/// Bytes of a target that still counts as a link.
pub const MAX_TARGET_BYTES: usize = 2083;
/// Links of a picture from which on it begins anew.
const MAX_LINKS: usize = 4096;

/// A target that may be opened: http, https or mailto, ASCII without blanks and controls, not too long.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link(Arc<str>);

impl Link {
    /// The link to this target, if it may be one.
    #[must_use]
    pub fn new(target: &str) -> Option<Self> {
        is_followable(target).then(|| Self(target.into()))
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.0
    }
}

/// The links of a picture by number. A cell tells its number by its underline colour, for which there is no other use
/// here: so it stays with the cell wherever the cell goes.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// How often they began anew, so that a number of before is told from the same one of now.
    generation: u8,
    targets: Vec<Link>,
    numbers: HashMap<Link, u16>,
}

impl Links {
    /// The style of text that leads there.
    #[must_use]
    pub fn marked(&mut self, style: Style, link: &Link) -> Style {
        let next = self.targets.len() as u16;
        let number = *self.numbers.entry(link.clone()).or_insert(next);
        if number == next {
            self.targets.push(link.clone());
        }
        let [high, low] = number.to_be_bytes();
        style.underline_color(Color::Rgb(self.generation, high, low))
    }

    /// Where a cell leads, with the number of that.
    #[must_use]
    pub fn of(&self, cell: &Cell) -> Option<(u16, &Link)> {
        let Color::Rgb(generation, high, low) = cell.underline_color else { return None };
        if generation != self.generation {
            return None;
        }
        let number = u16::from_be_bytes([high, low]);
        self.targets.get(usize::from(number)).map(|link| (number, link))
    }

    /// Whether it is time to begin anew: there are numbers for what is not seen any more.
    #[must_use]
    pub fn are_too_many(&self) -> bool {
        self.targets.len() >= MAX_LINKS
    }

    /// Begins anew; every cell is to be painted again.
    pub fn begin_anew(&mut self) {
        *self = Self { generation: self.generation.wrapping_add(1), ..Self::default() };
    }
}

/// Whether a target may be a link.
#[must_use]
pub fn is_followable(target: &str) -> bool {
    let scheme = target.split(':').next().unwrap_or_default();
    target.len() <= MAX_TARGET_BYTES
        && target.bytes().all(|byte| byte.is_ascii_graphic())
        && scheme.len() < target.len()
        && ["http", "https", "mailto"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
}

/// The addresses of pages that stand in a text as they are, with where.
pub fn in_text(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, Link)> {
    // Looking for what cannot be there would cost more than all the rest of most texts.
    let text = if memchr::memmem::find(text.as_bytes(), b"://").is_some() { text } else { "" };
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let found: Vec<_> =
        finder.links(text).filter_map(|link| Some((link.start()..link.end(), Link::new(link.as_str())?))).collect();
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_and_letters_are_links() {
        let followable: Vec<&str> = [
            "https://a.example",
            "HTTP://a.example/x",
            "mailto:a@b.example",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http",
        ]
        .into_iter()
        .filter(|target| Link::new(target).is_some())
        .collect();
        assert_eq!(followable, ["https://a.example", "HTTP://a.example/x", "mailto:a@b.example"]);
        assert!(!is_followable(&format!("https://a.example/{}", "x".repeat(3000))));
        assert!(!is_followable("https://a.example/\u{1b}"));
    }

    #[test]
    fn addresses_in_a_text_end_before_what_follows_them() {
        let found = |text: &str| in_text(text).map(|(at, _)| text[at].to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found("See https://a.example/x_(y)?z=1. And (http://b.example), file:///etc."),
            ["https://a.example/x_(y)?z=1", "http://b.example"]
        );
        assert!(found("a://b and https://\u{440}aypal.com, no").is_empty());
    }
}
