//! The last row: keys that work now, the most useful first; at the right the use of this chat, or the way out.

use super::canvas::Canvas;
use super::error_card;
use super::layout::{Layout, SizeClass};
use crate::app::{Find, Focus, HintScope, Model, Overlay, Remedy};
use crate::config::action::Action;
use crate::safe_text;
use crate::strings::{self, hint};

/// A key with its words and how soon it gives way: higher numbers go first.
type Hint = (String, &'static str, u8);

/// Draws the footer of the conversation.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    let area = layout.footer;
    if area.height == 0 {
        return;
    }
    let right = right(model, layout.class);
    let room = (area.width as usize).saturating_sub(2 + if right.1.is_empty() { 0 } else { right_width(&right) + 3 });
    let pairs = fitting(hints(model), room);
    canvas.keys(area, 1, area.y, &pairs);
    if right.0.is_empty() {
        canvas.text_right(area, area.y, 1, &right.1, canvas.theme.dim);
    } else {
        let x = area.width.saturating_sub(1 + right_width(&right) as u16);
        canvas.keys(area, x, area.y, &[right]);
    }
}

fn right_width((key, words): &(String, String)) -> usize {
    safe_text::width(key) + safe_text::width(words) + usize::from(!key.is_empty())
}

fn right(model: &Model, class: SizeClass) -> (String, String) {
    if class == SizeClass::Small {
        return (String::new(), String::new());
    }
    match model.chat.conversation.entries.usage() {
        Some(usage) => (String::new(), strings::usage(usage.input, usage.output)),
        None if model.chat.conversation.entries.is_empty() => ("Ctrl+D".to_owned(), hint::QUIT.to_owned()),
        None => (String::new(), String::new()),
    }
}

/// Drops what gives way first until the rest fits.
fn fitting(mut hints: Vec<Hint>, room: usize) -> Vec<(String, String)> {
    loop {
        let width: usize = hints.iter().map(|(key, words, _)| safe_text::width(key) + words.len() + 4).sum();
        if width.saturating_sub(3) <= room || hints.is_empty() {
            break;
        }
        let at = (0..hints.len()).rev().max_by_key(|at| hints[*at].2).unwrap_or(0);
        hints.remove(at);
    }
    hints.into_iter().map(|(key, words, _)| (key, words.to_owned())).collect()
}

