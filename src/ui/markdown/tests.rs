//! Each element as (markdown, width) to plain lines; then styles, growth, size and hostile text.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use ratatui::style::{Modifier, Style};

use super::*;
use crate::safe_text::SafeText;
use crate::ui::theme::Background;

const SAMPLE: &str = "# Tents\n\nTwo *fit*, **both** `light` and ~~cheap~~ with [a link](https://a.example) and\nmore.  \nHard \
    &amp; broken &#27; text.\n\nSetext\n===\n\n- one\n- two\n  - nested 日本語\n\n    loose\n- [x] done\n- [ ] open\n\n3. three\n4. four\n\n\
    > quoted\n> - in it\n>\n> ```\n> code\n> ```\n\n```rust\nfn main() {\n\n\tx();\n}\n```\n\n    indented\n\n\
    | Tent | Price | n |\n|:--|--:|---|\n| A | $1 | 1 |\n| 👋🏽 | $22 | 10 |\n\n---\n\n<b>raw</b>\n<!-- x -->\n\n\
    ![alt *x*](p.png) <https://b.example> [ref][r]\n\n[r]: https://c.example\n\n\
    > [!TIP]\n> H<sub>2</sub>O<br>*x*[^1] $a_1 * b$\n\n\\[\n\\frac{1}{x}\n\n- y\n\\]\n\n\\[ z\n+ \\pi\n= 1\n\\]\n\n\
    <details>\n<summary>Why <b>so</b></summary>\n\nIn *it*.\n\n- a\n\n  <details>\n  <summary>B</summary>\n  c\n  </details>\n\n</details>\n\n\
    |a<br>b|c|\n|-|-|\n|`x \\| y`|$|x|$|\n\nThe end e\u{301}.\n\n[^1]: note\n    goes on\n[^2]: other\n";

fn theme() -> Theme {
    Theme::new(Background::Dark, true)
}

fn text_of(lines: &[Line]) -> Vec<String> {
    lines.iter().map(Line::to_text).collect()
}

fn rendered(source: &str, width: u16) -> Vec<String> {
    let theme = theme();
    text_of(&render(source, &Options { width, wide: width, theme: &theme, ascii_lines: false, is_expanded: false }))
}

fn lines_of(document: &Document) -> Vec<Line> {
    (0..document.line_count()).map(|at| document.line(at).clone()).collect()
}

#[test]
fn headings_and_paragraphs_are_parted_by_one_blank_line() {
    assert_eq!(
        rendered("\n\n# One\ntext\nmore\n\n\n\nTwo\n===\nend  \nhard\n\n", 40),
        ["One", "", "text more", "", "Two", "", "end", "hard"]
    );
}

#[test]
fn prose_wraps() {
    assert_eq!(rendered("the **quick brown** fox", 10), ["the quick", "brown fox"]);
}

#[test]
fn numbers_of_a_list_are_those_that_were_said_unless_they_do_not_go_up() {
    assert_eq!(
        rendered("3. a\n7) b\n\n7. c\n10. d\n11. e", 20),
        ["3.  a", "", "7.  b", "", "7.  c", "10.  d", "11.  e"]
    );
    assert_eq!(rendered("1. a\n1. b\n\n   more\n1. c", 20), ["1.  a", "", "2.  b", "", "    more", "", "3.  c"]);
}

#[test]
fn lists_hang_and_nest() {
    assert_eq!(
        rendered("- one two three\n- four\n  - five six seven\n    1. eight\n- nine", 15),
        ["-  one two", "   three", "-  four", "   -  five six", "      seven", "      1.  eight", "-  nine",]
    );
    assert_eq!(rendered("9. a\n10. b\n\n    more", 20), ["9.  a", "", "10.  b", "", "     more"]);
}

#[test]
fn lists_may_be_loose_empty_or_hold_blocks() {
    assert_eq!(rendered("- a\n\n- b\n\n  c", 20), ["-  a", "", "-  b", "", "   c"]);
    assert_eq!(rendered("-\n- x\n-", 20), ["-", "-  x", "-"]);
    assert_eq!(rendered("- a\n\n  - b\n- c", 20), ["-  a", "", "   -  b", "", "-  c"]);
    assert_eq!(rendered("1. do:\n   ```\n   x\n   ```\n2. next", 20), ["1.  do:", "", "      x", "", "2.  next"]);
    assert_eq!(rendered("- ```\n  x\n  ```", 20), ["-    x"]);
}

#[test]
fn nothing_is_wider_than_asked_at_any_depth() {
    let source = "> - > 1. - > - | a | b |\n>   >    | - | - |\n\n- - - - - - words that wrap\n\n      ```\n      code that wraps\n      ```";
    for width in 8..40 {
        let widest = rendered(source, width).iter().map(|line| crate::safe_text::width(line)).max();
        assert!(widest <= Some(usize::from(width)), "{width}: {:#?}", rendered(source, width));
    }
}

