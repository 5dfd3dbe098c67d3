//! What other programs wrote, read from files of their shapes.

use std::io::BufReader;

use riffle::chat::{Arguments, Entry, EntryBody, Head, SavedChat};
use riffle::transfer::json::{JsonWriter, line};
use riffle::transfer::markdown::{self, MarkdownOptions};
use riffle::transfer::{Found, Origin, html, llm, read};

const CHATGPT: &str = include_str!("../fixtures/import/chatgpt.json");
const CLAUDE: &str = include_str!("../fixtures/import/claude.json");
const AICHAT: &str = include_str!("../fixtures/import/aichat.yaml");
const LLM: &str = include_str!("../fixtures/import/llm.sql");
const HEADINGS: &str = include_str!("../fixtures/import/headings.md");

pub fn import(text: &str, name: &str) -> (Vec<SavedChat>, Vec<String>) {
    let (mut chats, mut left_out) = (Vec::new(), Vec::new());
    let origin = Origin { name, time_ms: 1_000_000 };
    let done = read(BufReader::new(text.as_bytes()), origin, &mut |found| match found {
        Found::Chat(chat) => chats.push(*chat),
        Found::LeftOut(sentence) => left_out.push(sentence),
    });
    left_out.extend(done.err().map(|error| error.to_string()));
    (chats, left_out)
}

/// A message as one line: who, what it says, what it calls or gives.
fn said(entry: &Entry) -> String {
    match &entry.body {
        EntryBody::Question(text) => format!("q: {text}"),
        EntryBody::Answer { message, .. } => {
            let calls =
                message.tool_calls.iter().map(|call| format!(" [{} {}]", call.name, call.arguments.to_json_text()));
            let calls = calls.collect::<Vec<_>>().concat();
            format!("a: {}{calls}", message.text)
        }
        EntryBody::ToolResult(result) => format!("r: {}", result.output),
    }
}

fn path(chat: &SavedChat) -> Vec<String> {
    chat.path().into_iter().map(said).collect()
}

fn assert_sound(chats: &[SavedChat]) {
    for chat in chats {
        let times: Vec<i64> = chat.entries.iter().map(|entry| entry.time_ms).collect();
        assert!(times.is_sorted() && times[0] >= 0, "{times:?}");
        let mut known = std::collections::HashSet::new();
        for entry in &chat.entries {
            assert!(entry.parent.as_ref().is_none_or(|parent| known.contains(parent)), "{entry:?}");
            assert!(known.insert(entry.id.clone()));
        }
    }
}

#[test]
fn chatgpt_keeps_versions_tools_and_reasoning() {
    let (chats, left_out) = import(CHATGPT, "conversations");
    assert_sound(&chats);
    let [packing, ring] = chats.as_slice() else { panic!("{left_out:?}") };
    let shown = [
        "q: [image]\n\nWhat should I pack?\n\n[bag.png]",
        "a:  [web.search {\"query\":\"alps weather\"}]",
        "r: snow until June",
        "a: Warm things.",
    ];
    assert_eq!(path(packing), shown);
    assert_eq!((packing.title.as_str(), packing.provider.as_str()), ("Packing for the Alps", "openai"));
    assert_eq!((packing.created_ms, packing.entries[0].time_ms), (1_714_558_800_250, 1_714_558_801_500));
    let EntryBody::Answer { message, model, .. } = &packing.entries[1].body else { panic!() };
    assert_eq!((message.reasoning.as_str(), model.as_str()), ("Weather\n\nIt snows in May.", "o3"));
    assert_eq!(packing.entries.len(), 6);
    // What followed the broken message follows the one before it.
    let last = packing.entries.last().unwrap();
    assert_eq!((said(last), last.parent.as_ref()), ("q: How long a rope?".to_owned(), Some(&packing.entries[4].id)));
    assert_eq!(path(ring), ["q: Who follows whom?", "a: Each the other."]);
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out[0].contains("Packing for the Alps") && left_out[0].contains("message 10"), "{}", left_out[0]);
}

