//! The definitions by which code is coloured, made cheaper: each first line of a language compiles about a hundred of its
//! patterns, and most of that time and memory goes into tables of all the letters of the world. In the definitions that are
//! written here all that is not ASCII is a small letter, which is one range.

use std::error::Error;

use syntect::dumps;
use syntect::parsing::syntax_definition::Pattern;
use syntect::parsing::{Regex, SyntaxSetBuilder};

/// Classes by their names in a pattern, and what stands for them there.
const CLASSES: &[(&str, &str)] = &[
    (r"\w", r"[0-9A-Z_a-z\x{80}-\x{10FFFF}]"),
    (r"\W", r"[^0-9A-Z_a-z\x{80}-\x{10FFFF}]"),
    (r"\d", r"[0-9]"),
    (r"\D", r"[^0-9]"),
    // A blank of its own would be none in patterns that are written with blanks.
    (r"\s", r"[\t-\r\x20]"),
    (r"\S", r"[^\t-\r\x20]"),
    (r"\p{L}", r"[A-Za-z\x{80}-\x{10FFFF}]"),
    (r"\p{Alpha}", r"[A-Za-z\x{80}-\x{10FFFF}]"),
    (r"\p{Ll}", r"[a-z\x{80}-\x{10FFFF}]"),
    (r"\p{Lo}", r"[\x{80}-\x{10FFFF}]"),
    (r"\p{Lu}", r"[A-Z]"),
    (r"\p{N}", r"[0-9]"),
    (r"\p{Nd}", r"[0-9]"),
];

/// Writes them for the program to include.
pub(crate) fn write() -> Result<(), Box<dyn Error>> {
    let mut narrowed = SyntaxSetBuilder::new();
    for syntax in two_face::syntax::extra_newlines().into_builder().syntaxes() {
        let mut syntax = syntax.clone();
        // They stand in the patterns already.
        syntax.variables.clear();
        for pattern in syntax.contexts.values_mut().flat_map(|context| &mut context.patterns) {
            if let Pattern::Match(pattern) = pattern {
                pattern.regex = Regex::new(narrow(pattern.regex.regex_str()));
            }
        }
        narrowed.add(syntax);
    }
    let folder = std::env::var("OUT_DIR")?;
    Ok(dumps::dump_to_uncompressed_file(&narrowed.build(), format!("{folder}/syntaxes"))?)
}

/// The pattern with the smaller classes.
fn narrow(pattern: &str) -> String {
    let mut narrowed = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        narrowed.push_str(&rest[..at]);
        rest = &rest[at..];
        let escape = rest.chars().take(2).map(char::len_utf8).sum();
        let (name, class) = CLASSES
            .iter()
            .find(|(name, _)| rest.starts_with(name))
            .copied()
            .unwrap_or((&rest[..escape], &rest[..escape]));
        narrowed.push_str(class);
        rest = &rest[name.len()..];
    }
    narrowed.push_str(rest);
    narrowed
}
