use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::Connection;

use super::query::Query;
use super::{Found, Now, Order};
use crate::chat::{
    AssistantMessage, Entry, EntryBody, EntryState, Finish, Head, NewChat, Record, SavedChat, ToolResult, ToolStatus,
};
use crate::config::retention::Retention;
use crate::store::{FILE_NAME, Importer, Reader, StoreOptions, Writer};

const DAY: i64 = 86_400_000;
const TODAY: i64 = 20_000 * DAY;

fn query(text: &str) -> Query {
    let now = Now { unix_ms: TODAY, day_start: &|days| Some(TODAY - days * DAY), date_start: &|_| None };
    Query::parse(text, &now)
}

fn question(text: &str) -> EntryBody {
    EntryBody::Question(text.to_owned())
}

fn answer(text: &str) -> EntryBody {
    EntryBody::Answer {
        message: AssistantMessage { text: text.to_owned(), ..AssistantMessage::default() },
        provider: "demo".to_owned(),
        model: "m".to_owned(),
        finish: Some(Finish::Stop),
        finish_raw: None,
        error: None,
        usage: None,
        ttft_ms: None,
        thought_ms: None,
        elapsed_ms: 1,
    }
}

fn output(text: &str) -> EntryBody {
    let (call_id, name) = ("1".to_owned(), "look".to_owned());
    EntryBody::ToolResult(ToolResult {
        call_id,
        name,
        status: ToolStatus::Done,
        output: text.to_owned(),
        elapsed_ms: 1,
    })
}

/// A chat named by its id, of messages one minute apart from `time_ms` on; theirs are `id-0`, `id-1` and so on.
fn chat(id: &str, time_ms: i64, bodies: Vec<EntryBody>) -> SavedChat {
    let entries: Vec<Entry> = bodies
        .into_iter()
        .enumerate()
        .map(|(at, body)| Entry {
            id: format!("{id}-{at}").as_str().into(),
            parent: at.checked_sub(1).map(|before| format!("{id}-{before}").as_str().into()),
            time_ms: time_ms + at as i64 * 60_000,
            state: EntryState::Complete,
            body,
            attachments: Vec::new(),
        })
        .collect();
    SavedChat {
        id: id.into(),
        title: format!("Chat {id}"),
        provider: "demo".to_owned(),
        model: "m".to_owned(),
        created_ms: time_ms,
        updated_ms: entries.last().map_or(time_ms, |entry| entry.time_ms),
        deleted_ms: None,
        is_pinned: false,
        is_archived: false,
        tags: Vec::new(),
        head: Head::Newest,
        entries,
    }
}

fn history(chats: &[SavedChat]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut importer = Importer::open(folder.path(), &mut |_| ()).unwrap();
    for chat in chats {
        importer.add(chat.clone()).unwrap();
    }
    if chats.len() > 100 {
        importer.finish(&mut |_| ()).unwrap();
    } else {
        while importer.index_some().unwrap() {}
    }
    folder
}

fn find_in(folder: &Path, text: &str, order: Order, limit: usize) -> Found {
    Reader::open(folder).unwrap().find(&query(text), order, limit).unwrap()
}

/// The chats that are found, each with its newest hit, where it is one of a message.
fn found(folder: &Path, text: &str) -> Vec<String> {
    let name = |found: super::ChatFound| found.hit.map_or(found.chat.id.0, |hit| hit.message.0);
    find_in(folder, text, Order::Time, 200).chats.into_iter().map(name).collect()
}

#[test]
fn words_are_found_in_any_case_script_and_spelling() {
    let folder = history(&[
        chat("a", DAY, vec![question("A Crème Brûlée in src/store/mod.rs"), answer("call max_rounds or readFile now")]),
        chat("b", 2 * DAY, vec![question("この寝袋は軽い"), answer("ship it 👍🏽 today")]),
    ]);
    for (text, wanted) in [
        ("CREME brulee ", vec!["a-0"]),
        ("store/mod ", vec!["a-0"]),
        ("max_rounds ", vec!["a-1"]),
        ("rounds ", vec!["a-1"]),
        ("file ", vec!["a-1"]),
        ("readfile ", vec!["a-1"]),
        ("readFile ", vec!["a-1"]),
        ("readF", vec!["a-1"]),
        ("寝袋", vec!["b-0"]),
        ("袋寝", vec![]),
        ("👍", vec!["b-1"]),
        ("\"it today\"", vec![]),
        ("\"call max\"", vec!["a-1"]),
        ("\"max call\"", vec![]),
        ("bru", vec!["a-0"]),
        ("bru ", vec![]),
        ("bru* in ", vec!["a-0"]),
        ("call -rounds ", vec![]),
        ("call -crème ", vec!["a-1"]),
        ("user ", vec![]),
        ("assistant ", vec![]),
    ] {
        assert_eq!(found(folder.path(), text), wanted, "{text}");
    }
}

