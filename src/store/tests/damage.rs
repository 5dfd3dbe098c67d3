//! Files that are damaged, foreign, moved away or in the wrong place: nothing of them is overwritten, what can be read is
//! brought over, and the program goes on.

use std::fs;

use rusqlite::params;

use super::*;

/// Chats of the big history, and messages of each.
const CHATS: i64 = 300;
const MESSAGES: i64 = 20;

/// A history of several megabytes in this form: titles, messages with parents, and a cut answer in pieces.
fn big_history(folder: &Path, form: usize) -> PathBuf {
    let path = folder.join(FILE_NAME);
    let mut made = Connection::open(&path).unwrap();
    schema::migrate(&mut made, None, &schema::MIGRATIONS[..form]).unwrap();
    let place = if form < 3 { "conversation_id" } else { "chat" };
    let chats = made.transaction().unwrap();
    for chat in 0..CHATS {
        chats
            .execute(
                "insert into conversation (id, title, provider, model, created_ms, updated_ms)
                 values (?1, ?2, 'demo', 'm', ?3, ?3)",
                params![format!("c{chat}"), format!("Chat {chat} {}", "with a long title ".repeat(8)), chat * 1000],
            )
            .unwrap();
        for number in 0..MESSAGES {
            let id = format!("c{chat}-{number}");
            let (time, at) = (1_700_000_000_000 + chat * 60_000 + number * 1000, chat * MESSAGES + number);
            let chat: &dyn rusqlite::ToSql = if form < 3 { &format!("c{chat}") } else { &(chat + 1) };
            let seq = if form < 3 { None } else { Some(schema::first_number(1_700_000_000_000) + at) };
            chats
                .execute(
                    &format!(
                        "insert into message (seq, id, {place}, parent_id, role, time_ms, state, body)
                         values (?1, ?2, ?3, ?4, 'user', ?5, 'complete', ?6)"
                    ),
                    params![
                        seq,
                        id,
                        chat,
                        (number > 0).then(|| format!("c0-{}", number - 1)),
                        time,
                        format!("{id} asks {}", "about a tent ".repeat(60))
                    ],
                )
                .unwrap();
        }
    }
    for piece in 0..2000 {
        let text = format!("piece {piece} {}", "of an answer ".repeat(8));
        chats.execute("insert into chunk (message_id, kind, text) values ('c7-19', 'text', ?1)", [text]).unwrap();
    }
    if form >= 3 {
        let mut seqs = chats.prepare("select seq, role, body from message").unwrap();
        let rows = seqs.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(i64, String, String)> = rows.unwrap().flatten().collect();
        for (seq, role, body) in rows {
            search::index::put(&chats, seq, &role, &body).unwrap();
        }
        chats
            .execute_batch(
                "update conversation set messages = (select count(*) from message where chat = conversation.seq)",
            )
            .unwrap();
    }
    chats.commit().unwrap();
    path
}

/// Overwrites a page in the middle of a table or an index; gives how many cells were in it.
fn garble(path: &Path, name: &str) -> i64 {
    let found = Connection::open(path).unwrap();
    let pages: Vec<(u64, i64)> = found
        .prepare("select pageno, ncell from dbstat where name = ?1 and pagetype = 'leaf' order by path")
        .unwrap()
        .query_map([name], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?)))
        .unwrap()
        .flatten()
        .collect();
    assert!(pages.len() > 2, "{name} is small: {pages:?}");
    let (page, cells) = pages[pages.len() / 2];
    drop(found);
    write_page(path, page);
    cells
}

fn write_page(path: &Path, page: u64) {
    use std::os::unix::fs::FileExt;
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0xa5; 4096], (page - 1) * 4096).unwrap();
}

fn count(folder: &Path, what: &str) -> i64 {
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    connection.query_row(&format!("select count(*) from {what}"), [], |row| row.get(0)).unwrap()
}

fn is_sound(folder: &Path) -> bool {
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    connection.query_row("pragma integrity_check", [], |row| row.get::<_, String>(0)).unwrap() == "ok"
}

/// Opens and closes it as a run does that writes nothing; what was said in it.
fn start(folder: &Path) -> Vec<String> {
    let (writer, events) = open(folder);
    assert!(writer.close(Duration::from_secs(59)));
    events.try_iter().filter_map(|event| if let StoreEvent::Notice(said) = event { Some(said) } else { None }).collect()
}

