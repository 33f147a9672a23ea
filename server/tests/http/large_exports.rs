//! Exports above the bound of streaming: a job writes the file, its owner downloads it.

use crate::{
    shop_front::{Answer, call, get},
    world::World,
};
use axum::{
    Extension, Router,
    body::Body,
    http::{Request, header},
};
use domain::{
    access::{ActorKind, Principal, RequestTrace, Rights, Role},
    clock::Clock,
    exports::ExportsPort,
};
use serde_json::Value;
use server::{
    http::{api, caller::Caller},
    jobs::{JobsConfig, Registry, Runtime},
    services::Services,
};
use sqlx::PgPool;
use std::sync::Arc;
use uuid::Uuid;

const ROWS: i64 = 7_003;

struct Exporting {
    world: World,
    services: Services,
    owner: Principal,
    other: Principal,
}

fn person(id: Uuid, role: Role) -> Principal {
    let rights = Rights::of(Some(role), &[]);
    Principal::vouch(ActorKind::User, Some(id), "someone@example.com".into(), rights, RequestTrace::default())
}

impl Exporting {
    /// 7,003 sales, of which 100 rows may be streamed.
    async fn new(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        world
            .execute(
                "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                                                 line_count, occurred_at, recognised_at, entry, external_ref, created_at, updated_at)
                 select gen_random_uuid(), s.id, 'approved', 'USD', n, 0, n, 0, 0, n, 1, 1, at, at, 'import', '=' || n, at, at
                 from generate_series(1, 7003) n, stock.sites s, lateral (select timestamptz '2026-03-01' + n * interval '1 minute' as at) t",
            )
            .await;
        let (owner, other) = (
            world.user("owner@example.com", Some(Role::Viewer), &[]).await,
            world.user("other@example.com", Some(Role::Admin), &[]).await,
        );
        let mut services = world.services.clone();
        services.exports = services.exports.streaming_at_most(100);
        Self { services, owner: person(owner, Role::Viewer), other: person(other, Role::Admin), world }
    }

    fn front(&self, who: &Principal) -> Router {
        let routes = api::exports::routes().into_parts().0.with_state(self.services.clone());
        routes.layer(Extension(Caller(Some(who.clone()))))
    }

    async fn ask(&self, file: &str) -> Answer {
        get(&self.front(&self.owner), &format!("/api/v1/exports/{file}")).await
    }

    async fn list(&self) -> Vec<Value> {
        get(&self.front(&self.owner), "/api/v1/exports").await.json()["items"].as_array().unwrap().clone()
    }

    async fn work(&self) {
        Runtime::new(self.services.clone(), Registry::standard(), JobsConfig::default()).drain().await.unwrap();
    }

