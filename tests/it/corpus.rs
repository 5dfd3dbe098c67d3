//! What fuzzing found worth keeping, read again: no panic, and the same however it is cut.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use riffle::provider::Api;

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

/// The inputs kept for a fuzz target.
fn kept(target: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/tests/fuzz/kept/{target}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let inputs: Vec<_> = text.lines().map(|line| STANDARD.decode(line).unwrap()).collect();
    assert!(inputs.len() > 100, "the corpus of {target} is missing");
    inputs
}

#[test]
fn what_the_fuzzer_kept_is_read_the_same_however_it_is_cut() {
    for input in kept("sse") {
        fuzz::events_both_ways(&input);
    }
    for api in Api::ALL {
        let target = api.as_str().replace('-', "_");
        for input in kept(&target) {
            fuzz::read_both_ways(api, &input);
        }
    }
}

/// What Markdown is made of, and what is hostile in it.
const PIECES: [&str; 64] = [
    "a",
    "word ",
    "# ",
    "\n",
    "\n\n",
    "- ",
    "1. ",
    "  ",
    "    ",
    "\t",
    "> ",
    "```\n",
    "```rust\n",
    "~~~",
    "|",
    "|-|-|\n",
    "| a | b |\n",
    "**",
    "*",
    "_",
    "`",
    "$",
    "$$",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "\\frac{a}{b}",
    "x^2",
    "[^1]",
    "[^1]: ",
    "[a](https://b.example)",
    "![",
    "](",
    "<details>",
    "</details>",
    "<summary>",
    "</summary>",
    "<br>",
    "<sub>",
    "<!-- ",
    " -->",
    "&#27;",
    "&amp;",
    "\u{1b}[31m",
    "\u{202e}",
    "日本語",
    "👩\u{200d}👩\u{200d}👧",
    "مرحبا",
    "\r",
    "\u{9b}",
    "---\n",
    "===\n",
    "- [x] ",
    "[!NOTE]\n",
    "https://a.example/x?y=1",
    "e\u{301}",
    "~~",
    "$5",
    "\\|",
    "\0",
    "+ ",
    "<div>\n",
    "<kbd>",
];

proptest! {
    #[test]
    fn a_message_is_laid_out_the_same_however_it_grew(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40), size in 0_u16..600,
    ) {
        let mut data = size.to_be_bytes().to_vec();
        data.extend(pieces.concat().into_bytes());
        fuzz::message_both_ways(&data);
    }
}

#[test]
fn a_formula_behind_what_looks_like_open_code_is_the_same_however_it_grew() {
    for source in [
        "a```\n||-|-|\n- ```\n$$<div>\n",
        "a\n- ```\na$$\\|- \\frac{a}{b}$$a```\n```\na",
        "a ![b](c \"$x$\") $y$\n\n$z$\n",
    ] {
        fuzz::message_both_ways(&[b"\0\0", source.as_bytes()].concat());
    }
}
