//! The words of the browser of saved chats.

use super::thousands;

/// Its head.
pub const SAVED_CHATS: &str = "Saved chats";
/// Its head in the archive.
pub const ARCHIVE: &str = "Archive";
/// Its head in the trash.
pub const TRASH: &str = "Trash";
/// Without chats.
pub const NO_CHATS: &str = "No saved chats yet. Each chat is saved from its first question.";
/// Without archived chats.
pub const NO_ARCHIVE: &str = "Nothing archived.";
/// Without deleted chats.
pub const NO_TRASH: &str = "Nothing deleted.";
/// Group of pinned chats.
pub const PINNED: &str = "Pinned";
/// Group of the days.
pub const TODAY: &str = "Today";
/// Group of the days.
pub const YESTERDAY: &str = "Yesterday";
/// Group of the days.
pub const THIS_WEEK: &str = "Last 7 days";
/// Group of the days.
pub const THIS_MONTH: &str = "Last 31 days";
/// Group of the days.
pub const OLDER: &str = "Older";
/// The order by title.
pub const BY_TITLE: &str = "by title";
/// The order by length.
pub const BY_LENGTH: &str = "longest first";
/// Some of the filters there are.
pub const FILTERS: &str = "model:   since:   tag:   has:code   in:trash";
/// Asks for a title.
pub const TITLE: &str = "Title: ";
/// Asks for tags.
pub const TAGS: &str = "Tags: ";
/// Deleting what is in the trash.
pub const NOTICE_ALREADY_DELETED: &str = "It is deleted already. u brings it back.";
/// Stands beside an archived chat's facts.
pub const ARCHIVED: &str = "archived";
/// Stands beside a deleted chat's facts.
pub const DELETED: &str = "deleted";

/// `4 of 10,214   11 hits   8 ms`; without a total where it is one of other chats.
#[must_use]
pub fn listed(shown: usize, total: Option<u64>, hits: Option<usize>, is_more: bool, took_ms: u64) -> String {
    let plus = if is_more { "+" } else { "" };
    let shown = thousands(shown as u64);
    let hits = match hits {
        Some(1) => format!("   1{plus} hit"),
        Some(hits) => format!("   {}{plus} hits", thousands(hits as u64)),
        None => String::new(),
    };
    match total {
        Some(total) => format!("{shown} of {}{hits}   {took_ms} ms", thousands(total)),
        None => format!("{shown}{hits}   {took_ms} ms"),
    }
}

/// While the search index is still being made.
#[must_use]
pub fn unindexed(count: u64) -> String {
    format!("{} older messages are not searched yet", thousands(count))
}

/// Nothing has the words.
#[must_use]
pub fn nothing_found(query: &str, nearest: Option<&(String, usize)>) -> String {
    match nearest {
        Some((word, count)) => {
            format!("Nothing found for \"{query}\". Nearest: {word} ({}).   Esc clears.", thousands(*count as u64))
        }
        None => format!("Nothing found for \"{query}\".   Esc clears."),
    }
}

/// The filters leave nothing.
#[must_use]
pub fn all_left_out(filters: &str) -> String {
    format!("No chats with {filters}.   Esc clears.")
}

/// A filter whose value means nothing.
#[must_use]
pub fn unknown_filter(filter: &str) -> String {
    let values = match filter.split(':').next() {
        Some("since") => "today, yesterday, week, 12h, 7d, 2w, 3m, 1y or a date such as 2026-01-31",
        Some("role") => "user, assistant or tool",
        Some("has") => "code or tool",
        Some("in") => "archive or trash",
        _ => "pinned, archived or deleted",
    };
    format!("{filter} means nothing; it may be {values}.")
}

/// Notice after a delete.
#[must_use]
pub fn notice_deleted(title: &str) -> String {
    format!("Deleted \"{title}\". u brings it back.")
}

/// Notice after an undone delete.
#[must_use]
pub fn notice_restored(title: &str) -> String {
    format!("\"{title}\" is back.")
}

/// Notice after another change was undone.
#[must_use]
pub fn notice_undone(title: &str) -> String {
    format!("\"{title}\" is as it was.")
}

/// Notice after a chat has another title.
#[must_use]
pub fn notice_renamed(title: &str) -> String {
    format!("Now called \"{title}\".")
}

/// Notice after a chat was pinned, or no longer.
#[must_use]
pub fn notice_pinned(title: &str, is_pinned: bool) -> String {
    if is_pinned { format!("Pinned \"{title}\".") } else { format!("\"{title}\" is no longer pinned.") }
}

/// Notice after a chat was archived, or no longer.
#[must_use]
pub fn notice_archived(title: &str, is_archived: bool) -> String {
    if is_archived {
        format!("Archived \"{title}\". u brings it back, in:archive shows all.")
    } else {
        format!("\"{title}\" is out of the archive.")
    }
}

/// Notice after tags were given.
#[must_use]
pub fn notice_tagged(tags: &[String]) -> String {
    if tags.is_empty() { "No tags.".to_owned() } else { format!("Tagged {}.", tag_list(tags)) }
}

/// `#work #tents`.
#[must_use]
pub fn tag_list(tags: &[String]) -> String {
    tags.iter().map(|tag| format!("#{tag}")).collect::<Vec<_>>().join(" ")
}

/// Notice after a chat was written to a file.
#[must_use]
pub fn notice_exported(place: &str) -> String {
    format!("Exported to {place}.")
}
