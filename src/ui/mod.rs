//! Drawing: small free functions of borrowed state, from the model to a picture of cells. `prepare` lays the conversation
//! out and settles what depends on heights; `draw` lists what stands where, and the picture paints the rows that changed.
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

mod calls;
mod canvas;
mod card;
mod code_wrap;
mod direction;
mod error_card;
mod find;
mod footer;
mod frame;
mod header;
pub mod highlight;
mod hints;
mod layout;
pub mod line;
pub mod link;
mod live_row;
pub mod markdown;
mod message;
mod overlay;
pub mod paint;
mod panel;
mod pick;
mod picture;
mod preview;
mod prompt;
mod reading;
mod scroll_bar;
mod selecting;
mod symbols;
pub mod theme;
mod took;
mod transcript;
mod welcome;
pub mod wrap;

pub use frame::{draw, prepare, spot};
pub use layout::{Layout, SizeClass};
pub use picture::{Patched, Picture, Rows};
pub use selecting::selected_text;
pub use transcript::RenderCache;
