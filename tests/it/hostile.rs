//! Answers made to harm: terminal escapes, text that hides or turns around, Markdown that needs stack or time. Each goes
//! through the screen as it would stream in, and those with escapes through `ask` on a terminal: nothing foreign comes out,
//! what was taken out is marked, and what is kept is what was said.

use std::io::Read as _;

use flate2::read::GzDecoder;
use riffle::chat::{EntryBody, Finish, Record};
use serde_json::Value;

use crate::harness::Screen;

/// What an overflow would be noticed with.
const STACK: usize = 512 * 1024;
/// Bytes of a delta, and how many frames are drawn while an answer comes in.
const DELTA: usize = 1000;
const FRAMES: usize = 40;

struct Answer {
    name: String,
    text: String,
}

/// The answers, by name.
fn answers() -> Vec<Answer> {
    let file = std::fs::File::open(format!("{}/tests/fixtures/abuse/answers.jsonl.gz", env!("CARGO_MANIFEST_DIR")));
    let mut lines = String::new();
    GzDecoder::new(file.unwrap()).read_to_string(&mut lines).unwrap();
    let answers: Vec<Answer> = lines
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| answer[name].as_str().unwrap().to_owned();
            Answer { name: field("id"), text: field("text") }
        })
        .collect();
    assert!(answers.len() > 100, "the answers are missing");
    answers
}

/// Whether a terminal would act on it, or a reader could not see it or would be led astray.
pub fn is_foreign(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Panics unless the text is harmless, and shows a mark where the answer has something that is not.
fn judge(answer: &Answer, shown: &str) {
    let name = &answer.name;
    let foreign: Vec<_> = shown.chars().filter(|c| is_foreign(*c)).collect();
    assert!(foreign.is_empty(), "{name}: {foreign:?}");
    let has = |is: &dyn Fn(char) -> bool| answer.text.chars().any(is);
    if has(&|c| c < ' ' && !matches!(c, '\t' | '\n' | '\r')) {
        assert!(shown.contains(|c| matches!(c, '\u{2400}'..='\u{241f}')), "{name}: no picture of a control");
    }
    if has(&|c| c > '\u{7f}' && is_foreign(c)) {
        assert!(shown.contains("<U+"), "{name}: no mark");
    }
}

/// The answer on the screen while it comes in, at its end, and page by page from its start.
fn show(answer: &Answer) {
    let mut screen = Screen::openai(120, 40);
    screen.ask("hi");
    let every = (answer.text.len() / DELTA / FRAMES).max(1);
    let mut rest = answer.text.as_str();
    for number in 0.. {
        let (delta, after) = rest.split_at(rest.ceil_char_boundary(DELTA.min(rest.len())));
        if delta.is_empty() {
            break;
        }
        screen.text(delta);
        if number % every == 0 {
            judge(&Answer { name: answer.name.clone(), text: String::new() }, &screen.screen());
        }
        rest = after;
    }
    screen.end(Finish::Stop);
    let mut pages = screen.screen();
    screen.press("ctrl-home");
    for _ in 0..20 {
        pages.push_str(&screen.screen());
        screen.press("pgdn");
    }
    judge(answer, &pages);
    let kept: String = screen
        .records()
        .into_iter()
        .filter_map(|record| match record {
            Record::AnswerText { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(kept == answer.text, "{}: the history has something else", answer.name);
    let Some(EntryBody::Answer { message, .. }) = screen.model.chat.conversation.entries.last().map(|last| &last.body)
    else {
        panic!("{}: no answer", answer.name);
    };
    assert!(message.text == answer.text, "{}: the chat has something else", answer.name);
}

#[test]
fn a_hostile_answer_harms_neither_the_terminal_nor_the_program() {
    let workers: Vec<_> = answers()
        .into_iter()
        .map(|answer| {
            let worker = std::thread::Builder::new().stack_size(STACK).name(answer.name.clone());
            worker.spawn(move || show(&answer)).unwrap()
        })
        .collect();
    for worker in workers {
        let name = worker.thread().name().unwrap_or_default().to_owned();
        assert!(worker.join().is_ok(), "{name}");
    }
}

/// The short answers that have more than letters, one after the other, each on lines of its own.
pub fn escapes() -> String {
    let answers = answers().into_iter().filter(|answer| answer.text.len() < 6000 && !answer.name.starts_with("md-"));
    answers.map(|answer| answer.text + "\n\n").collect()
}
