//! An answer's Markdown as text that is heard, or read without its marks: no marks of emphasis, no bars and rules, a row of a table as a sentence of its
//! columns. It comes out by whole sentences and lines, so that no word is read in halves. Pure.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::hidden::{self, Kind};
use super::html::{self, Meaning, Piece};
use super::math;
use super::target::with_hosts_spelt;
use crate::strings::plain as words;

/// Bytes that a sentence has at least, so that `1. ` or `e.g. ` is none.
const SENTENCE: usize = 24;
/// Bytes of a line of code, and of any other one, that are held back at most.
const LONGEST_CODE: usize = 64 * 1024;
const LONGEST: usize = 8 * 1024;
/// Sentences of a line that are looked at with each piece, from the last one on.
const TRIED: usize = 4;
/// Quotes within quotes that are told.
const TOLD_QUOTES: usize = 3;
/// Bytes of a formula with lines of its own.
const FORMULA: usize = 4096;
/// Letters of a column's name that stand before each of its cells.
const NAME: usize = 80;

/// Where the text is.
#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    /// Within a code block that this fence ends, perhaps in a quote.
    Code { fence: String, is_quoted: bool },
    /// Behind a line that is the head of a table if a rule follows.
    Head(String),
    /// Within a table with these columns.
    Table(Vec<String>),
    /// Within a formula with lines of its own, which this ends.
    Formula { end: &'static str, lines: Vec<String> },
}

/// Makes text out of Markdown that streams in.
#[derive(Debug, Default)]
pub struct Linear {
    place: Place,
    /// The line so far, but for the sentences of it that came out already.
    line: String,
    is_begun: bool,
    /// Something stands in the last line that came out: a blank one may follow.
    has_line: bool,
}

impl Linear {
    /// Takes more of the answer; gives what can be read now.
    pub fn push(&mut self, text: &str) -> String {
        let mut out = String::new();
        for piece in text.split_inclusive('\n') {
            self.line.push_str(piece);
            let longest = if matches!(self.place, Place::Code { .. }) { LONGEST_CODE } else { LONGEST };
            if self.line.ends_with('\n') || self.line.len() > longest {
                self.end_line(&mut out);
            }
        }
        if self.place == Place::Text && (self.is_begun || is_flowing(&self.line)) {
            self.sentences(&mut out);
        }
        out
    }

