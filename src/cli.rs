//! The command line: what can be written there, and the commands that only print what is set. Everything else is handed
//! to the program's edge as plain types. `manual` and `completions` make of it what is installed beside the program.

mod completions;
mod manual;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::ask::AnswerFormat;
use crate::config::action::ACTIONS;
use crate::config::flags::Flags;
use crate::config::key::Key;
use crate::config::load::{Loaded, config_path, load};
use crate::config::provider::{KeySource, ProviderSettings};
use crate::history::HistoryCommand;
use crate::safe_text::SafeText;
use crate::strings::manual::{ASK_EXAMPLES, CHAT_EXAMPLES, DEFAULTS, examples};

pub use completions::CompletedShell;

const EXAMPLE: &str = include_str!("../config.example.toml");
/// Wrong usage or configuration.
const USAGE: u8 = 2;

/// A parsed command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Cli {
    /// The options that go with every command.
    pub flags: Flags,
    /// What to do.
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The full screen.
    Chat {
        /// The first question.
        prompt: Option<String>,
        /// Which chat.
        open: Open,
        /// As lines of text instead of a screen.
        is_plain: bool,
    },
    /// One answer to stdout.
    Ask(AskArgs),
    /// What providers offer.
    Models(ModelsArgs),
    /// What is wrong, and what to do.
    Doctor(DoctorArgs),
    /// Plays a recording.
    Replay(ReplayArgs),
    /// Answers over HTTP.
    Serve(ServeArgs),
    /// Works with saved chats.
    History(HistoryCommand),
    /// Prints about the configuration.
    Config(ConfigCommand),
    /// Prints the keys.
    Keys,
    /// Prints the manual page.
    Man,
    /// Prints what completes the command line in a shell.
    Completions(CompletedShell),
}

/// Which chat the full screen opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// A new one.
    New,
    /// The last one.
    Continue,
    /// The one of this id.
    Resume(String),
    /// A new one that is not saved.
    Private,
}

/// `riffle ask`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(after_help = examples(&ASK_EXAMPLES))]
pub struct AskArgs {
    /// The question; a piped stdin is the question, or is added to it; `-` reads the question from stdin
    #[arg(value_name = "PROMPT")]
    pub prompt: Vec<String>,
    /// Print one JSON object a line, as it happens; the text in it is always as it came
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// What is made of the Markdown of the answer; not with --json
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: AnswerFormat,
    /// Do not save the chat
    #[arg(long)]
    pub no_save: bool,
    /// Go on with the last chat
    #[arg(long = "continue")]
    pub goes_on: bool,
    /// Send this file along: an image (PNG, JPEG, GIF, WebP) or text; `-` is stdin; may be given several times
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Record the raw stream to this file, for `riffle replay`
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Do not read stdin: in loops that read theirs, and where it never ends
    #[arg(long)]
    pub no_stdin: bool,
}

/// `riffle models`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct ModelsArgs {
    /// Providers to ask; without one, all
    #[arg(value_name = "PROVIDER")]
    pub names: Vec<String>,
    /// Ask anew, whatever is remembered
    #[arg(long)]
    pub refresh: bool,
}

/// `riffle doctor`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct DoctorArgs {
    /// Providers to check; without one, all that can be asked
    #[arg(value_name = "PROVIDER")]
    pub names: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Ask each provider one small question, to see what it can do
    #[arg(long)]
    pub probe: bool,
    /// Make files that hold keys private
    #[arg(long)]
    pub fix: bool,
}

/// `riffle serve`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct ServeArgs {
    /// Listen here; port 0 is any free one [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Ask no client for a token; on this machine only
    #[arg(long)]
    pub no_token: bool,
    /// Let other machines in, with the token
    #[arg(long)]
    pub allow_remote: bool,
}

/// `riffle replay`.
#[derive(Clone, Debug, PartialEq, clap::Args)]
pub struct ReplayArgs {
    /// The recording
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How fast: 1 as it came, 2 twice as fast, 0 at once
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Write it as a test case beside the recording, and show nothing
    #[arg(long)]
    pub as_case: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed: &f64| speed.is_finite() && *speed >= 0.0)
        .ok_or_else(|| "a number from 0".to_owned())
}

