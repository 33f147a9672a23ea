//! Networks: made, changed, read, frozen into the documents that runs solve.

mod freezing;
mod imports;
mod reach;
mod rows;

use super::{
    checks,
    queueing::{LIVE, aside},
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
    AppError,
    access::{Permission, Principal},
    idempotency::{Answered, IdempotencyKey},
    ids::{NetworkImportId, NetworkRowId},
    live::Topic,
    paging::Page,
    planning::{
        CommitImport, Freeze, Handed, JsonText, NetworkContent, NetworkDetail, NetworkImport, NetworkItem, NetworkList,
        NetworkRow, NetworksPort, NewNetwork, RowFields, RowFilter, SectionItem, SectionRows, fault_of_network,
    },
};
use engine::{
    calendar::BusinessZone,
    planning::{
        document::{Document, Row, schema::SECTIONS},
        fault::Fault,
        masters::{self, Network},
        sample,
        tree::{self, Tree},
    },
};
pub(crate) use freezing::{freeze, plant};
use freezing::{freeze_of, validation};
use reach::Reach;
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::HashMap, fmt};
use store::{
    audit::{self, Act},
    planning::{
        network_rows::{self, StoredRow},
        networks::{self, By, StoredNetwork},
    },
};
use uuid::Uuid;

const DEMO: &str = "demo";

/// The service behind [`NetworksPort`].
#[derive(Clone)]
pub struct NetworksService {
    backend: Backend,
}

impl fmt::Debug for NetworksService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworksService").finish_non_exhaustive()
    }
}

fn missing() -> AppError {
    AppError::not_found("Network")
}

fn changed_by_now() -> AppError {
    AppError::conflict("Somebody changed this network after you opened it. Look at it as it is now, then change it.")
}

/// Faults as those of a form; one of the whole stands at `whole`.
fn refused(faults: &[Fault], whole: &str) -> AppError {
    let told = faults.iter().map(|fault| {
        let path = if fault.path.is_empty() { whole } else { fault.path.as_str() };
        domain::FieldError::new(path, format!("{} ({})", fault.message, fault.code))
    });
    AppError::validation(told.collect())
}

/// JSON that Postgres can keep.
fn kept(tree: &Tree, whole: &str) -> Result<String, AppError> {
    let text = tree.canonical();
    if text.contains("\\u0000") {
        return Err(AppError::field(whole, "A text holds the character U+0000."));
    }
    match too_wide(tree) {
        Some(number) => {
            Err(AppError::field(whole, format!("The number {number} is too large or too small to be kept.")))
        }
        None => Ok(text),
    }
}

/// A number beyond what is kept: the format's own have limits, those of fields beyond it have this one.
fn too_wide(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Wide(text) => {
            let kept = text.parse::<f64>().is_ok_and(|number| number.is_normal());
            (!kept).then_some(text)
        }
        Tree::List(items) => items.iter().find_map(too_wide),
        Tree::Map(entries) => entries.iter().find_map(|(_, value)| too_wide(value)),
        _ => None,
    }
}

/// What a document says, unless two of its rows could not be told apart.
fn told_apart(document: &Document) -> Result<Network, AppError> {
    let network = Network::of(document);
    let faults = masters::twins(&network);
    if faults.is_empty() { Ok(network) } else { Err(refused(&faults, "input_data")) }
}

/// A stored row's fields.
fn row_of(stored: &StoredRow) -> Result<Row, AppError> {
    let section = masters::section(&stored.section).ok_or_else(AppError::internal)?;
    let fields = tree::read(&stored.fields).map_err(|_| AppError::internal())?;
    Ok(masters::read_row(section, &fields).0)
}

/// A network with all its rows; the ids stand beside them.
struct Whole {
    network: Network,
    ids: Vec<Vec<Uuid>>,
}

impl Whole {
    fn of(head: &str, stored: &[StoredRow]) -> Result<Self, AppError> {
        let head = tree::read(head).map_err(|_| AppError::internal())?;
        let places: HashMap<&str, usize> = SECTIONS.iter().enumerate().map(|(n, section)| (section.name, n)).collect();
        let (mut rows, mut ids) = (vec![Vec::new(); SECTIONS.len()], vec![Vec::new(); SECTIONS.len()]);
        for row in stored {
            let place = *places.get(row.section.as_str()).ok_or_else(AppError::internal)?;
            rows[place].push(row_of(row)?);
            ids[place].push(row.id);
        }
        Ok(Self { network: Network { head, rows }, ids })
    }
}

fn item(stored: &StoredNetwork, zone: BusinessZone) -> NetworkItem {
    NetworkItem {
        code: stored.code.clone(),
        name: stored.name.clone(),
        currency: stored.currency.clone(),
        changed_at: zone.local(stored.changed_at),
        is_demo: stored.origin == DEMO,
        freeze: freeze_of(stored, zone),
    }
}

async fn zone(connection: &mut PgConnection) -> Result<BusinessZone, AppError> {
    Ok(zone_of(&store::settings::business(connection).await?))
}

