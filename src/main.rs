//! The program's edge: arguments in, exit status out. Everything else is in the library.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use riffle::ask::{self, AskOptions};
use riffle::cli::{self, AskArgs, Cli, Command, Open, ServeArgs};
use riffle::config::choose::{Choice, choose, model_asked};
use riffle::config::load::{Loaded, data_dir, load};
use riffle::config::presets::DEMO;
use riffle::config::probe;
use riffle::config::settings::Settings;
use riffle::doctor::{self, DoctorOptions};
use riffle::models::{self, ModelsOptions};
use riffle::plain;
use riffle::replay::{self, ReplayOptions};
use riffle::serve::{self, ServeOptions};
use riffle::strings;
use riffle::term::session::{self, Resume, SessionOptions};
use riffle::{history, host};
use tokio::runtime::Builder;

/// How long blocking work may take after the end.
const SHUTDOWN: Duration = Duration::from_millis(200);
/// Wrong usage, wrong configuration, no terminal.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    host::outlive_quota();
    let status = match cli::parse(std::env::args_os()) {
        Ok(cli) => run(cli),
        Err(ended) => {
            let mut err = std::io::stderr();
            let mut out = std::io::stdout();
            let target: &mut dyn Write = if ended.code == 0 { &mut out } else { &mut err };
            let _ = target.write_all(ended.text.as_bytes());
            Ok(ended.code)
        }
    };
    ExitCode::from(status.unwrap_or_else(|error| {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) {
            // Whoever read has read enough, as `head` does.
            return 0;
        }
        host::note(&format!("riffle: {error:#}"));
        USAGE
    }))
}

fn run(cli: Cli) -> anyhow::Result<u8> {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    match cli.command {
        Command::Config(command) => Ok(cli::run_config(command, &cli.flags, &mut out, &mut err)?),
        Command::Keys => Ok(cli::run_keys(&cli.flags, &mut out, &mut err)?),
        Command::Man => Ok(cli::run_man(&mut out)?),
        Command::Completions(shell) => Ok(cli::run_completions(shell, &mut out)?),
        Command::Chat { prompt, open, is_plain } => {
            let Loaded { settings, data_dir, saved_keys, warnings, .. } = load(&cli.flags)?;
            host::start_log(&settings.log, &data_dir);
            let is_private = open == Open::Private;
            let resume = match open {
                Open::New | Open::Private => Resume::No,
                Open::Continue => Resume::Newest,
                Open::Resume(id) => Resume::Id(id),
            };
            let options = SessionOptions { settings, data_dir, prompt, resume, is_private, saved_keys, warnings };
            if is_plain { block_on(plain::run(options)) } else { block_on(session::run(options)) }
        }
        // Saved chats can be had with a broken configuration, too.
        Command::History(command) => history::run(command, &data_dir(&cli.flags)?, &mut out),
        Command::Replay(args) => {
            let options = ReplayOptions { file: args.file, speed: args.speed, is_case: args.as_case };
            replay::run(&options, &mut out)
        }
        Command::Models(args) => {
            let Loaded { settings, data_dir, warnings, .. } = load(&cli.flags)?;
            for warning in &warnings {
                host::note(warning);
            }
            let is_by_flag = args.names.is_empty() && cli.flags.name_someone();
            let names = if is_by_flag { vec![settings.provider.clone()] } else { args.names };
            let options = ModelsOptions { names, is_refreshed: args.refresh, data_dir, settings };
            block_on(models::run(options, &mut out))
        }
        Command::Doctor(args) => {
            let options = DoctorOptions {
                names: args.names,
                is_json: args.json,
                is_probed: args.probe,
                is_fixed: args.fix,
                flags: cli.flags,
            };
            block_on(doctor::run(options, &mut out))
        }
        Command::Ask(args) => block_on(answer(load(&cli.flags)?, args)),
        Command::Serve(args) => block_on(serve_answers(load(&cli.flags)?, args)),
    }
}

async fn answer(loaded: Loaded, args: AskArgs) -> anyhow::Result<u8> {
    let Loaded { settings, data_dir, warnings, .. } = loaded;
    host::start_log(&settings.log, &data_dir);
    for warning in &warnings {
        host::note(warning);
    }
    let choice = match continued(&settings, &data_dir).filter(|_| args.goes_on) {
        Some(choice) => choice,
        None => chosen(&settings).await?,
    };
    let provider = settings.providers.get(&choice.provider).cloned();
    let provider = provider.with_context(|| format!("the provider {} is not known", choice.provider))?;
    ask::run(AskOptions {
        prompt: args.prompt,
        is_json: args.json,
        format: args.format,
        is_unsaved: args.no_save,
        is_continued: args.goes_on,
        ignores_stdin: args.no_stdin,
        attach: args.attach,
        record: args.record,
        data_dir,
        settings,
        provider,
        model: choice.model,
    })
    .await
}

async fn serve_answers(loaded: Loaded, args: ServeArgs) -> anyhow::Result<u8> {
    let Loaded { settings, data_dir, warnings, .. } = loaded;
    host::start_log(&settings.log, &data_dir);
    for warning in &warnings {
        host::note(warning);
    }
    let choice = chosen(&settings).await?;
    let (listen, is_open, is_remote) = (args.listen, args.no_token, args.allow_remote);
    serve::run(ServeOptions { listen, is_open, is_remote, data_dir, settings, choice }).await
}

async fn chosen(settings: &Settings) -> anyhow::Result<Choice> {
    let choose = |found| choose(settings, &host::variable, found).map_err(|why| anyhow::anyhow!(why));
    let choice = choose(None)?;
    if choice.provider != DEMO || !settings.provider.is_empty() {
        return Ok(choice);
    }
    choose(probe::find_local().await)
}

/// Whom the newest chat was held with, where that can be asked and nobody was named. A chat with the demo goes on with
/// whoever is chosen.
fn continued(settings: &Settings, data_dir: &Path) -> Option<Choice> {
    if settings.is_named_for_this_run() {
        return None;
    }
    let (name, answered) = ask::last_asked(data_dir)?;
    let provider = settings.providers.get(&name).filter(|provider| provider.missing.is_none() && name != DEMO)?;
    let models = [provider.models.as_slice(), std::slice::from_ref(&provider.model)].concat();
    Some(Choice { model: model_asked(&models, &answered).to_owned(), provider: name, reason: String::new() })
}

/// Runs it on a runtime of its own. One thread is enough for streams and the screen, and saves the way between threads for
/// each delta; what blocks (the history, the terminal) has threads of its own.
fn block_on(run: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    let runtime = Builder::new_current_thread().enable_all().build().context(strings::FEW_RESOURCES)?;
    let status = runtime.block_on(run);
    // A key is written in that time; a name that a silent resolver looks up is not waited for.
    runtime.shutdown_timeout(SHUTDOWN);
    status
}
