//! Running other programs, with failures that say what was run and where.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What a task asks of a command.
pub(crate) trait CommandExt {
    /// Runs with the task's own input and output; anything but exit 0 is an error.
    fn must(&mut self) -> Result<()>;
    /// Runs and gives what was written on standard output; anything but exit 0 is an error with standard error in it.
    fn must_output(&mut self) -> Result<String>;
    /// Runs silently; whether it could be started and exited 0.
    fn succeeds(&mut self) -> bool;
    /// The command as one would type it.
    fn typed(&self) -> String;
}

impl CommandExt for Command {
    fn must(&mut self) -> Result<()> {
        let status = self.status().with_context(|| format!("cannot start `{}`", self.typed()))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.typed());
        }
        Ok(())
    }

    fn must_output(&mut self) -> Result<String> {
        let output =
            self.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{}`", self.typed()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed ({}):\n{}", self.typed(), output.status, said.trim_end());
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no UTF-8", self.typed()))
    }

    fn succeeds(&mut self) -> bool {
        self.stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    fn typed(&self) -> String {
        std::iter::once(self.get_program())
            .chain(self.get_args())
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_what_it_said() {
        let error =
            Command::new("sh").args(["-c", "echo no such luck >&2; exit 3"]).must_output().unwrap_err();
        let message = error.to_string();
        assert!(message.contains("sh -c"), "{message}");
        assert!(message.contains("exit status: 3"), "{message}");
        assert!(message.contains("no such luck"), "{message}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Command::new("no-such-program-at-all").arg("-x").must().unwrap_err();
        assert!(error.to_string().contains("no-such-program-at-all -x"), "{error}");
    }
}
