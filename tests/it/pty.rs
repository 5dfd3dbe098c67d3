//! The real binary on a real pseudo-terminal, read by a terminal emulator. The one place where tests may wait.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::hostile::{escapes, is_foreign};
use crate::program::{BINARY, environment, run, streamed};

const PATIENCE: Duration = Duration::from_secs(20);

fn size_of(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).unwrap()
}

pub struct Terminal {
    screen: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
    master: Box<dyn MasterPty + Send>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    pub fn start(home: &Path, words: &[&str], extra: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(BINARY);
        command.args(words);
        Self::spawn(home, command, extra)
    }

    /// A line for a shell, in which `$RIFFLE` is the program.
    pub fn shell(home: &Path, line: &str) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", line]);
        Self::spawn(home, command, &[("RIFFLE", BINARY)])
    }

    fn spawn(home: &Path, mut command: CommandBuilder, extra: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        for (name, value) in environment(home) {
            command.env(name, value);
        }
        for (name, value) in extra {
            command.env(name, value);
        }
        command.cwd(home);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let screen = Arc::new(Mutex::new((vt100::Parser::new(size_of(40), size_of(120), 0), Vec::new())));
        let mut output = pair.master.try_clone_reader().unwrap();
        let theirs = screen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let mut screen = theirs.lock().unwrap();
                screen.0.process(&bytes[..read]);
                screen.1.extend_from_slice(&bytes[..read]);
            }
        });
        let input = pair.master.take_writer().unwrap();
        Self { screen, master: pair.master, input, child }
    }

    pub fn text(&self) -> String {
        self.screen.lock().unwrap().0.screen().contents()
    }

    pub fn written(&self) -> Vec<u8> {
        self.screen.lock().unwrap().1.clone()
    }

    pub fn wait_until(&self, what: &str, mut is_so: impl FnMut(&str) -> bool) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if is_so(&self.text()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("never: {what}\n{}", self.text());
    }

    pub fn wait_for(&self, words: &str) {
        self.wait_until(words, |screen| screen.contains(words));
    }

    pub fn send(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Types a question and sends it, as a person does.
    pub fn ask(&mut self, question: &str) {
        self.send(question);
        self.wait_for(&question[question.len().saturating_sub(20)..]);
        self.send("\r");
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.process_id().unwrap() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the end; gives the exit status.
    pub fn end(&mut self) -> u32 {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What was written last is still on its way through the terminal.
                std::thread::sleep(Duration::from_millis(50));
                return status.exit_code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("does not end\n{}", self.text());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// Everything the terminal was told to change is changed back.
fn assert_restored(terminal: &Terminal) {
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    for (on, off) in
        [("\u{1b}[?1049h", "\u{1b}[?1049l"), ("\u{1b}[?2004h", "\u{1b}[?2004l"), ("\u{1b}[?25l", "\u{1b}[?25h")]
    {
        assert!(written.rfind(off) > written.rfind(on), "{off:?} does not come last");
    }
}

#[test]
fn a_newcomer_asks_stops_quits_comes_back_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let slow = [("RIFFLE_DEMO_RATE", "60")];
    let mut terminal = Terminal::start(home.path(), &[], &slow);
    terminal.wait_for("This is a demo");
    terminal.ask("Which tents under $250 are in stock?");
    terminal.wait_for("search_products");
    terminal.wait_for("TrailBlazer 2P");
    terminal.send("\u{1b}");
    terminal.wait_for("stopped");
    assert!(terminal.text().contains("TrailBlazer 2P"));
    terminal.send("\u{11}");
    assert_eq!(terminal.end(), 0);
    assert_restored(&terminal);
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    assert!(
        written.contains("Saved \"Which tents under $250 are in stock?\". riffle --continue goes on."),
        "{written:?}"
    );

    let mut again = Terminal::start(home.path(), &[], &[]);
    again.wait_for("This is a demo");
    again.send("\u{13}");
    again.wait_for("Saved chats");
    again.wait_for("Which tents under $250");
    again.send("\r");
    again.wait_for("stopped");
    again.ask("Explain the three layers");
    again.wait_for("Start cold.");
    again.send("\u{11}");
    assert_eq!(again.end(), 0);

    let mut third = Terminal::start(home.path(), &["--continue"], &[]);
    third.wait_for("Start cold.");
    third.send("\u{4}");
    assert_eq!(third.end(), 0);
}

#[test]
fn a_total_asks_and_y_adds_it_up() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[]);
    terminal.wait_for("This is a demo");
    terminal.ask("What do P001 and P007 cost together with 10 percent off?");
    terminal.wait_for("May calculate_total run?");
    // The card hears its letters after half a second of quiet.
    std::thread::sleep(Duration::from_millis(700));
    terminal.send("y");
    terminal.wait_for("The total is $314.09.");
}

