//! Dealers within the caller's scope: reading and changing them, their sealed keys, and whether these work
//! (`dealers.md` 3.5, 3.7).

mod fetching;
mod keys;
mod landing;
mod prospects;
mod records;
mod running;
mod sealing;
mod seed;

use super::{cursor, stale::stale, transactions::zone_of};
use crate::{
    access::secret::Keys,
    backend::Backend,
    connectors::dgi::{DgiClient, Timing},
    services::{alerts::Destinations, jobs::cancel_open},
    simulators::loopback::Loopback,
};
use async_trait::async_trait;
use domain::{
    AppError, FieldError,
    access::{PermSet, Permission, Principal, Rights, Role},
    dealers::{
        DealerDetail, DealerFetches, DealerItem, DealerQuery, DealerSource, DealerTest, DealersPort, EditDealer, Feed,
        FetchStarted, FetchStatus, KeyField, KeyView, KeysView, ProspectItem, ProspectPersonal, ProspectQuery,
        RecordDetail, RecordItem, RecordQuery, SetKeys, StartFetch, is_code,
    },
    ids::JobId,
    live::Topic,
    paging::Page,
};
use engine::calendar::BusinessZone;
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, Postgres, Transaction};
use std::{collections::BTreeSet, fmt, sync::Arc};
use store::{
    audit::{self, Act, Outcome},
    dealers::{self as rows, Dealer, Granted, Kept, Scope, SealedKey},
};

/// The service behind [`DealersPort`].
#[derive(Clone)]
pub struct DealersService {
    backend: Backend,
    keys: Keys,
    /// For tests of keys, which somebody waits for.
    client: DgiClient,
    /// For fetches.
    fetcher: DgiClient,
    simulator: Loopback,
}

impl fmt::Debug for DealersService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DealersService").finish_non_exhaustive()
    }
}

/// The dealers for which role and grants hold the right.
fn reach(right: Permission, role: Option<Role>, grants: &[Granted]) -> Scope {
    let everywhere = Rights::of(role, &[]).has(right);
    let held: Vec<_> = grants
        .iter()
        .filter(|(set, ..)| PermSet::parse(set).is_some_and(|set| set.permissions().contains(&right)))
        .collect();
    if everywhere || held.iter().any(|(_, kind, _)| kind == "all") {
        return Scope::All;
    }
    let listed = held.into_iter().filter(|(_, kind, _)| kind == "dealers").flat_map(|(.., ids)| ids);
    let codes: BTreeSet<String> = listed.filter(|id| is_code(id)).cloned().collect();
    Scope::Dealers(codes.into_iter().collect())
}

/// The dealers for which the caller holds the right. What the program does by itself may reach all.
///
/// # Errors
/// When a statement fails.
pub(crate) async fn scope_of(
    connection: &mut PgConnection,
    now: chrono::DateTime<chrono::Utc>,
    who: &Principal,
    right: Permission,
) -> Result<Scope, AppError> {
    let Some(user) = who.user_id() else { return Ok(Scope::All) };
    Ok(match rows::grants(connection, user.0, now).await? {
        Some((role, grants)) => reach(right, role.as_deref().and_then(Role::parse), &grants),
        None => Scope::Dealers(Vec::new()),
    })
}

impl DealersService {
    #[must_use]
    pub fn new(backend: Backend, keys: Keys, destinations: Destinations) -> Self {
        let client = DgiClient::new(Arc::clone(&backend.clock), destinations, Timing::of_a_test());
        let simulator = Loopback::new(Arc::clone(&backend.clock));
        let fetcher = client.timed(Timing::default());
        Self { backend, keys, client, fetcher, simulator }
    }

    /// The simulator of the process, for tests that make it misbehave.
    #[must_use]
    pub const fn loopback(&self) -> &Loopback {
        &self.simulator
    }

