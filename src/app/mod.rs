//! The screen's state and how it changes. `Model::update` takes a fact and gives back work; nothing here waits, reads the
//! clock or touches a file. Reducers live beside the state they change; `keys` says what a key means in each state.

mod actions;
mod approval;
mod browser;
mod browsing;
mod chat;
mod compare;
pub mod composer;
mod connect;
mod drafts;
mod effect;
mod keys;
mod line_input;
mod model;
mod model_list;
mod msg;
mod opening;
mod overlay;
mod palette;
mod panel;
mod providers;
mod remedy;
mod scroll;
mod titles;
mod turns;
mod unsaved;
mod versions;
mod wire;

pub use approval::Approval;
pub use browser::{About, Browser, BrowserFocus};
pub use chat::OpenChat;
pub use compare::{ComparePage, Piece as DiffPiece};
pub use connect::{ConnectPage, ConnectState};
pub use effect::Effect;
pub use line_input::LineInput;
pub use model::{Focus, LEADER_MS, Model, ModelSetup, Notice, Providers, SPINNER_MS, STALL_MS, Saving};
pub use model_list::{ModelList, ModelRow};
pub use msg::{ChatList, LoadedChat, Msg, NotListed};
pub use overlay::Overlay;
pub use palette::Palette;
pub use panel::{PANEL_COLUMNS, Panel, PanelWish};
pub use providers::{ProviderRow, Target, ToolOffer};
pub use remedy::Remedy;
pub use scroll::{Move, Scroll, Settled};
pub use wire::{LineKind, Place, SheetLine, WireFound, WirePage, WireScroll, WireSheet};
