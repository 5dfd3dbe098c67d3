use proptest::prelude::*;
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

fn frame(encoder: &mut Encoder, next: &Buffer, cursor: Option<(u16, u16)>) -> String {
    let mut out = Vec::new();
    encoder.frame(next, &Links::default(), &[0, 1, 2, 3, 4, 5, 6, 7], cursor, Redraw::Changes, &mut out);
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
fn after_a_doubtful_cluster_the_cursor_is_placed_anew() {
    let bytes = frame(&mut Encoder::default(), &picture(&["a👩‍👩‍👧b日本c"]), None);
    assert_eq!(bytes, "\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Ha👩‍👩‍👧\x1b[1;4Hb日本c\x1b[?2026l");
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
        encoder.frame(next, &links, &[0, 1, 2, 3, 4, 5, 6, 7], None, Redraw::Changes, &mut out);
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
