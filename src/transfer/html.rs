//! A chat as one HTML file that needs nothing else and can do nothing: no script, no resource from outside (the page forbids
//! both to itself), what models wrote in HTML shown as text, links only where they lead to the web or a mail address,
//! images of the web never fetched. Light or dark as the reader has it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

use super::markdown::{MarkdownOptions, attached};
use super::words::{minute, rfc3339};
use crate::chat::{Attachment, Entry, EntryBody, EntryState, SavedChat, ToolResult};
use crate::strings::history as strings;

const STYLE: &str = "\
:root{color-scheme:light dark;--text:#1c1c1c;--back:#fff;--dim:#666;--box:#f3f3f1;--line:#ddd}\
@media (prefers-color-scheme:dark){:root{--text:#ddd;--back:#161616;--dim:#999;--box:#222;--line:#3a3a3a}}\
body{margin:0 auto;padding:2rem 1rem;max-width:46rem;font:16px/1.55 system-ui,sans-serif;color:var(--text);\
background:var(--back);overflow-wrap:anywhere}\
h1{font-size:1.4rem}header p,section>h2,summary,.note{color:var(--dim);font-size:.85rem}section>h2{font-weight:600;margin:2rem 0 .5rem}\
.question>.text{background:var(--box);border-radius:.5rem;padding:.7rem 1rem;white-space:pre-wrap}\
pre{background:var(--box);border-radius:.4rem;padding:.7rem;overflow-x:auto}pre.wrap{white-space:pre-wrap}\
code{font:.9em ui-monospace,monospace}details{border-left:3px solid var(--line);padding-left:.8rem;margin:.5rem 0}\
table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border:1px solid var(--line);padding:.25rem .6rem}\
blockquote{border-left:3px solid var(--line);margin:0;padding-left:.8rem}img{max-width:100%;border-radius:.4rem}\
a{color:inherit}@media print{body{max-width:none}}";

/// The policy by which the page forbids itself everything but its own style and the images in it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Images that browsers show and that cannot hold anything else.
const SHOWN: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The chat as a page.
#[must_use]
pub fn write(chat: &SavedChat, options: MarkdownOptions) -> String {
    let title = escaped(if chat.title.trim().is_empty() { crate::strings::NEW_CHAT } else { &chat.title });
    let mut about: Vec<String> =
        [&chat.provider, &chat.model].into_iter().filter(|name| !name.is_empty()).map(|name| escaped(name)).collect();
    about.push(time(chat.created_ms));
    about.extend(chat.tags.iter().map(|tag| escaped(&format!("#{tag}"))));
    let mut out = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1 dir=\"auto\">{title}</h1>\n<p>{}</p>\n</header>\n<main>\n",
        about.join("&ensp;")
    );
    for entry in chat.path() {
        match &entry.body {
            EntryBody::Question(text) => question(&mut out, entry, text),
            EntryBody::Answer { .. } => answer(&mut out, entry, options),
            EntryBody::ToolResult(result) if options.with_tools => tool_result(&mut out, result),
            EntryBody::ToolResult(_) => {}
        }
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn question(out: &mut String, entry: &Entry, text: &str) {
    let _ = write!(
        out,
        "<section class=\"question\">\n<h2>{}&ensp;{}</h2>\n<div class=\"text\" dir=\"auto\">{}</div>\n",
        strings::QUESTION,
        time(entry.time_ms),
        escaped(text)
    );
    for file in &entry.attachments {
        attachment(out, file);
    }
    out.push_str("</section>\n");
}

fn attachment(out: &mut String, file: &Attachment) {
    let words = escaped(&attached(file));
    let _ = writeln!(out, "<p class=\"note\">{words}</p>");
    if SHOWN.contains(&file.media_type.as_str()) {
        let (kind, data) = (&file.media_type, STANDARD.encode(&file.data));
        let _ = writeln!(out, "<p><img alt=\"{}\" src=\"data:{kind};base64,{data}\"></p>", escaped(&file.name));
    }
}

fn answer(out: &mut String, entry: &Entry, options: MarkdownOptions) {
    let EntryBody::Answer { message, model, error, .. } = &entry.body else { return };
    let is_shown = !message.text.is_empty()
        || error.is_some()
        || entry.state != EntryState::Complete
        || (options.with_reasoning && !message.reasoning.is_empty())
        || (options.with_tools && !message.tool_calls.is_empty());
    if !is_shown {
        return;
    }
    let _ = writeln!(
        out,
        "<section class=\"answer\">\n<h2>{}&ensp;{}&ensp;{}</h2>",
        strings::ANSWER,
        escaped(model),
        time(entry.time_ms)
    );
    if options.with_reasoning && !message.reasoning.is_empty() {
        details(out, strings::REASONING, &message.reasoning);
    }
    let _ = writeln!(out, "<div class=\"text\" dir=\"auto\">\n{}</div>", markdown(&message.text));
    let state = match entry.state {
        EntryState::Complete => None,
        EntryState::Streaming => Some(strings::STREAMING),
        EntryState::Interrupted => Some(strings::INTERRUPTED),
        EntryState::Stopped => Some(strings::STOPPED),
        EntryState::Failed => Some(strings::FAILED),
    };
    if let Some(state) = state {
        let why = error.as_ref().map(|error| escaped(&error.message)).unwrap_or_default();
        let _ = writeln!(out, "<p class=\"note\" dir=\"auto\">{state} {why}</p>");
    }
    if options.with_tools {
        for call in &message.tool_calls {
            details(out, &format!("{} {}", strings::CALL, call.name), &call.arguments.to_json_text());
        }
    }
    out.push_str("</section>\n");
}

fn tool_result(out: &mut String, result: &ToolResult) {
    let head = format!("{} {}   {}   {} ms", strings::RESULT, result.name, result.status.as_str(), result.elapsed_ms);
    details(out, &head, &result.output);
}

fn details(out: &mut String, head: &str, text: &str) {
    let (head, text) = (escaped(head), escaped(text));
    let _ = writeln!(
        out,
        "<details>\n<summary>{head}</summary>\n<pre class=\"wrap\" dir=\"auto\">{text}</pre>\n</details>"
    );
}

fn time(time_ms: i64) -> String {
    format!("<time datetime=\"{}\">{}</time>", rfc3339(time_ms), minute(time_ms))
}

/// What models write, with nothing in it that could act.
fn markdown(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut links = Links::default();
    let events = Parser::new_ext(text, options).filter_map(|event| links.safe(event));
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

/// Of the links and images that are open: whether each became a link.
#[derive(Default)]
struct Links {
    open: Vec<bool>,
}

impl Links {
    fn safe<'a>(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
            Event::Start(Tag::Link { dest_url, .. }) => self.begin(&dest_url, ""),
            Event::Start(Tag::Image { dest_url, .. }) => self.begin(&dest_url, strings::IMAGE),
            Event::End(TagEnd::Link | TagEnd::Image) => {
                self.open.pop().unwrap_or(false).then_some(Event::End(TagEnd::Link))
            }
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => None,
            other => Some(other),
        }
    }

    fn begin<'a>(&mut self, url: &str, title: &'static str) -> Option<Event<'a>> {
        let is_first = !self.open.contains(&true);
        let is_link = is_first && is_safe(url);
        self.open.push(is_link);
        is_link.then(|| {
            Event::Start(Tag::Link {
                link_type: LinkType::Inline,
                dest_url: CowStr::from(url.to_owned()),
                title: title.into(),
                id: "".into(),
            })
        })
    }
}

fn is_safe(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https" | "mailto"))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\0' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}
