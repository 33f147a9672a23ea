//! Segments and tiers: the nightly look at all customers, what it found, and tiers given by hand.

use crate::{
    backend::Backend,
    services::overview::{Context, badge},
};
use async_trait::async_trait;
use chrono::{Days, NaiveDate};
use domain::{
    AppError,
    access::{Permission, Principal},
    analytics::{
        AnalyticsQuery, Scheme, Segment, SegmentCuts, SegmentMetadata, SegmentRequest, SegmentRow, Segments,
        SegmentsPort, SetTier, Tier, TierLimits, declared,
    },
    freshness::State,
    ids::CustomerId,
    live::Topic,
    overview::Badge,
    settings::DECLARED,
};
use engine::segments::{Behaviour, FIFTHS, Percentiles, cuts};
use futures::FutureExt;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::PgConnection;
use std::{collections::HashMap, fmt};
use store::{
    analytics::{self as rows, CustomerValue, Money, NewTier, Placed},
    audit::{self, Act},
    overview::Window,
};
use uuid::Uuid;

/// Days that customers are judged by, and that runs are kept for at least.
const WINDOW_DAYS: u64 = 365;
const KEPT_DAYS: u64 = 400;
/// Who changes tiers by the rule.
const RULE: &str = "rule";

/// Looks at customers.
pub struct SegmentsService {
    backend: Backend,
}

impl fmt::Debug for SegmentsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentsService").finish_non_exhaustive()
    }
}

/// What a nightly look found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    pub as_of: NaiveDate,
    pub customers: usize,
    /// Customers whose tier changed.
    pub tiers: usize,
}

impl crate::freshness::Figure for Segments {}

async fn setting(connection: &mut PgConnection, key: &str) -> Result<String, AppError> {
    let default = DECLARED.iter().find(|d| d.key == key).map_or("", |d| d.default);
    Ok(store::settings::text(connection, key).await?.unwrap_or_else(|| default.to_owned()))
}

async fn limits(connection: &mut PgConnection) -> Result<TierLimits, AppError> {
    let mut amounts = [Decimal::ZERO; 3];
    for (amount, key) in
        amounts.iter_mut().zip(["customers.tier_silver", "customers.tier_gold", "customers.tier_platinum"])
    {
        *amount = setting(connection, key).await?.parse().map_err(|_| AppError::internal())?;
    }
    let [silver, gold, platinum] = amounts;
    Ok(TierLimits { silver, gold, platinum })
}

async fn percentiles(connection: &mut PgConnection) -> Result<Percentiles, AppError> {
    let text = setting(connection, "customers.rfm_percentiles").await?;
    Ok(domain::settings::percentiles(&text).unwrap_or(FIFTHS))
}

/// The business days that a look of `as_of` is of: they end with the day before.
fn window(context: &Context, as_of: NaiveDate) -> Window {
    context.zone.days_range(as_of - Days::new(WINDOW_DAYS), as_of - Days::new(1))
}

impl SegmentsService {
    #[must_use]
    pub const fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// Looks at all customers as of today: tiers first, then segments. A second look of a day takes the place of
    /// the first.
    ///
    /// # Errors
    /// When a statement fails; then nothing is written.
    pub async fn look(&self) -> Result<Looked, AppError> {
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let context = Context::read(&mut tx).await?;
        let as_of = context.zone.day_of(now);
        let money = Money { books: context.books(), only: None };
        let values = rows::customer_values(&mut tx, money, &window(&context, as_of), None).await?;
        let tiers = tiers(&mut tx, &values, as_of).await?;
        let behaviours: Vec<Behaviour> = values
            .iter()
            .map(|v| Behaviour {
                days_since: i32::try_from((as_of - context.zone.day_of(v.last_sale_at)).num_days()).unwrap_or(i32::MAX),
                orders: i32::try_from(v.orders).unwrap_or(i32::MAX),
                revenue: v.revenue,
            })
            .collect();
        let cuts = cuts(&behaviours, percentiles(&mut tx).await?);
        let placed: Vec<Placed> = values
            .iter()
            .zip(&behaviours)
            .map(|(v, behaviour)| {
                let scores = cuts.scores(behaviour);
                Placed {
                    customer_id: v.customer_id,
                    scores: [scores.r, scores.f, scores.m],
                    segment: scores.segment.as_str(),
                    days_since: behaviour.days_since,
                    orders: behaviour.orders,
                    revenue: behaviour.revenue,
                }
            })
            .collect();
        rows::put_segments(&mut tx, as_of, &placed).await?;
        let told = json!(SegmentCuts {
            r: cuts.r.to_vec(),
            f: cuts.f.to_vec(),
            m: cuts.m.iter().map(Decimal::normalize).collect(),
        });
        rows::put_run(&mut tx, as_of, context.books(), &told, now).await?;
        rows::forget_runs(&mut tx, as_of - Days::new(KEPT_DAYS)).await?;
        rows::refresh_view(&mut tx, "customer_segments_mv").await?;
        store::live::emit(&mut tx, Topic::Analytics, "customer_segments").await?;
        if tiers > 0 {
            store::live::emit(&mut tx, Topic::Customers, "").await?;
        }
        store::commit(tx).await?;
        Ok(Looked { as_of, customers: placed.len(), tiers })
    }
}

