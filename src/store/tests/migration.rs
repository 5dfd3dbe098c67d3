//! Files of older forms with everything they could hold, brought up to date.

use std::os::unix::fs::PermissionsExt;

use rusqlite::params;

use super::*;

/// A file of this form as older programs wrote it: two versions of an answer, calls with a result, an answer that was cut
/// in the middle with its pieces, times that do not follow the numbers, a deleted chat, and files where the form has them.
fn old_history(folder: &Path, form: usize) {
    let mut old = Connection::open(folder.join(FILE_NAME)).unwrap();
    old.query_row("pragma journal_mode = wal", [], |_| Ok(())).unwrap();
    schema::migrate(&mut old, None, &schema::MIGRATIONS[..form]).unwrap();
    old.execute_batch(
        "insert into conversation values (1, 'one', 'Tents', 'demo', 'm', 1000, 9000, null);
         insert into conversation values (2, 'two', 'Gone', 'demo', 'm', 1000, 1500, 1600);",
    )
    .unwrap();
    let message = |seq: i64,
                   id: &str,
                   chat: &str,
                   parent: Option<&str>,
                   role: &str,
                   time: i64,
                   state: &str,
                   body: &str| {
        old.execute(
            "insert into message (seq, id, conversation_id, parent_id, role, time_ms, state, body, reasoning, meta, instance)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'why', ?9, 'dead')",
            params![seq, id, chat, parent, role, time, state, body, "{\"model\":\"m\"}"],
        )
        .unwrap();
    };
    message(1, "q1", "one", None, "user", 5000, "complete", "Which tents are light?");
    message(2, "a1", "one", Some("q1"), "assistant", 5001, "complete", "The first answer");
    message(3, "a2", "one", Some("q1"), "assistant", 5002, "complete", "The second answer");
    message(4, "t1", "one", Some("a2"), "tool", 5002, "complete", "{\"tents\": 3}");
    message(5, "q0", "two", None, "user", 1000, "complete", "An earlier question with a later number");
    message(6, "q2", "one", Some("t1"), "user", 8000, "complete", "And in green?");
    message(7, "a3", "one", Some("q2"), "assistant", 8001, "streaming", "");
    for piece in ["Green ", "ones ", "are"] {
        old.execute("insert into chunk (message_id, kind, text) values ('a3', 'text', ?1)", [piece]).unwrap();
    }
    if form > 1 {
        old.execute(
            "insert into attachment (message_id, name, media_type, data) values ('q1', 'tent.gif', 'image/gif', x'474946383961')",
            [],
        )
        .unwrap();
    }
}

fn backups(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = beside(folder, ".backup-");
    found.sort();
    found
}

