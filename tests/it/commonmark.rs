//! The examples of `CommonMark`'s own specification. What is seen of each, without indents and the bars of quotes, must be
//! the text of the reference HTML, to which our own marks are added by its elements: those of lists, targets of links,
//! `[image: ]` and rules. The code of each block must be the reference's byte for byte.
//!
//! The specification is no part of this repository; `.ci/run` fetches it and names it in `COMMONMARK_SPEC`.

use riffle::ui::line::unwrapped;
use riffle::ui::markdown::{Document, Options, RegionKind, render};
use riffle::ui::theme::{Background, Theme};

/// Where it is looked for when it is not named.
const USUAL_PLACE: &str = "target/commonmark-spec/package/spec.txt";
const FENCE: &str = "````````````````````````````````";
const WIDTH: u16 = 80;

/// Examples with raw HTML. It is seen as text, tags and all, because in an answer it is an example or a type with its
/// parameter as often as markup. These must show the tags of the source, which the reference hides.
const RAW_HTML: &[usize] = &[
    21, 31, 148, 149, 150, 151, 152, 153, 154, 155, 159, 160, 161, 162, 163, 165, 167, 170, 171, 172, 173, 174, 175,
    176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 201, 308, 309, 344, 475, 476, 477,
    491, 494, 524, 536, 613, 614, 615, 616, 617, 623, 625, 626, 627, 628, 629, 630, 631, 642, 643,
];
/// Examples of which something else is seen on purpose. Those that are as the reference fail the test too.
const EXCEPTIONS: &[(&str, &[usize])] = &[
    ("code in HTML is shown as code, what stands around it as text", &[169]),
    ("the mark of an item with a quote beside it is no text, so that the bar between them is not copied", &[292, 293]),
];

struct Example {
    number: usize,
    markdown: String,
    html: String,
}

fn examples(spec: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut lines = spec.lines();
    while let Some(line) = lines.next() {
        if line == format!("{FENCE} example") {
            let mut part = |end: &str| -> String {
                let lines: Vec<_> =
                    lines.by_ref().take_while(|line| *line != end).map(|line| line.replace('→', "\t")).collect();
                lines.into_iter().fold(String::new(), |text, line| text + &line + "\n")
            };
            let (markdown, html) = (part("."), part(FENCE));
            found.push(Example { number: found.len() + 1, markdown, html });
        }
    }
    found
}

/// What the reference shows, as words, and its code blocks.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    words: String,
    code: Vec<String>,
}

/// The text of the reference HTML with our marks. Tags that stand in `raw` are text.
fn of_reference(html: &str, raw: &str) -> Seen {
    let mut seen = Seen::default();
    let mut text = String::new();
    let (mut lists, mut links): (Vec<Option<u64>>, Vec<(String, usize)>) = (Vec::new(), Vec::new());
    let mut code_start = None;
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&unescaped(&rest[..open]));
        let end = if rest[open..].starts_with("<!--") { "-->" } else { ">" };
        let Some(length) = rest[open..].find(end) else { break };
        if raw.contains(&rest[open..open + length + end.len()]) {
            text.push('<');
            rest = &rest[open + 1..];
            continue;
        }
        let tag = &rest[open + 1..open + length];
        rest = &rest[open + length + end.len()..];
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name {
            "p" | "/p" | "br" | "pre" | "blockquote" | "/blockquote" | "/li" => text.push('\n'),
            "code" if text.ends_with('\n') && html.contains("<pre>") => code_start = Some(text.len()),
            "/pre" => {
                if let Some(start) = code_start.take() {
                    seen.code.push(text[start..].to_owned());
                }
                text.push('\n');
            }
            "hr" => text.push_str("\n─\n"),
            "ul" | "ol" => {
                let start = attribute(tag, "start").and_then(|start| start.parse().ok()).unwrap_or(1);
                lists.push((name == "ol").then_some(start));
                text.push('\n');
            }
            "/ul" | "/ol" => drop(lists.pop()),
            "li" => match lists.last_mut() {
                Some(Some(number)) => {
                    text.push_str(&format!("\n{number}. "));
                    *number += 1;
                }
                _ => text.push_str("\n- "),
            },
            "a" => links.push((attribute(tag, "href").unwrap_or_default(), text.len())),
            "/a" => {
                if let Some((target, start)) = links.pop() {
                    let shown = target.strip_prefix("mailto:").unwrap_or(&target).to_owned();
                    let is_shown =
                        [target.as_str(), shown.as_str()].contains(&without_percents(&text[start..]).as_str());
                    if !is_shown && !target.is_empty() {
                        text.push_str(&format!(" ({target})"));
                    }
                }
            }
            "img" => {
                let (alt, source) = (attribute(tag, "alt"), attribute(tag, "src"));
                text.push_str(&format!("[image: {}]", alt.unwrap_or_default()));
                if let Some(source) = source.filter(|source| !source.is_empty()) {
                    text.push_str(&format!(" ({source})"));
                }
            }
            heading if heading.trim_start_matches('/').starts_with('h') => text.push('\n'),
            _ => {}
        }
    }
    text.push_str(&unescaped(rest));
    seen.words = words(&text);
    seen.code.retain(|code| !code.trim().is_empty());
    seen
}

