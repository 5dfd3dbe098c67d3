//! Words of the plain mode, which are heard and not seen: whole sentences, no marks, commands instead of keys.

/// The first line.
pub const HELLO: &str = "riffle, plain. Type a question, then Enter. /help lists the commands.";
/// How the program is started.
pub const PROGRAM: &str = "riffle --plain";
/// A turn was taken back.
pub const UNDONE: &str = "Took the last question and its answer back. /redo brings them back.";
/// A chat that is open already was chosen.
pub const OPEN_ALREADY: &str = "This chat is open.";
/// Whom the demo's answers are from.
pub const THE_DEMO: &str = "the demo";
/// Where a question is typed.
pub const PROMPT: &str = "Question: ";
/// A saved chat is being read.
pub const OPENING: &str = "Opening the chat.";
/// A new chat began.
pub const NEW_CHAT: &str = "New chat.";
/// Reasoning comes in.
pub const THINKING: &str = "Thinking.";
/// An answer is whole.
pub const END: &str = "End of the answer";
/// An answer ended at its limit.
pub const LENGTH: &str = "The answer is incomplete: it reached the limit of its length. /go-on goes on.";
/// An answer was stopped.
pub const STOPPED: &str = "Stopped. What came is kept. /go-on goes on, /again asks again.";
/// An answer was stopped before anything came.
pub const STOPPED_EARLY: &str = "Stopped. /again asks again.";
/// What helps after a failure.
pub const REMEDIES: &str = "/again tries again, /model takes another model.";
/// What helps after a cut.
pub const REMEDY_CUT: &str = "/go-on goes on, /again asks again.";
/// A code block ends.
pub const CODE_ENDS: &str = "End of the code.";
/// A tool has its result.
pub const CALL_DONE: &str = "done";
/// A task that is done.
pub const DONE: &str = "done: ";
/// A task that is not.
pub const NOT_DONE: &str = "not done: ";
/// How a call is allowed.
pub const APPROVE: &str = "Type y for once, a for always in this chat, or n for no, then Enter. Enter alone is no: ";
/// Before a tool is always allowed.
pub const ALWAYS: &str = "Always in this chat? Type y or n, then Enter. Enter alone is no: ";
/// The same call came several times.
pub const REPEATED: &str = "It was called with the same arguments before.";
/// What is left of the full screen's sentence without its keys.
pub const ANSWER_RUNS: &str = "An answer is running.";
/// The same with what stops it here.
pub const RUNNING: &str = "An answer is running. /stop stops it.";
/// The end of the input while an answer runs.
pub const QUITS_AFTER: &str = "riffle quits after this answer. Control C stops it.";
/// Control C without an answer.
pub const QUIT_AGAIN: &str = "Control C again quits.";
/// No chats were found.
pub const NO_CHATS: &str = "No saved chats.";
/// Nothing was found.
pub const NOTHING_FOUND: &str = "No chat was found.";
/// Which chat.
pub const WHICH_CHAT: &str = "Number of the chat to open, or Enter for none: ";
/// Which model.
pub const WHICH_MODEL: &str = "Number of the model for the next questions, or Enter for none: ";
/// A number that is not in the list.
pub const NO_SUCH_NUMBER: &str = "There is no such number.";
/// Nothing was chosen.
pub const NOTHING_CHOSEN: &str = "Nothing changed.";
/// No models can be asked.
pub const NO_MODELS: &str = "No model of that name can be asked.";
/// No answer yet.
pub const NOTHING_SAID: &str = "There is no answer yet.";
/// Nothing was hidden.
pub const NOTHING_HIDDEN: &str = "The last answer has no reasoning and no calls.";
/// The history works again.
pub const SAVED_AGAIN: &str = "Chats are saved again.";
/// Before the last question of a chat.
pub const LAST_QUESTION: &str = "Last question:";
/// Before the reasoning.
pub const REASONING: &str = "Reasoning:";
/// What was asked before is edited.
pub const EDITING: &str = "What you type next takes the place of this question; Enter alone leaves it:";
/// The commands.
pub const COMMANDS: &str = "Commands:";
/// How a question of several lines is typed.
pub const SEVERAL_LINES: &str = "A question of several lines stands between two lines of three double quotes.";
/// A tool that needs no asking.
pub const RUNS_AT_ONCE: &str = "runs at once";
/// A tool that asks.
pub const ASKS_FIRST: &str = "asks first";
/// A tool that is forbidden.
pub const NEVER_RUNS: &str = "never runs";
/// Control keys.
pub const CONTROLS: &str = "Control C stops the answer and keeps what came. Control D quits.";
/// What can follow a command.
pub const ARGUMENTS: [(&str, &str); 3] = [("chats", " [words]"), ("search", " [words]"), ("model", " [name]")];

/// `Model gpt-4o-mini, OpenAI.`
#[must_use]
pub fn model(model: &str, label: &str) -> String {
    format!("Model {model}, {label}.")
}

