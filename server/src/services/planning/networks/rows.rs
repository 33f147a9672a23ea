//! Rows of networks: read by page, added, changed and removed one by one.

use super::{NetworksService, Reach, kept, meant, missing, refused, row_of, zone};
use crate::services::{
    cursor,
    idempotency::{Request, once},
};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::NetworkRowId,
    paging::Page,
    planning::{JsonText, NetworkRow, RowFields, RowFilter, SectionRows, TypedRow},
};
use engine::{
    calendar::BusinessZone,
    planning::{
        document::{Row, schema::Section},
        masters::{self, typed},
        tree::{self, Tree},
    },
};
use serde_json::json;
use sqlx::PgConnection;
use store::{
    StoreError,
    audit::Act,
    planning::{
        network_rows::{self, NewRow, StoredRow, Wanted},
        networks::{self, StoredNetwork},
    },
};
use uuid::Uuid;

/// Where two rows would have one key.
const SAME_KEY: &str = "network_rows_key";

fn no_row() -> AppError {
    AppError::not_found("Row")
}

fn section_of(name: &str) -> Result<&'static Section, AppError> {
    masters::section(name).ok_or_else(|| AppError::not_found("Section"))
}

/// A row as it is kept.
pub(super) fn new_row(id: Uuid, section: &'static Section, row: &Row) -> Result<NewRow, AppError> {
    Ok(NewRow {
        id,
        section: section.name,
        key: masters::key(section, row),
        fields: kept(&row.tree(), "fields")?,
        defines: masters::defines(section, row),
        mentions: masters::mentions(section, row).into_iter().collect(),
    })
}

fn told(row: StoredRow, zone: BusinessZone) -> NetworkRow {
    NetworkRow {
        id: NetworkRowId(row.id),
        key: row.key,
        version: row.version,
        fields: JsonText(row.fields),
        updated_at: zone.local(row.updated_at),
        updated_by: row.updated_by,
    }
}

/// What rows are asked for, wherever the page begins.
struct Narrowed {
    about: Option<String>,
    search: Option<String>,
}

impl Narrowed {
    fn of(filter: &RowFilter) -> Self {
        let given =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Self { about: given(&filter.node).map(|node| format!("node:{node}")), search: given(&filter.search) }
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { about: self.about.as_deref(), search: self.search.as_deref(), ..Wanted::default() }
    }
}

/// A page of stored rows, and the place behind it.
struct Found {
    network: StoredNetwork,
    rows: Vec<StoredRow>,
    next_cursor: Option<String>,
}

async fn found(
    connection: &mut PgConnection,
    section: &'static Section,
    filter: &RowFilter,
) -> Result<Found, AppError> {
    let limit = filter.limit()?;
    let network = meant(connection, filter.network.as_deref()).await?;
    let narrowed = Narrowed::of(filter);
    let after = filter.cursor.as_deref().map(|text| {
        cursor::read(text, |plain| {
            let (position, id) = plain.split_once('/')?;
            Some((position.parse().ok()?, id.parse().ok()?))
        })
    });
    let wanted = Wanted { after: after.transpose()?, limit: i64::from(limit) + 1, ..narrowed.wanted() };
    let mut rows = network_rows::list(connection, network.id, section.name, wanted).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| cursor::write(format!("{}/{}", row.position, row.id)));
    Ok(Found { network, rows, next_cursor })
}

pub(super) async fn list(
    service: &NetworksService,
    who: &Principal,
    section: &str,
    filter: RowFilter,
) -> Result<Page<NetworkRow>, AppError> {
    who.require(Permission::PlanView)?;
    let section = section_of(section)?;
    let mut connection = store::acquire(&service.backend.pools.analytics).await?;
    let found = found(&mut connection, section, &filter).await?;
    let zone = zone(&mut connection).await?;
    let narrowed = Narrowed::of(&filter);
    let total = network_rows::count(&mut connection, found.network.id, section.name, narrowed.wanted()).await?;
    let items = found.rows.into_iter().map(|row| told(row, zone)).collect();
    Ok(Page { items, next_cursor: found.next_cursor, total })
}

