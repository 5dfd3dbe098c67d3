//! `riffle history` as scripts and people see it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use riffle::chat::{ConversationId, SavedChat};
use riffle::history::export_to_new_file;
use riffle::store::{Importer, Reader};
use serde_json::{Value, json};

use crate::importing::import;
use crate::program::{riffle, run};

fn home() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A history of this name below the home.
struct History {
    home: tempfile::TempDir,
    data: PathBuf,
}

impl History {
    fn new() -> Self {
        let home = home();
        let data = home.path().join("chats");
        Self { home, data }
    }

    /// With versions, tools, images, a deleted, a pinned and a tagged chat.
    fn filled() -> Self {
        let history = Self::new();
        let mut importer = Importer::open(&history.data, &mut |_| ()).unwrap();
        for chat in chats() {
            importer.add(chat).unwrap();
        }
        importer.finish(&mut |_| ()).unwrap();
        history
    }

    fn run(&self, words: &[&str]) -> Output {
        let data = self.data.display().to_string();
        run(self.home.path(), &[&["history", "--data-dir", &data], words].concat())
    }

    fn out(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn fails(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(words);
        assert!(output.stdout.is_empty(), "{words:?}");
        (output.status.code(), text(&output.stderr))
    }

    fn at(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    fn all(&self) -> Vec<SavedChat> {
        let reader = Reader::open(&self.data).unwrap();
        reader.ids(true).unwrap().iter().map(|id| reader.saved(id).unwrap().unwrap()).collect()
    }
}

fn chats() -> Vec<SavedChat> {
    let message = |id: &str, parent: Option<&str>, time: i64, more: &Value| {
        let mut message =
            json!({"id": id, "parent": parent, "time_ms": 1_700_000_000_000_i64 + time, "state": "complete"});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message
    };
    let question = |text: &str| json!({"role": "user", "text": text});
    let answer = |text: &str| json!({"role": "assistant", "text": text, "provider": "demo", "model": "m", "finish": "stop", "elapsed_ms": 5});
    let call = json!({"role": "assistant", "text": "Looking.", "reasoning": "Which?", "provider": "demo", "model": "m",
        "finish": "tool_calls", "finish_raw": "tool_use", "ttft_ms": 3, "thought_ms": 4, "elapsed_ms": 9,
        "usage": {"input": 1, "output": 2, "details": {"cached": 1}},
        "opaque": {"provider": "demo", "value": {"sig": "x"}},
        "tool_calls": [{"id": "c1", "name": "look", "arguments": {"z": 1, "a": "ü"}, "opaque": {"o": 1}},
                       {"id": "c2", "name": "look", "arguments": "{broken"}]});
    let result = |call: &str, status: &str| json!({"role": "tool", "text": "found", "call_id": call, "name": "look", "status": status, "elapsed_ms": 7});
    let with_image = json!({"role": "user", "text": "Which tent is this?", "attachments": [{"name": "tent.gif", "media_type": "image/gif", "data": "R0lGODlh"}]});
    let failed = json!({"role": "assistant", "text": "Half an", "state": "failed", "provider": "demo", "model": "m", "finish": "error",
        "error": {"kind": "network", "message": "gone", "status": null, "retryable": true, "retry_after_ms": null}});
    let chat = |id: &str, title: &str, more: &Value, messages: Vec<Value>| {
        let last = messages.iter().map(|message| message["time_ms"].as_i64().unwrap()).max();
        let mut chat = json!({"id": id, "title": title, "provider": "demo", "model": "m", "created_ms": messages[0]["time_ms"],
            "updated_ms": last, "tags": [], "messages": messages});
        chat.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        chat
    };
    let chats = json!({"format": "riffle-chats", "version": 1, "chats": [
        chat("aaaa000011112222", "Compare tents", &json!({"head": "a1", "tags": ["gear", "shop"], "pinned": true}), vec![
            message("q1", None, 0, &with_image),
            message("a1", Some("q1"), 1000, &call),
            message("t1", Some("a1"), 2000, &result("c1", "done")),
            message("t2", Some("t1"), 2001, &result("c2", "failed")),
            message("a2", Some("t2"), 3000, &answer("The **TrailBlazer** is in stock.")),
            message("b1", Some("q1"), 4000, &failed),
        ]),
        chat("aaaa000033334444", "Notes\u{1b}[31m", &json!({"head": "", "archived": true}), vec![
            message("q9", None, 10_000, &question("remember the milk")),
            message("a9", Some("q9"), 10_500, &answer("noted")),
        ]),
        chat("bbbb", "Old things", &json!({"deleted_ms": 1_700_000_900_000_i64}), vec![
            message("q5", None, 20_000, &question("gone?")),
            message("a5", Some("q5"), 21_000, &answer("gone.")),
        ]),
        chat("cccc", "Weekend hike", &json!({}), vec![
            message("q7", None, 30_000, &question("What gear for a hike?")),
            message("a7", Some("q7"), 31_000, &answer("Boots, a tent and water.")),
        ]),
    ]});
    let (chats, left_out) = import(&chats.to_string(), "x");
    assert!(left_out.is_empty(), "{left_out:?}");
    chats
}

#[test]
fn everything_goes_out_as_json_and_comes_back_as_it_was() {
    let history = History::filled();
    assert_eq!(history.all(), chats());
    let file = history.at("all.json");
    history.out(&["export", "--all", "--format", "json", "-o", &file]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((&whole["format"], &whole["version"]), (&json!("riffle-chats"), &json!(1)));
    let schema: Value = serde_json::from_str(include_str!("../../assets/riffle-chats.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = schema.iter_errors(&whole).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");

    let other = History::new();
    assert_eq!(other.out(&["import", &file]), "4 new chats, 12 new messages.\n");
    assert_eq!(other.all(), history.all());
    assert_eq!(other.out(&["import", &file]), "0 new chats, 4 as they were, 0 new messages.\n");
    assert_eq!(other.all(), history.all());
    // What is imported is found.
    assert!(other.out(&["search", "trailblazer"]).contains("The **TrailBlazer** is in stock."));
    // The same from one pipe into another.
    let third = History::new();
    let piped = history.out(&["export", "--all", "--format", "json"]);
    let data = third.data.display().to_string();
    let mut child = riffle(third.home.path(), &["history", "--data-dir", &data, "import", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(piped.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(third.all(), history.all());
}

#[test]
fn a_long_chat_goes_in_by_pieces_and_a_part_of_it_is_completed() {
    let history = History::new();
    let messages: Vec<Value> = (0..1000)
        .map(|at| {
            let parent = (at > 0).then(|| format!("m{}", at - 1));
            // Times stand still and go back, as clocks do.
            json!({"id": format!("m{at}"), "parent": parent, "time_ms": 1_700_000_000_000_i64 - at * 10, "role": "user", "text": format!("text {at}")})
        })
        .collect();
    let chat = |count: usize| {
        json!({"id": "long", "title": "Long", "created_ms": 1_700_000_000_000_i64, "updated_ms": 1_700_000_000_000_i64, "messages": messages[..count]}).to_string()
    };
    let (half, whole) = (import(&chat(400), "x").0.remove(0), import(&chat(1000), "x").0.remove(0));
    for (chat, messages) in [(&half, 400), (&whole, 600), (&whole, 0)] {
        let mut importer = Importer::open(&history.data, &mut |_| ()).unwrap();
        importer.add(chat.clone()).unwrap();
        assert_eq!(importer.finish(&mut |_| ()).unwrap().new_messages, messages);
        assert_eq!(history.all(), std::slice::from_ref(chat));
    }
}

#[test]
fn an_import_that_is_killed_is_completed_by_doing_it_again() {
    let history = History::new();
    let file = history.at("many.json");
    let chats: Vec<Value> = (0..1500)
        .map(|chat| {
            let messages: Vec<Value> = (0..4)
                .map(|at| {
                    json!({"id": format!("m{chat}-{at}"), "parent": (at > 0).then(|| format!("m{chat}-{}", at - 1)),
                    "time_ms": 1_700_000_000_000_i64 + chat * 60_000 + at, "role": "user", "text": "tent boots"})
                })
                .collect();
            json!({"id": format!("c{chat}"), "title": "x", "messages": messages})
        })
        .collect();
    std::fs::write(&file, json!({"format": "riffle-chats", "chats": chats}).to_string()).unwrap();
    let data = history.data.display().to_string();
    let count = || Reader::open(&history.data).and_then(|reader| reader.count()).unwrap_or(0);
    let mut child = riffle(history.home.path(), &["history", "--data-dir", &data, "import", &file])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while count() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let left = count();
    assert!(history.all().iter().all(|chat| chat.entries.len() == 4));
    let said = history.out(&["import", &file]);
    assert!(said.starts_with(&format!("{} new chats", 1500 - left)), "{left}: {said}");
    assert_eq!((count(), history.all().iter().map(|chat| chat.entries.len()).sum::<usize>()), (1500, 6000));
    let found = Reader::open(&history.data)
        .unwrap()
        .find(&riffle::host::parse_query("boots "), riffle::store::Order::Time, 2000)
        .unwrap();
    assert_eq!((found.hits, found.unindexed), (6000, 0));
}

#[test]
fn chats_are_listed_with_the_filters_of_the_browser() {
    let history = History::filled();
    let ids = |words: &[&str]| {
        let out = history.out(&[&["list", "--json"], words].concat());
        out.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap()[..4].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), ["aaaa", "cccc"]);
    assert_eq!(ids(&["--limit", "1"]), ["aaaa"]);
    assert_eq!(ids(&["tag:gear"]), ["aaaa"]);
    assert_eq!(ids(&["in:trash"]), ["bbbb"]);
    assert_eq!(ids(&["hike"]), ["cccc"]);
    assert_eq!(ids(&["--sort", "title", "model:m"]), ["aaaa", "cccc"]);
    assert_eq!(ids(&["--sort", "length"]), ["aaaa", "cccc"]);
    let list = history.out(&["list"]);
    let first: Vec<&str> =
        list.lines().next().unwrap().split("   ").map(str::trim).filter(|part| !part.is_empty()).collect();
    assert_eq!((first[0], &first[2..]), ("aaaa00001", &["4", "m", "Compare tents", "#gear", "#shop", "pinned"][..]));
    assert!(history.out(&["list", "in:archive"]).contains("Notes␛[31m"));
    let (code, said) = history.fails(&["list", "since:whenever"]);
    assert!(code == Some(2) && said.contains("since:whenever"), "{said}");
    assert_eq!(History::new().fails(&["list"]).0, Some(0));
    assert_eq!(history.fails(&["list", "--limit", "0"]).0, Some(2));
}

#[test]
fn hits_are_shown_with_their_line() {
    let history = History::filled();
    let found = history.out(&["search", "tent"]);
    assert!(found.contains("Weekend hike\n    Boots, a tent and water.") && !found.contains('\u{1b}'), "{found}");
    let line = history.out(&["search", "--json", "boots"]);
    let hit: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&hit["hit"]["message"], &hit["hit"]["marks"], &hit["hits"]),
        (&json!("a7"), &json!([[0, 5]]), &json!(1))
    );
    let (code, said) = history.fails(&["search", "bots"]);
    assert!(code == Some(0) && said.contains("boots"), "{said}");
}

#[test]
fn one_chat_is_shown_by_a_beginning_of_its_id() {
    let history = History::filled();
    let shown = history.out(&["show", "cc"]);
    assert!(shown.starts_with("Weekend hike\n") && shown.ends_with("\nBoots, a tent and water.\n"), "{shown}");
    let object: Value = serde_json::from_str(&history.out(&["show", "bbbb", "--json"])).unwrap();
    assert_eq!(object["messages"][1]["text"], "gone.");
    assert!(history.out(&["show", "cccc", "--format", "markdown"]).starts_with("---\ntitle: \"Weekend hike\"\n"));
    for (id, said) in [("aaaa", "several"), ("dddd", "no saved chat"), ("", "no saved chat")] {
        let (code, why) = history.fails(&["show", id]);
        assert!(code == Some(2) && why.contains(said), "{why}");
    }
}

#[test]
fn files_in_a_folder_never_replace_each_other() {
    let history = History::filled();
    let folder = history.at("out");
    for _ in 0..2 {
        history.out(&["export", "--all", "-o", &folder]);
        history.out(&["export", "cccc", "aaaa00001", "--format", "html", "-o", &folder]);
    }
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let expected = [
        "Compare-tents-2.html",
        "Compare-tents-2.md",
        "Compare-tents.html",
        "Compare-tents.md",
        "Notes-31m-2.md",
        "Notes-31m.md",
        "Weekend-hike-2.html",
        "Weekend-hike-2.md",
        "Weekend-hike.html",
        "Weekend-hike.md",
    ];
    assert_eq!(names, expected);
    let page = std::fs::read_to_string(Path::new(&folder).join("Compare-tents.html")).unwrap();
    assert!(page.contains("src=\"data:image/gif;base64,R0lGODlh\"") && page.contains("<details>"), "{page}");
    // Markdown of the same history is nothing new.
    let files: Vec<String> = ["Weekend-hike.md", "Compare-tents.md"].map(|name| format!("{folder}/{name}")).to_vec();
    let said = history.out(&[&["import"], files.iter().map(String::as_str).collect::<Vec<_>>().as_slice()].concat());
    assert_eq!(said, "0 new chats, 2 as they were, 0 new messages.\n");
    let (code, why) = history.fails(&["export", "--all"]);
    assert!(code == Some(2) && why.contains("-o"), "{why}");
    assert_eq!(history.fails(&["export"]).0, Some(2));
}

#[test]
fn a_named_file_is_replaced_as_a_whole_or_not_at_all() {
    let history = History::filled();
    let file = history.at("one.md");
    std::fs::write(&file, "old").unwrap();
    history.out(&["export", "cccc", "-o", &file]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("Boots"));
    assert_eq!(history.fails(&["export", "zzzz", "-o", &file]).0, Some(2));
    let nowhere = history.at("none/one.md");
    assert_eq!(history.fails(&["export", "cccc", "-o", &nowhere]).0, Some(2));
    history.out(&["export", "cccc", "-o", "/dev/null"]);
    assert_eq!(std::fs::read_dir(history.home.path()).unwrap().count(), 2, "nothing is left over");
}

#[test]
fn the_screen_exports_to_a_new_file() {
    let history = History::filled();
    let reader = Reader::open(&history.data).unwrap();
    let export = |id: &str| export_to_new_file(&reader, &ConversationId::from(id), history.home.path());
    let (one, two) = (export("cccc").unwrap(), export("cccc").unwrap());
    assert_eq!(
        (one.file_name().unwrap(), two.file_name().unwrap()),
        ("Weekend-hike.md".as_ref(), "Weekend-hike-2.md".as_ref())
    );
    assert_eq!(std::fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(export("nobody").is_err());
}

#[test]
fn chats_are_renamed_deleted_and_restored() {
    let history = History::filled();
    assert!(history.out(&["rename", "cccc", "A", " new\ttitle"]).contains("\u{201c}A new title\u{201d}"));
    assert_eq!(history.all()[3].title, "A new title");
    assert!(history.out(&["delete", "cc", "aaaa00001"]).contains("restore cccc"));
    assert_eq!(history.out(&["list"]), "");
    assert!(history.out(&["delete", "cc"]).contains("already"));
    let (code, _) = history.fails(&["restore", "cc", "nobody"]);
    assert_eq!((code, history.all()[3].deleted_ms.is_some()), (Some(2), true), "nothing is changed by half");
    history.out(&["restore", "cc"]);
    assert!(history.out(&["list"]).contains("A new title"));
    assert_eq!(history.fails(&["rename", "cc", " "]).0, Some(2));
    assert_eq!(History::new().fails(&["delete", "x"]).0, Some(2));
}

#[test]
fn what_cannot_be_imported_is_told_and_costs_nothing_else() {
    let history = History::new();
    let at = |name: &str, content: &str| {
        let path = history.home.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let bad = at(
        "bad.json",
        "[{\"x\": 1}, {\"id\": \"c\", \"title\": \"T\", \"messages\": [{\"id\": \"q\", \"role\": \"user\", \"text\": \"hi\"}, 7]}, {",
    );
    let output = history.run(&["import", &bad]);
    let said = text(&output.stderr);
    assert_eq!(
        (output.status.code(), text(&output.stdout)),
        (Some(0), "1 new chat, 1 new message, 3 left out.\n".to_owned())
    );
    assert!(
        said.contains("Chat 1 was left out") && said.contains("message 2") && said.contains("not read to its end"),
        "{said}"
    );
    let zip = at("chats.zip", "PK\u{3}\u{4}");
    let output = history.run(&["import", &zip]);
    assert!(output.status.code() == Some(1) && text(&output.stderr).contains("Unpack"), "{}", text(&output.stderr));
    assert_eq!(history.fails(&["import", &history.at("nothing.json")]).0, Some(2));
    assert_eq!(history.fails(&["import", &history.at("")]).0, Some(2));
}

#[test]
fn a_history_that_cannot_be_used_is_exit_3() {
    let history = History::new();
    std::fs::write(&history.data, "x").unwrap();
    let notes = history.at("n.md");
    std::fs::write(&notes, "hi").unwrap();
    assert_eq!(history.fails(&["import", &notes]).0, Some(3));
    std::fs::remove_file(&history.data).unwrap();
    std::fs::create_dir(&history.data).unwrap();
    std::fs::write(history.data.join("history.db"), "no database at all, but longer than a header").unwrap();
    let (code, said) = history.fails(&["list"]);
    assert!(code == Some(3) && said.contains("history"), "{said}");
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let history = History::new();
    let mut importer = Importer::open(&history.data, &mut |_| ()).unwrap();
    for at in 0..3000 {
        importer
            .add(SavedChat { id: format!("chat{at}").as_str().into(), entries: Vec::new(), ..chats().remove(3) })
            .unwrap();
    }
    importer.finish(&mut |_| ()).unwrap();
    let data = history.data.display().to_string();
    for words in [&["list"][..], &["list", "--json"], &["export", "--all", "--format", "json"]] {
        let mut child = riffle(history.home.path(), &[&["history", "--data-dir", &data], words].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{words:?}");
    }
}