#[test]
fn claude_divides_an_answer_where_tools_ran() {
    let (chats, left_out) = import(CLAUDE, "conversations");
    assert_sound(&chats);
    let [chat] = chats.as_slice() else { panic!("{left_out:?}") };
    let mut all: Vec<String> = chat.entries.iter().map(said).collect();
    all.sort();
    let question = "q: Which is warmest?\n\nbags.txt:\n```\nPolar: -20\n\n```\n\n[photo.jpg]";
    let expected = [
        "a: Let me look. [repl {\"code\":\"min()\"}]",
        "a: The Polar, by far.",
        "a: The Polar.",
        "q: Thanks",
        question,
        "r: -20",
    ];
    assert_eq!(all, expected);
    assert_eq!(path(chat), [question, "a: The Polar, by far.", "q: Thanks"]);
    assert_eq!((chat.title.as_str(), chat.created_ms), ("Sleeping bags", 1_740_906_000_123));
    assert_eq!(left_out.len(), 2, "{left_out:?}");
}

#[test]
fn aichat_sessions_grow_without_repeating() {
    let (chats, left_out) = import(AICHAT, "tents");
    assert_sound(&chats);
    let chat = &chats[0];
    let shown = [
        "q: You sell tents.\n\nWhich tent?\n\nFor two.",
        "a: The TrailBlazer.",
        "q: And this one?",
        "a:  [look {\"what\":\"tent\"}]",
        "r: a tent",
        "a: A tent.",
    ];
    assert_eq!(path(chat), shown);
    assert_eq!((chat.title.as_str(), chat.provider.as_str(), chat.model.as_str()), ("tents", "openai", "gpt-4o-mini"));
    assert_eq!(&*chat.entries[2].attachments[0].data, b"GIF89a");
    assert!(left_out.len() == 1 && left_out[0].contains("message 6"), "{left_out:?}");
    let (grown, _) = import(&AICHAT.replace("data_urls", "- role: user\n  content: More?\ndata_urls"), "tents");
    assert_eq!(grown[0].id, chat.id);
    assert_eq!(grown[0].entries[..6], chat.entries[..]);
    assert_eq!(grown[0].entries.len(), 7);
    let (other, _) = import(AICHAT, "other");
    assert_ne!(other[0].id, chat.id);
}

#[test]
fn logs_of_llm_keep_what_was_asked_with_its_instructions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logs.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch(LLM).unwrap();
    let (mut chats, mut left_out) = (Vec::new(), Vec::new());
    llm::read(&file, &mut |found| match found {
        Found::Chat(chat) => chats.push(*chat),
        Found::LeftOut(sentence) => left_out.push(sentence),
    })
    .unwrap();
    assert_sound(&chats);
    let [diff, dot] = chats.as_slice() else { panic!("{left_out:?}") };
    let shown = [
        "q: Explain this\n\ndiff --git a b",
        "a: It renames a.",
        "q: How late is it?",
        "a:  [now {}]",
        "r: 10:01",
        "a: Ten.",
    ];
    assert_eq!(path(diff), shown);
    assert_eq!((diff.title.as_str(), diff.created_ms), ("Explain this diff", 1_716_199_200_000));
    assert_eq!(path(dot), ["q: A long text.\n\nWhat is it?", "a: A dot."]);
    assert_eq!((dot.entries[0].attachments[0].name.as_str(), dot.model.as_str()), ("dot.gif", "llava"));
    assert!(left_out.len() == 1 && left_out[0].contains("message 4"), "{left_out:?}");
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("create table t (x); create view responses as select 1 as id, 2 as prompt, 3 as response")
        .unwrap();
    assert!(llm::read(&other, &mut |_| ()).is_err());
}

#[test]
fn headings_of_people_begin_messages_and_no_text_is_lost() {
    let (chats, left_out) = import(HEADINGS, "notes");
    let answer = "a: ### User reviews\n\nGood ones:\n\n```\n## User\nnot a question\n```\n\nThe TrailBlazer.";
    assert_eq!(path(&chats[0]), ["q: Copied from a notebook.\n\nWhich tent?", answer, "q: Thanks"]);
    assert_eq!((chats[0].title.as_str(), left_out.len()), ("Tents for two", 0));
    let (bold, _) = import("**You:** Hi\nthere\n\n**ChatGPT:**\nHello **You:** two\n\n## User\n", "x");
    assert_eq!(path(&bold[0]), ["q: Hi\nthere", "a: Hello **You:** two\n\n## User"]);
    for text in ["# Notes\n\nJust text.\n", "[a link](http://x) and text", "#!/usr/bin/env python3\nprint()\n"] {
        let (none, left_out) = import(text, "x");
        assert!(none.is_empty() && left_out[0].contains("no headings such as"), "{left_out:?}");
    }
    let (first, _) = import("Before.\n\n## Assistant\nYes.", "x");
    assert_eq!(path(&first[0]), ["q: Before.", "a: Yes."]);
}

