//! The raw stream on its page: what came and what was read from it, followed while it comes, saved, and never a key.

use std::collections::BTreeMap;

use riffle::app::{Effect, Msg, Overlay, WireFound};
use riffle::chat::Finish;
use riffle::config::secret::Secret;
use riffle::provider::recording::{Choice, Ending, Keeper, ResponseHead, Secrets, Step};
use riffle::provider::{Api, Endpoint, Timeouts};

use crate::harness::Screen;

const CALL: &str = r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"search_products","arguments":"{\"category\":\"tent\"}"}}]}}]}"#;
const LAST: &str = r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#;

fn head(status: u16) -> ResponseHead {
    ResponseHead {
        provider: "demo".to_owned(),
        api: "openai-chat".to_owned(),
        model: "outdoor-demo".to_owned(),
        status,
        headers: BTreeMap::new(),
    }
}

fn text_event(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

/// A response of this number begins.
fn begin(screen: &Screen, number: u64) {
    screen.recent.keep(number, 5_000, Step::Head(head(200), Secrets::default()));
}

fn bytes(screen: &Screen, number: u64, at_us: u64, bytes: &[u8]) {
    screen.recent.keep(number, at_us, Step::Bytes(bytes));
}

fn end(screen: &Screen, number: u64, at_us: u64) {
    screen.recent.keep(number, at_us, Step::End(Ending::Whole));
}

/// Text, a proxy's word, a tool call and an end that is not announced.
fn answered(columns: u16, rows: u16) -> Screen {
    let screen = Screen::demo(columns, rows);
    begin(&screen, 1);
    bytes(&screen, 1, 412_000, text_event("Let me look.").as_bytes());
    bytes(&screen, 1, 420_000, b"data: PING\n\n");
    bytes(&screen, 1, 1_532_000, format!("data: {CALL}\n\n").as_bytes());
    bytes(&screen, 1, 1_540_000, format!("data: {LAST}\n\n").as_bytes());
    end(&screen, 1, 1_541_000);
    screen
}

fn readings(screen: &Screen) -> Vec<(u64, Choice)> {
    let asked = screen.effects.iter().filter_map(|effect| match effect {
        Effect::ReadStream { request, choice, .. } => Some((*request, *choice)),
        _ => None,
    });
    asked.collect()
}

#[test]
fn each_event_stands_above_what_was_read_from_it() {
    for (columns, rows) in [(120, 40), (80, 24), (40, 12)] {
        let mut screen = answered(columns, rows);
        screen.press("ctrl-x w");
        insta::assert_snapshot!(format!("wire_{columns}x{rows}"), screen.screen());
    }
    let mut screen = answered(40, 12);
    screen.press("ctrl-x w g");
    insta::assert_snapshot!("wire_top_40x12", screen.screen());
    let mut screen = answered(80, 24);
    screen.press("ctrl-x w g o");
    insta::assert_snapshot!("wire_short_80x24", screen.screen());
}

#[test]
fn it_opens_by_letter_slash_and_palette_and_esc_closes_it() {
    for keys in ["ctrl-x w", "/ w i r e enter", "ctrl-p r a w enter"] {
        let mut screen = answered(80, 24);
        screen.press(keys);
        screen.expect("Raw stream   demo   openai-chat   outdoor-demo   200");
        screen.press("esc");
        screen.never("Raw stream");
    }
}

#[test]
fn before_the_first_answer_it_says_so() {
    let mut screen = Screen::demo(80, 24);
    screen.press("ctrl-x w");
    screen.expect("No answer came yet");
    screen.press("s left right");
    assert!(!screen.effects.iter().any(|effect| matches!(effect, Effect::SaveStream { .. })));
}

#[test]
fn a_stream_is_followed_while_it_comes_and_then_left_alone() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("Which tents are in stock?");
    begin(&screen, 1);
    bytes(&screen, 1, 10_000, text_event("first").as_bytes());
    screen.press("ctrl-x w");
    screen.expect("text \"first\"");
    screen.expect("Still comes in");
    bytes(&screen, 1, 20_000, text_event("second").as_bytes());
    screen.wait(100);
    screen.never("second");
    screen.wait(200);
    screen.expect("text \"second\"");
    let asked = readings(&screen).len();
    screen.text("first second");
    assert_eq!(readings(&screen).len(), asked, "a delta is no reason to read more often");
    end(&screen, 1, 30_000);
    screen.end(Finish::Stop);
    screen.wait(250);
    screen.expect("Ended:");
    screen.wait(10_000);
    let asked = readings(&screen).len();
    screen.wait(10_000);
    assert_eq!((readings(&screen).len(), screen.model.next_wake()), (asked, None));
}

