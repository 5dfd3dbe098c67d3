//! How fast a large history is listed, searched, opened and written to, beside a small one, and what it takes on disk. Run
//! with `cargo bench --bench history`; `-- CHATS MESSAGES` for another size. The histories are made once and kept under
//! the target folder, or where `RIFFLE_BENCH_DIR` says. Each look is on a connection of its own, as in the program.

mod generate;
mod screen;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use generate::{Vocabulary, Written};
use riffle::chat::{ConversationId, Entry, EntryBody, EntryState, Finish, Head, NewChat, Record, SavedChat};
use riffle::config::retention::Retention;
use riffle::store::{FILE_NAME, Importer, Now, Order, Query, Reader, StoreEvent, StoreOptions, Writer};

type Outcome<T> = Result<T, Box<dyn Error>>;

const DAY_MS: i64 = 86_400_000;
/// A history is made anew after so many days, so that its newest messages are new.
const KEPT_DAYS: u64 = 3;
/// What the browser asks for at first.
const LISTED: usize = 200;
const RUNS: usize = 15;

fn main() -> Outcome<()> {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let (chats, messages) = match sizes[..] {
        [chats, messages] => (chats, messages),
        _ => (10_000, 1_000_000),
    };
    let large = History::get(chats, messages)?;
    let small = History::get(100, 10_000)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{chats} chats, {messages} messages, {} MB of text", large.written.text / 1_000_000)?;
    let ratio = |bytes: u64| bytes as f64 / large.written.text as f64;
    let in_use = ratio(large.disk.saturating_sub(large.free()?));
    writeln!(
        out,
        "on disk: {} MB, {:.2} x the text, {in_use:.2} x without free pages, must 2.2",
        large.disk / 1_000_000,
        ratio(large.disk)
    )?;
    writeln!(
        out,
        "{:<42} {:>5} {:>8} {:>8} {:>9} {:>8} {:>8} {:>6}",
        "ms", "must", "first", "median", "processor", "p95", "small", "ratio"
    )?;
    let vocabulary = (Vocabulary::latin(), Vocabulary::chinese());
    for (what, text) in queries(&vocabulary.0, &vocabulary.1) {
        let times = Times::of(|| large.find(&text))?;
        let beside = Times::of(|| small.find(&text))?;
        let found = large.found(&text)?;
        line(&mut out, &format!("{what}: {}", if text.len() > 24 { "" } else { &text }), 50, &times, &beside)?;
        if std::env::var_os("RIFFLE_BENCH_FOUND").is_some() {
            writeln!(out, "    {found}")?;
        }
    }
    let (times, beside) = (large.open_longest()?, small.open_longest()?);
    line(&mut out, "open the longest chat", 100, &times, &beside)?;
    let (times, beside) = (large.draw_longest()?, small.draw_longest()?);
    line(&mut out, "the same, to its first frame", 100, &times, &beside)?;
    writeln!(out, "memory at most so far: {}", peak())?;
    let times = large.append()?;
    let beside = History::empty()?.append()?;
    line(&mut out, "append a question and an answer", 0, &times, &beside)?;
    writeln!(out, "    {:.2} x an empty history's", times.median() / beside.median())?;
    let times = large.index_steps()?;
    let beside = small.index_steps()?;
    line(&mut out, "a step of the search index", 50, &times, &beside)?;
    writeln!(out, "    the longest {:.1}", times.at(1.0))?;
    Ok(())
}

