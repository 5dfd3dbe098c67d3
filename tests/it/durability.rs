//! The real binary on histories that are damaged, foreign, locked, in the wrong place or without room, and killed in the
//! middle of writing: nothing that was there is lost, and a question is answered in any case.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use riffle::chat::{ConversationId, Entry, EntryBody, EntryState, Head, MessageId, Record, SavedChat};
use riffle::config::retention::Retention;
use riffle::store::{CommittedWhat, Reader, StoreEvent, StoreOptions, Writer, create_schema};
use rusqlite::Connection;
use serde_json::Value;

use crate::program::{BINARY, environment, riffle, run};

/// Bytes of a page of a new history.
const PAGE: usize = 16 * 1024;

fn folder_of(home: &Path) -> PathBuf {
    home.join("data/riffle")
}

fn history_of(home: &Path) -> PathBuf {
    folder_of(home).join("history.db")
}

fn ask(home: &Path) -> Output {
    run(home, &["ask", "--provider", "demo", "hello"])
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn assert_answered(output: &Output, status: i32, what: &str) {
    assert_eq!(output.status.code(), Some(status), "{what}: {}", said(output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("outdoor"), "{what}: {}", said(output));
}

/// Files beside the history whose names go on like this, without logs.
fn beside(home: &Path, end: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder_of(home)).unwrap().flatten().map(|entry| entry.path());
    let is_meant = |path: &PathBuf| {
        let name = path.display().to_string();
        name.contains(&format!("history.db{end}")) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    paths.filter(is_meant).collect()
}

fn rows(home: &Path, what: &str) -> i64 {
    let connection = Connection::open(history_of(home)).unwrap();
    connection.query_row(&format!("select count(*) from {what}"), [], |row| row.get(0)).unwrap()
}

/// A home with a history of so many questions, all of it in the file.
fn home_with_history(questions: usize) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let (writer, _) = open(&folder_of(home.path()));
    for number in 0..questions {
        writer.append(Record::Added(Box::new(chat(&format!("old{number}"), 1))));
    }
    assert!(writer.close(Duration::from_secs(59)));
    home
}

fn open(folder: &Path) -> (Writer, std::sync::mpsc::Receiver<StoreEvent>) {
    let (send, events) = channel();
    let options = StoreOptions { folder: folder.to_owned(), ack_trace: None, retention: Retention::default() };
    (Writer::open(options, Box::new(move |event| drop(send.send(event)))).unwrap(), events)
}

/// A chat of so many questions.
fn chat(id: &str, questions: usize) -> SavedChat {
    let entry = |number: usize| Entry {
        id: MessageId(format!("{id}-{number}")),
        parent: (number > 0).then(|| MessageId(format!("{id}-{}", number - 1))),
        time_ms: 1_700_000_000_000 + number as i64,
        state: EntryState::Complete,
        body: EntryBody::Question(format!("question {number} of {id} {}", "with some words ".repeat(40))),
        attachments: Vec::new(),
    };
    SavedChat {
        id: ConversationId(id.to_owned()),
        title: id.to_owned(),
        provider: "demo".to_owned(),
        model: "outdoor-demo".to_owned(),
        created_ms: 1_700_000_000_000,
        updated_ms: 1_700_000_000_000,
        deleted_ms: None,
        is_pinned: false,
        is_archived: false,
        tags: Vec::new(),
        head: Head::Newest,
        entries: (0..questions).map(entry).collect(),
    }
}

/// The bytes of a history with something in it.
fn history_bytes() -> Vec<u8> {
    let home = home_with_history(40);
    fs::read(history_of(home.path())).unwrap()
}

fn other_program(path: &Path, page_size: u32) {
    let theirs = Connection::open(path).unwrap();
    theirs.pragma_update(None, "page_size", page_size).unwrap();
    theirs
        .execute_batch("create table conversation (a); create table message (b); insert into message values ('theirs')")
        .unwrap();
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn what_is_no_history_is_set_aside_with_its_bytes_and_a_new_one_begins() {
    let real = history_bytes();
    let mut flipped = real.clone();
    flipped[..16].iter_mut().for_each(|byte| *byte ^= 0xff);
    let cases: [(&str, Vec<u8>); 7] = [
        ("noise", noise(64_000)),
        ("text", b"Dear diary, this is not a database.\n".repeat(40)),
        ("100 bytes", real[..100].to_vec()),
        ("flipped header", flipped),
        ("half of it", real[..real.len() / 8192 * 4096].to_vec()),
        ("another program's", {
            let folder = tempfile::tempdir().unwrap();
            other_program(&folder.path().join("a"), 4096);
            fs::read(folder.path().join("a")).unwrap()
        }),
        ("another program's, small pages", {
            let folder = tempfile::tempdir().unwrap();
            other_program(&folder.path().join("a"), 512);
            fs::read(folder.path().join("a")).unwrap()
        }),
    ];
    for (what, bytes) in cases {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder_of(home.path())).unwrap();
        fs::write(history_of(home.path()), &bytes).unwrap();
        let first = ask(home.path());
        assert_answered(&first, 0, what);
        let kept = beside(home.path(), ".damaged-");
        assert_eq!(kept.len(), 1, "{what}: {}", said(&first));
        assert_eq!(fs::read(&kept[0]).unwrap(), bytes, "{what}");
        assert!(said(&first).contains(&kept[0].display().to_string()), "{what}: {}", said(&first));
        let again = ask(home.path());
        assert_answered(&again, 0, what);
        assert_eq!(said(&again), "", "{what}: said once");
        assert!(rows(home.path(), "message where role = 'user'") >= 2, "{what}");
        assert_eq!(beside(home.path(), ".new").len() + beside(home.path(), ".copy").len(), 0, "{what}");
    }
}

#[test]
fn a_history_without_its_end_or_its_first_words_gives_what_is_in_the_rest() {
    let bytes = history_bytes();
    let mut headless = bytes.clone();
    headless[..16].fill(0);
    for (what, bytes, kept) in [("no end", bytes[..bytes.len() - PAGE].to_vec(), 30), ("no first words", headless, 40)]
    {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder_of(home.path())).unwrap();
        fs::write(history_of(home.path()), &bytes).unwrap();
        assert_answered(&ask(home.path()), 0, what);
        assert!(rows(home.path(), "message where id like 'old%'") >= kept, "{what}");
        assert_eq!(fs::read(&beside(home.path(), ".damaged-")[0]).unwrap(), bytes, "{what}");
    }
}

