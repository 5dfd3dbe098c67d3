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

/// Appends what brings the cursor to this column and row, counted from 0 (CUP): one is written with nearly every delta, and
/// by way of the formatter it would take five times as many instructions.
pub(super) fn move_to(out: &mut Vec<u8>, (x, y): (u16, u16)) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(b"\x1b[");
    out.extend_from_slice(digits.format(u32::from(y) + 1).as_bytes());
    out.push(b';');
    out.extend_from_slice(digits.format(u32::from(x) + 1).as_bytes());
    out.push(b'H');
}