#[test]
fn a_stopped_stream_is_read_until_its_end_is_known() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("Which tents are in stock?");
    begin(&screen, 1);
    bytes(&screen, 1, 10_000, text_event("first").as_bytes());
    screen.press("ctrl-x w ctrl-c");
    screen.wait(300);
    screen.expect("Still comes in");
    screen.recent.keep(1, 20_000, Step::End(Ending::Left));
    screen.wait(300);
    screen.expect("Ended: stopped before its end");
    screen.wait(10_000);
    assert_eq!(screen.model.next_wake(), None);
}

#[test]
fn scrolled_up_it_stays_and_at_the_end_it_follows_again() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("Which tents are in stock?");
    begin(&screen, 1);
    for number in 0..40 {
        bytes(&screen, 1, 10_000 + number, text_event(&format!("n{number}.")).as_bytes());
    }
    screen.press("ctrl-x w");
    screen.expect("text \"n39.\"");
    screen.press("pgup");
    screen.never("n39.");
    screen.expect("G end");
    let before = screen.screen();
    let rows = |screen: &str| screen.lines().take(15).map(str::to_owned).collect::<Vec<_>>();
    bytes(&screen, 1, 20_000, text_event("later").as_bytes());
    screen.wait(300);
    assert_eq!(rows(&before), rows(&screen.screen()));
    screen.expect("41 events");
    screen.press("g");
    screen.expect("text \"n0.\"");
    screen.press("G");
    screen.expect("text \"later\"");
    bytes(&screen, 1, 30_000, text_event("last").as_bytes());
    screen.wait(300);
    screen.expect("text \"last\"");
}

#[test]
fn older_and_newer_answers_are_stepped_through() {
    let mut screen = Screen::demo(80, 24);
    for number in 1..=3 {
        begin(&screen, number);
        bytes(&screen, number, 10_000, text_event(&format!("answer {number}")).as_bytes());
        end(&screen, number, 20_000);
    }
    screen.press("ctrl-x w");
    for (key, number) in [("left", 2), ("[", 1), ("left", 1), ("right", 2), ("]", 3), ("right", 3)] {
        screen.press(key);
        screen.expect(&format!("text \"answer {number}\""));
        screen.expect(&format!("{number} of 3"));
    }
}

#[test]
fn the_next_request_of_a_turn_comes_onto_the_page_by_itself() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("Which tents are in stock?");
    begin(&screen, 1);
    bytes(&screen, 1, 10_000, text_event("first").as_bytes());
    end(&screen, 1, 20_000);
    screen.press("ctrl-x w");
    begin(&screen, 2);
    bytes(&screen, 2, 10_000, text_event("second").as_bytes());
    screen.wait(300);
    screen.expect("text \"second\"");
    screen.press("left");
    bytes(&screen, 2, 20_000, text_event("third").as_bytes());
    screen.wait(300);
    screen.expect("text \"first\"");
    screen.expect("1 of 2");
}

#[test]
fn s_saves_what_is_shown_and_says_where() {
    let mut screen = answered(80, 24);
    begin(&screen, 2);
    screen.press("ctrl-x w left s");
    assert!(screen.effects.contains(&Effect::SaveStream { number: 1 }));
    screen.press("esc");
    screen.tell(Msg::StreamSaved { number: 1, saved: Ok("~/x/wire-1.jsonl".to_owned()) });
    screen.expect("Saved as ~/x/wire-1.jsonl");
    screen.tell(Msg::StreamSaved { number: 1, saved: Err("the disk is full".to_owned()) });
    screen.expect("could not be saved: the disk is full.");
}

#[test]
fn what_comes_from_outside_is_shown_and_does_nothing() {
    let mut screen = Screen::demo(80, 24);
    let mut hostile = head(200);
    hostile.model = "m\u{1b}[2J\u{202e}".to_owned();
    screen.recent.keep(1, 0, Step::Head(hostile, Secrets::default()));
    bytes(&screen, 1, 10, b"data: \x1b]0;x\x07 \xff\xfe \xe2\x80\xae\n\n");
    bytes(&screen, 1, 20, text_event("\\u001b[31m").as_bytes());
    end(&screen, 1, 30);
    screen.press("ctrl-x w");
    for words in ["␛]0;x␇ <FF><FE> <U+202E>", "m␛[2J<U+202E>", "text \"\\u001b[31m\""] {
        screen.expect(words);
    }
    let shown = screen.screen();
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}

