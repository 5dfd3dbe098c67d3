//! Histories that look like those of people: words as frequent as in real text, Markdown with code, identifiers, some
//! Chinese and Japanese, emoji, versions, tools, one very long chat. The same numbers give the same texts; times go
//! over three years up to now.

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;

use riffle::chat::{
    Arguments, AssistantMessage, ConversationId, Entry, EntryBody, EntryState, Finish, Head, MessageId, SavedChat,
    ToolCall, ToolResult, ToolStatus, Usage, title_of,
};
use riffle::store::Importer;

/// Messages of the long chat in a large history.
pub(crate) const LONG: usize = 10_000;
/// Its id.
pub(crate) const LONG_ID: &str = "00000000000000000000000000000001";
/// The number of different words.
const VOCABULARY: usize = 50_000;
const YEARS_MS: i64 = 3 * 366 * 86_400_000;
/// Messages that are put in order before they are written.
const BATCH: usize = 50_000;

const MODELS: [(&str, &str); 6] = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gemini", "gemini-2.5-flash"),
    ("ollama", "llama3.2"),
    ("openrouter", "qwen/qwen3-coder"),
];

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) messages: usize,
    /// Bytes of the messages' bodies.
    pub(crate) text: u64,
}

/// Writes a history of so many chats and, in all, so many messages.
pub(crate) fn fill(folder: &Path, chats: usize, messages: usize, now_ms: i64) -> Result<Written, Box<dyn Error>> {
    let mut importer = Importer::open(folder, &mut |_| ())?;
    let mut author = Author::new();
    let mut written = Written::default();
    // When the chat of this number begins.
    let until = |number: usize| now_ms - YEARS_MS + (number as f64 / chats as f64 * YEARS_MS as f64) as i64;
    let mut waiting: Vec<SavedChat> = Vec::new();
    for (number, count) in lengths(chats, messages, &mut author.random).into_iter().enumerate() {
        let chat = author.chat(number, count, (number as f64 + 0.5) / chats as f64, now_ms);
        written.text += chat.entries.iter().map(|entry| body(entry).len() as u64).sum::<u64>();
        waiting.push(chat);
        if waiting.iter().skip(1).map(|chat| chat.entries.len()).sum::<usize>() >= BATCH {
            for chat in in_time_order(&mut waiting, until(number + 1)) {
                importer.add(chat)?;
            }
        }
    }
    for chat in in_time_order(&mut waiting, i64::MAX) {
        importer.add(chat)?;
    }
    written.messages = importer.finish(&mut |_| ())?.new_messages as usize;
    Ok(written)
}

/// Takes what was said until then out of the chats, in the order in which it was said: as pieces of chats.
fn in_time_order(chats: &mut Vec<SavedChat>, until_ms: i64) -> Vec<SavedChat> {
    let mut said: Vec<(i64, usize, Entry)> = Vec::new();
    for (at, chat) in chats.iter_mut().enumerate() {
        let count = chat.entries.partition_point(|entry| entry.time_ms < until_ms);
        said.extend(chat.entries.drain(..count).map(|entry| (entry.time_ms, at, entry)));
    }
    said.sort_by_key(|(time_ms, at, _)| (*time_ms, *at));
    let mut out: Vec<SavedChat> = Vec::new();
    for (_, at, entry) in said {
        match out.last_mut() {
            Some(piece) if piece.id == chats[at].id => piece.entries.push(entry),
            _ => out.push(piece(&chats[at], entry)),
        }
    }
    chats.retain(|chat| !chat.entries.is_empty());
    out
}

fn piece(chat: &SavedChat, entry: Entry) -> SavedChat {
    SavedChat {
        id: chat.id.clone(),
        title: chat.title.clone(),
        provider: chat.provider.clone(),
        model: chat.model.clone(),
        tags: chat.tags.clone(),
        head: chat.head.clone(),
        entries: vec![entry],
        ..*chat
    }
}

