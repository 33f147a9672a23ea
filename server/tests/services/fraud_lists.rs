//! The block and the allow list (`commerce.md` 3.4).

use crate::shop::{Shop, admin, viewer};
use chrono::Duration;
use domain::{
    AppError, ErrorCode,
    fraud::{
        Outcome,
        list::{ListEntry, ListKind, ListQuery, ListsPort, NewListEntry, Subject},
    },
    idempotency::IdempotencyKey,
    ids::{CustomerId, ListEntryId, ProductId},
    transactions::{Entry, PaymentMethod, PaymentToken, RecordSale},
};
use rust_decimal::Decimal;
use server::services::fraud::ListsService;
use sqlx::PgPool;
use uuid::Uuid;

struct Desk {
    shop: Shop,
    lists: ListsService,
    mug: Uuid,
}

fn entry(list: ListKind, subject: Subject, value: &str) -> NewListEntry {
    NewListEntry {
        list,
        subject,
        value: value.into(),
        reason: "seen before".into(),
        expires_at: None,
        expires_in_days: Some(30),
    }
}

fn token() -> PaymentToken {
    serde_json::from_value("card-1".into()).unwrap()
}

impl Desk {
    async fn on(db: PgPool) -> Self {
        let shop = Shop::on(db);
        shop.set("sales.tax_rate", "0".into()).await;
        let mug = shop.product("MUG", "Mug", "10.00", Some(1_000)).await;
        Self { lists: ListsService::new(shop.backend.clone()), shop, mug }
    }

    fn sale(&self) -> RecordSale {
        RecordSale {
            product_id: Some(ProductId(self.mug)),
            quantity: Some(Decimal::ONE),
            payment_method: Some(PaymentMethod::Cash),
            ..RecordSale::default()
        }
    }

    async fn outcome(&self, sale: RecordSale) -> Outcome {
        self.shop.sales.record(&admin(), &sale, Entry::Api, None).await.value.unwrap().fraud_outcome
    }

    async fn add(&self, entry: &NewListEntry) -> Result<ListEntry, AppError> {
        self.lists.add(&admin(), entry, None).await.value
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn whatever_stands_on_the_block_list_is_declined_from_the_next_sale_on(db: PgPool) {
    let desk = Desk::on(db).await;
    let ann = desk.shop.customer("Ann", "Archer", Some("A-17")).await;
    let bob = desk.shop.customer("Bob", "Baker", None).await;
    sqlx::query("update sales.customers set email = 'bob@bad.example' where id = $1")
        .bind(bob)
        .execute(&desk.shop.db)
        .await
        .unwrap();
    let paid: Vec<Vec<u8>> = {
        let sale = RecordSale { payment_token: Some(token()), ..desk.sale() };
        desk.outcome(sale).await;
        sqlx::query_scalar("select payment_fingerprint from sales.transactions where payment_fingerprint is not null")
            .fetch_all(&desk.shop.db)
            .await
            .unwrap()
    };
    let hex: String = paid[0].iter().map(|byte| format!("{byte:02X}")).collect();
    let sales = [
        (Subject::Customer, "A-17", RecordSale { customer_id: Some(CustomerId(ann)), ..desk.sale() }),
        (Subject::EmailDomain, "BAD.example", RecordSale { customer_id: Some(CustomerId(bob)), ..desk.sale() }),
        (Subject::IpRange, "198.51.100.9/24", RecordSale { ip_address: "198.51.100.77".parse().ok(), ..desk.sale() }),
        (Subject::Terminal, "T-1", RecordSale { terminal_id: Some("T-1".into()), ..desk.sale() }),
        (Subject::Device, "D-1", RecordSale { device_id: Some("D-1".into()), ..desk.sale() }),
        (Subject::PaymentFingerprint, hex.as_str(), RecordSale { payment_token: Some(token()), ..desk.sale() }),
    ];
    for (subject, value, sale) in sales {
        assert_eq!(desk.outcome(sale.clone()).await, Outcome::Approve, "{subject:?}");
        let blocked = desk.add(&entry(ListKind::Block, subject, value)).await.unwrap();
        assert!(blocked.active && blocked.by == "test@example.com");
        assert_eq!(desk.outcome(sale.clone()).await, Outcome::Decline, "{subject:?}");
        desk.lists.remove(&admin(), blocked.id).await.unwrap();
        assert_eq!(desk.outcome(sale).await, Outcome::Approve, "{subject:?} is free again");
        desk.shop.clock.advance(Duration::days(1));
    }
    let told = desk
        .shop
        .count("select count(*) from ops.audit_log where action in ('fraud.list_add', 'fraud.list_remove')")
        .await;
    assert_eq!(told, 12);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_entry_is_checked_stands_once_and_makes_room_when_it_has_ended(db: PgPool) {
    let desk = Desk::on(db).await;
    let terminal = entry(ListKind::Block, Subject::Terminal, "T-1");
    assert_eq!(desk.lists.add(&viewer(), &terminal, None).await.value.unwrap_err().code, ErrorCode::Forbidden);
    let nobody = desk.add(&entry(ListKind::Block, Subject::Customer, "17")).await.unwrap_err();
    assert_eq!((nobody.code, nobody.fields[0].path.as_str()), (ErrorCode::Validation, "value"));
    let forever = NewListEntry { expires_in_days: None, ..entry(ListKind::Allow, Subject::Terminal, "T-1") };
    assert_eq!(desk.add(&forever).await.unwrap_err().fields[0].path, "expires_at");

    let key = IdempotencyKey::parse("one").unwrap();
    let first = desk.lists.add(&admin(), &terminal, Some(&key)).await;
    let again = desk.lists.add(&admin(), &terminal, Some(&key)).await;
    assert_eq!((again.replayed, again.value.unwrap().id), (true, first.value.unwrap().id));
    let twice = desk.add(&terminal).await.unwrap_err();
    assert_eq!((twice.code, twice.fields[0].path.as_str()), (ErrorCode::Conflict, "value"));
    desk.add(&entry(ListKind::Allow, Subject::Terminal, "T-1")).await.unwrap();
    desk.shop.clock.advance(Duration::days(30));
    let query = |list, limit, cursor| ListQuery { list, subject: None, limit, cursor };
    let ended = desk.lists.entries(&viewer(), &query(Some(ListKind::Block), 20, None)).await.unwrap();
    assert_eq!((ended.total, ended.items[0].active), (1, false));
    let renewed = desk.add(&terminal).await.unwrap();
    assert!(renewed.active);

    let page = desk.lists.entries(&viewer(), &query(None, 1, None)).await.unwrap();
    assert_eq!((page.total, page.items[0].id), (2, renewed.id));
    let rest = desk.lists.entries(&viewer(), &query(None, 1, page.next_cursor)).await.unwrap();
    assert_eq!((rest.items[0].list, rest.next_cursor), (ListKind::Allow, None));
    let nonsense = desk.lists.entries(&viewer(), &query(None, 1, Some("x".into()))).await.unwrap_err();
    assert_eq!(nonsense.fields[0].path, "cursor");
    assert_eq!(desk.lists.remove(&viewer(), renewed.id).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(desk.lists.remove(&admin(), ListEntryId(Uuid::nil())).await.unwrap_err().code, ErrorCode::NotFound);
}
