//! What a network comes to: whether it can be solved, and the document that runs solve.

use super::{DEMO, Whole, kept, missing, new_rows, zone};
use crate::{
    backend::Backend,
    services::planning::{
        checks::{self, Base},
        queueing::{aside, keep_input},
    },
};
use domain::{
    AppError,
    access::Principal,
    live::Topic,
    planning::{Finding, Freeze, Handed, Validation, Verdict},
};
use engine::{
    calendar::BusinessZone,
    planning::{
        document::hex,
        fault::Fault,
        masters::{self, Network},
    },
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::{self, Act},
    planning::{
        network_rows,
        networks::{self, By, StoredNetwork},
    },
};

/// The document of a network as it stands, to be kept.
///
/// # Errors
/// `validation` with every finding of one that cannot be solved; each names the row it is about.
fn frozen(network: &Network) -> Result<(Base, Verdict), AppError> {
    let (document, faults) = network.freeze();
    let told = |faults: Vec<Fault>| checks::refused(&placed(network, faults));
    if masters::refuses(&faults) {
        return Err(told(faults));
    }
    let (_, faults) = checks::findings(&document, faults);
    let verdict = engine::planning::fault::verdict(&faults);
    if verdict == Verdict::Fail {
        return Err(told(faults));
    }
    Ok((checks::base(&Handed::Text(document.tree().canonical()))?, verdict))
}

/// What is to be said of it as it stands.
pub(super) fn validation(network: &Network) -> Validation {
    let (document, faults) = network.freeze();
    let told = checks::told(&document, faults);
    let place = |finding: Finding| Finding { path: masters::place_of(network, &finding.path), ..finding };
    Validation {
        errors: told.errors.into_iter().map(place).collect(),
        warnings: told.warnings.into_iter().map(place).collect(),
        ..told
    }
}

/// Faults by the rows they are about.
fn placed(network: &Network, faults: Vec<Fault>) -> Vec<Fault> {
    faults.into_iter().map(|fault| Fault { path: masters::place_of(network, &fault.path), ..fault }).collect()
}

pub(super) fn freeze_of(stored: &StoredNetwork, zone: BusinessZone) -> Option<Freeze> {
    let frozen_at = stored.frozen_at?;
    Some(Freeze {
        input_id: stored.input_id?,
        sha256: hex(stored.sha256.as_deref()?),
        frozen_at: zone.local(frozen_at),
        frozen_by: stored.frozen_by.clone()?,
        validation: if stored.validation.as_deref() == Some("PASS") { Verdict::Pass } else { Verdict::Warn },
        is_current: stored.changed_at <= frozen_at,
    })
}

/// A network of the demo world, frozen, in the caller's transaction; how many rows it has.
pub(crate) async fn plant(
    backend: &Backend,
    connection: &mut PgConnection,
    who: &Principal,
    code: &str,
    document: String,
) -> Result<i64, AppError> {
    let network = aside(move || Ok(Network::of(checks::sound(&Handed::Text(document))?.document()))).await?;
    let (id, by) = (backend.clock.new_id(), By { at: backend.clock.now(), label: who.label(), origin: DEMO });
    if !networks::insert(connection, id, code, &kept(&network.head, "head")?, by).await? {
        return Err(AppError::conflict(format!("A network has the code {code} already.")));
    }
    let rows = new_rows(backend, &network)?;
    network_rows::insert(connection, id, &rows, by).await?;
    freeze(backend, connection, who, code).await?;
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Freezes a network in the caller's transaction.
pub(crate) async fn freeze(
    backend: &Backend,
    connection: &mut PgConnection,
    who: &Principal,
    code: &str,
) -> Result<Freeze, AppError> {
    let id = networks::lock(connection, code).await?.ok_or_else(missing)?;
    // As it stands now that nobody else changes it.
    let stored = networks::one(connection, code).await?.ok_or_else(missing)?;
    let rows = network_rows::all(connection, id).await?;
    let head = stored.head.clone();
    let (base, verdict) = aside(move || frozen(&Whole::of(&head, &rows)?.network)).await?;
    let input = keep_input(backend, connection, who, &base, &stored.origin).await?;
    let now = backend.clock.now();
    let by = By { at: now, label: who.label(), origin: &stored.origin };
    networks::frozen(connection, id, input, verdict.as_str(), by).await?;
    let about = json!({"code": code, "input": input, "sha256": hex(&base.sha256), "validation": verdict.as_str()});
    let act = Act::done("plan.network_frozen", "plan_network", id).after(about);
    audit::record(connection, backend.clock.new_id(), now, who, act).await?;
    store::live::emit(connection, Topic::Planning, &id.to_string()).await?;
    let stored = networks::one(connection, code).await?.ok_or_else(missing)?;
    freeze_of(&stored, zone(connection).await?).ok_or_else(AppError::internal)
}
