//! The one integration binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests fail by panicking")]

mod chatting;
mod harness;
mod pages;
mod streams;
mod tools_panel;
