//! From the scopes of a syntax definition to the few kinds of words that have a style of their own. Scope names:
//! <https://www.sublimetext.com/docs/scope_naming.html>

use ratatui::style::Style;
use syntect::parsing::{Scope, ScopeStack};

use crate::ui::theme::Theme;

/// What a word in code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word of the language.
    Keyword,
    /// A text or a character.
    String,
    /// What the machine does not read.
    Comment,
    /// A number.
    Number,
    /// What is called or defined to be.
    Function,
    /// A type.
    TypeName,
    /// `true`, `nil`, an escape in a string.
    Constant,
    /// A line that a diff adds.
    Added,
    /// A line that a diff takes away.
    Removed,
    /// Where a diff is.
    Hunk,
}

impl Kind {
    /// How it looks.
    #[must_use]
    pub fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Keyword => theme.syntax.keyword,
            Self::String => theme.syntax.string,
            Self::Comment => theme.syntax.comment,
            Self::Number => theme.syntax.number,
            Self::Function => theme.syntax.function,
            Self::TypeName => theme.syntax.type_name,
            Self::Constant => theme.syntax.constant,
            Self::Added => theme.diff.added,
            Self::Removed => theme.diff.removed,
            Self::Hunk => theme.diff.hunk,
        }
    }
}

/// Beginnings of scopes and what they make of a word; what comes first counts. `None` is a word of no kind, whatever it
/// stands in.
const RULES: &[(&str, Option<Kind>)] = &[
    ("comment", Some(Kind::Comment)),
    ("constant.numeric", Some(Kind::Number)),
    ("constant", Some(Kind::Constant)),
    ("string", Some(Kind::String)),
    ("keyword.operator.word", Some(Kind::Keyword)),
    ("keyword.operator.logical.python", Some(Kind::Keyword)),
    ("keyword.operator", None),
    ("keyword", Some(Kind::Keyword)),
    ("storage.type.numeric", Some(Kind::Number)),
    ("storage", Some(Kind::Keyword)),
    ("entity.name.function", Some(Kind::Function)),
    ("support.function", Some(Kind::Function)),
    ("support.macro", Some(Kind::Function)),
    ("variable.function", Some(Kind::Function)),
    ("entity.name.tag", Some(Kind::Keyword)),
    ("entity.name.section", Some(Kind::Keyword)),
    ("entity.name.macro", Some(Kind::Function)),
    ("entity.name", Some(Kind::TypeName)),
    ("entity.other.attribute-name", Some(Kind::TypeName)),
    ("entity.other.inherited-class", Some(Kind::TypeName)),
    ("support.type", Some(Kind::TypeName)),
    ("support.class", Some(Kind::TypeName)),
    ("support.constant", Some(Kind::Constant)),
    ("variable.language", Some(Kind::Constant)),
    ("markup.heading", Some(Kind::Keyword)),
    ("markup.raw", Some(Kind::String)),
    ("meta.interpolation", None),
    ("meta.embedded", None),
];

/// The rules, ready to be met.
#[derive(Debug)]
pub(super) struct Rules(Vec<(Scope, Option<Kind>)>);

impl Rules {
    pub(super) fn new() -> Self {
        let rule = |(prefix, kind): &(&str, Option<Kind>)| Scope::new(prefix).ok().map(|scope| (scope, *kind));
        Self(RULES.iter().filter_map(rule).collect())
    }

    /// What a word in these scopes is: the innermost that says anything decides.
    pub(super) fn kind(&self, scopes: &ScopeStack) -> Option<Kind> {
        let of = |scope: &Scope| self.0.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope));
        scopes.as_slice().iter().rev().find_map(of).and_then(|(_, kind)| *kind)
    }
}
