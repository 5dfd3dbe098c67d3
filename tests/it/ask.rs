//! `riffle ask` as scripts and other programs see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{BINARY, environment, events, request_body, riffle, run, scripted};
use crate::pty::Terminal;

const COMPARE: &str = "Compare all tents and sleeping bags under $300";

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))
}

#[test]
fn the_answer_goes_to_a_pipe_exactly_and_nothing_else_is_told() {
    let home = home();
    let output = run(home.path(), &["ask", "--provider", "demo", "Which tents under $250 are in stock?"]);
    assert_eq!(output.status.code(), Some(0));
    let answer = text(&output.stdout);
    assert!(answer.contains("| TrailBlazer 2P | P001 | $189.99 |") && !answer.ends_with('\n'), "{answer}");
    assert_eq!(text(&output.stderr), "");
}

/// One answer of a server of its own.
fn answered(content: &str, words: &[&str]) -> std::process::Output {
    let home = home();
    let (url, served) = scripted("200 OK", vec![answer(content)]);
    let words = [&["ask", "--base-url", url.as_str(), "--model", "m"], words].concat();
    let output = run(home.path(), &words);
    served.join().unwrap();
    output
}

fn answer(content: &str) -> String {
    chunk(&json!({ "content": content }), None) + &chunk(&json!({}), Some("stop")) + "data: [DONE]\n\n"
}

#[test]
fn plain_is_the_answer_without_its_marks() {
    let markdown = "## Which\n\nThe **Polar**, see `P004`.\n\n- one\n  - *two*\n\n| Tent | Price |\n|--|--:|\n| A | $1 |\n\n\
                    ```sh\nls **\n```\n";
    let output = answered(markdown, &["--format", "plain", "hi"]);
    let plain = "Heading: Which\n\nThe Polar, see P004.\n\n- one\n  - two\n\nTable with the columns Tent, Price.\n\
                 Tent: A; Price: $1.\n\nCode, sh.\nls **\nEnd of the code.";
    assert_eq!(text(&output.stdout), plain);
    assert_eq!(text(&answered(markdown, &["--format", "markdown", "hi"]).stdout), markdown);
    let json = answered(markdown, &["--json", "hi"]);
    assert_eq!(events(&json).last().unwrap()["text"], markdown);
}

#[test]
fn a_failure_is_told_on_stderr_beside_the_events() {
    let home = home();
    let (url, served) = scripted("200 OK", vec![chunk(&json!({"content": "Half"}), None)]);
    let output = run(home.path(), &["ask", "--json", "--base-url", &url, "--model", "m", "hi"]);
    served.join().unwrap();
    assert_eq!((output.status.code(), &events(&output).last().unwrap()["finish"]), (Some(1), &json!("truncated")));
    assert!(text(&output.stderr).starts_with("riffle: The connection broke."), "{}", text(&output.stderr));
}

#[test]
fn what_goes_on_is_told_on_a_terminal_and_the_answer_goes_where_it_is_sent() {
    let home = home();
    let ask = "$RIFFLE ask --provider demo 'Which tents under $250 are in stock?'";
    let mut terminal = Terminal::shell(home.path(), &format!("{ask} > answer.md"));
    assert_eq!(terminal.end(), 0);
    let seen = terminal.text();
    assert!(seen.contains("search_products {") && seen.contains("search_products done"), "{seen}");
    assert!(!seen.contains("TrailBlazer"), "{seen}");
    let written = std::fs::read_to_string(home.path().join("answer.md")).unwrap();
    assert!(written.contains("| TrailBlazer 2P |") && !written.ends_with('\n'), "{written}");
    let mut terminal = Terminal::shell(home.path(), &format!("{ask} 2> told; printf '<end>'"));
    assert_eq!(terminal.end(), 0);
    assert!(terminal.text().lines().any(|line| line == "<end>"), "{}", terminal.text());
    assert_eq!(std::fs::read_to_string(home.path().join("told")).unwrap(), "");
}

