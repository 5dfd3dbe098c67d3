//! What keys do in the browser of saved chats, and what becomes of the chats there.

use super::browser::{About, Asking, Browser, BrowserFocus, Undoable, tags_of};
use super::chat::OpenChat;
use super::effect::Effect;
use super::line_input::LineInput;
use super::model::{Model, Saving};
use super::msg::{ChatList, LoadedChat};
use super::opening::{LoadedFrom, Loading};
use super::overlay::Overlay;
use crate::chat::{ConversationId, Record};
use crate::config::action::Action;
use crate::config::key::{Key, KeyCode};
use crate::config::keymap::Context;
use crate::store::{ChatRow, CommittedWhat, Place};
use crate::strings;
use crate::strings::browser as words;

/// Rows of a page of the list, and lines of one of the preview.
const PAGE: i64 = 10;
/// The list is read anew this often while it is seen, in ms: other instances write too.
const LOOK_AGAIN_MS: u64 = 1000;

impl Model {
    pub(super) fn open_browser(&mut self) -> Vec<Effect> {
        self.open_browser_with("")
    }

    /// Opens it with this in its box.
    pub(super) fn open_browser_with(&mut self, query: &str) -> Vec<Effect> {
        let search = self.next_request_id();
        let mut browser = Browser::new(search, self.now.mono_ms);
        browser.input.text = query.to_owned();
        let effect = list_effect(&browser, false);
        self.overlays.push(Overlay::Chats(Box::new(browser)));
        vec![effect]
    }

    fn browser(&mut self) -> Option<&mut Browser> {
        match self.overlays.last_mut() {
            Some(Overlay::Chats(browser)) => Some(browser),
            _ => None,
        }
    }

    pub(super) fn on_browser_key(&mut self, key: Key) -> Vec<Effect> {
        let request = self.next_request_id();
        let is_new = self.keymap.lookup(Context::Global, key) == Some(Action::New);
        let Some(browser) = self.browser() else { return Vec::new() };
        if let BrowserFocus::Asking(asking) = &mut browser.focus {
            if key == Key::plain(KeyCode::Enter) {
                return self.answer_about_chat();
            }
            asking.input.key(key);
            return Vec::new();
        }
        if is_new {
            return self.act(Action::New);
        }
        match key.code {
            KeyCode::Enter => return self.open_selected_chat(),
            KeyCode::Tab => {
                self.notice = None;
                let Some(browser) = self.browser() else { return Vec::new() };
                browser.focus = match browser.focus {
                    BrowserFocus::Query => BrowserFocus::List,
                    BrowserFocus::List | BrowserFocus::Asking(_) => BrowserFocus::Query,
                };
                return Vec::new();
            }
            KeyCode::PageUp => {
                browser.preview_by -= PAGE;
                return Vec::new();
            }
            KeyCode::PageDown => {
                browser.preview_by += PAGE;
                return Vec::new();
            }
            _ => {}
        }
        let is_in_list = browser.focus == BrowserFocus::List;
        let step = match (key.code, key.typed()) {
            (KeyCode::Up, _) => Some(-1),
            (KeyCode::Down, _) => Some(1),
            (_, Some('j')) if is_in_list => Some(1),
            (_, Some('k')) if is_in_list => Some(-1),
            (_, Some('g')) if is_in_list => Some(i64::from(i32::MIN)),
            (_, Some('G')) if is_in_list => Some(i64::from(i32::MAX)),
            _ => None,
        };
        if let Some(by) = step {
            return self.select_chat(by);
        }
        if is_in_list && let Some(letter) = key.typed() {
            return self.on_list_letter(letter);
        }
        if browser.input.key(key) {
            let effects = search_anew(browser, request);
            self.notice = None;
            return effects;
        }
        Vec::new()
    }

