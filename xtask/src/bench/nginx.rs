//! nginx from Debian, in three roles: the upstream, the peer that checks the same keys, and a bare relay.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::load::KEY_HEADER;
use crate::background::{Background, StopSignal, tied_to_us};
use crate::command::CommandExt as _;
use crate::tools;

/// Where the gateways mount the upstream.
pub(super) const MOUNT: &str = "/bench";

/// The stream module that the relay needs, as Debian installs it.
const STREAM_MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

/// How long nginx may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Installs nginx, its stream module and wrk where they are absent.
pub(super) fn install() -> Result<()> {
    let mut missing = Vec::new();
    if program().is_none() {
        missing.push("nginx");
    }
    if !Path::new(STREAM_MODULE).is_file() {
        missing.push("libnginx-mod-stream");
    }
    if !tools::on_path("wrk") {
        missing.push("wrk");
    }
    if missing.is_empty() { Ok(()) } else { tools::install_debian(&missing) }
}

/// Debian puts it where only root looks.
fn program() -> Option<PathBuf> {
    ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().map(PathBuf::from).find(|path| path.is_file())
}

/// A running nginx with one worker on one core.
pub(super) struct Nginx {
    server: Background,
    port: u16,
}

impl Nginx {
    /// Answers 1 KB and 64 KB from memory.
    pub(super) fn upstream(folder: &Path, core: usize, port: u16) -> Result<Self> {
        let files = folder.join("upstream");
        std::fs::create_dir_all(&files)?;
        std::fs::write(files.join("64k"), "o".repeat(64 * 1024))?;
        let small = "o".repeat(1024);
        let locations: String = ["", MOUNT].iter().fold(String::new(), |mut text, mount| {
            let _ = write!(
                text,
                r#"
    location = {mount}/1k {{ return 200 "{small}"; }}
    location = {mount}/64k {{ alias {files}/64k; }}"#,
                files = files.display()
            );
            text
        });
        let block = format!(
            r"http {{
  access_log off; default_type text/plain; sendfile on; tcp_nopush on;
  open_file_cache max=8 inactive=1h; open_file_cache_valid 1h;
  keepalive_requests 1000000000; keepalive_timeout 1h;
  server {{
    listen 127.0.0.1:{port};{locations}
  }}
}}"
        );
        Self::start(folder, "upstream", core, port, &block)
    }

    /// Checks a key among many, limits its calls, takes it away and forwards: the job of the gateway under test.
    pub(super) fn gateway(
        folder: &Path,
        core: usize,
        port: u16,
        upstream: u16,
        keys: &Path,
        log: bool,
    ) -> Result<Self> {
        let consumers = folder.join("consumers.map");
        write_consumers(keys, &consumers)?;
        let variable = KEY_HEADER.to_lowercase().replace('-', "_");
        let access_log = if log {
            format!("access_log {}/gateway-access.log calls buffer=32k flush=1s;", folder.display())
        } else {
            "access_log off;".to_owned()
        };
        let block = format!(
            r#"http {{
  log_format calls escape=json '{{"time":"$time_iso8601","id":"$request_id","consumer":"$consumer","method":"$request_method","path":"$uri","status":$status,"time_s":$request_time,"upstream_s":"$upstream_response_time","bytes":$bytes_sent}}';
  {access_log}
  map_hash_max_size 1048576; map_hash_bucket_size 256;
  map $http_{variable} $consumer {{ default ""; include {consumers}; }}
  limit_req_zone $consumer zone=consumers:64m rate=100000r/s;
  limit_req_status 429;
  keepalive_requests 1000000000; keepalive_timeout 1h;
  upstream bench {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 1h; }}
  server {{
    listen 127.0.0.1:{port} reuseport;
    location {MOUNT}/ {{
      if ($consumer = "") {{ return 401; }}
      limit_req zone=consumers burst=100000 nodelay;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $proxy_host;
      proxy_set_header {KEY_HEADER} "";
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Octroi-Application $consumer;
      proxy_buffers 16 8k;
      proxy_pass http://bench;
    }}
  }}
}}"#,
            consumers = consumers.display()
        );
        Self::start(folder, "gateway", core, port, &block)
    }

    /// Copies bytes both ways and reads none: the floor.
    pub(super) fn relay(folder: &Path, core: usize, port: u16, upstream: u16) -> Result<Self> {
        let block = format!(
            "stream {{ server {{ listen 127.0.0.1:{port} reuseport; proxy_pass 127.0.0.1:{upstream}; tcp_nodelay on; }} }}"
        );
        Self::start(folder, "relay", core, port, &block)
    }

    /// The master's process id; the worker is its child.
    pub(super) fn pid(&self) -> u32 {
        self.server.pid()
    }

    fn start(folder: &Path, role: &str, core: usize, port: u16, block: &str) -> Result<Self> {
        let file = folder.join(role).with_extension("conf");
        std::fs::write(&file, whole_configuration(folder, role, block))?;
        let mut command = tied_to_us(StopSignal::Term);
        command.args(["taskset", "-c", &core.to_string()]);
        command
            .arg(program().context("nginx is not installed")?)
            .arg("-e")
            .arg("stderr")
            .arg("-c")
            .arg(&file);
        let mut this = Self { server: Background::start(&mut command, StopSignal::Term)?, port };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", this.port)).is_err() {
            if this.server.ended().is_some() || started.elapsed() > PATIENCE {
                bail!("`{}` does not listen on port {port}", command.typed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(this)
    }
}

fn whole_configuration(folder: &Path, role: &str, block: &str) -> String {
    // The relay's module has to be named before anything else.
    let module =
        if block.starts_with("stream") { format!("load_module {STREAM_MODULE};") } else { String::new() };
    // Root would hand its worker to a user that cannot read the folder.
    let user = if tools::is_root() { "user root;" } else { "" };
    format!(
        "{module}\n{user}\ndaemon off; worker_processes 1; worker_rlimit_nofile 8192;\n\
         pid {folder}/{role}.pid; error_log {folder}/{role}-error.log warn;\n\
         events {{ worker_connections 4096; multi_accept on; }}\n{block}\n",
        folder = folder.display(),
    )
}

/// nginx's map: the plain key, then the consumer's number.
fn write_consumers(keys: &Path, map: &Path) -> Result<()> {
    let text = std::fs::read_to_string(keys).with_context(|| format!("cannot read {}", keys.display()))?;
    let mut lines = String::with_capacity(text.len() * 2);
    for (number, key) in text.lines().enumerate() {
        let _ = writeln!(lines, "\"{key}\" c{number};");
    }
    std::fs::write(map, lines).with_context(|| format!("cannot write {}", map.display()))
}