    async fn file_of(&self, item: &Value, who: &Principal) -> Answer {
        get(&self.front(who), &format!("/api/v1/files/{}", item["file_id"].as_str().unwrap())).await
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_large_export_is_written_by_a_job_and_read_by_its_owner_only(pool: PgPool) {
    let world = Exporting::new(pool).await;
    assert_eq!(world.ask("transactions.csv?min_amount=6950").await.status.as_u16(), 200, "few rows are streamed");

    let asked = world.ask("transactions.csv?sort=total:asc").await;
    assert_eq!((asked.status.as_u16(), asked.header("x-row-count-expected")), (202, Some("7003")));
    assert_eq!(asked.json()["rows"], ROWS);
    let again = world.ask("transactions.csv?sort=total:asc").await.json();
    assert_eq!(again, asked.json(), "the same file is written once");
    let waiting = world.list().await;
    assert_eq!((waiting.len(), &waiting[0]["state"], &waiting[0]["file_id"]), (1, &"queued".into(), &Value::Null));

    world.work().await;
    let done = world.list().await.remove(0);
    assert_eq!((&done["state"], &done["rows"]), (&"succeeded".into(), &ROWS.into()));
    let file = world.file_of(&done, &world.owner).await;
    let lines: Vec<_> = file.text().trim_start_matches('\u{feff}').trim_end().split("\r\n").collect();
    assert_eq!((file.status.as_u16(), lines.len() as i64), (200, ROWS + 1));
    assert!(lines[1].contains(",'=1,") && lines[7003].contains(",'=7003,"), "{} … {}", lines[1], lines[7003]);
    assert_eq!(file.header("content-length"), Some(file.body.len().to_string().as_str()));
    assert_eq!(file.header("x-row-count-expected"), Some("7003"));
    assert!(file.header("content-disposition").unwrap().contains("transactions-2026-03-10.csv"));
    assert_eq!(world.file_of(&done, &world.other).await.status.as_u16(), 404, "somebody else's file is not there");

    // A second run of the same work finds it done.
    let run: Uuid = done["job_id"].as_str().unwrap().parse().unwrap();
    world.services.jobs.retry(&world.other, domain::ids::JobId(run)).await.unwrap();
    world.work().await;
    assert_eq!(world.world.number("select count(*) from ops.files").await, 1);
    assert_eq!(world.list().await[0]["file_id"], done["file_id"]);

    let audited = "select count(*) from ops.audit_log where actor_kind = 'user' and action like 'access.export%'";
    assert_eq!(world.world.number(audited).await, 4, "streamed, asked for, written, downloaded");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_file_is_there_for_24_hours_and_then_cleaned_up(pool: PgPool) {
    let world = Exporting::new(pool).await;
    world.ask("transactions.xlsx").await;
    world.work().await;
    let done = world.list().await.remove(0);
    let file = world.file_of(&done, &world.owner).await;
    assert!(file.status.is_success() && file.body.starts_with(b"PK"));

    world.world.clock.advance(chrono::Duration::hours(24) - chrono::Duration::seconds(1));
    assert_eq!(world.file_of(&done, &world.owner).await.status.as_u16(), 200);
    world.world.clock.advance(chrono::Duration::seconds(2));
    assert_eq!(world.file_of(&done, &world.owner).await.status.as_u16(), 404);
    assert_eq!(world.list().await[0]["file_id"], Value::Null);

    let mut connection = store::acquire(&world.world.backend.pools.jobs).await.unwrap();
    for kept in [1, 0] {
        store::jobs::remove_expired(&mut connection, world.world.clock.now()).await.unwrap();
        assert_eq!(world.world.number("select count(*) from ops.file_chunks").await, 0);
        assert_eq!(world.world.number("select count(*) from ops.exports").await, kept);
        world.world.clock.advance(chrono::Duration::days(31));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cancelled_export_leaves_nothing_and_one_without_rights_is_not_written(pool: PgPool) {
    let world = Exporting::new(pool).await;
    let asked = world.ask("transactions.csv").await.json();
    let address = format!("/api/v1/exports/{}", asked["export_id"].as_str().unwrap());
    let delete = |who: &Principal| {
        let (router, address) = (world.front(who), address.clone());
        async move { call(&router, Request::delete(address).body(Body::empty()).unwrap()).await.status.as_u16() }
    };
    assert_eq!(delete(&world.other).await, 404, "not theirs");
    assert_eq!(delete(&world.owner).await, 204);
    assert_eq!(delete(&world.owner).await, 404);
    world.work().await;
    assert_eq!(world.world.number("select count(*) from ops.job_runs where state = 'cancelled'").await, 1);
    assert!(world.list().await.is_empty());

    world.ask("transactions.csv").await;
    world.world.execute("update access.users set is_active = false where email = 'owner@example.com'").await;
    world.work().await;
    let item = world.list().await.remove(0);
    assert_eq!((&item["state"], &item["file_id"]), (&"failed".into(), &Value::Null));
    assert_eq!(world.world.number("select count(*) from ops.files").await, 0);
    // What the owner may no longer see is not written either.
    world
        .world
        .execute("update access.users set is_active = true, role = null where email = 'owner@example.com'")
        .await;
    world.ask("transactions.csv").await;
    world.work().await;
    assert_eq!(world.list().await[0]["state"], "failed");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_person_is_led_to_the_page_of_large_exports(pool: PgPool) {
    let world = Exporting::new(pool).await;
    let request = Request::get("/api/v1/exports/transactions.csv").header(header::ACCEPT, "text/html,*/*;q=0.8");
    let answer = call(&world.front(&world.owner), request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, Some("/exports")));
    let exports: Arc<dyn ExportsPort> = Arc::new(world.services.exports.clone());
    assert_eq!(exports.list(&world.owner).await.unwrap().len(), 1);
    assert!(exports.list(&world.other).await.unwrap().is_empty());
}
