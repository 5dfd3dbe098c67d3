//! One frame: `prepare` lays out and settles the scroll position, `draw` paints the model into a buffer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::layout::{Layout, SizeClass};
use super::symbols::Symbols;
use super::theme::Theme;
use super::transcript::RenderCache;
use super::{footer, header, live_row, overlay, panel, prompt, transcript};
use crate::app::{Model, Overlay};

fn layout_of(model: &Model) -> Layout {
    let (columns, rows) = model.size;
    let wanted = model.composer.view(Layout::prompt_columns(columns), u16::MAX).total_rows;
    let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
    Layout::new(columns, rows, wanted, model.panel.is_shown(columns))
}

fn theme_of(model: &Model) -> Theme {
    Theme::new(model.look.background, !model.look.is_colourless)
}

/// Lays out what changed and settles what depends on heights: the scroll position, the card, the prompt's width.
pub fn prepare(model: &mut Model, cache: &mut RenderCache) {
    model.composer.set_width(Layout::prompt_columns(model.size.0));
    let layout = layout_of(model);
    let theme = theme_of(model);
    if let Some(card) = cache.lay_out(model, &layout, theme) {
        model.approval.laid_out(card.argument_lines, card.visible);
    }
    model.scroll.settle(cache.heights(), layout.transcript.height as usize, layout.prose);
    if let Some(Overlay::Chats(browser)) = model.overlays.last()
        && let Some(preview) = &browser.preview
    {
        cache.lay_out_preview(preview, model, overlay::preview_columns(model.size.0), theme);
    }
}

/// Paints the model; gives the cursor's place, if it is to be seen.
pub fn draw(model: &Model, cache: &RenderCache, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let layout = layout_of(model);
    let mut canvas = Canvas { buffer, theme: theme_of(model), symbols: Symbols::of(model.look), look: model.look };
    if layout.screen.width == 0 || layout.screen.height == 0 {
        return None;
    }
    if let Some(page) = model.overlays.last()
        && !matches!(page, Overlay::Tools)
        && layout.class != SizeClass::Tiny
    {
        return overlay::draw(&mut canvas, model, cache, page);
    }
    header::draw(&mut canvas, model, &layout);
    if matches!(model.overlays.last(), Some(Overlay::Tools)) {
        overlay::tools(&mut canvas, model, &layout);
    } else {
        transcript::draw(&mut canvas, model, cache, &layout);
        panel::draw(&mut canvas, model, &layout);
    }
    live_row::draw(&mut canvas, model, &layout);
    let cursor = prompt::draw(&mut canvas, model, &layout);
    footer::draw(&mut canvas, model, &layout);
    overlay::leader(&mut canvas, model, &layout);
    cursor
}

/// An empty buffer of this size.
#[must_use]
pub fn buffer(size: (u16, u16)) -> Buffer {
    Buffer::empty(Rect::new(0, 0, size.0, size.1))
}
