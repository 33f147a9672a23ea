//! Dealers in the database: whose rows are seen, whose keys work, and that nobody reads a key.

use crate::world::World;
use domain::{
    ErrorCode,
    access::{ActorKind, PermSet, Principal, RequestTrace, Rights, Role},
    dealers::{DealerQuery, DealersPort, EditDealer, Environment, ErrorClass, KeysState, SetKeys, TokenMode},
};
use server::{access::actors, simulators::dgi::fixed_token};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool};
use store::dealers::{Scope, Tested, enter, keys, stamp_test};
use uuid::Uuid;

pub const SAMPLE: &str = "12284";
pub const OTHER: &str = "12301";

pub async fn seeded(owner: PgPool) -> World {
    let world = World::new(owner).await;
    assert_eq!(world.services.dealers.seed(&cli(), true).await, Ok(10));
    world
}

pub fn cli() -> Principal {
    actors::cli("test", Uuid::nil())
}

/// A manager of the sample dealer.
async fn somebody_else(world: &World) -> Principal {
    let sets = [PermSet::DealerManager];
    let id = world.user("manager@example.com", None, &sets).await;
    world.execute("update access.grants set scope_ids = '{12284}' where scope_kind = 'dealers'").await;
    let label = "manager@example.com".to_owned();
    Principal::vouch(ActorKind::User, Some(id), label, Rights::of(None, &sets), RequestTrace::default())
}