#[test]
fn the_raw_stream_of_an_answer_is_shown_saved_and_replayed() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[]);
    terminal.wait_for("This is a demo");
    terminal.ask("Which tents under $250 are in stock?");
    terminal.wait_for("TrailBlazer 2P");
    terminal.send("\u{18}w");
    terminal.wait_for("2 of 2");
    terminal.wait_for("Ended: stop");
    terminal.send("[");
    terminal.wait_for("Ended: tool_calls");
    terminal.send("s");
    terminal.wait_for("Saved as ~/data/riffle/wire-");
    let folder = std::fs::read_dir(home.path().join("data/riffle")).unwrap();
    let saved = folder.flatten().find(|entry| entry.file_name().to_string_lossy().starts_with("wire-")).unwrap().path();
    let replayed = run(home.path(), &["replay", "--speed", "0", saved.to_str().unwrap()]);
    let shown = String::from_utf8(replayed.stdout).unwrap();
    assert!(shown.contains("tool call 0 id") && shown.contains("Ended: tool_calls"), "{shown}");
    terminal.send("\u{11}");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn killed_in_mid_answer_the_text_is_there_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[("RIFFLE_DEMO_RATE", "60")]);
    terminal.wait_for("This is a demo");
    terminal.ask("What gear do I need for a weekend hike?");
    terminal.wait_for("Shelter and sleep");
    // On the screen for a quarter of a second is on the disk.
    std::thread::sleep(Duration::from_millis(300));
    terminal.signal(rustix::process::Signal::KILL);
    terminal.end();
    let again = Terminal::start(home.path(), &["--continue"], &[]);
    again.wait_for("Shelter and sleep");
    again.wait_for("interrupted");
}

#[test]
fn a_resize_draws_everything_for_the_new_size() {
    let home = tempfile::tempdir().unwrap();
    let terminal = Terminal::start(home.path(), &[], &[]);
    terminal.wait_for("Each call shows here");
    terminal.screen.lock().unwrap().0.screen_mut().set_size(size_of(24), size_of(80));
    terminal.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    terminal.wait_for("3 tools ready");
    assert!(!terminal.text().contains("Each call shows here"));
}

#[test]
fn a_signal_ends_it_with_the_terminal_restored() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[]);
    terminal.wait_for("This is a demo");
    let start = Instant::now();
    terminal.signal(rustix::process::Signal::TERM);
    assert_eq!(terminal.end(), 143);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_restored(&terminal);
}

#[test]
fn an_idle_screen_writes_nothing_and_no_string_sequence_follows_the_first_frame() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[("NO_COLOR", "1")]);
    terminal.wait_for("This is a demo");
    terminal.ask("hello");
    terminal.wait_for("outdoor shop");
    terminal.wait_until("the answer's end", |screen| screen.contains("outdoor-demo"));
    std::thread::sleep(Duration::from_millis(300));
    let before = terminal.written().len();
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(terminal.written().len(), before);
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    let first_frame = written.find("riffle").unwrap();
    for opener in ["\u{1b}]", "\u{1b}P", "\u{1b}_", "\u{1b}^"] {
        assert!(!written[first_frame..].contains(opener), "{opener:?}");
    }
    for colour in 31..=36 {
        assert!(!written.contains(&format!("\u{1b}[{colour}m")) && !written.contains(&format!(";{colour}m")));
    }
}