fn body(entry: &Entry) -> &str {
    match &entry.body {
        EntryBody::Question(text) => text,
        EntryBody::Answer { message, .. } => &message.text,
        EntryBody::ToolResult(result) => &result.output,
    }
}

/// How many messages each chat has: most a few, some many, the first of a large history very many.
fn lengths(chats: usize, messages: usize, random: &mut Random) -> Vec<usize> {
    let long = if messages >= 20 * LONG { LONG } else { 0 };
    let mut weights: Vec<f64> = (0..chats).map(|_| random.log_normal(1.0, 0.8)).collect();
    if long > 0 {
        weights[0] = 0.0;
    }
    let sum: f64 = weights.iter().sum();
    let mut out: Vec<usize> =
        weights.iter().map(|weight| ((messages - long) as f64 * weight / sum).floor().max(1.0) as usize).collect();
    if long > 0 {
        out[0] = long;
    }
    let given: usize = out.iter().sum();
    if let Some(last) = out.last_mut() {
        *last += messages.saturating_sub(given);
    }
    out
}

/// A generator of numbers: the same every time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    fn is(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// Around this median.
    fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        let (a, b) = (self.unit().max(1e-12), self.unit());
        median * (sigma * (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()).exp()
    }

    fn id(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }
}

/// Words, the first ones far more frequent than the last ones.
pub(crate) struct Vocabulary {
    pub(crate) words: Vec<String>,
    sums: Vec<f64>,
}

impl Vocabulary {
    fn of(words: Vec<String>) -> Self {
        let mut sum = 0.0;
        let sums = (0..words.len())
            .map(|rank| {
                sum += 1.0 / (rank as f64 + 2.7);
                sum
            })
            .collect();
        Self { words, sums }
    }

    /// Generated words of Latin letters.
    pub(crate) fn latin() -> Self {
        const STARTS: [&str; 24] = [
            "t", "a", "s", "c", "p", "d", "b", "r", "m", "f", "i", "e", "l", "w", "h", "o", "g", "n", "st", "tr", "ch",
            "v", "k", "qu",
        ];
        const VOWELS: [&str; 10] = ["e", "a", "i", "o", "u", "ea", "ou", "ai", "y", "ie"];
        const ENDS: [&str; 14] = ["", "n", "r", "s", "t", "l", "m", "d", "ck", "st", "ng", "nt", "x", "p"];
        let mut random = Random::new(7);
        let mut seen = HashSet::new();
        let mut words = Vec::new();
        while words.len() < VOCABULARY {
            let syllables = match words.len() {
                0..60 => 1,
                60..2000 => 1 + random.below(2),
                2000..20_000 => 2 + random.below(2),
                _ => 2 + random.below(3),
            };
            let mut word = String::new();
            for _ in 0..syllables {
                let (start, vowel) = (random.below(STARTS.len()), random.below(VOWELS.len()));
                word.push_str(STARTS[start.min(random.below(STARTS.len()))]);
                word.push_str(VOWELS[vowel.min(random.below(VOWELS.len()))]);
            }
            word.push_str(ENDS[random.below(ENDS.len())]);
            if seen.insert(word.clone()) {
                words.push(word);
            }
        }
        Self::of(words)
    }

    /// Generated words of two to four characters.
    pub(crate) fn chinese() -> Self {
        let mut random = Random::new(11);
        let mut seen = HashSet::new();
        let mut words = Vec::new();
        while words.len() < 6000 {
            let length = [2, 2, 2, 3, 4][random.below(5)];
            let mut word = String::new();
            for _ in 0..length {
                let (one, other) = (random.below(3000), random.below(3000));
                word.extend(char::from_u32(0x4E00 + one.min(other) as u32 * 5));
            }
            if seen.insert(word.clone()) {
                words.push(word);
            }
        }
        Self::of(words)
    }

    pub(crate) fn pick(&self, random: &mut Random) -> &str {
        let at = random.unit() * self.sums.last().copied().unwrap_or(0.0);
        let found = self.sums.partition_point(|sum| *sum < at);
        &self.words[found.min(self.words.len() - 1)]
    }
}