#[test]
fn filters_leave_chats_and_messages_out() {
    let base = |id: &str, days_ago: i64| {
        chat(
            id,
            TODAY - days_ago * DAY,
            vec![question("tent?"), answer("a tent:\n```\nlet tent;\n```"), output("tent 1")],
        )
    };
    let folder = history(&[
        SavedChat { model: "GPT-4o".to_owned(), tags: vec!["work".to_owned()], ..base("a", 9) },
        SavedChat { is_pinned: true, ..base("b", 5) },
        SavedChat { is_archived: true, ..base("c", 3) },
        SavedChat { deleted_ms: Some(TODAY), ..base("d", 2) },
        chat("e", TODAY - DAY, vec![question("tent?")]),
    ]);
    for (text, wanted) in [
        ("tent ", vec!["e-0", "b-2", "a-2"]),
        ("model:gpt tent ", vec!["a-2"]),
        ("provider:demo tag:#wo tent ", vec!["a-2"]),
        ("role:user tent ", vec!["e-0", "b-0", "a-0"]),
        ("role:tool tent ", vec!["b-2", "a-2"]),
        ("role:assistant ", vec!["b-1", "a-1"]),
        ("has:code ", vec!["b-1", "a-1"]),
        ("has:code tent -let ", vec![]),
        ("has:tool tent ", vec!["b-2", "a-2"]),
        ("is:pinned tent ", vec!["b-2"]),
        ("in:archive tent ", vec!["c-2"]),
        ("in:trash tent ", vec!["d-2"]),
        ("since:7d tent ", vec!["e-0", "b-2"]),
        ("is:pinned ", vec!["b"]),
        ("has:tools ", vec!["b", "a"]),
        ("", vec!["b", "e", "a"]),
    ] {
        assert_eq!(found(folder.path(), text), wanted, "{text}");
    }
}

#[test]
fn chats_come_by_time_of_the_hit_by_title_and_by_length() {
    let titled =
        |id: &str, title: &str, time_ms, bodies| SavedChat { title: title.to_owned(), ..chat(id, time_ms, bodies) };
    let folder = history(&[
        titled("a", "über tents", DAY, vec![question("tent"), answer("no"), answer("no")]),
        titled("b", "Alpine", 2 * DAY, vec![question("tent"), answer("tent")]),
        titled("c", "Tent of mine", 3 * DAY, vec![question("no")]),
    ]);
    let ids = |text: &str, order| {
        let found = find_in(folder.path(), text, order, 200);
        found.chats.into_iter().map(|found| (found.chat.id.0, found.hits)).collect::<Vec<_>>()
    };
    let row = |id: &str, hits| (id.to_owned(), hits);
    assert_eq!(ids("tent ", Order::Time), [row("c", 0), row("b", 2), row("a", 1)]);
    assert_eq!(ids("tent ", Order::Title), [row("b", 2), row("c", 0), row("a", 1)]);
    assert_eq!(ids("tent ", Order::Length), [row("a", 1), row("b", 2), row("c", 0)]);
    let two = find_in(folder.path(), "tent ", Order::Time, 2);
    assert_eq!((two.chats.len(), two.is_more, two.total), (2, true, 3));
}

/// Enough chats for every way in which hits are looked for.
#[test]
fn a_large_history_answers_as_a_small_one_and_goes_on_when_asked_for_more() {
    let chats: Vec<SavedChat> = (0..600)
        .map(|n: i64| {
            let seldom = if n % 150 == 7 { " zeltplatz" } else { "" };
            let bodies = (0..40).map(|at| question(&format!("tent water {at} in{seldom}"))).collect();
            SavedChat { is_pinned: n % 30 == 0, ..chat(&format!("c{n:03}"), TODAY - (600 - n) * DAY, bodies) }
        })
        .collect();
    let folder = history(&chats);
    let newest = |step: i64| (0..600).rev().filter(move |n| n % step == 0).map(|n| format!("c{n:03}-39"));
    for text in ["tent ", "te", "t", "tent w", "\"tent water\" i", "role:user wat", "water -zelt "] {
        let all: Vec<String> = newest(1).take(200).collect();
        let found_now = find_in(folder.path(), text, Order::Time, 200);
        let ids: Vec<_> =
            found_now.chats.iter().filter_map(|found| found.hit.as_ref()).map(|hit| &hit.message.0).collect();
        assert_eq!(ids, all.iter().collect::<Vec<_>>(), "{text}");
        assert!(found_now.is_more, "{text}");
        let more = find_in(folder.path(), text, Order::Time, 800);
        assert_eq!(more.chats.len(), 600, "{text}");
        assert!(more.is_more || more.hits == 24_000, "{text}: {} hits", more.hits);
    }
    let pinned = find_in(folder.path(), "is:pinned tent ", Order::Time, 200);
    assert_eq!((pinned.chats.len(), pinned.hits, pinned.is_more), (20, 800, false));
    assert_eq!(found(folder.path(), "is:pinned tent "), newest(30).collect::<Vec<_>>());
    for text in ["z", "ze", "zeltp", "tent z", "zeltplatz ", "\"in zeltplatz\""] {
        let found = find_in(folder.path(), text, Order::Time, 200);
        assert_eq!((found.chats.len(), found.hits, found.is_more), (4, 160, false), "{text}");
    }
}

