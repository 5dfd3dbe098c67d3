//! The one integration binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, reason = "tests fail by panicking")]

mod ask;
mod browser;
mod cases;
mod chatting;
mod commonmark;
mod config;
mod connecting;
mod copying;
mod corpus;
mod doctor;
mod drafts;
mod durability;
mod elements;
mod finding;
mod harness;
mod hints;
mod history;
mod hostile;
mod importing;
mod incremental;
mod library;
mod manual;
mod network;
mod pages;
mod pane;
mod plain;
mod program;
mod pty;
mod remedies;
mod replay;
mod requests;
mod scrolling;
mod selecting;
mod served;
mod serving;
mod streams;
mod themes;
mod tidy;
mod titles;
mod tools_panel;
mod versions;
mod web;
mod wire;