#[test]
fn a_silent_pipe_is_told_of_on_a_terminal_only() {
    let home = home();
    let ask = "mkfifo pipe; $RIFFLE ask --no-save --provider demo hello < pipe";
    let mut terminal = Terminal::shell(home.path(), ask);
    let pipe = std::fs::OpenOptions::new();
    while !home.path().join("pipe").exists() {
        std::thread::yield_now();
    }
    let held = pipe.clone().write(true).open(home.path().join("pipe")).unwrap();
    terminal.wait_for("riffle waits for the end of its standard input; --no-stdin does without it.");
    drop(held);
    assert_eq!(terminal.end(), 0);
    assert!(terminal.text().contains("outdoor shop"), "{}", terminal.text());
}

/// Asks a server that says two lines and then nothing until it is left; the reader leaves after the first. Gives the exit
/// status and stderr.
fn left_after_a_line(line: &str) -> (Option<i32>, String) {
    let home = home();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        request_body(&mut socket);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let said = head.to_owned() + &chunk(&json!({"content": "one\ntwo\n"}), None);
        socket.write_all(said.as_bytes()).unwrap();
        // Ends with the connection, or with an error when it was reset.
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let words = ["-c", line, "sh", "ask", "--base-url", &url, "--model", "m", "hi"];
    let mut child = std::process::Command::new("sh")
        .env_clear()
        .envs(environment(home.path()))
        .env("RIFFLE", BINARY)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::with_capacity(1, child.stdout.take().unwrap()).lines();
    let is_read = lines.map_while(Result::ok).any(|line| line.contains("one"));
    let output = child.wait_with_output().unwrap();
    assert!(is_read, "{output:?}");
    served.join().unwrap();
    (output.status.code(), text(&output.stderr))
}

#[test]
fn a_reader_that_has_enough_ends_it_while_the_model_is_silent() {
    for options in ["", "2>&-", "--format plain", "--json"] {
        let left = left_after_a_line(&format!("exec $RIFFLE \"$@\" {options}"));
        assert_eq!(left, (Some(0), String::new()), "{options}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let home = home();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = riffle(home.path(), &["ask", "--provider", "demo", "hello"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("riffle: the answer cannot be written: No space left"), "{output:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_pipe_that_does_not_block_is_given_all_of_it() {
    let home = home();
    let long = "0123456789".repeat(40_000);
    let (url, served) = scripted("200 OK", vec![answer(&long)]);
    let (mut from, into) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&into, rustix::fs::OFlags::NONBLOCK).unwrap();
    let words = ["ask", "--base-url", &url, "--model", "m", "hi"];
    let mut command = riffle(home.path(), &words);
    let mut child = command.stdout(into).spawn().unwrap();
    // The command keeps the other end open.
    drop(command);
    // Nobody reads before the pipe is full.
    while rustix::io::ioctl_fionread(&from).unwrap() < 60_000 {
        std::thread::yield_now();
    }
    let mut read = String::new();
    from.read_to_string(&mut read).unwrap();
    assert_eq!((child.wait().unwrap().code(), read.len()), (Some(0), long.len()));
    served.join().unwrap();
}

#[test]
fn standard_input_is_an_image_too_and_what_cannot_be_sent_is_refused() {
    let home = home();
    let path = home.path().join("input");
    let given = |bytes: &[u8], words: &[&str]| {
        std::fs::write(&path, bytes).unwrap();
        let input = std::fs::File::open(&path).unwrap();
        riffle(home.path(), words).stdin(input).output().unwrap()
    };
    let (url, served) = scripted("200 OK", vec![answer("ok"), answer("ok"), answer("ok")]);
    let ask = |more: &[&'static str]| [&["ask", "--base-url", url.as_str(), "--model", "m"], more].concat();
    given(b"GIF89a", &ask(&["What is it?"]));
    given(b"Why?\n", &ask(&["-"]));
    given(b"caf\xe9\n", &ask(&["Which encoding?"]));
    let served = served.join().unwrap();
    let sent = |at: usize| served[at]["messages"][0]["content"].clone();
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}});
    assert_eq!(sent(0), json!([image, {"type": "text", "text": "What is it?"}]));
    assert_eq!((sent(1), sent(2)), (json!("Why?"), json!("Which encoding?\n\ncaf\u{fffd}")));
    for (bytes, why) in [(&b"\x7fELF\0\0"[..], "neither text nor an image"), (b"%PDF-1.7", "a PDF cannot be sent")] {
        let refused = given(bytes, &["ask", "--provider", "demo", "hi"]);
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0));
        assert!(text(&refused.stderr).contains(why), "{}", text(&refused.stderr));
    }
}

