//! Settings: read by everybody each request, changed seldom (`platform.md` 3.11).

use crate::{
    access::local,
    backend::Backend,
    jobs::{JobRequest, KpiRebuild, Rebuild, enqueue},
};
use async_trait::async_trait;
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    live::Topic,
    settings::{Business, ChangeSettings, DECLARED, Setting, SettingsPort, SettingsView},
};
use serde_json::{Map, Value};
use std::fmt;
use store::{
    audit::{self, Act},
    live,
    settings::{self, Stored},
};

pub struct SettingsService {
    backend: Backend,
}

impl fmt::Debug for SettingsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettingsService").finish_non_exhaustive()
    }
}

impl SettingsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }
}

#[async_trait]
impl SettingsPort for SettingsService {
    async fn business(&self) -> Result<Business, AppError> {
        Ok(self.backend.business().await?.value.business.clone())
    }

    async fn view(&self, who: &Principal) -> Result<SettingsView, AppError> {
        who.require(Permission::AccessSettingsView)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        Ok(view_of(&settings::all(&mut connection).await?))
    }

    async fn change(&self, who: &Principal, command: ChangeSettings) -> Result<SettingsView, AppError> {
        who.require(Permission::AccessSettingsEdit)?;
        check(&command)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        settings::lock(&mut tx).await?;
        let current = view_of(&settings::all(&mut tx).await?);
        if command.version.is_some_and(|version| version != current.version) {
            return Err(AppError::conflict(format!(
                "The settings were changed by somebody else in the meantime (now version {}). Look at them again and repeat your change.",
                current.version
            ))
            .with_field("version", current.version.to_string()));
        }
        let (mut before, mut after) = (Map::new(), Map::new());
        for (key, value) in &command.values {
            let old = current.items.iter().find(|s| &s.key == key).map(|s| Value::String(s.value.clone()));
            if old.as_ref() != Some(value) {
                settings::put(&mut tx, key, value, who.label(), now).await?;
                before.insert(key.clone(), old.unwrap_or(Value::Null));
                after.insert(key.clone(), value.clone());
            }
        }
        let days_changed = [settings::ZONE, settings::BASE_CURRENCY].iter().any(|key| after.contains_key(*key));
        if !after.is_empty() {
            let act = Act::done("settings.edit", "settings", "business")
                .before(Value::Object(before))
                .after(Value::Object(after));
            audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
            live::emit(&mut tx, Topic::Settings, "business").await?;
            if days_changed {
                // Not deduplicated: a run that has begun may have summed up days of the settings before.
                let request = JobRequest::of::<KpiRebuild>(&Rebuild::ALL)?;
                enqueue(&mut tx, self.backend.clock.as_ref(), who, request).await?;
            }
        }
        let changed = view_of(&settings::all(&mut tx).await?);
        store::commit(tx).await?;
        self.backend.business_changed();
        Ok(changed)
    }
}

fn check(command: &ChangeSettings) -> Result<(), AppError> {
    let mut faults = command.validate().err().unwrap_or_default();
    let zone = command.values.get("business.zone").and_then(Value::as_str).filter(|z| !z.is_empty());
    if zone.is_some_and(|z| z.parse::<chrono_tz::Tz>().is_err()) && !faults.iter().any(|f| f.path == "business.zone") {
        faults.push(FieldError::new(
            "business.zone",
            "There is no time zone of this name. Use an IANA name, e.g. Europe/London.",
        ));
    }
    if faults.is_empty() { Ok(()) } else { Err(AppError::validation(faults)) }
}

/// Declared settings with their stored values; every change raises one row's version, so their sum
/// counts the changes.
fn view_of(stored: &[Stored]) -> SettingsView {
    let value = |row: &Stored| match &row.value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    let zone = stored.iter().find(|s| s.key == settings::ZONE).and_then(|s| s.value.as_str());
    let zone = zone.and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::UTC);
    let items = DECLARED
        .iter()
        .map(|declared| {
            let row = stored.iter().find(|s| s.key == declared.key);
            Setting {
                key: declared.key.to_owned(),
                title: declared.title.to_owned(),
                value: row.map_or_else(|| declared.default.to_owned(), value),
                default: declared.default.to_owned(),
                allowed: declared.allowed.to_owned(),
                updated_by: row.map(|r| r.updated_by.clone()),
                updated_at: row.map(|r| local(r.updated_at, zone)),
            }
        })
        .collect();
    SettingsView { version: stored.iter().map(|s| i64::from(s.version)).sum(), items }
}