#[test]
fn a_key_that_a_server_echoes_is_not_shown() {
    let key = "sk-CANARY-1234";
    let endpoint = Endpoint {
        name: "p".to_owned(),
        label: "P".to_owned(),
        api: Api::OpenAiChat,
        base_url: String::new(),
        key: Some(Secret::new(key.to_owned())),
        key_source: None,
        headers: Vec::new(),
        params: serde_json::Map::new(),
        timeouts: Timeouts::default(),
        ca_file: None,
    };
    let mut screen = Screen::demo(120, 40);
    screen.recent.keep(1, 0, Step::Head(head(401), Secrets::of(&endpoint)));
    bytes(&screen, 1, 10, br#"{"error":{"message":"Incorrect API key: sk-CANARY"#);
    bytes(&screen, 1, 20, br#"-1234."}}"#);
    end(&screen, 1, 30);
    screen.press("ctrl-x w");
    screen.expect("Incorrect API key: **************.");
    screen.never("CANARY");
    screen.expect("401");
}

#[test]
fn an_answer_for_a_page_that_was_left_falls_out() {
    let mut screen = answered(80, 24);
    screen.reads = false;
    screen.press("ctrl-x w");
    screen.expect("reading");
    let sheet = |screen: &Screen| match screen.read(Choice::Newest, None) {
        found @ WireFound::Sheet(_) => found,
        other => panic!("{other:?}"),
    };
    let late = readings(&screen)[0].0;
    screen.press("esc");
    let found = sheet(&screen);
    screen.tell(Msg::StreamRead { request: late, found, took_ms: 1 });
    assert!(screen.model.overlays.is_empty());
    screen.press("ctrl-x w");
    let found = sheet(&screen);
    screen.tell(Msg::StreamRead { request: late, found, took_ms: 1 });
    screen.expect("reading");
    let found = sheet(&screen);
    let request = readings(&screen)[1].0;
    screen.tell(Msg::StreamRead { request, found, took_ms: 1 });
    screen.expect("search_products");
}

#[test]
fn a_slow_reading_is_repeated_less_often() {
    let mut screen = Screen::demo(80, 24);
    screen.ask("Which tents are in stock?");
    begin(&screen, 1);
    screen.reads = false;
    screen.press("ctrl-x w");
    let (request, _) = readings(&screen)[0];
    screen.wait(5000);
    assert_eq!(readings(&screen).len(), 1, "one question at a time");
    let found = screen.read(Choice::Newest, None);
    screen.press("g");
    screen.tell(Msg::StreamRead { request, found, took_ms: 2000 });
    assert_eq!(readings(&screen).len(), 1);
    screen.wait(2000);
    assert_eq!(readings(&screen).len(), 2);
}

#[test]
fn ten_thousand_events_are_reached_from_end_to_end() {
    let mut screen = Screen::demo(80, 24);
    begin(&screen, 1);
    for number in 0..10_000 {
        bytes(&screen, 1, number * 1000, text_event(&format!("n{number}.")).as_bytes());
    }
    end(&screen, 1, 10_000_000);
    screen.press("ctrl-x w");
    screen.expect("10,000 events");
    screen.expect("text \"n9999.\"");
    screen.press("g");
    screen.expect("text \"n0.\"");
    screen.press("pgdn");
    screen.expect("text \"n10.\"");
}

#[test]
fn every_size_down_to_nothing_is_drawn() {
    for columns in [0, 1, 2, 3, 10, 39, 40, 59, 60, 120, 500] {
        for rows in [0, 1, 2, 5, 9, 10, 12, 15, 16, 60] {
            let mut screen = answered(80, 24);
            screen.press("ctrl-x w");
            screen.tell(Msg::Resized(columns, rows));
            for keys in ["k", "pgup", "g", "pgdn", "o", "G"] {
                screen.press(keys);
                screen.screen();
            }
            assert!(matches!(screen.model.overlays.last(), Some(Overlay::Wire(_))));
        }
    }
}
