//! The list of themes, and a sample of every role, all in the theme that is tried.

use ratatui::style::Style;

use super::{page, window};
use crate::app::{Model, ThemeList};
use crate::config::theme::NamedTheme;
use crate::safe_text::SafeText;
use crate::strings::{self, hint, sample};
use crate::ui::canvas::{Canvas, push, styled};
use crate::ui::line::Line;

/// Columns of the names.
const NAME: usize = 18;

/// Draws the page.
pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, list: ThemeList) -> Option<(u16, u16)> {
    let keys = [("j k", hint::MOVE), ("Enter", hint::USE_FOR_THIS_RUN), ("Esc", hint::CLOSE)];
    let page = page(canvas, model, strings::THEME, "", &keys);
    let sample = sample_lines(canvas);
    let room = (page.body.height as usize).saturating_sub(sample.len() + 1).max(1);
    let rows: Vec<Line> =
        model.themes.all.iter().enumerate().map(|(at, named)| row(canvas, model, named, at, list.selected)).collect();
    let from = window(list.selected, room);
    for (row, at) in (from..rows.len()).take(room).enumerate() {
        canvas.choice(page.body, page.body.y + row as u16, at);
    }
    let shown = rows.into_iter().skip(from).take(room);
    let lines = shown.chain([Line::default()]).chain(sample);
    for (at, line) in lines.take(page.body.height as usize).enumerate() {
        canvas.line(page.body, 0, page.body.y + at as u16, line);
    }
    None
}

fn row(canvas: &Canvas<'_>, model: &Model, named: &NamedTheme, at: usize, selected: usize) -> Line {
    let theme = &canvas.theme;
    let is_selected = at == selected;
    let mut line = styled(" ", theme.text);
    push(&mut line, if is_selected { canvas.symbols.own } else { " " }, theme.accent);
    push(&mut line, " ", theme.text);
    line.push(SafeText::line(&named.name).fit(NAME), if is_selected { theme.bold } else { theme.text });
    let gap = (NAME + 5).saturating_sub(line.width());
    push(&mut line, &" ".repeat(gap), theme.text);
    push(&mut line, &named.about, theme.dim);
    if at == model.themes.chosen {
        push(&mut line, &format!("   {}", strings::IN_USE), theme.dim);
    }
    line
}

/// Each role in a place like those where it is used.
fn sample_lines(canvas: &Canvas<'_>) -> Vec<Line> {
    let (theme, symbols) = (&canvas.theme, &canvas.symbols);
    let line = |pieces: &[(&str, Style)]| {
        let mut line = styled("   ", theme.text);
        for (text, style) in pieces {
            push(&mut line, text, *style);
        }
        line
    };
    let gap = ("   ", theme.text);
    let tick = if theme.has_colour && theme.accent != theme.text { "" } else { "`" };
    let (syntax, diff) = (&theme.syntax, &theme.diff);
    let mut question = styled(" ", theme.text);
    push(&mut question, symbols.own, theme.accent);
    push(&mut question, " ", theme.text);
    push(&mut question, sample::QUESTION, theme.bold);
    push(&mut question, gap.0, gap.1);
    push(&mut question, sample::CLOCK, theme.dim);
    let code = [
        syntax.keyword,
        syntax.function,
        theme.text,
        syntax.type_name,
        theme.text,
        syntax.number,
        theme.text,
        syntax.string,
        theme.text,
        syntax.constant,
        theme.text,
        syntax.comment,
    ];
    let code: Vec<_> = sample::CODE.into_iter().zip(code).collect();
    let mut lines = vec![
        question,
        Line::default(),
        line(&[
            (sample::TEXT, theme.text),
            (" ", theme.text),
            (tick, theme.accent),
            (sample::INLINE_CODE, theme.accent),
            (tick, theme.accent),
            (".", theme.text),
        ]),
        line(&[
            (sample::HIT, theme.hit),
            gap,
            (sample::CURRENT_HIT, theme.current_hit),
            gap,
            (sample::SELECTED, theme.selected),
        ]),
        line(&[
            (symbols.good, theme.good),
            (" ", theme.text),
            (sample::DONE, theme.dim),
            gap,
            ("? ", theme.waiting),
            (strings::WAITING, theme.waiting),
            gap,
            (symbols.bad, theme.bad),
            (" ", theme.text),
            (strings::FAILED, theme.bad),
        ]),
        Line::default(),
        line(&code),
    ];
    lines.extend(sample::DIFF.into_iter().zip([diff.hunk, diff.removed, diff.added]).map(|piece| line(&[piece])));
    lines
}
