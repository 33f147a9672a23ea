//! Which world is meant: that which is loaded already, or a new one.

use chrono::{DateTime, Timelike, Utc};
use domain::{
    AppError,
    demo::{DEFAULT_SEED, DemoPart, LoadDemo},
    money::Currency,
    settings::Business,
};
use engine::{calendar::BusinessZone, demo::Plan};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::demo::Batch;

/// What a batch keeps besides seed and day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    /// Minutes of the last day that are filled.
    pub until_minute: u16,
    pub complete: bool,
    /// Rows written, by what they are.
    pub rows: BTreeMap<String, i64>,
}

impl Details {
    pub fn read(json: &serde_json::Value) -> Self {
        serde_json::from_value(json.clone()).unwrap_or_default()
    }

    pub fn write(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The zone of the business; a name that is none counts as UTC.
pub(super) fn zone_of(business: &Business) -> BusinessZone {
    BusinessZone::parse(&business.zone).unwrap_or(BusinessZone::UTC)
}

/// What the demo world makes of settings nobody has touched.
pub(super) fn demo_business() -> Business {
    Business { base_currency: Currency::INR, zone: "Asia/Kolkata".to_owned(), locale: "en-IN".to_owned() }
}

/// The plan of `command`, given what is loaded.
///
/// # Errors
/// `validation`, or `conflict` when another world than the wanted one is loaded.
pub(super) fn plan(
    command: &LoadDemo,
    batches: &[Batch],
    zone: BusinessZone,
    now: DateTime<Utc>,
) -> Result<Plan, AppError> {
    let today = zone.day_of(now);
    command.validate(today).map_err(AppError::validation)?;
    if let Some(batch) = batches.iter().find(|b| b.dataset == DemoPart::Commerce.as_str()) {
        if command.seed.is_some_and(|seed| seed != batch.seed) || command.as_of.is_some_and(|day| day != batch.as_of) {
            return Err(AppError::conflict(format!(
                "The demo world of seed {} up to {} is loaded already. Remove it first (millrace seed --remove), then load the other one.",
                batch.seed, batch.as_of
            )));
        }
        let until_minute = Details::read(&batch.details).until_minute;
        return Ok(Plan { seed: batch.seed.unsigned_abs(), as_of: batch.as_of, until_minute });
    }
    let as_of = command.as_of.unwrap_or(today);
    let until_minute = if as_of == today { hours_passed(zone, now) * 60 } else { 24 * 60 };
    Ok(Plan { seed: command.seed.unwrap_or(DEFAULT_SEED).unsigned_abs(), as_of, until_minute })
}

/// Whole hours of the local day that have passed: nothing of the demo world lies in the future.
fn hours_passed(zone: BusinessZone, now: DateTime<Utc>) -> u16 {
    u16::try_from(zone.local(now).hour()).unwrap_or(0)
}

/// Whether `batches` hold `part`, whole.
pub(super) fn is_complete(batches: &[Batch], part: DemoPart) -> bool {
    batches.iter().any(|b| b.dataset == part.as_str() && Details::read(&b.details).complete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn now() -> DateTime<Utc> {
        "2026-11-21T20:15:00Z".parse().expect("a time")
    }

    fn kolkata() -> BusinessZone {
        zone_of(&demo_business())
    }

    #[test]
    fn today_is_that_of_the_business_and_ends_with_its_last_whole_hour() {
        let plan = plan(&LoadDemo::default(), &[], kolkata(), now()).expect("a plan");
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a date");
        assert_eq!(plan, Plan { seed: 42, as_of: day, until_minute: 60 });
    }

    #[test]
    fn an_earlier_day_is_whole() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1);
        let plan = plan(&LoadDemo { as_of: day, seed: Some(7), ..LoadDemo::default() }, &[], kolkata(), now())
            .expect("a plan");
        assert_eq!((plan.seed, Some(plan.as_of), plan.until_minute), (7, day, 1_440));
    }

    #[test]
    fn what_is_loaded_decides_on_a_later_day_too() {
        let as_of = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a date");
        let details = Details { until_minute: 540, complete: false, rows: BTreeMap::new() }.write();
        let batch =
            Batch { id: uuid::Uuid::nil(), dataset: "commerce".to_owned(), seed: 9, as_of, details, loaded_at: now() };
        let of = |command| plan(&command, std::slice::from_ref(&batch), kolkata(), now());
        assert_eq!(of(LoadDemo::default()), Ok(Plan { seed: 9, as_of, until_minute: 540 }));
        assert!(
            of(LoadDemo { seed: Some(42), ..LoadDemo::default() })
                .is_err_and(|e| e.message.contains("seed 9 up to 2026-11-20"))
        );
    }
}
