//! Words for what went wrong: a sentence of what happened, at most two of what it means and what to do.

use crate::chat::{ChatError, ErrorKind};

/// A content filter ended the answer.
const WITHHELD: &str = "The provider withheld the rest of this answer.";
/// A content filter refused the question.
const REFUSED: &str = "The provider withheld an answer to this question.";
/// The stream broke in the middle.
const BROKEN: &str = "The connection broke. This answer is not complete; all that came is kept.";
/// The server fell silent in the middle: how the sentence that says so begins.
pub const SILENT: &str = "The server said nothing";
/// The same on a card.
const FELL_SILENT: &str = "The server fell silent. This answer is not complete; all that came is kept.";
/// Nothing is lost.
const TEXT_IS_KEPT: &str = "All that came is kept.";
const QUESTION_IS_KEPT: &str = "Your question is kept.";
/// What helps a chat that is too long.
const SHORTEN: &str = "Shorten the question, or Ctrl+N starts a new chat.";
const SHORTEN_ASK: &str = "Shorten the question, or start a new chat.";
/// Numbers of a vendor's sentence below this are not tokens of a context.
const MIN_CONTEXT: u64 = 256;
/// Characters of a vendor's sentence on a card.
const MAX_SENTENCE_CHARS: usize = 200;

/// What an error card says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorWords {
    /// What happened.
    pub sentence: String,
    /// What it means, at most two lines.
    pub meaning: Vec<String>,
    /// The mark: a wait or a cut is `!`, the rest `✗`.
    pub is_warning: bool,
}

/// Who failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Culprit {
    /// The provider's configured name.
    pub name: String,
    /// The provider as people write it.
    pub label: String,
    /// The model.
    pub model: String,
    /// The host that was asked.
    pub host: String,
    /// Where the key was read, or would be.
    pub key_source: Option<String>,
    /// The key's end, where it is long enough to show it.
    pub key_tail: Option<String>,
    /// A key was sent.
    pub has_key: bool,
}

/// How far an answer came before it failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// The body ended without an end.
    pub is_cut: bool,
    /// Something of the answer came.
    pub has_text: bool,
}

/// The words of a failed answer.
#[must_use]
pub fn error_words(error: &ChatError, who: &Culprit, reached: Reached) -> ErrorWords {
    let label = &who.label;
    let is_warning = reached.is_cut || matches!(error.kind, ErrorKind::RateLimit | ErrorKind::Overloaded);
    if reached.is_cut && reached.has_text {
        let sentence = if error.message.starts_with(SILENT) { FELL_SILENT } else { BROKEN };
        return ErrorWords { sentence: sentence.to_owned(), meaning: Vec::new(), is_warning };
    }
    let mut meaning = Vec::new();
    let sentence = match error.kind {
        ErrorKind::Auth if !who.has_key && error.status.is_none() => {
            let (what, why) = what_and_why(&error.message);
            meaning.extend(why);
            what
        }
        ErrorKind::Auth => {
            meaning.push(about_key(who));
            if who.has_key { format!("{label} did not accept the key.") } else { format!("{label} wants a key.") }
        }
        ErrorKind::RateLimit if !error.retryable => {
            meaning.push(first_sentence(&error.message));
            format!("The quota at {label} is used up.")
        }
        ErrorKind::RateLimit => format!("{label} is busy and asks us to wait."),
        ErrorKind::Overloaded => format!("{label} is overloaded."),
        ErrorKind::ContextLength => {
            meaning.push(SHORTEN.to_owned());
            let figures = context_figures(&error.message).map(|(asked, limit)| format!(" ({asked} of {limit})"));
            format!("This chat is too long for {}{}.", who.model, figures.unwrap_or_default())
        }
        // Ours, and of a redirect.
        ErrorKind::BadRequest if error.status.is_none_or(|status| status < 400) => {
            let (sentence, step) = error.message.split_once(". ").unwrap_or((&error.message, ""));
            meaning.extend((!step.is_empty()).then(|| step.to_owned()));
            format!("{}.", sentence.trim_end_matches('.'))
        }
        ErrorKind::BadRequest => format!("{label} refused the request: {}", first_sentence(&error.message)),
        ErrorKind::ContentFilter => (if reached.has_text { WITHHELD } else { REFUSED }).to_owned(),
        ErrorKind::Server => match error.status {
            Some(status) => format!("{label} failed ({status})."),
            None => format!("{label} failed."),
        },
        ErrorKind::Protocol if reached.has_text => "The answer could not be read from here on.".to_owned(),
        ErrorKind::Protocol => format!("The answer of {label} could not be read."),
        ErrorKind::Network if reached.is_cut && error.message.starts_with(SILENT) => first_sentence(&error.message),
        ErrorKind::Network if reached.is_cut => format!("{label} ended the answer before it began."),
        ErrorKind::Network => {
            let (what, why) = what_and_why(&error.message);
            meaning.extend(start_hint(&who.name).filter(|_| why.is_some()).or(why));
            what
        }
    };
    if !matches!(error.kind, ErrorKind::ContextLength) {
        meaning.push((if reached.has_text { TEXT_IS_KEPT } else { QUESTION_IS_KEPT }).to_owned());
    }
    ErrorWords { sentence, meaning, is_warning }
}