/// What is looked for, with words of known frequency.
fn queries(latin: &Vocabulary, chinese: &Vocabulary) -> Vec<(&'static str, String)> {
    let word = |rank: usize| latin.words[rank].as_str();
    let start = |rank: usize, letters: usize| word(rank).chars().take(letters).collect::<String>();
    let short = |vocabulary: &Vocabulary, from: usize| {
        vocabulary.words[from..].iter().find(|word| word.chars().count() == 2).cloned().unwrap_or_default()
    };
    let long = |from: usize| latin.words[from..].iter().position(|word| word.len() > 6).map_or(from, |at| from + at);
    let (frequent, seldom) = (long(300), long(20_000));
    vec![
        ("newest chats", String::new()),
        ("rare word", format!("{} ", word(40_000))),
        ("word in 1 of 100", format!("{} ", word(3000))),
        ("frequent word", format!("{} ", word(0))),
        ("frequent word", format!("{} ", word(20))),
        ("no such word", "qqqqqqq ".to_owned()),
        ("phrase of frequent words", format!("\"{} {}\"", word(0), word(1))),
        ("phrase of common words", format!("\"{} {}\"", word(60), word(90))),
        ("phrase of rare words", format!("\"{} {}\"", word(3000), word(4000))),
        ("1 letter", start(frequent, 1)),
        ("2 letters", start(frequent, 2)),
        ("3 letters", start(frequent, 3)),
        ("5 letters", start(frequent, 5)),
        ("1 letter, rare", "ñ".to_owned()),
        ("1 letter", "z".to_owned()),
        ("2 letters", "zu".to_owned()),
        ("2 letters, rare", start(seldom, 2)),
        ("3 letters, rare", start(seldom, 3)),
        ("5 letters, rare", start(seldom, 5)),
        ("whole short frequent word", word(0).to_owned()),
        ("Chinese word", short(chinese, 0)),
        ("Chinese word, rare", short(chinese, 3000)),
        ("two words", format!("{} {} ", word(10), word(200))),
        ("two rare words", format!("{} {} ", word(2000), word(3000))),
        ("frequent and rare", format!("{} {} ", word(0), word(30_000))),
        ("a word and 1 letter", format!("{} {}", word(500), start(frequent, 1))),
        ("a rare word and 1 letter", format!("{} {}", word(9000), start(frequent, 1))),
        ("a frequent word and 2 letters", format!("{} {}", word(0), start(frequent, 2))),
        ("a word and 3 letters", format!("{} {}", word(100), start(seldom, 3))),
        ("word without a frequent one", format!("{} -{} ", word(300), word(0))),
        ("frequent without a frequent one", format!("{} -{} ", word(0), word(1))),
        ("code", "has:code ".to_owned()),
        ("code and a word", format!("has:code {} ", word(1000))),
        ("asked by the person", format!("role:user {} ", word(0))),
        ("asked by the person, rare", format!("role:user {} ", word(8000))),
        ("a tool's", format!("role:tool {} ", word(100))),
        ("of a model", format!("model:llama {} ", word(0))),
        ("of a model, rare", format!("model:llama {} ", word(3000))),
        ("pinned", format!("is:pinned {} ", word(0))),
        ("pinned, common", format!("is:pinned {} ", word(1000))),
        ("in the trash", format!("in:trash {} ", word(100))),
        ("in the archive", format!("in:archive {} ", word(0))),
        ("of a week", format!("since:7d {} ", word(100))),
        ("of a tag", format!("tag:work {} ", word(100))),
        ("identifier", format!("{}_{} ", word(0), word(1))),
    ]
}

/// A history for measuring.
struct History {
    folder: PathBuf,
    written: Written,
    disk: u64,
    _temporary: Option<tempfile::TempDir>,
}

