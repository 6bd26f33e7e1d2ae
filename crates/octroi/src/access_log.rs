//! Writes the gateway's access log from a thread of its own: whoever serves calls never waits for a disk.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use octroi_gateway::access_log::AccessLog;

/// Batches that may wait for the disk; further ones are dropped and counted.
const WAITING: usize = 256;

/// Where the lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Stdout,
    Stderr,
    File(PathBuf),
}

impl Target {
    fn open(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout => Box::new(io::stdout()),
            Self::Stderr => Box::new(io::stderr()),
            // It holds the addresses of people: a new one is not for everybody to read.
            Self::File(path) => Box::new(File::options().append(true).create(true).mode(0o640).open(path)?),
        })
    }
}

enum Message {
    Lines(Vec<u8>),
    Reopen,
    End,
}

/// The access log. Dropped lines are counted, never waited for.
#[derive(Debug)]
pub struct AccessLogWriter {
    sender: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AccessLogWriter {
    /// Opens what `logs.access` names; none where it is `none`.
    ///
    /// # Errors
    /// Where the file cannot be opened or the thread not be started.
    pub fn start(access: &str) -> io::Result<Option<Arc<Self>>> {
        let target = match access {
            "none" => return Ok(None),
            "stdout" => Target::Stdout,
            "stderr" => Target::Stderr,
            path => Target::File(Path::new(path).to_owned()),
        };
        let out = target.open()?;
        let (sender, receiver) = sync_channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&dropped);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_all(&receiver, &target, out, &counter))?;
        Ok(Some(Arc::new(Self { sender, dropped, thread: Mutex::new(Some(thread)) })))
    }

    /// Opens the file anew: it was moved away.
    pub fn reopen(&self) {
        let _ = self.sender.try_send(Message::Reopen);
    }

    /// Writes what waits, and ends the thread.
    pub fn stop(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && self.sender.send(Message::End).is_ok()
        {
            let _ = thread.join();
        }
    }
}

impl AccessLog for AccessLogWriter {
    fn write(&self, lines: Vec<u8>) {
        if let Err(refused) = self.sender.try_send(Message::Lines(lines)) {
            use std::sync::mpsc::TrySendError::{Disconnected, Full};
            let (Full(Message::Lines(lines)) | Disconnected(Message::Lines(lines))) = refused else { return };
            self.dropped.fetch_add(count(&lines), Ordering::Relaxed);
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().filter(|b| **b == b'\n').count() as u64
}

fn write_all(
    receiver: &Receiver<Message>,
    target: &Target,
    mut out: Box<dyn Write + Send>,
    dropped: &AtomicU64,
) {
    let mut failing = false;
    while let Ok(message) = receiver.recv() {
        match message {
            Message::End => break,
            Message::Reopen => match target.open() {
                Ok(opened) => out = opened,
                Err(error) => {
                    tracing::warn!(%error, "the access log cannot be opened anew; writing goes on where it was")
                }
            },
            Message::Lines(lines) => match out.write_all(&lines).and_then(|()| out.flush()) {
                Ok(()) => failing = false,
                Err(error) => {
                    dropped.fetch_add(count(&lines), Ordering::Relaxed);
                    if !failing {
                        tracing::warn!(%error, "the access log cannot be written; its lines are dropped and counted");
                    }
                    failing = true;
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_reach_the_file_and_a_moved_file_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let log = AccessLogWriter::start(path.to_str().unwrap()).unwrap().unwrap();
        log.write(b"{\"a\":1}\n".to_vec());
        log.write(b"{\"a\":2}\n{\"a\":3}\n".to_vec());
        log.stop();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
        log.write(b"{\"late\":1}\n".to_vec());
        assert_eq!(log.dropped(), 1);

        let log = AccessLogWriter::start(path.to_str().unwrap()).unwrap().unwrap();
        std::fs::rename(&path, folder.path().join("access.log.1")).unwrap();
        log.reopen();
        log.write(b"{\"a\":4}\n".to_vec());
        log.stop();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"a\":4}\n");
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_wanted() {
        assert!(AccessLogWriter::start("none").unwrap().is_none());
        assert!(AccessLogWriter::start("/nowhere/access.log").is_err());
    }
}