#[test]
fn an_empty_file_and_a_log_of_noise_are_no_damage() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder_of(home.path())).unwrap();
    fs::write(history_of(home.path()), b"").unwrap();
    let output = ask(home.path());
    assert_answered(&output, 0, "empty");
    assert_eq!((said(&output).as_str(), beside(home.path(), ".damaged-").len()), ("", 0));
    let home = home_with_history(3);
    fs::write(folder_of(home.path()).join("history.db-wal"), noise(9000)).unwrap();
    assert_answered(&ask(home.path()), 0, "a log of noise");
    assert_eq!(rows(home.path(), "message where id like 'old%'"), 3);
    assert_eq!(beside(home.path(), ".damaged-").len(), 0);
}

#[test]
fn what_is_no_file_and_what_is_newer_is_left_alone_and_the_answer_comes_unsaved() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(history_of(home.path())).unwrap();
    let output = ask(home.path());
    assert_answered(&output, 3, "a folder");
    assert!(said(&output).contains("not saved: ") && said(&output).contains("it is a folder"), "{}", said(&output));

    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder_of(home.path())).unwrap();
    std::os::unix::fs::symlink(home.path().join("gone.db"), history_of(home.path())).unwrap();
    let output = ask(home.path());
    assert_answered(&output, 3, "a link into nothing");
    assert!(said(&output).contains("which is not there"), "{}", said(&output));
    assert!(!home.path().join("gone.db").exists());

    let home = home_with_history(3);
    Connection::open(history_of(home.path())).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(history_of(home.path())).unwrap();
    let output = ask(home.path());
    assert_answered(&output, 3, "newer");
    assert!(said(&output).contains("a newer riffle"), "{}", said(&output));
    assert_eq!(fs::read(history_of(home.path())).unwrap(), before);
}

