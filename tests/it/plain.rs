//! `riffle --plain`: lines in, lines out, through a pipe and on a terminal.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use riffle::chat::{ChatError, Delta, ErrorKind, Finish};
use riffle::plain::View;

use crate::harness::Screen;
use crate::program::{riffle, run, scripted};
use crate::pty::Terminal;

const TOTAL: &str = "What do P001 and P007 cost with 10 percent off?";

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// What it says when these lines are piped in; times are left out.
fn said(home: &Path, words: &[&str], lines: &str) -> String {
    let words = [&["--plain"][..], words].concat();
    let mut child =
        riffle(home, &words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    without_times(&String::from_utf8(output.stdout).unwrap())
}

fn without_times(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let is_time = |word: &str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
        let shown = words.iter().enumerate().map(|(at, word)| {
            let is_seconds = words.get(at + 1).is_some_and(|next| *next == "s" || *next == "s.");
            if is_seconds && is_time(word) { "N" } else { word }
        });
        out.push_str(&shown.collect::<Vec<_>>().join(" "));
        out.push('\n');
    }
    out
}

fn chunk(text: &str, finish: Option<&str>) -> String {
    let chunk = json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]});
    format!("data: {chunk}\n\n")
}

#[test]
fn an_answer_with_tools_is_told_in_lines_and_saved() {
    let home = home();
    let out = said(home.path(), &["--provider", "demo"], &format!("{TOTAL}\ny\n/tools\n"));
    insta::assert_snapshot!("plain_total", out);
    let again = said(home.path(), &["--provider", "demo", "--continue"], "/expand\n/undo\n/redo\n/redo\n");
    insta::assert_snapshot!("plain_continued", again);
    let list = run(home.path(), &["history", "list"]);
    assert!(String::from_utf8(list.stdout).unwrap().contains(TOTAL));
}

#[test]
fn only_a_clear_yes_lets_a_tool_run() {
    for (answer, is_run) in [("y", true), ("YES", true), ("a\ny", true), ("a\nn\nn", false), ("n", false), ("", false)]
    {
        let home = home();
        let out = said(home.path(), &["--provider", "demo"], &format!("{TOTAL}\n{answer}\n"));
        assert_eq!(out.contains("Tool calculate_total running"), is_run, "{answer:?}: {out}");
        assert_eq!(out.contains("Tool calculate_total was not run."), !is_run, "{answer:?}: {out}");
    }
    // The end of the input allows nothing, and a question is kept for later.
    let ended = said(home().path(), &["--provider", "demo"], &format!("{TOTAL}\n"));
    assert!(ended.contains("Tool calculate_total was not run."), "{ended}");
    let kept = said(home().path(), &["--provider", "demo"], &format!("{TOTAL}\nHow do I care for boots?\nn\n"));
    assert!(kept.contains("Next question: How do I care for boots?"), "{kept}");
}

#[test]
fn commands_are_told_apart_from_questions() {
    let home = home();
    let lines = "/quti\n/wire\n/model nothing-like-it\n/model\n\n/again\n/chats\n\"\"\"\nWhat gear do I need\nfor a day hike?\n\"\"\"\n/new\n/chats\n1\n/help\n";
    insta::assert_snapshot!("plain_commands", dated(&said(home.path(), &["--provider", "demo"], lines)));
}