#[test]
#[cfg(unix)]
fn input_without_an_end_is_refused() {
    let home = home();
    let zeros = std::fs::File::open("/dev/zero").unwrap();
    let output = riffle(home.path(), &["ask", "--provider", "demo", "hi"]).stdin(zeros).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("larger than 20 MiB"), "{}", text(&output.stderr));
}

#[test]
fn json_lines_begin_with_start_and_end_with_exactly_one_done() {
    let home = home();
    let output = run(home.path(), &["ask", "--json", "--provider", "demo", COMPARE]);
    let events = events(&output);
    assert_eq!(events[0]["type"], "start");
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "done").count(), 1);
    let done = events.last().unwrap();
    assert_eq!((&done["type"], &done["finish"], &done["rounds"]), (&json!("done"), &json!("stop"), &json!(2)));
    let calls: Vec<&Value> = events.iter().filter(|event| event["type"] == "tool_call").collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["arguments"], json!({"category": "tent", "max_price": 300}));
    let after_calls = kinds.iter().rposition(|kind| *kind == "tool_result").unwrap();
    let streamed: String =
        events[after_calls..].iter().filter_map(|e| e["delta"].as_str().filter(|_| e["type"] == "text")).collect();
    assert_eq!(json!(streamed), done["text"]);
}

