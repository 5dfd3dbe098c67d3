//! What completes the command line in a shell, made from the command line itself, so that it knows every option there is.

use clap::ValueEnum;
use clap_complete::Shell;

/// A shell for which completions are made, and tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompletedShell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// Fish.
    Fish,
}

/// The script that this shell reads. Written into memory first, because the generator panics where it cannot write.
pub(super) fn script(shell: CompletedShell, mut command: clap::Command) -> Vec<u8> {
    let shell = match shell {
        CompletedShell::Bash => Shell::Bash,
        CompletedShell::Zsh => Shell::Zsh,
        CompletedShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}
