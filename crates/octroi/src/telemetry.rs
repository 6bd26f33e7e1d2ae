//! The program's own log: structured lines on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Logs};

/// Reads the directives of `logs.level`.
pub(crate) fn filter(level: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(level).map_err(|e| format!("{e}; give error, warn, info, debug or trace"))
}

/// Begins to log, for the rest of the process. A second call changes nothing.
pub fn start(logs: &Logs) {
    let filter = filter(&logs.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr);
    // Fails only where somebody logs already.
    let _ = match logs.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let said = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, "a fault of ours: {said}");
    }));
}
