//! Segments and tiers: the example of `commerce.md` 8 on real sales, movement, and tiers given by hand.

use crate::{
    figures::{Figures, Sale},
    online_retail,
    shop::{at, dec, planner, viewer},
};
use domain::{
    ErrorCode,
    analytics::{AnalyticsQuery, Segments, SegmentsPort, SetTier, Tier},
    ids::CustomerId,
};
use rust_decimal::Decimal;
use server::{backend::Backend, services::analytics::SegmentsService};
use sqlx::PgPool;
use uuid::Uuid;

async fn segments(backend: &Backend, query: &str) -> Segments {
    backend.figures.clear("*", true);
    let query = AnalyticsQuery::parse(domain::query::pairs(query));
    SegmentsService::new(backend.clone()).segments(&viewer(), &query).await.unwrap()
}

fn counts(of: &Segments) -> Vec<(&str, i64)> {
    of.items.iter().map(|s| (s.segment.as_str(), s.customers)).collect()
}

fn moves(of: &Segments, segment: &str) -> (Option<i64>, Option<i64>) {
    of.items.iter().find(|s| s.segment == segment).map_or((None, None), |s| (s.moved_in, s.moved_out))
}

#[sqlx::test(migrations = "../migrations")]
async fn example_14_the_cuts_and_counts_of_half_a_year(db: PgPool) {
    let Some(shop) = online_retail::shop(db).await else { return };
    shop.clock.set(at("2011-06-01T00:40:00Z"));
    let service = SegmentsService::new(shop.backend.clone());
    let looked = service.look().await.unwrap();
    assert_eq!((looked.as_of.to_string().as_str(), looked.customers), ("2011-06-01", 2_718));
    let found = segments(&shop.backend, "").await;
    let cuts = found.metadata.cuts.clone().unwrap();
    assert_eq!((cuts.r, cuts.f), (vec![15, 35, 66, 112], vec![1, 1, 2, 3]));
    assert_eq!(cuts.m, ["200.16", "341.46", "620.14", "1260.48"].map(dec).map(|m| m.normalize()));
    let wanted = [
        ("champions", 691),
        ("loyal", 212),
        ("potential", 332),
        ("new", 83),
        ("needs_attention", 241),
        ("about_to_sleep", 83),
        ("at_risk", 323),
        ("cannot_lose", 6),
        ("hibernating", 323),
        ("lost", 424),
    ];
    let shown: Vec<_> = counts(&found).into_iter().filter(|(segment, _)| *segment != "no_purchase").collect();
    assert_eq!(shown, wanted);
    assert_eq!(found.items.iter().map(|s| s.revenue).sum::<Decimal>(), dec("3125148.111"));
    assert_eq!(moves(&found, "champions"), (None, None), "the first look has nothing to be told against");
    // A second look of the day changes nothing.
    service.look().await.unwrap();
    assert_eq!(counts(&segments(&shop.backend, "as_of=2011-06-01").await), counts(&found));

    // Three months on nobody bought anything: everybody is where the calendar left them, and the moves balance.
    shop.clock.set(at("2011-09-01T00:40:00Z"));
    service.look().await.unwrap();
    let later = segments(&shop.backend, "").await;
    assert_eq!(later.metadata.previous.map(|day| day.to_string()).as_deref(), Some("2011-06-01"));
    for before in &found.items {
        let now = later.items.iter().find(|s| s.segment == before.segment).unwrap();
        let (into, out) = moves(&later, &before.segment);
        assert_eq!(now.customers, before.customers + into.unwrap() - out.unwrap(), "{}", before.segment);
    }
    assert_eq!(counts(&segments(&shop.backend, "as_of=2011-06-01").await), counts(&found), "an earlier look stays");
    let tiers = segments(&shop.backend, "by=tier").await;
    let all: i64 = shop.count("select count(*) from sales.customers").await;
    assert_eq!(tiers.items.iter().map(|s| s.customers).sum::<i64>(), all);
    let platinum = shop
        .count("select count(*) from sales.customer_segments where as_of = '2011-06-01' and revenue >= 10000")
        .await;
    assert_eq!(tiers.items[0].customers, platinum);
}

async fn tier(db: &PgPool, customer: Uuid) -> String {
    sqlx::query_scalar("select loyalty_tier from sales.customers where id = $1")
        .bind(customer)
        .fetch_one(db)
        .await
        .unwrap()
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tier_given_by_hand_stands_until_it_ends(db: PgPool) {
    let world = Figures::on(db.clone());
    let (jo, al) = (world.customer("jo").await, world.customer("al").await);
    world.sale(Sale { at: "2026-11-20T10:00:00Z", net: "2000.00", customer: Some(jo), ..Sale::default() }).await;
    world.sale(Sale { at: "2026-11-20T10:00:00Z", net: "499.99", customer: Some(al), ..Sale::default() }).await;
    let service = SegmentsService::new(world.backend.clone());
    assert_eq!(service.look().await.unwrap().tiers, 1);
    assert_eq!((tier(&db, jo).await, tier(&db, al).await), ("gold".into(), "standard".into()));

    let give =
        SetTier { tier: Some(Tier::Platinum), until: "2026-11-25".parse().ok(), reason: "Partner of the fair".into() };
    let denied = service.set_tier(&viewer(), CustomerId(al), &give).await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::Forbidden);
    let nobody = service.set_tier(&planner(), CustomerId(Uuid::now_v7()), &give).await.unwrap_err();
    assert_eq!(nobody.code, ErrorCode::NotFound);
    assert_eq!(service.set_tier(&planner(), CustomerId(al), &give).await.unwrap(), Tier::Platinum);
    for (night, wanted) in [("2026-11-24T00:40:00Z", "platinum"), ("2026-11-25T00:40:00Z", "standard")] {
        world.clock.set(at(night));
        service.look().await.unwrap();
        assert_eq!(tier(&db, al).await, wanted, "{night}");
    }
    assert_eq!(service.look().await.unwrap().tiers, 0, "a second look changes nothing");
    let told: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "select source, tier, valid_to::text from sales.customer_tiers where customer_id = $1 order by valid_from",
    )
    .bind(al)
    .fetch_all(&db)
    .await
    .unwrap();
    assert_eq!(
        told,
        [("manual".into(), "platinum".into(), Some("2026-11-25".into())), ("computed".into(), "standard".into(), None)]
    );
    let acts: i64 =
        sqlx::query_scalar("select count(*) from ops.audit_log where action = 'customers.set_tier' and outcome = 'ok'")
            .fetch_one(&db)
            .await
            .unwrap();
    assert_eq!(acts, 1);

    // Back under the rule at once.
    let give = SetTier { tier: Some(Tier::Silver), until: None, reason: "By mistake".into() };
    service.set_tier(&planner(), CustomerId(jo), &give).await.unwrap();
    let back = SetTier { tier: None, until: None, reason: "That was wrong".into() };
    assert_eq!(service.set_tier(&planner(), CustomerId(jo), &back).await.unwrap(), Tier::Gold);
    service.look().await.unwrap();
    assert_eq!(tier(&db, jo).await, "gold");
    // The limits are settings.
    world.set("customers.tier_gold", "3000").await;
    service.look().await.unwrap();
    assert_eq!(tier(&db, jo).await, "silver");
}
