//! The history as its users meet it: records in, rows out. What goes wrong has files of its own.

mod damage;
mod migration;
mod sharing;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::chat::{
    Arguments, ConversationId, Draft, EntryBody, EntryState, Finish, MessageId, NewChat, Record, ToolCall,
};
use crate::config::retention::Retention;

const NOW: Now<'_> = Now { unix_ms: 3000, day_start: &|_| None, date_start: &|_| None };

fn open(folder: &Path) -> (Writer, Receiver<StoreEvent>) {
    let (send, events) = channel();
    let options = StoreOptions {
        folder: folder.to_owned(),
        ack_trace: Some(folder.join("ack.jsonl")),
        retention: Retention::default(),
    };
    let writer = Writer::open(options, Box::new(move |event| drop(send.send(event)))).unwrap();
    (writer, events)
}

fn wait(events: &Receiver<StoreEvent>, wanted: &StoreEvent) {
    loop {
        let event = events.recv_timeout(Duration::from_secs(20)).unwrap();
        if event == *wanted {
            return;
        }
    }
}

fn question(conversation: &str, message: &str, parent: Option<&str>, is_new: bool) -> Record {
    Record::Question {
        conversation: conversation.into(),
        message: message.into(),
        parent: parent.map(MessageId::from),
        time_ms: 1000,
        text: format!("question {message}"),
        attachments: Vec::new(),
        new_chat: is_new.then(|| NewChat {
            title: format!("Über {conversation}"),
            provider: "demo".to_owned(),
            model: "m".to_owned(),
        }),
    }
}

fn began(conversation: &str, message: &str, parent: &str) -> Record {
    Record::AnswerBegan {
        conversation: conversation.into(),
        message: message.into(),
        parent: Some(parent.into()),
        time_ms: 2000,
        provider: "demo".to_owned(),
        model: "m".to_owned(),
    }
}

fn text(message: &str, text: &str) -> Record {
    Record::AnswerText { message: message.into(), text: text.to_owned() }
}

fn ended(message: &str, tool_calls: Vec<ToolCall>) -> Record {
    Record::AnswerEnded {
        message: message.into(),
        state: EntryState::Complete,
        finish: Some(if tool_calls.is_empty() { Finish::Stop } else { Finish::ToolCalls }),
        finish_raw: None,
        tool_calls,
        opaque: None,
        error: None,
        usage: None,
        ttft_ms: Some(5),
        thought_ms: Some(3),
        elapsed_ms: 10,
        model: "m".to_owned(),
    }
}

/// Files beside the history whose names go on like this.
fn beside(folder: &Path, end: &str) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    paths.filter(|path| path.to_string_lossy().contains(&format!("{FILE_NAME}{end}"))).collect()
}

fn view(folder: &Path) -> Vec<(String, String, String, String)> {
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    connection
        .prepare("select msg_id, role, body, state from message_text")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn row(id: &str, role: &str, body: &str, state: &str) -> (String, String, String, String) {
    (id.to_owned(), role.to_owned(), body.to_owned(), state.to_owned())
}

#[test]
fn a_question_is_on_the_disk_before_it_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    assert_eq!(view(folder.path()), [row("q", "user", "question q", "complete")]);
}

