//! How often files are expected (`overview.md` 3.4, 3.10): a setting that planners change where they import.

use super::IngestService;
use domain::{
    AppError,
    access::{Permission, Principal},
    ingest::{ExpectFiles, ExpectedFiles, Target},
    live::Topic,
};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    ingest::arrivals,
    settings,
};

async fn read(connection: &mut PgConnection) -> Result<Vec<ExpectedFiles>, AppError> {
    let mut all = Vec::new();
    for target in Target::ALL {
        let interval = arrivals::interval(connection, *target).await?;
        all.push(ExpectedFiles { target: *target, hours: interval.map(|interval| interval.hours) });
    }
    Ok(all)
}

impl IngestService {
    pub(super) async fn expected_files(&self, who: &Principal) -> Result<Vec<ExpectedFiles>, AppError> {
        who.require(Permission::IngestView)?;
        let mut connection = store::acquire(&self.backend.pools.admin).await?;
        read(&mut connection).await
    }

    pub(super) async fn expect_files(
        &self,
        who: &Principal,
        command: ExpectFiles,
    ) -> Result<Vec<ExpectedFiles>, AppError> {
        who.require(Permission::IngestPromote)?;
        let asked = command.validate().map_err(AppError::validation)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        settings::lock(&mut tx).await?;
        let known = read(&mut tx).await?;
        let (mut before, mut after) = (Map::new(), Map::new());
        for one in asked {
            let old = known.iter().find(|k| k.target == one.target).and_then(|k| k.hours);
            if old != one.hours {
                let value = Value::String(one.hours.map_or_else(String::new, |hours| hours.to_string()));
                settings::put(&mut tx, one.target.interval_setting(), &value, who.label(), now).await?;
                before.insert(one.target.interval_setting().to_owned(), json!(old));
                after.insert(one.target.interval_setting().to_owned(), json!(one.hours));
            }
        }
        if !after.is_empty() {
            let act = Act::done("settings.edit", "settings", "ingest")
                .before(Value::Object(before))
                .after(Value::Object(after));
            audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
            store::live::emit(&mut tx, Topic::Settings, "ingest").await?;
        }
        let changed = read(&mut tx).await?;
        store::commit(tx).await?;
        Ok(changed)
    }
}
