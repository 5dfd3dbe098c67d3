//! `riffle history`: what can be done with saved chats outside of the full screen.

pub mod check;