#[test]
fn tasks_show_their_boxes() {
    assert_eq!(rendered("- [x] done\n- [ ] open", 20), ["-  [x] done", "-  [ ] open"]);
}

#[test]
fn quotes_have_a_bar_on_every_line() {
    assert_eq!(
        rendered("a\n> one two three\n>\n> - x\n>\n> > deep\n\nb", 12),
        ["a", "", "│ one two", "│ three", "│", "│ -  x", "│", "│ │ deep", "", "b"]
    );
    let theme = theme();
    let options = Options { width: 20, wide: 20, theme: &theme, ascii_lines: true, is_expanded: false };
    assert_eq!(text_of(&render("> x\n\n---", &options)), ["| x", "", "--------------------"]);
}

#[test]
fn code_is_indented_and_loses_nothing() {
    assert_eq!(
        rendered("```rust\nfn main() {\n\n\tlet x;\n}\n```", 12),
        ["  fn main() ", "  {", "", "      let x;", "  }"]
    );
    assert_eq!(rendered("a\n\n    b  c\n", 20), ["a", "", "  b  c"]);
    assert_eq!(rendered("```\nopen *x*", 20), ["  open *x*"]);
}

#[test]
fn code_may_be_wider_than_prose() {
    let theme = theme();
    let options = Options { width: 10, wide: 30, theme: &theme, ascii_lines: false, is_expanded: false };
    assert_eq!(
        text_of(&render("```\n0123456789 0123456789\n```\nprose that wraps", &options)),
        ["  0123456789 0123456789", "", "prose that", "wraps"]
    );
}

#[test]
fn tables_are_as_wide_as_their_content() {
    let source = "| Tent | Price | Weight | Stock |\n|---|---|---|---|\n| TrailBlazer 2P | $189.99 | 1.8 kg | 14 |\n\
        | Ridgeline 1P | $229.00 | 1.1 kg | 5 |";
    assert_eq!(
        rendered(source, 60),
        [
            "Tent             Price     Weight   Stock",
            "─────────────────────────────────────────",
            "TrailBlazer 2P   $189.99   1.8 kg      14",
            "Ridgeline 1P     $229.00   1.1 kg       5",
        ]
    );
}

#[test]
fn tables_follow_their_alignment() {
    assert_eq!(
        rendered("|aaa|bbb|ccc|\n|:-|:-:|-:|\n|1|2|x|\n||y||", 40),
        ["aaa   bbb   ccc", "───────────────", "1      2      x", "       y",]
    );
}

#[test]
fn wide_tables_wrap_their_cells() {
    assert_eq!(
        rendered("|a|words|\n|-|-|\n|x|one two three four|\n|y|日本語の長い文|", 14),
        ["a  words", "──────────────", "x  one two", "   three four", "y  日本語の長", "   い文",]
    );
}

#[test]
fn tables_of_many_scripts_keep_their_columns() {
    let source = include_str!("../../../tests/fixtures/answers/scripts.md");
    let table = source.lines().filter(|line| line.starts_with('|')).collect::<Vec<_>>().join("\n");
    for width in [31, 60] {
        let lines = rendered(&table, width);
        let widths: Vec<usize> = lines.iter().map(|line| crate::safe_text::width(line)).collect();
        assert!(lines.len() == 10 && widths.iter().all(|width| *width == widths[1]), "{lines:#?} {widths:?}");
    }
}

#[test]
fn narrow_tables_become_records() {
    assert_eq!(
        rendered("|Name|About|\n|-|-|\n|first one|a long text here|\n|second||", 17),
        ["Name   first one", "About  a long", "       text here", "", "Name   second", "About",]
    );
}

#[test]
fn what_leads_somewhere_does_so_on_each_of_its_rows() {
    let source = "A [two **word** link](https://a.example), [no](javascript:x), https://b.example/long, \
        https://\u{440}b.example and `https://c.example`; https://e\u{440}.example.";
    let found: Vec<(String, String)> = document(source, 20)
        .into_lines()
        .into_iter()
        .flat_map(|line| line.spans)
        .filter_map(|span| Some((span.link?.target().to_owned(), span.text.into_string())))
        .collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(link, text)| (link.as_str(), text.as_str())).collect();
    assert_eq!(
        found,
        [
            ("https://a.example", "two "),
            ("https://a.example", "word"),
            ("https://a.example", " link"),
            ("https://a.example", "https://a.example"),
            ("https://b.example/long", "https://b.example/lo"),
            ("https://b.example/long", "ng"),
            ("https://c.example", "https://c.example"),
        ]
    );
}

fn document(source: &str, width: u16) -> Document {
    let theme = theme();
    let mut document = Document::default();
    document.update(
        source,
        true,
        &Options { width, wide: width, theme: &theme, ascii_lines: false, is_expanded: false },
    );
    document
}