/// Without the time of day of saved chats.
fn dated(text: &str) -> String {
    let is_time = |word: &str| {
        let digits = word.replace(|c: char| c.is_ascii_digit(), "");
        digits == "--" || digits == ":,"
    };
    text.lines()
        .map(|line| line.split(' ').filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ") + "\n")
        .collect()
}

#[test]
fn a_failure_is_told_with_what_helps() {
    let home = home();
    let (url, served) = scripted("401 Unauthorized", vec![r#"{"error":{"message":"bad key"}}"#.to_owned()]);
    let out = said(home.path(), &["--api", "openai-chat", "--base-url", &url, "--model", "m"], "hi\n");
    served.join().unwrap();
    assert!(out.contains(" wants a key.\n"), "{out}");
    assert!(out.contains("/again tries again, /model takes another model."), "{out}");
}

#[test]
fn escapes_of_a_model_are_shown_and_never_sent() {
    let home = home();
    let body = chunk("A \u{1b}]52;c;aGk=\u{7} tent.\u{9b}31m\n", None) + &chunk("", Some("stop")) + "data: [DONE]\n\n";
    let (url, served) = scripted("200 OK", vec![body]);
    let out = said(home.path(), &["--api", "openai-chat", "--base-url", &url, "--model", "m"], "hi\n");
    served.join().unwrap();
    assert!(out.contains("A \u{241b}]52;c;aGk=\u{2407} tent.<U+009B>31m"), "{out}");
}

#[test]
fn on_a_terminal_an_answer_is_stopped_gone_on_with_and_followed_by_what_was_typed_meanwhile() {
    let home = home();
    let mut terminal = Terminal::start(home.path(), &["--plain", "--provider", "demo"], &[("RIFFLE_DEMO_RATE", "60")]);
    terminal.wait_for("Question:");
    terminal.ask("What gear do I need for a weekend hike?");
    terminal.wait_for("Heading: Shelter and sleep");
    terminal.send("\u{3}");
    terminal.wait_for("Stopped. What came is kept.");
    terminal.ask("/go-on");
    terminal.wait_for("Heading: Cooking and water");
    terminal.ask("Which tents under $250 are in stock?");
    terminal.wait_for("Queued 1.");
    terminal.wait_for("Next question: Which tents");
    terminal.wait_for("Product: Ridgeline 1P");
    // Both answers are whole.
    terminal.wait_until("the end of both", |_| {
        String::from_utf8_lossy(&terminal.written()).matches("End of the answer").count() == 2
    });
    terminal.send("\u{4}");
    assert_eq!(terminal.end(), 0);
    let written = terminal.written();
    assert!(!written.contains(&0x1b), "{}", String::from_utf8_lossy(&written));
    assert!(String::from_utf8_lossy(&written).contains("riffle --plain --continue goes on."));
}

#[test]
fn on_a_terminal_control_c_twice_quits() {
    let home = home();
    let mut terminal = Terminal::start(home.path(), &["--plain", "--provider", "demo"], &[]);
    terminal.wait_for("Question:");
    terminal.send("\u{3}");
    terminal.wait_for("Control C again quits.");
    terminal.send("\u{3}");
    assert_eq!(terminal.end(), 0);
}

/// A question was asked, and what was said of it so far is heard.
fn asked() -> (Screen, View) {
    let mut screen = Screen::openai(80, 24);
    let mut view = View::new(&screen.model);
    screen.ask("And which?");
    assert_eq!(view.observe(&screen.model), "");
    (screen, view)
}

#[test]
fn silence_is_told_of_each_time_it_has_doubled() {
    let (mut screen, mut view) = asked();
    let mut told = String::new();
    for _ in 0..50 {
        screen.wait(1000);
        told.push_str(&view.observe(&screen.model));
    }
    assert_eq!(told, "Nothing came for 10 s.\nNothing came for 20 s.\nNothing came for 40 s.\n");
    screen.text("The Ridgeline.\n");
    assert_eq!(view.observe(&screen.model), "Answer from gpt-4o-mini:\nThe Ridgeline.\n");
}

#[test]
fn reasoning_waits_and_failures_are_told_once() {
    let (mut screen, mut view) = asked();
    screen.fail(ChatError::new(ErrorKind::RateLimit, "slow down"), false);
    let told = view.observe(&screen.model);
    assert_eq!(told, "OpenAI is busy and asks us to wait.\nNext try in 1 s, 2 of 4.\n");
    screen.wait(200);
    assert_eq!(view.observe(&screen.model), "");
    screen.press("tab enter");
    screen.delta(Delta::Reasoning("The snow load".to_owned()));
    assert_eq!(view.observe(&screen.model), "Thinking.\n");
    screen.delta(Delta::Reasoning(" counts.".to_owned()));
    assert_eq!(view.observe(&screen.model), "");
    screen.text("Half an");
    screen.fail(ChatError::new(ErrorKind::Network, "reset"), true);
    assert_eq!(
        view.observe(&screen.model),
        "Answer from gpt-4o-mini:\nHalf an\nThe connection broke. This answer is not complete; all that came is kept.\n\
         /go-on goes on, /again asks again.\n"
    );
    assert_eq!(view.observe(&screen.model), "");
}

#[test]
fn an_answer_whose_end_brings_the_next_question_is_told_to_its_end() {
    let (mut screen, mut view) = asked();
    screen.ask("And why?");
    view.observe(&screen.model);
    screen.text("The Ridgeline, it is");
    view.observe(&screen.model);
    screen.text(" lighter");
    screen.end(Finish::Stop);
    assert_eq!(
        view.observe(&screen.model),
        "The Ridgeline, it is lighter\nEnd of the answer, 58 tokens, 1.4 s.\nNext question: And why?\n"
    );
}

#[test]
fn a_signal_ends_it_and_keeps_what_came() {
    let home = home();
    let mut terminal = Terminal::start(home.path(), &["--plain", "--provider", "demo"], &[("RIFFLE_DEMO_RATE", "60")]);
    terminal.wait_for("Question:");
    terminal.ask("What gear do I need for a weekend hike?");
    terminal.wait_for("Heading: Shelter and sleep");
    terminal.signal(rustix::process::Signal::TERM);
    assert_eq!(terminal.end(), 143);
    let saved = run(home.path(), &["history", "search", "shelter"]);
    assert!(String::from_utf8(saved.stdout).unwrap().contains("weekend hike"));
}
