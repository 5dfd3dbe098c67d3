//! The findings in words: a head for each group, a line for each check with its mark, its name, how long it took and what
//! was found. Everything goes through `SafeText`: servers and files say much of it.

use std::io::{self, Write};

use super::finding::{Finding, Group, Probe, Status};
use crate::safe_text::{SafeText, width};
use crate::strings::doctor::{name_of, provider as words, took};

/// Columns of a check's name.
const NAME_COLUMNS: usize = 10;
/// Columns of a time.
const TIME_COLUMNS: usize = 6;
/// Columns within which what to do stands on the same line.
const MEASURE: usize = 100;

/// The marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marks {
    /// `✓ ✗ !`
    Unicode,
    /// `ok x !`
    Ascii,
}

impl Marks {
    fn of(self, status: Status) -> &'static str {
        match (status, self) {
            (Status::Ok, Self::Unicode) => "✓",
            (Status::Ok, Self::Ascii) => "ok",
            (Status::Failed, Self::Unicode) => "✗",
            (Status::Failed, Self::Ascii) => "x ",
            (Status::Warning, Self::Unicode) => "!",
            (Status::Warning, Self::Ascii) => "! ",
            (Status::Skipped, Self::Unicode) => "-",
            (Status::Skipped, Self::Ascii) => "- ",
        }
    }
}

/// One line to be written.
struct Line<'a> {
    status: Status,
    name: &'a str,
    elapsed_ms: Option<u64>,
    message: &'a str,
    fix: Option<&'a str>,
}

/// Writes one group.
pub(super) fn group(group: &Group, marks: Marks, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", SafeText::line(&group.title).as_str())?;
    let has_times = group.findings.iter().any(|finding| finding.elapsed_ms.is_some());
    for finding in &group.findings {
        let Finding { status, step, message, elapsed_ms, .. } = finding;
        let (name, fix) = (name_of(step), finding.fix.as_deref());
        line(&Line { status: *status, name, elapsed_ms: *elapsed_ms, message, fix }, has_times, marks, out)?;
    }
    if let Some(probe) = &group.probe {
        answer(probe, marks, out)?;
    }
    writeln!(out)
}

/// Writes those that are not in use: what is nearby line by line, what lacks its key in one.
pub(super) fn rest(group: &Group, marks: Marks, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", group.title)?;
    let (keyless, absent): (Vec<_>, Vec<_>) = group.findings.iter().partition(|finding| finding.step == "key");
    let status = Status::Skipped;
    for Finding { subject, message, .. } in absent {
        line(&Line { status, name: subject, elapsed_ms: None, message, fix: None }, false, marks, out)?;
    }
    if !keyless.is_empty() {
        let names: Vec<_> = keyless.iter().map(|finding| finding.subject.as_str()).collect();
        let (message, fix) = (words::keyless(&names), Some(words::KEYLESS_FIX));
        line(&Line { status, name: words::NO_KEY, elapsed_ms: None, message: &message, fix }, false, marks, out)?;
    }
    writeln!(out)
}

/// Writes how a model answered.
fn answer(probe: &Probe, marks: Marks, out: &mut dyn Write) -> io::Result<()> {
    let mut tell = |status, name, elapsed_ms, message: &str| {
        line(&Line { status, name, elapsed_ms, message, fix: None }, true, marks, out)
    };
    if let Some(error) = &probe.error {
        tell(Status::Failed, words::QUESTION, None, error)?;
    }
    if probe.ttft_ms.is_none() {
        return Ok(());
    }
    // What a model does not do is no fault of anybody's.
    let mark = |is_there: bool| if is_there { Status::Ok } else { Status::Skipped };
    let stream = if probe.streams { Status::Ok } else { Status::Warning };
    tell(stream, words::STREAM, probe.ttft_ms, words::streams(probe.streams))?;
    let usage = probe.usage.as_ref().map(|usage| (usage.input, usage.output));
    tell(mark(usage.is_some()), words::USAGE, None, &words::usage(usage))?;
    tell(mark(probe.tool_calls > 0), words::TOOLS, None, &words::tools(probe.tool_calls))?;
    tell(mark(probe.reasoning), words::REASONING, None, words::reasoning(probe.reasoning))?;
    for habit in &probe.tolerated {
        tell(Status::Warning, words::TOLERATED, None, habit)?;
    }
    tell(mark(probe.error.is_none()), words::END, None, probe.finish)
}

fn line(one: &Line<'_>, has_times: bool, marks: Marks, out: &mut dyn Write) -> io::Result<()> {
    let mut head = format!(" {} {:<NAME_COLUMNS$} ", marks.of(one.status), SafeText::line(one.name).as_str());
    if has_times {
        let time = one.elapsed_ms.map(took).unwrap_or_default();
        head.push_str(&format!("{time:>TIME_COLUMNS$}   "));
    }
    let indent = " ".repeat(width(&head));
    let mut lines: Vec<String> = one.message.lines().map(|line| SafeText::line(line).into_string()).collect();
    if let Some(fix) = one.fix.map(SafeText::line) {
        match lines.as_mut_slice() {
            [only] if width(&head) + width(only) + fix.width() < MEASURE => *only = format!("{only} {fix}"),
            _ => lines.push(fix.into_string()),
        }
    }
    for (at, text) in lines.iter().enumerate() {
        let start = if at == 0 { &head } else { &indent };
        writeln!(out, "{}", format!("{start}{text}").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Area;
    use super::*;

    fn written(one: &Group, marks: Marks) -> String {
        let mut out = Vec::new();
        group(one, marks, &mut out).expect("writes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn lines_stand_under_each_other_and_say_what_to_do() {
        let mut one = Group::new(Area::Provider, "p", "p   http://h/v1");
        one.ok("tcp", "127.0.0.1:9").elapsed_ms = Some(3);
        one.failed("http", "It failed\u{1b}[31m.", "Look at its log.").elapsed_ms = Some(1400);
        one.warning("setting", "c.toml:1:1: Bad.\n  1 | x\n    | ^", "Mend it.");
        let expected = "\
p   http://h/v1
 ✓ TCP          3 ms   127.0.0.1:9
 ✗ HTTP        1.4 s   It failed␛[31m. Look at its log.
 ! setting             c.toml:1:1: Bad.
                         1 | x
                           | ^
                       Mend it.

";
        assert_eq!(written(&one, Marks::Unicode), expected);
        assert!(written(&one, Marks::Ascii).starts_with("p   http://h/v1\n ok TCP "));
    }

    #[test]
    fn what_is_long_goes_to_a_line_of_its_own() {
        let mut one = Group::new(Area::History, "h", "Saved chats");
        one.warning("disk", "It is on a network file system. ".repeat(3).trim_end(), "Use --data-dir.");
        let text = written(&one, Marks::Unicode);
        assert_eq!(text.lines().nth(2), Some("              Use --data-dir."));
    }
}