/// A chat with everything that could be taken for something else.
fn tricky() -> SavedChat {
    let text = r###"{"id":"0193aa","title":"A \"title\": <b> --> \u001b[31m \u007f \u0085 \u2028 x","provider":"p","model":"m -->","created_ms":1714558800250,
        "updated_ms":1714558809000,"tags":["a","b"],"head":"a2","messages":[
        {"id":"q1","time_ms":1714558801001,"role":"user","text":"## Answer\n<!-- riffle:answer {} -->\n<!-- \\riffle:x --> é\n\n"},
        {"id":"a1","parent":"q1","time_ms":1714558802002,"role":"assistant","text":"","reasoning":"> think\n\n```\n<!-- riffle:end -->",
         "provider":"p","model":"m -->","finish":"tool_calls","tool_calls":[{"id":"c1","name":"look","arguments":{"q":"```` <!-- riffle:x"}}]},
        {"id":"t1","parent":"a1","time_ms":1714558803003,"role":"tool","call_id":"c1","name":"look","status":"failed","text":"```\nno\n","elapsed_ms":7},
        {"id":"a2","parent":"t1","time_ms":1714558804004,"role":"assistant","text":"cut ````rust\n````rust\nfn","state":"stopped","provider":"p","model":"m -->","finish":"cancelled"}
        ]}"###;
    let (mut chats, left_out) = import(text, "x");
    assert!(left_out.is_empty(), "{left_out:?}");
    chats.remove(0)
}

#[test]
fn our_markdown_comes_back_to_the_letter() {
    let chat = tricky();
    let text = markdown::write(&chat, MarkdownOptions::default());
    for text in [text.clone(), text.replace('\n', "\r\n")] {
        let (back, left_out) = import(&text, "y");
        assert!(left_out.is_empty(), "{left_out:?}");
        assert_eq!(back[0].entries, chat.entries, "{text}");
        assert_eq!(back[0].head, Head::At("a2".into()));
        assert_eq!(back[0].title, "A \"title\": <b> --> \u{1b}[31m \u{7f} x");
        assert_eq!((&back[0].id, &back[0].tags, back[0].created_ms), (&chat.id, &chat.tags, chat.created_ms));
    }
    let bare = markdown::write(&chat, MarkdownOptions { with_reasoning: false, with_tools: false });
    assert!(!bare.contains("think") && !bare.contains("look") && !bare.contains("no\n"), "{bare}");
    assert_eq!(path(&import(&bare, "y").0[0]).len(), 2);
}

#[test]
fn our_json_comes_back_as_it_was() {
    let chat = tricky();
    let mut writer = JsonWriter::begin(Vec::new()).unwrap();
    writer.add(&chat).unwrap();
    writer.add(&SavedChat { id: "other".into(), ..chat.clone() }).unwrap();
    let text = String::from_utf8(writer.end().unwrap()).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    assert_eq!(import(&text, "x").0[0], chat);
    assert_eq!(import(&format!("{}\n{}\n", line(&chat), line(&chat)), "x").0.len(), 2);
}

#[test]
fn a_page_can_do_nothing() {
    let mut chat = tricky();
    let attack = "<script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n\n[a](javascript:alert(3)) ![b](http://evil/x.png) \
                  [c](https://ok.example/\"onclick=alert(4)) <javascript:alert(5)> [d](&#106;avascript:x) \
                  [![e](http://evil/y.png)](data:text/html,x)\n\n```\"><script>\n</code><script>\n```";
    if let EntryBody::Answer { message, .. } = &mut chat.entries[3].body {
        message.text = attack.to_owned();
    }
    let page = html::write(&chat, MarkdownOptions::default());
    assert!(page.contains("default-src 'none'"));
    let lower = page.to_lowercase();
    for forbidden in ["<script", "<img", "href=\"javascript", "href=\"data:", "\"onclick", "<b>", "src=\"http"] {
        assert!(!lower.contains(forbidden), "{forbidden}: {page}");
    }
    assert!(page.contains("<a href=\"http://evil/x.png\"") && page.contains("&lt;script&gt;alert(1)"), "{page}");
    let quick = std::time::Instant::now();
    for hostile in [">".repeat(20_000), "[".repeat(20_000), "*a ".repeat(20_000), "- ".repeat(5_000)] {
        if let EntryBody::Answer { message, .. } = &mut chat.entries[3].body {
            message.text = hostile;
        }
        assert!(html::write(&chat, MarkdownOptions::default()).len() > 1000);
    }
    assert!(quick.elapsed().as_secs() < 60);
}

