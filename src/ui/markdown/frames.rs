//! The containers around a block (quotes, lists, items) on an explicit stack that stops growing at a fixed depth; what is
//! deeper is drawn flat. Prefixes take no more than about half of the width, so a line costs the same at any depth. Pure.

use super::Options;
use crate::safe_text::SafeText;
use crate::ui::line::Line;

/// Quotes, lists and items kept on the stack: 64 lists, each with its item.
const MAX_FRAMES: usize = 128;
/// Columns left for text beside the mark of an item that stands deeper than prefixes reach.
const LEAST_ROOM: usize = 5;

/// One container.
pub(super) enum Frame {
    Quote,
    List {
        next: Option<u64>,
    },
    Item {
        marker: SafeText,
        is_drawn: bool,
        /// It holds paragraphs, so that a blank line follows it.
        is_loose: bool,
    },
    /// What stands beneath the line of a fold.
    Fold,
}

impl Frame {
    fn columns(&self) -> usize {
        match self {
            Self::Quote | Self::Fold => 2,
            Self::List { .. } => 0,
            Self::Item { marker, .. } => marker.width(),
        }
    }

    /// What stands before each line in it, but for the first of an item.
    fn push_rest(&self, prefix: &mut Line, options: &Options<'_>) {
        match self {
            Self::Quote => prefix.push(SafeText::own(if options.ascii_lines { "| " } else { "│ " }), options.theme.dim),
            Self::List { .. } => {}
            Self::Fold => prefix.push(SafeText::own("  "), options.theme.text),
            Self::Item { marker, .. } => prefix.push(SafeText::line(&" ".repeat(marker.width())), options.theme.text),
        }
    }
}

/// The containers open now, the outermost first.
pub(super) struct Frames<'a> {
    options: &'a Options<'a>,
    stack: Vec<Frame>,
    /// Containers opened beyond the stack.
    deeper: usize,
}

impl<'a> Frames<'a> {
    pub(super) fn new(options: &'a Options<'a>) -> Self {
        Self { options, stack: Vec::new(), deeper: 0 }
    }

    pub(super) fn push(&mut self, frame: Frame) {
        if self.stack.len() >= MAX_FRAMES {
            self.deeper += 1;
        } else {
            self.stack.push(frame);
        }
    }

    /// Closes the innermost container, which is handed out where it was kept.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        if self.deeper > 0 {
            self.deeper -= 1;
            return None;
        }
        self.stack.pop()
    }

    /// A paragraph stands in the innermost container.
    pub(super) fn holds_paragraph(&mut self) {
        if let (0, Some(Frame::Item { is_loose, .. })) = (self.deeper, self.stack.last_mut()) {
            *is_loose = true;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.stack.len()
    }

    /// Whether so many more containers would still be kept.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        self.stack.len() + more <= MAX_FRAMES
    }

    pub(super) fn is_in_fold(&self) -> bool {
        self.deeper == 0 && matches!(self.stack.last(), Some(Frame::Fold))
    }

    pub(super) fn is_in_quote(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Quote))
    }

    pub(super) fn is_in_undrawn_item(&self) -> bool {
        self.deeper == 0 && matches!(self.stack.last(), Some(Frame::Item { is_drawn: false, .. }))
    }

    /// The mark of the next item of the innermost list, whose source this is. It has its own number where that goes on.
    pub(super) fn next_marker(&mut self, item: &str) -> SafeText {
        match self.stack.last_mut() {
            Some(Frame::List { next: Some(number) }) => {
                let digits = item.bytes().take_while(u8::is_ascii_digit).count();
                *number = item[..digits].parse().unwrap_or(*number).max(*number);
                let marker = SafeText::line(&format!("{number}.  "));
                *number = number.saturating_add(1);
                marker
            }
            _ => SafeText::own("-  "),
        }
    }

    /// Which of the outermost `depth` frames have a place in the prefix: as many as take half of the width, and the
    /// innermost item, where there is room beside it.
    fn kept(&self, depth: usize) -> Vec<bool> {
        let width = usize::from(self.options.width);
        let frames = &self.stack[..depth.min(self.stack.len())];
        let innermost = frames.iter().rposition(|frame| matches!(frame, Frame::Item { .. }));
        let (mut used, mut is_over) = (0, false);
        let mut kept = Vec::with_capacity(frames.len());
        for (at, frame) in frames.iter().enumerate() {
            let end = used + frame.columns();
            is_over |= end > width / 2;
            let is_kept = !is_over || (innermost == Some(at) && end + LEAST_ROOM <= width);
            used = if is_kept { end } else { used };
            kept.push(is_kept);
        }
        kept
    }

    /// The prefix of a line that is not the first of its items, within the outermost `depth` frames.
    pub(super) fn prefix_of(&self, depth: usize) -> Line {
        let mut prefix = Line::default();
        for (frame, is_kept) in self.stack.iter().zip(self.kept(depth)) {
            if is_kept {
                frame.push_rest(&mut prefix, self.options);
            }
        }
        prefix.as_lead()
    }

    /// The prefixes of the next line, with the marks of items not drawn yet, and of those after it.
    pub(super) fn prefixes(&mut self) -> (Line, Line) {
        let rest = self.prefix_of(self.stack.len());
        let kept = self.kept(self.stack.len());
        let mut first = Line::default();
        // The mark of an item is text, and what stands before it is none. One with a quote beside it is none either.
        let mut lead = None;
        for (frame, is_kept) in self.stack.iter_mut().zip(kept) {
            match frame {
                Frame::Item { marker, is_drawn, .. } if !*is_drawn => {
                    *is_drawn = true;
                    if is_kept {
                        lead.get_or_insert_with(|| first.clone().as_lead().lead);
                        first.push(marker.clone(), self.options.theme.text);
                    }
                }
                Frame::Quote if is_kept => {
                    frame.push_rest(&mut first, self.options);
                    lead = None;
                }
                _ if is_kept => frame.push_rest(&mut first, self.options),
                _ => {}
            }
        }
        let first = first.as_lead();
        (Line { lead: lead.unwrap_or(first.lead), ..first }, rest)
    }
}
