//! Inputs that are solved at once, or not for long.

use serde_json::Value;

#[path = "../../engine/benches/planning/reference.rs"]
mod reference;

pub const BASE: &str = engine::planning::sample::DOCUMENT;
pub const MILLRACE: &str = env!("CARGO_BIN_EXE_millrace");

/// The reference instance of twelve periods, whose gap nobody closes in a minute.
pub fn hard() -> String {
    let mut document = reference::reference(12, 42);
    document["options"]["mip_gap"] = 0.into();
    document.to_string()
}

/// The solver of a run, not the shell that may have started it.
pub fn pid_of(run: &str) -> Option<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let named = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    named.into_iter().find(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.starts_with(MILLRACE.as_bytes()) && String::from_utf8_lossy(&line).contains(run)
    })
}

/// Dead, or only waiting to be buried.
pub fn is_gone(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
}

pub fn near(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-6 * expected.abs()
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value}"))
}
