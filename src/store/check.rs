//! Looks through a whole history and says what does not hold together; mends it where that was asked for, after a copy was
//! made. Looking changes nothing and waits for nobody: other instances may go on writing meanwhile.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::error::StoreError;
use super::{FILE_NAME, instance, mend, open, repair, salvage, schema};

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file itself is damaged.
    Damage,
    /// Only the search index is damaged.
    SearchDamage,
    /// Messages whose chat is missing.
    NoChat,
    /// Pieces of text or images whose message is missing.
    NoMessage,
    /// Messages whose predecessor is missing; they are shown behind the one written before them.
    NoParent,
    /// Answers that are noted as being written by an instance that is gone.
    Unfinished,
    /// Calls of tools without a result, by an instance that is gone.
    OpenCalls,
    /// Chats that are noted with another number of messages than they have.
    Counts,
    /// Messages that the search does not know and that do not wait for it.
    NotSearched,
    /// Messages that the search knows and that are not there.
    SearchedInVain,
}

impl Problem {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Damage => "damage",
            Self::SearchDamage => "search_damage",
            Self::NoChat => "no_chat",
            Self::NoMessage => "no_message",
            Self::NoParent => "no_parent",
            Self::Unfinished => "unfinished",
            Self::OpenCalls => "open_calls",
            Self::Counts => "counts",
            Self::NotSearched => "not_searched",
            Self::SearchedInVain => "searched_in_vain",
        }
    }
}

/// A problem, and how often it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What.
    pub problem: Problem,
    /// How often.
    pub count: u64,
    /// `SQLite`'s own words, where it has found it.
    pub details: Vec<String>,
}

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every page of the file.
    File,
    /// Chats and messages.
    Messages,
    /// What the search knows.
    Search,
    /// A copy is made before anything is changed.
    Copy,
    /// What is wrong is mended.
    Mend,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The file.
    pub path: PathBuf,
    /// Its format, and the newest one known here.
    pub format: (i64, i64),
    /// Chats, with deleted ones.
    pub chats: u64,
    /// Messages.
    pub messages: u64,
    /// Messages that wait to be brought into the search index; nothing is wrong with that.
    pub unindexed: u64,
    /// What is wrong.
    pub defects: Vec<Defect>,
    /// Copies made before changes, and damaged files, that lie beside it.
    pub beside: Vec<PathBuf>,
}

/// Looks through the history of this data folder; `None` when there is none.
pub fn check(folder: &Path, progress: &mut dyn FnMut(Step)) -> Result<Option<Checked>, StoreError> {
    let path = folder.join(FILE_NAME);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    super::place::is_usable(&path)?;
    let mut checked = Checked { beside: lying_beside(folder), path, ..Checked::default() };
    progress(Step::File);
    match look(folder, &mut checked, progress) {
        Err(error) if error.is_damage() => {
            // In SQLite's own words: what to do about it, the check says itself.
            let why = match &error {
                StoreError::Sqlite(rusqlite::Error::SqliteFailure(_, Some(words))) => words.clone(),
                other => other.to_string(),
            };
            if !checked.defects.iter().any(|defect| defect.problem == Problem::Damage) {
                checked.defects.push(Defect { problem: Problem::Damage, count: 1, details: vec![why] });
            }
            Ok(Some(checked))
        }
        Err(error) => Err(error),
        Ok(()) => Ok(Some(checked)),
    }
}

/// Mends what can be mended, after a copy was made; gives what holds then. `tell` hears what was done.
pub fn repair(
    folder: &Path,
    progress: &mut dyn FnMut(Step),
    tell: &mut dyn FnMut(String),
) -> Result<Option<Checked>, StoreError> {
    let Some(found) = check(folder, progress)? else { return Ok(None) };
    if found.format.0 > found.format.1 {
        return Err(StoreError::Newer { found: found.format.0, known: found.format.1 });
    }
    let has = |problem| found.defects.iter().any(|defect| defect.problem == problem);
    let is_damaged = has(Problem::Damage) || has(Problem::SearchDamage);
    if found.defects.iter().all(|defect| defect.problem == Problem::NoParent) {
        return Ok(Some(found));
    }
    if is_damaged {
        // Opening it sets it aside, or makes the search index anew.
        mend::mark(folder)?;
    }
    progress(Step::Copy);
    let mut history = open::for_writing(folder, tell)?;
    if !is_damaged {
        schema::back_up(&history, folder, schema::VERSION)?;
    }
    progress(Step::Mend);
    repair::mark_all_interrupted(&mut history, folder, &mut || uuid::Uuid::now_v7().simple().to_string())?;
    let transaction = history.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "defer_foreign_keys", true)?;
    transaction.execute_batch(
        "insert into conversation (seq, id, title, provider, model, created_ms, updated_ms)
           select chat, 'recovered-' || chat, 'Recovered', '', '', min(time_ms), max(time_ms) from message
           where chat not in (select seq from conversation) group by chat;",
    )?;
    for (table, role) in [("chunk", "assistant"), ("attachment", "user")] {
        let lost: Vec<String> = transaction
            .prepare(&format!(
                "select distinct message_id from {table} where message_id not in (select id from message)"
            ))?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for message in lost {
            salvage::begin_message(&transaction, &message, role)?;
        }
    }
    transaction.execute_batch(
        "insert or ignore into unindexed
           select seq from message where state <> 'streaming' and seq not in (select id from search_docsize);
         delete from search where rowid in
           (select id from search_docsize where id not in (select seq from message));
         update conversation set
           messages = (select count(*) from message where chat = conversation.seq and role <> 'tool'),
           has_tools = exists (select 1 from message where chat = conversation.seq and role = 'tool')
         where messages <> (select count(*) from message where chat = conversation.seq and role <> 'tool');",
    )?;
    transaction.commit()?;
    drop(history);
    check(folder, progress)
}

