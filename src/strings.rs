//! Every word of the interface, in one table. Sentences end with a full stop, labels do not; three blanks separate; at
//! most one sentence, then the next step.

pub mod browser;
pub mod copying;
pub mod doctor;
pub mod failure;
pub mod hint;
pub mod history;
pub mod history_check;
pub mod manual;
pub mod plain;
pub mod sample;
pub mod serve;
pub mod wire;

/// The program's name.
pub const RIFFLE: &str = "riffle";
/// A chat without a question.
pub const NEW_CHAT: &str = "New chat";
/// In the header, where the title stands.
pub const PRIVATE: &str = "private, not saved";
/// In the header, where the model stands.
pub const DEMO: &str = "demo, scripted";

/// First screen of the demo.
pub const DEMO_HELLO: [&str; 2] = [
    "Hello. This is a demo: a scripted shop advisor with three real tools.",
    "It needs no key and no network, and shows how riffle works.",
];
/// Above the starters.
pub const STARTERS_HEAD: &str = "Type a question, or press Up for one of these:";
/// First questions for the demo, which are also the first entries of the recall.
pub const STARTERS: [&str; 3] = [
    "Which tents under $250 are in stock?",
    "Compare all tents and sleeping bags under $300",
    "What gear do I need for a weekend hike?",
];
/// Below the starters.
pub const DEMO_CONNECT: &str = "Ctrl+X m connects your own model: OpenAI, Anthropic, Gemini, Ollama, ...";
/// Below the reason of the provider's choice.
pub const NOTHING_SENT: &str = "Nothing is sent before your first question.";
/// First screen of a private chat.
pub const PRIVATE_HELLO: &str = "This chat is private. It is not saved and ends when you leave it.";

/// Head of the panel.
pub const TOOLS: &str = "Tools";
/// No tools are offered.
pub const NO_TOOLS: &str = "No tools in this chat.";
/// Tools are offered, none was called.
pub const TOOLS_EMPTY: &str = "Each call shows here while it runs.";
/// State of a call whose arguments arrive.
pub const RECEIVING: &str = "receiving";
/// State of a call that is about to run.
pub const STARTING: &str = "starting";
/// State of a call that waits for a person.
pub const WAITING: &str = "waiting for you";
/// State of a refused call.
pub const DENIED: &str = "denied";
/// State of a stopped call.
pub const STOPPED: &str = "stopped";
/// State of a call that took too long.
pub const TIMED_OUT: &str = "timed out";
/// State of a failed call.
pub const FAILED: &str = "failed";

/// The live row while the request is out.
pub const ASKING: &str = "asking";
/// The live row while an answer comes in.
pub const WRITING: &str = "writing";
/// The live row while reasoning comes in.
pub const THINKING: &str = "thinking";
/// Beside the count of new lines, behind the key.
pub const TO_SEE: &str = "to see";
/// Being sent, beside a question.
pub const SENDING: &str = "sending";
/// Beside a question while the history cannot be written.
pub const NOT_SAVED: &str = "not saved";

/// How an answer ended, on its line.
pub const INCOMPLETE: &str = "incomplete";
/// The program ended in the middle of this answer.
pub const INTERRUPTED: &str = "interrupted";
/// The vendor stopped in the middle of a long answer.
pub const PAUSED_ANSWER: &str = "paused by the provider";
/// After a line that says that an answer is not whole.
pub const TAB_GOES_ON: &str = "Tab, then Enter goes on";
/// The answer reached the token limit.
pub const LENGTH: &str = "cut at the token limit";
/// The round limit was reached.
pub const ROUND_LIMIT: &str = "stopped at the limit of model requests";
/// Above collapsed reasoning.
pub const REASONING: &str = "Reasoning";

/// After the key that shows collapsed reasoning.
pub const SHOWS_IT: &str = " shows it";
/// Before the keys of an error card.
pub const TAB_THEN: &str = "     Tab, then   ";
/// In the model list, the one that answers.
pub const IN_USE: &str = "in use";
/// Before the words of an image, which a terminal does not show.
pub const IMAGE: &str = "[image: ";
/// A fold of an answer that names no summary.
pub const DETAILS: &str = "Details";
/// The head of a quote that is a note to the reader.
pub const NOTE: &str = "Note";
/// The same, for good advice.
pub const TIP: &str = "Tip";
/// The same, for what must be known.
pub const IMPORTANT: &str = "Important";
/// The same, for what may go wrong.
pub const WARNING: &str = "Warning";
/// The same, for what may do harm.
pub const CAUTION: &str = "Caution";

