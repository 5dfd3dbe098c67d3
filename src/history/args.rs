//! What can be written after `riffle history`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `riffle history …`. An ID is the whole id of a chat, or a beginning that no other has.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HistoryCommand {
    /// List saved chats, the newest first; with words, only those that have them
    List(ListArgs),
    /// Search everything said, and show where it was
    Search(SearchArgs),
    /// Print one chat
    Show(ShowArgs),
    /// Write chats as Markdown, JSON or HTML
    Export(ExportArgs),
    /// Bring chats from files into the history; what is there already stays as it is
    Import(ImportArgs),
    /// Give a chat another title
    Rename(RenameArgs),
    /// Put chats into the trash
    Delete(IdsArgs),
    /// Bring chats back from the trash
    Restore(IdsArgs),
    /// Look through all saved chats and say what is wrong with them
    Check(CheckArgs),
}

/// `riffle history check`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct CheckArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Mend what is wrong, after a copy was made
    #[arg(long)]
    pub repair: bool,
}

/// `riffle history list`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = FILTERS)]
pub struct ListArgs {
    /// Words, "phrases", beginnings*, -exclusions (after `--`) and filters
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// List at most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Which comes first
    #[arg(long, value_enum, default_value_t = Sort::Time)]
    pub sort: Sort,
    /// Print one JSON object a line: `id`, `title`, `created_ms`, `updated_ms`, `deleted_ms`, `messages`, `provider`,
    /// `model`, `tags`, `pinned`, `archived`
    #[arg(long)]
    pub json: bool,
}

const FILTERS: &str = "\
Filters: model:NAME provider:NAME tag:NAME since:today|7d|2w|2026-01-31 role:me|model|tool has:code has:tools is:pinned \
in:archive in:trash";

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// The newest
    Time,
    /// By title
    Title,
    /// The longest
    Length,
}

/// `riffle history search`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = FILTERS)]
pub struct SearchArgs {
    /// Words, "phrases", beginnings*, -exclusions (after `--`) and filters
    #[arg(value_name = "WORDS", required = true)]
    pub query: Vec<String>,
    /// Show at most so many chats
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// Print one JSON object a line: the fields of `list --json`, `hits` (messages met) and `hit`, the newest of them:
    /// `message`, `time_ms`, `excerpt`, `marks` (pairs of byte places in the excerpt)
    #[arg(long)]
    pub json: bool,
}

/// `riffle history show`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct ShowArgs {
    /// The chat
    #[arg(value_name = "ID")]
    pub id: String,
    /// Print one JSON object with all versions, as in an export
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = ShowFormat::Plain)]
    pub format: ShowFormat,
}

/// How a chat is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// Questions and answers as they are
    Plain,
    /// As `export` writes it
    Markdown,
}

/// `riffle history export`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct ExportArgs {
    /// The chats
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub ids: Vec<String>,
    /// All chats; in JSON with those in the trash
    #[arg(long, conflicts_with = "ids")]
    pub all: bool,
    /// JSON holds everything and can be imported without loss
    #[arg(long, value_enum, default_value_t = ExportFormat::Markdown)]
    pub format: ExportFormat,
    /// Write to this file, or several Markdown or HTML files into this folder; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// Leave out what models thought (Markdown and HTML)
    #[arg(long)]
    pub without_reasoning: bool,
    /// Leave out calls of tools and their results (Markdown and HTML)
    #[arg(long)]
    pub without_tools: bool,
}

/// How chats are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// The shown path, for people
    Markdown,
    /// Everything, in one file
    Json,
    /// The shown path as a page that needs nothing else
    Html,
}

/// `riffle history import`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(after_help = SOURCES)]
pub struct ImportArgs {
    /// The files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

const SOURCES: &str = "\
What a file is, is told by its content: JSON and Markdown of riffle, conversations.json of ChatGPT and of Claude, logs.db of \
llm, sessions of aichat, and Markdown with headings such as `## User` and `## Assistant`. Importing a file again adds only \
what is new in it.";

/// `riffle history rename`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct RenameArgs {
    /// The chat
    #[arg(value_name = "ID")]
    pub id: String,
    /// Its new title
    #[arg(value_name = "TITLE", required = true)]
    pub title: Vec<String>,
}

/// `riffle history delete` and `restore`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct IdsArgs {
    /// The chats
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,
}