/// Sets the tiers that the rule decides on `day`; answers how many changed.
async fn tiers(connection: &mut PgConnection, values: &[CustomerValue], day: NaiveDate) -> Result<usize, AppError> {
    let limits = limits(connection).await?;
    let revenue: HashMap<Uuid, Decimal> = values.iter().map(|v| (v.customer_id, v.revenue)).collect();
    let mut changed = 0;
    for ruled in rows::ruled_tiers(connection, day).await? {
        let tier = limits.tier(revenue.get(&ruled.customer_id).copied().unwrap_or_default()).as_str();
        if tier == ruled.tier && !ruled.by_hand_before {
            continue;
        }
        let new = NewTier {
            customer_id: ruled.customer_id,
            tier,
            from: day,
            to: None,
            manual: false,
            by: RULE,
            reason: None,
        };
        rows::put_tier(connection, &new).await?;
        changed += 1;
    }
    Ok(changed)
}

/// # Errors
/// `not_found` for a day without a look; when a statement fails.
pub async fn segments(
    connection: &mut PgConnection,
    context: &Context,
    asked: SegmentRequest,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Segments, AppError> {
    let run = rows::segment_run(connection, asked.as_of).await?;
    if run.is_none() && asked.as_of.is_some() {
        return Err(AppError::not_found("Look at the customers of that day"));
    }
    let mut items = Vec::new();
    let mut badge_of = Badge::Live;
    if let Some(run) = &run {
        let found = rows::segment_sums(connection, asked.by.as_str(), run).await?;
        let revenue: Decimal = found.iter().map(|s| s.revenue).sum();
        items = found
            .into_iter()
            .map(|s| SegmentRow {
                avg_order_value: (s.orders > 0).then(|| (s.revenue / Decimal::from(s.orders)).round_dp(4).normalize()),
                avg_risk: (s.customers > 0).then(|| (s.risk / Decimal::from(s.customers)).round_dp(4).normalize()),
                share: (revenue > Decimal::ZERO).then(|| (s.revenue / revenue).round_dp(6).normalize()),
                segment: s.segment,
                customers: s.customers,
                orders: s.orders,
                revenue: s.revenue.normalize(),
                moved_in: s.moved_in,
                moved_out: s.moved_out,
            })
            .collect();
        // From the best to the worst, not by their names.
        let place = |row: &SegmentRow| match asked.by {
            Scheme::Rfm => Segment::ALL.iter().position(|s| s.as_str() == row.segment),
            Scheme::Tier => Tier::ALL.iter().position(|t| t.as_str() == row.segment),
        };
        items.sort_by_key(place);
        badge_of = badge(connection, &window(context, run.as_of)).await?;
    }
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let span = run.as_ref().map(|run| context.span(&window(context, run.as_of)));
    Ok(Segments {
        items,
        metadata: SegmentMetadata {
            count,
            total: count,
            limit: count,
            next_cursor: None,
            by: asked.by,
            as_of: run.as_ref().map(|run| run.as_of),
            previous: run.as_ref().and_then(|run| run.previous),
            cuts: run.as_ref().and_then(|run| serde_json::from_value(run.cuts.clone()).ok()),
            from: span.as_ref().map(|span| span.from),
            to: span.as_ref().map(|span| span.to),
            zone: context.zone.name().to_owned(),
            currency: run.as_ref().and_then(|run| run.currency.parse().ok()).unwrap_or(context.business.base_currency),
            computed_at: context.zone.local(run.as_ref().map_or(now, |run| run.computed_at)),
            age_seconds: 0,
            badge: badge_of,
        },
    })
}

#[async_trait]
impl SegmentsPort for SegmentsService {
    async fn segments(&self, who: &Principal, query: &AnalyticsQuery) -> Result<Segments, AppError> {
        who.require(Permission::OverviewView)?;
        let asked = query.segments().map_err(AppError::validation)?;
        let now = self.backend.clock.now();
        let known = self.backend.business().await?;
        let context = Context::of(known.value.business.clone())?;
        let day = asked.as_of.map_or_else(|| "latest".to_owned(), |day| day.to_string());
        let text = format!("{} {day} {}", asked.by.as_str(), context.scope());
        let kept = self.backend.figures.get::<Segments, _>(&declared::SEGMENTS, text, move |connection| {
            async move { segments(connection, &context, asked, now).await }.boxed()
        });
        let kept = kept.await?;
        let mut answer = Segments::clone(&kept.value);
        // Of the nightly look, not of when it was read.
        answer.metadata.age_seconds = (now - answer.metadata.computed_at.to_utc()).num_seconds().max(0);
        if kept.freshness.state != State::Fresh {
            answer.metadata.badge = Badge::Cached;
        }
        Ok(answer)
    }

    async fn set_tier(&self, who: &Principal, customer: CustomerId, command: &SetTier) -> Result<Tier, AppError> {
        who.require(Permission::CustomersEdit)?;
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let context = Context::read(&mut tx).await?;
        let today = context.zone.day_of(now);
        command.validate(today).map_err(AppError::validation)?;
        if !rows::lock_customer(&mut tx, customer.0).await? {
            return Err(AppError::not_found("Customer"));
        }
        let tier = match command.tier {
            Some(tier) => tier,
            None => {
                let money = Money { books: context.books(), only: None };
                let revenue = rows::customer_revenue(&mut tx, money, &window(&context, today), customer.0).await?;
                limits(&mut tx).await?.tier(revenue)
            }
        };
        let new = NewTier {
            customer_id: customer.0,
            tier: tier.as_str(),
            from: today,
            to: command.until,
            manual: command.tier.is_some(),
            by: who.label(),
            reason: Some(command.reason.trim()),
        };
        rows::put_tier(&mut tx, &new).await?;
        let act = Act::done("customers.set_tier", "customer", customer)
            .after(json!({"tier": tier, "until": command.until, "by_hand": new.manual, "reason": new.reason}));
        audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        store::live::emit(&mut tx, Topic::Customers, &customer.to_string()).await?;
        store::commit(tx).await?;
        Ok(tier)
    }
}