#[test]
fn an_answer_is_found_asked_again_compared_forked_deleted_by_accident_and_brought_back() {
    let home = tempfile::tempdir().unwrap();
    for question in ["Which tents under $250 are in stock?", "What gear do I need for a weekend hike?"] {
        run(home.path(), &["ask", question]);
    }
    let mut terminal = Terminal::start(home.path(), &[], &[]);
    terminal.wait_for("Type a question");
    terminal.send("\x13");
    terminal.wait_for("2 of 2");
    terminal.send("featherlite");
    terminal.wait_for("1 of 2");
    terminal.send("\r");
    terminal.wait_for("back to the search");
    terminal.wait_for("Featherlite Tarp");
    terminal.send("\t");
    terminal.wait_for("r ask again");
    for _ in 0..2 {
        terminal.send("r");
        // Two letters right after each other would be typing.
        std::thread::sleep(Duration::from_millis(300));
    }
    terminal.wait_for("2 of 2");
    terminal.send("\t");
    terminal.wait_for("versions");
    terminal.send("\x1b[D");
    terminal.wait_for("1 of 2");
    terminal.send("v");
    terminal.wait_for("Version 1 and version 2 of 2");
    terminal.send("\x1b");
    terminal.wait_for("1 of 2");
    terminal.send("f");
    terminal.wait_for("A new chat from here on");
    terminal.send("\x13");
    terminal.wait_for("3 of 3");
    terminal.send("\t");
    std::thread::sleep(Duration::from_millis(300));
    terminal.send("d");
    terminal.wait_for("u brings it back.");
    terminal.wait_for("2 of 2");
    terminal.send("u");
    terminal.wait_for("is back.");
    terminal.wait_for("3 of 3");
    terminal.send("x");
    terminal.wait_for("Exported to ~/Which-tents-under-250-are-in-stock.md.");
    let written = std::fs::read_to_string(home.path().join("Which-tents-under-250-are-in-stock.md")).unwrap();
    assert!(written.contains("Featherlite Tarp"), "{written}");
    terminal.send("\x11");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_draft_and_a_queued_question_survive_kill_9() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[]);
    terminal.wait_for("Type a question");
    terminal.send("half a thought");
    terminal.wait_for("half a thought");
    std::thread::sleep(Duration::from_millis(900));
    terminal.signal(rustix::process::Signal::KILL);
    terminal.end();
    let mut terminal = Terminal::start(home.path(), &[], &[("RIFFLE_DEMO_RATE", "10")]);
    terminal.wait_for("Your draft is back.");
    terminal.send("\x15");
    terminal.ask("What gear do I need for a weekend hike?");
    terminal.wait_for("Esc stop");
    terminal.ask("And which tents are in stock?");
    terminal.wait_for("Queued 1.");
    std::thread::sleep(Duration::from_millis(900));
    terminal.signal(rustix::process::Signal::KILL);
    terminal.end();
    let mut terminal = Terminal::start(home.path(), &["--continue"], &[]);
    terminal.wait_for("1 queued   Enter sends it");
    terminal.wait_for("interrupted");
    terminal.send("\r");
    terminal.wait_for("› And which tents are in stock?");
    terminal.send("\x11");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn what_was_searched_is_marked_and_escapes_are_shown() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("chat.json");
    let chat = r#"{"id": "evil", "title": "x\u001b[31mred", "messages": [{"id": "q", "role": "user", "text": "find \u001b[2J tents here"}]}"#;
    std::fs::write(&file, chat).unwrap();
    assert!(run(home.path(), &["history", "import", &file.display().to_string()]).status.success());
    for (words, said) in [
        (&["history", "search", "tents"][..], "find ␛[2J \u{1b}[1;4mtents\u{1b}[0m here"),
        (&["history", "show", "evil"], "find ␛[2J tents here"),
        (&["history", "show", "evil", "--format", "markdown"], "find ␛[2J tents here"),
        (&["history", "list"], "x␛[31mred"),
    ] {
        let mut terminal = Terminal::start(home.path(), words, &[]);
        let shown = terminal.screen.clone();
        let written = move || String::from_utf8_lossy(&shown.lock().unwrap().1).into_owned();
        terminal.wait_until(said, |_| written().contains(said));
        terminal.child.wait().unwrap();
    }
}