#[test]
fn a_link_to_a_history_of_ones_own_is_followed() {
    let elsewhere = home_with_history(3);
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder_of(home.path())).unwrap();
    std::os::unix::fs::symlink(history_of(elsewhere.path()), history_of(home.path())).unwrap();
    assert_answered(&ask(home.path()), 0, "a link");
    assert_eq!(rows(elsewhere.path(), "message where role = 'user'"), 4);
}

/// As somebody who is not root, whom permissions would not stop.
fn as_nobody(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    if rustix::process::geteuid().is_root() {
        command.uid(65_534);
    }
}

#[test]
fn a_folder_or_file_that_may_not_be_written_is_said_and_nothing_pretends_to_be_saved() {
    use std::os::unix::fs::PermissionsExt;
    let set = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    // Somebody else than root must reach the binary.
    let shared = tempfile::tempdir().unwrap();
    set(shared.path(), 0o755);
    let binary = shared.path().join("riffle");
    fs::copy(BINARY, &binary).unwrap();
    for is_folder in [true, false] {
        let home = home_with_history(3);
        let before = fs::read(history_of(home.path())).unwrap();
        for path in [home.path().to_owned(), home.path().join("data"), folder_of(home.path())] {
            set(&path, 0o777);
        }
        set(&folder_of(home.path()), if is_folder { 0o555 } else { 0o777 });
        for entry in fs::read_dir(folder_of(home.path())).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            set(&entry.path(), 0o444);
        }
        let mut command = Command::new(&binary);
        command.env_clear().envs(environment(home.path())).args(["ask", "--provider", "demo", "hello"]);
        command.stdin(Stdio::null()).current_dir(home.path());
        as_nobody(&mut command);
        let output = command.output().unwrap();
        set(&folder_of(home.path()), 0o755);
        assert_answered(&output, 3, "read-only");
        assert!(said(&output).contains("Check the permissions of its folder."), "{}", said(&output));
        assert_eq!(fs::read(history_of(home.path())).unwrap(), before);
        assert_eq!(beside(home.path(), ".damaged-").len(), 0);
    }
}

#[test]
fn a_quota_that_is_used_up_is_a_failed_write_and_no_end() {
    for blocks in [0, 1, 40] {
        let home = home_with_history(30);
        let before = rows(home.path(), "message");
        let mut command = Command::new("sh");
        command.env_clear().envs(environment(home.path())).stdin(Stdio::null());
        let script = format!("ulimit -f {blocks}; exec {BINARY} ask --provider demo hello");
        let output = command.args(["-c", &script]).output().unwrap();
        let status = output.status.code();
        assert!(status == Some(3) || (blocks == 40 && status == Some(0)), "{blocks}: {status:?} {}", said(&output));
        assert!(status == Some(0) || said(&output).contains("not saved: "), "{}", said(&output));
        assert!(rows(home.path(), "message") >= before);
        assert_answered(&ask(home.path()), 0, "with room again");
        assert_eq!(beside(home.path(), ".damaged-").len(), 0, "{blocks}: {}", said(&output));
    }
}

