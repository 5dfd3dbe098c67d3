//! `--record` and `riffle replay`: what came is kept with its times, and reads the same again.

use serde_json::{Value, json};

use crate::program::run;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_recording_shows_each_event_with_what_was_read_from_it_and_becomes_a_test_case() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("one.rec");
    let file = place.to_str().unwrap();
    let asked =
        run(home.path(), &["ask", "--provider", "demo", "--record", file, "Which tents under $250 are in stock?"]);
    assert_eq!(asked.status.code(), Some(0), "{}", text(&asked.stderr));
    let shown = text(&run(home.path(), &["replay", "--speed", "0", file]).stdout);
    for words in ["data: {\"", "tool call 0 id", "text \"", "First token after", "Ended: stop", "Ended: tool_calls"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(run(home.path(), &["replay", "--as-case", file]).status.code(), Some(0));
    let case: Value = serde_json::from_slice(&std::fs::read(home.path().join("one-2.json")).unwrap()).unwrap();
    assert_eq!(case["api"], "openai-chat");
    assert!(text(&asked.stdout).ends_with(case["expect"]["text"].as_str().unwrap()));
    assert!(home.path().join("one-1.stream").exists());
    let again = run(home.path(), &["replay", "--as-case", file]);
    assert_eq!(again.status.code(), Some(2), "nothing is overwritten: {}", text(&again.stderr));
}

#[test]
fn what_had_to_be_tolerated_is_said() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("odd.rec");
    let head = json!({"at_us": 900, "head": {"provider": "p", "api": "openai-chat", "model": "m", "status": 200, "headers": {}}});
    let call = json!({"choices": [{"delta": {"tool_calls": {"id": "a", "function": {"name": "look", "arguments": {"b": 1}}}}, "finish_reason": "tool_calls"}]});
    let body = json!({"at_us": 2500, "text": format!("data: PING\n\ndata: {call}\n\n")});
    std::fs::write(&place, format!("{head}\n{body}\n{}\n", json!({"at_us": 3000, "end": null}))).unwrap();
    let shown = text(&run(home.path(), &["replay", "--speed", "0", place.to_str().unwrap()]).stdout);
    insta::assert_snapshot!(shown);
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("no.rec");
    std::fs::write(&place, "{}\n").unwrap();
    let refused = run(home.path(), &["replay", place.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("line 1 is no part of a recording."), "{}", text(&refused.stderr));
}
