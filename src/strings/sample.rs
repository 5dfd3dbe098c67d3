//! The sample by which a theme is judged: something of everything that is drawn.

/// An own question.
pub const QUESTION: &str = "Which tents are in stock?";
/// Beside it.
pub const CLOCK: &str = "14:06";
/// Text of an answer, before inline code.
pub const TEXT: &str = "Text of an answer, with";
/// Inline code.
pub const INLINE_CODE: &str = "P001";
/// What was looked for.
pub const HIT: &str = "found";
/// The one that is gone to.
pub const CURRENT_HIT: &str = "found, here";
/// Selected text.
pub const SELECTED: &str = "selected";
/// A finished call.
pub const DONE: &str = "0.1 s";
/// Code: keyword, function, plain, type, plain, number, plain, string, plain, constant, plain, comment.
pub const CODE: [&str; 12] = [
    "fn ",
    "fits",
    "(t: &",
    "Tent",
    ") { t.price < ",
    "250",
    " && t.state == ",
    "\"new\"",
    " && ",
    "SALE",
    " } ",
    "// in stock",
];
/// A diff: place, removed, added.
pub const DIFF: [&str; 3] = ["@@ -1 +1 @@", "- poles", "+ poles and pegs"];
