//! The one vocabulary of what a person can do. Keys, leader letters, slash commands, the palette, help and the footer all
//! read this table; what is not in it does not exist. Keys themselves are data: `assets/keymap.toml`.

macro_rules! actions {
    ($($variant:ident, $id:literal, $title:literal, $leader:expr, $slash:expr;)*) => {
        /// What a person wants. Bindable to a key, in the palette, as a slash command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = $title] $variant,)*
        }

        /// Every action in the order in which help shows them.
        pub const ACTIONS: &[ActionInfo] = &[
            $(ActionInfo { action: Action::$variant, id: $id, title: $title, leader: $leader, slash: $slash },)*
        ];
    };
}

/// A row of the action table.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// The action.
    pub action: Action,
    /// Its name in the configuration.
    pub id: &'static str,
    /// What it does, in the words people read.
    pub title: &'static str,
    /// The letter after the leader key, as a key's text form.
    pub leader: Option<&'static str>,
    /// The slash command, without the slash.
    pub slash: Option<&'static str>,
}

actions! {
    Send, "send", "Send the question; while an answer runs, queue it", None, None;
    Newline, "newline", "New line", None, None;
    Stop, "stop", "Stop the answer", Some("s"), Some("stop");
    Back, "back", "Stop the answer; else close what is on top", None, None;
    Interrupt, "interrupt", "Stop, put the draft aside, or quit", None, None;
    New, "new", "New chat", Some("n"), Some("new");
    Chats, "chats", "Saved chats", Some("l"), Some("chats");
    Search, "search", "Search all chats", Some("/"), Some("search");
    Find, "find", "Find in this chat", Some("f"), Some("find");
    Private, "private", "Private chat, not saved", Some("P"), Some("private");
    Export, "export", "Export this chat, to a file", Some("x"), Some("export");
    Copy, "copy", "Copy the answer, or the selected message", Some("y"), Some("copy");
    CopyCode, "copy_code", "Copy a code block, by letter", Some("c"), Some("copy-code");
    CopyAny, "copy_any", "Copy or open anything on the screen, by letter", Some("C"), Some("copy-any");
    Select, "select", "Select text, to copy it", Some("V"), Some("select");
    Commands, "commands", "Commands", Some("space"), None;
    Model, "model", "Model and provider", Some("m"), Some("model");
    Tools, "tools", "Tools", Some("t"), Some("tools");
    Wire, "wire", "Raw stream, event by event", Some("w"), Some("wire");
    Theme, "theme", "Theme, tried on the running screen", Some("T"), Some("theme");
    Mouse, "mouse", "Mouse, on or off", Some("M"), Some("mouse");
    Expand, "expand", "Expand, or collapse, reasoning, tools and folds", Some("o"), Some("expand");
    Details, "details", "Details, under each answer", Some("d"), Some("details");
    Again, "again", "Ask again", Some("r"), Some("again");
    GoOn, "go_on", "Go on, where an answer was cut", Some("k"), Some("go-on");
    Edit, "edit", "Edit a question, as another version", Some("p"), Some("edit");
    Undo, "undo", "Undo a turn", Some("u"), Some("undo");
    Redo, "redo", "Redo a turn", Some("U"), Some("redo");
    VersionPrev, "version_prev", "Version before", Some("["), Some("version-before");
    VersionNext, "version_next", "Next version", Some("]"), Some("version-after");
    Compare, "compare", "Compare versions, word by word", Some("v"), Some("compare");
    Fork, "fork", "Branch off, a new chat from here", Some("b"), Some("fork");
    Messages, "messages", "To the messages and back", None, None;
    LineUp, "line_up", "Scroll up a line", None, None;
    LineDown, "line_down", "Scroll down a line", None, None;
    PageUp, "page_up", "Scroll up a page", None, None;
    PageDown, "page_down", "Scroll down a page", None, None;
    MessageUp, "message_up", "To the message before", None, None;
    MessageDown, "message_down", "To the next message", None, None;
    Top, "top", "To the first line", None, None;
    End, "end", "To the last line, and follow", None, None;
    PromptUndo, "prompt_undo", "Undo in the prompt", None, None;
    Redraw, "redraw", "Draw the screen anew", None, None;
    Suspend, "suspend", "Pause riffle", None, None;
    Help, "help", "Help", Some("?"), Some("help");
    Quit, "quit", "Quit", Some("q"), Some("quit");
}

impl Action {
    /// Its row in the table.
    #[must_use]
    pub fn info(self) -> &'static ActionInfo {
        ACTIONS.iter().find(|info| info.action == self).unwrap_or(&ACTIONS[0])
    }

    /// The action of this configuration name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        ACTIONS.iter().find(|info| info.id == id).map(|info| info.action)
    }
}
