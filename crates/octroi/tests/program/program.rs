//! The binary, a running demo, and the few HTTP calls that tests make to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The program, without anything of the surrounding environment that it would read.
pub(crate) fn octroi(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octroi"));
    clean(&mut command).args(arguments);
    command
}

/// Takes our variables out of a command's environment, and moves it to a place without a configuration.
pub(crate) fn clean(command: &mut Command) -> &mut Command {
    let ours =
        std::env::vars_os().map(|(name, _)| name).filter(|n| n.to_string_lossy().starts_with("OCTROI_"));
    for name in ours {
        command.env_remove(name);
    }
    command.current_dir("/").env_remove("RUST_BACKTRACE")
}

/// Runs it with free ports, so that nothing else that listens on this machine matters.
pub(crate) fn anywhere(arguments: &[&str]) -> Command {
    let mut command = octroi(arguments);
    for listen in ["OCTROI_PORTAL_LISTEN", "OCTROI_GATEWAY_LISTEN", "OCTROI_ADMIN_LISTEN"] {
        command.env(listen, "127.0.0.1:0");
    }
    command
}

/// Runs it on the data in `data`, with free ports.
pub(crate) fn on(data: &Path, arguments: &[&str]) -> Command {
    let mut command = anywhere(arguments);
    command
        .env("OCTROI_DATA", data)
        .env("OCTROI_GATEWAY_ALLOWED_PRIVATE_UPSTREAMS", "127.0.0.0/8")
        .env("OCTROI_LOGS_LEVEL", "error");
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The output of a run that must end well.
pub(crate) fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    stdout(&output)
}

/// What a run says that must end with `status`: never a panic, never a backtrace.
pub(crate) fn fails(command: &mut Command, status: i32) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{command:?}: {said}{}", stdout(&output));
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{said}");
    said
}

/// The one line of a run that must fail.
pub(crate) fn line_of_failure(command: &mut Command) -> String {
    let said = fails(command, 1);
    assert_eq!(said.lines().count(), 1, "one line: {said}");
    assert!(said.starts_with("octroi: "), "{said}");
    said.trim_end().to_owned()
}

/// A running demo, killed when dropped.
pub(crate) struct Demo {
    pub(crate) child: Child,
    pub(crate) line: Value,
}

impl Demo {
    pub(crate) fn start(data: &Path) -> Self {
        Self::launch(demo_command(&mut octroi(&[]), data))
    }

    /// Starts what `command` runs, and waits for its line.
    pub(crate) fn launch(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the demo ended without its line: {:?}", child.wait());
        Self { line: serde_json::from_str(&line).unwrap(), child }
    }

    /// A text of the line.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.line.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}")).to_owned()
    }

    /// Calls the management API with the administrator's token.
    pub(crate) fn manage(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let authorization = format!("Bearer {}", self.text("/management_token"));
        let url = format!("{}/api/v1{path}", self.text("/portal"));
        let (status, body) = call(method, &url, &[("Authorization", &authorization)], body)?;
        Some((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
    }

    /// Makes an application; gives its identifier once that was acknowledged.
    pub(crate) fn make_application(&self, name: &str) -> Option<String> {
        let body = json!({"name": name, "description": "Essai"});
        let (status, body) = self.manage("POST", "/applications", Some(&body))?;
        assert_eq!(status, 201, "{body}");
        Some(body.pointer("/application/id").and_then(Value::as_str).unwrap().to_owned())
    }

    /// The status of the sample call with `key`.
    pub(crate) fn sample_call(&self, key: Option<&str>) -> u16 {
        self.try_sample_call(key).unwrap()
    }

    /// The same; none where the connection ended without an answer.
    pub(crate) fn try_sample_call(&self, key: Option<&str>) -> Option<u16> {
        let url = format!("{}{}", self.text("/apis/0/base_url"), self.text("/apis/0/try"));
        let name = self.text("/apis/0/credential/name");
        let headers: Vec<(&str, &str)> = key.map(|k| (name.as_str(), k)).into_iter().collect();
        Some(call("GET", &url, &headers, None)?.0)
    }

    pub(crate) fn key(&self) -> String {
        self.text("/apis/0/credential/value")
    }

    /// Asks it to stop with a signal; it must end well.
    pub(crate) fn stop(mut self, signal: &str) {
        self.signal(signal);
        let ended = wait(&mut self.child).expect("it did not stop");
        assert!(ended.success(), "{ended}");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap().success());
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A demo in `data` on free ports, as `program`'s arguments.
pub(crate) fn demo_command<'c>(program: &'c mut Command, data: &Path) -> &'c mut Command {
    program
        .args(["demo", "--json", "--portal", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--data"])
        .arg(data)
}

/// Waits for a process's end, for a while.
pub(crate) fn wait(child: &mut Child) -> Option<std::process::ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// One HTTP call; none where the server went away meanwhile.
pub(crate) fn call(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Option<(u16, String)> {
    let (authority, path) = url.strip_prefix("http://")?.split_once('/')?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut head = format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    if !body.is_empty() {
        head.push_str("Content-Type: application/json\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut stream = TcpStream::connect(authority).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(!head.to_ascii_lowercase().contains("transfer-encoding"), "{head}");
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