/// The one that is meant; without a code the only one there is.
async fn meant(connection: &mut PgConnection, code: Option<&str>) -> Result<StoredNetwork, AppError> {
    if let Some(code) = code.filter(|code| !code.is_empty()) {
        return networks::one(connection, code).await?.ok_or_else(missing);
    }
    let mut all = networks::all(connection).await?;
    match all.len() {
        1 => Ok(all.remove(0)),
        0 => Err(missing()),
        _ => Err(AppError::field("network", "There is more than one network; name the code of one.")),
    }
}

async fn read(connection: &mut PgConnection, code: &str) -> Result<NetworkDetail, AppError> {
    let stored = networks::one(connection, code).await?.ok_or_else(missing)?;
    let zone = zone(connection).await?;
    let rows = network_rows::all(connection, stored.id).await?;
    let network = item(&stored, zone);
    aside(move || {
        let whole = Whole::of(&stored.head, &rows)?;
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let sections = SECTIONS.iter().zip(&whole.network.rows);
        let sections =
            sections.map(|(section, rows)| SectionItem { section: section.name.to_owned(), rows: count(rows.len()) });
        Ok(NetworkDetail {
            network,
            version: stored.version,
            sections: sections.collect(),
            validation: validation(&whole.network),
            head: JsonText(stored.head),
        })
    })
    .await
}

/// Rows as they are kept.
fn new_rows(backend: &Backend, network: &Network) -> Result<Vec<network_rows::NewRow>, AppError> {
    let mut out = Vec::new();
    for (section, rows) in SECTIONS.iter().zip(&network.rows) {
        for row in rows {
            out.push(rows::new_row(backend.clock.new_id(), section, row)?);
        }
    }
    Ok(out)
}

impl NetworksService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// Rows of a demo network are demo.
    fn by<'a>(&self, who: &'a Principal, origin: &'a str) -> By<'a> {
        By { at: self.backend.clock.now(), label: who.label(), origin }
    }

    async fn tell(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        network: Uuid,
        act: Act<'_>,
    ) -> Result<(), AppError> {
        let clock = self.backend.clock.as_ref();
        audit::record(connection, clock.new_id(), clock.now(), who, act).await?;
        Ok(store::live::emit(connection, Topic::Planning, &network.to_string()).await?)
    }

    /// What the network of a request begins with.
    async fn begun(content: NetworkContent) -> Result<Network, AppError> {
        let of_document = |handed: Handed| aside(move || told_apart(checks::sound(&handed)?.document()));
        match content {
            NetworkContent::Head(text) => {
                let tree =
                    tree::read(&text).map_err(|fault| AppError::field("head", format!("This is no JSON: {fault}.")))?;
                let (head, faults) = masters::read_head(&tree);
                if masters::refuses(&faults) {
                    return Err(refused(&faults, "head"));
                }
                Ok(Network { head, rows: vec![Vec::new(); SECTIONS.len()] })
            }
            NetworkContent::Document(handed) => of_document(handed).await,
            NetworkContent::Sample => {
                let (document, _) = Document::parse(sample::DOCUMENT).map_err(|_| AppError::internal())?;
                Ok(Network::of(&document))
            }
        }
    }

    async fn make(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        code: &str,
        network: &Network,
    ) -> Result<NetworkDetail, AppError> {
        let (id, by) = (self.backend.clock.new_id(), self.by(who, LIVE));
        let head = kept(&network.head, "head")?;
        if !networks::insert(connection, id, code, &head, by).await? {
            return Err(AppError::field("code", format!("Another network has the code {code}.")));
        }
        let rows = new_rows(&self.backend, network)?;
        network_rows::insert(connection, id, &rows, by).await?;
        let about = json!({"code": code, "head": head, "rows": rows.len()});
        self.tell(connection, who, id, Act::done("plan.network_created", "plan_network", id).after(about)).await?;
        read(connection, code).await
    }
}

