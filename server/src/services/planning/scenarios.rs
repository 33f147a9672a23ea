//! Scenarios: built-in ones, and own ones in versions that never change.

mod drafts;

pub(super) use drafts::{Checked, checked};

use super::{
    checks,
    overlay::Overlay,
    queueing::{aside, document_of},
    resolving,
};
use crate::{
    backend::Backend,
    services::{
        idempotency::{Request, once},
        transactions::zone_of,
    },
};
use async_trait::async_trait;
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::PlanScenarioId,
    live::Topic,
    planning::{
        CopyScenario, ForceFigure, JsonText, LetGo, LetGoScenario, ResolveScenario, RunStarted, ScenarioDetail,
        ScenarioDifference, ScenarioDraft, ScenarioItem, ScenarioList, ScenarioRef, ScenarioVersion, ScenariosPort,
        code_of, fault_of_code, fault_of_name,
    },
};
use drafts::read_draft;
use engine::{
    calendar::BusinessZone,
    planning::{
        scenario::{BUILT_IN, Scenario},
        tree,
    },
};
use serde_json::json;
use sqlx::PgConnection;
use std::fmt;
use store::{
    audit::{self, Act},
    planning::scenarios::{self, NewScenario, StoredScenario},
};
use uuid::Uuid;

const MOST_DRAW: i32 = 999_999;

/// The service behind [`ScenariosPort`].
#[derive(Clone)]
pub struct ScenariosService {
    pub(super) backend: Backend,
}

impl fmt::Debug for ScenariosService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScenariosService").finish_non_exhaustive()
    }
}

fn missing() -> AppError {
    AppError::not_found("Scenario")
}

fn built_in_names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

fn built_in(name: &str) -> Option<ScenarioItem> {
    let (name, does) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(ScenarioItem {
        name: (*name).to_owned(),
        title: name.replace('_', " "),
        description: format!("Built in: {does}."),
        modifications: if *name == checks::BASE { Vec::new() } else { vec![(*does).to_owned()] },
        id: None,
        version: None,
        has_chance: false,
    })
}

fn item(row: &StoredScenario) -> ScenarioItem {
    let scenario = Overlay::stored(row).ok().map(|overlay| overlay.scenario);
    ScenarioItem {
        name: row.code.clone(),
        title: row.name.clone(),
        description: row.description.clone().unwrap_or_default(),
        modifications: scenario.as_ref().map(Scenario::words).unwrap_or_default(),
        id: Some(PlanScenarioId(row.id)),
        version: Some(row.version),
        has_chance: scenario.is_some_and(|scenario| scenario.has_chance()),
    }
}

/// What an address names.
enum Found {
    BuiltIn(&'static str),
    Own(Box<StoredScenario>),
}

async fn found(connection: &mut PgConnection, scenario: &ScenarioRef) -> Result<Found, AppError> {
    let own = match scenario {
        ScenarioRef::Version(id) => scenarios::one(connection, id.0).await?,
        ScenarioRef::Name(name) => {
            if let Some((name, _)) = BUILT_IN.iter().find(|(known, _)| known == name) {
                return Ok(Found::BuiltIn(name));
            }
            scenarios::newest(connection, name).await?
        }
    };
    own.map(|row| Found::Own(Box::new(row))).ok_or_else(missing)
}

/// An own one that can still be changed.
async fn open(connection: &mut PgConnection, scenario: &ScenarioRef) -> Result<StoredScenario, AppError> {
    match found(connection, scenario).await? {
        Found::BuiltIn(_) => Err(AppError::conflict("A built-in scenario does not change. Copy it.")),
        Found::Own(row) if row.archived_at.is_some() => {
            Err(AppError::conflict("The scenario is archived. Copy it to go on with it."))
        }
        Found::Own(row) => Ok(*row),
    }
}

fn detail(row: &StoredScenario, versions: &[StoredScenario], zone: BusinessZone) -> ScenarioDetail {
    ScenarioDetail {
        scenario: item(row),
        seed: row.seed,
        probability: row.probability,
        ops: JsonText(row.ops.clone()),
        newest: (row.newest != row.id).then_some(PlanScenarioId(row.newest)),
        archived_at: row.archived_at.map(|at| zone.local(at)),
        created_at: Some(zone.local(row.created_at)),
        created_by: Some(row.created_by.clone()),
        versions: versions
            .iter()
            .map(|one| ScenarioVersion {
                id: PlanScenarioId(one.id),
                version: one.version,
                created_at: zone.local(one.created_at),
                created_by: one.created_by.clone(),
            })
            .collect(),
    }
}

async fn read(connection: &mut PgConnection, id: Uuid) -> Result<ScenarioDetail, AppError> {
    let row = scenarios::one(connection, id).await?.ok_or_else(missing)?;
    let versions = scenarios::versions(connection, &row.code).await?;
    Ok(detail(&row, &versions, zone_of(&store::settings::business(connection).await?)))
}

impl ScenariosService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// A first version, in the caller's transaction.
    pub(super) async fn begin(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        code: &str,
        new: &Checked,
        from: Option<(&str, Option<Uuid>)>,
    ) -> Result<ScenarioDetail, AppError> {
        let id = self.add(connection, who, code, 1, from.and_then(|(_, id)| id), new).await?;
        let Some(id) = id else {
            let taken = scenarios::newest(connection, code).await?;
            let which = if taken.is_some_and(|row| row.archived_at.is_some()) { "An archived" } else { "Another" };
            return Err(AppError::field("code", format!("{which} scenario has the code {code}.")));
        };
        let about = json!({"code": code, "version": 1, "name": new.name, "ops": new.ops, "seed": new.seed,
                           "probability": new.probability, "copy_of": from.map(|(name, _)| name)});
        self.tell(connection, who, id, Act::done("plan.scenario_created", "plan_scenario", id).after(about)).await?;
        read(connection, id).await
    }

