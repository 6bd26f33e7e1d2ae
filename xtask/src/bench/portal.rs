//! Server time, size and statements of each page of the portal, asked for one after the other with many applications in
//! the database. Pages are those of the table that the program writes, so that none is left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Build, free_ports};
use crate::background::{Background, StopSignal, tied_to_us};
use crate::command::CommandExt as _;
use crate::{http, workspace};

/// Promise S6: milliseconds for 95 of 100 requests.
const P95_MS: f64 = 10.0;
/// Statements that a page may run.
const STATEMENTS: u64 = 20;

/// Who asks for pages, in the order they are tried: the first who sees a page is measured.
const PEOPLE: [&str; 4] = ["developer", "provider", "admin", "stranger"];

/// How long the program may take to answer at first.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of `cargo xtask bench portal`.
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    build: Build,
    /// Applications in the database, each with a subscription and a key; 200 of them are the developer's.
    #[arg(long, default_value_t = 10_000)]
    applications: u32,
    /// Requests per page that are measured.
    #[arg(long, default_value_t = 200)]
    requests: usize,
    /// Only pages whose path holds this.
    #[arg(long, value_name = "TEXT")]
    holding: Option<String>,
}

/// A row of docs/reference/pages.json.
#[derive(Deserialize)]
struct Row {
    method: String,
    path: String,
}

/// What the database was filled with.
#[derive(Deserialize)]
struct Scene {
    password: String,
    ids: BTreeMap<String, String>,
}

/// What was measured of a page.
struct Measured {
    person: &'static str,
    bytes: usize,
    statements: u64,
    milliseconds: Vec<f64>,
}

/// Measures and prints a table. A page that is too slow is marked; one that asks too much of the database is an error.
pub(super) fn run(options: &Options) -> Result<()> {
    let octroi = workspace::build_octroi(options.build.profile())?;
    let parent = workspace::target().join("bench");
    std::fs::create_dir_all(&parent)?;
    let folder =
        tempfile::Builder::new().prefix("portal-").tempdir_in(&parent).context("no folder for the bench")?;
    let portal = Portal::start(&octroi, folder.path(), options.applications)?;
    println!(
        "\n{} applications, {} requests per page, profile {}; over {P95_MS} ms (p95) or {STATEMENTS} statements: !",
        options.applications,
        options.requests,
        options.build.profile().name()
    );
    println!(
        "{:<52} {:<9} {:>7} {:>10} {:>8} {:>8}",
        "page", "as", "bytes", "statements", "p50 ms", "p95 ms"
    );
    let mut greedy = Vec::new();
    let rows = rows()?;
    for row in rows.iter().filter(|row| row.method == "GET") {
        if options.holding.as_ref().is_some_and(|text| !row.path.contains(text)) {
            continue;
        }
        match portal.measure(&row.path, options.requests)? {
            None => println!("{:<52} is open to none of these people here", row.path),
            Some(measured) => {
                print(&row.path, &measured);
                if measured.statements > STATEMENTS {
                    greedy.push(row.path.as_str());
                }
            }
        }
    }
    if !greedy.is_empty() {
        bail!("more than {STATEMENTS} statements: {}", greedy.join(", "));
    }
    Ok(())
}

fn rows() -> Result<Vec<Row>> {
    let path = workspace::root().join("docs/reference/pages.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no table of pages", path.display()))
}

fn print(path: &str, measured: &Measured) {
    let (p50, p95) = (percentile(&measured.milliseconds, 50), percentile(&measured.milliseconds, 95));
    let over = if p95 > P95_MS || measured.statements > STATEMENTS { " !" } else { "" };
    println!(
        "{path:<52} {:<9} {:>7} {:>10} {p50:>8.2} {p95:>8.2}{over}",
        measured.person, measured.bytes, measured.statements
    );
}

/// The value that so many of a hundred do not exceed.
fn percentile(values: &[f64], of_hundred: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() * of_hundred).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// A portal with a full database, and people who have signed in.
struct Portal {
    portal: String,
    admin: String,
    ids: BTreeMap<String, String>,
    /// The cookie of each person who has one.
    cookies: BTreeMap<&'static str, String>,
    /// Stopped when this value goes.
    _server: Background,
}