#[test]
fn histories_of_every_older_form_keep_everything() {
    for form in 1..schema::MIGRATIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        old_history(folder.path(), form);
        assert!(matches!(Reader::open(folder.path()), Err(StoreError::Older)), "readers are told to wait");
        let (writer, events) = open(folder.path());
        wait(&events, &StoreEvent::Opened);
        assert!(writer.close(Duration::from_secs(20)));
        let reader = Reader::open(folder.path()).unwrap();
        let saved = reader.saved(&"one".into()).unwrap().unwrap();
        let told: Vec<_> = saved
            .entries
            .iter()
            .map(|entry| {
                let text = match &entry.body {
                    EntryBody::Question(text) => text.clone(),
                    EntryBody::Answer { message, .. } => format!("{} ({})", message.text, message.reasoning),
                    EntryBody::ToolResult(result) => result.output.clone(),
                };
                let parent = entry.parent.as_ref().map_or("-", MessageId::as_str).to_owned();
                (entry.id.0.clone(), parent, entry.state, text)
            })
            .collect();
        let complete = EntryState::Complete;
        let row =
            |id: &str, parent: &str, state, text: &str| (id.to_owned(), parent.to_owned(), state, text.to_owned());
        assert_eq!(
            told,
            [
                row("q1", "-", complete, "Which tents are light?"),
                row("a1", "q1", complete, "The first answer (why)"),
                row("a2", "q1", complete, "The second answer (why)"),
                row("t1", "a2", complete, "{\"tents\": 3}"),
                row("q2", "t1", complete, "And in green?"),
                row("a3", "q2", EntryState::Interrupted, "Green ones are (why)"),
            ],
            "form {form}"
        );
        assert_eq!(saved.entries[0].attachments.len(), form - 1);
        let gone = reader.saved(&"two".into()).unwrap().unwrap();
        assert_eq!((gone.deleted_ms, gone.entries.len()), (Some(1600), 1));
        let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        let counts: (i64, bool) = connection
            .query_row("select messages, has_tools from conversation where id = 'one'", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(counts, (5, true));
        let sound: String = connection.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        // The copy is the file as it was, and private.
        let [backup] = &backups(folder.path())[..] else { panic!() };
        let copy = Connection::open(backup).unwrap();
        assert_eq!(schema::version(&copy).unwrap(), form as i64);
        let rows: i64 = copy.query_row("select count(*) from message", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 7);
        assert_eq!(std::fs::metadata(backup).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn what_an_older_form_held_is_found_by_its_words() {
    let folder = tempfile::tempdir().unwrap();
    old_history(folder.path(), 2);
    let (writer, events) = open(folder.path());
    wait(&events, &StoreEvent::Opened);
    let waiting = || {
        let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        connection.query_row("select count(*) from unindexed", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    while waiting() > 0 {
        std::thread::yield_now();
    }
    let reader = Reader::open(folder.path()).unwrap();
    let found = reader.find(&Query::parse("green", &NOW), Order::Time, 10).unwrap();
    assert_eq!(found.chats.len(), 1);
    drop(writer);
}

#[test]
fn a_message_whose_chat_is_missing_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    old_history(folder.path(), 2);
    let old = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    old.execute_batch("pragma foreign_keys = off; delete from conversation where id = 'one'").unwrap();
    drop(old);
    let (writer, events) = open(folder.path());
    wait(&events, &StoreEvent::Opened);
    assert!(writer.close(Duration::from_secs(20)));
    let chat = Reader::open(folder.path()).unwrap().saved(&"one".into()).unwrap().unwrap();
    assert_eq!((chat.title.as_str(), chat.entries.len()), ("Which tents are light?", 6));
}

#[test]
fn a_migration_that_finds_no_room_leaves_the_file_as_it_was_and_is_made_later() {
    for pages_more in [0, 4] {
        let folder = tempfile::tempdir().unwrap();
        old_history(folder.path(), 2);
        let path = folder.path().join(FILE_NAME);
        let mut old = Connection::open(&path).unwrap();
        old.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
        let before = std::fs::read(&path).unwrap();
        let pages: i64 = old.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        // A file that may not grow is a disk that is full.
        old.pragma_update(None, "max_page_count", pages + pages_more).unwrap();
        let error = schema::migrate(&mut old, Some(folder.path()), schema::MIGRATIONS).unwrap_err();
        assert!(error.to_string().starts_with("the disk is full. Free some space"), "{error}");
        old.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(backups(folder.path()).is_empty(), "copies of tries do not fill the disk");
        drop(old);
        let (writer, events) = open(folder.path());
        wait(&events, &StoreEvent::Opened);
        assert!(writer.close(Duration::from_secs(20)));
        assert_eq!(Reader::open(folder.path()).unwrap().saved(&"one".into()).unwrap().unwrap().entries.len(), 6);
    }
}

#[test]
fn a_backup_that_cannot_be_made_stops_the_migration_and_leaves_no_half_copy() {
    let folder = tempfile::tempdir().unwrap();
    old_history(folder.path(), 2);
    let mut old = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let error = schema::migrate(&mut old, Some(&folder.path().join("nowhere")), schema::MIGRATIONS).unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
    assert_eq!(schema::version(&old).unwrap(), 2);
    assert!(backups(folder.path()).is_empty());
}

#[test]
fn another_instance_waits_with_a_sentence_while_the_history_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    old_history(folder.path(), 2);
    let turn = open::OpenTurn::take(folder.path(), &mut |_| ());
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    let said = events.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(matches!(&said, StoreEvent::Notice(said) if said.starts_with("Another riffle is bringing")), "{said:?}");
    drop(turn);
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    assert_eq!(view(folder.path()).len(), 8);
    assert!(beside(folder.path(), ".damaged-").is_empty());
}

#[test]
fn many_instances_bring_one_old_history_up_to_date_once() {
    let folder = tempfile::tempdir().unwrap();
    old_history(folder.path(), 2);
    let all: Vec<_> = (0..10).map(|_| open(folder.path())).collect();
    for (number, (writer, _)) in all.iter().enumerate() {
        writer.append(question(&format!("c{number}"), &format!("q-{number}"), None, true));
    }
    for (writer, events) in &all {
        assert!(writer.close(Duration::from_secs(59)));
        assert!(!events.try_iter().any(|event| matches!(event, StoreEvent::Failed { .. })));
    }
    assert_eq!(view(folder.path()).len(), 17);
    assert_eq!(backups(folder.path()).len(), 1);
}

#[test]
fn an_older_form_is_backed_up_before_it_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let mut connection = Connection::open(&path).unwrap();
    schema::migrate(&mut connection, Some(folder.path()), schema::MIGRATIONS).unwrap();
    let mut next: Vec<schema::Step> = schema::MIGRATIONS.to_vec();
    for step in ["create table later (x)", "create table later2 (x)", "create table later3 (x)", "create table l4 (x)"]
    {
        next.push(schema::Step::Script(step));
        schema::migrate(&mut connection, Some(folder.path()), &next).unwrap();
    }
    assert_eq!(schema::version(&connection).unwrap(), schema::VERSION + 4);
    let backups = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains(".backup-"))
        .count();
    assert_eq!(backups, 3);
}

#[test]
fn images_are_kept_with_their_question_also_in_a_history_that_had_no_place_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    schema::migrate(&mut old, None, &schema::MIGRATIONS[..1]).unwrap();
    drop(old);
    let image = crate::chat::Attachment::image("tent.gif", b"GIF89a").unwrap();
    let (writer, _events) = open(folder.path());
    let Record::Question { conversation, message, parent, time_ms, text, new_chat, .. } =
        question("c", "q", None, true)
    else {
        panic!()
    };
    let attachments = vec![image.clone()];
    writer.append(Record::Question { conversation, message, parent, time_ms, text, attachments, new_chat });
    assert!(writer.close(Duration::from_secs(20)));
    let chat = Reader::open(folder.path()).unwrap().load(&"c".into()).unwrap().unwrap();
    assert_eq!(chat.entries[0].attachments, [image]);
    let is_backup = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().contains("backup");
    assert!(std::fs::read_dir(folder.path()).unwrap().flatten().any(is_backup));
}

