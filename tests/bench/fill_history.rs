//! Fills a data folder with a history for measuring: `cargo run --release --example fill_history -- FOLDER CHATS MESSAGES`
//! writes so many chats with so many messages in all, as the program itself would have written them.

mod generate;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: fill_history FOLDER CHATS MESSAGES";
    let folder = PathBuf::from(args.next().ok_or(usage)?);
    let chats: usize = args.next().ok_or(usage)?.parse()?;
    let messages: usize = args.next().ok_or(usage)?.parse()?;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let start = Instant::now();
    let written = generate::fill(&folder, chats, messages, now_ms)?;
    let bytes = std::fs::metadata(folder.join(riffle::store::FILE_NAME))?.len();
    writeln!(
        std::io::stdout(),
        "{} messages, {} bytes of text, {bytes} bytes on disk ({:.2} x the text), {:.1} s",
        written.messages,
        written.text,
        bytes as f64 / written.text as f64,
        start.elapsed().as_secs_f64()
    )?;
    Ok(())
}
