//! Sales held for review, and sales whose open payment will soon cancel them.

use super::{About, Asked, AttentionSource};
use crate::services::transactions::HELD_FOR;
use async_trait::async_trait;
use chrono::Duration;
use domain::{
    AppError, format,
    freshness::Declaration,
    overview::{
        attention::{AttentionAct, AttentionAction, AttentionItem, AttentionKind, Feature, Severity},
        declared,
    },
};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use store::overview::{
    Books,
    attention::{self as rows, Waiting},
};

/// A held sale is cancelled after so long (`commerce.md` 3.2); after half of it the matter is critical.
const REVIEW_HOURS: i64 = 48;
/// An open payment is named when so much of its time is left.
const LAST_CALL: Duration = Duration::minutes(10);

#[derive(Debug)]
pub struct SalesSource;

#[async_trait]
impl AttentionSource for SalesSource {
    fn feature(&self) -> Feature {
        Feature::Transactions
    }

    fn declared(&self) -> &'static Declaration {
        &declared::SALES_ATTENTION
    }

    async fn attention(&self, connection: &mut PgConnection, asked: &Asked) -> Result<Vec<AttentionItem>, AppError> {
        let books = Books { currency: asked.business.base_currency, zone: asked.zone.name(), without_fraud: false };
        let held = rows::held(&mut *connection, books).await?;
        let open = rows::open_payments(connection, books, asked.now - (HELD_FOR - LAST_CALL)).await?;
        let held = held.map(|held| held_item(asked, held));
        Ok(held.into_iter().chain(open.map(|open| open_item(asked, open))).collect())
    }
}

/// Unknown when no sale could be converted; `without_rate` of them are told in words.
fn money(asked: &Asked, item: &mut AttentionItem, waiting: Waiting) {
    if waiting.without_rate < waiting.sales {
        item.money_at_risk = Some(waiting.net.normalize());
        item.currency = Some(asked.business.base_currency);
    }
    if waiting.without_rate > 0 {
        let left_out = asked.plural(waiting.without_rate, "sale");
        item.consequence.push_str(&format!(" The amount lacks {left_out} without an exchange rate."));
    }
}

fn amount(asked: &Asked, net: Decimal) -> String {
    format::money(net, asked.business.base_currency, &asked.business.locale)
}

fn held_item(asked: &Asked, held: Waiting) -> AttentionItem {
    let age = asked.now - held.oldest;
    let severity = if age > Duration::hours(REVIEW_HOURS) / 2 { Severity::Critical } else { Severity::High };
    let left = Duration::hours(REVIEW_HOURS) - age;
    let time = if left > Duration::zero() {
        format!("The oldest has {} of its {REVIEW_HOURS} hours left.", format::age(left.num_seconds()))
    } else {
        format!("The oldest is past its {REVIEW_HOURS} hours.")
    };
    let consequence = format!("{} do not count until somebody decides. {time}", amount(asked, held.net));
    let about = About {
        feature: Feature::Transactions,
        kind: AttentionKind::Held,
        severity,
        title: format!("{} held for review", asked.plural(held.sales, "sale")),
        consequence,
    };
    let link = "/transactions?status=held";
    let mut item = asked.item("transactions.held", held.oldest, about, link);
    item.actions.push(AttentionAction::new(AttentionAct::Open, "Review", link));
    money(asked, &mut item, held);
    item
}

fn open_item(asked: &Asked, open: Waiting) -> AttentionItem {
    let ends = asked.zone.local(open.oldest + HELD_FOR);
    let consequence = format!(
        "{} are cancelled and their stock is freed when nobody captures the payment; the first at {}.",
        amount(asked, open.net),
        format::time(ends)
    );
    let about = About {
        feature: Feature::Transactions,
        kind: AttentionKind::PaymentOpen,
        severity: Severity::Medium,
        title: format!("{} about to expire", asked.plural(open.sales, "open payment")),
        consequence,
    };
    let link = "/transactions?status=pending";
    let mut item = asked.item("transactions.payments_open", open.oldest, about, link);
    item.actions.push(AttentionAction::new(AttentionAct::Open, "Open", link));
    money(asked, &mut item, open);
    item
}
