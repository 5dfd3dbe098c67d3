//! The logs of the command `llm`: a `SQLite` file with `conversations` and `responses`, in newer versions also with
//! attachments, fragments, and calls of tools. It is opened for reading only, and read one conversation at a time.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use super::import::build::{About, Builder, answer, instructed};
use super::import::{Found, ImportError};
use super::words::parse_time;
use crate::chat::{
    Arguments, AssistantMessage, Attachment, EntryBody, MessageId, ToolCall, ToolResult, ToolStatus, Usage,
};
use crate::strings::history as strings;

const FORMAT: &str = "llm";

impl From<rusqlite::Error> for ImportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Reads chats one by one.
pub fn read(path: &Path, take: &mut dyn FnMut(Found)) -> Result<(), ImportError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let logs = Logs { connection: &connection };
    if !logs.has_columns("responses", &["id", "prompt", "response"])? {
        let is_own =
            logs.has_columns("conversation", &["id", "title"])? && logs.has_columns("message", &["id", "body"])?;
        return Err(if is_own { ImportError::OwnDatabase } else { ImportError::OtherDatabase });
    }
    for (at, id) in logs.conversations()?.into_iter().enumerate() {
        logs.read_one(&id, at + 1, take)?;
    }
    Ok(())
}

struct Logs<'a> {
    connection: &'a Connection,
}

/// One question with its answer.
struct Response {
    id: String,
    model: String,
    prompt: String,
    system: String,
    answer: String,
    time_ms: Option<i64>,
    duration_ms: Option<u64>,
    usage: Option<Usage>,
}

