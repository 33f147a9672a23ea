//! What a scenario makes of an input, as it is told.

use super::{checks, overlay::Overlay};
use domain::{
    AppError,
    planning::{FieldChange, Handed, MOST_CHANGES, ScenarioDifference, SectionChanges, Verdict},
};
use engine::planning::{
    difference::difference,
    document::hex,
    fault::{Severity, verdict},
};

/// # Errors
/// `validation` with every finding of an input with an error, or that the scenario gives one.
pub(super) fn difference_of(
    handed: &Handed,
    overlay: &Overlay,
    version: Option<i32>,
) -> Result<ScenarioDifference, AppError> {
    let base = checks::base(handed)?;
    let (document, doubts) = overlay.apply(base.document()).map_err(|faults| checks::refused(&faults))?;
    let (_, faults) = checks::findings(&document, base.doubts().into_iter().chain(doubts).collect());
    let overall = verdict(&faults);
    if overall == Verdict::Fail {
        return Err(checks::refused(&faults));
    }
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let told = difference(base.document(), &document, MOST_CHANGES);
    Ok(ScenarioDifference {
        name: overlay.name.clone(),
        version,
        draw: overlay.draw,
        base_sha256: hex(&base.sha256),
        resolved_sha256: document.sha256(),
        overall,
        warnings: faults
            .iter()
            .filter(|fault| fault.severity == Severity::Warning)
            .take(MOST_CHANGES)
            .map(|fault| format!("{} ({})", fault.message, fault.code))
            .collect(),
        sections: told
            .counts
            .into_iter()
            .map(|of| SectionChanges {
                section: of.section.to_owned(),
                added: count(of.added),
                removed: count(of.removed),
                changed: count(of.changed),
            })
            .collect(),
        total: count(told.total),
        changes: told
            .changes
            .into_iter()
            .map(|change| FieldChange {
                section: change.section.to_owned(),
                key: change.key.join("/"),
                period: change.period,
                field: change.field,
                before: change.before,
                after: change.after,
            })
            .collect(),
    })
}
