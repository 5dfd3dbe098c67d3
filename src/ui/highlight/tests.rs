//! Code in, words and their kinds out; growing, long and hostile code; colours over the rows of a document.

use std::collections::BTreeMap;

use syntect::parsing::syntax_definition::Pattern;
use syntect::parsing::{Regex, SyntaxSet};

use super::*;
use crate::ui::markdown::Options;
use crate::ui::theme::Background;

fn key(start: usize) -> BlockKey {
    BlockKey { message: MessageId("m".to_owned()), start }
}

/// The words of these lines, as `text:Kind`.
fn words_of(highlighter: &mut Highlighter, language: &str, code: &str, from: usize) -> (Vec<String>, End) {
    let request = Request { block: key(0), language: language.to_owned(), from, text: code.to_owned() };
    let (mut words, mut end) = (Vec::new(), End::Open);
    highlighter.colour(
        request,
        || None,
        |answer| {
            end = answer.end;
            let word =
                |(at, kind): &Word| format!("{}:{kind:?}", &code[at.start as usize - from..at.end as usize - from]);
            words.extend(answer.words.iter().map(word));
        },
    );
    (words, end)
}

fn words(language: &str, code: &str) -> Vec<String> {
    words_of(&mut Highlighter::default(), language, code, 0).0
}

#[test]
fn words_have_their_kinds() {
    assert_eq!(
        words("rust", "// six\nfn main() -> u8 { let x = \"a\\n\"; 42 }\n"),
        [
            "// six:Comment",
            "fn:Keyword",
            "main:Function",
            "u8:Keyword",
            "let:Keyword",
            "\"a:String",
            "\\n:Constant",
            "\":String",
            "42:Number"
        ]
    );
    assert_eq!(
        words("python", "def f(a):\n    return None and 1 # why\n"),
        ["def:Keyword", "f:Function", "return:Keyword", "None:Constant", "and:Keyword", "1:Number", "# why:Comment"]
    );
    assert_eq!(words("sh", "$ jq . x\n"), ["jq:Function"]);
    assert_eq!(words("console", "echo \"hi\" # x\n"), ["echo:Function", "\"hi\":String", "# x:Comment"]);
}

#[test]
fn letters_beyond_ascii_belong_to_words() {
    assert_eq!(
        words("rust", "fn größe(x: Straße) { let été = \"日本\"; }\n"),
        ["fn:Keyword", "größe:Function", "let:Keyword", "\"日本\":String"]
    );
    assert_eq!(words("python", "def 長さ(données):\n"), ["def:Keyword", "長さ:Function"]);
    assert_eq!(words("js", "const año = 1\n"), ["const:Keyword", "1:Number"]);
}

#[test]
fn cheaper_definitions_find_the_same_words() {
    let mut as_they_came = Highlighter::new(two_face::syntax::extra_newlines());
    let mut cheaper = Highlighter::default();
    for (language, code) in [
        ("rust", include_str!("tests.rs")),
        ("python", include_str!("../../../tests/bench/keys.py")),
        ("js", include_str!("../../../assets/page/page.js")),
        ("html", include_str!("../../../assets/page/index.html")),
        ("css", include_str!("../../../assets/page/page.css")),
        ("sh", include_str!("../../../.ci/run")),
        ("toml", include_str!("../../../Cargo.toml")),
        ("json", include_str!("../../../assets/outdoor_gear.json")),
        ("md", include_str!("../../../README.md")),
    ] {
        let words = words_of(&mut cheaper, language, code, 0);
        assert!(words.0.len() > 10 && words.1 == End::Open, "{language}");
        assert_eq!(words, words_of(&mut as_they_came, language, code, 0), "{language}");
    }
}