#[test]
fn streamed_text_is_flushed_while_the_answer_runs_and_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    writer.append(began("c", "a", "q"));
    writer.append(text("a", "Grüße "));
    writer.append(text("a", "an alle"));
    wait(&events, &StoreEvent::Committed(CommittedWhat::AnswerText { message: "a".into(), len: 15 }));
    assert_eq!(view(folder.path())[1], row("a", "assistant", "Grüße an alle", "streaming"));
    // The lock is dropped as a killed process drops it; the thread ends without the record of an end.
    let lock = std::fs::read_dir(folder.path().join("instances")).unwrap().next().unwrap().unwrap().path();
    drop(writer);
    loop {
        if events.recv_timeout(Duration::from_secs(20)).is_err() {
            break;
        }
    }
    assert!(!lock.exists());
    let (_writer, events) = open(folder.path());
    wait(&events, &StoreEvent::Opened);
    assert_eq!(view(folder.path())[1], row("a", "assistant", "Grüße an alle", "interrupted"));
    let trace = std::fs::read_to_string(folder.path().join("ack.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let acks: Vec<_> = lines.iter().filter_map(|line| line["ack"].as_str()).collect();
    assert_eq!(acks, ["user", "delta"]);
    assert_eq!(lines.iter().filter(|line| line["recv"] == "delta").count(), 2);
}

#[test]
fn a_call_without_a_result_gets_one_on_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    let call =
        ToolCall { id: "1".to_owned(), name: "look".to_owned(), arguments: Arguments::parse("{}"), opaque: None };
    writer.append(question("c", "q", None, true));
    writer.append(began("c", "a", "q"));
    writer.append(ended("a", vec![call]));
    assert!(writer.close(Duration::from_secs(20)));
    drop(events);
    let (_writer, events) = open(folder.path());
    wait(&events, &StoreEvent::Opened);
    let chat = Reader::open(folder.path()).unwrap().load(&"c".into()).unwrap().unwrap();
    let EntryBody::ToolResult(result) = &chat.entries[2].body else { panic!("{chat:?}") };
    assert_eq!((result.call_id.as_str(), result.status.as_str()), ("1", "cancelled"));
}

#[test]
fn an_ended_answer_is_loaded_as_it_was_said_and_the_newest_version_wins() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    for (answer, words) in [("a1", "first"), ("a2", "second")] {
        writer.append(began("c", answer, "q"));
        writer.append(text(answer, words));
        writer.append(ended(answer, Vec::new()));
    }
    assert!(writer.close(Duration::from_secs(20)));
    let reader = Reader::open(folder.path()).unwrap();
    let chat = reader.load(&"c".into()).unwrap().unwrap();
    let ids: Vec<_> = chat.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["q", "a2"]);
    let EntryBody::Answer { message, elapsed_ms, .. } = &chat.entries[1].body else { panic!("{chat:?}") };
    assert_eq!((message.text.as_str(), *elapsed_ms), ("second", 10));
    assert_eq!(reader.load(&"none".into()).unwrap(), None);
}

#[test]
fn chats_are_listed_newest_first_by_words_and_without_deleted_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    for id in ["eins", "zwei", "drei"] {
        writer.append(question(id, &format!("q-{id}"), None, true));
    }
    writer.append(began("eins", "a", "q-eins"));
    writer.append(Record::Deleted { conversation: "drei".into(), time_ms: 5 });
    assert!(writer.close(Duration::from_secs(20)));
    let reader = Reader::open(folder.path()).unwrap();
    let ids = |query: &str| {
        let query = Query::parse(query, &NOW);
        let found = reader.find(&query, Order::Time, 10).unwrap();
        found.chats.into_iter().map(|found| found.chat.id.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(""), ["eins", "zwei"]);
    assert_eq!(ids("ÜBER zwei"), ["zwei"]);
    assert_eq!(reader.count().unwrap(), 2);
    assert_eq!(reader.newest().unwrap(), Some(ConversationId::from("eins")));
    assert_eq!(reader.find_id("zw").unwrap(), Some(ConversationId::from("zwei")));
}

#[test]
fn a_newer_history_is_read_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    assert!(writer.close(Duration::from_secs(20)));
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q2", Some("q"), false));
    let event = events.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(matches!(&event, StoreEvent::Failed { why } if why.contains("newer riffle")), "{event:?}");
    assert_eq!(Reader::open(folder.path()).unwrap().newest_chats(9).unwrap().len(), 1);
}

#[test]
fn an_empty_file_is_a_new_history_and_a_missing_one_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Reader::open(folder.path()).unwrap().count().unwrap(), 0);
    std::fs::write(folder.path().join(FILE_NAME), b"").unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .filter(|e| e.path().to_string_lossy().contains("damaged"))
            .count(),
        0
    );
}