#[test]
fn only_the_rows_of_a_damaged_page_are_lost() {
    for form in 1..=schema::MIGRATIONS.len() {
        for table in ["message", "conversation", "chunk"] {
            let folder = tempfile::tempdir().unwrap();
            let path = big_history(folder.path(), form);
            let lost = garble(&path, table);
            let damaged = fs::read(&path).unwrap();
            let error = StoreError::Sqlite(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(11), None));
            mend::suspect(folder.path(), &error);
            let (_writer, events) = open(folder.path());
            let said = loop {
                match events.recv_timeout(Duration::from_secs(59)).unwrap() {
                    StoreEvent::Notice(said) if said.contains("It is kept as") => break said,
                    StoreEvent::Failed { why } => panic!("{why}"),
                    _ => {}
                }
            };
            let [aside] = &beside(folder.path(), ".damaged-")[..] else { panic!("form {form}: {table}") };
            assert!(said.contains(&aside.display().to_string()), "{said}");
            assert_eq!(fs::read(aside).unwrap(), damaged, "the original bytes are kept");
            wait(&events, &StoreEvent::Opened);
            let lost_of = |name: &str| if name == table { lost } else { 0 };
            let what = format!("form {form}: {table}");
            assert_eq!(count(folder.path(), "message"), CHATS * MESSAGES - lost_of("message"), "{what}");
            assert_eq!(count(folder.path(), "conversation"), CHATS, "chats are begun anew: {what}");
            assert_eq!(count(folder.path(), "chunk"), 2000 - lost_of("chunk"), "{what}");
            let begun_anew = if form < 3 {
                "conversation where title glob 'c*'"
            } else {
                "conversation where id like 'recovered-%'"
            };
            assert_eq!(count(folder.path(), begun_anew), lost_of("conversation"), "{what}");
            assert!(is_sound(folder.path()), "{what}");
            assert!(!mend::is_suspect(folder.path()));
        }
    }
}

const FOLDER: &str = "RIFFLE_MENDED_FOLDER";

#[test]
#[ignore = "runs until the test below kills it"]
fn mends_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (_writer, events) = open(Path::new(&folder));
    while events.recv().is_ok() {}
}

#[test]
fn mending_that_is_killed_is_made_whole_by_the_next_start() {
    use std::process::{Command, Stdio};
    let rounds: u64 = std::env::var("RIFFLE_STORM_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    let whole = tempfile::tempdir().unwrap();
    let path = big_history(whole.path(), 3);
    let lost = garble(&path, "message");
    let mut ended = 0;
    for round in 0..rounds {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(&path, folder.path().join(FILE_NAME)).unwrap();
        mend::mark(folder.path()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "store::tests::damage::mends_until_it_is_killed"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + round * 131 % 1500));
        child.kill().unwrap();
        child.wait().unwrap();
        ended += usize::from(!beside(folder.path(), ".damaged-").is_empty());
        start(folder.path());
        assert_eq!(count(folder.path(), "message"), CHATS * MESSAGES - lost, "round {round}");
        assert!(is_sound(folder.path()));
        let kept = beside(folder.path(), ".damaged-");
        assert!(kept.iter().all(|kept| fs::read(kept).unwrap() == fs::read(&path).unwrap()) && !kept.is_empty());
    }
    println!("{rounds} kills, {ended} of them after the mending");
}

#[test]
fn damage_that_a_reader_meets_is_mended_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = big_history(folder.path(), 3);
    let lost = garble(&path, "message");
    let reader = Reader::open(folder.path()).unwrap();
    for chat in 0..CHATS {
        let _ = reader.saved(&ConversationId(format!("c{chat}"))).unwrap();
    }
    drop(reader);
    let said = start(folder.path()).join(" ");
    let kept = CHATS * MESSAGES - lost;
    assert!(said.contains(&format!("{kept} messages were brought over.")), "{said}");
}

#[test]
fn damage_met_while_saving_is_mended_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = big_history(folder.path(), 3);
    let (writer, events) = open(folder.path());
    wait(&events, &StoreEvent::Opened);
    let mut index = Connection::open(&path).unwrap();
    index.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
    let pages: Vec<i64> = {
        let transaction = index.transaction().unwrap();
        let mut pages = transaction
            .prepare("select pageno from dbstat where name = 'sqlite_autoindex_conversation_1' and pagetype = 'leaf'")
            .unwrap();
        pages.query_map([], |row| row.get(0)).unwrap().flatten().collect()
    };
    drop(index);
    for page in pages {
        write_page(&path, page.unsigned_abs());
    }
    writer.append(question("c7", "new", Some("c7-19"), false));
    let mut said = Vec::new();
    loop {
        match events.recv_timeout(Duration::from_secs(59)).unwrap() {
            StoreEvent::Committed(CommittedWhat::Question(id)) if id.as_str() == "new" => break,
            StoreEvent::Notice(sentence) => said.push(sentence),
            StoreEvent::Failed { why } => panic!("{why}"),
            _ => {}
        }
    }
    assert!(said.iter().any(|said| said.contains("6000 messages were brought over")), "{said:?}");
    assert!(writer.close(Duration::from_secs(59)));
    assert_eq!(count(folder.path(), "message"), CHATS * MESSAGES + 1);
    assert!(is_sound(folder.path()));
}

