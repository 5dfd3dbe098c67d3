use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::*;

const AREA: Rect = Rect { x: 0, y: 0, width: 20, height: 8 };

fn picture(rows: &[&str]) -> Buffer {
    let mut buffer = Buffer::empty(AREA);
    for (y, row) in rows.iter().enumerate() {
        buffer.set_string(0, y as u16, row, Style::default());
    }
    buffer
}

fn numbers(picture: &Buffer) -> Vec<u64> {
    let number = |row: &[Cell]| BuildHasherDefault::<DefaultHasher>::default().hash_one(row);
    picture.content.chunks(usize::from(AREA.width)).map(number).collect()
}

fn cells(picture: &Buffer) -> Vec<Vec<Cell>> {
    picture.content.chunks(usize::from(AREA.width)).map(<[Cell]>::to_vec).collect()
}

fn frame(encoder: &mut Encoder, next: &Buffer, cursor: Option<(u16, u16)>) -> String {
    let mut out = Vec::new();
    let rows = Rows { cells: &cells(next), numbers: &numbers(next), patched: &[] };
    encoder.frame(rows, &Links::default(), cursor, Redraw::Changes, &mut out);
    String::from_utf8(out).unwrap()
}

fn screen(terminal: &vt100::Parser) -> Vec<(String, vt100::Color, vt100::Color, bool, bool, bool)> {
    let mut cells = Vec::new();
    for y in 0..AREA.height {
        for x in 0..AREA.width {
            let cell = terminal.screen().cell(y, x).unwrap();
            let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
            let text = if cell.is_wide_continuation() { String::new() } else { text };
            cells.push((text, cell.fgcolor(), cell.bgcolor(), cell.bold(), cell.dim(), cell.inverse()));
        }
    }
    cells
}

fn terminal() -> vt100::Parser {
    vt100::Parser::new(AREA.height.try_into().unwrap(), AREA.width.try_into().unwrap(), 0)
}

fn drawn_afresh(picture: &Buffer) -> vt100::Parser {
    let mut terminal = terminal();
    terminal.process(frame(&mut Encoder::default(), picture, None).as_bytes());
    terminal
}

#[test]
fn the_first_frame_clears_and_an_equal_one_is_silent() {
    let mut encoder = Encoder::default();
    let hello = picture(&["hello"]);
    assert_eq!(
        frame(&mut encoder, &hello, Some((5, 0))),
        "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Hhello\x1b[?25h\x1b[?2026l"
    );
    assert_eq!(frame(&mut encoder, &hello, Some((5, 0))), "");
    assert_eq!(frame(&mut encoder, &hello, Some((2, 3))), "\x1b[?2026h\x1b[4;3H\x1b[?2026l");
    assert_eq!(frame(&mut encoder, &hello, None), "\x1b[?2026h\x1b[?25l\x1b[?2026l");
}

#[test]
fn a_token_at_the_cursor_costs_only_itself() {
    let mut encoder = Encoder::default();
    frame(&mut encoder, &picture(&["hello"]), Some((5, 0)));
    assert_eq!(frame(&mut encoder, &picture(&["hello you"]), Some((9, 0))), "\x1b[?2026h\x1b[1;7Hyou\x1b[?2026l");
    assert_eq!(frame(&mut encoder, &picture(&["hello you."]), Some((10, 0))), "\x1b[?2026h.\x1b[?2026l");
}

#[test]
fn a_row_that_was_patched_is_looked_at_there_if_it_is_known_before() {
    let (hello, longer) = (picture(&["hello"]), picture(&["hallo you!"]));
    let (before, after) = (numbers(&hello), numbers(&longer));
    for (known, written) in [(before[0], "\x1b[1;7Hyou"), (before[0] + 1, "\x1b[1;2Ha\x1b[1;7Hyou!")] {
        let mut encoder = Encoder::default();
        frame(&mut encoder, &hello, None);
        let patched = [Patched { row: 0, before: known, columns: 5..9 }];
        let rows = Rows { cells: &cells(&longer), numbers: &after, patched: &patched };
        let mut out = Vec::new();
        encoder.frame(rows, &Links::default(), None, Redraw::Changes, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), format!("\x1b[?2026h{written}\x1b[?2026l"));
    }
}

#[test]
fn after_a_doubtful_cluster_the_cursor_is_placed_anew() {
    let bytes = frame(&mut Encoder::default(), &picture(&["a👩‍👩‍👧b日本c"]), None);
    assert_eq!(bytes, "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Ha  \x1b[1;2H👩‍👩‍👧\x1b[1;4Hb日本c\x1b[?2026l");
}