#[test]
fn every_pattern_of_the_cheaper_definitions_can_be_compiled() {
    let patterns = |definitions: SyntaxSet| {
        let definitions = definitions.into_builder();
        let in_order = definitions.syntaxes().iter().flat_map(|syntax| {
            let contexts: BTreeMap<_, _> = syntax.contexts.iter().collect();
            contexts.into_values().flat_map(|context| &context.patterns)
        });
        let written = |pattern: &Pattern| match pattern {
            Pattern::Match(pattern) => pattern.regex.regex_str().to_owned(),
            Pattern::Include(_) => String::new(),
        };
        in_order.map(written).collect::<Vec<_>>()
    };
    let came = patterns(two_face::syntax::extra_newlines());
    let cheaper = patterns(Highlighter::default().definitions);
    assert_eq!(came.len(), cheaper.len());
    let changed: HashMap<_, _> = came.iter().zip(&cheaper).filter(|(came, cheaper)| came != cheaper).collect();
    assert!(changed.len() > 1000);
    for (came, cheaper) in changed {
        assert!(Regex::try_compile(cheaper).is_none() || Regex::try_compile(came).is_some(), "{came}\n{cheaper}");
    }
}

#[test]
fn every_language_that_models_name_is_known() {
    let mut highlighter = Highlighter::default();
    for language in [
        "rust",
        "Rust",
        "rs",
        "python",
        "py",
        "javascript",
        "js",
        "jsx",
        "typescript",
        "ts",
        "tsx",
        "json",
        "jsonc",
        "yaml",
        "yml",
        "toml",
        "bash",
        "sh",
        "shell",
        "zsh",
        "fish",
        "console",
        "c",
        "cpp",
        "c++",
        "csharp",
        "cs",
        "java",
        "kotlin",
        "swift",
        "go",
        "golang",
        "ruby",
        "rb",
        "php",
        "html",
        "css",
        "scss",
        "xml",
        "sql",
        "postgresql",
        "dockerfile",
        "docker",
        "makefile",
        "make",
        "lua",
        "perl",
        "r",
        "haskell",
        "scala",
        "elixir",
        "clojure",
        "dart",
        "zig",
        "nix",
        "graphql",
        "protobuf",
        "terraform",
        "hcl",
        "ini",
        "markdown",
        "md",
        "latex",
        "tex",
        "vim",
        "diff",
        "patch",
        "svelte",
        "vue",
        "ocaml",
        "erlang",
        "julia",
        "groovy",
        "cmake",
        "asm",
        "objective-c",
    ] {
        let (_, end) = words_of(&mut highlighter, language, "x\n", 0);
        assert_eq!(end, End::Open, "{language}");
    }
    for language in ["", "text", "txt", "plaintext", "output", "no-such-language"] {
        let (_, end) = words_of(&mut Highlighter::default(), language, "x\n", 0);
        assert_eq!(end, End::Plain, "{language}");
    }
}

#[test]
fn a_diff_is_known_by_its_name_and_by_its_first_lines() {
    let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n same\n-old\n+new\n";
    let expected = ["--- a/x:Hunk", "+++ b/x:Hunk", "@@ -1 +1 @@:Hunk", "-old:Removed", "+new:Added"];
    assert_eq!(words("diff", diff), expected);
    assert_eq!(words("", diff), expected);
    assert!(words("", "--- a\nnothing of the kind\n").is_empty());
}

#[test]
fn lines_that_come_later_go_on_where_the_others_ended() {
    let mut highlighter = Highlighter::default();
    let first = "/* not\n";
    assert_eq!(words_of(&mut highlighter, "c", first, 0).0, ["/* not:Comment"]);
    assert_eq!(words_of(&mut highlighter, "c", "yet */ int x;\n", first.len()).0, ["yet */:Comment", "int:Keyword"]);
    assert_eq!(words_of(&mut highlighter, "c", "int y;\n", 999).1, End::Forgotten);
    assert_eq!(words_of(&mut highlighter, "c", "int y;\n", 0).0, ["int:Keyword"]);
}

#[test]
fn what_takes_too_long_and_long_lines_stay_plain() {
    let mut highlighter = Highlighter::default();
    let long = format!("int a;\nint {};\nint b;\n", "x".repeat(MAX_LINE_BYTES));
    assert_eq!(words_of(&mut highlighter, "c", &long, 0), (vec!["int:Keyword".to_owned()], End::Plain));
    let request = Request { block: key(1), language: "c".to_owned(), from: 0, text: "int a;\n".repeat(5) };
    let mut pauses = [None, Some(true), Some(false)].into_iter();
    let mut answers = Vec::new();
    highlighter.colour(
        request,
        || pauses.next().flatten(),
        |answer| answers.push((answer.from, answer.to, answer.end)),
    );
    assert_eq!(answers, [(0, 14, End::Open), (14, 21, End::Plain)]);
}

