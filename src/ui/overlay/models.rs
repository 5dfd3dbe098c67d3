//! The model list: what can be asked, and why the rest cannot.

use super::{input_box, page, window};
use crate::app::{Model, ModelList, ModelRow};
use crate::strings::{self, hint};
use crate::ui::canvas::{Canvas, push, styled};
use crate::ui::line::Line;

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, list: &ModelList) -> Option<(u16, u16)> {
    let rows = list.rows(&model.providers.rows, &model.providers.target);
    let keys = match rows.get(list.selected) {
        Some(ModelRow::NotConnected { provider, .. }) if provider.takes_key => {
            vec![("Enter", hint::CONNECT), ("Esc", hint::CLOSE)]
        }
        Some(ModelRow::Model { provider, .. }) if provider.takes_key => {
            vec![("Enter", hint::USE_IN_THIS_CHAT), ("Tab", hint::ANOTHER_KEY), ("Esc", hint::CLOSE)]
        }
        _ => vec![("Enter", hint::USE_IN_THIS_CHAT), ("Esc", hint::CLOSE)],
    };
    let page = page(canvas, model, strings::MODEL, "", &keys);
    let cursor = input_box(canvas, page.screen, 1, 2, &list.input.text);
    let theme = canvas.theme;
    let name_width = rows
        .iter()
        .map(|row| match row {
            ModelRow::Model { target, .. } => target.model.chars().count(),
            ModelRow::NotConnected { provider, .. } => provider.label.chars().count(),
        })
        .max()
        .unwrap_or(0)
        .clamp(12, (page.body.width as usize / 2).max(12));
    let mut lines: Vec<(Line, Option<usize>)> = Vec::new();
    let mut is_below = false;
    for (at, row) in rows.iter().enumerate() {
        let is_selected = at == list.selected;
        let style = if is_selected { theme.bold } else { theme.text };
        let (name, middle, note) = match row {
            ModelRow::Model { target, provider } => {
                let is_current = *target == model.providers.target;
                let note = match (is_current, provider.models.contains(&target.model)) {
                    (true, _) => format!("{}   {}", provider.note, strings::IN_USE),
                    (false, true) => provider.note.clone(),
                    (false, false) => strings::NOT_LISTED.to_owned(),
                };
                (target.model.clone(), provider.label.clone(), note)
            }
            ModelRow::NotConnected { provider, hint } => {
                if !is_below {
                    is_below = true;
                    lines.push((Line::default(), None));
                    lines.push((styled(&format!("   {}", strings::NOT_CONNECTED), theme.dim), None));
                }
                let note = match &provider.key_source {
                    Some(variable) if provider.takes_key => strings::connect_hint(variable),
                    _ => (*hint).to_owned(),
                };
                (provider.label.clone(), String::new(), note)
            }
        };
        let mut line = styled(" ", theme.text);
        push(&mut line, if is_selected { canvas.symbols.own } else { " " }, theme.accent);
        push(&mut line, " ", theme.text);
        line.push(crate::safe_text::SafeText::line(&name).fit(name_width), style);
        let pad = |line: &mut Line, to: usize| {
            let gap = to.saturating_sub(line.width()).max(2);
            push(line, &" ".repeat(gap), theme.text);
        };
        pad(&mut line, name_width + 6);
        if !middle.is_empty() {
            push(&mut line, &middle, style);
            pad(&mut line, name_width + 20);
        }
        push(&mut line, &note, theme.dim);
        if let Some(trouble) = &row.provider().trouble {
            push(&mut line, "   ", theme.text);
            push(&mut line, trouble, theme.waiting);
        }
        lines.push((line, Some(at)));
    }
    let height = page.body.height.saturating_sub(2) as usize;
    let selected = lines.iter().position(|(_, at)| *at == Some(list.selected)).unwrap_or(0);
    for (row, (line, at)) in lines.into_iter().skip(window(selected, height)).take(height).enumerate() {
        let y = page.body.y + 2 + row as u16;
        if let Some(at) = at {
            canvas.choice(page.body, y, at);
        }
        canvas.line(page.body, 0, y, line);
    }
    Some(cursor)
}