#[test]
fn a_history_that_another_program_holds_for_a_while_is_waited_for_without_a_word() {
    let home = home_with_history(3);
    let other = Connection::open(history_of(home.path())).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let child = riffle(home.path(), &["ask", "--provider", "demo", "hello"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(2));
    other.execute_batch("rollback").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_answered(&output, 0, "held");
    assert_eq!(said(&output), "");
    assert_eq!(rows(home.path(), "message where role = 'user'"), 4);
}

fn check(home: &Path, more: &[&str]) -> (i32, Value) {
    let words = [&["history", "check", "--json"], more].concat();
    let output = run(home, &words);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", said(&output)));
    (output.status.code().unwrap(), value)
}

fn kinds(found: &Value) -> Vec<&str> {
    found["defects"].as_array().unwrap().iter().map(|defect| defect["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_check_finds_what_does_not_hold_together_and_mends_it() {
    let home = home_with_history(5);
    let (status, found) = check(home.path(), &[]);
    assert_eq!((status, kinds(&found), found["messages"].as_i64()), (0, vec![], Some(5)));
    let history = Connection::open(history_of(home.path())).unwrap();
    history
        .execute_batch(
            "pragma foreign_keys = off;
             delete from unindexed;
             insert into search (rowid, text, whole, marks) select seq, 'word', 'word', 'user' from message;
             delete from search where rowid = (select max(seq) from message);
             insert into search (rowid, text, whole, marks) values (7, 'nothing', 'nothing', 'user');
             delete from conversation where id = 'old1';
             update conversation set messages = 9 where id = 'old2';
             update message set state = 'streaming', role = 'assistant' where id = 'old3-0';
             insert into chunk (message_id, kind, text) values ('lost', 'text', 'a lost answer');",
        )
        .unwrap();
    drop(history);
    let before = fs::read(history_of(home.path())).unwrap();
    let (status, found) = check(home.path(), &[]);
    let wrong = ["no_chat", "no_message", "unfinished", "counts", "not_searched", "searched_in_vain"];
    assert_eq!((status, kinds(&found)), (1, wrong.to_vec()));
    assert_eq!(fs::read(history_of(home.path())).unwrap(), before, "looking changes nothing");
    let (status, found) = check(home.path(), &["--repair"]);
    assert_eq!((status, kinds(&found)), (0, vec![]), "{found}");
    assert_eq!(beside(home.path(), ".backup-").len(), 1);
    let reader = Reader::open(&folder_of(home.path())).unwrap();
    assert_eq!(rows(home.path(), "message"), 6);
    let lost = reader.saved(&"recovered".into()).unwrap().unwrap();
    assert_eq!(lost.entries.len(), 1);
    let text = run(home.path(), &["history", "check"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("6 chats, 6 messages") && text.contains("Nothing is wrong with it."), "{text}");
}

#[test]
fn a_check_of_a_damaged_page_says_so_and_mends_it() {
    use std::os::unix::fs::FileExt;
    let home = home_with_history(400);
    let pages = rows(home.path(), "dbstat where name = 'message'");
    assert!(pages > 12);
    let page: i64 = Connection::open(history_of(home.path()))
        .unwrap()
        .query_row(
            "select pageno from dbstat where name = 'message' and pagetype = 'leaf' order by path limit 1 offset 6",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let file = fs::OpenOptions::new().write(true).open(history_of(home.path())).unwrap();
    file.write_all_at(&noise(PAGE), (page.unsigned_abs() - 1) * PAGE as u64).unwrap();
    let before = fs::read(history_of(home.path())).unwrap();
    let (status, found) = check(home.path(), &[]);
    assert_eq!(status, 1);
    assert!(kinds(&found).contains(&"damage"), "{found}");
    let (status, found) = check(home.path(), &["--repair"]);
    assert_eq!((status, kinds(&found)), (0, vec![]), "{found}");
    let kept = beside(home.path(), ".damaged-");
    assert_eq!(fs::read(&kept[0]).unwrap(), before);
    assert!(rows(home.path(), "message") > 350);
}

#[test]
fn a_check_without_a_history_makes_none_and_one_of_another_program_is_exit_3() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(check(home.path(), &[]).0, 0);
    assert_eq!(check(home.path(), &["--repair"]).0, 0);
    assert!(!history_of(home.path()).exists());
    fs::create_dir_all(folder_of(home.path())).unwrap();
    other_program(&history_of(home.path()), 4096);
    assert_eq!(check(home.path(), &[]).0, 3);
}

#[test]
fn ten_programs_ask_at_once_and_each_question_is_stored_once() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_owned();
    let programs: Vec<_> = (0..10)
        .map(|program| {
            let home = path.clone();
            std::thread::spawn(move || {
                for number in 0..4 {
                    let question = format!("question {program}-{number}");
                    let output = run(&home, &["ask", "--provider", "demo", &question]);
                    assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""));
                }
            })
        })
        .collect();
    for program in programs {
        program.join().unwrap();
    }
    assert_eq!(rows(home.path(), "(select distinct body from message where role = 'user')"), 40);
    assert_eq!(rows(home.path(), "message where role = 'user'"), 40);
    assert_eq!(check(home.path(), &[]).0, 0);
}

const FOLDER: &str = "RIFFLE_STORM_FOLDER";
const ROUNDS: &str = "RIFFLE_STORM_ROUNDS";
/// Messages of each chat that is added.
const ADDED: usize = 12;

#[test]
#[ignore = "runs until the test below kills it"]
fn adds_chats_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = PathBuf::from(folder);
    let mut acknowledged = fs::OpenOptions::new().create(true).append(true).open(folder.join("added")).unwrap();
    let (writer, events) = open(&folder);
    for number in 0.. {
        let id = format!("{}-{number}", std::process::id());
        writer.append(Record::Added(Box::new(chat(&id, ADDED))));
        while let Ok(event) =
            if number % 20 == 0 { events.recv().map_err(drop) } else { events.try_recv().map_err(drop) }
        {
            if let StoreEvent::Committed(CommittedWhat::Changed(id)) = event {
                // In one piece: a line that is cut would be joined by the next program's first one.
                acknowledged.write_all(format!("{id}\n").as_bytes()).unwrap();
                if number % 20 == 0 {
                    break;
                }
            }
        }
    }
}

