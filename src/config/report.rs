//! What is wrong in the configuration, said so that a person can mend it: file, line and column, a sentence, the line itself
//! with a caret, what was expected, and the nearest right name. Keys never appear in the line that is shown.

use std::fmt;
use std::ops::Range;

use crate::safe_text::{SafeText, width};

/// Characters of a source line that are shown.
const SHOWN: usize = 100;
/// Words after which the rest of a shown line is hidden.
const SECRET_WORDS: [&str; 8] = ["api_key", "api-key", "apikey", "authorization", "bearer", "token", "secret", "sk-"];

/// A configuration text and the name to show for it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The path, as shown.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({}, {} bytes)", self.name, self.text.len())
    }
}

/// Whether the value on a problem's line may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// As it is, but for what looks like a key.
    Shown,
    /// Everything after the `=` is hidden.
    Masked,
}

/// One thing that is wrong, at a place in a [`Source`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the source.
    pub at: Range<usize>,
    /// What is wrong, a full sentence.
    pub sentence: String,
    /// What was expected, after the caret.
    pub expected: Option<String>,
    /// The next step, such as the nearest name; a full sentence.
    pub hint: Option<String>,
    /// Whether the line's value is shown.
    pub line: Line,
}

impl Problem {
    /// A problem with a sentence only.
    #[must_use]
    pub fn new(at: Range<usize>, sentence: impl Into<String>) -> Self {
        Self { at, sentence: sentence.into(), expected: None, hint: None, line: Line::Shown }
    }

    /// With what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// With a next step.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// With its line's value hidden.
    #[must_use]
    pub fn masked(mut self) -> Self {
        self.line = Line::Masked;
        self
    }

    /// `FILE:LINE:COL: sentence hint`, in one line.
    #[must_use]
    pub fn one_line(&self, source: &Source) -> String {
        let (line, column) = position(&source.text, self.at.start);
        let mut out = format!("{}:{line}:{column}: {}", source.name, self.sentence);
        if let Some(hint) = &self.hint {
            out.push(' ');
            out.push_str(hint);
        }
        SafeText::line(&out).into_string()
    }

    /// The whole report: the sentence, the line, a caret, the expectation, the hint.
    #[must_use]
    pub fn render(&self, source: &Source) -> String {
        let (line, column) = position(&source.text, self.at.start);
        let raw = source.text.split('\n').nth(line - 1).unwrap_or_default().trim_end_matches('\r');
        let masked: Vec<char> = mask(raw, self.line).chars().collect();
        let first = if column > SHOWN - 20 { column - SHOWN / 2 } else { 0 };
        let before: String = masked.iter().skip(first).take(column - 1 - first).collect();
        let shown: String = masked.iter().skip(first).take(SHOWN).collect();
        let marked = source.text.get(self.at.clone()).unwrap_or_default();
        let room = masked.len().saturating_sub(column - 1).min(SHOWN);
        let carets = marked.split('\n').next().unwrap_or_default().chars().count().min(room).max(1);
        let gutter = line.to_string();
        let blank = " ".repeat(gutter.len());
        let indent = " ".repeat(width(SafeText::line(&before).as_str()));
        let mut out = SafeText::line(&format!("{}:{line}:{column}: {}", source.name, self.sentence)).into_string();
        out.push_str(&format!(
            "\n  {gutter} | {}\n  {blank} | {indent}{}",
            SafeText::line(&shown).as_str(),
            "^".repeat(carets)
        ));
        if let Some(expected) = &self.expected {
            out.push_str(&format!(" expected {}", SafeText::line(expected).as_str()));
        }
        if let Some(hint) = &self.hint {
            out.push_str(&format!("\n  {}", SafeText::line(hint).as_str()));
        }
        out
    }
}

/// Why the configuration cannot be used; its text is the report. The exit code is 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// One report for each thing that is wrong.
    pub reports: Vec<String>,
}

impl ConfigError {
    /// One sentence without a place in a file.
    #[must_use]
    pub fn sentence(text: impl Into<String>) -> Self {
        Self { reports: vec![text.into()] }
    }

    /// The reports of these problems.
    #[must_use]
    pub fn of(problems: &[Problem], source: &Source) -> Self {
        Self { reports: problems.iter().map(|problem| problem.render(source)).collect() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reports.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// Line and column of byte `at`, both from 1, columns in characters.
#[must_use]
pub fn position(text: &str, at: usize) -> (usize, usize) {
    let mut end = at.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The candidate that `word` was most likely meant to be.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let score = |candidate: &str| (strsim::jaro_winkler(word, candidate) * 1000.0) as u32;
    candidates
        .into_iter()
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score >= 800)
        .max()
        .map(|(_, candidate)| candidate)
}

/// `Did you mean x?`, where something is near enough.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|near| format!("Did you mean `{near}`?"))
}

/// `line` with what may be a key replaced by stars; it keeps its number of characters.
fn mask(line: &str, how: Line) -> String {
    let lower = line.to_ascii_lowercase();
    let secret = SECRET_WORDS.iter().filter_map(|word| lower.find(word).map(|at| at + word.len())).min();
    let value = line.find('=').map(|at| at + 1).filter(|_| how == Line::Masked);
    let Some(from) = secret.into_iter().chain(value).min() else {
        return line.to_owned();
    };
    let hidden = line[from..].chars().map(|c| if c.is_whitespace() || "=\"'{}[],".contains(c) { c } else { '*' });
    line[..from].chars().chain(hidden).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "riffle.toml".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_report_names_the_place_the_expectation_and_the_nearest_name() {
        let source = source("[ui]\nenter = \"sned\"\n");
        let problem = Problem::new(13..19, "`enter` cannot be `sned`.")
            .expected("`send` or `newline`")
            .hint(did_you_mean("sned", ["send", "newline"]));
        assert_eq!(
            problem.render(&source),
            "riffle.toml:2:9: `enter` cannot be `sned`.\n  2 | enter = \"sned\"\n    |         ^^^^^^ expected `send` or `newline`\n  Did you mean `send`?"
        );
        assert_eq!(problem.one_line(&source), "riffle.toml:2:9: `enter` cannot be `sned`. Did you mean `send`?");
    }

    #[test]
    fn keys_are_hidden_in_the_shown_line() {
        let text = "api_key = \"sk-CANARY\" x";
        let report = Problem::new(22..23, "Not TOML.").render(&source(text));
        assert!(!report.contains("CANARY"), "{report}");
        let report = Problem::new(0..1, "Bad.").masked().render(&source("X-Thing = \"CANARY\""));
        assert!(!report.contains("CANARY"), "{report}");
    }

    #[test]
    fn any_place_in_any_text_can_be_reported() {
        for text in ["", "\n", "é\u{1b}[31m\n", &"x".repeat(5000)] {
            for at in [0, 1, 2, 4990, 9999] {
                let report = Problem::new(at..at + 3, "Bad.").render(&source(text));
                assert!(!report.contains('\u{1b}') && report.contains("riffle.toml:"), "{report}");
            }
        }
    }
}