    /// Names the dealers for which the caller holds the right; what is beyond them is not there.
    async fn enter(
        &self,
        connection: &mut PgConnection,
        who: &Principal,
        right: Permission,
    ) -> Result<Scope, AppError> {
        who.require(right)?;
        let scope = scope_of(connection, self.backend.clock.now(), who, right).await?;
        rows::enter(connection, &scope).await?;
        Ok(scope)
    }

    async fn read(&self, connection: &mut PgConnection, dealer_id: &str) -> Result<Option<DealerDetail>, AppError> {
        let zone = zone_of(&store::settings::business(connection).await?);
        let Some(dealer) = rows::get(connection, dealer_id).await? else { return Ok(None) };
        let keys = rows::keys(connection, dealer_id, dealer.source.environment()).await?;
        Ok(Some(shown(dealer, &keys, zone)))
    }

    /// Tells that something of the dealers changed; which one is for those to see who have it in scope.
    async fn told(&self, connection: &mut PgConnection, who: &Principal, act: Act<'_>) -> Result<(), AppError> {
        let clock = &self.backend.clock;
        audit::record(connection, clock.new_id(), clock.now(), who, act).await?;
        store::live::emit(connection, Topic::Dealers, "").await?;
        Ok(())
    }

    /// A dealer that an act is for, held until the end of the transaction.
    async fn held(
        &self,
        mut tx: Transaction<'static, Postgres>,
        who: &Principal,
        scope: &Scope,
        dealer_id: &str,
    ) -> Result<Transaction<'static, Postgres>, AppError> {
        if is_code(dealer_id) && rows::lock(&mut tx, dealer_id).await? {
            return Ok(tx);
        }
        store::rollback(tx).await?;
        // That somebody with some dealers tried another is written down; a wrong code of who has all is none of that.
        if *scope != Scope::All && is_code(dealer_id) {
            let clock = &self.backend.clock;
            let mut own = store::begin(&self.backend.pools.admin).await?;
            let act = Act::done("access.denied", "dealer", dealer_id).of_dealer(dealer_id);
            let act = act.ended(Outcome::Denied, "outside of the scope");
            audit::record(&mut own, clock.new_id(), clock.now(), who, act).await?;
            store::commit(own).await?;
        }
        Err(not_found())
    }
}

fn shown(dealer: Dealer, keys: &[SealedKey], zone: BusinessZone) -> DealerDetail {
    let key = |field: KeyField| {
        let found = keys.iter().find(|key| key.field == field);
        found.map_or_else(KeyView::default, |key| KeyView {
            set: true,
            last4: Some(key.last4.clone()),
            set_by: Some(key.set_by.clone()),
            updated_at: Some(zone.local(key.updated_at)),
            last_used_at: key.last_used_at.map(|at| zone.local(at)),
        })
    };
    let tested = keys.iter().find(|key| key.last_test_at.is_some());
    DealerDetail {
        credentials: KeysView {
            environment: dealer.source.environment(),
            api_key: key(KeyField::ApiKey),
            secret_key: key(KeyField::SecretKey),
            api_token: key(KeyField::ApiToken),
            last_test_at: tested.and_then(|key| key.last_test_at).map(|at| zone.local(at)),
            last_test_result: tested.and_then(|key| key.last_test_result.clone()),
        },
        id: dealer.id,
        dealer_id: dealer.dealer_id,
        dealer_name: dealer.dealer_name,
        main_dealer: dealer.main_dealer_code,
        main_dealer_name: dealer.main_dealer_name,
        source: dealer.source,
        timezone: dealer.timezone,
        is_active: dealer.is_active,
        token_mode: dealer.token_mode,
        created_at: zone.local(dealer.created_at),
        updated_at: zone.local(dealer.updated_at),
        updated_by: dealer.updated_by,
        version: dealer.version,
    }
}

fn not_found() -> AppError {
    AppError::not_found("Dealer")
}