/// Rows, text in the source and kind of each region.
fn regions_of(source: &str, document: &Document) -> Vec<String> {
    let regions = document.regions().iter().map(|region| {
        let kind = match &region.kind {
            RegionKind::Text => "text".to_owned(),
            RegionKind::Code { language } => format!("code {language}"),
            RegionKind::Table => "table".to_owned(),
            RegionKind::Fold => "fold".to_owned(),
        };
        format!("{}..{} {kind}: {:?}", region.rows.start, region.rows.end, &source[region.source.clone()])
    });
    regions.collect()
}

#[test]
fn regions_say_what_stands_where() {
    let source =
        "# One *two*\n\npara graph\nof two\n\n- a\n\n  ~~~{.rust} x\n  \tlet x;\n  ~~~\n> q\n\n|a|\n|-|\n|1|\n";
    assert_eq!(
        regions_of(source, &document(source, 10)),
        [
            "0..1 text: \"One *two*\"",
            "2..4 text: \"para graph\\nof two\"",
            "5..6 text: \"a\"",
            "7..10 code rust: \"~~~{.rust} x\\n  \\tlet x;\\n  ~~~\"",
            "11..12 text: \"q\"",
            "13..16 table: \"|a|\\n|-|\\n|1|\\n\"",
        ]
    );
}

#[test]
fn code_and_cells_come_from_the_source_byte_for_byte() {
    let source = "one\n\n- in a list\n\n  ```make\n  all:\n  \tcc\u{1b}[1m x\n\n  ```\n\n\u{7}\n\n|a|`b`|\n|-|-|\n|**1**|2 \\| 3|\n\n    x\n    y\n";
    let document = document(source, 40);
    let codes: Vec<String> = document.regions().iter().filter_map(|region| region.code(source)).collect();
    assert_eq!(codes, ["all:\n\tcc\u{1b}[1m x\n\n", "x\ny\n"]);
    let cells: Vec<_> =
        document.regions().iter().map(|region| region.cells(source)).filter(|c| !c.is_empty()).collect();
    assert_eq!(cells, [[["a", "b"], ["1", "2 | 3"]]]);
}

#[test]
fn a_growing_document_has_the_regions_of_the_whole() {
    let theme = theme();
    let options = Options { width: 30, wide: 30, theme: &theme, ascii_lines: false, is_expanded: false };
    let mut grown = Document::default();
    for end in (0..=SAMPLE.len()).filter(|end| SAMPLE.is_char_boundary(*end)) {
        grown.update(&SAMPLE[..end], false, &options);
        for region in grown.regions() {
            assert!(region.rows.end <= grown.line_count() && region.source.end <= end, "{region:?}");
        }
    }
    assert_eq!(regions_of(SAMPLE, &grown), regions_of(SAMPLE, &document(SAMPLE, 30)));
}

#[test]
fn undone_wraps_give_the_same_text_at_any_width() {
    let at = |width| {
        crate::ui::line::unwrapped(&document("Two `tents` fit, 日本語のテキスト and a_very_long_word.\\\nHard.\n\n> - quoted words\n\n```\nlet  x;\n\ty\n```\n\n1. one two\n   1. three four", width).into_lines())
    };
    assert_eq!(
        at(80),
        "Two tents fit, 日本語のテキスト and a_very_long_word.\nHard.\n\n-  quoted words\n\nlet  x;\n    y\n\n1.  one two\n1.  three four"
    );
    for width in 16..80 {
        assert_eq!(at(width), at(80), "{width}");
    }
}

#[test]
fn links_show_where_they_go() {
    assert_eq!(
        rendered("[here](https://a.example/x) <https://b.example> [https://c.example](https://c.example)", 90),
        ["here (https://a.example/x) https://b.example https://c.example"]
    );
    assert_eq!(
        rendered("[safe](javascript:alert) ![a *cat*](cat.png) ![](x.png)", 90),
        ["safe (javascript:alert) [image: a cat] (cat.png) [image: ] (x.png)"]
    );
    assert_eq!(rendered("[r]\n\n[r]: /there", 40), ["r (/there)"]);
}