/// The approval's line of keys, with an empty prompt.
pub const CARD_KEYS: [(&str, &str); 3] = [("y", "once"), ("n", "no"), ("a", "always in this chat, asks again")];
/// The same where there is little room.
pub const CARD_KEYS_SHORT: [(&str, &str); 3] = [("y", "once"), ("n", "no"), ("a", "always")];
/// Before the keys, with a draft in the prompt.
pub const CARD_WITH_DRAFT: &str = "Ctrl+T, then";
/// The approval's second question.
pub const CARD_ALWAYS: &str = "Always in this chat?";
/// Keys of the second question.
pub const CARD_ALWAYS_KEYS: [(&str, &str); 2] = [("y", "yes"), ("n", "no")];
/// The same call came three times.
pub const CARD_REPEATED: &str = "This is the third same call in a row.";

/// Asked before the last question is asked again.
pub const ASK_AGAIN: &str = "Ask again?";
/// Keys of [`ASK_AGAIN`].
pub const ASK_AGAIN_KEYS: [(&str, &str); 3] = [("r", "yes"), ("m", "other model"), ("Esc", "no")];

/// Notice after a stop.
pub const NOTICE_STOPPED: &str = "Stopped. Tab, then Enter goes on, r asks again.";
/// Notice after a stop before anything came.
pub const NOTICE_STOPPED_EARLY: &str = "Stopped. Tab, then Enter asks again.";
/// Notice of going on where nothing was cut.
pub const NOTICE_NOTHING_CUT: &str = "No answer was cut.";
/// Stands while a question is edited.
pub const EDITING: &str = "What you send is another version of this question.";
/// Notice of the first Esc on an empty prompt.
pub const NOTICE_ESC_EDITS: &str = "Esc again edits your last question.";
/// Notice of versions while an answer runs.
pub const NOTICE_RUNNING_VERSIONS: &str = "An answer is running. Esc stops it.";
/// Notice when a message has no other version.
pub const NOTICE_ONE_VERSION: &str = "There is one version only. r asks again, e edits the question.";
/// Notice before the first version.
pub const NOTICE_FIRST_VERSION: &str = "This is the first version.";
/// Notice after the last version.
pub const NOTICE_LAST_VERSION: &str = "This is the last version.";
/// Notice after a turn was taken back.
pub const NOTICE_TURN_UNDONE: &str = "Took the last question and its answer back. Ctrl+X U brings them back.";
/// Notice after a turn came back.
pub const NOTICE_TURN_REDONE: &str = "Brought back.";
/// Notice when no turn was taken back.
pub const NOTICE_NO_REDO: &str = "Nothing to bring back.";
/// Notice after a chat was begun from the middle of another one.
pub const NOTICE_FORKED: &str = "A new chat from here on; the other one stays as it is.";
/// Notice when a draft of an earlier run is in the prompt.
pub const NOTICE_DRAFT_BACK: &str = "Your draft is back.";
/// Notice when another instance said something in the open chat.
pub const NOTICE_OTHERS: &str = "This chat went on elsewhere too; both are kept as versions.";
/// Notice of the first Ctrl+C on an empty prompt.
pub const NOTICE_QUIT: &str = "Ctrl+C again quits.";
/// Notice when the draft was put aside.
pub const NOTICE_ASIDE: &str = "Put aside. Up brings it back.";
/// Notice of Ctrl+D while an answer runs.
pub const NOTICE_RUNNING_QUIT: &str = "An answer is running. Again to stop it and quit.";
/// Notice of Ctrl+N while an answer runs.
pub const NOTICE_RUNNING_NEW: &str = "An answer is running. Esc stops it, then Ctrl+N.";
/// Notice of opening another chat while an answer runs.
pub const NOTICE_RUNNING_OPEN: &str = "An answer is running. Esc stops it, then open the other chat.";
/// Notice of changing the model while an answer runs.
pub const NOTICE_MODEL_NEXT: &str = "The next question goes to the new model.";
/// Notice after less or more was chosen to stand under each answer.
pub const NOTICE_DETAILS_SHORT: &str = "Under each answer: model, time, tokens.";
/// The same.
pub const NOTICE_DETAILS_FULL: &str = "Under each answer: also the time to the first token, and tokens per second.";
/// The same.
pub const NOTICE_DETAILS_NONE: &str = "Nothing under answers, unless one is not whole.";
/// Notice of Ctrl+X Ctrl+S.
pub const NOTICE_SAVES: &str = "Chats save themselves.";
/// Notice of asking again without a question.
pub const NOTICE_NOTHING_ASKED: &str = "Nothing was asked yet.";
/// Notice of a new chat from the middle of a private one.
pub const NOTICE_PRIVATE_FORK: &str = "A new chat would end this private chat; e edits a question and keeps both.";
/// Notice of exporting a private chat.
pub const NOTICE_PRIVATE_EXPORT: &str = "A private chat is not written to any file.";
/// Notice when a private chat was left.
pub const NOTICE_PRIVATE_GONE: &str = "The private chat is gone; nothing of it was kept.";
/// Notice when a saved chat is gone.
pub const NOTICE_GONE: &str = "This chat is no longer there.";
/// What a model is asked for a title.
#[must_use]
pub fn ask_for_title(question: &str, answer: &str) -> String {
    format!(
        "Give this chat a title of at most six words, in the language of the question. Answer with the title alone, \
         without quotation marks.\n\nQuestion:\n{question}\n\nAnswer:\n{answer}"
    )
}

