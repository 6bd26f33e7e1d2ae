//! What Linux says about processes and cores, from /proc.

use std::process::Command;

use anyhow::{Context, Result};

use crate::command::CommandExt as _;

/// Seconds that a core has been busy since the machine started.
pub(super) fn busy_seconds(core: usize) -> Result<f64> {
    let text = std::fs::read_to_string("/proc/stat").context("no /proc/stat: this task needs Linux")?;
    let ticks = busy_ticks(&text, core)
        .with_context(|| format!("this machine has no core {core}; the bench needs two"))?;
    Ok(ticks as f64 / ticks_per_second()?)
}

/// proc_stat(5): user nice system idle iowait irq softirq steal; guest time is part of user.
fn busy_ticks(stat: &str, core: usize) -> Option<u64> {
    let name = format!("cpu{core}");
    let line = stat.lines().find(|line| line.split(' ').next() == Some(&name))?;
    let ticks = line.split_ascii_whitespace().skip(1).take(8).enumerate();
    Some(
        ticks
            .filter(|(field, _)| !matches!(field, 3 | 4))
            .filter_map(|(_, word)| word.parse::<u64>().ok())
            .sum(),
    )
}

/// Seconds of CPU (user and system) that a process and its descendants have used.
pub(super) fn cpu_seconds(pid: u32) -> Result<f64> {
    let ticks: u64 = tree(pid)?.iter().map(|process| process.ticks).sum();
    Ok(ticks as f64 / ticks_per_second()?)
}

/// Resident memory of a process and its descendants, in MiB.
pub(super) fn resident_mib(pid: u32) -> Result<f64> {
    let kib: u64 = tree(pid)?.iter().filter_map(|process| resident_kib(process.pid)).sum();
    Ok(kib as f64 / 1024.0)
}

struct Process {
    pid: u32,
    parent: u32,
    ticks: u64,
}

/// A process and all its descendants.
fn tree(root: u32) -> Result<Vec<Process>> {
    let mut others: Vec<Process> = std::fs::read_dir("/proc")
        .context("no /proc: this task needs Linux")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(read_process)
        .collect();
    let first = others
        .iter()
        .position(|process| process.pid == root)
        .with_context(|| format!("process {root} is gone"))?;
    let mut family = vec![others.swap_remove(first)];
    while let Some(next) =
        others.iter().position(|process| family.iter().any(|known| known.pid == process.parent))
    {
        family.push(others.swap_remove(next));
    }
    Ok(family)
}

fn read_process(pid: u32) -> Option<Process> {
    parse_stat(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads proc_pid_stat(5): after the name in parentheses come the state (field 3), the parent (4), … utime (14), stime (15).
fn parse_stat(pid: u32, stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Process { pid, parent: u32::try_from(number(4)?).ok()?, ticks: number(14)? + number(15)? })
}

fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

fn ticks_per_second() -> Result<f64> {
    let text = Command::new("getconf").arg("CLK_TCK").must_output()?;
    text.trim().parse().context("`getconf CLK_TCK` gave no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_shifts_no_field() {
        let stat = "42 (a) b (c) S 7 0 0 0 0 0 0 0 0 0 100 23 0 0 20 0 1 0";
        let process = parse_stat(42, stat).expect("a well-formed line");
        assert_eq!((process.parent, process.ticks), (7, 123));
    }

    #[test]
    fn a_core_is_busy_but_for_idle_and_iowait() {
        let stat = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 1000 1000 4 5 6 0 0\ncpu1 7 0 0 50 0 0 0 0 0 0\n";
        assert_eq!(
            (busy_ticks(stat, 0), busy_ticks(stat, 1), busy_ticks(stat, 2)),
            (Some(21), Some(7), None)
        );
    }
}