/// Somebody with a row in the database; a set is granted for the sample dealer.
async fn somebody(world: &World, role: Option<Role>, sets: &[PermSet]) -> Principal {
    let id = world.user("somebody@example.com", role, sets).await;
    world.execute("update access.grants set scope_ids = '{12284}' where scope_kind = 'dealers'").await;
    let label = "somebody@example.com".to_owned();
    Principal::vouch(ActorKind::User, Some(id), label, Rights::of(role, sets), RequestTrace::default())
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sample_dealer_is_written_once_and_leaves_with_the_demo_rows(owner: PgPool) {
    let world = World::new(owner).await;
    assert_eq!(world.services.dealers.seed(&cli(), false).await, Ok(1));
    assert_eq!(world.services.dealers.seed(&cli(), false).await, Ok(0));
    let found: (Uuid, String, String) =
        sqlx::query_as("select id, dealer_id, origin from dealer.dealers").fetch_one(&world.owner).await.unwrap();
    let id = Uuid::parse_str("e3a18c82-c500-450f-b6e1-5c5fbe68bf41").unwrap();
    assert_eq!(found, (id, SAMPLE.to_owned(), "demo".to_owned()));
    let removed = world.services.demo.remove(&cli()).await.unwrap();
    assert!(removed.rows.iter().any(|row| row.table == "dealer.dealers" && row.rows == 1), "{:?}", removed.rows);
    let left = "select (select count(*) from dealer.dealers) + (select count(*) from dealer.main_dealers)
                     + (select count(*) from dealer.credentials)";
    assert_eq!(world.number(left).await, 0);
}

/// Tables of the schema that have a dealer, as the catalogue knows them.
async fn tables(connection: &mut PgConnection) -> Vec<(String, bool)> {
    let sql = "select c.oid::regclass::text, c.relrowsecurity and c.relforcerowsecurity
               from pg_class c join pg_namespace n on n.oid = c.relnamespace
               join pg_attribute a on a.attrelid = c.oid and a.attname = 'dealer_id'
               where n.nspname = 'dealer' and c.relkind in ('r', 'p') order by 1";
    sqlx::query_as(sql).fetch_all(connection).await.unwrap()
}

/// Rows of the table that are seen, those of the other dealer, and the role that looks.
async fn seen(connection: &mut PgConnection, table: &str) -> (i64, i64, String) {
    let sql =
        format!("select count(*), count(*) filter (where dealer_id = '{OTHER}'), current_user::text from {table}");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_transaction_sees_and_writes_the_dealers_of_its_scope_alone(owner: PgPool) {
    let world = seeded(owner).await;
    // Every table has rows of both.
    crate::support::land_some(&world, &[SAMPLE, OTHER]).await;
    let mut connection = world.backend.pools.admin.acquire().await.unwrap();
    let tables = tables(&mut connection).await;
    assert!(tables.iter().any(|(table, _)| table == "dealer.prospect_units") && tables.len() >= 11, "{tables:?}");
    for (table, forced) in &tables {
        assert!(forced, "{table} is not under forced row-level security");
        assert_eq!(seen(&mut connection, table).await.0, 0, "{table} without a scope");
        let mut tx = connection.begin().await.unwrap();
        enter(&mut tx, &Scope::Dealers(vec![SAMPLE.to_owned()])).await.unwrap();
        let (all, others, role) = seen(&mut tx, table).await;
        assert!(all > 0 && others == 0 && role == "millrace_app", "{table}: {all} {others} {role}");
        let write = format!("update {table} set dealer_id = '{OTHER}'");
        let refused = tx.execute(sqlx::AssertSqlSafe(write)).await.unwrap_err();
        assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("42501"), "{table}");
        tx.rollback().await.unwrap();
        let mut tx = connection.begin().await.unwrap();
        enter(&mut tx, &Scope::Dealers(Vec::new())).await.unwrap();
        assert_eq!(seen(&mut tx, table).await.0, 0, "{table} with an empty scope");
        tx.rollback().await.unwrap();
        let mut tx = connection.begin().await.unwrap();
        enter(&mut tx, &Scope::All).await.unwrap();
        let (all, others, role) = seen(&mut tx, table).await;
        assert!(all > others && others > 0 && role == "millrace_all", "{table}: {all} {others} {role}");
        tx.commit().await.unwrap();
        let mut tx = connection.begin().await.unwrap();
        // No list of codes names all, whoever wrote it.
        enter(&mut tx, &Scope::Dealers(vec!["*".to_owned()])).await.unwrap();
        assert_eq!(seen(&mut tx, table).await.0, 0, "{table} with a scope that is no code");
        tx.rollback().await.unwrap();
        // The next transaction of the connection begins with nothing again.
        assert_eq!(seen(&mut connection, table).await.0, 0, "{table} after the transaction");
    }
    let mut tx = connection.begin().await.unwrap();
    enter(&mut tx, &Scope::Dealers(vec![SAMPLE.to_owned()])).await.unwrap();
    let insert = "insert into dealer.credentials (dealer_id, environment, field, sealed, last4, set_by, updated_at)
                  values ('12301', 'live', 'api_token', '', '', 'x', '2026-01-01')";
    let refused = tx.execute(insert).await.unwrap_err();
    assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("42501"));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_program_does_not_inherit_the_role_that_sees_every_dealer(owner: PgPool) {
    let inherits = "select pg_has_role('millrace_app', 'millrace_all', 'USAGE')::int::bigint";
    assert_eq!(sqlx::query_scalar::<_, i64>(inherits).fetch_one(&owner).await.unwrap(), 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn another_dealer_is_not_found_by_who_has_one_in_scope(owner: PgPool) {
    let world = seeded(owner).await;
    let manager = somebody(&world, None, &[PermSet::DealerManager]).await;
    let dealers = &world.services.dealers;
    let page = dealers.dealers(&manager, &DealerQuery::default()).await.unwrap();
    let codes: Vec<_> = page.items.iter().map(|item| item.dealer_id.as_str()).collect();
    assert_eq!((codes, page.total), (vec![SAMPLE], 1));
    let searched = DealerQuery { search: Some("Bandung".to_owned()), ..DealerQuery::default() };
    assert_eq!(dealers.dealers(&manager, &searched).await.unwrap().total, 0);
    assert_eq!(dealers.dealer(&manager, OTHER).await, Ok(None));
    let renamed = EditDealer { dealer_name: Some("Mine".to_owned()), ..EditDealer::default() };
    assert_eq!(dealers.edit(&manager, OTHER, &renamed).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(dealers.edit(&manager, SAMPLE, &renamed).await.unwrap().dealer_name, "Mine");
    let off = EditDealer { is_active: Some(false), ..EditDealer::default() };
    assert_eq!(dealers.edit(&manager, SAMPLE, &off).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(dealers.test(&manager, SAMPLE).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(world.number("select count(*) from ops.audit_log where action = 'dealers.dealer_edit'").await, 1);
    // That another dealer was tried is written down, with its code.
    let denied = "select count(*) from ops.audit_log
                  where action = 'access.denied' and outcome = 'denied' and dealer_id = '12301' and entity_id = '12301'";
    assert_eq!(world.number(denied).await, 1);
    for odd in ["*", "1\0", "12284,12301", "%"] {
        assert_eq!(dealers.dealer(&manager, odd).await, Ok(None), "{odd:?}");
        assert_eq!(dealers.edit(&manager, odd, &renamed).await.unwrap_err().code, ErrorCode::NotFound, "{odd:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_grant_that_names_no_code_reaches_nobody(owner: PgPool) {
    let world = seeded(owner).await;
    let manager = somebody(&world, None, &[PermSet::DealerManager]).await;
    for ids in ["*", "12284,12301", ""] {
        let written = sqlx::query("update access.grants set scope_ids = array[$1]").bind(ids);
        written.execute(&world.owner).await.unwrap();
        let page = world.services.dealers.dealers(&manager, &DealerQuery::default()).await.unwrap();
        assert_eq!((page.items, page.total), (Vec::new(), 0), "{ids}");
        assert_eq!(world.services.dealers.dealer(&manager, SAMPLE).await, Ok(None), "{ids}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_test_gave_is_not_said_of_keys_set_meanwhile(owner: PgPool) {
    let world = seeded(owner).await;
    let mut tx = store::begin(&world.backend.pools.admin).await.unwrap();
    enter(&mut tx, &Scope::All).await.unwrap();
    let at = |text: &str| Some(text.parse().unwrap());
    sqlx::query("update dealer.credentials set updated_at = '2026-11-20T09:00:05Z' where dealer_id = '12284'")
        .execute(&mut *tx)
        .await
        .unwrap();
    let tested = |newest, called| Tested { result: "ok", called, at: at("2026-11-20T09:00:09Z").unwrap(), newest };
    let known = async |tx: &mut PgConnection| {
        let keys = keys(tx, SAMPLE, Environment::Sandbox).await.unwrap();
        keys.iter().map(|key| (key.last_test_result.clone(), key.last_used_at.is_some())).next().unwrap()
    };
    for older in [None, at("2026-11-20T09:00:00Z")] {
        stamp_test(&mut tx, SAMPLE, Environment::Sandbox, tested(older, true)).await.unwrap();
        assert_eq!(known(&mut tx).await, (None, false));
    }
    let same = at("2026-11-20T09:00:05Z");
    stamp_test(&mut tx, SAMPLE, Environment::Sandbox, tested(same, false)).await.unwrap();
    assert_eq!(known(&mut tx).await, (Some("ok".to_owned()), false), "nobody was asked");
    stamp_test(&mut tx, SAMPLE, Environment::Sandbox, tested(same, true)).await.unwrap();
    assert_eq!(known(&mut tx).await, (Some("ok".to_owned()), true));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_dealer_whose_main_dealer_handed_out_a_token_needs_no_secret(owner: PgPool) {
    let world = seeded(owner).await;
    let admin = somebody(&world, Some(Role::Admin), &[]).await;
    let dealers = &world.services.dealers;
    let fixed = EditDealer { token_mode: Some(TokenMode::Fixed), ..EditDealer::default() };
    assert_eq!(dealers.edit(&admin, SAMPLE, &fixed).await.unwrap().token_mode, TokenMode::Fixed);
    let lacking = dealers.test(&admin, SAMPLE).await.unwrap();
    assert_eq!(lacking.advice.as_deref(), Some("No API token is saved for this dealer."));
    let token = SetKeys { api_token: Some(fixed_token(SAMPLE)), ..SetKeys::default() };
    dealers.set_keys(&admin, SAMPLE, &token).await.unwrap();
    world.execute("delete from dealer.credentials where field = 'secret_key'").await;
    assert!(dealers.test(&admin, SAMPLE).await.unwrap().ok);
    let signed = EditDealer { token_mode: Some(TokenMode::Signed), ..EditDealer::default() };
    dealers.edit(&admin, SAMPLE, &signed).await.unwrap();
    let lacking = dealers.test(&admin, SAMPLE).await.unwrap();
    assert_eq!(lacking.advice.as_deref(), Some("No secret key is saved for this dealer."));
    let manager = somebody_else(&world).await;
    assert_eq!(dealers.edit(&manager, SAMPLE, &fixed).await.unwrap_err().code, ErrorCode::Forbidden);
}

#[sqlx::test(migrations = "../migrations")]
async fn dealers_are_found_by_part_of_their_name_and_paged_by_code(owner: PgPool) {
    let world = seeded(owner).await;
    let admin = somebody(&world, Some(Role::Admin), &[]).await;
    let dealers = &world.services.dealers;
    let mut query = DealerQuery { limit: 4, ..DealerQuery::default() };
    let mut codes = Vec::new();
    loop {
        let page = dealers.dealers(&admin, &query).await.unwrap();
        assert_eq!(page.total, 10);
        codes.extend(page.items.into_iter().map(|item| item.dealer_id));
        let Some(next) = page.next_cursor else { break };
        query.cursor = Some(next);
    }
    assert_eq!(codes.len(), 10);
    assert!(codes.is_sorted());
    let off = EditDealer { is_active: Some(false), version: Some(1), ..EditDealer::default() };
    assert!(!dealers.edit(&admin, OTHER, &off).await.unwrap().is_active);
    assert_eq!(dealers.edit(&admin, OTHER, &off).await.unwrap_err().code, ErrorCode::Conflict);
    let found = DealerQuery { search: Some("bandUNG".to_owned()), is_active: Some(false), ..DealerQuery::default() };
    assert_eq!(dealers.dealers(&admin, &found).await.unwrap().items[0].dealer_id, OTHER);
    let nothing = DealerQuery { search: Some("%".to_owned()), ..DealerQuery::default() };
    assert_eq!(dealers.dealers(&admin, &nothing).await.unwrap().total, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn keys_are_tried_with_the_dealers_system_and_what_came_of_it_is_kept(owner: PgPool) {
    let world = seeded(owner).await;
    let admin = somebody(&world, Some(Role::Admin), &[]).await;
    let dealers = &world.services.dealers;
    let state = async || dealers.dealers(&admin, &DealerQuery::default()).await.unwrap().items[0].credentials;
    assert_eq!(state().await, KeysState::Untested);
    let tested = dealers.test(&admin, SAMPLE).await.unwrap();
    assert_eq!((tested.ok, tested.error_class, tested.clock_offset_seconds), (true, None, Some(0)));
    assert_eq!(state().await, KeysState::Passed);
    let wrong = SetKeys { secret_key: Some("planted-secret-9c41".to_owned()), ..SetKeys::default() };
    dealers.set_keys(&admin, SAMPLE, &wrong).await.unwrap();
    assert_eq!(state().await, KeysState::Untested);
    assert_eq!(dealers.test(&admin, SAMPLE).await.unwrap().error_class, Some(ErrorClass::Auth));
    let seen = dealers.dealer(&admin, SAMPLE).await.unwrap().unwrap().credentials;
    assert_eq!((seen.secret_key.last4.as_deref(), seen.last_test_result.as_deref()), (Some("9c41"), Some("auth")));
    assert_eq!((seen.api_key.set, seen.api_token.set), (true, false));
    world.execute("delete from dealer.credentials").await;
    let none = dealers.test(&admin, SAMPLE).await.unwrap();
    assert_eq!((none.ok, none.error_class), (false, Some(ErrorClass::Unconfigured)));
    assert!(none.advice.unwrap().contains("No credentials"));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_planted_secret_is_found_nowhere(owner: PgPool) {
    let world = seeded(owner).await;
    let admin = somebody(&world, Some(Role::Admin), &[]).await;
    let dealers = &world.services.dealers;
    let planted = "planted-secret-9c41";
    let keys = SetKeys {
        api_key: Some(format!("key-{planted}")),
        secret_key: Some(planted.to_owned()),
        api_token: Some(format!("token-{planted}")),
        ..SetKeys::default()
    };
    assert!(!format!("{keys:?}").contains(planted));
    let short = SetKeys { secret_key: Some("kurz".to_owned()), ..SetKeys::default() };
    let refused = dealers.set_keys(&admin, SAMPLE, &short).await.unwrap_err();
    assert_eq!(refused.fields[0].path, "secret_key");
    assert!(!format!("{refused:?}").contains("kurz"));
    dealers.set_keys(&admin, SAMPLE, &keys).await.unwrap();
    let tested = dealers.test(&admin, SAMPLE).await.unwrap();
    let shown = dealers.dealer(&admin, SAMPLE).await.unwrap().unwrap();
    let told = serde_json::to_string(&(tested, shown)).unwrap();
    assert!(!told.contains("planted"), "{told}");
    let all = "select table_schema || '.' || table_name from information_schema.tables
               where table_schema in ('access', 'dealer', 'ops') and table_type = 'BASE TABLE'";
    let tables: Vec<String> = sqlx::query_scalar(all).fetch_all(&world.owner).await.unwrap();
    assert!(tables.iter().any(|table| table == "ops.audit_log"));
    for table in tables {
        // Bytes show as hex; so does the secret if it stands there clear.
        let sql = format!(
            "select count(*) from {table} t where t::text like '%planted%' or t::text like '%' || encode('planted', 'hex') || '%'"
        );
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&world.owner).await.unwrap();
        assert_eq!(found, 0, "{table}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_key_opens_for_its_dealer_and_field_only(owner: PgPool) {
    let world = seeded(owner).await;
    let admin = somebody(&world, Some(Role::Admin), &[]).await;
    // The other dealer's keys, put in the place of the sample dealer's.
    world
        .execute(
            "update dealer.credentials c set sealed = o.sealed from dealer.credentials o
             where c.dealer_id = '12284' and o.dealer_id = '12301' and c.field = o.field",
        )
        .await;
    let tested = world.services.dealers.test(&admin, SAMPLE).await.unwrap();
    assert_eq!(tested.error_class, Some(ErrorClass::Unconfigured));
}