struct Author {
    random: Random,
    latin: Vocabulary,
    chinese: Vocabulary,
}

impl Author {
    fn new() -> Self {
        Self { random: Random::new(1), latin: Vocabulary::latin(), chinese: Vocabulary::chinese() }
    }

    fn chat(&mut self, number: usize, count: usize, when: f64, now_ms: i64) -> SavedChat {
        let is_long = count == LONG;
        let (provider, model) = MODELS[self.random.below(MODELS.len() * 3).min(self.random.below(MODELS.len()))];
        let is_chinese = self.random.is(0.05);
        let id = if is_long { LONG_ID.to_owned() } else { format!("{number:08x}{}", &self.random.id()[8..]) };
        let spread = if is_long { YEARS_MS / LONG as i64 } else { 90_000 };
        let latest = now_ms - spread * count as i64;
        let first = now_ms - YEARS_MS;
        let span = (latest - first).max(1);
        let created_ms = if is_long { first } else { first + (when * span as f64) as i64 };
        let mut time_ms = created_ms;
        let mut entries: Vec<Entry> = Vec::with_capacity(count);
        let mut parent: Option<MessageId> = None;
        while entries.len() < count {
            let is_question = !matches!(entries.last().map(|entry| &entry.body), Some(EntryBody::Question(_)));
            time_ms = (time_ms + (spread as f64 * (0.3 + 1.4 * self.random.unit())) as i64).min(now_ms);
            let push = |entries: &mut Vec<Entry>, time_ms: i64, id: String, parent: Option<MessageId>, body| {
                let id = MessageId(format!("{time_ms:012x}{}", &id[12..]));
                let state = EntryState::Complete;
                entries.push(Entry { id: id.clone(), parent, time_ms, state, body, attachments: Vec::new() });
                id
            };
            if is_question {
                let words = self.random.log_normal(16.0, 0.7) as usize;
                let text = self.text(words.clamp(2, 400), is_chinese, false);
                parent = Some(push(&mut entries, time_ms, self.random.id(), parent, EntryBody::Question(text)));
                continue;
            }
            // Asked again now and then: a sibling that nobody goes on from.
            if self.random.is(0.03) && entries.len() + 1 < count {
                let answer = self.answer(provider, model, is_chinese, None);
                push(&mut entries, time_ms, self.random.id(), parent.clone(), answer);
                time_ms = (time_ms + 12_000).min(now_ms);
            }
            if self.random.is(0.02) && entries.len() + 2 < count {
                let call_id = self.random.id()[..9].to_owned();
                let call = ToolCall {
                    id: call_id.clone(),
                    name: "search_gear".to_owned(),
                    arguments: Arguments::parse("{\"query\":\"tent\"}"),
                    opaque: None,
                };
                let answer = self.answer(provider, model, is_chinese, Some(&call));
                parent = Some(push(&mut entries, time_ms, self.random.id(), parent, answer));
                time_ms = (time_ms + 5000).min(now_ms);
                let output = self.text(80, false, false);
                let name = "search_gear".to_owned();
                let result = ToolResult { call_id, name, status: ToolStatus::Done, output, elapsed_ms: 400 };
                parent = Some(push(&mut entries, time_ms, self.random.id(), parent, EntryBody::ToolResult(result)));
                time_ms = (time_ms + 5000).min(now_ms);
            }
            let answer = self.answer(provider, model, is_chinese, None);
            parent = Some(push(&mut entries, time_ms, self.random.id(), parent, answer));
        }
        let title = entries.first().map(|entry| title_of(body(entry))).unwrap_or_default();
        SavedChat {
            id: ConversationId(id),
            title,
            provider: provider.to_owned(),
            model: model.to_owned(),
            created_ms,
            updated_ms: time_ms,
            deleted_ms: (!is_long && self.random.is(0.01)).then_some(now_ms),
            is_pinned: self.random.is(0.002),
            is_archived: !is_long && self.random.is(0.05),
            tags: if self.random.is(0.05) { vec!["work".to_owned()] } else { Vec::new() },
            head: parent.map_or(Head::Start, Head::At),
            entries,
        }
    }

