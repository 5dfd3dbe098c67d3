//! One tool call, whole: its arguments and its result.

use serde_json::Value;

use super::page;
use crate::agent::TrackedCall;
use crate::app::Model;
use crate::chat::Arguments;
use crate::safe_text::SafeText;
use crate::strings::hint;
use crate::ui::canvas::{Canvas, styled};
use crate::ui::line::Line;
use crate::ui::wrap;

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, at: usize, top: usize) -> Option<(u16, u16)> {
    let call = model.turn.as_ref().and_then(|turn| turn.tracker().calls.get(at))?;
    let keys = [("j k", hint::MOVE), ("PgDn", hint::PAGE), ("y", hint::COPY), ("Esc", hint::CLOSE)];
    let page = page(canvas, model, &call.name, "", &keys);
    let lines = lines(canvas, call, page.body.width.saturating_sub(6).max(8) as usize);
    let last = lines.len().saturating_sub(page.body.height as usize);
    for (row, line) in lines.into_iter().skip(top.min(last)).take(page.body.height as usize).enumerate() {
        canvas.line(page.body, 3, page.body.y + row as u16, line);
    }
    None
}

fn lines(canvas: &Canvas<'_>, call: &TrackedCall, width: usize) -> Vec<Line> {
    let theme = canvas.theme;
    let arguments = match &call.arguments {
        Some(Arguments::Object(map)) => pretty(&Value::Object(map.clone())),
        Some(Arguments::Raw(text)) => text.clone(),
        None => call.arguments_text.clone(),
    };
    let output = match serde_json::from_str::<Value>(&call.output) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => pretty(&value),
        _ => call.output.clone(),
    };
    let mut lines = Vec::new();
    for text in [arguments, output] {
        for piece in wrap::wrap_plain(&SafeText::block(&text), width) {
            lines.push(Line::styled(piece, theme.text));
        }
        lines.push(styled("", theme.text));
    }
    lines
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}
