use super::*;

fn keys(text: &str) -> Vec<InputEvent> {
    text.split(' ').filter(|key| !key.is_empty()).map(|key| InputEvent::Key(key.parse().unwrap())).collect()
}

/// All bytes in one read, and time enough afterwards.
fn read(bytes: &[u8]) -> Vec<InputEvent> {
    let mut parser = InputParser::default();
    let mut events = parser.push(bytes, 0);
    events.extend(parser.expire(10_000));
    events
}

#[test]
fn bytes_are_the_keys_they_stand_for() {
    for (bytes, expected) in [
        ("aZé", "a Z é"),
        ("\r\n\t\x7f\x08", "enter ctrl-j tab backspace backspace"),
        ("\x01\x1a\x00\x1f", "ctrl-a ctrl-z ctrl-space ctrl-7"),
        ("\x1b[A\x1bOB\x1b[1;5C\x1b[1;2D\x1b[H\x1b[4~", "up down ctrl-right shift-left home end"),
        ("\x1b[5~\x1b[6;5~\x1b[3~\x1b[Z", "pgup ctrl-pgdn delete backtab"),
        ("\x1bOP\x1bOR\x1b[15~\x1b[24~\x1b[[B", "f1 f3 f5 f12 f2"),
        ("\x1bx\x1bA", "alt-x alt-A"),
        ("\x1b\r\x1b\x7f\x1bé\x1b\x1b[A", "alt-enter alt-backspace alt-é alt-up"),
        ("\x1b[13;2u\x1b[27u\x1b[97;5u\x1b[97;6u\x1b[27;2;13~", "shift-enter esc ctrl-a ctrl-A shift-enter"),
        ("\x1b[57404u\x1b[57414u\x1bOw\x1b[9;2u", "5 enter 7 backtab"),
        ("\x1b[97;1:3u\x1b[97;1:2u\x1b[97;9u\x1b[1;1:3A", "a"),
        ("\x1b", "esc"),
        ("\x1b\x1b", "esc esc"),
        ("\x1b[", "alt-["),
        ("\x1b]", "alt-]"),
        ("\x1bP", "alt-P"),
    ] {
        let expected = keys(expected);
        let got = read(bytes.as_bytes());
        assert_eq!(got, expected, "{bytes:?}");
    }
}

/// What terminals answer, asked or not.
const REPLIES: [&str; 17] = [
    "\x1b[1;1R",
    "\x1b[24;80R",
    "\x1b[?62;22c",
    "\x1b[?1;2c",
    "\x1b[>41;366;0c",
    "\x1b[0n",
    "\x1b[?0u",
    "\x1b[8;24;80t",
    "\x1b[?2026;2$y",
    "\x1b]11;rgb:0000/0000/0000\x1b\\",
    "\x1b]11;rgb:ff/ff/ff\x07",
    "\x1b]l title; id #\r\x1b\\",
    "\x1b]52;c;UklGRkxF\x07",
    "\x1bP1$rRIFFLE\x1b\\",
    "\x1bP>|RIFFLE\x1b\\",
    "\x1b_Gi=1;OK\x1b\\",
    "\x1b[<0;10;10M",
];

#[test]
fn no_cut_of_any_reply_types_a_key() {
    for reply in REPLIES {
        let whole = read(reply.as_bytes());
        assert!(!whole.iter().any(|event| matches!(event, InputEvent::Key(_))), "{reply:?}: {whole:?}");
        for cut in 1..reply.len() {
            let mut parser = InputParser::default();
            let mut events = parser.push(&reply.as_bytes()[..cut], 0);
            events.extend(parser.push(&reply.as_bytes()[cut..], 20));
            assert_eq!(events, whole, "{reply:?} cut at {cut}");
            assert_eq!(parser.deadline(), None);
            assert_eq!(parser.push(b"q", 21), keys("q"));
        }
        let mut parser = InputParser::default();
        let bytewise: Vec<_> = (0_u64..).zip(reply.bytes()).flat_map(|(ms, byte)| parser.push(&[byte], ms)).collect();
        assert_eq!(bytewise, whole);
    }
}

#[test]
fn the_answers_we_asked_for_are_told() {
    assert_eq!(
        read(b"\x1b[?5u\x1b]11;rgb:1e1e/ffff/0000\x1b\\\x1b]11;rgb:ff/80/0\x07\x1b]11;rgba:ffff/ffff/ffff/8000\x07\x1b[?62c"),
        [
            InputEvent::KittySupported(5),
            InputEvent::BackgroundColour(0x1e, 255, 0),
            InputEvent::BackgroundColour(255, 128, 0),
            InputEvent::BackgroundColour(255, 255, 255),
            InputEvent::QueriesAnswered,
        ]
    );
}