/// The text of the last OSC 52 that the terminal was sent.
fn copied(terminal: &Terminal) -> Option<String> {
    use base64::Engine as _;
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    let (_, rest) = written.rsplit_once("\u{1b}]52;c;")?;
    let (body, _) = rest.split_once('\u{7}')?;
    let text = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    Some(String::from_utf8(text).unwrap())
}

#[test]
fn a_copy_goes_through_the_terminal_between_two_frames_and_only_on_a_key() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[("RIFFLE_DEMO_RATE", "0"), ("SSH_TTY", "/dev/pts/9")]);
    terminal.wait_for("This is a demo");
    terminal.ask("What gear do I need for a weekend hike?");
    terminal.wait_for("outdoor-demo   ");
    assert_eq!(copied(&terminal), None);
    terminal.send("\u{18}y");
    terminal.wait_for("through the terminal.");
    let text = copied(&terminal).unwrap();
    assert!(text.contains("```\npacking order") && text.contains("\n### On the way\n"), "{text}");
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    let before = &written[..written.find("\u{1b}]52;").unwrap()];
    assert_eq!(before.matches("\u{1b}[?2026h").count(), before.matches("\u{1b}[?2026l").count());
    terminal.send("\u{11}");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn where_the_terminal_has_no_clipboard_a_private_file_takes_the_copy() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let runtime = home.path().join("run");
    std::fs::create_dir(&runtime).unwrap();
    let variables = [("RIFFLE_DEMO_RATE", "0"), ("TERM", "linux"), ("XDG_RUNTIME_DIR", runtime.to_str().unwrap())];
    let mut terminal = Terminal::start(home.path(), &[], &variables);
    terminal.wait_for("This is a demo");
    terminal.ask("What gear do I need for a weekend hike?");
    terminal.wait_for("outdoor-demo   ");
    terminal.send("\u{18}y");
    terminal.wait_for("copied.txt");
    let path = runtime.join("riffle/copied.txt");
    assert!(std::fs::read_to_string(&path).unwrap().contains("```"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(copied(&terminal), None);
    terminal.send("\u{11}");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_mouse_is_reported_only_where_it_was_asked_for_and_given_back_at_the_end() {
    let home = tempfile::tempdir().unwrap();
    let mut off = Terminal::start(home.path(), &[], &[]);
    off.wait_for("This is a demo");
    off.send("\u{11}");
    assert_eq!(off.end(), 0);
    assert!(!String::from_utf8_lossy(&off.written()).contains("\u{1b}[?100"));

    let config = home.path().join("config/riffle");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "[ui]\nmouse = \"full\"\n").unwrap();
    let mut terminal = Terminal::start(home.path(), &[], &[("SSH_TTY", "/dev/pts/9")]);
    terminal.wait_for("This is a demo");
    terminal.ask("What gear do I need for a weekend hike?");
    terminal.wait_for("outdoor-demo   ");
    // A drag over a word, and none of its bytes is typed.
    let row = terminal.text().lines().position(|line| line.starts_with("   Twelve kilograms")).unwrap() + 1;
    terminal.send(&format!("\u{1b}[<0;4;{row}M\u{1b}[<32;9;{row}M\u{1b}[<0;9;{row}m"));
    terminal.wait_for("Copied the selection");
    assert_eq!(copied(&terminal).as_deref(), Some("Twelve"));
    assert!(!terminal.text().contains("[<"));
    terminal.send("\u{1b}[<64;9;20M");
    terminal.send("\u{11}");
    assert_eq!(terminal.end(), 0);
    assert_restored(&terminal);
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    for (on, off) in [("\u{1b}[?1002h", "\u{1b}[?1002l"), ("\u{1b}[?1006h", "\u{1b}[?1006l")] {
        assert!(written.contains(on) && written.rfind(off) > written.rfind(on), "{off:?} does not come last");
    }
}

#[test]
fn the_terminals_answer_about_its_background_chooses_the_colours() {
    for (answer, accent) in [("ffff/ffff/ffff", "\u{1b}[34m"), ("0000/0000/0000", "\u{1b}[36m")] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = Terminal::start(home.path(), &[], &[]);
        terminal.wait_until("the question about the background", |_| {
            String::from_utf8_lossy(&terminal.written()).contains("\u{1b}]11;?")
        });
        terminal.wait_for("This is a demo");
        assert!(!String::from_utf8_lossy(&terminal.written()).contains(accent), "no answer, no accent");
        terminal.send(&format!("\u{1b}]11;rgb:{answer}\u{1b}\\"));
        terminal
            .wait_until("the colour of the prompt", |_| String::from_utf8_lossy(&terminal.written()).contains(accent));
        terminal.send("\u{11}");
        assert_eq!(terminal.end(), 0);
        assert!(!terminal.text().contains("rgb:"), "{}", terminal.text());
    }
}

