//! Screens as SVG: runs of one style as texts of a fixed width, so that any monospaced font fits; rules as lines. In the
//! animated picture each row is drawn once for each time in which it stays the same.

use std::collections::BTreeMap;
use std::time::Duration;

use vt100::{Cell, Color};

use crate::terminal::Screen;

/// Pixels of a cell, and around the screen.
const CELL: (f64, f64) = (8.4, 19.0);
const MARGIN: f64 = 14.0;
/// From a row's top to the line its letters stand on.
const BASELINE: f64 = 14.0;

/// The colours of a terminal.
pub(crate) struct Palette {
    /// Behind the letters.
    pub ground: [u8; 3],
    letters: [u8; 3],
    own: [[u8; 3]; 8],
    bright: [[u8; 3]; 8],
}

impl Palette {
    pub(crate) fn dark() -> Self {
        Self {
            ground: [0x17, 0x19, 0x1f],
            letters: [0xd8, 0xda, 0xe0],
            own: [
                [0x3b, 0x3f, 0x4a],
                [0xf0, 0x71, 0x78],
                [0x86, 0xc1, 0x66],
                [0xe5, 0xb5, 0x5a],
                [0x5c, 0x9c, 0xf0],
                [0xc6, 0x8c, 0xe6],
                [0x56, 0xc2, 0xcf],
                [0xc8, 0xcc, 0xd4],
            ],
            bright: [
                [0x6b, 0x72, 0x80],
                [0xff, 0x8f, 0x94],
                [0xa3, 0xd8, 0x85],
                [0xff, 0xd1, 0x7a],
                [0x82, 0xb5, 0xff],
                [0xdb, 0xab, 0xf5],
                [0x7d, 0xdc, 0xe6],
                [0xff, 0xff, 0xff],
            ],
        }
    }

    pub(crate) fn light() -> Self {
        Self {
            ground: [0xfc, 0xfc, 0xfa],
            letters: [0x24, 0x27, 0x2e],
            own: [
                [0x24, 0x27, 0x2e],
                [0xc0, 0x2b, 0x38],
                [0x2f, 0x7d, 0x32],
                [0x9a, 0x67, 0x00],
                [0x1a, 0x5f, 0xb4],
                [0x8a, 0x3f, 0xb0],
                [0x0b, 0x75, 0x85],
                [0x6b, 0x72, 0x80],
            ],
            bright: [[0x50, 0x55, 0x60]; 8],
        }
    }

    fn rgb(&self, colour: Color, instead: [u8; 3]) -> [u8; 3] {
        match colour {
            Color::Default => instead,
            Color::Idx(number @ 0..8) => self.own[usize::from(number)],
            Color::Idx(number @ 8..16) => self.bright[usize::from(number - 8)],
            Color::Idx(number) => riffle::config::theme::rgb_of(number),
            Color::Rgb(red, green, blue) => [red, green, blue],
        }
    }
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// How a run of cells looks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Look {
    letters: [u8; 3],
    ground: Option<[u8; 3]>,
    is_bold: bool,
    is_dim: bool,
    is_italic: bool,
    is_underlined: bool,
}

impl Look {
    fn of(cell: &Cell, palette: &Palette, is_cursor: bool) -> Self {
        let letters = palette.rgb(cell.fgcolor(), palette.letters);
        let ground = palette.rgb(cell.bgcolor(), palette.ground);
        let (letters, ground) = if cell.inverse() == is_cursor { (letters, ground) } else { (ground, letters) };
        Self {
            letters,
            ground: (ground != palette.ground).then_some(ground),
            is_bold: cell.bold(),
            is_dim: cell.dim(),
            is_italic: cell.italic(),
            is_underlined: cell.underline(),
        }
    }
}

/// The looks that occur, each with the name of its class.
#[derive(Default)]
struct Classes(BTreeMap<Look, usize>);

impl Classes {
    fn of(&mut self, look: &Look) -> usize {
        let next = self.0.len();
        *self.0.entry(look.clone()).or_insert(next)
    }

