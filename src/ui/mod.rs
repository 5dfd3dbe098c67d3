//! Drawing: small free functions of borrowed state, from the model to a buffer of cells. `prepare` lays the conversation
//! out and settles what depends on heights; `draw` only paints.
//!
//! ```text
//!  header
//!
//!  conversation                                   │ panel
//!  live row                                       │
//! ──────────────────────────────────────────────────────
//!  prompt
//!
//!  footer
//! ```

mod canvas;
mod card;
mod footer;
mod frame;
mod header;
mod layout;
pub mod line;
mod live_row;
pub mod markdown;
mod message;
mod overlay;
pub mod paint;
mod panel;
mod prompt;
mod symbols;
pub mod theme;
mod transcript;
mod welcome;
pub mod wrap;

pub use frame::{buffer, draw, prepare};
pub use layout::{Layout, SizeClass};
pub use transcript::RenderCache;