    /// The answer is over, or something else is going to be said; gives the rest.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        if !self.line.is_empty() || self.is_begun {
            self.end_line(&mut out);
        }
        match std::mem::take(&mut self.place) {
            Place::Code { .. } => out.push_str(&format!("{}\n", words::CODE_ENDS)),
            Place::Head(line) => self.say(&line, &mut out),
            Place::Formula { lines, .. } => out.push_str(&format!("{}\n", lines.join("\n"))),
            Place::Text | Place::Table(_) => {}
        }
        out
    }

    /// The sentences of the line that are whole.
    fn sentences(&mut self, out: &mut String) {
        let ends = self.line.match_indices([' ']).map(|(at, _)| at).rev().filter(|at| {
            let before = &self.line[..*at];
            before.len() >= SENTENCE && before.ends_with(['.', '!', '?', ':'])
        });
        let Some(end) = ends.take(TRIED).find(|at| is_closed(&self.line[..*at])) else { return };
        let rest = self.line.split_off(end + 1);
        let sentence = std::mem::replace(&mut self.line, rest);
        if self.is_begun {
            out.push(' ');
        }
        out.push_str(&self.flowing(sentence.trim_end()));
        self.is_begun = true;
    }

    fn end_line(&mut self, out: &mut String) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_end_matches(['\n', '\r']);
        let was_begun = std::mem::take(&mut self.is_begun);
        if was_begun {
            let rest = inline(line.trim());
            if !rest.is_empty() {
                out.push(' ');
            }
            out.push_str(&rest);
            out.push('\n');
            self.has_line = true;
            return;
        }
        match std::mem::take(&mut self.place) {
            Place::Code { fence, is_quoted } => {
                let own = line.trim_start().strip_prefix('>').filter(|_| is_quoted);
                if is_quoted && own.is_none() {
                    out.push_str(&format!("{}\n", words::CODE_ENDS));
                    return self.whole_line(line, out);
                }
                let own = own.map_or(line, |own| own.strip_prefix(' ').unwrap_or(own));
                let trimmed = own.trim();
                if trimmed.starts_with(fence.as_str()) && trimmed.trim_start_matches(&fence[..1]).is_empty() {
                    out.push_str(words::CODE_ENDS);
                } else {
                    out.push_str(own);
                    self.place = Place::Code { fence, is_quoted };
                }
                out.push('\n');
            }
            Place::Head(head) if is_rule_of_table(line.trim()) => self.table(&head, out),
            Place::Head(head) => {
                self.say(&head, out);
                self.whole_line(line, out);
            }
            Place::Table(columns) if line.trim().starts_with('|') => self.row(columns, line.trim(), out),
            Place::Formula { end, mut lines } => {
                lines.push(line.to_owned());
                let is_long = lines.iter().map(String::len).sum::<usize>() > FORMULA;
                if line.contains(end) || is_long {
                    self.formula(&lines, out);
                } else {
                    self.place = Place::Formula { end, lines };
                }
            }
            Place::Text | Place::Table(_) => self.whole_line(line, out),
        }
    }

    /// A line that nothing before it goes on into.
    fn whole_line(&mut self, line: &str, out: &mut String) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            if std::mem::take(&mut self.has_line) {
                out.push('\n');
            }
            return;
        }
        let own = trimmed.trim_start_matches(['>', ' ']);
        if let Some(fence) = fence_of(own) {
            let language = own[fence.len()..].split_whitespace().next().unwrap_or_default();
            out.push_str(&format!("{}\n", words::code(language)));
            self.place = Place::Code { fence: fence.to_owned(), is_quoted: trimmed.starts_with('>') };
            self.has_line = true;
        } else if let Some(end) = formula_end(trimmed) {
            self.place = Place::Formula { end, lines: vec![line.to_owned()] };
        } else if trimmed.starts_with('|') {
            self.place = Place::Head(line.to_owned());
        } else if !is_rule(trimmed) && !is_rule_of_table(trimmed) {
            self.say(line, out);
        }
    }

    fn say(&mut self, line: &str, out: &mut String) {
        let said = self.flowing(line.trim_end());
        if !said.is_empty() {
            out.push_str(&said);
            out.push('\n');
            self.has_line = true;
        }
    }

    /// The lines of a formula that ends with the last of them.
    fn formula(&mut self, lines: &[String], out: &mut String) {
        let source = lines.join("\n");
        let found = hidden::find(source.trim()).pieces;
        let whole = found.first().filter(|formula| formula.range == (0..source.trim().len()));
        let said = whole.and_then(|formula| math::lines(&source.trim()[formula.inner.clone()]));
        out.push_str(&format!("{}\n", said.map_or(source, |lines| lines.join("\n"))));
        self.has_line = true;
    }

    /// A line, or the beginning of one, with what stands before its text in words.
    fn flowing(&self, text: &str) -> String {
        if self.is_begun {
            return inline(text);
        }
        let (indent, text) = text.split_at(text.len() - text.trim_start().len());
        if text.starts_with('>') {
            let own = text.trim_start_matches(['>', ' ']);
            let quotes = text[..text.len() - own.len()].matches('>').count().min(TOLD_QUOTES);
            return (0..quotes).fold(self.flowing(own), |said, _| words::quote(&said));
        }
        let heading = text.trim_start_matches('#');
        if (1..=6).contains(&(text.len() - heading.len())) && heading.starts_with(' ') {
            return words::heading(&inline(heading.trim().trim_end_matches('#').trim_end()));
        }
        let (marker, rest) = item(text);
        let (task, rest) = match rest.get(..4) {
            Some("[ ] ") if !marker.is_empty() => (words::NOT_DONE, &rest[4..]),
            Some("[x] " | "[X] ") if !marker.is_empty() => (words::DONE, &rest[4..]),
            _ => ("", rest),
        };
        // Only a list within a list is set in.
        let indent = if marker.is_empty() { "" } else { indent };
        format!("{indent}{marker}{task}{}", inline(rest))
    }

    fn table(&mut self, head: &str, out: &mut String) {
        let columns: Vec<String> = cells(head.trim()).iter().map(|cell| inline(cell)).collect();
        out.push_str(&format!("{}\n", words::table(&columns.join(", "))));
        let short = |name: &String| name.chars().take(NAME).collect();
        self.place = Place::Table(columns.iter().map(short).collect());
        self.has_line = true;
    }

    fn row(&mut self, columns: Vec<String>, line: &str, out: &mut String) {
        let cells = cells(line);
        let cells = cells.iter().map(|cell| inline(cell));
        let pairs = cells.enumerate().filter(|(_, cell)| !cell.is_empty()).map(|(at, cell)| {
            match columns.get(at).filter(|column| !column.is_empty()) {
                Some(column) => format!("{column}: {cell}"),
                None => cell,
            }
        });
        out.push_str(&format!("{}.\n", pairs.collect::<Vec<_>>().join("; ")));
        self.place = Place::Table(columns);
        self.has_line = true;
    }
}

