//! What the sources may not do. Each finding names its file and line.

use std::path::{Path, PathBuf};

/// From the bottom to the top; a layer may use itself and what stands before it.
const LAYERS: [&str; 24] = [
    "safe_text",
    "chat",
    "strings",
    "transfer",
    "sse",
    "config",
    "tools",
    "provider",
    "agent",
    "kernel",
    "store",
    "app",
    "ui",
    "host",
    "ask",
    "replay",
    "models",
    "serve",
    "doctor",
    "history",
    "term",
    "plain",
    "cli",
    "main",
];

/// These know no clock, no file, no socket and no terminal.
const PURE: [&str; 42] = [
    "src/chat/",
    "src/sse/",
    "src/transfer/html.rs",
    "src/transfer/import/",
    "src/transfer/json.rs",
    "src/transfer/markdown.rs",
    "src/transfer/words.rs",
    "src/safe_text.rs",
    "src/strings",
    "src/provider/anthropic/",
    "src/provider/gemini/",
    "src/provider/ollama/",
    "src/provider/openai_chat/",
    "src/provider/openai_responses/",
    "src/provider/body.rs",
    "src/provider/recording/recent.rs",
    "src/provider/recording/secrets.rs",
    "src/provider/transcription.rs",
    "src/provider/wire.rs",
    "src/provider/values.rs",
    "src/provider/retry.rs",
    "src/provider/error/",
    "src/provider/reader.rs",
    "src/provider/think.rs",
    "src/tools/schema.rs",
    "src/tools/policy.rs",
    "src/agent/setup.rs",
    "src/agent/turn.rs",
    "src/agent/checks.rs",
    "src/agent/tracker.rs",
    "src/agent/event.rs",
    "src/agent/effect.rs",
    "src/app/",
    "src/ui/",
    "src/serve/access.rs",
    "src/serve/openai/request.rs",
    "src/serve/openai/response.rs",
    "src/plain/view.rs",
    "src/config/keymap.rs",
    "src/config/theme/file.rs",
    "src/config/theme/role.rs",
    "src/config/theme/style.rs",
];

const IMPURE_WORDS: [&str; 9] = [
    "tokio::",
    "reqwest::",
    "rusqlite::",
    "std::fs",
    "std::env",
    "Instant::now",
    "SystemTime",
    "crossterm::",
    "rustix::",
];

struct Source {
    path: String,
    /// Lines before the tests.
    lines: Vec<String>,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    collect(&root.join("src"), &mut found);
    found.sort();
    found
        .into_iter()
        .filter(|path| {
            !path.ends_with("tests.rs")
                && !["_tests.rs", "src/store/tests/"].iter().any(|part| path.to_string_lossy().contains(part))
        })
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            Source {
                path: path.strip_prefix(root).unwrap().display().to_string(),
                lines: code.lines().map(str::to_owned).collect(),
            }
        })
        .collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Lines that are code and hold one of the words.
fn findings(is_meant: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| is_meant(&source.path)) {
        for (at, line) in source.lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if words.iter().any(|word| code.contains(word)) {
                found.push(format!("{}:{}: {}", source.path, at + 1, line.trim()));
            }
        }
    }
    found
}

/// The words in the sources, outside of tests, that begin like this and go on in capitals; sorted.
pub fn words_in_sources(beginning: &str) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        for line in &source.lines {
            for (at, _) in line.match_indices(beginning) {
                let word = line[at..].split(|c: char| !(c.is_ascii_uppercase() || c == '_')).next().unwrap_or_default();
                if word.len() > beginning.len() {
                    found.push(word.to_owned());
                }
            }
        }
    }
    found.sort();
    found
}

fn layer_of(path: &str) -> Option<usize> {
    let name = path.strip_prefix("src/")?.split(['/', '.']).next()?;
    LAYERS.iter().position(|layer| *layer == name)
}

#[test]
fn imports_point_down_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(own) = layer_of(&source.path) else { continue };
        for (at, line) in source.lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (place, _) in code.match_indices("crate::") {
                let rest = &code[place + "crate::".len()..];
                let name = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
                if LAYERS.iter().position(|layer| *layer == name).is_some_and(|used| used > own) {
                    wrong.push(format!("{}:{}: {}", source.path, at + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn pure_modules_know_no_clock_file_socket_or_terminal() {
    let wrong = findings(|path| PURE.iter().any(|pure| path.starts_with(pure)), &IMPURE_WORDS);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_paint_writes_cells_and_nothing_prints() {
    let cells = findings(|path| path != "src/ui/paint.rs", &["set_symbol", "set_string", "set_line", "set_char"]);
    assert!(cells.is_empty(), "{cells:#?}");
    let prints = findings(|_| true, &["print!(", "println!(", "eprintln!(", "eprint!(", "dbg!("]);
    assert!(prints.is_empty(), "{prints:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for source in sources() {
        for (at, line) in source.lines.iter().enumerate() {
            for word in ["TODO", "FIXME", "todo!", "unimplemented!"] {
                assert!(!line.contains(word), "{}:{}: {line}", source.path, at + 1);
            }
        }
    }
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "config.example.toml"] {
        assert!(root.join(name).exists(), "{name}");
    }
    let lines = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap().lines().count();
    assert!(lines <= 150, "ARCHITECTURE.md has {lines} lines");
}

#[test]
fn the_pictures_of_the_readme_are_there_and_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let named: Vec<&str> = readme.split('"').filter(|part| part.starts_with("assets/pictures/")).collect();
    assert_eq!(named.len(), 3);
    for name in named {
        let picture = std::fs::read_to_string(root.join(name)).unwrap();
        assert!(picture.starts_with("<svg ") && picture.len() < 300_000, "{name}");
    }
}

#[test]
fn every_action_can_be_reached() {
    use riffle::config::action::ACTIONS;
    let keymap = riffle::config::keymap::Keymap::resolve(&std::collections::BTreeMap::new()).unwrap();
    for info in ACTIONS {
        let ways = usize::from(!keymap.keys_of(info.action).is_empty())
            + usize::from(info.leader.is_some())
            + usize::from(info.slash.is_some());
        assert!(ways > 0, "{}", info.id);
    }
}