#[test]
fn a_lone_escape_is_held_and_an_arrow_cut_in_two_is_an_arrow() {
    let mut parser = InputParser::default();
    assert_eq!(parser.push(b"\x1b", 100), []);
    assert_eq!(parser.deadline(), Some(125));
    assert_eq!(parser.expire(124), []);
    assert_eq!(parser.push(b"[", 110), []);
    assert_eq!(parser.push(b"A", 115), keys("up"));
    assert_eq!(parser.push(b"\x1b", 200), []);
    assert_eq!(parser.expire(225), keys("esc"));
    assert_eq!(parser.push(b"\x1b", 300), []);
    assert_eq!(parser.push(b"a", 400), keys("esc a"));
}

#[test]
fn a_reply_that_never_ends_does_not_deafen_us() {
    let mut parser = InputParser::default();
    assert_eq!(parser.push(b"\x1b]11;rgb:00", 0), []);
    assert_eq!(parser.deadline(), Some(500));
    assert_eq!(parser.push(b"a", 600), keys("a"));
    assert_eq!(parser.push(b"\x1b]0;x\x1b[A", 700), keys("up"));
    assert_eq!(parser.push(&[b"\x1bP".as_slice(), &vec![b'x'; 100_000], b"\x1b\\y"].concat(), 800), keys("y"));
}

#[test]
fn a_paste_is_one_event_however_it_is_cut() {
    let bytes = b"a\x1b[200~one\r\ntwo\rthree \x1b[A\xc3\xa9\x1b[201~b";
    let whole = vec![keys("a").remove(0), InputEvent::Paste("one\ntwo\nthree \x1b[Aé".to_owned()), keys("b").remove(0)];
    for cut in 1..bytes.len() {
        let mut parser = InputParser::default();
        let mut events = parser.push(&bytes[..cut], 0);
        events.extend(parser.push(&bytes[cut..], 20));
        assert_eq!(events, whole, "cut at {cut}");
    }
}

#[test]
fn a_burst_of_arrows_is_a_wheel_and_single_ones_are_keys() {
    assert_eq!(read(b"\x1b[A\x1b[A\x1b[A"), [InputEvent::Scroll(-3)]);
    assert_eq!(read(b"\x1bOB\x1bOBx\x1b[B"), [vec![InputEvent::Scroll(2)], keys("x down")].concat());
    assert_eq!(read(b"\x1b[1;2A\x1b[1;2A"), keys("shift-up shift-up"));
    assert_eq!(read(b"aa"), keys("a a"));
}

#[test]
fn broken_text_is_dropped_and_the_rest_is_kept() {
    assert_eq!(read(b"\xff\xfea\xc3(\xe2\x82"), keys("a ("));
    assert_eq!(read("\u{9b}x".as_bytes()), keys("x"));
    let mut parser = InputParser::default();
    assert_eq!(parser.push(b"\xe2\x82", 0), []);
    assert_eq!(parser.push(b"\xac", 10), keys("€"));
}

#[test]
fn the_mouse_is_read_in_its_modern_form_and_never_typed() {
    use crate::app::MouseDeed::{Dragged, Pressed, Released, Wheeled};
    let read = |bytes: &[u8]| InputParser::default().push(bytes, 0);
    let all = read(b"\x1b[<0;5;3M\x1b[<32;500;3M\x1b[<0;6;3m\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<20;2;2M");
    let expected = [
        InputEvent::Mouse(Pressed, 4, 2),
        InputEvent::Mouse(Dragged, 499, 2),
        InputEvent::Mouse(Released, 5, 2),
        InputEvent::Mouse(Wheeled(-1), 0, 0),
        InputEvent::Mouse(Wheeled(1), 0, 0),
        InputEvent::Mouse(Pressed, 1, 1),
    ];
    assert_eq!(all, expected);
    for other in [
        &b"\x1b[<2;5;3M"[..],
        b"\x1b[<35;5;3M",
        b"\x1b[<66;5;3M",
        b"\x1b[<0;5M",
        b"\x1b[<0;99999;3M",
        b"\x1b[<M",
        b"\x1b[M !!",
        b"\x1b[32;5;3M",
    ] {
        assert_eq!(read(other), [], "{}", String::from_utf8_lossy(other));
    }
    let mut parser = InputParser::default();
    let cut: Vec<InputEvent> = b"\x1b[<0;5;3M".iter().flat_map(|byte| parser.push(&[*byte], 0)).collect();
    assert_eq!(cut, expected[..1]);
}