/// Whether a line that is not whole yet is text for certain, and no table, fence, rule, heading or quote.
fn is_flowing(line: &str) -> bool {
    let text = line.trim_start();
    !text.starts_with(['|', '`', '~', '#', '>', '$', '\\']) && !is_rule(text)
}

/// What ends the formula with lines of its own that this line begins.
fn formula_end(line: &str) -> Option<&'static str> {
    let (rest, end) =
        line.strip_prefix("$$").map(|rest| (rest, "$$")).or(line.strip_prefix("\\[").map(|rest| (rest, "\\]")))?;
    let is_alone = rest.is_empty() || (end == "\\]" && !rest.contains(end));
    is_alone.then_some(end)
}

/// The line between the head of a table and its rows.
fn is_rule_of_table(line: &str) -> bool {
    line.contains('|') && line.contains('-') && line.chars().all(|c| "|-: \t".contains(c))
}

/// Whether no emphasis, code or link is open at the end, and no mark is left that may belong to a later one.
fn is_closed(text: &str) -> bool {
    let even = |c: char| text.matches(c).count().is_multiple_of(2);
    even('*')
        && even('`')
        && even('~')
        && text.matches('[').count() == text.matches(']').count()
        && text.matches('(').count() == text.matches(')').count()
        && !inline(text).contains(['*', '`', '~', '_', '['])
}

fn fence_of(line: &str) -> Option<&str> {
    let first = line.chars().next().filter(|c| ['`', '~'].contains(c))?;
    let length = line.len() - line.trim_start_matches(first).len();
    let is_fence = length >= 3 && (first == '~' || !line[length..].contains('`'));
    is_fence.then(|| &line[..length])
}

/// A rule, or the line under a heading.
fn is_rule(line: &str) -> bool {
    let Some(first) = line.chars().next().filter(|c| "-*_=".contains(*c)) else { return false };
    line.chars().all(|c| c == first || c == ' ') && line.matches(first).count() >= 3
}

