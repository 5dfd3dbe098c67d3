//! Fills a data folder with a history for measuring: `cargo run --release --example fill_history -- FOLDER CHATS MESSAGES`
//! writes so many chats of so many messages each, questions and answers in turn, in the store's own tables.

use std::error::Error;
use std::path::PathBuf;

use rusqlite::{Connection, params};

const WORDS: [&str; 32] = [
    "tent",
    "sleeping",
    "bag",
    "ridge",
    "trail",
    "weather",
    "stove",
    "water",
    "filter",
    "boots",
    "jacket",
    "compass",
    "summit",
    "valley",
    "river",
    "night",
    "morning",
    "pack",
    "weight",
    "season",
    "price",
    "stock",
    "zipper",
    "poles",
    "rust",
    "tokio",
    "select",
    "future",
    "stream",
    "buffer",
    "テント",
    "寝袋",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: fill_history FOLDER CHATS MESSAGES";
    let folder = PathBuf::from(args.next().ok_or(usage)?);
    let chats: i64 = args.next().ok_or(usage)?.parse()?;
    let messages: i64 = args.next().ok_or(usage)?.parse()?;
    std::fs::create_dir_all(&folder)?;
    let mut connection = Connection::open(folder.join("history.db"))?;
    connection.query_row("pragma journal_mode = wal", [], |_| Ok(()))?;
    riffle::store::create_schema(&mut connection)?;
    let mut seed = 1_u64;
    let transaction = connection.transaction()?;
    for chat in 0..chats {
        let id = format!("chat{chat:08}");
        let time = 1_700_000_000_000 + chat * 60_000;
        transaction.execute(
            "insert into conversation (id, title, provider, model, created_ms, updated_ms)
             values (?1, ?2, 'demo', 'outdoor-demo', ?3, ?3)",
            params![id, words(&mut seed, 6), time],
        )?;
        let mut parent: Option<String> = None;
        for number in 0..messages {
            let message = format!("{id}-{number:06}");
            let (role, length) = if number % 2 == 0 { ("user", 12) } else { ("assistant", 120) };
            transaction.execute(
                "insert into message (id, conversation_id, parent_id, role, time_ms, state, body)
                 values (?1, ?2, ?3, ?4, ?5, 'complete', ?6)",
                params![message, id, parent, role, time + number, words(&mut seed, length)],
            )?;
            parent = Some(message);
        }
    }
    transaction.commit()?;
    Ok(())
}

/// So many words; a few of them come far more often than the rest, as in real text.
fn words(seed: &mut u64, count: usize) -> String {
    let mut out = String::new();
    for at in 0..count {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = (*seed >> 33) as usize % 1000;
        let word = WORDS[(roll * roll / 1000) * WORDS.len() / 1000];
        if at > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