    fn on_list_letter(&mut self, letter: char) -> Vec<Effect> {
        let request = self.next_request_id();
        let Some(browser) = self.browser() else { return Vec::new() };
        match letter {
            '/' => browser.focus = BrowserFocus::Query,
            's' => {
                browser.turn_order();
                return search_anew(browser, request);
            }
            'r' => self.ask_about_chat(About::Title),
            't' => self.ask_about_chat(About::Tags),
            'd' => return self.delete_selected_chat(),
            'p' => return self.pin_selected_chat(),
            'a' => return self.archive_selected_chat(),
            'u' => return self.undo_in_browser(),
            'x' => return self.export_selected_chat(),
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn select_chat(&mut self, by: i64) -> Vec<Effect> {
        let (request, load) = (self.next_request_id(), self.next_request_id());
        let Some(browser) = self.browser() else { return Vec::new() };
        if !browser.select(by) {
            return Vec::new();
        }
        let mut effects: Vec<Effect> = preview_effect(browser, load).into_iter().collect();
        if browser.wants_more() {
            browser.limit *= 4;
            browser.search = request;
            effects.push(list_effect(browser, false));
        }
        effects
    }

    /// A paste goes where typing goes.
    pub(super) fn paste_in_browser(&mut self, text: &str) -> Vec<Effect> {
        let request = self.next_request_id();
        let Some(browser) = self.browser() else { return Vec::new() };
        if let BrowserFocus::Asking(asking) = &mut browser.focus {
            asking.input.paste(text);
            return Vec::new();
        }
        browser.input.paste(text);
        search_anew(browser, request)
    }

    /// Esc leaves what is asked, then clears a search that found nothing; `None` when it leaves the browser.
    pub(super) fn back_in_browser(&mut self) -> Option<Vec<Effect>> {
        let request = self.next_request_id();
        let browser = self.browser()?;
        if matches!(browser.focus, BrowserFocus::Asking(_)) {
            browser.focus = BrowserFocus::List;
            return Some(Vec::new());
        }
        let is_in_vain = matches!(&browser.found, Some(Ok(list)) if list.found.chats.is_empty());
        if is_in_vain && !browser.input.text.is_empty() {
            browser.input.text.clear();
            browser.focus = BrowserFocus::Query;
            return Some(search_anew(browser, request));
        }
        None
    }

    /// Back to the search from which the open chat was opened at its hit, to the same row.
    pub(super) fn back_to_search(&mut self) -> Option<Vec<Effect>> {
        let browser = self.searched.take()?;
        self.chat.marks = None;
        let effect = list_effect(&browser, false);
        self.overlays.push(Overlay::Chats(browser));
        Some(vec![effect])
    }

    /// When the list is to be read anew.
    pub(super) fn browser_due_ms(&self) -> Option<u64> {
        match self.overlays.last() {
            Some(Overlay::Chats(browser)) => Some(browser.listed_ms + LOOK_AGAIN_MS),
            _ => None,
        }
    }

    /// Looks for what other instances wrote.
    pub(super) fn look_again_in_browser(&mut self) -> Vec<Effect> {
        let now = self.now.mono_ms;
        if self.browser_due_ms().is_none_or(|due| due > now) {
            return Vec::new();
        }
        let Some(browser) = self.browser() else { return Vec::new() };
        browser.listed_ms = now;
        vec![list_effect(browser, true)]
    }

    pub(super) fn on_chats_listed(&mut self, search: u64, found: Result<Box<ChatList>, String>) -> Vec<Effect> {
        if let Some((wanted, at)) = self.recent
            && wanted == search
        {
            self.recent = None;
            let found = self.with_unsaved(found).ok();
            let Some(id) = found.and_then(|list| list.found.chats.get(at).map(|found| found.chat.id.clone())) else {
                return Vec::new();
            };
            if self.is_only_here(&id) {
                return Vec::new();
            }
            return self.open_unsaved(&id).unwrap_or_else(|| vec![self.load_chat(id, LoadedFrom::Recent)]);
        }
        let load = self.next_request_id();
        let now = self.now.mono_ms;
        let found = self.with_unsaved(found);
        let Some(browser) = self.browser().filter(|browser| browser.search == search) else { return Vec::new() };
        browser.listed_ms = now;
        browser.take(found);
        preview_effect(browser, load).into_iter().collect()
    }

    /// Whether this is the open chat, and the disk has less of it than the screen.
    fn is_only_here(&self, id: &ConversationId) -> bool {
        *id == self.chat.conversation.id && self.saving != Saving::Works
    }

    /// Opens the selected chat at its hit; at once where its preview is there already and as new as the chat.
    fn open_selected_chat(&mut self) -> Vec<Effect> {
        if self.running_turn().is_some() {
            self.notify(strings::NOTICE_RUNNING_OPEN);
            return Vec::new();
        }
        let open = self.chat.conversation.id.clone();
        let Some(browser) = self.browser() else { return Vec::new() };
        let Some((id, title)) = browser.row().map(|row| (row.id.clone(), row.title.clone())) else { return Vec::new() };
        if self.is_only_here(&id) {
            self.overlays.clear();
            return Vec::new();
        }
        if let Some(effects) = self.open_unsaved(&id) {
            return effects;
        }
        self.forget_load();
        let Some(browser) = self.browser() else { return Vec::new() };
        let at = browser.message().cloned();
        let marks = browser.query().filter(|query| !query.terms.is_empty()).cloned();
        let searched = marks.is_some().then(|| Box::new(Browser { preview: None, ..browser.clone() }));
        let is_new = |preview: &mut Box<LoadedChat>| {
            let is_named_so = preview.conversation.title == title;
            preview.conversation.id == id
                && preview.at == at
                && id != open
                && is_named_so
                && !preview.is_being_written()
        };
        if let Some(preview) = browser.preview.take_if(is_new) {
            let effects = self.open_chat(*preview);
            self.chat.marks = marks;
            self.searched = searched;
            return effects;
        }
        let load = self.next_request_id();
        self.loading = Some(Loading { load, from: LoadedFrom::Browser { marks, searched } });
        vec![Effect::LoadChat { load, id, at }]
    }

    /// The selected chat, unless its answer runs.
    fn chat_to_change(&mut self) -> Option<ChatRow> {
        let is_running = self.running_turn().is_some();
        let open = self.chat.conversation.id.clone();
        let row = self.browser()?.row()?.clone();
        if row.id == open && is_running {
            self.notify(strings::NOTICE_RUNNING_OPEN);
            return None;
        }
        Some(row)
    }

    fn delete_selected_chat(&mut self) -> Vec<Effect> {
        if self.browser().is_some_and(|browser| browser.query().is_some_and(|query| query.place == Place::Trash)) {
            self.notify(words::NOTICE_ALREADY_DELETED);
            return Vec::new();
        }
        let Some(row) = self.chat_to_change() else { return Vec::new() };
        let mut effects = Vec::new();
        if row.id == self.chat.conversation.id {
            effects = self.leave_for(OpenChat::new);
        }
        let record = Record::Deleted { conversation: row.id.clone(), time_ms: self.now.unix_ms };
        let undo = Record::Restored { conversation: row.id.clone() };
        let notice = words::notice_deleted(&row.title);
        effects.extend(self.change(CommittedWhat::Deleted(row.id), record, undo, &row.title, notice));
        effects
    }

    fn pin_selected_chat(&mut self) -> Vec<Effect> {
        let now = self.now.unix_ms;
        let Some(row) = self.browser().and_then(|browser| browser.row().cloned()) else { return Vec::new() };
        let pinned =
            |is_pinned: bool| Record::Pinned { conversation: row.id.clone(), since_ms: is_pinned.then_some(now) };
        let notice = words::notice_pinned(&row.title, !row.is_pinned);
        let what = CommittedWhat::Changed(row.id.clone());
        self.change(what, pinned(!row.is_pinned), pinned(row.is_pinned), &row.title, notice)
    }

    fn archive_selected_chat(&mut self) -> Vec<Effect> {
        let now = self.now.unix_ms;
        let Some(row) = self.chat_to_change() else { return Vec::new() };
        let archived =
            |is_archived: bool| Record::Archived { conversation: row.id.clone(), since_ms: is_archived.then_some(now) };
        let notice = words::notice_archived(&row.title, !row.is_archived);
        let what = CommittedWhat::Changed(row.id.clone());
        self.change(what, archived(!row.is_archived), archived(row.is_archived), &row.title, notice)
    }

    /// Takes the last change back; in the trash, the selected chat comes back.
    fn undo_in_browser(&mut self) -> Vec<Effect> {
        let Some(browser) = self.browser() else { return Vec::new() };
        let is_trash = browser.query().is_some_and(|query| query.place == Place::Trash);
        let selected = browser.row().cloned().filter(|_| is_trash);
        if let Some(row) = selected {
            self.undoable.retain(|undoable| undoable.record != Record::Restored { conversation: row.id.clone() });
            self.promise(CommittedWhat::Restored(row.id.clone()), words::notice_restored(&row.title));
            return self.record_and_list(Record::Restored { conversation: row.id });
        }
        let Some(Undoable { record, title }) = self.undoable.pop() else {
            self.notify(strings::NOTICE_NO_UNDO);
            return Vec::new();
        };
        match &record {
            Record::Restored { conversation } => {
                self.promise(CommittedWhat::Restored(conversation.clone()), words::notice_restored(&title));
            }
            Record::Renamed { conversation, title: old } => {
                if *conversation == self.chat.conversation.id {
                    self.chat.apply(&record);
                }
                self.promise(CommittedWhat::Renamed(conversation.clone()), words::notice_renamed(old));
            }
            Record::Pinned { conversation, .. }
            | Record::Archived { conversation, .. }
            | Record::Tagged { conversation, .. } => {
                self.promise(CommittedWhat::Changed(conversation.clone()), words::notice_undone(&title));
            }
            _ => {}
        }
        let chat = record.chat().cloned();
        if let Some(browser) = self.browser() {
            browser.wanted = chat;
        }
        self.record_and_list(record)
    }

    /// Asks for another title, or for tags.
    fn ask_about_chat(&mut self, about: About) {
        self.notice = None;
        let Some(browser) = self.browser() else { return };
        let Some(row) = browser.row().cloned() else { return };
        let text = match about {
            About::Title => row.title.clone(),
            About::Tags => row.tags.join(" "),
        };
        browser.focus = BrowserFocus::Asking(Asking { about, chat: row.id, input: LineInput { text } });
    }

    fn answer_about_chat(&mut self) -> Vec<Effect> {
        let Some(browser) = self.browser() else { return Vec::new() };
        let BrowserFocus::Asking(asking) = std::mem::replace(&mut browser.focus, BrowserFocus::List) else {
            return Vec::new();
        };
        let Some(row) = browser.rows().iter().map(|found| &found.chat).find(|row| row.id == asking.chat).cloned()
        else {
            return Vec::new();
        };
        let conversation = row.id.clone();
        match asking.about {
            About::Title => {
                let title = asking.input.text.trim().to_owned();
                if title.is_empty() || title == row.title {
                    return Vec::new();
                }
                let record = Record::Renamed { conversation: conversation.clone(), title: title.clone() };
                if conversation == self.chat.conversation.id {
                    self.chat.apply(&record);
                }
                let undo = Record::Renamed { conversation: conversation.clone(), title: row.title };
                let notice = words::notice_renamed(&title);
                self.change(CommittedWhat::Renamed(conversation), record, undo, &title, notice)
            }
            About::Tags => {
                let tags = tags_of(&asking.input.text);
                let notice = words::notice_tagged(&tags);
                let record = Record::Tagged { conversation: conversation.clone(), tags };
                let undo = Record::Tagged { conversation: conversation.clone(), tags: row.tags };
                self.change(CommittedWhat::Changed(conversation), record, undo, &row.title, notice)
            }
        }
    }

    fn export_selected_chat(&mut self) -> Vec<Effect> {
        let Some(row) = self.browser().and_then(|browser| browser.row().cloned()) else { return Vec::new() };
        vec![Effect::Export { id: row.id }]
    }

    /// Records a change that `u` takes back; the notice comes when it is on the disk.
    fn change(
        &mut self,
        what: CommittedWhat,
        record: Record,
        undo: Record,
        title: &str,
        notice: String,
    ) -> Vec<Effect> {
        self.undoable.push(Undoable { record: undo, title: title.to_owned() });
        self.promise(what, notice);
        self.record_and_list(record)
    }

    fn record_and_list(&mut self, record: Record) -> Vec<Effect> {
        let request = self.next_request_id();
        let mut effects = vec![Effect::Append(record)];
        if let Some(browser) = self.browser() {
            browser.search = request;
            effects.push(list_effect(browser, false));
        }
        effects
    }
}

fn search_anew(browser: &mut Browser, request: u64) -> Vec<Effect> {
    browser.search = request;
    browser.is_other = true;
    browser.limit = super::browser::LISTED;
    vec![list_effect(browser, false)]
}

fn list_effect(browser: &Browser, is_again: bool) -> Effect {
    Effect::ListChats {
        search: browser.search,
        query: browser.input.text.clone(),
        order: browser.order,
        limit: browser.limit,
        is_again,
    }
}

/// Asks for the preview of the selected chat.
fn preview_effect(browser: &mut Browser, load: u64) -> Option<Effect> {
    let at = browser.message().cloned();
    let wanted = browser.row().map(|row| (row.id.clone(), row.updated_ms, row.title.clone()));
    let is_shown = |preview: &LoadedChat, id: &ConversationId| preview.conversation.id == *id && preview.at == at;
    if let (Some(preview), Some((id, updated_ms, title))) = (&browser.preview, &wanted)
        && is_shown(preview, id)
        && preview.updated_ms == *updated_ms
        && preview.conversation.title == *title
        && !preview.is_being_written()
    {
        return None;
    }
    let is_other = match (&browser.preview, &wanted) {
        (Some(preview), Some((id, ..))) => !is_shown(preview, id),
        _ => true,
    };
    if is_other {
        browser.preview_by = 0;
        browser.preview = None;
    }
    let (id, ..) = wanted?;
    browser.load = load;
    Some(Effect::LoadChat { load, id, at })
}