/// The mark of a list item, with its blank, and the rest.
fn item(text: &str) -> (String, &str) {
    if let Some(rest) = ["- ", "* ", "+ "].iter().find_map(|mark| text.strip_prefix(mark)) {
        return ("- ".to_owned(), rest);
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    match text[digits..].strip_prefix(". ").or_else(|| text[digits..].strip_prefix(") ")) {
        Some(rest) if (1..=9).contains(&digits) => (format!("{}. ", &text[..digits]), rest),
        _ => (String::new(), text),
    }
}

/// The cells of a table's row; a bar after a backslash is text.
fn cells(line: &str) -> Vec<String> {
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = line.strip_suffix('|').filter(|rest| !rest.ends_with('\\')).unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut is_escaped = false;
    for c in line.chars() {
        let cell = cells.last_mut();
        match (c, cell) {
            ('|', _) if !is_escaped => cells.push(String::new()),
            (c, Some(cell)) => {
                if c == '|' {
                    cell.pop();
                }
                cell.push(c);
            }
            (_, None) => {}
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Before a piece, so that it is read as the middle of a line.
const MIDDLE: &str = "x ";

/// The text of a piece of a line, without marks of emphasis; a link with its target.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut targets: Vec<(usize, String)> = Vec::new();
    let source = format!("{MIDDLE}{}", text.trim());
    let pieces = hidden::find(&source).pieces;
    let masked = hidden::masked(&source, &pieces);
    let as_it_stands = |text: &str, at: &Range<usize>| hidden::restored(text, at, &source, &pieces).into_owned();
    for (event, at) in Parser::new_ext(&masked, Options::ENABLE_STRIKETHROUGH).into_offset_iter() {
        match event {
            Event::Text(text) => {
                for (before, piece) in hidden::split(&text, &at, &pieces) {
                    out.push_str(before);
                    let Some(piece) = piece else { continue };
                    let tex = source.get(piece.inner.clone()).filter(|_| piece.kind != Kind::Text);
                    match tex.and_then(math::lines) {
                        Some(lines) => out.push_str(&lines.join("; ")),
                        None => out.push_str(&source[piece.range.clone()]),
                    }
                }
            }
            Event::Code(text) | Event::Html(text) => out.push_str(&as_it_stands(&text, &at)),
            Event::InlineHtml(tag) => out.push_str(tag_in_words(&as_it_stands(&tag, &at), &source)),
            Event::SoftBreak | Event::HardBreak => out.push(' '),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push((out.len(), dest_url.into_string()));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if let Some((from, target)) = targets.pop().filter(|(from, target)| out[*from..] != **target) {
                    let gap = if out.len() > from { " " } else { "" };
                    out.push_str(&format!("{gap}({})", with_hosts_spelt(&target)));
                }
            }
            _ => {}
        }
    }
    out.strip_prefix(MIDDLE).unwrap_or_default().to_owned()
}

/// What is said of a tag that stands in this text; one that is not understood, or has no other end, is text.
fn tag_in_words<'t>(tag: &'t str, text: &str) -> &'t str {
    let has =
        |part: &str, name: &str| text.to_ascii_lowercase().contains(&format!("{part}{}", name.to_ascii_lowercase()));
    let is_fold = |name: &str| ["details", "summary"].iter().any(|known| name.eq_ignore_ascii_case(known));
    match html::piece(tag) {
        Piece::Open(name) => match html::meaning(name) {
            Some(Meaning::Break) => " ",
            Some(_) if !has("</", name) => tag,
            // A number of another size otherwise.
            Some(Meaning::Raised) => "^",
            Some(_) => "",
            None if is_fold(name) => "",
            None => tag,
        },
        Piece::Close(name) if is_fold(name) || (html::meaning(name).is_some() && has("<", name)) => "",
        Piece::Comment => "",
        Piece::Close(_) | Piece::Text => tag,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn linear(text: &str) -> String {
        let mut linear = Linear::default();
        linear.push(text) + &linear.finish()
    }

    #[test]
    fn every_element_is_words() {
        let text = "## Which one\n\nThe **Ridgeline** is *lighter*, see `P002` and [the page](https://example.com/x).\n\n\
            - [x] poles\n* pegs\n2) rope\n\n> Pitch it **once**.\n\n---\n\n| Tent | Price |\n|---|--:|\n| A \\| B | $1 |\n| C | |\n\n\
            ```rust\nlet a = **b;\n```\nThe end";
        let expected = "Heading: Which one\n\n\
            The Ridgeline is lighter, see P002 and the page (https://example.com/x).\n\n\
            - done: poles\n- pegs\n2. rope\n\nQuote: Pitch it once.\n\n\
            Table with the columns Tent, Price.\nTent: A | B; Price: $1.\nTent: C.\n\n\
            Code, rust.\nlet a = **b;\nEnd of the code.\nThe end\n";
        assert_eq!(linear(text), expected);
    }

    #[test]
    fn a_sentence_comes_out_once_it_is_whole() {
        let mut linear = Linear::default();
        assert_eq!(linear.push("The Ridgeline is the lighter"), "");
        assert_eq!(linear.push(" one. It has"), "The Ridgeline is the lighter one.");
        assert_eq!(linear.push(" **two poles. And"), "");
        assert_eq!(linear.push("** pegs, of course. Six"), " It has two poles. And pegs, of course.");
        assert_eq!(linear.push(".\nNext"), " Six.\n");
        assert_eq!(linear.finish(), "Next\n");
    }

    #[test]
    fn a_mark_that_may_belong_to_a_later_one_holds_its_sentence_back() {
        let mut linear = Linear::default();
        assert_eq!(linear.push("Of the tents 2 *3 and 4 *5 are light. And"), "");
        assert_eq!(linear.push(" more* so.\n"), "Of the tents 2 *3 and 4 5 are light. And more so.\n");
    }

    #[test]
    fn lists_keep_their_depth_and_blank_lines_do_not_pile_up() {
        let text = "\n\n1. Poles\n   - two\n\t* of **aluminium**\n\n***\n\n\nTitle\n=====\nend\n";
        assert_eq!(linear(text), "1. Poles\n   - two\n\t- of aluminium\n\nTitle\nend\n");
        assert_eq!(linear("```\na\n\n\nb\n```\n"), "Code.\na\n\n\nb\nEnd of the code.\n", "code is not touched");
    }

    #[test]
    fn no_blank_is_left_at_the_end_of_a_line() {
        assert_eq!(
            linear("A line that is broken by two blanks.  \nNext.  \n"),
            "A line that is broken by two blanks.\nNext.\n"
        );
    }

    #[test]
    fn the_little_html_of_models_is_told_as_well() {
        let text =
            "<details>\n<summary>More</summary>\n10<sup>6</sup> H<sub>2</sub>O<br>Vec<u8> <!-- x -->end\n</details>";
        assert_eq!(linear(text), "More\n10^6 H2O Vec<u8> end\n");
    }

    #[test]
    fn hostile_lines_cost_no_more_than_their_text() {
        let worker = std::thread::Builder::new().stack_size(256 * 1024).spawn(|| linear(&(">".repeat(200_000) + "x")));
        assert_eq!(worker.unwrap().join().unwrap(), "Quote: Quote: Quote: x\n");
        let table = format!("|{}|\n|-|\n{}", "h".repeat(8000), "|a\n".repeat(1000));
        assert!(linear(&table).len() < 100_000);
        let began = std::time::Instant::now();
        let mut text = Linear::default();
        let line = "_ ".to_owned() + &"a. ".repeat(20_000);
        line.as_bytes().chunks(20).for_each(|piece| drop(text.push(std::str::from_utf8(piece).unwrap())));
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn code_between_three_backticks_in_one_line_begins_no_block() {
        assert_eq!(
            linear("Use ```npm install foo```\nor\n```npm i```\n\n**b**"),
            "Use npm install foo\nor\nnpm i\n\nb\n"
        );
    }

    #[test]
    fn formulas_are_said_as_they_are_shown() {
        let text = "$$\nS = a\n+ b\n- c\n$$\nWith $\\operatorname{argmax}_x$, \\(x_1\\) and \\[ y^2 \\].\n\n\\[\n\\begin{pmatrix}1\\end{pmatrix}\n\\]\n\n| a |\n|---|\n| $|x|_2$ |";
        let said = "S = a + b − c\nWith argmaxₓ, x₁ and y².\n\n\\[\n\\begin{pmatrix}1\\end{pmatrix}\n\\]\n\nTable with the columns a.\n";
        assert!(linear(text).starts_with(said), "{}", linear(text));
        assert_eq!(linear("[b](/$x$) and $y^2$"), "b (/$x$) and y²\n");
    }

    #[test]
    fn bars_make_a_table_only_with_a_rule_below_them() {
        assert_eq!(linear("|x| is the absolute value.\nNext"), "|x| is the absolute value.\nNext\n");
        assert_eq!(linear("| a | b |"), "| a | b |\n");
        assert_eq!(linear("| a | b |\n|:-|-|\n| - | - |\n"), "Table with the columns a, b.\na: -; b: -.\n");
        assert_eq!(linear("Name | Value\n--- | ---\nx | 1"), "Name | Value\nx | 1\n");
    }

    #[test]
    fn code_in_quotes_and_types_in_angle_brackets_stay() {
        let code = "> Look:\n> ```py\n>     return \"$x$\" + '\\(a\\)'\n> ```\n> So.";
        let said = "Quote: Look:\nCode, py.\n    return \"$x$\" + '\\(a\\)'\nEnd of the code.\nQuote: So.\n";
        assert_eq!(linear(code), said);
        assert_eq!(linear("A `Service`<S> of Box<B>, <u>not</u> bold."), "A Service<S> of Box<B>, not bold.\n");
    }

    #[test]
    fn what_broke_off_is_ended() {
        assert_eq!(linear("```\nlet a"), "Code.\nlet a\nEnd of the code.\n");
        assert_eq!(linear(""), "");
    }

    proptest! {
        #[test]
        fn wherever_the_stream_is_cut_the_same_is_said(text in "[ab.|`#>*1\\n é-]{0,160}", cuts in prop::collection::vec(0..160usize, 0..6)) {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let mut cuts: Vec<usize> = cuts.iter().filter_map(|cut| places.get(*cut)).copied().collect();
            cuts.sort_unstable();
            let (mut linear, mut out, mut from) = (Linear::default(), String::new(), 0);
            for cut in cuts {
                out += &linear.push(&text[from..cut]);
                from = cut;
            }
            out += &(linear.push(&text[from..]) + &linear.finish());
            let said = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(said(&out), said(&super::tests::linear(&text)));
        }
    }
}
