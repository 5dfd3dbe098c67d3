//! The first row: what chat, which model.

use super::canvas::Canvas;
use super::layout::{Layout, SizeClass};
use super::live_row::short_state;
use crate::app::{Model, Saving};
use crate::safe_text::SafeText;
use crate::strings;

/// Draws the header.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, layout: &Layout) {
    let area = layout.header;
    if area.height == 0 {
        return;
    }
    let is_small = layout.class == SizeClass::Small;
    let title = title(model);
    let right = if is_small { short_state(model, canvas.look) } else { target(model) };
    let is_warning = matches!(model.saving, Saving::Fails(_));
    let mut x = 1;
    if !is_small || model.chat.conversation.title.is_empty() {
        x = canvas.text(area, x, 0, strings::RIFFLE, canvas.theme.bold) + 3;
    }
    let right_width = SafeText::line(&right).width() as u16;
    let room = area.width.saturating_sub(x + right_width + 4);
    let style = if is_warning { canvas.theme.waiting } else { canvas.theme.text };
    canvas.text(area, x, 0, SafeText::line(&title).fit(room as usize).as_str(), style);
    let style = if is_demo(model) && !is_small { canvas.theme.waiting } else { canvas.theme.dim };
    canvas.text_right(area, 0, 1, &right, style);
}

fn is_demo(model: &Model) -> bool {
    model.providers.current().is_some_and(|row| row.is_demo)
}

/// The chat's name, or what is more important than it.
fn title(model: &Model) -> String {
    match &model.saving {
        Saving::Fails(why) => strings::not_saving(why),
        Saving::Works if model.chat.is_private => strings::PRIVATE.to_owned(),
        Saving::Works if model.chat.conversation.title.is_empty() => strings::NEW_CHAT.to_owned(),
        Saving::Works => model.chat.conversation.title.clone(),
    }
}

fn target(model: &Model) -> String {
    if is_demo(model) {
        return strings::DEMO.to_owned();
    }
    format!("{}   {}", model.providers.target.model, model.providers.target.provider)
}