#[test]
fn html_is_text_but_for_the_little_that_models_write() {
    assert_eq!(
        rendered("<div onclick='x'>\nhi\n</div>\n\na <br> b &lt;i&gt; Vec<u8> <span x>c</span> <!-- d -->", 60),
        ["<div onclick='x'>", "hi", "</div>", "", "a", "b <i> Vec<u8> <span x>c</span> <!-- d -->"]
    );
    assert_eq!(
        rendered(
            "H<sub>2</sub>O, x<SUP>n+1</SUP>, CO<sub>eq</sub>, <b>bold <i>both</b></i> <kbd>Ctrl</kbd>+<kbd>C</kbd> <u>o",
            70
        ),
        ["H₂O, xⁿ⁺¹, CO_eq, bold <i>both</i> Ctrl+C <u>o"]
    );
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: false };
    let plain = Style::new();
    let mut expected = Line::styled(SafeText::line("a "), plain);
    expected.push(SafeText::line("b"), plain.add_modifier(Modifier::BOLD));
    expected.push(SafeText::line("c"), plain.add_modifier(Modifier::BOLD | Modifier::ITALIC));
    expected.push(SafeText::line("d"), plain.add_modifier(Modifier::UNDERLINED));
    expected.push(SafeText::line("e"), theme.accent);
    expected.push(SafeText::line("<!-- f -->"), theme.dim);
    assert_eq!(render("a <b>b*c*</b><u>d</u><code>e</code><!-- f -->", &options), [expected]);
}

#[test]
fn tags_cost_no_more_than_their_text() {
    for unit in [
        "<b>",
        "</b>",
        "<b>x</b>",
        "<b><i>x</b>",
        "<sub>",
        "<br>",
        "<br>\n",
        "<!-- ",
        "<x ",
        "<details>\n\n",
        "[^1]",
        "\\[",
        "$a$ ",
    ] {
        let source = format!("a {}x", unit.repeat(200_000 / unit.len()));
        let began = Instant::now();
        assert!(rendered(&source, 80).concat().contains('x') || unit.contains("details"));
        assert!(began.elapsed() < Duration::from_secs(5), "{unit:?} {:?}", began.elapsed());
    }
}

#[test]
fn cells_may_have_several_lines() {
    assert_eq!(
        rendered("|a<br>b|c|\n|-|-|\n|1<br/>2|`x \\| y`|\n|3|<b>z</b>|", 40),
        ["a   c", "b", "─────────", "1   x | y", "2", "3   z"]
    );
    assert_eq!(rendered("|a|\n|-|\n|one<br>two three|", 8), ["a", "────────", "one", "two", "three"]);
}

#[test]
fn notes_to_the_reader_have_a_head() {
    assert_eq!(
        rendered("> [!WARNING]\n> hot\n>\n> - x\n\n> [!note]\n\n> [!OTHER]\n> y", 40),
        ["│ Warning", "│ hot", "│", "│ -  x", "", "│ Note", "", "│ [!OTHER] y"]
    );
}

#[test]
fn footnotes_come_to_the_end() {
    let source = "One[^1] and[^b], none[^7], [^c].\n\n[^1]: first\n[^b]: second\n    goes on\n\n    more\n\nLast.\n";
    assert_eq!(
        rendered(source, 40),
        ["One[1] and[b], none[7], [^c].", "", "Last.", "", "[1]  first", "[b]  second goes on", "", "     more"]
    );
}

#[test]
fn formulas_are_shown_as_unicode_or_as_they_stand() {
    assert_eq!(
        rendered(
            "So $x^2$, \\(a_1\\) and **\\(b*c*d\\)**:\n\\[\nx\n= \\frac{1}{2}\n\\]\nor\n\n- $$\\begin{cases} a\\end{cases}$$\n- $5 and $6",
            60
        ),
        [
            "So x², a₁ and b * c * d:",
            "",
            "  x = 1/2",
            "",
            "or",
            "",
            "-    $$\\begin{cases} a\\end{cases}$$",
            "",
            "-  $5 and $6"
        ]
    );
    assert_eq!(
        rendered("|a|\n|-|\n|$|x|_2$|\n\n# $x_2$\n\n    code $x^2$\n\n`$x^2$` [l $x^2$](/$x^2$) [m](<a $x^2$>)", 60),
        ["a", "────", "|x|₂", "", "x₂", "", "  code $x^2$", "", "$x^2$ l x² (/$x^2$) m (a $x^2$)"]
    );
    assert_eq!(rendered("$x^2$ [t](u \"$x^2$\")", 60), ["x² t (u)"]);
}

#[test]
fn a_fold_is_a_line_until_it_is_opened() {
    let source = "Before.\n\n<details>\n<summary>Why <b>not</b></summary>\n\nHidden *text*.\n\n- a\n\n<details><summary>In it</summary>\nraw\n</details>\n\n</details>\n\nAfter.\n\n- <details><summary>Item</summary>\n\n  x\n\n  </details>\n- b\n\n<details>\n\nwithout end";
    assert_eq!(
        rendered(source, 60),
        [
            "Before.",
            "",
            "> Why not   Ctrl+O shows it",
            "",
            "After.",
            "",
            "-  > Item   Ctrl+O shows it",
            "",
            "-  b",
            "",
            "> Details   Ctrl+O shows it"
        ]
    );
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: true };
    assert_eq!(
        text_of(&render(source, &options)),
        [
            "Before.",
            "",
            "v Why not",
            "",
            "  Hidden text.",
            "",
            "  -  a",
            "",
            "  v In it",
            "",
            "    raw",
            "",
            "After.",
            "",
            "-  v Item",
            "",
            "     x",
            "",
            "-  b",
            "",
            "v Details",
            "",
            "  without end"
        ]
    );
    let found = document(source, 60);
    assert_eq!(
        regions_of(source, &found),
        [
            "0..1 text: \"Before.\"".to_owned(),
            format!(
                "2..3 fold: {:?}",
                source[source.find("<details>").unwrap()..source.find("\n\nAfter").unwrap()].to_owned()
            ),
            "4..5 text: \"After.\"".to_owned(),
            "6..7 fold: \"<details><summary>Item</summary>\\n\\n  x\\n\\n  </details>\"".to_owned(),
            "8..9 text: \"b\"".to_owned(),
            "10..11 fold: \"<details>\\n\\nwithout end\"".to_owned(),
        ]
    );
}

