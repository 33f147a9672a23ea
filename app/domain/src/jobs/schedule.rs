//! Schedules as shown and edited. When they are due is computed by `engine::schedule`.

use super::run::words;
use crate::error::FieldError;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

words! {
    /// What happens when a schedule is due while its last run is still open.
    Overlap { Skip => "skip", BufferOne => "buffer_one", Allow => "allow", CancelRunning => "cancel_running" }
}

words! {
    /// What happens with due times that passed while no scheduler ran.
    CatchUp { None => "none", Latest => "latest", All => "all" }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScheduleView {
    pub id: String,
    pub title: String,
    pub group_name: String,
    pub owner_feature: String,
    pub kind: String,
    pub cron: Option<String>,
    pub every_seconds: Option<i32>,
    /// `None`: the business zone.
    pub zone: Option<String>,
    pub enabled: bool,
    pub overlap: Overlap,
    pub catch_up: CatchUp,
    pub catch_up_window_seconds: i32,
    pub jitter_seconds: i32,
    pub timeout_seconds: Option<i32>,
    pub max_attempts: Option<i32>,
    pub next_due_at: Option<DateTime<FixedOffset>>,
    pub last_fire_at: Option<DateTime<FixedOffset>>,
    pub last_success_at: Option<DateTime<FixedOffset>>,
    pub last_state: Option<String>,
    pub version: i32,
    /// The next five due times, in the schedule's zone.
    pub next: Vec<DateTime<FixedOffset>>,
}

impl ScheduleView {
    /// The rhythm in one line: the cron text, or "every 60 s".
    #[must_use]
    pub fn rhythm(&self) -> String {
        match (&self.cron, self.every_seconds) {
            (Some(cron), _) => cron.clone(),
            (None, Some(seconds)) => format!("every {seconds} s"),
            (None, None) => String::new(),
        }
    }
}

/// Changes to a schedule; what is `None` stays. `version` is the one that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleEdit {
    pub version: i32,
    pub enabled: Option<bool>,
    /// Replaces `every_seconds`.
    pub cron: Option<String>,
    /// Replaces `cron`.
    pub every_seconds: Option<i32>,
    /// Empty: back to the business zone.
    pub zone: Option<String>,
    pub overlap: Option<Overlap>,
    pub catch_up: Option<CatchUp>,
    pub catch_up_window_seconds: Option<i32>,
    pub jitter_seconds: Option<i32>,
    pub timeout_seconds: Option<i32>,
    pub max_attempts: Option<i32>,
}

impl ScheduleEdit {
    /// All that can be judged without a calendar; cron text and zone are judged by the engine.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut within = |path: &str, value: Option<i32>, low: i32, high: i32| {
            if value.is_some_and(|v| !(low..=high).contains(&v)) {
                faults.push(FieldError::new(path, format!("Give a whole number from {low} to {high}.")));
            }
        };
        within("every_seconds", self.every_seconds, 1, 31_536_000);
        within("catch_up_window_seconds", self.catch_up_window_seconds, 0, 2_592_000);
        within("jitter_seconds", self.jitter_seconds, 0, 3_600);
        within("timeout_seconds", self.timeout_seconds, 1, 86_400);
        within("max_attempts", self.max_attempts, 1, 100);
        if self.cron.is_some() && self.every_seconds.is_some() {
            faults.push(FieldError::new("every_seconds", "Give either a cron line or a number of seconds, not both."));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// What stands in the form of a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleForm {
    pub enabled: String,
    pub cron: String,
    pub every_seconds: String,
    pub zone: String,
    pub overlap: String,
    pub catch_up: String,
}

impl ScheduleForm {
    /// The schedule as it is.
    #[must_use]
    pub fn of(schedule: &ScheduleView) -> Self {
        Self {
            enabled: schedule.enabled.to_string(),
            cron: schedule.cron.clone().unwrap_or_default(),
            every_seconds: schedule.every_seconds.map(|s| s.to_string()).unwrap_or_default(),
            zone: schedule.zone.clone().unwrap_or_default(),
            overlap: schedule.overlap.to_string(),
            catch_up: schedule.catch_up.to_string(),
        }
    }

