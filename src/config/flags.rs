//! The options that every command takes. They live here, below the command line, because settings are resolved from them.

use std::path::PathBuf;

/// Options that go with every command; `None` and `false` mean "not given".
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Flags {
    /// Read this configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Keep saved chats in this folder
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Ask this provider: openai, anthropic, gemini, openrouter, groq, mistral, deepseek, xai, github, azure, ollama, lmstudio, llamacpp, demo, or one of the configuration
    #[arg(long, value_name = "NAME", global = true)]
    pub provider: Option<String>,
    /// Ask this model
    #[arg(long, value_name = "NAME", global = true)]
    pub model: Option<String>,
    /// Begin each chat with these instructions for the model
    #[arg(long, value_name = "TEXT", global = true)]
    pub system: Option<String>,
    /// Offer no tools to the model
    #[arg(long, global = true)]
    pub no_tools: bool,
    /// Offer the tools of this JSON file, with their fixed answers
    #[arg(long, value_name = "FILE", global = true)]
    pub tools_file: Option<PathBuf>,
    /// Let this tool run without asking; may be given several times
    #[arg(long, value_name = "NAME", global = true)]
    pub allow_tool: Vec<String>,
    /// Model requests in one turn, at most [default: 25]
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub max_rounds: Option<u32>,
    /// Try a failed request again this often, 0 for never [default: 3]
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub retries: Option<u32>,
    /// Ask the endpoint of --base-url, which speaks this: openai-chat, openai-responses, anthropic, gemini, ollama
    #[arg(long, value_name = "API", global = true)]
    pub api: Option<String>,
    /// The endpoint as the vendor's own SDK takes it, such as `https://host/v1`
    #[arg(long, value_name = "URL", global = true)]
    pub base_url: Option<String>,
    /// The environment variable that holds the key for --base-url
    #[arg(long, value_name = "NAME", global = true, requires = "base_url")]
    pub api_key_env: Option<String>,
}

impl Flags {
    /// Whether the command line itself says whom to ask.
    #[must_use]
    pub fn name_someone(&self) -> bool {
        self.base_url.is_some() || self.provider.as_ref().is_some_and(|name| !name.is_empty())
    }
}
