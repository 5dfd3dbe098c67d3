//! One frame: `prepare` lays out and settles the scroll position, `draw` puts the model into a picture.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::layout::{Layout, TEXT_COLUMN};
use super::picture::Picture;
use super::theme::Theme;
use super::transcript::{Growing, RenderCache};
use super::{find, footer, header, hints, live_row, overlay, panel, prompt, scroll_bar, selecting, transcript};
use crate::app::{Focus, Model, Move, Overlay, Spot};

fn layout_of(model: &Model) -> Layout {
    let (columns, rows) = model.size;
    let wanted = model.composer.view(Layout::prompt_columns(columns), u16::MAX).total_rows;
    let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
    Layout::new(columns, rows, wanted, model.panel.is_shown(columns))
}

fn theme_of(model: &Model) -> Theme {
    Theme::of(model.theme(), model.look)
}

/// Lays out what changed and settles what depends on heights: the scroll position, the card, the prompt's width.
pub fn prepare(model: &mut Model, cache: &mut RenderCache) {
    match cache.grow(model) {
        Some(Growing::Row) => return,
        Some(Growing::Conversation(layout)) => {
            settle(model, cache, &layout);
            cache.note_settled(model);
            cache.want_colours(model.scroll.settled.top, model.scroll.settled.viewport);
            return;
        }
        None => {}
    }
    model.composer.set_width(Layout::prompt_columns(model.size.0));
    let layout = layout_of(model);
    let theme = theme_of(model);
    if let Some(card) = cache.lay_out(model, &layout, &theme) {
        model.approval.laid_out(card.argument_lines, card.visible);
    }
    hold_reading(model, cache);
    settle(model, cache, &layout);
    show_wanted_hit(model, cache, &layout, &theme);
    if model.find.is_some() {
        if let Some((item, line)) = find::settle(model, cache, &layout) {
            model.scroll.request(Move::Find { item, line });
        }
        settle(model, cache, &layout);
    } else {
        cache.finder = None;
    }
    cache.want_colours(model.scroll.settled.top, model.scroll.settled.viewport);
    keep_selection_in_view(model, cache);
    if let Some(wish) = selecting::settle(model, cache, layout.inset()) {
        model.scroll.request(wish);
        settle(model, cache, &layout);
    }
    cache.note_settled(model);
    let settled = model.scroll.settled;
    if model.overlays.is_empty() && settled.top + settled.viewport >= settled.total {
        model.approval.drawn();
    }
    if model.panel.scrolled_up > 0 {
        model.panel.scrolled_up = panel::most_scrolled(model, calls_body(model, &layout)).min(model.panel.scrolled_up);
    }
    hints::settle(model, cache, &layout);
    if let Some(Overlay::Wire(page)) = model.overlays.last_mut() {
        overlay::settle_wire(page, model.size);
    }
    if let Some(Overlay::Chats(browser)) = model.overlays.last() {
        cache.lay_out_preview(browser, model, overlay::preview_columns(model.size.0), &theme);
    }
    match model.overlays.last_mut() {
        Some(Overlay::Chats(browser)) => overlay::settle_preview(browser, cache, model.size),
        Some(Overlay::Compare(page)) => overlay::settle_compare(page, model.size, &theme),
        _ => {}
    }
}

/// Where rows were made anew, the line that was read stays at the top of the view.
fn hold_reading(model: &mut Model, cache: &mut RenderCache) {
    let Some((item, line)) = cache.take_reading(model) else { return };
    let before = model.scroll.place();
    model.scroll.hold(item, line);
    if let Some(find) = &mut model.find {
        find.held_at(before, model.scroll.place());
    }
}

/// Brings the hit at which a chat was opened into view, once it is laid out. What is folded away is opened for it.
fn show_wanted_hit(model: &mut Model, cache: &mut RenderCache, layout: &Layout, theme: &Theme) {
    let Some(item) = model.scroll.wanted_hit() else { return };
    let find = |model: &Model, cache: &RenderCache| cache.first_hit(item, model.chat.marks.as_ref()?);
    let mut hit = find(model, cache);
    if hit.is_none() && !model.is_expanded && !cache.is_item_behind(item) {
        expand(model, cache, true, (layout, theme));
        hit = find(model, cache);
        if hit.is_none() && !cache.is_item_behind(item) {
            expand(model, cache, false, (layout, theme));
        }
    }
    if hit.is_none() && cache.is_item_behind(item) {
        return;
    }
    model.scroll.forget_wanted_hit();
    if let Some(line) = hit {
        model.scroll.reveal(item, line);
        settle(model, cache, layout);
    }
}

fn expand(model: &mut Model, cache: &mut RenderCache, is_expanded: bool, (layout, theme): (&Layout, &Theme)) {
    model.is_expanded = is_expanded;
    cache.lay_out(model, layout, theme);
    hold_reading(model, cache);
    settle(model, cache, layout);
}

/// Where the tool calls stand.
fn calls_body(model: &Model, layout: &Layout) -> Rect {
    match model.overlays.last() {
        Some(Overlay::Tools) => overlay::tools_body(layout),
        _ => panel::body(layout),
    }
}