#[test]
fn tools_of_a_file_run_and_their_results_go_back() {
    let home = home();
    let tools = home.path().join("tools.json");
    std::fs::write(&tools, r#"{"stock": {"description": "d", "parameters": {"type": "object"}, "result": "12 left"}}"#)
        .unwrap();
    let call = json!({"tool_calls": [{"index": 0, "id": "call_a", "function": {"name": "stock", "arguments": "{}"}}]});
    let first = chunk(&call, None) + &chunk(&json!({}), Some("tool_calls")) + "data: [DONE]\n\n";
    let second = chunk(&json!({"content": "Twelve."}), None) + &chunk(&json!({}), Some("stop")) + "data: [DONE]\n\n";
    let (url, served) = scripted("200 OK", vec![first, second]);
    let tools = tools.display().to_string();
    let words =
        ["ask", "--api", "openai-chat", "--base-url", &url, "--model", "m", "--tools-file", &tools, "How many?"];
    let output = run(home.path(), &words);
    assert_eq!(text(&output.stdout), "Twelve.");
    let asked = served.join().unwrap();
    let messages = asked[1]["messages"].as_array().unwrap();
    assert_eq!(messages[1]["tool_calls"][0]["id"], "call_a");
    assert_eq!((&messages[2]["tool_call_id"], &messages[2]["content"]), (&json!("call_a"), &json!("12 left")));
}

#[test]
fn at_the_round_limit_calls_are_reported_and_not_run() {
    let home = home();
    let output = run(home.path(), &["ask", "--json", "--max-rounds", "1", "--provider", "demo", COMPARE]);
    assert_eq!(output.status.code(), Some(0));
    let events = events(&output);
    assert!(events.iter().all(|event| event["type"] != "tool_result"));
    let done = events.last().unwrap();
    assert_eq!((&done["finish"], done["tool_calls"].as_array().unwrap().len()), (&json!("tool_calls"), 2));
}

#[test]
fn a_refused_key_is_exit_1_with_its_kind() {
    let home = home();
    let (url, served) = scripted("401 Unauthorized", vec![r#"{"error":{"message":"bad key"}}"#.to_owned()]);
    let output = run(home.path(), &["ask", "--json", "--api", "openai-chat", "--base-url", &url, "--model", "m", "hi"]);
    served.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let events = events(&output);
    let done = events.last().unwrap();
    assert_eq!((&done["error"]["kind"], &done["error"]["status"]), (&json!("auth"), &json!(401)));
}

#[test]
fn wrong_words_are_exit_2_with_a_sentence() {
    let home = home();
    for words in [
        &["ask", "--frobnicate", "x"][..],
        &["ask", "--api", "gopher", "--base-url", "http://127.0.0.1:1", "x"],
        &["ask", "--provider", "nobody", "x"],
        &["ask"],
        &["ask", "--json", "--format", "plain", "x"],
        &["ask", "--format", "html", "x"],
        &["ask", "--json", "--record", "/no/such/folder/x.rec", "x"],
        &["ask", "--attach", "/no/such/file", "x"],
        &["--resume", "nothing-like-it"],
    ] {
        let output = run(home.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{words:?}");
    }
}

#[test]
fn a_broken_configuration_is_reported_with_its_place() {
    let home = home();
    let config = home.path().join("bad.toml");
    std::fs::write(&config, "[chat]\nmax_rounds = \"many\"\n").unwrap();
    let output = run(home.path(), &["ask", "--config", &config.display().to_string(), "hi"]);
    assert_eq!(output.status.code(), Some(2));
    let report = text(&output.stderr);
    assert!(report.contains("bad.toml:2:") && report.contains("max_rounds"), "{report}");
}

#[test]
fn without_saving_no_history_is_written() {
    let home = home();
    let data = home.path().join("chats");
    let folder = data.display().to_string();
    run(home.path(), &["ask", "--data-dir", &folder, "--no-save", "--provider", "demo", "hello"]);
    assert!(!data.exists());
    run(home.path(), &["ask", "--data-dir", &folder, "--provider", "demo", "hello"]);
    assert!(data.join("history.db").exists());
}

#[test]
fn a_chat_is_continued_with_what_was_said_in_it() {
    let home = home();
    run(home.path(), &["ask", "--provider", "demo", "Tell me about P004"]);
    let output = run(home.path(), &["ask", "--continue", "--json", "--provider", "demo", "What does the Polar weigh?"]);
    let events = events(&output);
    assert_eq!(events.iter().find(|e| e["type"] == "tool_call").unwrap()["arguments"], json!({"product_id": "P004"}));
}

#[test]
fn a_chat_is_continued_with_whom_it_was_held() {
    let home = home();
    let answer = chunk(&json!({"content": "ok"}), Some("stop")) + "data: [DONE]\n\n";
    let (url, served) = scripted("200 OK", vec![answer.clone(), answer]);
    let provider = |name: &str, base: &str| format!("[providers.{name}]\nbase_url = \"{base}\"\nmodel = \"tiny\"\n");
    let file = home.path().join("config.toml");
    std::fs::write(&file, provider("another", "http://127.0.0.1:9/v1") + &provider("mine", &url)).unwrap();
    let file = file.display().to_string();
    run(home.path(), &["ask", "--config", &file, "--provider", "mine", "hello"]);
    let output = run(home.path(), &["ask", "--config", &file, "--continue", "and now?"]);
    assert_eq!(text(&output.stdout), "ok");
    assert_eq!(served.join().unwrap().len(), 2);
}

#[test]
fn a_history_that_cannot_be_written_is_exit_3_and_the_answer_is_still_given() {
    let home = home();
    let file = home.path().join("not-a-folder");
    std::fs::write(&file, "x").unwrap();
    let output = run(home.path(), &["ask", "--data-dir", &file.display().to_string(), "--provider", "demo", "hello"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).contains("outdoor shop"));
    assert!(text(&output.stderr).contains("not saved"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "x");
}

#[test]
fn standard_input_is_the_question_or_comes_after_it() {
    let home = home();
    for (words, question) in [(&["Tell me about"][..], "Tell me about\n\nP004"), (&[], "P004")] {
        let body = chunk(&json!({"content": "ok"}), Some("stop")) + "data: [DONE]\n\n";
        let (url, served) = scripted("200 OK", vec![body]);
        let mut all = vec!["ask", "--api", "openai-chat", "--base-url", &url, "--model", "m"];
        all.extend(words);
        let mut child = riffle(home.path(), &all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"P004\n").unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(served.join().unwrap()[0]["messages"][0]["content"], question);
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let home = home();
    let mut child = riffle(home.path(), &["ask", "--provider", "demo", "What gear do I need for a weekend hike?"])
        .env("RIFFLE_DEMO_RATE", "200")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn the_full_screen_without_a_terminal_is_a_sentence_and_exit_2() {
    let home = home();
    let output = run(home.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("terminal") && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn the_example_configuration_is_accepted_and_the_keys_are_printed() {
    let home = home();
    let example = run(home.path(), &["config", "example"]);
    let path = home.path().join("config.toml");
    std::fs::write(&path, &example.stdout).unwrap();
    let check = run(home.path(), &["--config", &path.display().to_string(), "config", "check"]);
    assert_eq!(check.status.code(), Some(0), "{}", text(&check.stderr));
    assert!(text(&check.stdout).contains("max_rounds"));
    assert!(text(&run(home.path(), &["keys"]).stdout).contains("Ctrl+S"));
}

#[test]
fn models_are_listed_once_a_day_and_a_silent_provider_is_a_sentence() {
    let home = home();
    let list = json!({"data": [{"id": "small"}, {"id": "large\u{1b}[31m"}]}).to_string();
    let (url, served) = scripted("200 OK", vec![list]);
    let ask = |more: &[&str]| {
        let words = [&["models", "--base-url", url.as_str()], more].concat();
        let output = run(home.path(), &words);
        (output.status.code(), text(&output.stdout))
    };
    let name = url.trim_start_matches("http://").trim_end_matches("/v1");
    let listed = format!("{name}\n  small\n  large␛[31m\n");
    assert_eq!(ask(&[]), (Some(0), listed.clone()));
    served.join().unwrap();
    assert_eq!(ask(&[]), (Some(0), listed), "nobody answers any more");
    let (status, words) = ask(&["--refresh"]);
    assert!(status == Some(1) && words.contains(name) && words.lines().count() == 1, "{words}");
    let all = run(home.path(), &["models"]);
    assert!(text(&all.stdout).contains("anthropic    not connected: set ANTHROPIC_API_KEY"), "{}", text(&all.stdout));
    assert_eq!(run(home.path(), &["models", "nobody"]).status.code(), Some(2));
}

#[test]
fn attached_files_go_with_the_question_and_stay_in_the_chat() {
    let home = home();
    let at = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let (image, notes) = (at("tent.gif", b"GIF89a"), at("notes.md", b"```\ncode\n```\n"));
    let body = || chunk(&json!({"content": "ok"}), Some("stop")) + "data: [DONE]\n\n";
    let (url, served) = scripted("200 OK", vec![body(), body()]);
    let asked = |words: &[&str]| {
        let words = [&["ask", "--base-url", url.as_str(), "--model", "m"], words].concat();
        assert_eq!(run(home.path(), &words).status.code(), Some(0));
    };
    asked(&["--attach", &image, "--attach", &notes, "What is it?"]);
    asked(&["--continue", "And now?"]);
    let served = served.join().unwrap();
    let first = json!([
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh"}},
        {"type": "text", "text": "What is it?\n\nnotes.md:\n````\n```\ncode\n```\n````"}
    ]);
    assert_eq!(served[0]["messages"][0]["content"], first);
    assert_eq!(served[1]["messages"][0]["content"], first);
    let pdf = at("x.pdf", b"%PDF\0\xff");
    let refused = run(home.path(), &["ask", "--attach", &pdf, "--provider", "demo", "hi"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("x.pdf cannot be attached: it is neither text nor an image"));
}

#[test]
fn a_provider_without_its_key_is_not_asked_in_vain() {
    let home = home();
    let output = run(home.path(), &["ask", "--provider", "openai", "hi"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "riffle: OpenAI is not connected.\nSet OPENAI_API_KEY and start again.\n");
    let azure = text(&run(home.path(), &["ask", "--provider", "azure", "hi"]).stderr);
    assert!(azure.contains("Set AZURE_OPENAI_ENDPOINT to your resource's address"), "{azure}");
}

#[test]
fn a_key_that_a_server_repeats_is_shown_nowhere() {
    let home = home();
    let words = r#"{"error":{"message":"Incorrect API key provided: sk-CANARY-0123456789"}}"#;
    let (url, served) = scripted("401 Unauthorized", vec![words.to_owned()]);
    let data = home.path().join("chats");
    let folder = data.display().to_string();
    let words =
        ["ask", "--json", "--data-dir", &folder, "--base-url", &url, "--model", "m", "--api-key-env", "MINE", "hi"];
    let output = riffle(home.path(), &words).env("MINE", "sk-CANARY-0123456789").output().unwrap();
    served.join().unwrap();
    let history = std::fs::read(data.join("history.db")).unwrap();
    for bytes in [&output.stdout, &output.stderr, &history] {
        assert!(!String::from_utf8_lossy(bytes).contains("CANARY"), "{}", text(&output.stdout));
    }
    assert!(text(&output.stdout).contains("Incorrect API key provided: ****"));
}