#[test]
fn entities_pass_the_gate_after_decoding() {
    assert_eq!(rendered("a&#27;[31m &#x202e;b `\u{1b}`", 60), ["a\u{241b}[31m <U+202E>b \u{241b}"]);
    assert_eq!(rendered("```\na\u{202e}b\n```", 40), ["  a<U+202E>b"]);
}

#[test]
fn wide_text_wraps_by_columns() {
    assert_eq!(rendered("日本語のテキスト 👩‍👩‍👧‍👦👋🏽", 10), ["日本語のテ", "キスト", "👩‍👩‍👧‍👦👋🏽"]);
}

#[test]
fn styles_of_text() {
    let theme = theme();
    let options = Options { width: 80, wide: 80, theme: &theme, ascii_lines: false, is_expanded: false };
    let plain = Style::new();
    let mut expected = Line::styled(SafeText::line("a "), plain);
    expected.push(SafeText::line("b"), plain.add_modifier(Modifier::ITALIC));
    expected.push(SafeText::line("c"), plain.add_modifier(Modifier::BOLD | Modifier::ITALIC));
    expected.push(SafeText::line("d"), plain.add_modifier(Modifier::CROSSED_OUT));
    expected.push(SafeText::line("e"), theme.accent);
    let link = crate::ui::link::Link::new("mailto:x@y.example");
    let linked = |text, style| crate::ui::line::Span { text: SafeText::line(text), style, link: link.clone() };
    expected.push_span(linked("f", theme.accent));
    expected.push(SafeText::line(" ("), theme.dim);
    expected.push_span(linked("mailto:x@y.example", theme.dim));
    expected.push(SafeText::line(")"), theme.dim);
    expected.push(SafeText::line("g"), plain);
    expected.push(SafeText::line(" (file:///x)"), theme.dim);
    assert_eq!(render("a *b**c***~~d~~`e`[f](mailto:x@y.example)[g](file:///x)", &options), [expected]);
    assert_eq!(render("## H", &options), [Line::styled(SafeText::line("H"), theme.bold)]);
}

#[test]
fn code_keeps_its_backticks_without_colour() {
    let theme = Theme::new(Background::Dark, false);
    let options = Options { width: 20, wide: 20, theme: &theme, ascii_lines: false, is_expanded: false };
    assert_eq!(text_of(&render("a `b` c", &options)), ["a `b` c"]);
}

proptest! {
    #[test]
    fn a_document_complete_equals_the_whole(cuts in prop::collection::vec(0..SAMPLE.len(), 0..12), width in 8_u16..60) {
        let theme = theme();
        let options = Options { width, wide: width + 8, theme: &theme, ascii_lines: false, is_expanded: false };
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut document = Document::default();
        for cut in cuts {
            document.update(&SAMPLE[..SAMPLE.floor_char_boundary(cut)], false, &options);
        }
        document.update(SAMPLE, false, &options);
        document.update(SAMPLE, true, &options);
        prop_assert_eq!(lines_of(&document), render(SAMPLE, &options));
    }

    #[test]
    fn a_document_that_grew_is_complete_as_if_it_had_not(
        pieces in prop::collection::vec("[-#>|*1.a =`~<:\n]{0,30}|\\| a \n|-\n|```\n|\n\n|<details>|</details>|<summary>|\\$|\\[\\^1\\]:?", 0..8),
    ) {
        let theme = theme();
        let options = Options { width: 20, wide: 30, theme: &theme, ascii_lines: false, is_expanded: false };
        let (mut document, mut source) = (Document::default(), String::new());
        for piece in pieces {
            source.push_str(&piece);
            document.update(&source, false, &options);
        }
        document.update(&source, true, &options);
        prop_assert_eq!(lines_of(&document), render(&source, &options));
        let mut whole = Document::default();
        whole.update(&source, true, &options);
        prop_assert_eq!(document.regions(), whole.regions());
    }

    #[test]
    fn growing_settles_nothing_that_changes(
        source in prop_oneof![
            "[-#>|*1.a =`~<:\n]{0,80}",
            "([-#>1.a =`\n]|\\$|\\\\\\[|\\\\\\]|\\^|\\[\\^1\\]|\n\n){0,60}",
            "([->a \n]|<details>|</details>|<summary>|</summary>|<b>|</b>|<br>|\n\n){0,40}",
        ],
        is_expanded in any::<bool>(),
    ) {
        let theme = theme();
        let options = Options { width: 20, wide: 30, theme: &theme, ascii_lines: false, is_expanded };
        let mut document = Document::default();
        for end in 0..=source.len() {
            document.update(&source[..end], false, &options);
        }
        if document.is_expected() {
            document.update(&source, true, &options);
        }
        prop_assert_eq!(text_of(&lines_of(&document)), text_of(&render(&source, &options)));
    }

    #[test]
    fn blank_lines_are_single_and_inside(source in "[-#>|*1.a \n]{0,80}", width in 1_u16..30) {
        let lines = rendered(&source, width);
        let is_blank = |line: &String| line.is_empty();
        prop_assert!(!lines.first().is_some_and(is_blank) && !lines.last().is_some_and(is_blank), "{:?}", lines);
        prop_assert!(!lines.windows(2).any(|pair| pair.iter().all(is_blank)), "{:?}", lines);
    }
}

