//! Answers as models write them, as long as wanted: prose, lists, code, tables, all of them in turn, and blocks that do not
//! end. The same every time.

use riffle::chat::{
    AssistantMessage, Conversation, ConversationId, Entry, EntryBody, EntryState, Finish, Head, MessageId, Usage,
};

/// What an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everything in turn.
    Mixed,
    /// One code block.
    OpenCode,
    /// One list.
    OpenList,
    /// Paragraphs.
    Prose,
}

const PROSE: &str = "A dome tent with *four* poles holds best in a storm, and weighs about **three kilograms** with its \
                     pegs; see [the list](https://example.org/tents) for the others, or ask `gear --weight` for one.\n\n";
const LIST: &str = "- The first thing is the ground: flat, dry and not at the lowest place.\n- The second one is the \
                    wind, which comes over the pass in the evening.\n  - Low to the ground, the back to it.\n\n";
const CODE: &str =
    "```rust\nfn weight(items: &[Item]) -> u32 {\n    items.iter().map(|item| item.grams).sum()\n}\n```\n\n";
const TABLE: &str = "| tent | grams | poles |\n|---|---:|---|\n| Ridgeline | 1100 | 2 |\n| Basecamp | 3050 | 4 |\n\n";
const HEADING: &str = "## What to take\n\n";
const LINE_OF_CODE: &str = "    let total = items.iter().filter(|item| item.is_needed()).map(Item::grams).sum();\n";
const ITEM: &str = "- One more thing to take along, which is *not* heavy and always needed.\n";

/// At least so many bytes of an answer.
pub(crate) fn answer(kind: Kind, bytes: usize) -> String {
    let (start, pieces): (&str, &[&str]) = match kind {
        Kind::Mixed => ("", &[HEADING, PROSE, LIST, PROSE, CODE, PROSE, TABLE]),
        Kind::OpenCode => ("```rust\n", &[LINE_OF_CODE]),
        Kind::OpenList => ("", &[ITEM]),
        Kind::Prose => ("", &[PROSE]),
    };
    let mut out = start.to_owned();
    for piece in pieces.iter().cycle() {
        if out.len() >= bytes {
            break;
        }
        out.push_str(piece);
    }
    out
}

/// A chat of questions with answers, of about so many lines on a screen of 120 columns with the panel open.
pub(crate) fn chat(lines: usize) -> Conversation {
    /// What a question with its answer takes.
    const TURN: usize = 40;
    let id = ConversationId(format!("lines-{lines}"));
    let text = answer(Kind::Mixed, 1500);
    let mut entries: Vec<Entry> = Vec::new();
    for turn in 0..(lines / TURN).max(1) {
        for is_question in [true, false] {
            let body = if is_question {
                EntryBody::Question(format!("Which tent holds in a storm, and what does number {turn} weigh?"))
            } else {
                answered(&text)
            };
            entries.push(Entry {
                id: MessageId(format!("m{}", entries.len())),
                parent: entries.last().map(|entry| entry.id.clone()),
                time_ms: 1_600_000_000_000 + entries.len() as i64,
                state: EntryState::Complete,
                body,
                attachments: Vec::new(),
            });
        }
    }
    Conversation::of_tree(id, "Tents".to_owned(), entries, &Head::Newest)
}

fn answered(text: &str) -> EntryBody {
    EntryBody::Answer {
        message: AssistantMessage { text: text.to_owned(), ..AssistantMessage::default() },
        provider: "openai".to_owned(),
        model: "gpt-4o".to_owned(),
        finish: Some(Finish::Stop),
        finish_raw: None,
        error: None,
        usage: Some(Usage { input: 900, output: 400, details: None }),
        ttft_ms: Some(300),
        thought_ms: None,
        elapsed_ms: 4000,
    }
}