#[async_trait]
impl DealersPort for DealersService {
    async fn dealers(&self, who: &Principal, query: &DealerQuery) -> Result<Page<DealerItem>, AppError> {
        let after = query.cursor.as_deref().map(|text| cursor::read(text, |code| Some(code.to_owned()))).transpose()?;
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::DealersView).await?;
        let total = rows::count(&mut tx, &scope, query).await?;
        let (items, more) = rows::page(&mut tx, &scope, query, after.as_deref()).await?;
        store::commit(tx).await?;
        let next_cursor = items.last().filter(|_| more).map(|last| cursor::write(&last.dealer_id));
        Ok(Page { items, next_cursor, total })
    }

    async fn dealer(&self, who: &Principal, dealer_id: &str) -> Result<Option<DealerDetail>, AppError> {
        if !is_code(dealer_id) {
            return Ok(None);
        }
        let mut tx = store::snapshot(&self.backend.pools.admin).await?;
        self.enter(&mut tx, who, Permission::DealersView).await?;
        let dealer = self.read(&mut tx, dealer_id).await?;
        store::commit(tx).await?;
        Ok(dealer)
    }

    async fn edit(&self, who: &Principal, dealer_id: &str, command: &EditDealer) -> Result<DealerDetail, AppError> {
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let scope = self.enter(&mut tx, who, Permission::DealersEdit).await?;
        let mut tx = self.held(tx, who, &scope, dealer_id).await?;
        let before = self.read(&mut tx, dealer_id).await?.ok_or_else(not_found)?;
        if command.version.is_some_and(|version| version != before.version) {
            return Err(stale("dealer", before.updated_by.as_deref(), before.updated_at, before.version));
        }
        let mut faults = command.validate().err().unwrap_or_default();
        if command.timezone.as_ref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
            faults.push(FieldError::new("timezone", "This is no name of a time zone."));
        }
        if !faults.is_empty() {
            return Err(AppError::validation(faults));
        }
        let was = Kept {
            name: before.dealer_name,
            timezone: before.timezone,
            is_active: before.is_active,
            token_mode: before.token_mode,
        };
        let after = Kept {
            name: command.dealer_name.as_deref().map_or_else(|| was.name.clone(), |name| name.trim().to_owned()),
            timezone: command.timezone.clone().unwrap_or_else(|| was.timezone.clone()),
            is_active: command.is_active.unwrap_or(was.is_active),
            token_mode: command.token_mode.unwrap_or(was.token_mode),
        };
        if (after.is_active, after.token_mode) != (was.is_active, was.token_mode) && scope != Scope::All {
            return Err(AppError::forbidden());
        }
        if after != was {
            let stamp = (who.label(), self.backend.clock.now());
            rows::update(&mut tx, dealer_id, &after, stamp).await?;
            let (was, is) = super::inventory::changes(fields(&was), fields(&after));
            let act = Act::done("dealers.dealer_edit", "dealer", dealer_id).of_dealer(dealer_id).before(was).after(is);
            self.told(&mut tx, who, act).await?;
        }
        if was.is_active && !after.is_active {
            // What is kept stays; what waits to fetch more does not run any more.
            for run in rows::fetches::open(&mut tx, dealer_id).await? {
                cancel_open(&mut tx, self.backend.clock.as_ref(), who, run).await?;
            }
        }
        let dealer = self.read(&mut tx, dealer_id).await?.ok_or_else(not_found)?;
        store::commit(tx).await?;
        Ok(dealer)
    }

    async fn set_keys(&self, who: &Principal, dealer_id: &str, command: &SetKeys) -> Result<(), AppError> {
        self.write_keys(who, dealer_id, command).await
    }

    async fn test(&self, who: &Principal, dealer_id: &str) -> Result<DealerTest, AppError> {
        // What its system says is written down even when nobody waits for it any more.
        let (me, who, dealer_id) = (self.clone(), who.clone(), dealer_id.to_owned());
        let trying = tokio::spawn(async move { me.try_keys(&who, &dealer_id).await });
        trying.await.map_err(|_| AppError::internal())?
    }

    async fn fetch(&self, who: &Principal, command: &StartFetch) -> Result<FetchStarted, AppError> {
        self.start_fetch(who, command).await
    }

    async fn fetch_status(&self, who: &Principal, run: JobId) -> Result<Option<FetchStatus>, AppError> {
        self.read_status(who, run).await
    }

    async fn fetches(&self, who: &Principal, dealer_id: &str) -> Result<Option<DealerFetches>, AppError> {
        self.read_fetches(who, dealer_id).await
    }

    async fn prospects(
        &self,
        who: &Principal,
        dealer_id: &str,
        query: &ProspectQuery,
    ) -> Result<Option<Page<ProspectItem>>, AppError> {
        self.list_prospects(who, dealer_id, query).await
    }

    async fn unmask(
        &self,
        who: &Principal,
        dealer_id: &str,
        prospect_no: &str,
    ) -> Result<Option<ProspectPersonal>, AppError> {
        self.read_personal(who, dealer_id, prospect_no).await
    }

    async fn source(&self, who: &Principal, dealer_id: &str) -> Result<Option<DealerSource>, AppError> {
        if !is_code(dealer_id) {
            return Ok(None);
        }
        let mut tx = store::snapshot(&self.backend.pools.analytics).await?;
        self.enter(&mut tx, who, Permission::ProspectsView).await?;
        let dealer = rows::get(&mut tx, dealer_id).await?;
        store::commit(tx).await?;
        Ok(dealer.map(|dealer| dealer.source))
    }

    async fn records(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        query: &RecordQuery,
    ) -> Result<Option<Page<RecordItem>>, AppError> {
        self.list_records(who, dealer_id, feed, query).await
    }

    async fn record(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        key: &str,
    ) -> Result<Option<RecordDetail>, AppError> {
        self.read_record(who, dealer_id, feed, key).await
    }

    async fn unmask_record(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        key: &str,
    ) -> Result<Option<RecordDetail>, AppError> {
        self.read_personal_record(who, dealer_id, feed, key).await
    }

    async fn switch_feed(
        &self,
        who: &Principal,
        dealer_id: &str,
        feed: Feed,
        is_enabled: bool,
    ) -> Result<(), AppError> {
        self.set_feed(who, dealer_id, feed, is_enabled).await
    }

    async fn seed(&self, who: &Principal, more: bool) -> Result<u32, AppError> {
        self.write_sample(who, more).await
    }
}