#[test]
fn a_growing_document_looks_like_the_whole_at_each_block() {
    let theme = theme();
    let options = Options { width: 30, wide: 40, theme: &theme, ascii_lines: false, is_expanded: false };
    let source = SAMPLE.replace("[ref][r]", "").replace("[r]: https://c.example\n\n", "");
    for is_expanded in [false, true] {
        grows_like_the_whole(&source, &Options { is_expanded, ..options });
    }
}

fn grows_like_the_whole(source: &str, options: &Options<'_>) {
    let mut document = Document::default();
    for (at, _) in source.char_indices() {
        document.update(&source[..at], false, options);
        if document.is_expected() {
            continue;
        }
        assert_eq!(text_of(&lines_of(&document)), text_of(&render(&source[..at], options)), "{:?}", &source[..at]);
    }
}

#[test]
fn what_streams_in_stays_as_it_was_first_shown() {
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: true };
    for source in [
        "Two ways, *both* good:\n- **Fast and easy**: run `cargo build`\n- ~~Slow~~ ***one***\n\n\
         1. First **bold\n   over lines**\n2. `code` **and _more_ of it**\n\nTotal:\n3 of them, 2 * 3 = 6\n\n\
         ## The *end* of it\n\n> **Note** that\n\n---\n\n__It__ is 這是**重點**。",
        "<details><summary>More</summary>\n\n**Bold** first\n\n- *one*\n\n</details>\n\n**After** it",
    ] {
        let whole = text_of(&render(source, &options));
        let from = source.find("\n\n").unwrap_or(0);
        let mut document = Document::default();
        for (at, _) in source.char_indices().filter(|(at, _)| *at >= from || source.starts_with('T')) {
            document.update(&source[..at], false, &options);
            let shown = text_of(&lines_of(&document));
            let Some((last, above)) = shown.split_last() else { continue };
            assert_eq!(above, &whole[..above.len()], "{:?}", &source[..at]);
            assert!(whole[above.len()].starts_with(last.trim_end()), "{last:?} {:?}", &source[..at]);
        }
    }
}

#[test]
fn marks_in_cells_are_not_seen_while_they_stream_in() {
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: false };
    let source = "| *Tent* | Price |\n|---|--:|\n| **Trail Blazer** | `5` |\n| ~~Old~~ one | *6* |\n";
    let mut document = Document::default();
    for end in 0..source.len() {
        document.update(&source[..end], false, &options);
        let shown = text_of(&lines_of(&document));
        assert!(!shown.concat().contains(['*', '`', '~']), "{:?} {shown:?}", &source[..end]);
    }
}

#[test]
fn another_source_or_look_starts_anew() {
    let theme = theme();
    let options = |width| Options { width, wide: width, theme: &theme, ascii_lines: false, is_expanded: false };
    let mut document = Document::default();
    document.update("one\n\ntwo\n\nthree", false, &options(20));
    document.update("uno\n\ndue", false, &options(20));
    assert_eq!(text_of(&lines_of(&document)), ["uno", "", "due"]);
    document.update("uno\n\ndue e", false, &options(3));
    assert_eq!(text_of(&lines_of(&document)), ["uno", "", "due", "e"]);
    document.update("uno\n\ndue", true, &options(20));
    assert_eq!(
        (text_of(&lines_of(&document)), document.line(9)),
        (vec!["uno".into(), String::new(), "due".into()], &Line::default())
    );
}