    fn answer(&mut self, provider: &str, model: &str, is_chinese: bool, call: Option<&ToolCall>) -> EntryBody {
        let words = if call.is_some() { 8.0 } else { self.random.log_normal(140.0, 0.7) };
        let text = self.text((words as usize).clamp(3, 4000), is_chinese, call.is_none());
        let output = text.len() as u64 / 4;
        EntryBody::Answer {
            message: AssistantMessage { text, tool_calls: call.cloned().into_iter().collect(), ..Default::default() },
            provider: provider.to_owned(),
            model: model.to_owned(),
            finish: Some(if call.is_some() { Finish::ToolCalls } else { Finish::Stop }),
            finish_raw: Some("stop".to_owned()),
            error: None,
            usage: Some(Usage { input: 40 + self.random.below(9000) as u64, output, details: None }),
            ttft_ms: Some(200 + self.random.below(900) as u64),
            thought_ms: None,
            elapsed_ms: 900 + output * 11,
        }
    }

    fn text(&mut self, words: usize, is_chinese: bool, is_answer: bool) -> String {
        let mut out = String::with_capacity(words * 8);
        let mut left = words;
        while left > 0 {
            let count = left.min(6 + self.random.below(60));
            left -= count;
            if !out.is_empty() {
                out.push_str("\n\n");
            }
            match self.random.below(if is_answer { 12 } else { 40 }) {
                0 if is_answer => self.code(&mut out, count),
                1 if is_answer => {
                    out.push_str("## ");
                    self.sentence(&mut out, count.min(5), is_chinese);
                }
                2 if is_answer => {
                    for _ in 0..count.div_ceil(9) {
                        out.push_str("- **");
                        self.sentence(&mut out, 1, is_chinese);
                        out.push_str("** ");
                        self.sentence(&mut out, 8, is_chinese);
                        out.push('\n');
                    }
                }
                _ => self.sentence(&mut out, count, is_chinese),
            }
        }
        if self.random.is(0.04) {
            out.push_str(["👍", "🎉", "🏕️", "👩‍🚀"][self.random.below(4)]);
        }
        out
    }

    fn sentence(&mut self, out: &mut String, count: usize, is_chinese: bool) {
        const PARTICLES: [&str; 8] = ["の", "は", "を", "的", "了", "が", "、", "。"];
        let mut is_start = true;
        for at in 0..count {
            if is_chinese && !self.random.is(0.05) {
                out.push_str(self.chinese.pick(&mut self.random));
                out.push_str(PARTICLES[self.random.below(PARTICLES.len())]);
                continue;
            }
            if at > 0 {
                out.push(' ');
            }
            if self.random.is(0.012) {
                out.push('`');
                self.identifier(out);
                out.push('`');
                continue;
            }
            let word = self.latin.pick(&mut self.random);
            if is_start {
                out.extend(word.chars().next().map(|c| c.to_ascii_uppercase()));
                out.push_str(&word[1..]);
            } else {
                out.push_str(word);
            }
            is_start = self.random.is(0.07);
            if is_start {
                out.push('.');
            } else if self.random.is(0.06) {
                out.push(',');
            }
        }
    }

    fn identifier(&mut self, out: &mut String) {
        let (one, other) = (self.latin.pick(&mut self.random).to_owned(), self.latin.pick(&mut self.random).to_owned());
        if self.random.is(0.5) {
            out.push_str(&format!("{one}_{other}"));
        } else {
            out.push_str(&format!("{one}{}{}", other[..1].to_ascii_uppercase(), &other[1..]));
        }
    }

    fn code(&mut self, out: &mut String, count: usize) {
        out.push_str("```rust\n");
        for _ in 0..count.div_ceil(5) {
            out.push_str("    let ");
            self.identifier(out);
            out.push_str(" = self.");
            self.identifier(out);
            out.push('(');
            out.push_str(self.latin.pick(&mut self.random));
            out.push_str(")?;\n");
        }
        out.push_str("```");
    }
}