fn fields(Kept { name, timezone, is_active, token_mode }: &Kept) -> Map<String, Value> {
    let value =
        json!({ "dealer_name": name, "timezone": timezone, "is_active": is_active, "token_mode": token_mode.as_str() });
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_holds_the_right_reaches_dealers() {
        let grant = |set: &str, kind: &str, ids: &[&str]| {
            (set.to_owned(), kind.to_owned(), ids.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let one = |codes: &[&str]| Scope::Dealers(codes.iter().map(ToString::to_string).collect());
        let view = Permission::DealersView;
        assert_eq!(reach(view, Some(Role::Viewer), &[]), Scope::All);
        assert_eq!(reach(view, None, &[]), one(&[]));
        let both = [grant("dealer_user", "dealers", &["B", "A"]), grant("dealer_manager", "dealers", &["C", "A"])];
        assert_eq!(reach(view, None, &both), one(&["A", "B", "C"]));
        assert_eq!(reach(Permission::DealersEdit, None, &both), one(&["A", "C"]));
        assert_eq!(reach(Permission::DealersCredentials, Some(Role::Viewer), &both), one(&[]));
        assert_eq!(reach(view, None, &[grant("integrator", "all", &[])]), Scope::All);
        // What names all to the database is no dealer.
        assert_eq!(reach(view, None, &[grant("dealer_user", "dealers", &["*", "A", "B,C"])]), one(&["A"]));
    }
}