impl Portal {
    fn start(octroi: &Path, folder: &Path, applications: u32) -> Result<Self> {
        let [portal, gateway, admin] = free_ports()?;
        let configuration = configure(folder, [portal, gateway, admin])?;
        let list = folder.join("scene.json");
        Command::new(octroi)
            .args(["bench-portal", "--applications", &applications.to_string(), "--config"])
            .arg(&configuration)
            .arg("--out")
            .arg(&list)
            .must_output()
            .context("the database could not be filled")?;
        let scene: Scene = serde_json::from_str(&std::fs::read_to_string(&list)?)?;
        let log = std::fs::File::create(folder.join("octroi.log"))?;
        let mut command = tied_to_us(StopSignal::Term);
        command.arg(octroi).arg("serve").arg("--config").arg(&configuration);
        command.stdout(log.try_clone()?).stderr(log);
        let mut server = Background::start(&mut command, StopSignal::Term)?;
        let base = format!("http://127.0.0.1:{portal}");
        let started = Instant::now();
        while !http::get(&base, &[]).is_ok_and(|answer| answer.status == 200) {
            if server.ended().is_some() || started.elapsed() > PATIENCE {
                let said = std::fs::read_to_string(folder.join("octroi.log")).unwrap_or_default();
                bail!("`{}` does not answer at {base}:\n{said}", command.typed());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut cookies = BTreeMap::new();
        for person in PEOPLE.into_iter().filter(|person| *person != "stranger") {
            cookies.insert(person, sign_in(&base, person, &scene.password)?);
        }
        Ok(Self {
            portal: base,
            admin: format!("http://127.0.0.1:{admin}"),
            ids: scene.ids,
            cookies,
            _server: server,
        })
    }

    /// Measures a page as the first of the people who sees it; nothing where nobody does.
    fn measure(&self, path: &str, requests: usize) -> Result<Option<Measured>> {
        let url = format!("{}{}", self.portal, self.fill(path)?);
        for person in PEOPLE {
            let first = self.get(&url, person)?;
            if first.status != 200 {
                continue;
            }
            let mut milliseconds = Vec::new();
            for _ in 0..requests.max(1) {
                let begun = Instant::now();
                let answer = self.get(&url, person)?;
                milliseconds.push(begun.elapsed().as_secs_f64() * 1000.0);
                if answer.status != 200 {
                    bail!("{url} answered {} as {person}, after 200", answer.status);
                }
            }
            let statements = self.statements(&url, person)?;
            return Ok(Some(Measured { person, bytes: first.body.len(), statements, milliseconds }));
        }
        Ok(None)
    }

    fn get(&self, url: &str, person: &str) -> Result<http::Answer> {
        match self.cookies.get(person) {
            Some(cookie) => http::get(url, &[("cookie", cookie)]),
            None => http::get(url, &[]),
        }
    }

    /// Statements of one request: the least of several, since other parts of the program run some meanwhile.
    fn statements(&self, url: &str, person: &str) -> Result<u64> {
        let mut least = u64::MAX;
        for _ in 0..10 {
            let before = self.statements_so_far()?;
            self.get(url, person)?;
            least = least.min(self.statements_so_far()? - before);
        }
        Ok(least)
    }

    fn statements_so_far(&self) -> Result<u64> {
        let answer = http::get(&format!("{}/metrics", self.admin), &[])?;
        let text = String::from_utf8_lossy(&answer.body);
        let line = text.lines().find_map(|line| line.strip_prefix("octroi_store_statements_total "));
        line.and_then(|number| number.parse().ok()).context("the metrics do not count statements")
    }

    /// The path with identifiers in the places of its names, or what stands for the whole of it.
    fn fill(&self, path: &str) -> Result<String> {
        if let Some(whole) = self.ids.get(path) {
            return Ok(whole.clone());
        }
        let filled = self
            .ids
            .iter()
            .fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        if filled.contains('{') {
            bail!("the bench has nothing to put into {filled}: add it to `octroi bench-portal`");
        }
        Ok(filled)
    }
}

fn configure(folder: &Path, [portal, gateway, admin]: [u16; 3]) -> Result<PathBuf> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let configuration = folder.join("octroi.toml");
    let text = format!(
        "data = {data:?}\n\n[portal]\nlisten = \"127.0.0.1:{portal}\"\n\n\
         [gateway]\nlisten = \"127.0.0.1:{gateway}\"\nallowed_private_upstreams = [\"127.0.0.0/8\"]\n\n\
         [admin]\nlisten = \"127.0.0.1:{admin}\"\n\n[logs]\nlevel = \"warn\"\naccess = \"none\"\n",
    );
    std::fs::write(&configuration, text)?;
    Ok(configuration)
}

/// Signs in as people do; gives the cookie.
fn sign_in(base: &str, person: &str, password: &str) -> Result<String> {
    let answer = http::post_form(&format!("{base}/sign-in"), &format!("login={person}&password={password}"))?;
    let cookie = answer.header("set-cookie").find_map(|line| line.split(';').next());
    match cookie {
        Some(cookie) if answer.status == 303 => Ok(cookie.to_owned()),
        _ => bail!("{person} could not sign in: {base}/sign-in answered {}", answer.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 95)), (10.0, 19.0));
        assert_eq!(percentile(&[3.0], 95), 3.0);
        assert_eq!(percentile(&[], 95), 0.0);
    }
}