pub(super) async fn typed(
    service: &NetworksService,
    who: &Principal,
    section: &str,
    filter: RowFilter,
) -> Result<SectionRows, AppError> {
    who.require(Permission::PlanView)?;
    let section = section_of(section)?;
    let mut connection = store::acquire(&service.backend.pools.analytics).await?;
    let found = found(&mut connection, section, &filter).await?;
    let zone = zone(&mut connection).await?;
    let reach = Reach::of(&mut connection, who, service.backend.clock.now()).await?;
    let editing = match filter.edit {
        Some(id) => network_rows::one(&mut connection, found.network.id, id.0).await?,
        None => None,
    };
    let shown = |row: StoredRow| {
        let fields = row_of(&row)?;
        Ok::<_, AppError>(TypedRow {
            id: NetworkRowId(row.id),
            key: row.key,
            version: row.version,
            is_open: reach.has(section, &fields),
            fields: typed::texts(section, &fields),
            updated_at: zone.local(row.updated_at),
            updated_by: row.updated_by,
        })
    };
    let editing = editing.filter(|row| row.section == section.name).map(shown).transpose()?;
    let rows = found.rows.into_iter().map(shown).collect::<Result<_, AppError>>()?;
    Ok(SectionRows {
        fields: typed::inputs(section),
        rows,
        editing: editing.filter(|row| row.is_open),
        next_cursor: found.next_cursor,
    })
}

/// The row that was sent, checked by itself.
fn read(section: &'static Section, fields: &RowFields, before: Option<&Row>) -> Result<Row, AppError> {
    let tree = match fields {
        RowFields::Json(text) => {
            tree::read(text).map_err(|fault| AppError::field("fields", format!("This is no JSON: {fault}.")))?
        }
        RowFields::Typed(typed) => typed::read(section, typed, before),
    };
    let (row, faults) = masters::read_row(section, &tree);
    if masters::refuses(&faults) { Err(refused(&faults, "fields")) } else { Ok(row) }
}

/// What it refers to must be there.
async fn known(
    connection: &mut PgConnection,
    network: Uuid,
    section: &'static Section,
    row: &Row,
) -> Result<(), AppError> {
    let needs = masters::needs(section, row);
    let own = masters::defines(section, row);
    let names: Vec<_> = needs.iter().map(|(_, name)| name.clone()).filter(|name| Some(name) != own.as_ref()).collect();
    let unknown = network_rows::unknown(connection, network, &names).await?;
    let faults = needs.into_iter().filter(|(_, name)| unknown.contains(name)).map(|(field, name)| {
        let (kind, id) = name.split_once(':').unwrap_or(("row", &name));
        FieldError::new(field, format!("The network has no {kind} {id}. Add it first. (E04)"))
    });
    let faults: Vec<_> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(AppError::validation(faults)) }
}

fn taken(error: StoreError, section: &Section, key: &str) -> AppError {
    if error.constraint() != Some(SAME_KEY) {
        return error.into();
    }
    let field = section.key.first().copied().unwrap_or("fields");
    AppError::field(field, format!("There is a row {key} already. Change that one. (E05)"))
}

pub(super) async fn add(
    service: &NetworksService,
    who: &Principal,
    network: Option<&str>,
    section: &str,
    fields: RowFields,
    key: Option<&IdempotencyKey>,
) -> Result<Answered<Result<NetworkRow, AppError>>, AppError> {
    who.require(Permission::PlanEditNetwork)?;
    let section = section_of(section)?;
    let route = format!("POST /api/v1/planning/{}", section.name);
    let body = (network, &fields);
    let request = Request { who, key, route: &route, status: 201, body: &body };
    once(&service.backend.pools.analytics, service.backend.clock.now(), request, async |connection| {
        let reach = Reach::of(connection, who, service.backend.clock.now()).await?;
        let network = meant(connection, network).await?;
        let id = networks::lock(connection, &network.code).await?.ok_or_else(missing)?;
        let row = read(section, &fields, None)?;
        reach.of_row(section, &row)?;
        let new = new_row(service.backend.clock.new_id(), section, &row)?;
        known(connection, id, section, &row).await?;
        if network_rows::of_key(connection, id, section.name, &new.key).await?.is_some() {
            let field = section.key.first().copied().unwrap_or("fields");
            return Err(AppError::field(field, format!("There is a row {} already. Change that one. (E05)", new.key)));
        }
        network_rows::insert(connection, id, std::slice::from_ref(&new), service.by(who, &network.origin)).await?;
        networks::touch(connection, id, service.backend.clock.now()).await?;
        let about = json!({"network": network.code, "section": section.name, "key": new.key, "fields": new.fields});
        service.tell(connection, who, id, Act::done("plan.row_added", "plan_network_row", new.id).after(about)).await?;
        let stored = network_rows::one(connection, id, new.id).await?.ok_or_else(no_row)?;
        Ok(told(stored, zone(connection).await?))
    })
    .await
}

/// The network of a row, held, and the row as it stands.
async fn held(
    connection: &mut PgConnection,
    section: &'static Section,
    row: NetworkRowId,
) -> Result<(Uuid, String, StoredRow), AppError> {
    let code = network_rows::network_of(connection, row.0, section.name).await?.ok_or_else(no_row)?;
    let id = networks::lock(connection, &code).await?.ok_or_else(missing)?;
    let stored = network_rows::one(connection, id, row.0).await?.ok_or_else(no_row)?;
    Ok((id, code, stored))
}

