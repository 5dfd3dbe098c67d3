//! What lies on top of the conversation: one enum on a stack, so that Esc always knows what it closes.

use super::browser::Browser;
use super::compare::ComparePage;
use super::connect::ConnectPage;
use super::model_list::ModelList;
use super::palette::Palette;
use super::themes::ThemeList;
use super::wire::WirePage;

/// A layer.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// Keys and actions.
    Help {
        /// First line shown.
        top: usize,
    },
    /// Every action by name.
    Commands(Palette),
    /// Models and providers.
    Models(ModelList),
    /// Themes, tried on the screen.
    Themes(ThemeList),
    /// Connecting a provider.
    Connect(ConnectPage),
    /// Saved chats.
    Chats(Box<Browser>),
    /// The tools over the conversation, where the screen is too narrow for the panel.
    Tools,
    /// One call, whole.
    Call {
        /// Its place in the turn's tracker.
        at: usize,
        /// First line shown.
        top: usize,
    },
    /// A response as it came.
    Wire(Box<WirePage>),
    /// Two versions of a message.
    Compare(Box<ComparePage>),
}