/// The words that lead to this server.
fn asking(url: &str) -> [&str; 7] {
    ["--api", "openai-chat", "--base-url", url, "--model", "m", "--no-tools"]
}

/// Cells written in a frame: what stands between its control sequences.
fn cells(frame: &str) -> usize {
    let mut rest = frame.chars();
    let mut count = 0;
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            rest.by_ref().skip(1).find(|c| ('@'..='~').contains(c));
        } else {
            count += 1;
        }
    }
    count
}

#[test]
fn a_token_costs_few_bytes_and_few_cells_also_where_the_panel_is_open_and_rows_scroll() {
    let home = tempfile::tempdir().unwrap();
    // Enough lines to fill the screen and scroll it.
    let tokens = |number: usize| {
        ["- tent ", "number ", "holds ", if number.is_multiple_of(7) { "well.\n\n" } else { "well.\n" }]
    };
    let tokens: Vec<String> = (0..60).flat_map(tokens).map(str::to_owned).chain(["Over.".to_owned()]).collect();
    let count = tokens.len();
    let (url, served) = streamed(tokens, Duration::from_millis(20));
    let mut terminal = Terminal::start(home.path(), &asking(&url), &[]);
    terminal.wait_for("Tools");
    terminal.ask("Which tents hold well?");
    terminal.wait_for("tent number");
    let begin = terminal.written().len();
    terminal.wait_for("Over.");
    let written = String::from_utf8_lossy(&terminal.written()[begin..]).into_owned();
    served.join().unwrap();
    assert!(terminal.text().contains("Tools"), "the panel is open");
    assert!(written.contains('S'), "rows were scrolled by the terminal");
    assert!(written.len() / count <= 400, "{} bytes a token", written.len() / count);
    let most = written.split("\u{1b}[?2026h").map(cells).max().unwrap();
    assert!(most <= 120 * 40 / 4, "{most} cells in a frame");
}

#[test]
fn escapes_in_an_answer_are_shown_by_ask_and_kept_as_they_came() {
    let home = tempfile::tempdir().unwrap();
    let said = escapes();
    let pieces = said.as_bytes().chunks(700).map(<[u8]>::len);
    let mut cut = 0;
    let pieces = pieces.map(|length| {
        let from = said.floor_char_boundary(cut);
        cut += length;
        said[from..said.floor_char_boundary(cut)].to_owned()
    });
    let (url, served) = streamed(pieces.collect(), Duration::ZERO);
    let words = [&["ask"][..], &asking(&url), &["hi"]].concat();
    let mut terminal = Terminal::start(home.path(), &words, &[]);
    assert_eq!(terminal.end(), 0);
    served.join().unwrap();
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    let foreign: Vec<char> = written.chars().filter(|c| is_foreign(*c) && *c != '\r').collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(written.contains('\u{241b}') && written.contains("<U+202E>"));
    let exported = run(home.path(), &["history", "export", "--all", "--format", "json"]);
    let exported: serde_json::Value = serde_json::from_slice(&exported.stdout).unwrap();
    let kept = exported.pointer("/chats/0/messages/1/text").and_then(serde_json::Value::as_str);
    assert_eq!(kept, Some(said.as_str()));
}