/// `riffle config …`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print where the configuration file is
    Path,
    /// Print a configuration file with every key and its default
    Example,
    /// Check the configuration; print each value and where it comes from
    Check,
}

/// A command line that ends the program: help, version, or wrong usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What to print: to stdout for code 0, else to stderr.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

/// A chat with language models in the terminal.
#[derive(Debug, Parser)]
#[command(name = "riffle", version, disable_help_subcommand = true, after_help = after_help())]
struct Args {
    /// The first question of the chat
    #[arg(value_name = "PROMPT")]
    prompt: Option<String>,
    /// Go on with the last chat
    #[arg(long = "continue", conflicts_with_all = ["resume", "private"])]
    goes_on: bool,
    /// Go on with the saved chat of this id
    #[arg(long, value_name = "ID", conflicts_with = "private")]
    resume: Option<String>,
    /// Start a chat that is not saved
    #[arg(long)]
    private: bool,
    /// Lines of text instead of a full screen, for screen readers
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Print one answer
    Ask(AskArgs),
    /// Answer over HTTP: server-sent events, an OpenAI-compatible interface, a page
    Serve(ServeArgs),
    /// List, search, show, export, import, rename, delete and check saved chats
    #[command(subcommand)]
    History(HistoryCommand),
    /// Play a recorded stream
    Replay(ReplayArgs),
    /// List the models that providers offer
    Models(ModelsArgs),
    /// Check configuration, terminal, saved chats and providers, and say what to do
    Doctor(DoctorArgs),
    /// Print where the configuration is, an example, or what holds
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the keys
    Keys,
    /// Print the manual page: riffle man > riffle.1
    Man,
    /// Print what completes commands and options in a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: CompletedShell,
    },
}