#[test]
fn what_is_only_in_the_log_yet_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    assert_eq!(Reader::open(folder.path()).unwrap().newest().unwrap(), Some("c".into()));
}

#[test]
fn the_file_is_private_from_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    let (_writer, events) = open(&folder);
    // The acknowledgement trace cannot be opened before the folder exists; the history is.
    wait(&events, &StoreEvent::Opened);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join(FILE_NAME))), (0o700, 0o600));
}

#[test]
fn an_answer_that_goes_on_is_one_text_and_keeps_nothing_of_its_failure() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    writer.append(began("c", "a", "q"));
    writer.append(text("a", "Of the "));
    let Record::AnswerEnded { tool_calls, .. } = ended("a", Vec::new()) else { panic!() };
    writer.append(Record::AnswerEnded {
        message: "a".into(),
        state: EntryState::Failed,
        tool_calls,
        opaque: None,
        finish: Some(Finish::Truncated),
        finish_raw: None,
        error: Some(crate::chat::ChatError::new(crate::chat::ErrorKind::Network, "broke")),
        usage: None,
        ttft_ms: None,
        thought_ms: None,
        elapsed_ms: 1,
        model: "m".to_owned(),
    });
    writer.append(Record::AnswerResumed {
        message: "a".into(),
        text_bytes: 7,
        provider: "other".to_owned(),
        model: "n".to_owned(),
    });
    writer.append(text("a", "two"));
    wait(&events, &StoreEvent::Committed(CommittedWhat::AnswerText { message: "a".into(), len: 10 }));
    assert_eq!(view(folder.path())[1], row("a", "assistant", "Of the two", "streaming"));
    writer.append(ended("a", Vec::new()));
    assert!(writer.close(Duration::from_secs(20)));
    assert_eq!(view(folder.path())[1], row("a", "assistant", "Of the two", "complete"));
    let chat = Reader::open(folder.path()).unwrap().load(&"c".into()).unwrap().unwrap();
    let EntryBody::Answer { error: None, finish: Some(Finish::Stop), provider, .. } = &chat.entries[1].body else {
        panic!("{chat:?}")
    };
    assert_eq!(provider, "other");
}

#[test]
fn a_question_in_a_chat_that_was_deleted_or_removed_elsewhere_is_never_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    writer.append(question("c", "q1", None, true));
    writer.append(Record::Deleted { conversation: "c".into(), time_ms: 1 });
    writer.append(question("c", "q2", Some("q1"), false));
    // Of this one nothing is left.
    writer.append(question("gone", "q3", Some("before"), false));
    assert!(writer.close(Duration::from_secs(20)));
    let reader = Reader::open(folder.path()).unwrap();
    let titles: Vec<String> = reader.newest_chats(9).unwrap().into_iter().map(|chat| chat.title).collect();
    assert_eq!(titles.len(), 2);
    assert!(titles.contains(&"question q3".to_owned()), "{titles:?}");
    assert_eq!(reader.load(&"c".into()).unwrap().unwrap().entries.len(), 2);
}

#[test]
fn a_draft_ends_with_the_question_that_it_became() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    let drafted = |text: &str| Record::Drafted {
        conversation: "c".into(),
        time_ms: 1,
        draft: Draft { text: text.to_owned(), queue: vec!["next".to_owned()] },
    };
    writer.append(drafted("question q1"));
    writer.append(question("c", "q1", None, true));
    assert!(writer.close(Duration::from_secs(20)));
    let kept = Reader::open(folder.path()).unwrap().draft(&"c".into()).unwrap();
    assert_eq!(kept, Draft { text: String::new(), queue: vec!["next".to_owned()] });
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Chats after everything that is due is removed: all, and those that are not deleted.
fn all_steps(connection: &mut Connection, retention: Retention, now: i64) -> (i64, i64) {
    while retention::step(connection, retention, now).unwrap() {}
    let all = count(connection, "select count(*) from conversation");
    (all, count(connection, "select count(*) from conversation where deleted_ms is null"))
}