impl Logs<'_> {
    /// Whether it is a table, no view, and has all of these columns.
    fn has_columns(&self, table: &str, columns: &[&str]) -> rusqlite::Result<bool> {
        let is_table: Option<i64> = self
            .connection
            .query_row("select 1 from sqlite_schema where type = 'table' and name = ?1", [table], |row| row.get(0))
            .optional()?;
        if is_table.is_none() {
            return Ok(false);
        }
        let mut statement = self.connection.prepare("select name from pragma_table_info(?1)")?;
        let found: Vec<String> = statement.query_map([table], |row| row.get(0))?.flatten().collect();
        Ok(columns.iter().all(|column| found.iter().any(|name| name == column)))
    }

    /// A column, or nothing where an older version has none.
    fn column(&self, name: &str) -> rusqlite::Result<String> {
        Ok(if self.has_columns("responses", &[name])? { name.to_owned() } else { format!("null as {name}") })
    }

    /// Those that have responses; a response without one is one of its own.
    fn conversations(&self) -> rusqlite::Result<Vec<String>> {
        let key = if self.has_columns("responses", &["conversation_id"])? {
            "coalesce(conversation_id, 'response ' || id)"
        } else {
            "'response ' || id"
        };
        let mut statement =
            self.connection.prepare(&format!("select {key} from responses group by 1 order by min(rowid)"))?;
        let keys = statement.query_map([], |row| text(row, 0))?.flatten().collect();
        Ok(keys)
    }

    fn read_one(&self, key: &str, number: usize, take: &mut dyn FnMut(Found)) -> Result<(), ImportError> {
        let name = self.name(key)?;
        let responses = self.responses(key, &name, take)?;
        let created_ms = responses.first().and_then(|response| response.time_ms);
        let mut builder = Builder::new(FORMAT, key, created_ms);
        let mut system = String::new();
        for response in responses {
            self.add(&mut builder, &mut system, response)?;
        }
        let about = About { title: name.clone(), created_ms, ..About::default() };
        match builder.finish(&about, None) {
            Some(chat) => take(Found::Chat(Box::new(chat))),
            None => take(Found::LeftOut(strings::bad_chat(&name, number, strings::NOTHING_SAID))),
        }
        Ok(())
    }

    fn name(&self, key: &str) -> rusqlite::Result<String> {
        if !self.has_columns("conversations", &["id", "name"])? {
            return Ok(String::new());
        }
        let name = self
            .connection
            .query_row("select name from conversations where id = ?1", [key], |row| text(row, 0))
            .optional()?;
        Ok(name.unwrap_or_default())
    }

    fn responses(&self, key: &str, name: &str, take: &mut dyn FnMut(Found)) -> rusqlite::Result<Vec<Response>> {
        let columns = ["model", "system", "datetime_utc", "duration_ms", "input_tokens", "output_tokens"]
            .iter()
            .map(|column| self.column(column))
            .collect::<rusqlite::Result<Vec<_>>>()?
            .join(", ");
        let (condition, key) = match key.strip_prefix("response ") {
            Some(id) => ("id = ?1", id),
            None => ("conversation_id = ?1", key),
        };
        let mut statement = self.connection.prepare(&format!(
            "select id, prompt, response, {columns} from responses where {condition} order by datetime_utc, rowid"
        ))?;
        let mut rows = statement.query([key])?;
        let (mut found, mut number) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            number += 1;
            match response(row) {
                Ok(response) => found.push(response),
                Err(_) => take(Found::LeftOut(strings::bad_message(name, number, strings::NO_TEXT))),
            }
        }
        Ok(found)
    }

    fn add(&self, builder: &mut Builder, system: &mut String, response: Response) -> rusqlite::Result<()> {
        let mut parent = builder.last();
        for (at, result) in self.results(&response.id)?.into_iter().enumerate() {
            let id = builder.id(&format!("{} result {at}", response.id));
            builder.push(id.clone(), parent, response.time_ms, EntryBody::ToolResult(result));
            parent = Some(id);
        }
        // Instructions stand before the question with which they came, which often is only what they speak of.
        let instructions = if *system == response.system { "" } else { response.system.as_str() };
        let prompt = instructed(&self.fragments(&response.id)?, &response.prompt);
        let text = instructed(instructions, &prompt);
        let files = self.attachments(&response.id)?;
        if !text.is_empty() || !files.is_empty() {
            let id = builder.id(&format!("{} prompt", response.id));
            builder.push(id.clone(), parent, response.time_ms, EntryBody::Question(text));
            builder.attach(files);
            parent = Some(id);
        }
        *system = response.system;
        let tool_calls = self.calls(&response.id)?;
        if response.answer.is_empty() && tool_calls.is_empty() {
            return Ok(());
        }
        let message = AssistantMessage { text: response.answer, tool_calls, ..AssistantMessage::default() };
        let mut body = answer(message, "", &response.model);
        if let EntryBody::Answer { usage, elapsed_ms, .. } = &mut body {
            *usage = response.usage;
            *elapsed_ms = response.duration_ms.unwrap_or(0);
        }
        let id: MessageId = builder.id(&response.id);
        builder.push(id, parent, response.time_ms, body);
        Ok(())
    }

    /// Long texts that were given with a prompt by name.
    fn fragments(&self, response: &str) -> rusqlite::Result<String> {
        if !self.has_columns("prompt_fragments", &["response_id", "fragment_id"])?
            || !self.has_columns("fragments", &["id", "content"])?
        {
            return Ok(String::new());
        }
        let mut statement = self.connection.prepare_cached(
            "select fragments.content from prompt_fragments join fragments on fragments.id = fragment_id
             where response_id = ?1 order by prompt_fragments.rowid",
        )?;
        let found: Vec<String> = statement.query_map([response], |row| text(row, 0))?.flatten().collect();
        Ok(found.join("\n\n"))
    }

    fn attachments(&self, response: &str) -> rusqlite::Result<Vec<Attachment>> {
        if !self.has_columns("prompt_attachments", &["response_id", "attachment_id"])?
            || !self.has_columns("attachments", &["id", "path", "url", "content"])?
        {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(
            "select coalesce(path, url, 'image'), content from prompt_attachments
             join attachments on attachments.id = attachment_id
             where response_id = ?1 order by prompt_attachments.rowid",
        )?;
        let mut rows = statement.query([response])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let ValueRef::Blob(data) = row.get_ref(1)? else { continue };
            let path = text(row, 0)?;
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            found.extend(Attachment::image(name, data));
        }
        Ok(found)
    }

    fn calls(&self, response: &str) -> rusqlite::Result<Vec<ToolCall>> {
        if !self.has_columns("tool_calls", &["id", "response_id", "name", "arguments", "tool_call_id"])? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(
            "select coalesce(tool_call_id, 'call_' || id), name, arguments from tool_calls
             where response_id = ?1 order by rowid",
        )?;
        let found = statement.query_map([response], |row| {
            Ok(ToolCall {
                id: text(row, 0)?,
                name: text(row, 1)?,
                arguments: Arguments::parse(&text(row, 2)?),
                opaque: None,
            })
        })?;
        Ok(found.flatten().collect())
    }

    fn results(&self, response: &str) -> rusqlite::Result<Vec<ToolResult>> {
        if !self.has_columns("tool_results", &["id", "response_id", "name", "output", "tool_call_id"])? {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(
            "select tool_call_id, name, output from tool_results where response_id = ?1 order by rowid",
        )?;
        let found = statement.query_map([response], |row| {
            Ok(ToolResult {
                call_id: text(row, 0)?,
                name: text(row, 1)?,
                status: ToolStatus::Done,
                output: text(row, 2)?,
                elapsed_ms: 0,
            })
        })?;
        Ok(found.flatten().collect())
    }
}

fn response(row: &Row<'_>) -> rusqlite::Result<Response> {
    let count = |at: usize| row.get::<_, Option<i64>>(at).ok().flatten().and_then(|count| u64::try_from(count).ok());
    let usage = match (count(7), count(8)) {
        (None, None) => None,
        (input, output) => Some(Usage { input: input.unwrap_or(0), output: output.unwrap_or(0), details: None }),
    };
    Ok(Response {
        id: text(row, 0)?,
        prompt: text(row, 1)?,
        answer: text(row, 2)?,
        model: text(row, 3)?,
        system: text(row, 4)?,
        time_ms: parse_time(&text(row, 5)?),
        duration_ms: count(6),
        usage,
    })
}

/// A text; nothing and numbers count as one, bytes do not.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    match row.get_ref(at)? {
        ValueRef::Null => Ok(String::new()),
        ValueRef::Integer(number) => Ok(number.to_string()),
        ValueRef::Real(number) => Ok(number.to_string()),
        ValueRef::Text(_) | ValueRef::Blob(_) => row.get(at),
    }
}