/// What is on the screen at this column and row, and whether that is above (-1) or below (1) the conversation.
#[must_use]
pub fn spot(model: &Model, cache: &RenderCache, (x, y): (u16, u16)) -> (Spot, i64) {
    let layout = layout_of(model);
    let area = layout.transcript;
    let (is_above, is_below) = (y < area.top(), y >= area.bottom());
    let beyond = i64::from(is_below) - i64::from(is_above);
    match model.overlays.last() {
        Some(Overlay::Tools) if !is_above && !is_below => {
            return (panel::call_at(model, calls_body(model, &layout), y).map_or(Spot::Panel, Spot::Call), beyond);
        }
        Some(Overlay::Tools) | None => {}
        Some(page) => {
            let mut canvas = Canvas::empty(model, &theme_of(model));
            overlay::draw(&mut canvas, model, cache, page);
            return (canvas.choice_at((x, y)).map_or(Spot::Page, Spot::Choice), beyond);
        }
    }
    let is_in = |area: Rect| area.contains((x, y).into());
    let spot = if is_in(layout.prompt) && model.find.is_none() {
        let first = model.composer.view(Layout::prompt_columns(model.size.0), layout.prompt.height).first_row;
        Spot::Prompt { row: first + (y - layout.prompt.y), column: x.saturating_sub(TEXT_COLUMN) }
    } else if is_in(layout.panel) {
        panel::call_at(model, calls_body(model, &layout), y).map_or(Spot::Panel, Spot::Call)
    } else if let Some(top) = scroll_bar::top_at(model, &layout, (x, y)) {
        Spot::ScrollBar { top }
    } else if is_in(area) && !model.chat.conversation.entries.is_empty() {
        let line = model.scroll.settled.top + usize::from(y - area.y);
        selecting::nearest(model, cache, line, x, layout.inset()).map_or(Spot::Conversation, Spot::Text)
    } else {
        Spot::Nothing
    };
    (spot, beyond)
}

/// Settles the scroll position. What comes into view may turn out higher or lower than it was taken for; the line that is
/// read stays.
fn settle(model: &mut Model, cache: &mut RenderCache, layout: &Layout) {
    let viewport = layout.transcript.height as usize;
    loop {
        model.scroll.settle(cache.heights(), viewport, layout.prose);
        if !cache.lay_out_seen(model, model.scroll.settled.top, viewport) {
            return;
        }
    }
}

/// Where the selected message is scrolled out of view, the first one in view is meant.
fn keep_selection_in_view(model: &mut Model, cache: &RenderCache) {
    if model.focus != Focus::Messages {
        return;
    }
    let (top, viewport) = (model.scroll.settled.top, model.scroll.settled.viewport);
    let Some(selected) = model.selected_place() else { return };
    if viewport == 0 {
        return;
    }
    let heights = cache.heights();
    let seen = heights.at(top).0..heights.at(top + viewport - 1).0 + 1;
    if !seen.contains(&selected) {
        model.select_among(seen);
    }
}

/// Puts the model, as it was prepared, into the picture.
pub fn draw(model: &Model, cache: &RenderCache, picture: &mut Picture) {
    if picture.number() + 1 == cache.number() && patch(model, cache, picture) {
        debug_assert!(is_whole(model, cache, picture), "something else changed than what was drawn");
    } else {
        draw_whole(model, cache, picture);
    }
}

/// Draws what differs from the frame before, where that is known; `false` where all is to be drawn.
fn patch(model: &Model, cache: &RenderCache, picture: &mut Picture) -> bool {
    let Some(look) = cache.look() else { return false };
    let mut canvas = Canvas::empty(model, &look.theme);
    let Some(part) = transcript::draw_growth(&mut canvas, model, cache) else { return false };
    picture.note_frame(cache.number(), picture.cursor());
    picture.patch(part, &canvas.pieces, &look.theme)
}

fn draw_whole(model: &Model, cache: &RenderCache, picture: &mut Picture) {
    let theme = theme_of(model);
    let layout = layout_of(model);
    let screen = Rect::new(0, 0, model.size.0, model.size.1);
    let mut canvas = Canvas::empty(model, &theme);
    let cursor = if screen.is_empty() { None } else { draw_all(&mut canvas, model, cache, &layout) };
    picture.show(model.size, layout.transcript.right(), &canvas.pieces, &theme);
    picture.note_frame(cache.number(), cursor);
}

/// Whether the picture is what it would be if all of it was drawn.
fn is_whole(model: &Model, cache: &RenderCache, picture: &Picture) -> bool {
    let mut whole = picture.clone();
    draw_whole(model, cache, &mut whole);
    picture.links().are_too_many()
        || whole.cells() == picture.cells()
            && whole.rows().numbers == picture.rows().numbers
            && whole.cursor() == picture.cursor()
}

fn draw_all<'a>(canvas: &mut Canvas<'a>, model: &Model, cache: &'a RenderCache, layout: &Layout) -> Option<(u16, u16)> {
    if let Some(page) = model.overlays.last()
        && !matches!(page, Overlay::Tools)
    {
        return overlay::draw(canvas, model, cache, page);
    }
    header::draw(canvas, model, layout);
    if matches!(model.overlays.last(), Some(Overlay::Tools)) {
        overlay::tools(canvas, model, layout);
    } else {
        transcript::draw(canvas, model, cache, layout);
        scroll_bar::draw(canvas, model, cache, layout);
        hints::draw(canvas, model, cache, layout);
        panel::draw(canvas, model, layout);
    }
    live_row::draw(canvas, model, layout);
    let cursor = prompt::draw(canvas, model, layout);
    footer::draw(canvas, model, layout);
    overlay::leader(canvas, model, layout);
    cursor
}