/// `Answer from gpt-4o-mini:`
#[must_use]
pub fn answer_from(model: &str) -> String {
    format!("Answer from {model}:")
}

/// `Tool search_products running: category tent, max_price 300.`
#[must_use]
pub fn tool_running(name: &str, arguments: &str) -> String {
    if arguments.is_empty() { format!("Tool {name} running.") } else { format!("Tool {name} running: {arguments}.") }
}

/// `Tool search_products done after 0.1 s.`
#[must_use]
pub fn tool_ended(name: &str, state: &str, took: &str) -> String {
    format!("Tool {name} {state} after {took}.")
}

/// `Tool calculate_total was not run.`
#[must_use]
pub fn tool_not_run(name: &str) -> String {
    format!("Tool {name} was not run.")
}

/// `2 questions wait. Enter sends the first.`
#[must_use]
pub fn queue_held(count: usize) -> String {
    if count == 1 {
        "1 question waits. Enter sends it.".to_owned()
    } else {
        format!("{count} questions wait. Enter sends the first.")
    }
}

/// `Next question: and tents?`
#[must_use]
pub fn next_question(text: &str) -> String {
    format!("Next question: {text}")
}

/// `End of the answer, 58 tokens, 1.9 s.`
#[must_use]
pub fn end(details: &[String]) -> String {
    format!("{END}, {}.", details.join(", "))
}

/// `Nothing came for 20 s.`
#[must_use]
pub fn silent(seconds: u64) -> String {
    format!("Nothing came for {seconds} s.")
}

/// `Next try in 18 s, 2 of 4.`
#[must_use]
pub fn next_try(seconds: u64, attempt: u32, attempts: u32) -> String {
    format!("Next try in {seconds} s, {attempt} of {attempts}.")
}

/// `Chat, 4 messages: Tents under $300`
#[must_use]
pub fn opened(title: &str, messages: usize) -> String {
    format!("Chat, {messages} {}: {title}", if messages == 1 { "message" } else { "messages" })
}

/// `1. Tents under $300, 2026-11-26 14:06, 4 messages`
#[must_use]
pub fn chat_row(number: usize, title: &str, time: &str, messages: u32) -> String {
    format!("{number}. {title}, {time}, {messages} {}", if messages == 1 { "message" } else { "messages" })
}

/// `10 of 214 chats. /chats with words finds others.`
#[must_use]
pub fn more_chats(shown: usize, all: u64) -> String {
    format!("{shown} of {all} chats. /chats with words finds others.")
}

/// `1. gpt-4o-mini, OpenAI, in use`
#[must_use]
pub fn model_row(number: usize, model: &str, label: &str, is_current: bool) -> String {
    format!("{number}. {model}, {label}{}", if is_current { ", in use" } else { "" })
}

/// `20 of 300 models. /model with a name finds others.`
#[must_use]
pub fn more_models(shown: usize, all: usize) -> String {
    format!("{shown} of {all} models. /model with a name finds others.")
}

/// `search_products, runs at once`
#[must_use]
pub fn tool_row(name: &str, state: &str) -> String {
    format!("{name}, {state}")
}

/// `Tool search_products gave:`
#[must_use]
pub fn tool_gave(name: &str) -> String {
    format!("Tool {name} gave:")
}

/// Questions to begin with.
#[must_use]
pub fn starters(questions: &[&str]) -> String {
    format!("For example: {}", questions.join(" Or: "))
}

/// `Version 2 of 3.`
#[must_use]
pub fn version(number: usize, count: usize) -> String {
    format!("Version {number} of {count}.")
}

/// `/wire is for the full screen only.`
#[must_use]
pub fn full_screen_only(command: &str) -> String {
    format!("/{command} is for the full screen only.")
}

/// A command that does not exist.
#[must_use]
pub fn no_command(command: &str, hint: Option<&str>) -> String {
    let hint = hint.map(|hint| format!(" Did you mean /{hint}?")).unwrap_or_default();
    format!(
        "There is no command /{command}.{hint} /help lists the commands; a blank before the slash makes it a question."
    )
}

/// `Not saved: the disk is full.`
#[must_use]
pub fn not_saved(why: &str) -> String {
    format!("Not saved: {}.", why.trim_end_matches('.'))
}

/// `Heading: Which one`
#[must_use]
pub fn heading(text: &str) -> String {
    format!("Heading: {text}")
}

/// `Quote: Pitch it once.`
#[must_use]
pub fn quote(text: &str) -> String {
    format!("Quote: {text}")
}

/// `Code, rust.`
#[must_use]
pub fn code(language: &str) -> String {
    if language.is_empty() { "Code.".to_owned() } else { format!("Code, {language}.") }
}

/// `Table with the columns Tent, Price.`
#[must_use]
pub fn table(columns: &str) -> String {
    format!("Table with the columns {columns}.")
}