#[test]
fn a_damaged_search_index_is_made_anew_and_the_file_stays() {
    for table in ["search_data", "search_docsize"] {
        let folder = tempfile::tempdir().unwrap();
        let path = big_history(folder.path(), 3);
        let look = || {
            let reader = Reader::open(folder.path()).unwrap();
            let query = Query::parse("tent", &NOW);
            reader.find(&query, Order::Time, 1000).map(|found| found.chats.len())
        };
        let before = look().unwrap();
        garble(&path, table);
        if look().is_ok() {
            // A search does not come upon every page; saving does.
            let error = StoreError::Sqlite(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(11), None));
            mend::suspect(folder.path(), &error);
        }
        let (_writer, events) = open(folder.path());
        let said = loop {
            match events.recv_timeout(Duration::from_secs(59)).unwrap() {
                StoreEvent::Notice(said) if said.contains("made anew") => break said,
                StoreEvent::Notice(_) => {}
                event => panic!("{table}: {event:?}"),
            }
        };
        assert_eq!(said, "The search index was damaged and is made anew. All chats are there.");
        while count(folder.path(), "unindexed") > 0 {
            std::thread::yield_now();
        }
        assert!(beside(folder.path(), ".damaged-").is_empty());
        assert_eq!(count(folder.path(), "message"), CHATS * MESSAGES);
        assert_eq!(look().unwrap(), before);
        assert!(is_sound(folder.path()));
    }
}

#[test]
fn a_history_removed_while_it_is_open_is_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    for end in ["", "-wal", "-shm"] {
        fs::remove_file(folder.path().join(format!("{FILE_NAME}{end}"))).unwrap();
    }
    writer.append(question("c", "q2", Some("q"), false));
    let said = loop {
        match events.recv_timeout(Duration::from_secs(20)).unwrap() {
            StoreEvent::Notice(said) => break said,
            StoreEvent::Failed { why } => panic!("{why}"),
            _ => {}
        }
    };
    assert!(said.starts_with("The history was removed while riffle was running."), "{said}");
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q2".into())));
    assert!(writer.close(Duration::from_secs(20)));
    let ids: Vec<_> = view(folder.path()).into_iter().map(|row| row.0).collect();
    assert_eq!(ids, ["q", "q2"]);
    assert!(is_sound(folder.path()));
}

#[test]
fn a_history_replaced_while_it_is_open_gets_the_chat_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(question("c", "q", None, true));
    writer.append(began("c", "a", "q"));
    writer.append(text("a", "half"));
    wait(&events, &StoreEvent::Committed(CommittedWhat::AnswerText { message: "a".into(), len: 4 }));
    let other = tempfile::tempdir().unwrap();
    let (theirs, _) = open(other.path());
    theirs.append(question("x", "theirs", None, true));
    assert!(theirs.close(Duration::from_secs(20)));
    for end in ["-wal", "-shm"] {
        fs::remove_file(folder.path().join(format!("{FILE_NAME}{end}"))).unwrap();
    }
    fs::rename(other.path().join(FILE_NAME), folder.path().join(FILE_NAME)).unwrap();
    writer.append(text("a", " and half"));
    writer.append(ended("a", Vec::new()));
    assert!(writer.close(Duration::from_secs(20)));
    let rows = view(folder.path());
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.contains(&row("theirs", "user", "question theirs", "complete")));
    assert!(rows.contains(&row("a", "assistant", "half and half", "complete")), "{rows:?}");
    assert!(is_sound(folder.path()));
}