/// Head of the page that compares versions.
#[must_use]
pub fn comparing(from: usize, to: usize, of: usize, is_same: bool) -> String {
    let same = if is_same { ", word for word the same" } else { "" };
    format!("Version {from} and version {to} of {of}{same}")
}

/// `2 of 3`.
#[must_use]
pub fn version(number: usize, of: usize) -> String {
    format!("{number} of {of}")
}

/// Notice when there is nothing to undo.
pub const NOTICE_NO_UNDO: &str = "Nothing to undo.";
/// After `y` or `a` in the panel, right after another key.
pub const NOTICE_TOO_SOON: &str = "A moment: y and a count half a second after the last key.";
/// Notice of the answering keys while the card is not wholly seen.
pub const NOTICE_SEE_ALL: &str = "PgDn shows the rest. Then y works.";
/// What a paused program leaves in the shell.
pub const PAUSED: &str = "riffle is paused. fg brings it back.";

/// What was looked for in the open chat is not there.
pub const NOT_IN_THIS_CHAT: &str = "not in this chat";
/// In the empty line of what is looked for.
pub const FIND_HERE: &str = "find in this chat";
/// The browser while it reads.
pub const READING: &str = "reading";
/// Head of the model list.
pub const MODEL: &str = "Model";
/// Head of the list of themes.
pub const THEME: &str = "Theme";
/// Above providers that are not connected.
pub const NOT_CONNECTED: &str = "Not connected";
/// Head of the help.
pub const HELP: &str = "Help";
/// Head of the palette.
pub const COMMANDS: &str = "Commands";
/// The palette without a match.
pub const NO_COMMAND: &str = "No command of this name.";
/// Head of the leader page.
pub const LEADER: &str = "Ctrl+X";

/// `3 ready`.
#[must_use]
pub fn tools_ready(count: usize) -> String {
    format!("{count} ready")
}

/// `[image: tent.png, 120 KB]`, below a question.
#[must_use]
pub fn attached(name: &str, bytes: usize) -> String {
    format!("{IMAGE}{name}, {} KB]", bytes.div_ceil(1000))
}

/// A file on the command line that cannot go with a question.
#[must_use]
pub fn cannot_attach(path: &str, why: &str) -> String {
    format!("{path} cannot be attached: {why}")
}

/// A model's name as it was typed.
pub const NOT_LISTED: &str = "not in its list; asked by this name";
/// What a PDF needs first.
pub const NO_PDF: &str = "a PDF cannot be sent. Attach its text: pdftotext FILE.pdf";
/// Neither words nor a piped text.
pub const NOTHING_ASKED: &str = "nothing was asked. Write the question after `riffle ask`, or pipe it in.";
/// There is no chat that `--continue` could go on with.
pub const NOTHING_TO_CONTINUE: &str = "There is no saved chat to go on with; this one is new.";

/// Standard input that cannot be sent.
#[must_use]
pub fn cannot_read_stdin(why: &str) -> String {
    format!("standard input cannot be sent: {why}")
}

/// An answer that nobody can be given.
#[must_use]
pub fn cannot_print(why: &str) -> String {
    format!("riffle: the answer cannot be written: {why}.")
}

