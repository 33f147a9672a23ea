//! A range of due times as the page of a schedule takes it.

use crate::error::FieldError;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

/// Half-open, on the wall clock of the schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillForm {
    pub from: String,
    pub to: String,
}

impl BackfillForm {
    /// Start and end; a day alone means its start.
    ///
    /// # Errors
    /// Each entry that is no date and time.
    pub fn times(&self) -> Result<[NaiveDateTime; 2], Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut time = |path: &str, text: &str| {
            read(text.trim()).unwrap_or_else(|| {
                faults.push(FieldError::new(path, "Give a date and a time, such as 2026-03-01T06:00."));
                NaiveDateTime::default()
            })
        };
        let times = [time("from", &self.from), time("to", &self.to)];
        if faults.is_empty() { Ok(times) } else { Err(faults) }
    }
}

/// Browsers leave the seconds out when there are none.
fn read(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_read_or_found_fault_with_at_once() {
        let form = |from: &str, to: &str| BackfillForm { from: from.to_owned(), to: to.to_owned() };
        let [from, to] = form(" 2026-03-01 ", "2026-03-08T06:30").times().unwrap();
        assert_eq!(
            (from.to_string().as_str(), to.to_string().as_str()),
            ("2026-03-01 00:00:00", "2026-03-08 06:30:00")
        );
        let faults = form("", "8 March").times().unwrap_err();
        assert_eq!(faults.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["from", "to"]);
    }
}
