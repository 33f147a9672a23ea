//! Documents brought into a network: kept beside it, told what they would change, committed at once.

use super::{NetworksService, Reach, Whole, kept, missing, rows::new_row, told_apart, zone};
use crate::services::planning::{checks, queueing::aside};
use chrono::{DateTime, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    ids::NetworkImportId,
    planning::{CommitImport, Handed, ImportChange, ImportCount, NetworkImport},
};
use engine::{
    calendar::BusinessZone,
    planning::{
        document::{Document, schema::SECTIONS},
        masters::{
            Network,
            import::{self, Change, Verdict},
        },
        tree,
    },
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    audit::Act,
    planning::{
        network_imports::{self, StoredImport},
        network_rows::{self, StoredRow},
        networks,
    },
};

/// Changes that are shown.
const MOST_CHANGES: usize = 300;
const LONGEST_NAME: usize = 200;

fn no_import() -> AppError {
    AppError::not_found("Import")
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Created => "created",
        Verdict::Updated => "updated",
        Verdict::Same => "same",
        Verdict::Missing => "missing",
    }
}

fn counts(changes: &[Change]) -> Vec<ImportCount> {
    let of = |(place, section): (usize, &engine::planning::document::schema::Section)| {
        let count = |verdict: Verdict| {
            let rows = changes.iter().filter(|change| change.section == place && change.verdict == verdict).count();
            i64::try_from(rows).unwrap_or(i64::MAX)
        };
        ImportCount {
            section: section.name.to_owned(),
            created: count(Verdict::Created),
            updated: count(Verdict::Updated),
            same: count(Verdict::Same),
            missing: count(Verdict::Missing),
        }
    };
    let all = SECTIONS.iter().enumerate().map(of);
    all.filter(|count| count.created + count.updated + count.same + count.missing > 0).collect()
}

/// The document that waits.
fn document_of(text: &str) -> Result<Network, AppError> {
    let tree = tree::read(text).map_err(|_| AppError::internal())?;
    Ok(Network::of(&Document::of(&tree).0))
}

/// What it would change of the network as it stands.
fn told(
    stored: StoredImport,
    network: &networks::StoredNetwork,
    rows: &[StoredRow],
    zone: BusinessZone,
) -> Result<NetworkImport, AppError> {
    let (whole, document) = (Whole::of(&network.head, rows)?, document_of(&stored.document)?);
    let changes = import::changes(&whole.network, &document);
    let shown = changes.iter().filter(|change| change.verdict != Verdict::Same).take(MOST_CHANGES).map(|change| {
        let before = change.before.map(|at| &whole.network.rows[change.section][at]);
        let after = change.after.map(|at| &document.rows[change.section][at]);
        ImportChange {
            section: SECTIONS[change.section].name.to_owned(),
            key: change.key.clone(),
            verdict: word(change.verdict).to_owned(),
            fields: import::fields(before, after),
        }
    });
    Ok(NetworkImport {
        import_id: NetworkImportId(stored.id),
        network: stored.network,
        file_name: stored.file_name,
        created_at: zone.local(stored.created_at),
        created_by: stored.created_by,
        committed_at: stored.committed_at.map(|at| zone.local(at)),
        network_changed_at: zone.local(network.changed_at),
        head_changes: import::head_differs(&whole.network, &document),
        counts: counts(&changes),
        changes: shown.collect(),
    })
}

async fn shown(connection: &mut PgConnection, id: NetworkImportId) -> Result<NetworkImport, AppError> {
    let stored = network_imports::one(connection, id.0).await?.ok_or_else(no_import)?;
    let network = networks::one(connection, &stored.network).await?.ok_or_else(missing)?;
    let rows = network_rows::all(connection, network.id).await?;
    let zone = zone(connection).await?;
    aside(move || told(stored, &network, &rows, zone)).await
}

pub(super) async fn stage(
    service: &NetworksService,
    who: &Principal,
    code: &str,
    document: Handed,
    file_name: Option<String>,
) -> Result<NetworkImport, AppError> {
    who.require(Permission::PlanEditNetwork)?;
    let base = aside(move || checks::sound(&document)).await?;
    told_apart(base.document())?;
    let text = kept(&base.document().tree(), "input_data")?;
    let mut tx = store::begin(&service.backend.pools.analytics).await?;
    Reach::of(&mut tx, who, service.backend.clock.now()).await?.whole()?;
    let network = networks::one(&mut tx, code).await?.ok_or_else(missing)?;
    let id = service.backend.clock.new_id();
    let name: Option<String> =
        file_name.map(|name| name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect());
    let about = (text.as_str(), name.as_deref());
    network_imports::insert(&mut tx, id, network.id, about, service.by(who, &network.origin)).await?;
    let shown = shown(&mut tx, NetworkImportId(id)).await?;
    store::commit(tx).await?;
    Ok(shown)
}