/// What can be attached.
pub const ATTACHABLE: &str = "it is neither text nor an image (PNG, JPEG, GIF, WebP).";

/// A file that is too large to be attached.
#[must_use]
pub fn too_large(mib: u64) -> String {
    format!("it is larger than {mib} MiB.")
}

/// Where a provider's list is empty.
pub const NO_MODELS: &str = "It offers no models.";

/// A provider that cannot be asked yet, and what to do.
#[must_use]
pub fn not_connected(missing: &str) -> String {
    format!("not connected: {missing}")
}

/// The same, when it is asked all the same.
#[must_use]
pub fn is_not_connected(label: &str, missing: &str) -> String {
    format!("{label} is not connected: {missing}.")
}

/// A name on the command line that no provider has.
#[must_use]
pub fn unknown_provider(name: &str) -> String {
    format!("no provider is called {name}; `riffle models` lists them")
}

/// `1 waiting`, of calls.
#[must_use]
pub fn calls_waiting(count: usize) -> String {
    format!("{count} waiting")
}

/// `2 running`, of calls.
#[must_use]
pub fn calls_running(count: usize) -> String {
    format!("{count} running")
}

/// `1 of 2 done`, of calls.
#[must_use]
pub fn done_of(done: usize, count: usize) -> String {
    format!("{} done", one_of(done, count))
}

/// `and 3 more`, of arguments.
#[must_use]
pub fn and_more(count: usize) -> String {
    format!("and {count} more")
}

/// `12 items`, in place of a long list.
#[must_use]
pub fn items(count: usize) -> String {
    format!("{count} items")
}

/// `[paste 1: 40 lines]`, in place of a long paste in the prompt.
#[must_use]
pub fn paste_chip(number: usize, lines: usize, characters: usize) -> String {
    if lines > 1 {
        format!("[paste {number}: {lines} lines]")
    } else {
        format!("[paste {number}: {characters} characters]")
    }
}

/// `3 tools ready`, in the live row of a narrow screen.
#[must_use]
pub fn tools_ready_long(count: usize) -> String {
    if count == 1 { "1 tool ready".to_owned() } else { format!("{count} tools ready") }
}

/// `2 tools running`.
#[must_use]
pub fn tools_running(count: usize) -> String {
    if count == 1 { "1 tool running".to_owned() } else { format!("{count} tools running") }
}

/// `3 earlier calls`.
#[must_use]
pub fn earlier_calls(count: usize) -> String {
    if count == 1 { "1 earlier call".to_owned() } else { format!("{count} earlier calls") }
}

/// `12 new lines`.
#[must_use]
pub fn new_lines(count: usize) -> String {
    if count == 1 { "1 new line".to_owned() } else { format!("{count} new lines") }
}

/// `1.4 s`, `75 s`.
#[must_use]
pub fn seconds(ms: u64) -> String {
    if ms < 60_000 { format!("{}.{} s", ms / 1000, ms % 1000 / 100) } else { format!("{} s", ms / 1000) }
}