fn look(folder: &Path, checked: &mut Checked, progress: &mut dyn FnMut(Step)) -> Result<(), StoreError> {
    let connection = open::to_look(&checked.path)?;
    if !schema::is_ours(&connection)? {
        return Err(StoreError::Foreign);
    }
    checked.format = (schema::version(&connection)?, schema::VERSION);
    let details = mend::problems(&connection, "")?;
    if checked.format.0 != schema::VERSION {
        if !details.is_empty() {
            checked.defects.push(Defect { problem: Problem::Damage, count: details.len() as u64, details });
        }
        return Ok(());
    }
    if !details.is_empty() {
        let mut problem = Problem::SearchDamage;
        for table in mend::TABLES {
            if !mend::problems(&connection, table)?.is_empty() {
                problem = Problem::Damage;
            }
        }
        checked.defects.push(Defect { problem, count: details.len() as u64, details });
    }
    let is_search_damaged = !checked.defects.is_empty();
    progress(Step::Messages);
    let count = |what: &str| -> rusqlite::Result<u64> {
        let count: i64 = connection.query_row(&format!("select count(*) from {what}"), [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    checked.chats = count("conversation")?;
    checked.messages = count("message")?;
    checked.unindexed = count("unindexed")?;
    let mut note = |problem, count| {
        if count > 0 {
            checked.defects.push(Defect { problem, count, details: Vec::new() });
        }
    };
    note(Problem::NoChat, count("message where chat not in (select seq from conversation)")?);
    let orphans = |table| count(&format!("{table} where message_id not in (select id from message)"));
    note(Problem::NoMessage, orphans("chunk")? + orphans("attachment")?);
    note(
        Problem::NoParent,
        count("message where parent_id is not null and parent_id not in (select id from message)")?,
    );
    let (unfinished, calls) = left_by_the_dead(&connection, folder)?;
    note(Problem::Unfinished, unfinished);
    note(Problem::OpenCalls, calls);
    note(
        Problem::Counts,
        count(
            "conversation where messages <>
               (select count(*) from message where chat = conversation.seq and role <> 'tool')",
        )?,
    );
    progress(Step::Search);
    if !is_search_damaged {
        note(
            Problem::NotSearched,
            count(
                "message where state <> 'streaming' and seq not in (select id from search_docsize)
                   and seq not in (select seq from unindexed)",
            )?,
        );
        note(Problem::SearchedInVain, count("search_docsize where id not in (select seq from message)")?);
    }
    Ok(())
}

fn left_by_the_dead(connection: &Connection, folder: &Path) -> Result<(u64, u64), StoreError> {
    let owners = |query: &str| -> rusqlite::Result<u64> {
        let mut statement = connection.prepare(query)?;
        let owners = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
        let mut count = 0;
        for owner in owners {
            count += u64::from(owner?.is_none_or(|id| !instance::is_there(folder, &id)));
        }
        Ok(count)
    };
    Ok((
        owners("select instance from message where state = 'streaming'")?,
        owners(&format!("select instance from message as answer where {}", repair::HAS_OPEN_CALLS))?,
    ))
}

fn lying_beside(folder: &Path) -> Vec<PathBuf> {
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_kept = [".backup-", ".damaged-"].iter().any(|kind| name.starts_with(&format!("{FILE_NAME}{kind}")));
        is_kept && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).filter(is_ours).collect())
        .unwrap_or_default();
    found.sort();
    found
}