/// Another version by now: each field with what it is, and what was sent.
fn newer(before: &Row, sent: Option<&Row>) -> AppError {
    let mut error = AppError::conflict("Somebody changed this row after you opened it. Nothing of yours was kept.");
    let text = |value: Option<&Tree>| {
        value.map_or_else(|| "empty".to_owned(), |value| value.text().map_or_else(|| value.canonical(), str::to_owned))
    };
    if let Some(sent) = sent {
        for (name, is, was_sent) in masters::import::fields(Some(before), Some(sent)) {
            let is = is.unwrap_or_else(|| text(None));
            let yours = was_sent.unwrap_or_else(|| text(None));
            error = error.with_field(name.clone(), format!("{name} is {is} now; you sent {yours}."));
        }
    }
    error
}

/// Others that need it, in words.
async fn needed(connection: &mut PgConnection, network: Uuid, stored: &StoredRow) -> Result<Option<String>, AppError> {
    let users = network_rows::users_of(connection, network, stored.id).await?;
    let told: Vec<_> = users.iter().map(|(section, rows)| format!("{rows} of {}", section.replace('_', " "))).collect();
    Ok((!told.is_empty()).then(|| format!("Rows refer to {}: {}.", stored.key, told.join(", "))))
}

pub(super) async fn change(
    service: &NetworksService,
    who: &Principal,
    section: &str,
    row: NetworkRowId,
    version: Option<i32>,
    fields: RowFields,
) -> Result<NetworkRow, AppError> {
    who.require(Permission::PlanEditNetwork)?;
    let section = section_of(section)?;
    let mut tx = store::begin(&service.backend.pools.analytics).await?;
    let reach = Reach::of(&mut tx, who, service.backend.clock.now()).await?;
    let (network, code, stored) = held(&mut tx, section, row).await?;
    let before = row_of(&stored)?;
    reach.of_row(section, &before)?;
    let after = read(section, &fields, Some(&before))?;
    reach.of_row(section, &after)?;
    if version.is_some_and(|version| version != stored.version) {
        return Err(newer(&before, Some(&after)));
    }
    let zone = zone(&mut tx).await?;
    let new = new_row(stored.id, section, &after)?;
    if new.fields == before.tree().canonical() {
        return Ok(told(stored, zone));
    }
    known(&mut tx, network, section, &after).await?;
    if new.defines != masters::defines(section, &before)
        && let Some(users) = needed(&mut tx, network, &stored).await?
    {
        return Err(AppError::field("id", format!("{users} Change those first, or keep the id.")));
    }
    let changed = network_rows::update(&mut tx, network, &new, stored.version, service.by(who, "")).await;
    if !changed.map_err(|error| taken(error, section, &new.key))? {
        return Err(newer(&before, Some(&after)));
    }
    networks::touch(&mut tx, network, service.backend.clock.now()).await?;
    let about =
        |key: &str, fields: &str| json!({"network": code, "section": section.name, "key": key, "fields": fields});
    let act = Act::done("plan.row_changed", "plan_network_row", stored.id)
        .before(about(&stored.key, &before.tree().canonical()))
        .after(about(&new.key, &new.fields));
    service.tell(&mut tx, who, network, act).await?;
    let stored = network_rows::one(&mut tx, network, stored.id).await?.ok_or_else(no_row)?;
    store::commit(tx).await?;
    Ok(told(stored, zone))
}

pub(super) async fn remove(
    service: &NetworksService,
    who: &Principal,
    section: &str,
    row: NetworkRowId,
    version: Option<i32>,
) -> Result<(), AppError> {
    who.require(Permission::PlanEditNetwork)?;
    let section = section_of(section)?;
    let mut tx = store::begin(&service.backend.pools.analytics).await?;
    let reach = Reach::of(&mut tx, who, service.backend.clock.now()).await?;
    let (network, code, stored) = held(&mut tx, section, row).await?;
    let before = row_of(&stored)?;
    reach.of_row(section, &before)?;
    if let Some(users) = needed(&mut tx, network, &stored).await? {
        return Err(AppError::conflict(format!("{users} Remove or change those first.")));
    }
    if !network_rows::remove(&mut tx, network, stored.id, version.unwrap_or(stored.version)).await? {
        return Err(newer(&before, None));
    }
    networks::touch(&mut tx, network, service.backend.clock.now()).await?;
    let about = json!({"network": code, "section": section.name, "key": stored.key, "fields": stored.fields});
    service
        .tell(&mut tx, who, network, Act::done("plan.row_removed", "plan_network_row", stored.id).before(about))
        .await?;
    Ok(store::commit(tx).await?)
}