#[test]
fn depth_and_size_of_what_comes_in_harm_nobody() {
    let mut mapping = serde_json::Map::new();
    for at in 0..100_000 {
        let role = if at % 2 == 0 { "user" } else { "assistant" };
        let parent = if at == 0 { serde_json::Value::Null } else { format!("n{}", at - 1).into() };
        mapping.insert(
            format!("n{at}"),
            serde_json::json!({"parent": parent, "message": {"author": {"role": role}, "content": {"parts": ["x"]}}}),
        );
    }
    let text = serde_json::json!([{"title": "long", "mapping": mapping, "current_node": "n99999"}]).to_string();
    let (chats, left_out) = import(&text, "x");
    assert_eq!((chats[0].path().len(), left_out.len()), (100_000, 0));
    let bomb = format!(
        "model: x\nmessages: &a0 [x]\n{}",
        (1..40)
            .map(|at| format!("a{at}: &a{at} [{0}, {0}, {0}]\n", format!("*a{}", at - 1)))
            .collect::<Vec<_>>()
            .concat()
    );
    assert!(import(&bomb, "x").0.is_empty());
    for deep in ["[".repeat(100_000), "[".repeat(900), format!("\n{}", "- ".repeat(100_000))] {
        assert!(import(&format!("model: x\nmessages: {deep}"), "x").0.is_empty());
    }
    for wrong in [
        "[1, null, \"x\", [], {}]",
        "[{\"mapping\": {\"a\": 1, \"b\": {\"message\": 2}, \"c\": {\"message\": {\"author\": 3}}}}]",
        "[{\"chat_messages\": [1, null, {\"sender\": \"human\", \"content\": 5, \"text\": 6}]}]",
        "{\"messages\": [1], \"id\": \"x\", \"title\": 3}",
    ] {
        let (chats, left_out) = import(wrong, "x");
        assert!(chats.is_empty() && !left_out.is_empty(), "{wrong}: {chats:?}");
    }
}

#[test]
fn arguments_that_are_no_object_stay_as_they_are() {
    let text = r#"{"id":"c","messages":[{"id":"a","role":"assistant","text":"","tool_calls":[{"id":"1","name":"n","arguments":"{broken"}]}]}"#;
    let (chats, _) = import(text, "x");
    let EntryBody::Answer { message, .. } = &chats[0].entries[0].body else { panic!() };
    assert_eq!(message.tool_calls[0].arguments, Arguments::Raw("{broken".to_owned()));
}

#[test]
fn damaged_files_are_read_as_far_as_they_go() {
    let whole =
        [CHATGPT, CLAUDE, AICHAT, HEADINGS, &line(&tricky()), &markdown::write(&tricky(), MarkdownOptions::default())]
            .map(str::to_owned);
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let pieces = [
        "\"",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "null",
        "-1",
        "1e999",
        "\\",
        "\n",
        "---\n",
        "- ",
        "<!-- riffle:answer {\"id\":\"q1\"} -->\n",
        "```",
    ];
    for turn in 0..3000 {
        let text = &whole[turn % whole.len()];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=random(3) {
            let (at, piece) = (random(bytes.len()), pieces[random(pieces.len())]);
            match random(3) {
                0 => bytes.truncate(at.max(1)),
                1 => drop(bytes.splice(at..at, piece.bytes())),
                _ => drop(bytes.splice(at..(at + 1 + random(20)).min(bytes.len()), piece.bytes())),
            }
        }
        let (chats, _) = import(&String::from_utf8_lossy(&bytes), "x");
        for chat in chats {
            // What was read can be written again, in every form.
            let again = import(&line(&chat), "x").0;
            assert!(again.iter().all(|again| again.entries == chat.entries), "{}", String::from_utf8_lossy(&bytes));
            assert!(html::write(&chat, MarkdownOptions::default()).ends_with("</html>\n"));
            assert!(markdown::write(&chat, MarkdownOptions::default()).ends_with("<!-- riffle:end -->\n"));
        }
    }
}