#[test]
fn an_answer_that_went_on_is_found_by_its_end_and_what_is_removed_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let open = |retention| {
        let options = StoreOptions { folder: folder.path().to_owned(), ack_trace: None, retention };
        Writer::open(options, Box::new(|_| ())).unwrap()
    };
    let ended = || Record::AnswerEnded {
        message: "a".into(),
        state: EntryState::Complete,
        tool_calls: Vec::new(),
        opaque: None,
        finish: Some(Finish::Stop),
        finish_raw: None,
        error: None,
        usage: None,
        ttft_ms: None,
        thought_ms: None,
        elapsed_ms: 1,
        model: "m".to_owned(),
    };
    let text = |text: &str| Record::AnswerText { message: "a".into(), text: text.to_owned() };
    let (provider, model) = ("demo".to_owned(), "m".to_owned());
    let writer = open(Retention::default());
    writer.append(Record::Question {
        conversation: "c".into(),
        message: "q".into(),
        parent: None,
        time_ms: 1000,
        text: "which tent".to_owned(),
        attachments: Vec::new(),
        new_chat: Some(NewChat { title: "T".to_owned(), provider: provider.clone(), model: model.clone() }),
    });
    writer.append(Record::AnswerBegan {
        conversation: "c".into(),
        message: "a".into(),
        parent: Some("q".into()),
        time_ms: 1000,
        provider: provider.clone(),
        model: model.clone(),
    });
    writer.append(text("the dome "));
    writer.append(ended());
    writer.append(Record::AnswerResumed { message: "a".into(), text_bytes: 9, provider, model });
    writer.append(text("of four poles"));
    writer.append(ended());
    assert!(writer.close(Duration::from_secs(20)));
    for word in ["dome ", "poles ", "\"dome of\""] {
        assert_eq!(found(folder.path(), word), ["a"], "{word}");
    }
    let writer = open(Retention::default());
    writer.append(Record::Deleted { conversation: "c".into(), time_ms: 5 });
    assert!(writer.close(Duration::from_secs(20)));
    let writer = open(Retention { trash_days: 30, chat_days: 0 });
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let count = |table: &str| {
        connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    for _ in 0..2000 {
        if count("conversation") == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(writer.close(Duration::from_secs(20)));
    assert_eq!((count("message"), count("search where search match 'dome OR tent'")), (0, 0));
}

const PIECES: [&str; 26] = [
    "tent",
    "Tent",
    "TENTS",
    "ten",
    "readFile",
    "read",
    "file",
    "readfile",
    "parseHTTPServer",
    "max_rounds",
    "rounds",
    "Crème",
    "creme",
    "cre\u{300}me",
    "寝袋",
    "寝",
    "テント",
    "👍🏽",
    "a",
    "A1",
    "x-y",
    "src/mod.rs",
    "user",
    "code",
    "```",
    "ﬁn",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_index_finds_what_reading_every_text_finds(
        texts in prop::collection::vec(prop::collection::vec((0..PIECES.len(), 0..4_usize), 1..7), 1..16),
        asked in prop::collection::vec((0..PIECES.len(), 0..PIECES.len(), 0..6_usize, 1..5_usize), 1..24),
    ) {
        let join = |text: &Vec<(usize, usize)>| {
            text.iter().flat_map(|(piece, gap)| [PIECES[*piece], ["", " ", ", ", "\n"][*gap]]).collect::<String>()
        };
        let texts: Vec<String> = texts.iter().map(join).collect();
        let chats: Vec<SavedChat> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| SavedChat { title: String::new(), ..chat(&format!("{at}"), at as i64 * DAY, vec![question(text)]) })
            .collect();
        let folder = history(&chats);
        for (one, other, form, letters) in asked {
            let (one, other) = (PIECES[one], PIECES[other]);
            let start: String = one.chars().take(letters).collect();
            let asked = match form {
                0 => format!("{one} "),
                1 => format!("{one} {other} "),
                2 => format!("\"{one} {other}\""),
                3 => start,
                4 => format!("{one} -{other} "),
                _ => format!("{other} {start}"),
            };
            let query = query(&asked);
            let naive: BTreeSet<String> =
                (0..texts.len()).filter(|at| query.is_in(&texts[*at])).map(|at| format!("{at}-0")).collect();
            let indexed: BTreeSet<String> =
                if query.looks_into_messages() { found(folder.path(), &asked).into_iter().collect() } else { naive.clone() };
            prop_assert_eq!(&indexed, &naive, "{:?} in {:?}", asked, texts);
            for text in texts.iter().filter(|text| query.is_in(text)) {
                prop_assert_eq!(query.first_hit(text), query.hits(text).first().map(|hit| hit.start));
            }
        }
    }
}