#[test]
fn the_cost_of_a_delta_does_not_depend_on_the_length() {
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: false };
    let mut document = Document::default();
    let mut source = String::new();
    let mut most = 0;
    for number in 0..3000 {
        source.push_str(&format!("Paragraph {number} with **some** text.\n\n"));
        let before = document.parsed_bytes();
        document.update(&source, false, &options);
        most = most.max(document.parsed_bytes() - before);
    }
    assert!(source.len() > 100_000 && most < 200, "{most}");
}

#[test]
fn what_the_parser_would_take_for_its_own_stands_as_it_was_written() {
    assert_eq!(
        rendered("| Where | Price |\n|---|---|\n| Noma | $$$ |\n| Mid | $$ |\n| `a || b` | or |", 60),
        ["Where    Price", "──────────────", "Noma     $$$", "Mid      $$", "a || b   or"]
    );
    let address = "https://docs.example/__main__.html";
    assert_eq!(rendered(&format!("See {address} or **{address}**."), 90), [format!("See {address} or {address}.")]);
    assert_eq!(
        rendered("**\u{6ce8}\u{610f}\u{ff1a}**\u{8bf7}\u{4e0d}\u{8981}, **Area:**$\\pi r^2$\u{548c}$x^2$\u{6210}", 60),
        ["\u{6ce8}\u{610f}\u{ff1a}\u{8bf7}\u{4e0d}\u{8981}, Area:πr²\u{548c}x²\u{6210}"]
    );
    assert_eq!(rendered("> \\[\n> x\n> > 0\n> \\]", 60), ["│   x > 0"]);
}

#[test]
fn formulas_in_titles_of_links_are_text_and_cost_no_pass_each() {
    assert_eq!(rendered("[a](/b \"$x^2$\") and $y^2$", 80), ["a (/b) and y²"]);
    // Each formula that is text again lets a link end, by which the next one stands in a title.
    let chain: String =
        (0..600).map(|at| if at % 2 == 0 { "$x^\")[a](b '$\")\n" } else { "$x^')[a](b \"$')\n" }).collect();
    let source = format!("[a](b \"\n{chain}\n\nbelow $y^2$");
    let began = Instant::now();
    assert!(rendered(&source, 80).last().unwrap().ends_with("below y²"));
    let many = "[a](b \"$x$\") ".repeat(10_000);
    rendered(&many, 80);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn names_of_columns_are_not_repeated_at_length_in_each_record() {
    let head = format!("|{}|{}\n{}|\n", "w ".repeat(7500), "aaaaaaaa|".repeat(10), "|-".repeat(11));
    assert!(rendered(&format!("{head}{}", "a|\n".repeat(1000)), 80).len() < 6000);
}

#[test]
fn folds_without_a_line_of_their_own_are_kept_once() {
    let shown =
        rendered("<details>\n<details>\n<summary>In it</summary>\n\ntext\n\n</details>\n</details>\n\nafter", 60);
    assert_eq!(shown, ["> Details   Ctrl+O shows it", "", "after"]);
    let source = format!("{}\n\n{}", "<details>".repeat(3000), "a\n\n".repeat(3000));
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: true };
    assert!(render(&source, &options).len() > 6000);
    let tags = format!("<div>\n{}>", format!("{}\n", "<".repeat(1000)).repeat(200));
    let began = Instant::now();
    rendered(&tags, 80);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// Feeds a megabyte in deltas of 4 KiB and says how much of it was parsed.
fn parsed_while_growing(head: &str, unit: &str) -> (usize, usize) {
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: false };
    let source = format!("{head}{}", unit.repeat(1_000_000 / unit.len()));
    let mut document = Document::default();
    let began = Instant::now();
    for end in (0..source.len()).step_by(4096) {
        document.update(&source[..source.floor_char_boundary(end)], false, &options);
    }
    document.update(&source, false, &options);
    assert!(began.elapsed() < Duration::from_secs(30));
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    let drawn: usize = lines_of(&document).iter().map(|line| letters(&line.to_text())).sum();
    assert_eq!(drawn, letters(&source));
    (source.len(), document.parsed_bytes())
}

#[test]
fn a_megabyte_without_a_blank_line_stays_linear() {
    for (head, unit) in [
        ("", "words and "),
        ("", "words and\n"),
        ("```\n", "let x = 1;\n"),
        ("```\n", "letx"),
        ("", "日本👋🏽"),
        ("Head\n\n- ", "a\n- "),
    ] {
        let (length, parsed) = parsed_while_growing(head, unit);
        assert!(parsed < length * 2, "{unit:?} {parsed}");
    }
}

#[test]
fn a_large_code_block_ends_at_its_fence() {
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: false };
    let source = format!("```\n{}```\nAfter *it*.\n", "let x;\n\n\n".repeat(10_000));
    let mut document = Document::default();
    for end in (0..source.len()).step_by(1000).chain([source.len()]) {
        document.update(&source[..end], false, &options);
    }
    assert!(text_of(&lines_of(&document)) == text_of(&render(&source, &options)));
}