#[test]
fn looks_change_with_the_fewest_parameters() {
    let mut buffer = Buffer::empty(AREA);
    let bold = Style::default().add_modifier(Modifier::BOLD);
    buffer.set_string(0, 0, "a", bold);
    buffer.set_string(1, 0, "b", bold.fg(Color::LightRed));
    buffer.set_string(2, 0, "c", Style::default().fg(Color::LightRed).bg(Color::Indexed(7)));
    buffer.set_string(3, 0, "d", Style::default().bg(Color::Rgb(1, 2, 3)));
    assert_eq!(
        frame(&mut Encoder::default(), &buffer, None),
        "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1H\x1b[1ma\x1b[91mb\x1b[22;48;5;7mc\x1b[39;48;2;1;2;3md\x1b[0m\x1b[?2026l"
    );
}

#[test]
fn rows_that_moved_are_moved_by_the_terminal() {
    let rows: Vec<String> = (0..9).map(|n| format!("row {n} of the answer")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let before = picture(&["title", rows[0], rows[1], rows[2], rows[3], rows[4], "", "prompt"]);
    let after = picture(&["title", rows[2], rows[3], rows[4], rows[5], "x", "", "prompt"]);
    let mut encoder = Encoder::default();
    let mut terminal = terminal();
    terminal.process(frame(&mut encoder, &before, None).as_bytes());
    let up = frame(&mut encoder, &after, None);
    assert!(up.starts_with("\x1b[?2026h\x1b[2;6r\x1b[2S\x1b[r") && up.len() < 90, "{up:?}");
    terminal.process(up.as_bytes());
    assert_eq!(screen(&terminal), screen(&drawn_afresh(&after)));
    let down = frame(&mut encoder, &before, None);
    assert!(down.contains("\x1b[2T"), "{down:?}");
    terminal.process(down.as_bytes());
    assert_eq!(screen(&terminal), screen(&drawn_afresh(&before)));
}

fn any_row() -> impl Strategy<Value = Vec<(&'static str, u8)>> {
    let cluster = prop::sample::select(vec!["a", "b", " ", " ", "é", "日", "本", "한", "e\u{301}", "─"]);
    prop::collection::vec((cluster, 0_u8..5), 0..20)
}

fn any_picture() -> impl Strategy<Value = Buffer> {
    prop::collection::vec(any_row(), 8).prop_map(|rows| {
        let mut buffer = Buffer::empty(AREA);
        for (y, row) in rows.iter().enumerate() {
            let mut x = 0;
            for (cluster, look) in row {
                let style = match look {
                    0 => Style::default().add_modifier(Modifier::BOLD),
                    1 => Style::default().fg(Color::Red).add_modifier(Modifier::DIM),
                    2 => Style::default().bg(Color::Blue).add_modifier(Modifier::REVERSED),
                    _ => Style::default(),
                };
                (x, _) = buffer.set_stringn(x, y as u16, cluster, usize::from(AREA.width - x), style);
                if x >= AREA.width {
                    break;
                }
            }
        }
        buffer
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changes_lead_to_the_same_screen_as_a_fresh_drawing(pictures in prop::collection::vec(any_picture(), 2..5), shift in 0_usize..4) {
        let mut encoder = Encoder::default();
        let mut terminal = terminal();
        for picture in pictures {
            let mut moved = picture.clone();
            moved.content.rotate_left(shift * usize::from(AREA.width));
            for next in [picture, moved] {
                terminal.process(frame(&mut encoder, &next, Some((3, 3))).as_bytes());
                prop_assert_eq!(screen(&terminal), screen(&drawn_afresh(&next)));
            }
        }
    }
}

#[test]
fn what_leads_somewhere_is_a_link_where_the_terminal_has_them() {
    let mut links = Links::default();
    let mut next = picture(&["a page", "more"]);
    let style = links.marked(Style::new(), &Link::new("https://a.example/x").unwrap());
    next.set_style(Rect::new(2, 0, 4, 1), style);
    let frame_of = |encoder: &mut Encoder, next: &Buffer| {
        let mut out = Vec::new();
        let rows = Rows { cells: &cells(next), numbers: &numbers(next), patched: &[] };
        encoder.frame(rows, &links, None, Redraw::Changes, &mut out);
        String::from_utf8(out).unwrap()
    };
    let mut encoder = Encoder::new(true);
    let written = frame_of(&mut encoder, &next);
    assert!(written.contains("\x1b]8;id=0;https://a.example/x\x1b\\page"), "{written:?}");
    assert_eq!(written.matches("\x1b]8;;\x1b\\").count(), 1, "{written:?}");
    assert_eq!(frame_of(&mut encoder, &next), "");
    let plain = picture(&["a page", "more"]);
    assert!(frame_of(&mut encoder, &plain).contains("page"), "what is no link any more is written again");
    assert!(!frame_of(&mut Encoder::new(false), &next).contains("\x1b]8"));
}

/// A terminal that takes clusters apart and has widths of its own.
struct Disagreeing {
    width_of: fn(char) -> usize,
    /// What stands in each cell; nothing in the right half of a wide character.
    cells: Vec<String>,
    at: (usize, usize),
    region: (usize, usize),
}

impl Disagreeing {
    fn new(width_of: fn(char) -> usize) -> Self {
        let cells = vec![" ".to_owned(); usize::from(AREA.width) * usize::from(AREA.height)];
        Self { width_of, cells, at: (0, 0), region: (0, usize::from(AREA.height)) }
    }

    fn process(&mut self, bytes: &str) {
        let mut rest = bytes;
        while let Some(c) = rest.chars().next() {
            let Some(sequence) = rest.strip_prefix("\x1b[") else {
                self.write(c);
                rest = &rest[c.len_utf8()..];
                continue;
            };
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
            let numbers: Vec<usize> = sequence[..end].split(';').map(|text| text.parse().unwrap_or(0)).collect();
            self.obey(sequence.as_bytes()[end], &numbers);
            rest = &sequence[end + 1..];
        }
    }

    fn obey(&mut self, command: u8, numbers: &[usize]) {
        let width = usize::from(AREA.width);
        let band = self.region.0 * width..self.region.1 * width;
        let by = (numbers[0] * width).min(band.len());
        match command {
            b'H' => self.at = (numbers[1] - 1, numbers[0] - 1),
            b'J' => self.cells.fill(" ".to_owned()),
            b'r' if numbers.len() == 2 => self.region = (numbers[0] - 1, numbers[1]),
            b'r' => self.region = (0, usize::from(AREA.height)),
            b'S' => {
                self.cells[band.clone()].rotate_left(by);
                self.cells[band.end - by..band.end].fill(" ".to_owned());
            }
            b'T' => {
                self.cells[band.clone()].rotate_right(by);
                self.cells[band.start..band.start + by].fill(" ".to_owned());
            }
            _ => {}
        }
    }

    fn write(&mut self, c: char) {
        let columns = (self.width_of)(c);
        let width = usize::from(AREA.width);
        if self.at.0 + columns > width {
            self.at = (0, (self.at.1 + 1).min(usize::from(AREA.height) - 1));
        }
        let here = self.at.1 * width + self.at.0;
        if columns == 0 {
            return;
        }
        // Of a wide character that is written over in part nothing is left.
        if self.cells[here].is_empty() {
            self.cells[here - 1] = " ".to_owned();
        }
        if let Some(after) = self.cells.get_mut(here + columns).filter(|after| after.is_empty()) {
            *after = " ".to_owned();
        }
        self.cells[here] = c.to_string();
        if columns == 2 {
            self.cells[here + 1] = String::new();
        }
        self.at.0 += columns;
    }
}

fn doubtful_picture() -> impl Strategy<Value = Buffer> {
    let cluster = prop::sample::select(vec![
        "a",
        "b",
        " ",
        " ",
        "日",
        "👩\u{200d}👩\u{200d}👧",
        "✈\u{fe0f}",
        "🇩🇪",
        "👋🏽",
        "·",
        "☀",
        "क्षि",
    ]);
    prop::collection::vec(prop::collection::vec(cluster, 0..20), 8).prop_map(|rows| {
        let mut buffer = Buffer::empty(AREA);
        for (y, row) in rows.iter().enumerate() {
            let mut x = 0;
            for cluster in row {
                let columns = cluster_width(cluster) as u16;
                if x + columns > AREA.width {
                    break;
                }
                buffer[(x, y as u16)].set_symbol(cluster);
                x += columns;
            }
        }
        buffer
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_terminal_that_disagrees_about_widths_shows_everything_else_in_its_place(
        pictures in prop::collection::vec(doubtful_picture(), 2..5), shift in 0_usize..4, kind in 0_usize..3
    ) {
        let width_of: fn(char) -> usize = [
            |c: char| match c { '\u{200d}' | '\u{fe0f}' => 1, c => c.width_cjk().unwrap_or(0) },
            |c: char| c.width().unwrap_or(0),
            |c: char| if c > '\u{2000}' && !('\u{2e80}'..'\u{a000}').contains(&c) { 1 } else { c.width().unwrap_or(0) },
        ][kind];
        let mut encoder = Encoder::default();
        let mut terminal = Disagreeing::new(width_of);
        for picture in pictures {
            let mut moved = picture.clone();
            moved.content.rotate_left(shift * usize::from(AREA.width));
            for next in [picture, moved] {
                terminal.process(&frame(&mut encoder, &next, Some((3, 3))));
                let mut at = 0;
                while at < next.content.len() {
                    let symbol = next.content[at].symbol();
                    if is_certain(symbol) {
                        prop_assert_eq!(terminal.cells[at].as_str(), symbol, "cell {}", at);
                    }
                    at += cluster_width(symbol).max(1);
                }
            }
        }
    }
}

#[test]
fn a_row_with_text_from_right_to_left_is_placed_anew_behind_it() {
    let mut next = picture(&[""]);
    for (x, symbol) in ["ש", "ם", " \u{200e}", " ", "│", "4"].into_iter().enumerate() {
        next[(x as u16, 0)].set_symbol(symbol);
    }
    let bytes = frame(&mut Encoder::default(), &next, None);
    assert!(bytes.contains("שם \u{200e}\u{1b}[1;4H") && bytes.contains("│4"), "{bytes:?}");
}
