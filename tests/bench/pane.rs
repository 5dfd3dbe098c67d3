//! What a frame of the conversation costs, whatever its length: scrolling and streaming in short and very long chats, the
//! first and the last MiB of a very long answer, its end, the opening of a long chat, and what a line takes in memory. Run
//! with `cargo bench --bench pane`, or with `-- frames`, `-- answers`, `-- opening` or `-- memory` for a part. What is
//! compared is measured in turns, so that a busy machine is busy for both.

mod answers;
mod screen;

use std::error::Error;
use std::io::{Write, stdout};
use std::process::Command;
use std::time::{Duration, Instant};

use answers::Kind;
use riffle::chat::{ConversationId, Draft};
use screen::Screen;

type Outcome<T> = Result<T, Box<dyn Error>>;

const MIB: usize = 1024 * 1024;
/// Bytes of a delta, and of what comes between two frames, while a long answer streams in.
const DELTA: usize = 64;
const BETWEEN_FRAMES: usize = 4096;
/// Frames of each kind that are measured.
const FRAMES: usize = 400;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    if let [child, bytes] = args.as_slice()
        && child == "memory-of"
    {
        return memory_of(bytes.parse()?);
    }
    let is_wanted = |part: &str| args.is_empty() || args.iter().any(|arg| arg == part);
    if is_wanted("frames") {
        frames()?;
    }
    if is_wanted("answers") {
        for kind in [Kind::Mixed, Kind::Prose, Kind::OpenCode, Kind::OpenList] {
            long_answer(kind)?;
        }
    }
    if is_wanted("opening") {
        opening()?;
    }
    if is_wanted("memory") {
        memory()?;
    }
    Ok(())
}

/// A frame of each kind in chats of three lengths.
fn frames() -> Outcome<()> {
    let lengths = [200, 20_000, 200_000];
    let mut screens = Vec::new();
    for lines in lengths {
        screens.push(opened(lines)?);
    }
    writeln!(
        stdout(),
        "{:<34} {:>10} {:>10} {:>10}   longest / shortest, must 1.2",
        "µs a frame, lines:",
        200,
        "20,000",
        "200,000"
    )?;
    // There and back again over the same pages, in the middle of the long ones.
    for (what, keys) in [("scrolling by lines", ["shift-up", "shift-down"]), ("scrolling by pages", ["pgup", "pgdn"])] {
        let steps = if keys[0] == "pgup" { 3 } else { 30 };
        let mut times: Vec<Vec<Duration>> = vec![Vec::new(); screens.len()];
        for round in 0..2 + FRAMES / (2 * steps) {
            for key in keys {
                for _ in 0..steps {
                    for (screen, times) in screens.iter_mut().zip(&mut times) {
                        screen.press(key)?;
                        let time = timed(|| screen.frame());
                        if round >= 2 {
                            times.push(time);
                        }
                    }
                }
            }
        }
        table_row(what, &times)?;
    }
    let answer = answers::answer(Kind::Mixed, FRAMES * 6);
    let (mut facts, mut times) = (vec![Vec::new(); screens.len()], vec![Vec::new(); screens.len()]);
    let mut bytes = vec![0; screens.len()];
    for screen in &mut screens {
        screen.press("ctrl-end")?;
        screen.ask("What should I take along for three days in the mountains?");
        screen.frame();
    }
    for token in pieces(&answer, 6) {
        for (at, screen) in screens.iter_mut().enumerate() {
            facts[at].push(timed(|| screen.text(token)));
            times[at].push(timed(|| bytes[at] += screen.frame()));
        }
    }
    table_row("streaming, one token a frame", &times)?;
    table_row("the fact before it", &facts)?;
    let count = times.first().map_or(1, Vec::len);
    let shown: Vec<String> = bytes.iter().map(|bytes| format!("{:>10}", bytes / count)).collect();
    writeln!(stdout(), "{:<34} {}   must 400, goal 150", "bytes a token", shown.join(" "))?;
    Ok(())
}

/// A screen far from both ends of a chat, as far as it has ends.
fn opened(lines: usize) -> Outcome<Screen> {
    let chat = answers::chat(lines);
    let mut screen = Screen::resuming(&chat.id)?;
    screen.open(chat, Draft::default());
    screen.frame();
    for _ in 0..if lines > 1000 { 200 } else { 3 } {
        screen.press("pgup")?;
        screen.frame();
    }
    Ok(screen)
}

