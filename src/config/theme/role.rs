//! The one table of what can look different: names in theme files, fields of the drawn theme and the page about themes all
//! follow it.

macro_rules! roles {
    ($($variant:ident, $name:literal, $used:literal;)*) => {
        /// A meaning that has a look.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Role {
            $(#[doc = $used] $variant,)*
        }

        /// Every role in the order in which theme files name them.
        pub const ROLES: &[RoleInfo] = &[$(RoleInfo { role: Role::$variant, name: $name, used: $used },)*];
    };
}

/// A row of the table of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleInfo {
    /// The role.
    pub role: Role,
    /// Its name in a theme file.
    pub name: &'static str,
    /// Where it is used.
    pub used: &'static str,
}

roles! {
    Text, "text", "everything that has no other role";
    Bold, "bold", "own questions, headings, the selected row, names of keys";
    Dim, "dim", "times, rules, finished results, words beside keys";
    Accent, "accent", "links, inline code, the marks of the prompt and of running calls";
    Good, "good", "what is done, with `✓`";
    Waiting, "waiting", "what waits for a person or was stopped, with `?` or `!`";
    Bad, "bad", "what failed, with `✗`";
    Marked, "marked", "characters of outside text that were made visible";
    Selected, "selected", "selected text";
    Hit, "hit", "what was looked for, over the style it stands in";
    CurrentHit, "current_hit", "the one of them that is gone to";
    ScrollBar, "scroll_bar", "the scroll bar, and the marks of own questions in it; hits there are `bold`";
    Keyword, "keyword", "code: words of the language";
    String, "string", "code: texts";
    Comment, "comment", "code: comments";
    Number, "number", "code: numbers";
    Function, "function", "code: names of functions";
    Type, "type", "code: names of types";
    Constant, "constant", "code: constants";
    Added, "added", "diffs: lines with `+`";
    Removed, "removed", "diffs: lines with `-`";
    Hunk, "hunk", "diffs: places, with `@@`";
}
