//! Going back through what was said, with the draft kept at the end.

/// The texts and where in them the person is.
#[derive(Clone, Debug, Default)]
pub(super) struct Recall {
    texts: Vec<String>,
    /// Steps back from the draft; 0 is the draft itself.
    steps: usize,
    draft: String,
}

impl Recall {
    /// New texts, newest last; who is on the way through them stays at the same text.
    pub(super) fn set(&mut self, texts: Vec<String>) {
        if self.steps > 0 {
            let present = self.texts.get(self.texts.len() - self.steps);
            let place = texts.iter().rposition(|text| Some(text) == present);
            self.steps = place.map_or(self.steps.min(texts.len()).max(1), |place| texts.len() - place);
        }
        self.texts = texts;
    }

    /// Forgets where the person was.
    pub(super) fn leave(&mut self) {
        self.steps = 0;
        self.draft.clear();
    }

    /// One text further back; the first step keeps the draft.
    pub(super) fn back(&mut self, draft: String) -> Option<String> {
        if self.steps >= self.texts.len() {
            return None;
        }
        if self.steps == 0 {
            self.draft = draft;
        }
        self.steps += 1;
        Some(self.texts[self.texts.len() - self.steps].clone())
    }

    /// One text further on; after the newest comes the draft, also where there is no text any more.
    pub(super) fn forward(&mut self) -> Option<String> {
        self.steps = self.steps.checked_sub(1)?;
        if self.steps == 0 {
            return Some(std::mem::take(&mut self.draft));
        }
        Some(self.texts[self.texts.len() - self.steps].clone())
    }
}