impl History {
    fn get(chats: usize, messages: usize) -> Outcome<Self> {
        let place = std::env::var_os("RIFFLE_BENCH_DIR")
            .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(), PathBuf::from);
        let folder = place.join(format!("history-{chats}-{messages}"));
        let note = folder.join("written");
        let is_new = |path: &Path| {
            let age = std::fs::metadata(path).and_then(|meta| meta.modified()).ok()?.elapsed().ok()?;
            Some(age < Duration::from_secs(KEPT_DAYS * 86_400))
        };
        if is_new(&note) != Some(true) {
            let _ = std::fs::remove_dir_all(&folder);
            let written = generate::fill(&folder, chats, messages, now_ms())?;
            let disk = std::fs::metadata(folder.join(FILE_NAME))?.len();
            std::fs::write(&note, format!("{} {} {disk}", written.messages, written.text))?;
        }
        let noted = std::fs::read_to_string(&note)?;
        let numbers: Vec<u64> = noted.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let [messages, text, disk] = numbers[..] else { return Err("what was written is not known".into()) };
        Ok(Self { folder, written: Written { messages: messages as usize, text }, disk, _temporary: None })
    }

    fn empty() -> Outcome<Self> {
        let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let folder = place.path().join("history");
        Ok(Self { folder, written: Written::default(), disk: 0, _temporary: Some(place) })
    }

    /// Bytes of pages that merges of the search index left behind and that the next messages take.
    fn free(&self) -> Outcome<u64> {
        let connection = rusqlite::Connection::open(self.folder.join(FILE_NAME))?;
        let count = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok((count("freelist_count")? * count("page_size")?).unsigned_abs())
    }

    fn find(&self, text: &str) -> Outcome<usize> {
        let query = parse(text);
        let reader = Reader::open(&self.folder)?;
        let found = reader.find(&query, Order::Time, LISTED)?;
        if found.chats.is_empty() {
            reader.nearest(&query)?;
        }
        Ok(found.chats.len())
    }

    fn found(&self, text: &str) -> Outcome<String> {
        let found = Reader::open(&self.folder)?.find(&parse(text), Order::Time, LISTED)?;
        Ok(format!("{} chats, {} hits, more: {}", found.chats.len(), found.hits, found.is_more))
    }

    fn longest(&self) -> Outcome<ConversationId> {
        let longest = Reader::open(&self.folder)?.find(&Query::default(), Order::Length, 1)?.chats;
        Ok(longest.first().map(|found| found.chat.id.clone()).ok_or("no chats")?)
    }

    fn open_longest(&self) -> Outcome<Times> {
        let id = self.longest()?;
        Times::of(|| Ok(Reader::open(&self.folder)?.saved(&id)?.ok_or("no chat")?.into_conversation().entries.len()))
    }

    fn draw_longest(&self) -> Outcome<Times> {
        let id = self.longest()?;
        Times::of(|| screen::open_and_draw(&self.folder, &id).map(|()| 1))
    }

    /// One question and its answer after the other, every record waited for until it is on the disk.
    fn append(&self) -> Outcome<Times> {
        let (send, events) = channel();
        let options = StoreOptions { folder: self.folder.clone(), ack_trace: None, retention: Retention::default() };
        let writer = Writer::open(options, Box::new(move |event| drop(send.send(event))))?;
        wait(&events, &StoreEvent::Opened)?;
        std::thread::sleep(Duration::from_millis(300));
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let commit = |record: Record| {
            writer.append(record);
            runtime.block_on(writer.barrier());
        };
        let run = now_ms();
        let chat = format!("bench-{run}");
        let mut parent = None;
        let mut times = Vec::new();
        for number in 0..RUNS * 4 {
            let (question, answer) = (format!("bench-{run}-{number}-q"), format!("bench-{run}-{number}-a"));
            let start = Instant::now();
            commit(Record::Question {
                conversation: chat.as_str().into(),
                message: question.as_str().into(),
                parent: parent.take(),
                time_ms: now_ms(),
                text: "Which tent holds in a storm, and what does it weigh?".to_owned(),
                attachments: Vec::new(),
                new_chat: (number == 0).then(|| NewChat {
                    title: "Tents".to_owned(),
                    provider: "demo".to_owned(),
                    model: "m".to_owned(),
                }),
            });
            commit(Record::AnswerBegan {
                conversation: chat.as_str().into(),
                message: answer.as_str().into(),
                parent: Some(question.as_str().into()),
                time_ms: now_ms(),
                provider: "demo".to_owned(),
                model: "m".to_owned(),
            });
            for _ in 0..5 {
                let text = "A dome tent with four poles holds best, and weighs three kilograms. ".repeat(3);
                commit(Record::AnswerText { message: answer.as_str().into(), text });
            }
            commit(Record::AnswerEnded {
                message: answer.as_str().into(),
                state: EntryState::Complete,
                tool_calls: Vec::new(),
                opaque: None,
                finish: Some(Finish::Stop),
                finish_raw: None,
                error: None,
                usage: None,
                ttft_ms: Some(5),
                thought_ms: None,
                elapsed_ms: 10,
                model: "m".to_owned(),
            });
            times.push(start.elapsed());
            parent = Some(answer.as_str().into());
        }
        commit(Record::Deleted { conversation: chat.as_str().into(), time_ms: 1 });
        let _ = writer.close(Duration::from_secs(20));
        Ok(Times::sorted(times))
    }

    /// Brings a chat that was added into the index as the writer does it while nobody waits, and removes it again.
    fn index_steps(&self) -> Outcome<Times> {
        let mut importer = Importer::open(&self.folder, &mut |_| ())?;
        let id = format!("bench-{}", now_ms());
        let mut chats = Vec::new();
        let mut times = Vec::new();
        if let Some(source) = Reader::open(&self.folder)?.find(&Query::default(), Order::Length, 1)?.chats.first() {
            let source = Reader::open(&self.folder)?.saved(&source.chat.id)?.ok_or("no chat")?;
            let entries = source.entries.into_iter().take(4000).map(|entry| copied(entry, &id));
            let entries = entries.collect();
            let deleted_ms = Some(1);
            chats.push(SavedChat { id: id.as_str().into(), entries, deleted_ms, head: Head::Newest, ..source });
        }
        for chat in chats {
            importer.add(chat)?;
        }
        loop {
            let start = Instant::now();
            let is_more = importer.index_some()?;
            times.push(start.elapsed());
            if !is_more {
                break;
            }
        }
        drop(importer);
        let (send, _events) = channel();
        let options = StoreOptions {
            folder: self.folder.clone(),
            ack_trace: None,
            retention: Retention { trash_days: 30, chat_days: 0 },
        };
        let writer = Writer::open(options, Box::new(move |event| drop(send.send(event))))?;
        for _ in 0..600 {
            if Reader::open(&self.folder)?.saved(&id.as_str().into())?.is_none() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = writer.close(Duration::from_secs(20));
        Ok(Times::sorted(times))
    }
}