fn theme() -> Theme {
    Theme::new(Background::Dark, true)
}

fn document(source: &str, is_complete: bool, width: u16) -> Document {
    let theme = theme();
    let mut document = Document::default();
    document.update(
        source,
        is_complete,
        &Options { width, wide: width, theme: &theme, ascii_lines: false, is_expanded: false },
    );
    document
}

/// The rows with what is of a kind in brackets, after all that is asked for is answered.
fn coloured_rows(colours: &mut Colours, highlighter: &mut Highlighter, document: &Document) -> Vec<String> {
    let message = MessageId("m".to_owned());
    colours.want(&message, document, 0..document.line_count());
    for request in colours.take_requests() {
        highlighter.colour(request, || None, |answer| colours.take(answer));
    }
    let row = |at: usize| {
        let line = colours.coloured(&message, document, at, &theme()).unwrap_or_else(|| document.line(at).clone());
        assert_eq!(line.to_text(), document.line(at).to_text());
        let span = |span: &crate::ui::line::Span| {
            let text = span.text.as_str();
            if span.style == theme().text { text.to_owned() } else { format!("[{text}]") }
        };
        line.spans.iter().map(span).collect::<String>()
    };
    (0..document.line_count()).map(row).collect()
}

#[test]
fn colours_lie_over_wrapped_rows_in_quotes_and_lists() {
    let source = "- a\n\n  ```rust\n  let text = \"a long 日本 text\";\n\n  let y;\n  ```\n";
    let rows = coloured_rows(&mut Colours::default(), &mut Highlighter::default(), &document(source, true, 24));
    assert_eq!(rows, ["-  a", "", "     [let] text = [\"a long ]", "       [日本 text\"];", "", "     [let] y;"]);
}

#[test]
fn code_that_grows_is_asked_for_line_by_line_and_looks_as_the_whole_in_the_end() {
    let source = "```c\n/* one\n   two */ int x = 1;\nint y;\n```\nend\n";
    let (mut colours, mut highlighter) = (Colours::default(), Highlighter::default());
    let mut asked = Vec::new();
    for end in 1..=source.len() {
        let grown = document(&source[..end], false, 30);
        colours.want(&MessageId("m".to_owned()), &grown, 0..grown.line_count());
        for request in colours.take_requests() {
            asked.push((request.from, request.text.clone()));
            highlighter.colour(request, || None, |answer| colours.take(answer));
        }
    }
    let texts: Vec<&str> = asked.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["/* one\n", "   two */ int x = 1;\n", "int y;\n"]);
    let whole = document(source, true, 30);
    let fresh = coloured_rows(&mut Colours::default(), &mut Highlighter::default(), &whole);
    assert_eq!(coloured_rows(&mut colours, &mut highlighter, &whole), fresh);
    assert_eq!(fresh[..2], ["  [/* one]", "  [   two */] [int] x = [1];"]);
}

#[test]
fn only_what_is_seen_is_asked_for() {
    let source = format!("```c\n{}```\n", "int x;\n".repeat(100));
    let document = document(&source, true, 30);
    let (message, mut colours) = (MessageId("m".to_owned()), Colours::default());
    colours.want(&message, &document, 20..30);
    colours.want(&message, &document, 20..30);
    let asked: Vec<_> = colours.take_requests().iter().map(|request| (request.from, request.text.len())).collect();
    assert_eq!(asked, [(0, 30 * 7)]);
    colours.want(&message, &document, 25..32);
    assert_eq!(colours.take_requests()[0].text.len(), 2 * 7);
}

#[test]
fn a_block_without_end_is_asked_for_piece_by_piece() {
    let source = format!("```c\n{}```\n", "int x;\n".repeat(5000));
    let document = document(&source, true, 30);
    let (message, mut colours) = (MessageId("m".to_owned()), Colours::default());
    let mut asked = Vec::new();
    for _ in 0..4 {
        colours.want(&message, &document, 4990..5000);
        asked.extend(colours.take_requests().iter().map(|request| (request.from / 7, request.text.len() / 7)));
    }
    assert_eq!(asked, [(0, 2000), (2000, 2000), (4000, 1000)]);
}