#[test]
fn chats_added_before_a_kill_are_there_whole() {
    let rounds: u64 = std::env::var(ROUNDS).ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    let mut slowest = Duration::ZERO;
    let mut acknowledged = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "durability::adds_chats_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(120 + round * 37 % 400));
        child.kill().unwrap();
        child.wait().unwrap();
        let start = std::time::Instant::now();
        let (writer, events) = open(folder.path());
        assert_eq!(events.recv().unwrap(), StoreEvent::Opened);
        slowest = slowest.max(start.elapsed());
        assert!(writer.close(Duration::from_secs(20)));
        let history = Connection::open(folder.path().join("history.db")).unwrap();
        let sound: String = history.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok", "round {round}");
        let added = fs::read_to_string(folder.path().join("added")).unwrap_or_default();
        // The last line may have been cut.
        let whole = added.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut count = history
            .prepare("select count(*) from message where chat = (select seq from conversation where id = ?1)")
            .unwrap();
        acknowledged = 0;
        for id in whole.lines() {
            let messages: i64 = count.query_row([id], |row| row.get(0)).unwrap();
            assert_eq!(messages, ADDED as i64, "round {round}: {id}");
            acknowledged += 1;
        }
        let cut: i64 = history
            .query_row(
                "select count(*) from conversation where messages <> ?1
                   or messages <> (select count(*) from message where chat = conversation.seq)",
                [ADDED as i64],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(cut, 0, "no chat is there in part");
    }
    println!("{rounds} kills, {acknowledged} chats acknowledged and there, slowest start {slowest:?}");
    assert!(acknowledged > 0);
}

#[test]
fn a_schema_made_by_hand_is_one_the_program_goes_on_with() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder_of(home.path())).unwrap();
    create_schema(&mut Connection::open(history_of(home.path())).unwrap()).unwrap();
    assert_answered(&ask(home.path()), 0, "by hand");
    assert_eq!(check(home.path(), &[]).0, 0);
}

#[test]
fn a_change_is_told_of_only_by_its_own_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    let id = || ConversationId::from("c");
    writer.append(Record::Added(Box::new(chat("c", 2))));
    let added = StoreEvent::Committed(CommittedWhat::Changed(id()));
    while events.recv().unwrap() != added {}
    writer.append(Record::HeadMoved { conversation: id(), head: Head::Start });
    writer.append(Record::Titled { conversation: id(), replaces: "c".to_owned(), title: "d".to_owned() });
    assert!(writer.close(Duration::from_secs(59)));
    // A person who pins or renames the chat meanwhile would be told too early.
    let told: Vec<StoreEvent> = events.try_iter().collect();
    assert_eq!(told, [StoreEvent::Committed(CommittedWhat::HeadMoved(id(), Head::Start))]);
}