#[test]
fn a_message_too_large_for_a_frame_is_laid_out_in_steps() {
    let theme = theme();
    let options = Options { width: 60, wide: 60, theme: &theme, ascii_lines: false, is_expanded: false };
    let source =
        "Some *words* [to][r] read.\n\n- one\n- two\n\n```\ncode\n```\n\n".repeat(40_000) + "\n\n[r]: /there\n";
    let mut document = Document::default();
    let (mut steps, mut parsed) = (0, 0);
    loop {
        document.update(&source, true, &options);
        let (laid_out, expected) = (document.line_count(), document.line_count() + document.lines_behind());
        assert!(expected >= laid_out && expected.abs_diff(280_000) < 20_000, "{expected}");
        steps += 1;
        assert!(document.parsed_bytes() - parsed < 300_000);
        parsed = document.parsed_bytes();
        if !document.is_behind() {
            break;
        }
    }
    assert_eq!((steps, document.line_count()), (source.len().div_ceil(256 * 1024), 40_000 * 7 - 1));
    document.update(&source, true, &options);
    assert_eq!(document.parsed_bytes(), parsed, "there is nothing more to do");
}

#[test]
fn nesting_needs_neither_stack_nor_time() {
    let payloads =
        [">".repeat(200_000), "- ".repeat(200_000), "*a".repeat(200_000), "[".repeat(200_000), "> - ".repeat(100_000)];
    let worker = std::thread::Builder::new().stack_size(512 * 1024).spawn(move || {
        for payload in payloads {
            let source = payload + "x";
            let began = Instant::now();
            assert!(rendered(&source, 80).concat().contains('x'));
            assert!(began.elapsed() < Duration::from_secs(2), "{:?} {:?}", &source[..4], began.elapsed());
        }
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn controls_are_shown_and_settle_nothing_wrongly() {
    assert_eq!(
        rendered("a\rb\u{c}\r\n\r\n```\r\nc\r\nd\re\r\n```\r\n", 40),
        ["a\u{240d}b\u{240c}", "", "  c", "  d\u{240d}e"]
    );
    let theme = theme();
    let options = Options { width: 30, wide: 40, theme: &theme, ascii_lines: false, is_expanded: false };
    let source = "\u{1b}\u{1b}a\r\rb\n\n\u{b}second\u{7}\n\n# third\n\n\u{0}fourth\n\nfifth\n";
    let mut document = Document::default();
    for end in 0..=source.len() {
        document.update(&source[..end], false, &options);
    }
    assert_eq!(text_of(&lines_of(&document)), text_of(&render(source, &options)));
}

#[test]
fn hostile_answers_show_what_was_taken_out() {
    let answers = [
        include_str!("../../../tests/fixtures/abuse/markdown/esc-html-entity-esc.md"),
        include_str!("../../../tests/fixtures/abuse/markdown/esc-markdown-link-esc.md"),
        include_str!("../../../tests/fixtures/abuse/markdown/esc-c0-all.md"),
        include_str!("../../../tests/fixtures/abuse/markdown/uni-bidi-override-trojan.md"),
        include_str!("../../../tests/fixtures/abuse/markdown/uni-homoglyph-domain.md"),
        include_str!("../../../tests/fixtures/abuse/markdown/uni-line-separators.md"),
    ];
    let shown: Vec<Vec<String>> = answers.iter().map(|answer| rendered(answer, 200)).collect();
    assert_eq!(
        shown,
        [
            ["␛[2J ␛]52;c;QUFB␇ <U+009B>31m \u{fffd}"],
            ["t (https://e/␛]52;c;QUFB␇) code␛[2J"],
            ["␀␁␂␃␄␅␆␇␈ ␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟␡"],
            ["if access != \"user<U+202E> <U+2066>// admin only<U+2069> <U+2066>\" {"],
            ["https://p<U+0430>ypal.com and https://<U+0430>pple.com"],
            ["one<U+2028>two<U+2029>three<U+0085>four"],
        ]
    );
}

#[test]
fn the_head_of_a_table_is_a_table_from_its_first_column_on() {
    let theme = Theme::new(Background::Dark, true);
    let options = Options { width: 40, wide: 40, theme: &theme, ascii_lines: false, is_expanded: false };
    let mut document = Document::default();
    let source = "Two fit:\n\n| Tent | Price |\n|---|--:|\n| Ridge | 229 |\n";
    for end in 0..source.len() {
        document.update(&source[..end], false, &options);
        let shown: Vec<String> = (0..document.line_count()).map(|at| document.line(at).to_text()).collect();
        assert!(!shown.iter().any(|line| line.contains('|')), "{end}: {shown:#?}");
    }
}