    /// What the address holds of the form; `None`: nothing was typed yet.
    #[must_use]
    pub fn from_query(query: &str) -> Option<Self> {
        let mut form = Self::default();
        let mut typed = false;
        for (name, value) in crate::query::pairs(query) {
            let field = match name.as_str() {
                "enabled" => &mut form.enabled,
                "cron" => &mut form.cron,
                "every_seconds" => &mut form.every_seconds,
                "zone" => &mut form.zone,
                "overlap" => &mut form.overlap,
                "catch_up" => &mut form.catch_up,
                _ => continue,
            };
            value.trim().clone_into(field);
            typed = true;
        }
        typed.then_some(form)
    }

    fn seconds(&self) -> Result<Option<i32>, FieldError> {
        if self.every_seconds.is_empty() {
            return Ok(None);
        }
        let message = "Give a whole number of seconds, or leave it empty.";
        self.every_seconds.parse().map(Some).map_err(|_| FieldError::new("every_seconds", message))
    }

    /// The rhythm, for its due times.
    ///
    /// # Errors
    /// When the seconds are no number.
    pub fn to_draft(&self) -> Result<ScheduleDraft, Vec<FieldError>> {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let every_seconds = self.seconds().map_err(|fault| vec![fault])?;
        Ok(ScheduleDraft { cron: given(&self.cron), every_seconds, zone: given(&self.zone) })
    }

    /// The edit of version `version`.
    ///
    /// # Errors
    /// Entries that cannot be read; what can be read is judged by the service.
    pub fn to_edit(&self, version: i32) -> Result<ScheduleEdit, Vec<FieldError>> {
        let mut faults = Vec::new();
        let every_seconds = self.seconds().unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        let cron = (!self.cron.is_empty()).then(|| self.cron.clone());
        if cron.is_none() && self.every_seconds.is_empty() {
            faults.push(FieldError::new("cron", "Give a cron line, or a number of seconds."));
        }
        let (overlap, catch_up) = (Overlap::parse(&self.overlap), CatchUp::parse(&self.catch_up));
        if !faults.is_empty() {
            return Err(faults);
        }
        let (enabled, zone) = (Some(self.enabled != "false"), Some(self.zone.clone()));
        Ok(ScheduleEdit { version, enabled, cron, every_seconds, zone, overlap, catch_up, ..ScheduleEdit::default() })
    }
}

/// A rhythm being typed, for the preview of its due times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleDraft {
    pub cron: Option<String>,
    pub every_seconds: Option<i32>,
    pub zone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueTimes {
    pub zone: String,
    pub next: Vec<DateTime<FixedOffset>>,
}

/// Half-open range of due times to run late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backfill {
    pub from: DateTime<FixedOffset>,
    pub to: DateTime<FixedOffset>,
}

impl Backfill {
    /// # Errors
    /// When the range is empty.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        if self.from < self.to { Ok(()) } else { Err(vec![FieldError::new("to", "The end must be after the start.")]) }
    }
}

/// How many runs a backfill made, and how many due times had one already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackfillResult {
    pub enqueued: i32,
    pub already_fired: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_edited_by_a_form_in_the_address() {
        assert_eq!(ScheduleForm::from_query("x=1"), None);
        let form = ScheduleForm::from_query("cron=30+1+*+*+*&every_seconds=&zone=&enabled=false&overlap=skip").unwrap();
        let edit = form.to_edit(7).unwrap();
        assert_eq!((edit.version, edit.enabled, edit.cron.as_deref()), (7, Some(false), Some("30 1 * * *")));
        assert_eq!((edit.zone.as_deref(), edit.overlap, edit.catch_up), (Some(""), Some(Overlap::Skip), None));
        let paths = |form: ScheduleForm| form.to_edit(1).unwrap_err().into_iter().map(|f| f.path).collect::<Vec<_>>();
        assert_eq!(paths(ScheduleForm::default()), ["cron"]);
        assert_eq!(paths(ScheduleForm { every_seconds: "often".into(), ..ScheduleForm::default() }), ["every_seconds"]);
    }

    #[test]
    fn all_faults_of_an_edit_come_at_once() {
        let edit = ScheduleEdit {
            cron: Some("* * * * *".into()),
            every_seconds: Some(0),
            max_attempts: Some(0),
            ..ScheduleEdit::default()
        };
        let paths: Vec<_> = edit.validate().unwrap_err().into_iter().map(|f| f.path).collect();
        assert_eq!(paths, ["every_seconds", "max_attempts", "every_seconds"]);
    }
}