const FOLDER: &str = "RIFFLE_MIGRATED_FOLDER";

#[test]
#[ignore = "runs until the test below kills it"]
fn migrates_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (_writer, events) = open(Path::new(&folder));
    while events.recv().is_ok() {}
}

#[test]
fn a_migration_that_is_killed_is_made_whole_by_the_next_start() {
    use std::process::{Command, Stdio};
    let rounds: u64 = std::env::var("RIFFLE_STORM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4);
    let whole = tempfile::tempdir().unwrap();
    old_history(whole.path(), 2);
    let made = Connection::open(whole.path().join(FILE_NAME)).unwrap();
    made.execute_batch(
        "with recursive n(n) as (select 1 union all select n + 1 from n where n < 20000)
         insert into message (id, conversation_id, parent_id, role, time_ms, state, body)
         select 'm' || n, 'one', null, 'user', 10000 + n * 10, 'complete', 'some words of message ' || n || hex(zeroblob(100)) from n;
         pragma wal_checkpoint(truncate);",
    )
    .unwrap();
    drop(made);
    let mut migrated = 0;
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(whole.path().join(FILE_NAME), folder.path().join(FILE_NAME)).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "store::tests::migration::migrates_until_it_is_killed"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + round * 67 % 600));
        child.kill().unwrap();
        child.wait().unwrap();
        let killed = Connection::open(folder.path().join(FILE_NAME)).unwrap();
        migrated += usize::from(schema::version(&killed).unwrap() == schema::VERSION);
        drop(killed);
        let (writer, events) = open(folder.path());
        wait(&events, &StoreEvent::Opened);
        assert!(writer.close(Duration::from_secs(20)));
        let found = check::check(folder.path(), &mut |_| ()).unwrap().unwrap();
        assert_eq!((found.defects, found.messages, found.chats), (vec![], 20_007, 2), "round {round}");
        assert!(beside(folder.path(), ".damaged-").is_empty());
    }
    println!("{rounds} kills, {migrated} of them after the migration");
}