    async fn add(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        code: &str,
        version: i32,
        parent_id: Option<Uuid>,
        new: &Checked,
    ) -> Result<Option<Uuid>, AppError> {
        let clock = self.backend.clock.as_ref();
        let row = NewScenario {
            id: clock.new_id(),
            code,
            version,
            parent_id,
            name: &new.name,
            description: new.description.as_deref(),
            ops: &new.ops,
            seed: new.seed,
            probability: new.probability,
            at: clock.now(),
            by: who.label(),
            by_id: who.user_id().map(|user| user.0),
        };
        Ok(scenarios::insert(connection, &row).await?.then_some(row.id))
    }

    async fn tell(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        id: Uuid,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        audit::record(connection, clock.new_id(), clock.now(), who, act).await?;
        Ok(store::live::emit(connection, Topic::Planning, &id.to_string()).await?)
    }
}

#[async_trait]
impl ScenariosPort for ScenariosService {
    async fn list(&self, who: &Principal) -> Result<ScenarioList, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let own = scenarios::current(&mut connection).await?;
        let built_in = BUILT_IN.iter().filter_map(|(name, _)| built_in(name));
        Ok(ScenarioList { scenarios: built_in.chain(own.iter().map(item)).collect() })
    }

    async fn detail(&self, who: &Principal, scenario: ScenarioRef) -> Result<ScenarioDetail, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        match found(&mut connection, &scenario).await? {
            Found::Own(row) => read(&mut connection, row.id).await,
            Found::BuiltIn(name) => Ok(ScenarioDetail {
                scenario: built_in(name).ok_or_else(missing)?,
                seed: 0,
                probability: None,
                ops: JsonText(Scenario::built_in_ops(name).ok_or_else(missing)?),
                newest: None,
                archived_at: None,
                created_at: None,
                created_by: None,
                versions: Vec::new(),
            }),
        }
    }

    async fn create(
        &self,
        who: &Principal,
        draft: ScenarioDraft,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<ScenarioDetail, AppError>> {
        let made = async {
            who.require(Permission::PlanEditScenario)?;
            let request = Request { who, key, route: "POST /api/v1/optimize/scenarios", status: 201, body: &draft };
            once(&self.backend.pools.analytics, self.backend.clock.now(), request, async |connection| {
                let new = read_draft(connection, &draft.overlay).await?;
                let named = new.as_ref().map(|new| code_of(&new.name)).unwrap_or_default();
                let code = draft.code.clone().unwrap_or(named);
                // Without a name there is no code to speak of.
                let spoken = draft.code.is_some() || new.is_ok();
                let fault = fault_of_code(&code, &built_in_names()).filter(|_| spoken);
                match (new, fault) {
                    (Ok(new), None) => self.begin(connection, who, &code, &new, None).await,
                    (new, fault) => {
                        Err(AppError::validation(fault.into_iter().chain(new.err().into_iter().flatten()).collect()))
                    }
                }
            })
            .await
        };
        Answered::of(made.await)
    }

    async fn change(
        &self,
        who: &Principal,
        scenario: ScenarioRef,
        draft: ScenarioDraft,
    ) -> Result<ScenarioDetail, AppError> {
        who.require(Permission::PlanEditScenario)?;
        if let ScenarioRef::Name(name) = &scenario
            && !BUILT_IN.iter().any(|(known, _)| known == name)
        {
            return Err(AppError::field("id", "Name the version that you change by its id."));
        }
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let row = open(&mut tx, &scenario).await?;
        let mut faults = Vec::new();
        if draft.code.as_ref().is_some_and(|code| *code != row.code) {
            faults
                .push(FieldError::new("code", format!("The code stays {}. Copy the scenario for another.", row.code)));
        }
        let new = match read_draft(&mut tx, &draft.overlay).await? {
            Ok(new) if faults.is_empty() => new,
            checked => {
                faults.extend(checked.err().into_iter().flatten());
                return Err(AppError::validation(faults));
            }
        };
        let newer = || AppError::conflict("There is a newer version of this scenario. Open it and change that one.");
        if row.newest != row.id {
            return Err(newer());
        }
        let before = Checked {
            name: row.name.clone(),
            description: row.description.clone(),
            seed: row.seed,
            probability: row.probability,
            ops: tree::read(&row.ops).map(|ops| ops.canonical()).unwrap_or_default(),
        };
        if new == before {
            return read(&mut tx, row.id).await;
        }
        let version = row.version + 1;
        let id = self.add(&mut tx, who, &row.code, version, Some(row.id), &new).await?.ok_or_else(newer)?;
        let told = |version: i32, of: &Checked| {
            json!({"code": row.code, "version": version, "name": of.name, "description": of.description, "ops": of.ops,
                   "seed": of.seed, "probability": of.probability})
        };
        let act = Act::done("plan.scenario_changed", "plan_scenario", id)
            .before(told(row.version, &before))
            .after(told(version, &new));
        self.tell(&mut tx, who, id, act).await?;
        let detail = read(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    async fn copy(
        &self,
        who: &Principal,
        scenario: ScenarioRef,
        copy: CopyScenario,
    ) -> Result<ScenarioDetail, AppError> {
        who.require(Permission::PlanEditScenario)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let (from, id, mut new) = match found(&mut tx, &scenario).await? {
            Found::BuiltIn(name) => {
                let ops = Scenario::built_in_ops(name).ok_or_else(missing)?;
                let name_of = name.replace('_', " ");
                (name.to_owned(), None, Checked { name: name_of, description: None, seed: 0, probability: None, ops })
            }
            Found::Own(row) => {
                let (name, description) = (row.name.clone(), row.description.clone());
                let (seed, probability, ops) = (row.seed, row.probability, row.ops.clone());
                (row.code.clone(), Some(row.id), Checked { name, description, seed, probability, ops })
            }
        };
        if let Some(name) = copy.name.filter(|name| !name.trim().is_empty()) {
            name.trim().clone_into(&mut new.name);
        }
        let faults: Vec<_> = fault_of_code(&copy.code, &built_in_names())
            .into_iter()
            .chain(fault_of_name(&new.name))
            .chain(new.name.contains('\0').then(|| FieldError::new("name", "A name has no character U+0000.")))
            .collect();
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        let made = self.begin(&mut tx, who, &copy.code, &new, Some((&from, id))).await?;
        store::commit(tx).await?;
        Ok(made)
    }

    async fn archive(&self, who: &Principal, scenario: ScenarioRef) -> Result<(), AppError> {
        who.require(Permission::PlanEditScenario)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let row = open(&mut tx, &scenario).await?;
        if !scenarios::archive(&mut tx, &row.code, self.backend.clock.now(), who.label()).await? {
            return Err(missing());
        }
        let about = json!({"code": row.code, "version": row.version, "name": row.name});
        let act = Act::done("plan.scenario_archived", "plan_scenario", row.id).before(about);
        self.tell(&mut tx, who, row.id, act).await?;
        Ok(store::commit(tx).await?)
    }

    async fn let_go(&self, who: &Principal, asked: LetGo) -> Result<LetGoScenario, AppError> {
        self.let_it_go(who, asked).await
    }

    async fn force(&self, who: &Principal, asked: ForceFigure) -> Result<RunStarted, AppError> {
        self.force_it(who, asked).await
    }

    async fn resolve(
        &self,
        who: &Principal,
        scenario: ScenarioRef,
        over: ResolveScenario,
    ) -> Result<ScenarioDifference, AppError> {
        who.require(Permission::PlanView)?;
        let mut faults: Vec<_> = over.input.validate().err().into_iter().collect();
        if !(0..=MOST_DRAW).contains(&over.draw) {
            faults.push(FieldError::new("draw", "A draw is a whole number from 0 to 999999."));
        }
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let (overlay, version) = match found(&mut connection, &scenario).await? {
            Found::BuiltIn(name) => (Overlay::built_in(name).ok_or_else(missing)?, None),
            Found::Own(row) => (Overlay::stored(&row).map_err(|faults| checks::refused(&faults))?, Some(row.version)),
        };
        let handed = document_of(&mut connection, &over.input).await?;
        drop(connection);
        let overlay = overlay.drawn(None, over.draw);
        aside(move || resolving::difference_of(&handed, &overlay, version)).await
    }
}