#[test]
fn an_instance_whose_file_was_set_aside_leaves_the_new_one_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (idle, events) = open(folder.path());
    idle.append(question("c", "q", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    mend::set_aside(&folder.path().join(FILE_NAME), &mut |_| ()).unwrap();
    let (other, events) = open(folder.path());
    other.append(question("d", "q2", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q2".into())));
    let log = folder.path().join(format!("{FILE_NAME}-wal"));
    let before = fs::read(&log).unwrap();
    assert!(idle.close(Duration::from_secs(20)));
    assert_eq!(fs::read(&log).unwrap(), before, "the log of the new history stays");
    other.append(question("d", "q3", Some("q2"), false));
    assert!(other.close(Duration::from_secs(20)));
    assert_eq!(view(folder.path()).len(), 3);
    assert!(is_sound(folder.path()));
}

#[test]
fn another_instance_writes_on_where_the_history_went() {
    let folder = tempfile::tempdir().unwrap();
    let (one, events) = open(folder.path());
    one.append(question("c", "q", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    mend::set_aside(&folder.path().join(FILE_NAME), &mut |_| ()).unwrap();
    one.append(question("c", "q2", Some("q"), false));
    assert!(one.close(Duration::from_secs(20)));
    assert_eq!(view(folder.path()).len(), 2);
}

#[test]
fn what_is_no_file_is_refused_in_words_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let why = || {
        let (writer, events) = open(folder.path());
        writer.append(question("c", "q", None, true));
        let event = events.recv_timeout(Duration::from_secs(20)).unwrap();
        let StoreEvent::Failed { why } = event else { panic!("{event:?}") };
        assert!(!writer.close(Duration::from_secs(20)));
        why
    };
    fs::create_dir(&path).unwrap();
    assert!(why().ends_with("it is a folder; move it away, or name another folder with --data-dir."));
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink("nowhere.db", &path).unwrap();
    assert!(why().contains("it is a link to nowhere.db, which is not there; bring that back or remove the link"));
    assert!(!folder.path().join("nowhere.db").exists());
}

#[test]
fn rows_without_a_place_hold_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, events) = open(folder.path());
    writer.append(text("nobody", "a piece of no answer"));
    writer.append(question("c", "q", None, true));
    wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
    assert!(writer.close(Duration::from_secs(20)));
    assert_eq!(view(folder.path()).len(), 1);
}

#[test]
fn a_new_history_that_finds_no_room_leaves_the_damaged_one_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = big_history(folder.path(), 3);
    let mut fresh = Connection::open(folder.path().join("fresh.db")).unwrap();
    schema::create(&mut fresh).unwrap();
    fresh.pragma_update(None, "max_page_count", 200).unwrap();
    let error = salvage::bring_over(&mut fresh, &path).unwrap_err();
    assert!(error.to_string().starts_with("the disk is full."), "{error}");
    assert_eq!(count(folder.path(), "message"), CHATS * MESSAGES);
}

#[test]
fn a_network_file_system_gets_no_log_and_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    for _ in 0..2 {
        let held = open::for_writing_on(folder.path(), Some("NFS"), &mut |sentence| said.push(sentence)).unwrap();
        let mode: String = held.query_row("pragma journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "delete");
    }
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("The history is on NFS"));
    // Back on a local disk, and then moved to the network with its log.
    drop(open::for_writing_on(folder.path(), None, &mut |_| ()).unwrap());
    drop(open::for_writing_on(folder.path(), Some("SMB"), &mut |sentence| said.push(sentence)).unwrap());
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn a_file_that_is_no_history_is_set_aside_and_never_overwritten() {
    let foreign = |folder: &Path| {
        let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
        connection.execute_batch("create table theirs (x); insert into theirs values (1)").unwrap();
    };
    let noise =
        |folder: &Path| std::fs::write(folder.join(FILE_NAME), b"this is not a database at all, sorry").unwrap();
    for damage in [&foreign as &dyn Fn(&Path), &noise] {
        let folder = tempfile::tempdir().unwrap();
        damage(folder.path());
        let original = std::fs::read(folder.path().join(FILE_NAME)).unwrap();
        let (writer, events) = open(folder.path());
        writer.append(question("c", "q", None, true));
        wait(&events, &StoreEvent::Committed(CommittedWhat::Question("q".into())));
        let aside = std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.to_string_lossy().contains(".damaged-"))
            .unwrap();
        assert_eq!(std::fs::read(aside).unwrap(), original);
    }
}

#[test]
fn rows_of_a_damaged_history_are_brought_over() {
    let folder = tempfile::tempdir().unwrap();
    let (writer, _events) = open(folder.path());
    for n in 0..200 {
        writer.append(question(&format!("c{n}"), &format!("q{n}"), None, true));
    }
    assert!(writer.close(Duration::from_secs(20)));
    let path = folder.path().join(FILE_NAME);
    Connection::open(&path)
        .unwrap()
        .execute_batch("pragma wal_checkpoint(truncate); pragma journal_mode=delete")
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    // The header's schema cookie stays; the application's mark is destroyed, so that the file is no longer ours.
    bytes[68..72].copy_from_slice(b"oops");
    std::fs::write(&path, bytes).unwrap();
    let (_writer, events) = open(folder.path());
    wait(&events, &StoreEvent::Opened);
    assert_eq!(view(folder.path()).len(), 200);
}
