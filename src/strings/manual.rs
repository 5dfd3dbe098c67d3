//! Words of the manual page and of the examples in help. Each example is a line for a shell; a test parses all of them.

/// Below the help of the program.
pub const DEFAULTS: &str =
    "Without a command the full screen opens; without a key or a local model it is a demo that needs neither.";
/// Whom the manual page is for.
pub const MANUAL: &str = "User Commands";
/// What the program is, in paragraphs.
pub const DESCRIPTION: [&str; 3] = [
    "riffle is a full-screen chat with language models. Answers stream in, a panel shows every tool call, any stream stops \
     with one key, and every chat is saved while it streams.",
    "Without a command the full screen opens. Whom it asks is what the configuration says; else the first provider whose key \
     is in the environment; else a local server that answers; else a demo that needs neither a key nor a network.",
    "riffle ask prints one answer, and nothing else, to standard output. Standard input, where it is no terminal, is the \
     question or is added to it; an image there is sent along. What happens meanwhile (tool calls, reasoning, repeated \
     requests) is told on standard error where that is a terminal; errors are told there always.",
];

/// Above the options of all commands.
pub const EVERYWHERE: &str = "GLOBAL OPTIONS";

/// A line for a shell, and what it does.
pub struct Example {
    /// What it does.
    pub about: &'static str,
    /// The line.
    pub line: &'static str,
}

const fn example(about: &'static str, line: &'static str) -> Example {
    Example { about, line }
}

/// In the help of the program.
pub const CHAT_EXAMPLES: [Example; 2] = [
    example("A chat that begins with a question", "riffle \"What gear do I need for a weekend hike?\""),
    example("Go on with the last chat", "riffle --continue"),
];

/// In the help of `riffle ask`.
pub const ASK_EXAMPLES: [Example; 9] = [
    example("Ask about what another program prints", "git diff | riffle ask \"Review this change\""),
    example("Send an image and a text along", "riffle ask --attach tent.jpg --attach notes.md \"Which tent is this?\""),
    example(
        "Pick what is needed out of the events",
        "riffle ask --json \"Which tents are in stock?\" | jq -r 'select(.type == \"tool_call\") | .name'",
    ),
    example("What it cost in tokens", "riffle ask --json hello | jq 'select(.type == \"done\") | .usage'"),
    example(
        "Text without marks, set to a width",
        "riffle ask --format plain \"How do I care for a tent?\" | fold -s -w 72",
    ),
    example("Go on with the last chat", "riffle ask --continue \"And which of them is the lightest?\""),
    example(
        "One question about each of many files",
        "ls *.md | xargs -I {} riffle ask --no-save --attach {} \"Sum this up in one sentence\"",
    ),
    example(
        "In a loop, the input of which is not to be read",
        "while read -r line; do riffle ask --no-stdin \"$line\"; done < questions.txt",
    ),
    example(
        "Any other endpoint",
        "riffle ask --api openai-chat --base-url http://127.0.0.1:8080/v1 --model MODEL \"Hello\"",
    ),
];

/// Only in the manual page.
pub const OTHER_EXAMPLES: [Example; 7] = [
    example("Answer browsers and OpenAI clients on this machine", "riffle serve --listen 127.0.0.1:8787"),
    example("Keep a stream as it came, and play it again", "riffle ask --record tents.rec \"Compare all tents\""),
    example("The same, twice as fast", "riffle replay tents.rec --speed 2"),
    example("Find what was said", "riffle history search sleeping bag"),
    example("Write all chats into one file", "riffle history export --all --format json -o chats.json"),
    example("This page", "riffle man > ~/.local/share/man/man1/riffle.1"),
    example("Completions", "riffle completions bash > ~/.local/share/bash-completion/completions/riffle"),
];

/// Variables that are read. An empty one is an unset one.
pub const ENVIRONMENT: [(&str, &str); 12] = [
    ("RIFFLE_CONFIG", "The configuration file, as --config."),
    ("RIFFLE_DATA_DIR", "The folder of saved chats, as --data-dir."),
    ("RIFFLE_PROVIDER", "Whom to ask, as --provider."),
    ("RIFFLE_MODEL", "The model, as --model."),
    ("RIFFLE_LOG", "Level of a log in the data folder: error, warn, info, debug or trace. Off by default."),
    ("RIFFLE_DEMO_RATE", "Tokens a second of the demo, 50 by default; 0 is at once."),
    ("RIFFLE_ACK_TRACE", "A file to which each commit of the history appends a line, for diagnosis."),
    ("RIFFLE_SERVE_TOKEN", "What clients of `riffle serve` must send; a random one each time without it."),
    ("RIFFLE_NO_ANIM", "1 for no spinner."),
    ("NO_COLOR", "No colours, whatever it is set to."),
    (
        "OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, OPENROUTER_API_KEY, GROQ_API_KEY, MISTRAL_API_KEY, \
         DEEPSEEK_API_KEY, XAI_API_KEY",
        "Keys. The first that is set decides whom to ask where nothing else does.",
    ),
    (
        "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY",
        "Proxies for requests; addresses on this machine are asked directly.",
    ),
];

/// What the program ends with.
pub const EXIT_STATUS: [(&str, &str); 6] = [
    ("0", "It was answered; also where the reader of a pipe had enough."),
    ("1", "The answer failed, was cut off, was withheld or could not be written."),
    ("2", "Wrong usage or configuration; nothing was asked."),
    ("3", "It was answered, and the chat could not be saved."),
    ("130", "Stopped with Ctrl+C."),
    ("128+n", "Ended by signal n."),
];

/// Where what is kept, on Linux; `riffle config check` prints the places of this system.
pub const FILES: [(&str, &str); 5] = [
    (
        "~/.config/riffle/config.toml",
        "The configuration. riffle config example prints one with every key and its default.",
    ),
    ("~/.config/riffle/keys.toml", "Pasted keys, where there is no keyring. Private to its owner."),
    ("~/.config/riffle/themes/", "Themes of your own."),
    ("~/.local/share/riffle/history.db", "Saved chats, an SQLite database. Private to its owner."),
    ("~/.local/share/riffle/riffle.log", "The log, where RIFFLE_LOG asks for one."),
];

/// Examples for the end of a help page.
#[must_use]
pub fn examples(examples: &[Example]) -> String {
    let lines = examples.iter().map(|example| format!("  # {}\n  {}", example.about, example.line));
    format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"))
}