pub(super) async fn read(
    service: &NetworksService,
    who: &Principal,
    id: NetworkImportId,
) -> Result<NetworkImport, AppError> {
    who.require(Permission::PlanView)?;
    let mut connection = store::acquire(&service.backend.pools.analytics).await?;
    shown(&mut connection, id).await
}

pub(super) async fn commit(
    service: &NetworksService,
    who: &Principal,
    id: NetworkImportId,
    how: &CommitImport,
) -> Result<NetworkImport, AppError> {
    who.require(Permission::PlanEditNetwork)?;
    let mut tx = store::begin(&service.backend.pools.analytics).await?;
    let stored = network_imports::one(&mut tx, id.0).await?.ok_or_else(no_import)?;
    Reach::of(&mut tx, who, service.backend.clock.now()).await?.whole()?;
    let network = networks::lock(&mut tx, &stored.network).await?.ok_or_else(missing)?;
    let head = networks::one(&mut tx, &stored.network).await?.ok_or_else(missing)?;
    if how.network_changed_at.is_some_and(|seen| seen != head.changed_at) {
        let told =
            "The network has changed since you were shown what the file changes. Look at it again, then keep it.";
        return Err(AppError::conflict(told));
    }
    // After the lock: nothing of the network is of a later moment.
    let now = service.backend.clock.now();
    if !network_imports::commit(&mut tx, id.0, now, who.label()).await? {
        return Err(AppError::conflict("This import was committed already."));
    }
    let remove_missing = how.remove_missing;
    let rows = network_rows::all(&mut tx, network).await?;
    let (text, document) = (head.head.clone(), stored.document.clone());
    let (whole, document, changes) = aside(move || {
        let (whole, document) = (Whole::of(&text, &rows)?, document_of(&document)?);
        let changes = import::changes(&whole.network, &document);
        Ok((whole, document, changes))
    })
    .await?;
    let result = counts(&changes);
    let head_changes = import::head_differs(&whole.network, &document);
    apply(service, &mut tx, who, (network, &head), (&whole, &document), &changes, remove_missing).await?;
    if head_changes || changes.iter().any(|change| matters(change.verdict, remove_missing)) {
        networks::touch(&mut tx, network, now).await?;
    }
    let about = json!({"network": stored.network, "import": id, "file": stored.file_name, "head": head_changes,
                       "removed_missing": remove_missing, "rows": result});
    service
        .tell(&mut tx, who, network, Act::done("plan.network_imported", "plan_network", network).after(about))
        .await?;
    let zone = zone(&mut tx).await?;
    store::commit(tx).await?;
    Ok(committed(stored, result, head_changes, now, zone))
}

const fn matters(verdict: Verdict, remove_missing: bool) -> bool {
    match verdict {
        Verdict::Created | Verdict::Updated => true,
        Verdict::Same => false,
        Verdict::Missing => remove_missing,
    }
}

fn committed(
    stored: StoredImport,
    counts: Vec<ImportCount>,
    head_changes: bool,
    at: DateTime<Utc>,
    zone: BusinessZone,
) -> NetworkImport {
    NetworkImport {
        import_id: NetworkImportId(stored.id),
        network: stored.network,
        file_name: stored.file_name,
        created_at: zone.local(stored.created_at),
        created_by: stored.created_by,
        committed_at: Some(zone.local(at)),
        network_changed_at: zone.local(at),
        head_changes,
        counts,
        changes: Vec::new(),
    }
}

async fn apply(
    service: &NetworksService,
    connection: &mut PgConnection,
    who: &Principal,
    (network, head): (uuid::Uuid, &networks::StoredNetwork),
    (whole, document): (&Whole, &Network),
    changes: &[Change],
    remove_missing: bool,
) -> Result<(), AppError> {
    let by = service.by(who, &head.origin);
    if import::head_differs(&whole.network, document) {
        let text = kept(&document.head, "head")?;
        networks::update(connection, network, head.version, &text, by).await?;
    }
    // Keys that go make room for those that come.
    let gone = changes.iter().filter(|change| change.verdict == Verdict::Missing && remove_missing);
    let gone: Vec<_> = gone.filter_map(|change| change.before.map(|at| whole.ids[change.section][at])).collect();
    network_rows::remove_all(connection, network, &gone).await?;
    let (mut new, mut newer) = (Vec::new(), Vec::new());
    for change in changes {
        let Some(after) = change.after else { continue };
        let (section, row) = (&SECTIONS[change.section], &document.rows[change.section][after]);
        match (change.verdict, change.before) {
            (Verdict::Created, _) => new.push(new_row(service.backend.clock.new_id(), section, row)?),
            (Verdict::Updated, Some(at)) => newer.push(new_row(whole.ids[change.section][at], section, row)?),
            _ => {}
        }
    }
    network_rows::update_all(connection, network, &newer, by).await?;
    network_rows::insert(connection, network, &new, by).await?;
    Ok(())
}
