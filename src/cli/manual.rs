//! The manual page: one page for the program and all its commands, made from the command line's own help, so that neither
//! can say what the other does not. What is no option (examples, variables, files) comes from `strings::manual`.

use std::io;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::strings::manual::{
    ASK_EXAMPLES, CHAT_EXAMPLES, DESCRIPTION, ENVIRONMENT, EVERYWHERE, EXIT_STATUS, FILES, MANUAL, OTHER_EXAMPLES,
};

/// Where the generator puts the options of a command.
const OPTIONS: &str = ".SH OPTIONS\n";

/// The page of this command line, as roff.
pub(super) fn page(program: &Command) -> io::Result<String> {
    let name = program.get_name();
    let usage = format!("{name} [OPTIONS] [PROMPT]\n{name} [OPTIONS] COMMAND [ARGUMENTS]");
    let man = Man::new(quiet(program.clone()).override_usage(usage)).manual(MANUAL);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    let mut description = section("DESCRIPTION");
    for paragraph in DESCRIPTION {
        description.control("PP", []).text([roman(paragraph)]);
    }
    page.push_str(&description.render());
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    page.push_str(&String::from_utf8_lossy(&options).replace(".SH EVERYWHERE", &format!(".SH \"{EVERYWHERE}\"")));
    page.push_str(&section("COMMANDS").render());
    commands(program, name, &mut page)?;
    page.push_str(&list("EXIT STATUS", &EXIT_STATUS));
    page.push_str(&list("ENVIRONMENT", &ENVIRONMENT));
    page.push_str(&list("FILES", &FILES));
    let mut examples = section("EXAMPLES");
    for example in CHAT_EXAMPLES.iter().chain(&ASK_EXAMPLES).chain(&OTHER_EXAMPLES) {
        examples.control("PP", []).text([roman(format!("{}:", example.about))]);
        examples.control("PP", []).control("RS", ["4"]).control("nf", []);
        examples.text([roman(example.line)]);
        examples.control("fi", []).control("RE", []);
    }
    page.push_str(&examples.render());
    // Each part begins with what keeps apostrophes straight; once is enough.
    let preamble = Roff::new().render();
    Ok(format!("{preamble}{}", page.replace(&preamble, "")))
}

/// Each command that does something, with its options; those of all commands are told of once.
fn commands(parent: &Command, path: &str, page: &mut String) -> io::Result<()> {
    for command in parent.get_subcommands() {
        let path = format!("{path} {}", command.get_name());
        if command.has_subcommands() {
            commands(command, &path, page)?;
            continue;
        }
        let usage = quiet(command.clone()).bin_name(path).render_usage().to_string();
        let mut roff = Roff::new();
        roff.control("SS", [usage.trim_start_matches("Usage: ")]);
        roff.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
        page.push_str(&roff.render());
        let mut options = Vec::new();
        Man::new(quiet(command.clone())).render_options_section(&mut options)?;
        if let Some((_, options)) = String::from_utf8_lossy(&options).split_once(OPTIONS) {
            page.push_str(options);
        }
        let after = command.get_after_help().map(ToString::to_string).filter(|text| !text.starts_with("Examples:"));
        if let Some(after) = after {
            page.push_str(&Roff::new().control("PP", []).text([roman(after)]).render());
        }
    }
    Ok(())
}

/// Without the options that every program has.
fn quiet(command: Command) -> Command {
    command.disable_help_flag(true).disable_version_flag(true)
}

fn section(name: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [name]);
    roff
}

fn list(name: &str, rows: &[(&str, &str)]) -> String {
    let mut roff = section(name);
    for (term, meaning) in rows {
        roff.control("TP", []).text([bold(*term)]).text([roman(*meaning)]);
    }
    roff.render()
}