/// The value of an attribute, as a person reads it.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!("{name}=\""))?;
    Some(without_percents(&unescaped(value.split('"').next()?)))
}

fn unescaped(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (entity, meant)| text.replace(entity, meant))
}

fn without_percents(text: &str) -> String {
    percent_encoding_of(text.as_bytes())
}

fn percent_encoding_of(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                out.push(decoded);
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is seen of a document: its rows without wraps, indents and bars, rules as one dash.
fn of_ours(markdown: &str, document: &Document) -> Seen {
    let lines: Vec<_> = (0..document.line_count()).map(|at| document.line(at).clone()).collect();
    let text = unwrapped(&lines);
    let lines = text.lines().map(|line| match line.find('─') {
        Some(at) => &line[..at + '─'.len_utf8()],
        None => line,
    });
    let code = document.regions().iter().filter(|region| matches!(region.kind, RegionKind::Code { .. }));
    Seen {
        words: words(&without_percents(&lines.collect::<Vec<_>>().join("\n"))),
        code: code.filter_map(|region| region.code(markdown)).collect(),
    }
}

#[test]
fn the_examples_of_the_specification_show_what_the_reference_shows() {
    let named = std::env::var_os("COMMONMARK_SPEC").map(std::path::PathBuf::from);
    let path = named.clone().unwrap_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(USUAL_PLACE));
    if named.is_none() && !path.exists() {
        println!("left out: CommonMark's specification is not at {USUAL_PLACE}; .ci/run fetches it");
        return;
    }
    let spec = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let examples = examples(&spec);
    assert!(!spec.contains('─'));
    assert!(examples.len() > 600, "{} examples in {}", examples.len(), path.display());
    let theme = Theme::new(Background::Dark, true);
    let options = Options { width: WIDTH, wide: WIDTH, theme: &theme, ascii_lines: false, is_expanded: false };
    let mut wrong = Vec::new();
    for Example { number, markdown, html } in &examples {
        let mut document = Document::default();
        for (end, _) in markdown.char_indices() {
            document.update(&markdown[..end], false, &options);
        }
        document.update(markdown, true, &options);
        let ours = of_ours(markdown, &document);
        let (reference, with_tags) = (of_reference(html, ""), of_reference(html, markdown));
        assert_eq!(document.into_lines(), render(markdown, &options), "example {number} depends on how it came");
        let is_excepted = EXCEPTIONS.iter().any(|(_, numbers)| numbers.contains(number));
        let is_raw = RAW_HTML.contains(number);
        let is_right = match (is_excepted, is_raw) {
            (true, _) => ours != reference,
            (_, true) => ours != reference && ours == with_tags,
            _ => ours == reference,
        };
        if !is_right {
            let why = if is_excepted || is_raw { "is no exception any more" } else { "differs" };
            wrong.push(format!("example {number} {why}\n{markdown}\nours:      {ours:?}\nreference: {reference:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), examples.len(), wrong.join("\n"));
}
