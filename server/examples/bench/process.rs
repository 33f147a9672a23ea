//! What the system tells of processes (Linux; elsewhere nothing).

use std::time::Duration;

/// Resident memory of a process in bytes.
pub fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// Processor time of this process and of the whole machine, in ticks.
#[derive(Debug, Clone, Copy)]
pub struct Ticks {
    own: u64,
    all: u64,
}

pub fn ticks() -> Option<Ticks> {
    let own = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold anything.
    let fields: Vec<&str> = own.rsplit_once(')')?.1.split_whitespace().collect();
    let own = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let all = stat.lines().next()?.split_whitespace().skip(1).filter_map(|n| n.parse::<u64>().ok()).take(8).sum();
    Some(Ticks { own, all })
}

/// Share of the machine's time that this process took since `before`, in per cent of all cores.
pub fn share_since(before: Option<Ticks>) -> String {
    match before.zip(ticks()) {
        Some((before, now)) if now.all > before.all => {
            format!("{:.0} %", (now.own - before.own) as f64 * 100.0 / (now.all - before.all) as f64)
        }
        _ => "unknown".to_owned(),
    }
}

/// Middle, 95th of a hundred and longest of some times.
pub fn ranks(mut times: Vec<Duration>) -> (Duration, Duration, Duration) {
    times.sort_unstable();
    let rank = |share: f64| {
        let at = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1);
        times.get(at).copied().unwrap_or_default()
    };
    (rank(0.5), rank(0.95), rank(1.0))
}
