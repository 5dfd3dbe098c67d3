//! The side panel of tool calls: whether it is shown and which call is selected in it.

/// Columns of the whole panel with its divider.
pub const PANEL_COLUMNS: u16 = 41;
/// From this width on the panel stands beside the conversation.
const WIDE: u16 = 100;

/// What a person wants of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PanelWish {
    /// Shown where there is room.
    #[default]
    Auto,
    /// Not shown.
    Closed,
}

/// The panel's state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Panel {
    /// What was asked for.
    pub wish: PanelWish,
    /// The selected call; `None` until one is chosen.
    pub selected: Option<usize>,
    /// Rows scrolled up from where its calls would be read.
    pub scrolled_up: usize,
}

impl Panel {
    /// Whether there is room for it beside the conversation.
    #[must_use]
    pub fn fits(columns: u16) -> bool {
        columns >= WIDE
    }

    /// Whether it stands beside the conversation now.
    #[must_use]
    pub fn is_shown(&self, columns: u16) -> bool {
        Self::fits(columns) && self.wish == PanelWish::Auto
    }
}