/// The first and the last MiB of 20, and the end.
fn long_answer(kind: Kind) -> Outcome<()> {
    let answer = answers::answer(kind, 20 * MIB);
    let id = ConversationId("long".to_owned());
    let mut screen = Screen::resuming(&id)?;
    screen.open(answers::chat(200), Draft::default());
    screen.ask("Tell me everything.");
    screen.frame();
    let mut costs: Vec<(Duration, Duration)> = Vec::new();
    let mut slowest = Duration::ZERO;
    for mib in pieces(&answer[..20 * MIB], MIB) {
        let (mut facts, mut frames) = (Duration::ZERO, Duration::ZERO);
        for part in pieces(mib, BETWEEN_FRAMES) {
            facts += timed(|| pieces(part, DELTA).for_each(|delta| screen.text(delta)));
            let frame = timed(|| screen.frame());
            slowest = slowest.max(frame);
            frames += frame;
        }
        costs.push((facts, frames));
    }
    let (Some(first), Some(last)) = (costs.first(), costs.last()) else { return Ok(()) };
    let (first, last) = (ms(first.0 + first.1), ms(last.0 + last.1));
    let fact = timed(|| screen.end());
    let mut end = vec![timed(|| screen.frame())];
    while screen.is_behind() {
        end.push(timed(|| screen.frame()));
    }
    end.sort();
    let (frames, longest) = (end.len(), end.last().copied().unwrap_or_default());
    screen.press("pgup")?;
    let after = timed(|| screen.frame());
    writeln!(
        stdout(),
        "{kind:?} of 20 MiB: first MiB {first:.0} ms, last {last:.0} ms, {:.2} x, must 1.5; slowest frame {:.1} ms; its \
         end takes {:.1} ms and {frames} frames, the longest {:.1} ms, must 100; a page after it {:.2} ms; {} lines",
        last / first,
        ms(slowest),
        ms(fact),
        ms(longest),
        ms(after),
        screen.lines(),
    )?;
    Ok(())
}

/// A long chat from what the history gave to its first frame.
fn opening() -> Outcome<()> {
    for lines in [200, 200_000] {
        let mut times = Vec::new();
        for _ in 0..7 {
            let chat = answers::chat(lines);
            let mut screen = Screen::resuming(&chat.id)?;
            screen.frame();
            times.push(timed(|| {
                screen.open(chat, Draft::default());
                screen.frame();
            }));
        }
        writeln!(stdout(), "opening a chat of {lines} lines, to its first frame: {:.1} ms", ms(median(&mut times)))?;
    }
    Ok(())
}

/// What answers take in memory, each in a process of its own.
fn memory() -> Outcome<()> {
    for bytes in [MIB, 20 * MIB] {
        let out = Command::new(std::env::current_exe()?).args(["memory-of", &bytes.to_string()]).output()?;
        write!(stdout(), "{}", String::from_utf8_lossy(&out.stdout))?;
    }
    Ok(())
}

fn memory_of(bytes: usize) -> Outcome<()> {
    let answer = answers::answer(Kind::Mixed, bytes);
    let mut screen = Screen::resuming(&ConversationId("long".to_owned()))?;
    screen.open(answers::chat(200), Draft::default());
    screen.ask("Tell me everything.");
    screen.frame();
    let before = resident()?;
    for part in pieces(&answer, BETWEEN_FRAMES) {
        pieces(part, DELTA).for_each(|delta| screen.text(delta));
        screen.frame();
    }
    screen.end();
    screen.frame();
    while screen.is_behind() {
        screen.frame();
    }
    let taken = resident()?.saturating_sub(before);
    writeln!(
        stdout(),
        "{:.0} MiB answer: {:.1} MiB of memory, {} bytes a line, {:.1} x its text; at most {}",
        bytes as f64 / MIB as f64,
        taken as f64 / MIB as f64,
        taken / screen.lines().max(1),
        taken as f64 / bytes as f64,
        status("VmHWM:")?,
    )?;
    Ok(())
}

fn resident() -> Outcome<usize> {
    let kib: usize = status("VmRSS:")?.split_whitespace().next().ok_or("no number")?.parse()?;
    Ok(kib * 1024)
}

fn status(field: &str) -> Outcome<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("not told")?;
    Ok(line.trim().to_owned())
}

/// Pieces of about so many bytes.
fn pieces(text: &str, bytes: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.ceil_char_boundary(bytes.min(rest.len()));
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn table_row(what: &str, times: &[Vec<Duration>]) -> Outcome<()> {
    let medians: Vec<f64> = times.iter().map(|times| ms(median(&mut times.clone())) * 1000.0).collect();
    let shown: Vec<String> = medians.iter().map(|median| format!("{median:>10.1}")).collect();
    let ratio = medians.last().zip(medians.first()).map_or(0.0, |(long, short)| long / short);
    writeln!(stdout(), "{what:<34} {}   {ratio:.2}", shown.join(" "))?;
    Ok(())
}