#[test]
fn chats_leave_the_trash_for_good_after_their_days_and_nothing_else_goes_unless_asked() {
    let folder = tempfile::tempdir().unwrap();
    let day = 86_400_000;
    let retention = |trash_days, chat_days| Retention { trash_days, chat_days };
    let (writer, _events) = open(folder.path());
    for id in ["old", "pinned", "deleted"] {
        writer.append(question(id, &format!("q-{id}"), None, true));
        writer.append(began(id, &format!("a-{id}"), &format!("q-{id}")));
        writer.append(text(&format!("a-{id}"), "some words"));
        writer.append(ended(&format!("a-{id}"), Vec::new()));
    }
    writer.append(Record::Pinned { conversation: "pinned".into(), since_ms: Some(1) });
    writer.append(Record::Deleted { conversation: "deleted".into(), time_ms: day });
    assert!(writer.close(Duration::from_secs(20)));
    let mut connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(all_steps(&mut connection, retention(30, 0), 31 * day), (3, 2), "not before its days are over");
    assert_eq!(all_steps(&mut connection, retention(0, 0), 1000 * day), (3, 2), "0 is for ever");
    assert_eq!(all_steps(&mut connection, retention(30, 0), 1000 * day), (2, 2));
    assert_eq!(count(&connection, "select count(*) from message"), 4);
    assert_eq!(count(&connection, "select count(*) from search where search match 'words'"), 2);
    assert_eq!(
        all_steps(&mut connection, retention(30, 90), 1000 * day),
        (2, 1),
        "an untouched chat goes to the trash, a pinned one stays"
    );
}

#[test]
fn a_chat_that_comes_back_just_before_it_would_be_removed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    writer.append(Record::Deleted { conversation: "c".into(), time_ms: 1 });
    assert!(writer.close(Duration::from_secs(20)));
    let path = folder.path().join(FILE_NAME);
    let (restoring, mut removing) = (Connection::open(&path).unwrap(), Connection::open(&path).unwrap());
    removing.busy_timeout(Duration::from_secs(20)).unwrap();
    restoring.execute_batch("begin immediate; update conversation set deleted_ms = null").unwrap();
    let commit = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        restoring.execute_batch("commit").unwrap();
    });
    let is_left = retention::step(&mut removing, Retention { trash_days: 30, chat_days: 0 }, i64::MAX).unwrap();
    commit.join().unwrap();
    assert!(is_left, "others may be due");
    assert_eq!(count(&removing, "select count(*) from message"), 1);
}

#[test]
fn a_queue_that_cannot_be_read_keeps_no_question_out() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q1", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q1".into())));
    let other = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    other.execute_batch("insert into draft values ('c', '', '[broken', null, 1)").unwrap();
    writer.append(question("c", "q2", Some("q1"), false));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q2".into())));
}

#[test]
fn of_a_chat_that_is_being_removed_no_part_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q0", None, true));
    for n in 1..250 {
        writer.append(question("c", &format!("q{n}"), Some(&format!("q{}", n - 1)), false));
    }
    writer.append(Record::Deleted { conversation: "c".into(), time_ms: 1 });
    wait(&events, &StoreEvent::Committed(CommittedWhat::Deleted("c".into())));
    let mut other = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let retention = Retention { trash_days: 30, chat_days: 0 };
    assert!(retention::step(&mut other, retention, 1000 * 86_400_000).unwrap());
    writer.append(Record::Restored { conversation: "c".into() });
    assert!(writer.close(Duration::from_secs(20)));
    let trash = Query { place: Place::Trash, ..Query::default() };
    let reader = Reader::open(folder.path()).unwrap();
    assert!(reader.find(&trash, Order::Time, 9).unwrap().chats.is_empty());
    assert!(reader.newest_chats(9).unwrap().is_empty());
    assert_eq!(all_steps(&mut other, retention, 1000 * 86_400_000), (0, 0));
}