fn hints(model: &Model) -> Vec<Hint> {
    let label = |action: Action| model.keymap.keys_of(action).first().map_or_else(String::new, |key| key.label());
    let mut hints: Vec<Hint> = Vec::new();
    let is_running = model.running_turn().is_some();
    let is_empty = model.composer.is_empty();
    if model.selects_by_keys() {
        hints.extend([
            ("j k".into(), hint::EXTEND, 1),
            ("Space".into(), hint::START_HERE, 2),
            ("v".into(), hint::BY_CHARACTER, 3),
            ("y".into(), hint::COPY, 0),
            ("Esc".into(), hint::BACK, 0),
        ]);
        return hints;
    }
    if let Some(letters) = &model.hints {
        let is_code = letters.scope == HintScope::Code;
        hints.push((strings::copying::LETTERS.into(), hint::COPY, 0));
        if !is_code {
            hints.push((strings::copying::SHIFT.into(), hint::OPEN_OR_CSV, 1));
        }
        hints.push(("Tab".into(), if is_code { hint::EVERYTHING } else { hint::CODE_ONLY }, 1));
        hints.push(("Esc".into(), hint::CLOSE, 0));
        return hints;
    }
    if matches!(model.overlays.last(), Some(Overlay::Tools)) || model.focus == Focus::Panel {
        let is_waiting = model.approval.call.is_some();
        if is_waiting {
            hints.extend([("y".into(), hint::ONCE, 0), ("n".into(), hint::NO, 0), ("a".into(), hint::ALWAYS, 1)]);
        }
        if is_running {
            hints.push(("x".into(), hint::STOP_THIS_CALL, 1));
        }
        hints.push(("Enter".into(), hint::WHOLE_CALL, 2));
        if !is_waiting && model.turn.as_ref().is_some_and(|turn| !turn.tracker().calls.is_empty()) {
            hints.push(("y".into(), hint::COPY, 3));
        }
        hints.push((label(Action::Tools), hint::CLOSE, 0));
        return hints;
    }
    if let Some(find) = &model.find {
        hints.extend(hints_of_find(find));
        return hints;
    }
    if model.is_again_asked {
        hints.extend([("r".into(), hint::YES, 0), ("m".into(), hint::OTHER_MODEL, 1), ("Esc".into(), hint::NO, 0)]);
        return hints;
    }
    if model.approval.call.is_some() {
        if model.approval.is_always_asked {
            hints.extend([("y".into(), hint::ALWAYS, 0), ("n".into(), hint::NO, 0)]);
        } else if is_empty && model.focus != Focus::Messages {
            hints.extend([("y".into(), hint::ONCE, 0), ("n".into(), hint::NO, 0), ("a".into(), hint::ALWAYS, 1)]);
        } else {
            hints.push((label(Action::Tools), hint::ANSWER_THE_TOOL, 0));
            if !is_empty {
                hints.push(("Enter".into(), hint::QUEUE, 1));
            }
        }
        hints.push(("Esc".into(), hint::STOP_ALL, 0));
        hints.push((help_key(model), hint::HELP, 2));
        return hints;
    }
    if model.focus == Focus::Messages {
        hints.push(("j k".into(), hint::MOVE, 1));
        hints.push(("y".into(), hint::COPY, 2));
        hints.push(("c".into(), hint::COPY_CODE, 3));
        hints.push(("V".into(), hint::SELECT_TEXT, 6));
        let remedy = model.remedy();
        if let Some(remedy) = remedy {
            hints.push(("Enter".into(), error_card::words_of(remedy), 0));
        }
        if model.has_reason() {
            hints.push(("w".into(), hint::WHY, 2));
        } else if !is_running && remedy != Some(Remedy::TryAgain) {
            hints.push(("r".into(), hint::ASK_AGAIN, 0));
        }
        if !is_running {
            let has_versions = model.selected_place().is_some_and(|at| model.chat.conversation.versioned(at).is_some());
            if has_versions {
                hints.push(("Left Right".into(), hint::VERSIONS, 1));
                hints.push(("v".into(), hint::COMPARE, 3));
            }
            hints.push(("e".into(), hint::EDIT, 3));
            hints.push(("u".into(), hint::UNDO, 4));
            hints.push(("f".into(), hint::FORK, 5));
            hints.push((label(Action::MessageUp), hint::SELECT, 6));
        }
        if remedy != Some(Remedy::OtherModel) {
            hints.push(("m".into(), hint::MODEL, 2));
        }
        hints.push(("Esc".into(), if is_running { hint::STOP } else { hint::BACK }, 0));
        return hints;
    }
    let (send, newline) = (label(Action::Send), "Ctrl+J".to_owned());
    hints.push((send, if is_running { hint::QUEUE } else { hint::SEND }, 0));
    hints.push((newline, hint::NEW_LINE, 5));
    if is_running {
        hints.push(("Esc".into(), hint::STOP, 0));
        hints.push((label(Action::Tools), hint::TOOLS, 2));
    } else {
        if !model.chat.conversation.entries.is_empty() {
            hints.push((label(Action::Messages), hint::MESSAGES, 2));
        }
        if model.replaced_question.is_some() {
            hints.push(("Esc".into(), hint::LEAVE_THE_EDIT, 0));
        } else if model.searched.is_some() {
            hints.push(("Esc".into(), hint::BACK_TO_THE_SEARCH, 1));
        }
        hints.push((label(Action::Chats), hint::SAVED_CHATS, 3));
        hints.push((label(Action::Commands), hint::COMMANDS, 4));
    }
    hints.push((help_key(model), hint::HELP, 1));
    hints
}

/// `?` types a question mark while there is a draft.
fn help_key(model: &Model) -> String {
    if model.composer.is_empty() && model.focus == Focus::Prompt { "?".to_owned() } else { "Ctrl+X ?".to_owned() }
}

fn hints_of_find(find: &Find) -> Vec<Hint> {
    if find.is_nowhere() {
        return vec![("Esc".into(), hint::BACK, 0)];
    }
    if find.is_typing {
        return vec![
            ("Enter".into(), hint::NEXT, 0),
            ("Shift+Tab".into(), hint::PREVIOUS, 1),
            ("Esc".into(), hint::BACK, 0),
        ];
    }
    vec![
        ("n".into(), hint::NEXT, 0),
        ("N".into(), hint::PREVIOUS, 0),
        ("/".into(), hint::CHANGE, 1),
        ("Esc".into(), hint::CLOSE, 0),
    ]
}
