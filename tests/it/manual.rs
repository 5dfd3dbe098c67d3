//! What is installed beside the program: the manual page and the completions of shells.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use riffle::cli;

use crate::program::run;

fn printed(words: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), words);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The page as its text is read: without escapes.
fn page() -> String {
    printed(&["man"]).replace("\\-", "-").replace("\\*(Aq", "'").replace("\\\\", "\\")
}

/// The commands that the page has a heading for, such as `history list`.
fn commands(page: &str) -> Vec<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix(".SS \"riffle "));
    headings
        .map(|usage| usage.split([' ', '"']).take_while(|word| word.starts_with(char::is_lowercase)))
        .map(|words| words.collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_manual_is_one_page_with_its_sections_and_all_commands() {
    let page = page();
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    let expected = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "\"GLOBAL OPTIONS\"",
        "COMMANDS",
        "\"EXIT STATUS\"",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
    ];
    assert_eq!(sections, expected);
    assert_eq!(page.matches(".TH ").count(), 1);
    let commands = commands(&page);
    for command in ["ask", "history list", "history check", "replay", "models", "doctor", "config path", "keys", "man"]
    {
        assert!(commands.iter().any(|named| named == command), "{command}: {commands:?}");
    }
    let help = printed(&["--help"]);
    let listed = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    for name in listed.lines().filter_map(|line| line.split_whitespace().next()) {
        assert!(commands.iter().any(|command| command.split(' ').next() == Some(name)), "{name}: {commands:?}");
    }
}

#[test]
fn every_example_of_the_manual_parses_as_a_command_line() {
    let page = page();
    let examples = page.split_once(".SH EXAMPLES").unwrap().1;
    let lines: Vec<&str> = examples.split(".nf\n").skip(1).filter_map(|block| block.lines().next()).collect();
    assert!(lines.len() > 12, "{lines:#?}");
    let mut asked = Vec::new();
    for line in lines {
        let words: Vec<String> = shlex::Shlex::new(line).collect();
        let from = words.iter().position(|word| word == "riffle").unwrap_or_else(|| panic!("{line}"));
        let ours = words[from..].iter().take_while(|word| !["|", ">", "<"].contains(&word.as_str()));
        // A command that another one ends is read without the mark between them.
        let ours = ours.map(|word| OsString::from(word.trim_end_matches(';')));
        match cli::parse(ours) {
            Ok(parsed) => asked.push(parsed.command),
            Err(ended) => panic!("{line}\n{}", ended.text),
        }
    }
    let is_ask = |command: &&cli::Command| matches!(command, cli::Command::Ask(_));
    assert!(asked.iter().filter(is_ask).count() >= 6, "{asked:#?}");
}

#[test]
fn every_variable_that_is_read_stands_in_the_manual() {
    let page = page();
    let environment = page.split_once(".SH ENVIRONMENT").unwrap().1.split(".SH ").next().unwrap();
    let mut read = crate::tidy::words_in_sources("RIFFLE_");
    read.dedup();
    assert!(read.len() > 5, "{read:?}");
    for variable in read {
        assert!(environment.contains(&variable), "{variable} is missing in src/strings/manual.rs");
    }
}

#[test]
fn the_script_of_bash_is_sound_and_completes_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("riffle.bash");
    std::fs::write(&script, printed(&["completions", "bash"])).unwrap();
    let script = script.display().to_string();
    let bash = |words: &[&str]| {
        let output = Command::new("bash").args(words).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    bash(&["-n", &script]);
    let complete = |words: &str, at: usize| {
        let typed = format!(
            "source {script}; COMP_WORDS=(riffle {words}); COMP_CWORD={at}; _riffle riffle '' ''; echo \" ${{COMPREPLY[*]}} \""
        );
        bash(&["-c", &typed])
    };
    for command in commands(&page()) {
        let (offered, name) = match command.split_once(' ') {
            Some((parent, name)) => (complete(&format!("{parent} ''"), 2), name),
            None => (complete("''", 1), command.as_str()),
        };
        assert!(offered.contains(&format!(" {name} ")), "{command}: {offered}");
    }
    assert!(complete("ask --at", 2).contains("--attach"));
}

#[test]
fn zsh_and_fish_have_scripts_too() {
    assert!(printed(&["completions", "zsh"]).starts_with("#compdef riffle"));
    assert!(printed(&["completions", "fish"]).contains("complete -c riffle"));
}
