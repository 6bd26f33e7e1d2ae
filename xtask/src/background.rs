//! Servers that run beside a task and never outlive it.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::command::CommandExt as _;

/// How long a server may take to stop when asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// The signal that asks a server to stop.
#[derive(Clone, Copy)]
pub(crate) enum StopSignal {
    /// What most servers expect.
    Term,
    /// PostgreSQL's fast shutdown: does not wait for clients.
    Int,
}

impl StopSignal {
    const fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
        }
    }
}

/// A running server, stopped when this value goes.
pub(crate) struct Background {
    child: Child,
    signal: StopSignal,
}

impl Background {
    /// Starts a server.
    pub(crate) fn start(command: &mut Command, signal: StopSignal) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{}`", command.typed()))?;
        Ok(Self { child, signal })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to stop and waits; gives how it ended, or nothing if it had to be killed.
    pub(crate) fn stop(&mut self) -> Option<ExitStatus> {
        if let Some(status) = self.ended() {
            return Some(status);
        }
        // The shell's own `kill`: a bare Debian has no other.
        let kill = format!("kill -{} {}", self.signal.name(), self.pid());
        let _ = Command::new("sh").args(["-c", &kill]).succeeds();
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        None
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The start of a command line whose program the kernel stops if this task dies without a word (Ctrl-C, SIGKILL).
///
/// The program and its arguments follow; options of setpriv (an identity to take) may stand before them.
pub(crate) fn tied_to_us(signal: StopSignal) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal.name()]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_asked_before_it_is_killed() {
        let mut sleeper =
            Background::start(tied_to_us(StopSignal::Term).args(["sleep", "600"]), StopSignal::Term).unwrap();
        assert!(sleeper.ended().is_none());
        let status = sleeper.stop().expect("sleep obeys SIGTERM");
        assert!(!status.success());
    }
}
