//! Which word of code is of which kind, line by line. The definitions of a language are compiled with its first line, which
//! takes up to a tenth of a second: this belongs on a thread of its own. Pure.

use std::collections::HashMap;

use syntect::dumps;
use syntect::parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet};

use super::kinds::{Kind, Rules};
use super::{BlockKey, Coloured, End, MAX_LINE_BYTES, Request, Word};

/// The definitions of languages, as `assets/build/syntaxes.rs` writes them.
static DEFINITIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/syntaxes"));

/// What stands before a command that is shown as it was typed.
const PROMPT: &str = "$ ";
/// Blocks of which the state after their last line is kept.
const MAX_BLOCKS: usize = 256;

/// Names that people give languages and the definitions do not know.
const ALIASES: &[(&str, &str)] = &[
    ("shell", "sh"),
    ("console", "sh"),
    ("shellsession", "sh"),
    ("shell-session", "sh"),
    ("golang", "go"),
    ("c++", "cpp"),
    ("csharp", "cs"),
    ("c#", "cs"),
    ("objective-c", "mm"),
    ("objc", "mm"),
    ("docker", "dockerfile"),
    ("jsonc", "json"),
    ("json5", "json"),
    ("jsonl", "json"),
    ("ndjson", "json"),
    ("node", "js"),
    ("mjs", "js"),
    ("jsx", "tsx"),
    ("make", "makefile"),
    ("hcl", "tf"),
    ("postgresql", "sql"),
    ("postgres", "sql"),
    ("mysql", "sql"),
    ("sqlite", "sql"),
    ("plsql", "sql"),
    ("vb", "vbs"),
    ("viml", "vim"),
    ("patch", "diff"),
    ("udiff", "diff"),
];

/// What is known after the last line of a block.
#[derive(Clone, Debug)]
enum State {
    Code(Box<(ParseState, ScopeStack)>),
    Diff,
}

/// Colours blocks line by line.
#[derive(Debug)]
pub struct Highlighter {
    pub(super) definitions: SyntaxSet,
    rules: Rules,
    /// Bytes done and what is known after them.
    blocks: HashMap<BlockKey, (usize, State)>,
}

impl Default for Highlighter {
    fn default() -> Self {
        // What the build wrote can be read; all would stay plain otherwise.
        Self::new(dumps::from_uncompressed_data(DEFINITIONS).unwrap_or_default())
    }
}

impl Highlighter {
    /// Colours by these definitions.
    pub(super) fn new(definitions: SyntaxSet) -> Self {
        Self { definitions, rules: Rules::new(), blocks: HashMap::new() }
    }

    /// Colours what is asked for. After each line `must_pause` says whether to hand out what is done (`Some(true)`),
    /// and whether to give the block up (`Some(false)`).
    pub fn colour(
        &mut self,
        request: Request,
        mut must_pause: impl FnMut() -> Option<bool>,
        mut hand_out: impl FnMut(Coloured),
    ) {
        let Request { block, language, from, text } = request;
        let known = self.blocks.remove(&block);
        let state = match known {
            Some((done, state)) if done == from => Some(state),
            _ if from > 0 => {
                return hand_out(Coloured { block, from, to: from, words: Vec::new(), end: End::Forgotten });
            }
            _ => self.begin(&language, &text),
        };
        let Some(mut state) = state else {
            return hand_out(Coloured { block, from, to: from, words: Vec::new(), end: End::Plain });
        };
        let (mut start, mut at, mut words) = (from, from, Vec::new());
        let mut end = End::Open;
        for line in text.split_inclusive('\n') {
            if line.len() > MAX_LINE_BYTES || self.line(&mut state, line, at, &mut words).is_none() {
                end = End::Plain;
                break;
            }
            at += line.len();
            match must_pause() {
                None => {}
                Some(true) => {
                    let words = std::mem::take(&mut words);
                    hand_out(Coloured { block: block.clone(), from: start, to: at, words, end: End::Open });
                    start = at;
                }
                Some(false) => {
                    end = End::Plain;
                    break;
                }
            }
        }
        if end == End::Open {
            if self.blocks.len() >= MAX_BLOCKS {
                self.blocks.clear();
            }
            self.blocks.insert(block.clone(), (at, state));
        }
        hand_out(Coloured { block, from: start, to: at, words, end });
    }

    fn begin(&self, language: &str, text: &str) -> Option<State> {
        let language = language.to_lowercase();
        let language = ALIASES.iter().find(|(alias, _)| *alias == language).map_or(language.as_str(), |(_, name)| name);
        if language == "diff" || (language.is_empty() && looks_like_diff(text)) {
            return Some(State::Diff);
        }
        let syntax = self.definition(language).filter(|syntax| syntax.name != "Plain Text")?;
        Some(State::Code(Box::new((ParseState::new(syntax), ScopeStack::new()))))
    }

    fn definition(&self, language: &str) -> Option<&SyntaxReference> {
        if language.is_empty() { None } else { self.definitions.find_syntax_by_token(language) }
    }

    /// Adds the words of a line that starts at this byte; `None` where it cannot be read.
    fn line(&self, state: &mut State, line: &str, at: usize, words: &mut Vec<Word>) -> Option<()> {
        let length = line.trim_end_matches('\n').len();
        match state {
            State::Diff => push(words, at, 0..length, diff_kind(line)),
            State::Code(code) => {
                let (parser, scopes) = code.as_mut();
                // To a shell its own prompt is the name of a command.
                let prompt = if line.starts_with(PROMPT) { PROMPT.len() } else { 0 };
                let mut from = prompt;
                for (to, operation) in parser.parse_line(&line[prompt..], &self.definitions).ok()? {
                    let to = (prompt + to).min(length);
                    push(words, at, from..to, self.rules.kind(scopes));
                    scopes.apply(&operation).ok()?;
                    from = to;
                }
                push(words, at, from..length, self.rules.kind(scopes));
            }
        }
        Some(())
    }
}

/// Adds a word; one that continues the word before is joined to it.
fn push(words: &mut Vec<Word>, at: usize, range: std::ops::Range<usize>, kind: Option<Kind>) {
    let Some(kind) = kind.filter(|_| !range.is_empty()) else { return };
    let (start, end) = ((at + range.start) as u32, (at + range.end) as u32);
    match words.last_mut() {
        Some((last, same)) if *same == kind && last.end == start => last.end = end,
        _ => words.push((start..end, kind)),
    }
}

/// Whether code without a language is a diff: it begins as one.
fn looks_like_diff(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    first.starts_with("diff --git ")
        || first.starts_with("@@ -")
        || (first.starts_with("--- ") && lines.next().is_none_or(|second| second.starts_with("+++ ")))
}

fn diff_kind(line: &str) -> Option<Kind> {
    let is_head = ["diff ", "index ", "--- ", "+++ ", "@@", "Index: "].iter().any(|head| line.starts_with(head));
    match line.as_bytes().first() {
        _ if is_head => Some(Kind::Hunk),
        Some(b'+' | b'>') => Some(Kind::Added),
        Some(b'-' | b'<') => Some(Kind::Removed),
        _ => None,
    }
}
