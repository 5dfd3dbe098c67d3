//! Several instances on one history.

use super::*;
use crate::chat::{ToolResult, ToolStatus};

#[test]
fn ten_instances_store_a_thousand_questions_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> = (0..10).map(|_| open(folder.path())).collect();
    for number in 0..100 {
        for (instance, (writer, _)) in all.iter().enumerate() {
            writer.append(question(
                &format!("c{instance}-{}", number / 10),
                &format!("q{instance}-{number}"),
                None,
                true,
            ));
        }
    }
    for (writer, events) in &all {
        assert!(writer.close(Duration::from_secs(59)));
        let said: Vec<_> = events
            .try_iter()
            .filter(|event| matches!(event, StoreEvent::Failed { .. } | StoreEvent::Notice(_)))
            .collect();
        assert_eq!(said, []);
    }
    let mut rows = view(folder.path());
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 1000);
}

#[test]
fn a_history_held_by_another_program_is_written_when_it_lets_go() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    wait(&events, &StoreEvent::Opened);
    let other = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    other.execute_batch("begin immediate").unwrap();
    writer.append(question("c", "q", None, true));
    // Longer than it is waited for.
    let event = events.recv_timeout(Duration::from_secs(30)).unwrap();
    let StoreEvent::Failed { why } = event else { panic!("{event:?}") };
    assert_eq!(why, "another program keeps the history locked. It is tried again.");
    other.execute_batch("rollback").unwrap();
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    wait(&events, &StoreEvent::Recovered);
}

#[test]
fn two_instances_write_one_history_without_a_word_about_locks() {
    let folder = tempfile::tempdir().unwrap();
    let (first, one) = open(folder.path());
    let (second, two) = open(folder.path());
    for n in 0..50 {
        first.append(question(&format!("a{n}"), &format!("qa{n}"), None, true));
        second.append(question(&format!("b{n}"), &format!("qb{n}"), None, true));
    }
    assert!(first.close(Duration::from_secs(59)) && second.close(Duration::from_secs(59)));
    assert_eq!(view(folder.path()).len(), 100);
    let is_failure = |event: StoreEvent| matches!(event, StoreEvent::Failed { .. });
    assert!(!one.try_iter().chain(two.try_iter()).any(is_failure));
}

#[test]
fn an_instance_that_ends_while_another_starts_leaves_nothing_to_mend() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    let call =
        ToolCall { id: "1".to_owned(), name: "look".to_owned(), arguments: Arguments::parse("{}"), opaque: None };
    writer.append(question("c", "q", None, true));
    writer.append(began("c", "a", "q"));
    writer.append(text("a", "calls"));
    writer.append(ended("a", vec![call]));
    writer.append(Record::ToolResult {
        conversation: "c".into(),
        message: "t".into(),
        parent: "a".into(),
        time_ms: 3000,
        result: ToolResult {
            call_id: "1".to_owned(),
            name: "look".to_owned(),
            status: ToolStatus::Done,
            output: "seen".to_owned(),
            elapsed_ms: 1,
        },
    });
    assert!(writer.close(Duration::from_secs(20)));
    let before = view(folder.path());
    // Another instance read, before all this was written, that the answer streams and that its call is open.
    let mut other = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let (seq, meta): (i64, String) = other
        .query_row("select seq, meta from message where id = 'a'", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    repair::mark_one(&mut other, seq, &"a".into()).unwrap();
    repair::close_calls(&mut other, "a".into(), &"c".into(), &meta, &mut || "new".to_owned()).unwrap();
    assert_eq!(view(folder.path()), before);
}

#[test]
fn another_instances_live_answer_is_not_called_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let (first, events) = open(folder.path());
    first.append(question("c", "q", None, true));
    first.append(began("c", "a", "q"));
    wait(&events, &StoreEvent::Committed(CommittedWhat::AnswerBegan("a".into())));
    let (_second, others) = open(folder.path());
    wait(&others, &StoreEvent::Opened);
    assert_eq!(view(folder.path())[1].3, "streaming");
}

#[test]
fn an_answer_whose_instance_is_gone_is_read_as_interrupted_by_those_that_run() {
    let folder = tempfile::tempdir().unwrap();
    let (_running, _events) = open(folder.path());
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    writer.append(began("c", "a", "q"));
    writer.append(text("a", "half an"));
    wait(&events, &StoreEvent::Committed(CommittedWhat::AnswerText { message: "a".into(), len: 7 }));
    let state = || Reader::open(folder.path()).unwrap().saved(&"c".into()).unwrap().unwrap().entries[1].state;
    assert_eq!(state(), EntryState::Streaming);
    // As a killed process: its lock is gone, and nobody wrote the end.
    drop(writer);
    while events.recv_timeout(Duration::from_secs(20)).is_ok() {}
    assert_eq!(state(), EntryState::Interrupted);
}