fn copied(entry: Entry, prefix: &str) -> Entry {
    let id = |id: &str| format!("{prefix}-{id}").as_str().into();
    let body = match entry.body {
        EntryBody::ToolResult(result) => EntryBody::Question(result.output),
        other => other,
    };
    Entry { id: id(entry.id.as_str()), parent: entry.parent.map(|parent| id(parent.as_str())), body, ..entry }
}

fn wait(events: &Receiver<StoreEvent>, wanted: &StoreEvent) -> Outcome<()> {
    while events.recv_timeout(Duration::from_mins(1))? != *wanted {}
    Ok(())
}

fn parse(text: &str) -> Query {
    let now_ms = now_ms();
    Query::parse(text, &Now { unix_ms: now_ms, day_start: &|days| Some(now_ms - days * DAY_MS), date_start: &|_| None })
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis() as i64)
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "not known".to_owned(), |line| line.trim().to_owned())
}

/// How long something took, shortest first, in milliseconds; and the first time of all.
struct Times {
    first: f64,
    sorted: Vec<f64>,
    /// What of the median this thread had a processor for: on a busy machine the rest is waiting.
    processor: Option<f64>,
}

impl Times {
    fn of(mut run: impl FnMut() -> Outcome<usize>) -> Outcome<Self> {
        let (mut times, mut processor) = (Vec::new(), Vec::new());
        for _ in 0..=RUNS {
            let (start, before) = (Instant::now(), on_processor());
            std::hint::black_box(run()?);
            times.push(start.elapsed());
            processor.extend(on_processor().zip(before).map(|(after, before)| after.saturating_sub(before)));
        }
        let first = times.remove(0);
        processor.sort();
        let processor = processor.get(processor.len() / 2).copied().map(ms);
        Ok(Self { first: ms(first), processor, ..Self::sorted(times) })
    }

    fn sorted(times: Vec<Duration>) -> Self {
        let first = times.first().copied().map_or(0.0, ms);
        let mut sorted: Vec<f64> = times.into_iter().map(ms).collect();
        sorted.sort_by(f64::total_cmp);
        Self { first, sorted, processor: None }
    }

    fn at(&self, share: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
    }

    fn median(&self) -> f64 {
        self.at(0.5)
    }
}

/// How long this thread has had a processor; `None` where the system does not say.
fn on_processor() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(stat.split_whitespace().next()?.parse().ok()?))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn line(out: &mut impl Write, what: &str, must: u32, large: &Times, small: &Times) -> Outcome<()> {
    let must = if must == 0 { String::new() } else { must.to_string() };
    let processor = large.processor.map_or_else(String::new, |ms| format!("{ms:.2}"));
    writeln!(
        out,
        "{what:<42} {must:>5} {:>8.2} {:>8.2} {processor:>9} {:>8.2} {:>8.2} {:>6.1}",
        large.first,
        large.median(),
        large.at(0.95),
        small.median(),
        large.median() / small.median()
    )?;
    Ok(())
}
