//! Drawing: small free functions of borrowed state. Nothing is computed, scrolled or fetched here.

pub mod line;
pub mod theme;