fn after_help() -> String {
    let first = ASK_EXAMPLES.iter().take(1);
    let lines = CHAT_EXAMPLES.iter().chain(first).map(|example| format!("  {}", example.line));
    format!("{DEFAULTS}\n\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// Reads a command line, the program's name first.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Cli, Ended> {
    let matches = Args::command().try_get_matches_from(args).map_err(|error| ended(&error))?;
    let args = Args::from_arg_matches(&matches).map_err(|error| ended(&error))?;
    let says_which_chat = args.goes_on || args.resume.is_some() || args.private || args.plain;
    if args.command.is_some() && (says_which_chat || args.prompt.is_some()) {
        let sentence =
            "A question, --continue, --resume, --private and --plain before a command go with the full screen only.";
        return Err(ended(&Args::command().error(ErrorKind::ArgumentConflict, sentence)));
    }
    let command = match args.command {
        Some(Sub::Ask(ask)) => Command::Ask(ask),
        Some(Sub::Serve(serve)) => Command::Serve(serve),
        Some(Sub::History(command)) => Command::History(command),
        Some(Sub::Replay(replay)) => Command::Replay(replay),
        Some(Sub::Models(models)) => Command::Models(models),
        Some(Sub::Doctor(doctor)) => Command::Doctor(doctor),
        Some(Sub::Config(command)) => Command::Config(command),
        Some(Sub::Keys) => Command::Keys,
        Some(Sub::Man) => Command::Man,
        Some(Sub::Completions { shell }) => Command::Completions(shell),
        None => {
            let open = match (args.goes_on, args.resume, args.private) {
                (true, ..) => Open::Continue,
                (false, Some(id), _) => Open::Resume(id),
                (false, None, true) => Open::Private,
                (false, None, false) => Open::New,
            };
            Command::Chat { prompt: args.prompt, open, is_plain: args.plain }
        }
    };
    Ok(Cli { flags: args.flags, command })
}

fn ended(error: &clap::Error) -> Ended {
    let code = u8::try_from(error.exit_code()).unwrap_or(USAGE);
    // clap repeats the arguments, which may hold escapes.
    Ended { text: SafeText::block(&error.render().to_string()).into_string(), code }
}

/// Runs `riffle config …`; the exit code.
pub fn run_config(command: ConfigCommand, flags: &Flags, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    match command {
        ConfigCommand::Example => {
            out.write_all(EXAMPLE.as_bytes())?;
            Ok(0)
        }
        ConfigCommand::Path => match config_path(flags) {
            Ok(path) => {
                writeln!(out, "{}", path.display())?;
                Ok(0)
            }
            Err(error) => {
                writeln!(err, "{error}")?;
                Ok(USAGE)
            }
        },
        ConfigCommand::Check => match load(flags) {
            Ok(loaded) => {
                print_values(&loaded, out)?;
                for warning in &loaded.warnings {
                    writeln!(err, "{}", SafeText::line(warning).as_str())?;
                }
                Ok(0)
            }
            Err(error) => {
                writeln!(err, "{error}")?;
                Ok(USAGE)
            }
        },
    }
}

/// Runs `riffle man`; the exit code.
pub fn run_man(out: &mut dyn Write) -> io::Result<u8> {
    out.write_all(manual::page(&Args::command())?.as_bytes())?;
    Ok(0)
}

/// Runs `riffle completions SHELL`; the exit code.
pub fn run_completions(shell: CompletedShell, out: &mut dyn Write) -> io::Result<u8> {
    out.write_all(&completions::script(shell, Args::command()))?;
    Ok(0)
}

/// Runs `riffle keys`; the exit code.
pub fn run_keys(flags: &Flags, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    let loaded = match load(flags) {
        Ok(loaded) => loaded,
        Err(error) => {
            writeln!(err, "{error}")?;
            return Ok(USAGE);
        }
    };
    let keymap = &loaded.settings.keymap;
    writeln!(out, "{:<14}{:<34}{:<10}{:<11}What it does", "Action", "Keys", "Ctrl+X", "Slash")?;
    for info in ACTIONS {
        let keys = keymap.keys_of(info.action).into_iter().map(Key::label).collect::<Vec<_>>().join(", ");
        let leader = keymap.leader_of(info.action).map(Key::label).unwrap_or_default();
        let slash = info.slash.map(|slash| format!("/{slash}")).unwrap_or_default();
        writeln!(out, "{:<14}{keys:<34}{leader:<10}{slash:<11}{}", info.id, info.title)?;
    }
    Ok(0)
}

fn print_values(loaded: &Loaded, out: &mut dyn Write) -> io::Result<()> {
    let exists = if loaded.config_path.exists() { "" } else { "   (does not exist)" };
    writeln!(out, "Configuration   {}{exists}", loaded.config_path.display())?;
    writeln!(out, "Saved chats     {}\n", loaded.data_dir.display())?;
    for (key, value, origin) in loaded.settings.describe() {
        let line = format!("{key:<20}{value:<20}   {origin}");
        writeln!(out, "{}", SafeText::line(&line).as_str())?;
    }
    for (name, rule) in &loaded.settings.tool_rules {
        writeln!(out, "{}", SafeText::line(&format!("tools.rules         {name:?} = {rule:?}")).as_str())?;
    }
    writeln!(out)?;
    for provider in loaded.settings.providers.values() {
        writeln!(out, "{}", SafeText::line(&provider_line(provider)).as_str())?;
    }
    Ok(())
}

/// A provider with its address and the place of its key, never the key.
fn provider_line(provider: &ProviderSettings) -> String {
    let key = match (&provider.missing, &provider.key) {
        (Some(missing), _) => missing.clone(),
        (None, KeySource::None) => "needs no key".to_owned(),
        (None, KeySource::Env(variable)) => format!("key in {variable}"),
        (None, KeySource::Command(_)) => "key from its command".to_owned(),
        (None, KeySource::Inline(_)) => "key in the configuration file".to_owned(),
        (None, KeySource::Saved(_)) => "key saved".to_owned(),
        (None, KeySource::Keyring(_)) => "key in the keyring".to_owned(),
    };
    format!("{:<20}{:<40}   {:<28}   {key}", provider.name, provider.base_url, provider.model).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Cli, Ended> {
        parse(std::iter::once("riffle").chain(args.iter().copied()).map(OsString::from))
    }

    fn command(args: &[&str]) -> Command {
        parsed(args).expect("parses").command
    }

    #[test]
    fn the_first_argument_that_is_no_command_is_a_question() {
        let chat = |prompt: Option<&str>, open: Open| Command::Chat {
            prompt: prompt.map(str::to_owned),
            open,
            is_plain: false,
        };
        assert_eq!(command(&[]), chat(None, Open::New));
        assert_eq!(command(&["What gear?"]), chat(Some("What gear?"), Open::New));
        assert_eq!(command(&["help"]), chat(Some("help"), Open::New));
        assert_eq!(command(&["--", "ask"]), chat(Some("ask"), Open::New));
        assert_eq!(command(&["--continue", "and then?"]), chat(Some("and then?"), Open::Continue));
        assert_eq!(command(&["--resume", "x"]), chat(None, Open::Resume("x".to_owned())));
        assert_eq!(command(&["--private"]), chat(None, Open::Private));
        let plain = Command::Chat { prompt: None, open: Open::Continue, is_plain: true };
        assert_eq!(command(&["--plain", "--continue"]), plain);
    }

    #[test]
    fn ask_takes_words_and_options_on_either_side() {
        let cli = parsed(&[
            "--model",
            "m",
            "ask",
            "a",
            "b",
            "--json",
            "--no-tools",
            "--allow-tool",
            "x",
            "--allow-tool",
            "y",
        ])
        .expect("parses");
        let ask = AskArgs { prompt: vec!["a".to_owned(), "b".to_owned()], json: true, ..AskArgs::default() };
        assert_eq!(cli.command, Command::Ask(ask));
        let flags = Flags {
            model: Some("m".to_owned()),
            no_tools: true,
            allow_tool: vec!["x".to_owned(), "y".to_owned()],
            ..Flags::default()
        };
        assert_eq!(cli.flags, flags);
    }

    #[test]
    fn wrong_usage_ends_with_2_and_help_with_0() {
        for args in [
            &["--continue", "--private"][..],
            &["--resume"],
            &["--max-rounds", "0"],
            &["--wrong"],
            &["config"],
            &["--private", "keys"],
            &["what", "gear"],
        ] {
            assert_eq!(parsed(args).map_err(|ended| ended.code), Err(2), "{args:?}");
        }
        assert_eq!(parsed(&["--help"]).map_err(|ended| ended.code), Err(0));
        assert_eq!(parsed(&["--version"]).map_err(|ended| ended.code), Err(0));
    }

    #[cfg(unix)]
    #[test]
    fn arguments_that_are_not_text_are_refused_in_words() {
        use std::os::unix::ffi::OsStringExt;
        let args = ["riffle".into(), OsString::from_vec(vec![0xff, 0xfe])];
        let ended = parse(args).expect_err("refused");
        assert_eq!((ended.code, ended.text.contains("invalid UTF-8")), (2, true), "{}", ended.text);
    }

    #[test]
    fn config_and_keys_print_what_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("c.toml");
        std::fs::write(&path, "[chat]\nmax_rounds = 7\n[keys]\nchats = [\"f9\"]\n").expect("writes");
        let flags = Flags { config: Some(path.clone()), data_dir: Some(folder.path().to_owned()), ..Flags::default() };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        assert_eq!(run_config(ConfigCommand::Check, &flags, &mut out, &mut err).expect("prints"), 0);
        assert_eq!(run_keys(&flags, &mut out, &mut err).expect("prints"), 0);
        let out = String::from_utf8(out).expect("text");
        let line = |start: &str| out.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
        assert_eq!(line("chat.max_rounds"), format!("chat.max_rounds     7                      {}", path.display()));
        assert_eq!(line("chats"), "chats         F9                                l         /chats     Saved chats");
    }
}