    fn css(&self) -> String {
        let mut css = String::new();
        for (look, class) in &self.0 {
            css.push_str(&format!(".c{class}{{fill:{}", hex(look.letters)));
            for (is_on, rule) in [
                (look.is_bold, ";font-weight:700"),
                (look.is_dim, ";opacity:.6"),
                (look.is_italic, ";font-style:italic"),
                (look.is_underlined, ";text-decoration:underline"),
            ] {
                css.push_str(if is_on { rule } else { "" });
            }
            css.push('}');
        }
        css
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A row as shapes, from its top at 0.
fn row(cells: &[Cell], cursor: Option<u16>, palette: &Palette, classes: &mut Classes) -> String {
    let mut runs: Vec<(usize, usize, String, Look)> = Vec::new();
    for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_wide_continuation()) {
        let look = Look::of(cell, palette, cursor.is_some_and(|cursor| usize::from(cursor) == at));
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let columns = if cell.is_wide() { 2 } else { 1 };
        let is_line = |text: &str| text.starts_with(['─', '│']);
        match runs.last_mut() {
            Some((from, width, run, last))
                if *last == look && *from + *width == at && is_line(run) == is_line(text) =>
            {
                run.push_str(text);
                *width += columns;
            }
            _ => runs.push((at, columns, text.to_owned(), look)),
        }
    }
    let mut out = String::new();
    for (from, columns, text, look) in runs {
        let x = from as f64 * CELL.0;
        let width = columns as f64 * CELL.0;
        if let Some(ground) = look.ground {
            let (x, width) = (number(x), number(width));
            out.push_str(&format!("<path fill=\"{}\" d=\"M{x} 0h{width}v{}h-{width}z\"/>", hex(ground), CELL.1));
        }
        let shown = text.trim_start();
        if shown.is_empty() {
            continue;
        }
        let class = classes.of(&look);
        if text.starts_with('─') {
            out.push_str(&format!("<path class=\"c{class}\" d=\"M{} 9h{}v1h-{1}z\"/>", number(x), number(width)));
        } else if text.starts_with('│') {
            out.push_str(&format!("<path class=\"c{class}\" d=\"M{} 0h1v{}h-1z\"/>", number(x + CELL.0 / 2.0), CELL.1));
        } else {
            let blanks = text.len() - shown.len();
            let columns = columns - blanks - (shown.len() - shown.trim_end().len());
            let (x, width) = (number(x + blanks as f64 * CELL.0), number(columns as f64 * CELL.0));
            let shown = escaped(shown.trim_end());
            out.push_str(&format!(
                "<text class=\"c{class}\" x=\"{x}\" y=\"{BASELINE}\" textLength=\"{width}\">{shown}</text>"
            ));
        }
    }
    out
}

fn picture(columns: usize, rows: usize, palette: &Palette, classes: &Classes, body: &str) -> String {
    let (width, height) = (columns as f64 * CELL.0 + 2.0 * MARGIN, rows as f64 * CELL.1 + 2.0 * MARGIN);
    let (inner, low) = (number(width - 1.0), number(height - 1.0));
    let (width, height) = (number(width), number(height));
    let (ground, letters) = (hex(palette.ground), hex(palette.letters));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\
         <style>text{{font:14px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}}{}</style>\
         <rect x=\".5\" y=\".5\" width=\"{inner}\" height=\"{low}\" rx=\"8\" fill=\"{ground}\" stroke=\"{letters}\" stroke-opacity=\".2\"/>\
         <g transform=\"translate({MARGIN} {MARGIN})\">{body}</g></svg>\n",
        classes.css()
    )
}

/// One screen.
pub(crate) fn still(screen: &Screen, palette: &Palette) -> String {
    let mut classes = Classes::default();
    let mut body = String::new();
    for (at, cells) in screen.rows.iter().enumerate() {
        let shapes = row(cells, cursor_in(screen, at), palette, &mut classes);
        if !shapes.is_empty() {
            body.push_str(&format!("<g transform=\"translate(0 {})\">{shapes}</g>", number(at as f64 * CELL.1)));
        }
    }
    picture(screen.rows.first().map_or(0, Vec::len), screen.rows.len(), palette, &classes, &body)
}

/// Screens one after the other, again and again.
pub(crate) fn animated(frames: &[(Duration, Screen)], palette: &Palette) -> String {
    let mut classes = Classes::default();
    let mut body = String::new();
    let (Some((_, first)), Some((last, _))) = (frames.first(), frames.last()) else { return body };
    let whole = last.as_secs_f64();
    for at in 0..first.rows.len() {
        let mut shown: Vec<(f64, String)> = Vec::new();
        for (time, screen) in frames {
            let shapes = row(&screen.rows[at], cursor_in(screen, at), palette, &mut classes);
            if shown.last().is_none_or(|(_, before)| *before != shapes) {
                shown.push((time.as_secs_f64() / whole, shapes));
            }
        }
        if let Some((from, _)) = shown.first_mut() {
            *from = 0.0;
        }
        body.push_str(&format!("<g transform=\"translate(0 {})\">", number(at as f64 * CELL.1)));
        for (index, (from, shapes)) in shown.iter().enumerate().filter(|(_, (_, shapes))| !shapes.is_empty()) {
            let to = shown.get(index + 1).map_or(1.0, |(to, _)| *to);
            body.push_str(&timed(shapes, *from, to, whole));
        }
        body.push_str("</g>");
    }
    picture(first.rows.first().map_or(0, Vec::len), first.rows.len(), palette, &classes, &body)
}

/// Shapes that are seen from one part of the time to another.
fn timed(shapes: &str, from: f64, to: f64, whole: f64) -> String {
    if from <= 0.0 && to >= 1.0 {
        return shapes.to_owned();
    }
    let mut values = vec![("visible", from), ("hidden", to)];
    if from > 0.0 {
        values.insert(0, ("hidden", 0.0));
    }
    values.retain(|(_, at)| *at < 1.0);
    let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
    let times: Vec<String> = values.iter().map(|(_, at)| format!("{at:.4}").trim_end_matches('0').to_owned()).collect();
    format!(
        "<g visibility=\"{}\">{shapes}<animate attributeName=\"visibility\" dur=\"{whole:.1}s\" repeatCount=\"indefinite\" \
         calcMode=\"discrete\" values=\"{}\" keyTimes=\"{}\"/></g>",
        if to >= 1.0 { "visible" } else { "hidden" },
        names.join(";"),
        times.join(";")
    )
}

fn cursor_in(screen: &Screen, row: usize) -> Option<u16> {
    screen.cursor.filter(|(at, _)| usize::from(*at) == row).map(|(_, column)| column)
}
