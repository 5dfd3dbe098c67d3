//! What in a text is worth picking out: paths of files, and commands in shell code. Pure.

use std::ops::Range;

/// The shells, by the names that fences give them, and whether their lines are given with a prompt.
const SHELLS: [&str; 9] =
    ["sh", "bash", "zsh", "fish", "shell", "console", "terminal", "shellsession", "shell-session"];
/// Prompts that stand before commands.
const PROMPTS: [&str; 3] = ["$ ", "% ", "# "];

/// Without what ends a sentence or closes a bracket that was opened outside.
fn without_punctuation(mut word: &str) -> &str {
    let surplus = |close, open| word.matches(close).count().saturating_sub(word.matches(open).count());
    let (mut round, mut square) = (surplus(')', '('), surplus(']', '['));
    while let Some(last) = word.chars().next_back() {
        match last {
            ')' if round > 0 => round -= 1,
            ']' if square > 0 => square -= 1,
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' => {}
            _ => break,
        }
        word = &word[..word.len() - last.len_utf8()];
    }
    word
}

/// Paths of files in this text.
#[must_use]
pub(super) fn paths(text: &str) -> Vec<Range<usize>> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '|' | ',' | ';');
    let mut found = Vec::new();
    let mut start = 0;
    for (at, gap) in text.match_indices(is_between).chain([(text.len(), "")]) {
        let word = text[start..at].trim_start_matches(['(', '[', '{']);
        let begin = at - word.len();
        let word = without_punctuation(word);
        if is_path(word) {
            found.push(begin..begin + word.len());
        }
        start = at + gap.len();
    }
    found
}

/// Whether a word is surely a path: rooted, at home or relative with a name in it, or with an extension at its end.
fn is_path(word: &str) -> bool {
    if word.contains("://") || !word.contains('/') || word.contains("//") {
        return false;
    }
    let parts: Vec<&str> = word.split('/').collect();
    let has_name = parts.iter().any(|part| part.chars().any(char::is_alphanumeric));
    let last = parts.last().copied().unwrap_or_default();
    let has_extension = last.rsplit_once('.').is_some_and(|(name, extension)| {
        let extension = extension.split(':').next().unwrap_or_default();
        !name.is_empty()
            && (1..=5).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let is_rooted = match parts[0] {
        "~" | "." | ".." => true,
        "" => parts.len() > 2 || has_extension,
        _ => false,
    };
    has_name && (is_rooted || has_extension)
}

/// The commands in a block of code of this language: for each its first line, counted from 0, and its text. Where some
/// lines have a prompt, only these are commands and the rest is what they print.
#[must_use]
pub(super) fn commands(language: &str, code: &str) -> Vec<(usize, String)> {
    if !SHELLS.iter().any(|shell| language.eq_ignore_ascii_case(shell)) {
        return Vec::new();
    }
    let prompt = |line: &str| PROMPTS.iter().find(|prompt| line.starts_with(**prompt)).copied();
    let has_prompts = code.lines().any(|line| line.starts_with("$ ") || line.starts_with("% "));
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_going_on = false;
    for (at, line) in code.lines().enumerate() {
        let own = match (has_prompts, prompt(line)) {
            (true, Some(prompt)) => Some(&line[prompt.len()..]),
            (true, None) => None,
            (false, _) => Some(line).filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')),
        };
        match found.last_mut() {
            Some((_, command)) if is_going_on => {
                command.push('\n');
                command.push_str(line);
            }
            _ => match own {
                Some(own) => found.push((at, own.to_owned())),
                None => continue,
            },
        }
        is_going_on = line.ends_with('\\');
    }
    // What goes on over lines in other ways is one piece.
    let is_script = !has_prompts && found.iter().any(|(_, line)| line.contains("<<") || line.starts_with([' ', '\t']));
    if is_script { Vec::new() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<'a>(text: &'a str, ranges: &[Range<usize>]) -> Vec<&'a str> {
        ranges.iter().map(|range| &text[range.clone()]).collect()
    }

    #[test]
    fn paths_are_told_from_words_with_a_slash() {
        let text = "Edit /etc/hosts, ~/.config/riffle/config.toml (or src/main.rs:12:5) and ../x; and/or 5 km/h at 3/4, `./run`.";
        let all = ["/etc/hosts", "~/.config/riffle/config.toml", "src/main.rs:12:5", "../x", "./run"];
        assert_eq!(words(text, &paths(text)), all);
        assert!(paths("https://a.example/b.html /day // a/b").is_empty());
        assert_eq!(words("(see [./a(b)]).", &paths("(see [./a(b)]).")), ["./a(b)"]);
        let hostile = format!("./a{}", ")".repeat(500_000));
        assert_eq!(words(&hostile, &paths(&hostile)), ["./a"]);
    }

    #[test]
    fn commands_lose_their_prompt_and_keep_their_other_lines() {
        let console = "$ cargo build \\\n    --release\n   Compiling riffle\n# make install\n$ riffle";
        let found = commands("console", console);
        let all = [(0, "cargo build \\\n    --release"), (3, "make install"), (4, "riffle")];
        assert_eq!(found, all.map(|(at, command)| (at, command.to_owned())));
        let plain = commands("bash", "# first\napt update\n\napt install riffle");
        assert_eq!(plain, [(1, "apt update".to_owned()), (3, "apt install riffle".to_owned())]);
        assert!(commands("sh", "for x in *; do\n  echo $x\ndone").is_empty());
        assert!(commands("rust", "$ x").is_empty());
    }
}
