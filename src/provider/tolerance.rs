//! What a stream needed that a strict reader would have refused or lost. Pure.

/// A habit of a server that was read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// The server ignored that a stream was asked for.
    WholeDocument,
    /// Some proxy's sign of life.
    NotJson,
    /// The body ended inside a piece.
    CutPiece,
    /// An escape that names no character.
    LoneSurrogate,
    /// A reason for the end came, but no announcement that all was sent.
    EndNotAnnounced,
    /// The end was announced without a reason.
    EndWithoutReason,
    /// A whole message where a piece belongs.
    MessageForDelta,
    /// Text as a list of parts.
    TextInParts,
    /// Reasoning between tags inside the text.
    ThinkTags,
    /// A tool call outside a list.
    CallOutsideList,
    /// `function_call`.
    OldFunctionCall,
    /// Arguments as JSON, not as text.
    ArgumentsAsJson,
    /// A tool call without its index.
    CallWithoutIndex,
    /// Items without `output_index`.
    ItemWithoutIndex,
}

impl Tolerance {
    /// It in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WholeDocument => "one document came in place of a stream",
            Self::NotJson => "a word that is no JSON was passed over",
            Self::CutPiece => "the body ended inside a piece, which was left out",
            Self::LoneSurrogate => "half a surrogate pair was replaced",
            Self::EndNotAnnounced => "the end had a reason but was not announced",
            Self::EndWithoutReason => "the end was announced without a reason",
            Self::MessageForDelta => "a whole message came in place of a piece",
            Self::TextInParts => "the text came as a list of parts",
            Self::ThinkTags => "reasoning came between tags inside the text",
            Self::CallOutsideList => "a tool call came outside a list",
            Self::OldFunctionCall => "a tool call came as function_call",
            Self::ArgumentsAsJson => "arguments came as JSON, not as text",
            Self::CallWithoutIndex => "a tool call came without its index",
            Self::ItemWithoutIndex => "items came without their index",
        }
    }
}
