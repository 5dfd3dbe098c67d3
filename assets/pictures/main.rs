//! Makes the pictures of the README from the real program: it runs on a pseudo-terminal with the embedded demo, a terminal
//! emulator reads what it writes, and what stands there becomes SVG. `cargo build --release && cargo run --release --example
//! pictures`; the pictures are written beside this file.

mod svg;
mod terminal;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use svg::{Palette, animated, still};
use terminal::Terminal;

/// Columns and rows of the pictures.
const SIZE: (u16, u16) = (112, 40);
/// Of the animated one, which is seen smaller.
const SMALL: (u16, u16) = (104, 28);
const CTRL_HOME: &str = "\u{1b}[1;5H";
/// Tokens a second while it streams; 0 is at once.
const AT_ONCE: &str = "0";
const READABLE: &str = "80";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
    let program = program()?;
    for (name, palette) in [("dark", Palette::dark()), ("light", Palette::light())] {
        std::fs::write(folder.join(format!("{name}.svg")), compared(&program, &palette)?)?;
    }
    std::fs::write(folder.join("stream.svg"), streamed(&program, &Palette::dark())?)?;
    Ok(())
}

/// An answer with tables and the calls it is made of.
fn compared(program: &Path, palette: &Palette) -> Result<String, Box<dyn Error>> {
    let mut terminal = Terminal::start(program, SIZE, palette, AT_ONCE)?;
    terminal.wait_for("This is a demo")?;
    terminal.type_text("Compare all tents and sleeping bags under $300")?;
    terminal.press("\r")?;
    terminal.wait_for("outdoor-demo   ")?;
    terminal.press(CTRL_HOME)?;
    terminal.type_text("And the lightest of each?")?;
    terminal.rest(Duration::from_millis(300));
    Ok(still(&terminal.screen(), palette))
}

/// Tools run, an answer streams in, another tool asks and is allowed.
fn streamed(program: &Path, palette: &Palette) -> Result<String, Box<dyn Error>> {
    let mut terminal = Terminal::start(program, SMALL, palette, READABLE)?;
    terminal.wait_for("This is a demo")?;
    terminal.rest(Duration::from_millis(400));
    terminal.record();
    terminal.rest(Duration::from_millis(600));
    terminal.type_text("Compare all tents and sleeping bags under $300")?;
    terminal.rest(Duration::from_millis(300));
    terminal.press("\r")?;
    terminal.wait_for("outdoor-demo   ")?;
    terminal.rest(Duration::from_millis(1500));
    terminal.type_text("What do P005 and P011 cost with 10 percent off?")?;
    terminal.rest(Duration::from_millis(300));
    terminal.press("\r")?;
    terminal.wait_for("May calculate_total run?")?;
    // A key is taken for an answer only after a moment of quiet.
    terminal.rest(Duration::from_millis(1800));
    terminal.press("y")?;
    terminal.wait_for("The total is")?;
    terminal.rest(Duration::from_millis(3500));
    Ok(animated(&terminal.recorded(), palette))
}

/// The program, which is built in the folder above that of the examples.
fn program() -> Result<PathBuf, Box<dyn Error>> {
    let example = std::env::current_exe()?;
    let program = example.parent().and_then(Path::parent).ok_or("no folder")?.join("riffle");
    if program.exists() { Ok(program) } else { Err("build riffle first, in the same profile".into()) }
}
