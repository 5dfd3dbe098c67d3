//! Words about copies: what was copied, how much, and which way it went.

/// What was copied, in the middle of a sentence.
pub const ANSWER: &str = "the answer";
/// The last answer.
pub const LAST_ANSWER: &str = "the last answer";
/// A question.
pub const QUESTION: &str = "the question";
/// A tool call.
pub const CALL: &str = "the call";

/// A block of code.
pub const CODE: &str = "the code";
/// A line of shell code.
pub const COMMAND: &str = "the command";
/// A table, with tabs between its cells.
pub const TABLE: &str = "the table";
/// A table with commas between its cells.
pub const TABLE_CSV: &str = "the table as CSV";
/// A web or mail address.
pub const ADDRESS: &str = "the address";
/// The path of a file.
pub const PATH: &str = "the path";
/// A paragraph.
pub const PARAGRAPH: &str = "the paragraph";

/// Any of the letters shown.
pub const LETTERS: &str = "letter";
/// A letter with Shift.
pub const SHIFT: &str = "Shift+letter";

/// Selected text.
pub const SELECTION: &str = "the selection";
/// Notice when riffle takes the mouse.
pub const MOUSE_ON: &str = "The mouse is on: dragging copies. With Shift it is the terminal's.";
/// Notice when it gives it back.
pub const MOUSE_OFF: &str = "The mouse is the terminal's.";

/// Tmux took it.
pub const THROUGH_TMUX: &str = ", through tmux";
/// It was sent to the terminal, which does not answer.
pub const THROUGH_TERMINAL: &str = ", through the terminal";

/// There is nothing to copy.
pub const NOTHING: &str = "Nothing to copy.";
/// No letters to be shown.
pub const NO_CODE: &str = "No code on the screen. Ctrl+X C picks anything else.";
/// Nothing was opened, for the screen is elsewhere; before what was copied.
pub const REMOTE: &str = "Nothing opens over ssh. ";
/// Nothing was opened, for it is not there.
pub const NO_FILE: &str = "There is no such file. ";
/// Nothing was opened, for opening might run it.
pub const NOT_ONLY_READ: &str = "Only documents and folders are opened. ";
/// Nothing was opened.
pub const NOT_OPENED: &str = "Nothing here opens it. ";

/// Why a private chat is not copied into a file.
pub const NO_FILE_PRIVATE: &str = "this terminal has no clipboard, and a private chat is not written to any file";

/// An answer further up.
#[must_use]
pub fn answer_before(number: usize) -> String {
    if number == 1 { "the answer before".to_owned() } else { format!("the answer {number} before the last") }
}

/// `Copied the code, 12 lines.`
#[must_use]
pub fn copied(what: &str, lines: usize, characters: usize, way: &str) -> String {
    let size = match (lines, characters) {
        (2.., _) => format!("{lines} lines"),
        (_, 1) => "1 character".to_owned(),
        _ => format!("{characters} characters"),
    };
    format!("Copied {what}, {size}{way}.")
}

/// `Opened https://riffle.example.`
#[must_use]
pub fn opened(target: &str) -> String {
    format!("Opened {target}")
}

/// Where the file is that stands in for a clipboard, in about so many columns.
#[must_use]
pub fn copied_to_file(path: &str, is_too_long: bool, columns: usize) -> String {
    let why = if is_too_long { "too long for this terminal's clipboard" } else { "this terminal has no clipboard" };
    let whole = format!("Copied to a file, {why}: {path}");
    if whole.chars().count() <= columns { whole } else { format!("Copied to a file: {path}") }
}

/// Nothing took it.
#[must_use]
pub fn not_copied(why: &str) -> String {
    format!("Not copied: {why}.")
}

/// `/copy` asked for one answer too many.
#[must_use]
pub fn no_such_answer(count: usize) -> String {
    match count {
        0 => "No answer to copy yet.".to_owned(),
        1 => "There is one answer so far.".to_owned(),
        count => format!("There are {count} answers so far."),
    }
}