#[async_trait]
impl NetworksPort for NetworksService {
    async fn list(&self, who: &Principal) -> Result<NetworkList, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        let zone = zone(&mut connection).await?;
        let all = networks::all(&mut connection).await?;
        Ok(NetworkList { networks: all.iter().map(|stored| item(stored, zone)).collect() })
    }

    async fn may_edit_all(&self, who: &Principal) -> Result<bool, AppError> {
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        Ok(Reach::of(&mut connection, who, self.backend.clock.now()).await? == Reach::All)
    }

    async fn detail(&self, who: &Principal, code: &str) -> Result<NetworkDetail, AppError> {
        who.require(Permission::PlanView)?;
        let mut connection = store::acquire(&self.backend.pools.analytics).await?;
        read(&mut connection, code).await
    }

    async fn create(
        &self,
        who: &Principal,
        new: NewNetwork,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<NetworkDetail, AppError>> {
        let made = async {
            who.require(Permission::PlanEditNetwork)?;
            let code = new.code.trim().to_owned();
            let network = Self::begun(new.content).await;
            let network = match (network, fault_of_network(&code)) {
                (Ok(network), None) => network,
                (network, fault) => {
                    let faults = network.err().map_or_else(Vec::new, |error| error.fields);
                    return Err(AppError::validation(fault.into_iter().chain(faults).collect()));
                }
            };
            let (document, _) = network.freeze();
            let body = (&code, document.sha256());
            let request = Request { who, key, route: "POST /api/v1/planning/networks", status: 201, body: &body };
            once(&self.backend.pools.analytics, self.backend.clock.now(), request, async |connection| {
                Reach::of(connection, who, self.backend.clock.now()).await?.whole()?;
                self.make(connection, who, &code, &network).await
            })
            .await
        };
        Answered::of(made.await)
    }

    async fn change(
        &self,
        who: &Principal,
        code: &str,
        version: Option<i32>,
        head: RowFields,
    ) -> Result<NetworkDetail, AppError> {
        who.require(Permission::PlanEditNetwork)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let id = networks::lock(&mut tx, code).await?.ok_or_else(missing)?;
        Reach::of(&mut tx, who, self.backend.clock.now()).await?.whole()?;
        let stored = networks::one(&mut tx, code).await?.ok_or_else(missing)?;
        let before = tree::read(&stored.head).map_err(|_| AppError::internal())?;
        let asked = match head {
            RowFields::Json(text) => {
                tree::read(&text).map_err(|fault| AppError::field("head", format!("This is no JSON: {fault}.")))?
            }
            RowFields::Typed(typed) => masters::typed::read_head(&typed, &before),
        };
        let (head, faults) = masters::read_head(&asked);
        if masters::refuses(&faults) {
            return Err(refused(&faults, "head"));
        }
        let text = kept(&head, "head")?;
        if text == before.canonical() {
            return read(&mut tx, code).await;
        }
        if !networks::update(&mut tx, id, version.unwrap_or(stored.version), &text, self.by(who, &stored.origin))
            .await?
        {
            return Err(changed_by_now());
        }
        let act = Act::done("plan.network_changed", "plan_network", id)
            .before(json!({"code": code, "head": stored.head}))
            .after(json!({"code": code, "head": text}));
        self.tell(&mut tx, who, id, act).await?;
        let detail = read(&mut tx, code).await?;
        store::commit(tx).await?;
        Ok(detail)
    }

    async fn remove(&self, who: &Principal, code: &str) -> Result<(), AppError> {
        who.require(Permission::PlanEditNetwork)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let id = networks::lock(&mut tx, code).await?.ok_or_else(missing)?;
        Reach::of(&mut tx, who, self.backend.clock.now()).await?.whole()?;
        let stored = networks::one(&mut tx, code).await?.ok_or_else(missing)?;
        let rows: i64 = network_rows::counts(&mut tx, id).await?.into_iter().map(|(_, rows)| rows).sum();
        networks::remove(&mut tx, id).await?;
        let about = json!({"code": code, "head": stored.head, "rows": rows});
        self.tell(&mut tx, who, id, Act::done("plan.network_removed", "plan_network", id).before(about)).await?;
        Ok(store::commit(tx).await?)
    }

    async fn rows(&self, who: &Principal, section: &str, filter: RowFilter) -> Result<Page<NetworkRow>, AppError> {
        rows::list(self, who, section, filter).await
    }

    async fn typed_rows(&self, who: &Principal, section: &str, filter: RowFilter) -> Result<SectionRows, AppError> {
        rows::typed(self, who, section, filter).await
    }

    async fn add_row(
        &self,
        who: &Principal,
        network: Option<String>,
        section: &str,
        fields: RowFields,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<NetworkRow, AppError>> {
        Answered::of(rows::add(self, who, network.as_deref(), section, fields, key).await)
    }

    async fn change_row(
        &self,
        who: &Principal,
        section: &str,
        row: NetworkRowId,
        version: Option<i32>,
        fields: RowFields,
    ) -> Result<NetworkRow, AppError> {
        rows::change(self, who, section, row, version, fields).await
    }

    async fn remove_row(
        &self,
        who: &Principal,
        section: &str,
        row: NetworkRowId,
        version: Option<i32>,
    ) -> Result<(), AppError> {
        rows::remove(self, who, section, row, version).await
    }

    async fn stage(
        &self,
        who: &Principal,
        code: &str,
        document: Handed,
        file_name: Option<String>,
    ) -> Result<NetworkImport, AppError> {
        imports::stage(self, who, code, document, file_name).await
    }

    async fn staged(&self, who: &Principal, import: NetworkImportId) -> Result<NetworkImport, AppError> {
        imports::read(self, who, import).await
    }

    async fn commit(
        &self,
        who: &Principal,
        import: NetworkImportId,
        how: &CommitImport,
    ) -> Result<NetworkImport, AppError> {
        imports::commit(self, who, import, how).await
    }

    async fn freeze(&self, who: &Principal, network: Option<String>) -> Result<Freeze, AppError> {
        who.require(Permission::PlanEditNetwork)?;
        let mut tx = store::begin(&self.backend.pools.analytics).await?;
        let code = meant(&mut tx, network.as_deref()).await?.code;
        Reach::of(&mut tx, who, self.backend.clock.now()).await?.whole()?;
        let freeze = freeze(&self.backend, &mut tx, who, &code).await?;
        store::commit(tx).await?;
        Ok(freeze)
    }
}