/// The lines that `riffle ask` writes: what happened, what to do, and the vendor's own words.
#[must_use]
pub fn ask_failed(error: &ChatError, who: &Culprit, reached: Reached) -> Vec<String> {
    let words = error_words(error, who, reached);
    let mut lines = vec![format!("riffle: {}", words.sentence)];
    let is_told = |line: &String| ![TEXT_IS_KEPT, QUESTION_IS_KEPT].contains(&line.as_str());
    lines.extend(
        words.meaning.into_iter().filter(is_told).map(|line| if line == SHORTEN { SHORTEN_ASK.into() } else { line }),
    );
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let is_quoted = letters(&lines.concat()).contains(&letters(&error.message));
    if !is_quoted {
        let status = error.status.map(|status| format!(" {status}")).unwrap_or_default();
        lines.push(format!("{}{status}: {}", error.kind.as_str(), error.message));
    }
    lines
}

/// Where the key was read, or which variable to set.
fn about_key(who: &Culprit) -> String {
    match (&who.key_source, &who.key_tail) {
        (Some(source), Some(tail)) if who.has_key => format!("It was read from {source} and ends in ...{tail}."),
        (Some(source), None) if who.has_key => format!("It was read from {source}."),
        (Some(variable), _) => format!("No key was sent. Set {variable} to one."),
        (None, _) => "No key was sent. Name the variable that holds it: api_key_env, or --api-key-env.".to_owned(),
    }
}

/// How the server of a preset is started.
#[must_use]
pub fn start_hint(provider: &str) -> Option<String> {
    let command = match provider {
        "ollama" => "ollama serve",
        "lmstudio" => "lms server start",
        "llamacpp" => "llama-server -m MODEL.gguf",
        _ => return None,
    };
    Some(format!("Start it with: {command}"))
}

/// `No connection to host: refused.` in two sentences.
fn what_and_why(message: &str) -> (String, Option<String>) {
    match message.split_once(": ") {
        Some((what, why)) if is_ours(what) => {
            let mut letters = why.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            (format!("{what}."), Some(format!("{first}{}", letters.as_str())))
        }
        _ => (first_sentence(message), None),
    }
}

/// Whether a sentence up to its colon is one of ours, with its reason behind it.
fn is_ours(what: &str) -> bool {
    what.starts_with("No connection") || what.starts_with("The connection") || what.ends_with("is not connected")
}

/// The tokens of a chat and of the model's context, where a vendor names both.
fn context_figures(message: &str) -> Option<(String, String)> {
    let words = message.split(|c: char| !c.is_ascii_digit() && c != ',');
    let numbers: Vec<u64> = words
        .filter_map(|word| word.replace(',', "").parse().ok())
        .filter(|number| *number >= MIN_CONTEXT)
        .take(2)
        .collect();
    let [one, other] = numbers[..] else { return None };
    let shown = |number: u64| if number < 1000 { number.to_string() } else { format!("{}k", number / 1000) };
    (one != other).then(|| (shown(one.max(other)), shown(one.min(other))))
}

fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    let sentence: String = text[..end].chars().take(MAX_SENTENCE_CHARS).collect();
    if sentence.ends_with(['.', '!', '?']) { sentence } else { format!("{sentence}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn culprit() -> Culprit {
        Culprit { name: "openai".to_owned(), label: "OpenAI".to_owned(), model: "m".to_owned(), ..Culprit::default() }
    }

    fn said(kind: ErrorKind, message: &str) -> (String, Vec<String>) {
        let words = error_words(&ChatError::new(kind, message), &culprit(), Reached::default());
        (words.sentence, words.meaning)
    }

    #[test]
    fn a_chat_that_is_too_long_is_told_in_tokens_and_how_to_shorten_it() {
        for (message, figures) in [
            (
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 131072 tokens.",
                " (131k of 128k)",
            ),
            ("prompt is too long: 208310 tokens > 200000 maximum", " (208k of 200k)"),
            ("the request exceeds the available context size", ""),
        ] {
            let (sentence, meaning) = said(ErrorKind::ContextLength, message);
            assert_eq!(sentence, format!("This chat is too long for m{figures}."));
            assert_eq!(meaning, [SHORTEN]);
        }
    }

    #[test]
    fn a_key_that_is_missing_names_the_variable_to_set() {
        let who = Culprit { key_source: Some("OPENAI_API_KEY".to_owned()), ..culprit() };
        let error = ChatError { status: Some(401), ..ChatError::new(ErrorKind::Auth, "Bad token") };
        assert_eq!(
            ask_failed(&error, &who, Reached::default()),
            ["riffle: OpenAI wants a key.", "No key was sent. Set OPENAI_API_KEY to one.", "auth 401: Bad token"]
        );
    }

    #[test]
    fn a_server_that_does_not_run_is_named_with_the_way_to_start_it() {
        let refused =
            "No connection to 127.0.0.1:11434: nothing listens there. Start the server, or check its address.";
        let (sentence, meaning) = said(ErrorKind::Network, refused);
        assert_eq!(sentence, "No connection to 127.0.0.1:11434.");
        assert_eq!(meaning, ["Nothing listens there. Start the server, or check its address.", QUESTION_IS_KEPT]);
        let who = Culprit { name: "ollama".to_owned(), ..culprit() };
        let words = error_words(&ChatError::new(ErrorKind::Network, refused), &who, Reached::default());
        assert_eq!(words.meaning, ["Start it with: ollama serve", QUESTION_IS_KEPT]);
    }
}