/// `1.2k`, `340`, for tokens.
#[must_use]
pub fn tokens(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..1_000_000 => format!("{}.{}k", count / 1000, count % 1000 / 100),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// `1.2k in   340 out`.
#[must_use]
pub fn usage(input: u64, output: u64) -> String {
    format!("{} in   {} out", tokens(input), tokens(output))
}

/// Title of the approval card.
#[must_use]
pub fn may_run(tool: &str) -> String {
    format!("May {tool} run?")
}

/// `61 bytes, shown in full`.
#[must_use]
pub fn bytes_in_full(bytes: usize) -> String {
    format!("{bytes} bytes, shown in full")
}

/// `312 more lines`, below the beginning of what is too long to be shown.
#[must_use]
pub fn lines_left_out(count: usize) -> String {
    if count == 1 { "1 more line".to_owned() } else { format!("{count} more lines") }
}

/// `PgDn shows 40 more lines`.
#[must_use]
pub fn more_lines(count: usize) -> String {
    format!("PgDn shows {}", lines_left_out(count))
}

/// `3 of 12`, `12 so far` while there may be more; nothing before anything was found.
#[must_use]
pub fn hits_found(number: Option<usize>, count: usize, is_whole: bool) -> String {
    let total = thousands(count as u64);
    match number {
        _ if count == 0 => String::new(),
        _ if !is_whole => format!("{total} so far"),
        Some(number) => format!("{} of {total}", thousands(number as u64)),
        None => total,
    }
}

/// `1.2k tokens`.
#[must_use]
pub fn token_count(count: u64) -> String {
    format!("{} tokens", tokens(count))
}

/// `first 0.4 s`, of the first token.
#[must_use]
pub fn first_token(ms: u64) -> String {
    format!("first {}", seconds(ms))
}

/// `48 tokens/s`, of so many tokens in so many ms.
#[must_use]
pub fn speed(tokens: u64, ms: u64) -> String {
    let per_10_s = tokens * 10_000 / ms.max(1);
    if per_10_s < 100 {
        format!("{}.{} tokens/s", per_10_s / 10, per_10_s % 10)
    } else {
        format!("{} tokens/s", per_10_s / 10)
    }
}

/// `$0.0021`, `$1.50`.
#[must_use]
pub fn dollars(usd: f64) -> String {
    match usd {
        ..0.0001 => "under $0.0001".to_owned(),
        0.0001..1.0 => format!("${usd:.4}"),
        _ => format!("${usd:.2}"),
    }
}

/// `1 of 2`.
#[must_use]
pub fn one_of(at: usize, count: usize) -> String {
    format!("{at} of {count}")
}

/// From so many seconds on a wait is told in minutes.
const MINUTES_FROM_S: u64 = 180;

/// `no data for 12 s   giving up in 78 s`.
#[must_use]
pub fn stalled(silent_s: u64, left_s: Option<u64>) -> String {
    let left = left_s.map(|left_s| format!("   giving up in {}", wait(left_s)));
    format!("no data for {}{}", wait(silent_s), left.unwrap_or_default())
}

/// `78 s`, `15 min`.
fn wait(seconds: u64) -> String {
    if seconds < MINUTES_FROM_S { format!("{seconds} s") } else { format!("{} min", seconds.div_ceil(60)) }
}

/// `next try in 18 s   2 of 4`.
#[must_use]
pub fn next_try(wait_s: u64, attempt: u32, attempts: u32) -> String {
    format!("next try in {wait_s} s   {attempt} of {attempts}")
}

/// What is queued while something else stands in the prompt.
#[must_use]
pub fn queue_behind(count: usize) -> String {
    format!("{count} queued, sent after what you send now")
}

/// `1 queued   Enter sends it   Up takes it back`.
#[must_use]
pub fn queue_held(count: usize) -> String {
    format!("{count} queued   Enter sends {}   Up takes it back", if count == 1 { "it" } else { "the first" })
}

/// `Queued 1. Up takes it back.`
#[must_use]
pub fn notice_queued(count: usize) -> String {
    format!("Queued {count}. Up takes it back.")
}

/// Notice after a theme was chosen.
#[must_use]
pub fn notice_theme(name: &str) -> String {
    format!("{name} for this run. In the configuration: theme = \"{name}\"")
}

/// Notice after a model was chosen.
#[must_use]
pub fn notice_model(model: &str, label: &str) -> String {
    format!("Next answers come from {model}, {label}.")
}

/// Notice when a provider of the list is not connected.
#[must_use]
pub fn notice_not_connected(label: &str, hint: &str) -> String {
    format!("{label} is not connected: {hint}.")
}

/// Beside a server nearby that does not run.
#[must_use]
pub fn not_running(authority: &str) -> String {
    format!("not running at {authority}")
}

/// Beside a provider whose key is refused.
pub const KEY_NOT_ACCEPTED: &str = "did not accept the key";
/// Beside a provider that gave no list.
pub const NO_LIST: &str = "gave no list of its models";

/// The recording has a gap.
#[must_use]
pub fn recording_incomplete(why: &str) -> String {
    format!("The recording is not complete: {why}.")
}

/// Head of the page that connects a provider.
#[must_use]
pub fn connect_head(label: &str) -> String {
    format!("Connect {label}")
}

/// Before the key.
pub const PASTE_KEY: &str = "Paste your key:  ";

/// Below the key, where it goes into a file.
#[must_use]
pub fn key_is_kept(place: &str) -> String {
    format!(
        "It is tried once by listing the models; no question is sent. Then it is kept in {place}, which only you can read."
    )
}

/// Below the key, where it goes into the keyring.
pub const KEY_IS_KEPT_IN_KEYRING: &str = "It is tried once by listing the models; no question is sent. Then it is kept in \
                                          your keyring (Linux: Secret Service), not in a file.";

/// While the key is tried.
#[must_use]
pub fn asking(label: &str) -> String {
    format!("Asking {label} for its models ...")
}

/// Beside a provider that wants a key.
#[must_use]
pub fn connect_hint(variable: &str) -> String {
    format!("set {variable}, or press Enter and paste a key")
}

/// What was pasted cannot be sent.
pub const NO_KEY: &str = "This is no key: it holds blanks or letters that no key has. Paste another, or Esc.";

/// The provider did not take the key.
#[must_use]
pub fn key_refused(label: &str) -> String {
    format!("{label} did not accept this key. Paste another, or Esc.")
}

/// The key could not be tried.
#[must_use]
pub fn key_untried(label: &str, why: &str) -> String {
    format!("{label} could not be asked: {why}")
}

/// The key was taken.
#[must_use]
pub fn notice_connected(label: &str) -> String {
    format!("{label} is connected. Enter takes a model for this chat.")
}

/// The key was taken, and another one stands in the way at the next start.
#[must_use]
pub fn notice_key_shadowed(variable: &str) -> String {
    format!("Connected. Unset {variable}: at the next start its key would count.")
}

/// The keyring did not take the key that it was said to get.
#[must_use]
pub fn notice_key_in_file(place: &str) -> String {
    format!("The keyring did not take the key; it is kept in {place}.")
}

/// The key works and could not be kept.
#[must_use]
pub fn notice_key_not_kept(why: &str) -> String {
    format!("The key is used until riffle ends; it could not be kept. {why}")
}

/// In the header while the history cannot be written.
#[must_use]
pub fn not_saving(why: &str) -> String {
    format!("Not saving: {why}")
}

/// Left in the shell at the end.
#[must_use]
pub fn saved(title: &str, program: &str) -> String {
    format!("Saved \"{title}\". {program} --continue goes on.")
}

/// `6 messages`.
#[must_use]
pub fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{} messages", thousands(count)) }
}

