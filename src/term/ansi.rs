//! crossterm's commands as bytes in memory: frames are put together first and written in one go. Pure.

use std::fmt;

use crossterm::Command;

struct Ansi<'a>(&'a mut Vec<u8>);

impl fmt::Write for Ansi<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Appends what the command writes.
pub(super) fn push(out: &mut Vec<u8>, command: impl Command) {
    // Writing to memory does not fail.
    let _ = command.write_ansi(&mut Ansi(out));
}
