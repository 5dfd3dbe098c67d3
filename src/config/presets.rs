//! The providers riffle knows by name: where they are, what they offer, which variable holds their key. Data only; the
//! configuration lies over it.

/// The wire format of most servers.
pub const OPENAI_CHAT: &str = "openai-chat";
/// Every wire format a configuration can name.
pub const APIS: [&str; 5] = [OPENAI_CHAT, "openai-responses", "anthropic", "gemini", "ollama"];
/// The dialect of the built-in demo, which no configuration can name.
pub const DEMO: &str = "demo";

/// `Azure OpenAI`, where models are deployments of the customer's own resource.
pub const AZURE: &str = "azure";

/// The address of GitHub Models that older lessons name.
const OLD_GITHUB_HOST: &str = "models.inference.ai.azure.com";

/// A provider known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its dialect.
    pub api: &'static str,
    /// Its address, as the vendor's own SDK takes it.
    pub base_url: &'static str,
    /// The model when none is named.
    pub model: &'static str,
    /// Models to offer before the provider was asked.
    pub models: &'static [&'static str],
    /// Variables that hold its key, the usual one first.
    pub key_variables: &'static [&'static str],
    /// The variable that holds its address, where each customer has one of their own.
    pub address_variable: Option<&'static str>,
    /// Whether a key that is set chooses this provider.
    pub chosen_by: ChosenBy,
}

/// What makes a preset the provider when none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// Its key is set.
    Key,
    /// It answers on this machine.
    Probe,
    /// Nothing; it has to be named.
    Name,
}

const fn cloud(
    name: &'static str,
    label: &'static str,
    base_url: &'static str,
    models: &'static [&'static str],
    key_variables: &'static [&'static str],
) -> Preset {
    Preset {
        name,
        label,
        api: OPENAI_CHAT,
        base_url,
        model: models[0],
        models,
        key_variables,
        address_variable: None,
        chosen_by: ChosenBy::Key,
    }
}

const fn local(
    name: &'static str,
    label: &'static str,
    base_url: &'static str,
    models: &'static [&'static str],
) -> Preset {
    Preset { chosen_by: ChosenBy::Probe, ..cloud(name, label, base_url, models, &[]) }
}

/// Every preset, in the order in which keys and servers are looked for.
pub const PRESETS: &[Preset] = &[
    cloud(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        &["gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1", "gpt-5-mini", "gpt-5"],
        &["OPENAI_API_KEY"],
    ),
    Preset {
        api: "anthropic",
        ..cloud(
            "anthropic",
            "Anthropic",
            "https://api.anthropic.com",
            &["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5"],
            &["ANTHROPIC_API_KEY"],
        )
    },
    Preset {
        api: "gemini",
        ..cloud(
            "gemini",
            "Gemini",
            "https://generativelanguage.googleapis.com",
            &["gemini-2.5-flash", "gemini-2.5-pro", "gemini-2.5-flash-lite"],
            &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        )
    },
    cloud(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        &["openai/gpt-4o-mini", "meta-llama/llama-3.3-70b-instruct", "deepseek/deepseek-chat"],
        &["OPENROUTER_API_KEY"],
    ),
    cloud(
        "groq",
        "Groq",
        "https://api.groq.com/openai/v1",
        &["llama-3.3-70b-versatile", "llama-3.1-8b-instant", "openai/gpt-oss-20b"],
        &["GROQ_API_KEY"],
    ),
    cloud(
        "mistral",
        "Mistral",
        "https://api.mistral.ai/v1",
        &["mistral-small-latest", "mistral-medium-latest", "mistral-large-latest"],
        &["MISTRAL_API_KEY"],
    ),
    cloud(
        "deepseek",
        "DeepSeek",
        "https://api.deepseek.com/v1",
        &["deepseek-chat", "deepseek-reasoner"],
        &["DEEPSEEK_API_KEY"],
    ),
    cloud("xai", "xAI", "https://api.x.ai/v1", &["grok-3-mini", "grok-3", "grok-4"], &["XAI_API_KEY"]),
    Preset {
        chosen_by: ChosenBy::Name,
        ..cloud(
            "github",
            "GitHub Models",
            "https://models.github.ai/inference",
            &["openai/gpt-4o-mini", "openai/gpt-4o", "meta/llama-3.3-70b-instruct"],
            &["GITHUB_TOKEN"],
        )
    },
    Preset {
        address_variable: Some("AZURE_OPENAI_ENDPOINT"),
        chosen_by: ChosenBy::Name,
        ..cloud(
            AZURE,
            "Azure OpenAI",
            "",
            &["gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1", "gpt-5-mini", "gpt-5"],
            &["AZURE_OPENAI_API_KEY"],
        )
    },
    Preset { api: "ollama", ..local("ollama", "Ollama", "http://127.0.0.1:11434", &["llama3.2"]) },
    local("lmstudio", "LM Studio", "http://127.0.0.1:1234/v1", &["local-model"]),
    local("llamacpp", "llama.cpp", "http://127.0.0.1:8080/v1", &["default"]),
    Preset {
        name: DEMO,
        label: "Demo",
        api: DEMO,
        base_url: "",
        model: "scripted",
        models: &["scripted"],
        key_variables: &[],
        address_variable: None,
        chosen_by: ChosenBy::Name,
    },
];

/// The preset of this name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// A sentence for an address that no longer answers.
#[must_use]
pub fn retired(base_url: &str) -> Option<String> {
    base_url.contains(OLD_GITHUB_HOST).then(|| {
        format!(
            "{OLD_GITHUB_HOST} was switched off in October 2025; GitHub Models is now at https://models.github.ai/inference."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_preset_offers_its_default_model_and_has_its_own_name() {
        for (at, one) in PRESETS.iter().enumerate() {
            assert!(one.models.contains(&one.model), "{}", one.name);
            assert_eq!(PRESETS.iter().position(|other| other.name == one.name), Some(at));
            assert_eq!(preset(one.name), Some(one));
        }
        assert_eq!(retired("https://models.github.ai/inference"), None);
        assert!(retired("https://models.inference.ai.azure.com/").is_some());
    }
}