/// `10,214`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The program cannot start for want of threads or files.
pub const FEW_RESOURCES: &str = "too few threads or open files are left to start";
/// How a provider is connected.
pub const KEY_COMMAND: &str = "key from a command";
/// How a provider is connected.
pub const KEY_IN_KEYRING: &str = "key in the keyring";
/// Where a key was read.
pub const KEYRING: &str = "the keyring";

/// A key that should be in the keyring.
#[must_use]
pub fn not_in_keyring(name: &str) -> String {
    format!("The keyring holds no key for riffle by the name {name}.")
}

/// How a provider is connected.
pub const KEY_SAVED: &str = "key saved";
/// Where a key was read.
pub const SAVED_KEYS: &str = "the saved keys";
/// How a provider is connected.
pub const KEY_IN_FILE: &str = "key in the configuration";
/// Where a key was read.
pub const CONFIG_FILE: &str = "the configuration file";
/// How a provider is connected.
pub const BUILT_IN: &str = "built in, needs no key";
/// How a provider is connected.
pub const RUNNING_HERE: &str = "running here";

/// `--resume` found nothing.
#[must_use]
pub fn no_such_chat(id: &str) -> String {
    format!("no saved chat has the id {id}. Ctrl+S in riffle shows them all.")
}

/// `riffle ask` with a prompt and a silent pipe.
pub const WAITS_FOR_STDIN: &str = "riffle waits for the end of its standard input; --no-stdin does without it.";
/// Why the history could not be closed.
pub const DISK_HANGS: &str = "the disk does not answer.";

/// `riffle ask` could not save.
#[must_use]
pub fn not_saved(why: &str) -> String {
    format!("not saved: {why}")
}

/// `riffle ask` waits before it tries again.
#[must_use]
pub fn ask_retry(attempt: u32, delay_ms: u64, reason: &str) -> String {
    format!("try {} in {}: {reason}", attempt + 1, seconds(delay_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(seconds(1449), "1.4 s");
        assert_eq!(seconds(75_000), "75 s");
        assert_eq!(tokens(1234), "1.2k");
        assert_eq!(tokens(999), "999");
        assert_eq!([speed(58, 1500), speed(3, 1500)], ["38 tokens/s", "2.0 tokens/s"]);
        assert_eq!([dollars(0.00214), dollars(0.000_02), dollars(1.5)], ["$0.0021", "under $0.0001", "$1.50"]);
        assert_eq!(thousands(10_214), "10,214");
        assert_eq!(thousands(214), "214");
    }
}
