//! Half a year of real sales: every figure of the overview against its reference, by API figure and export.

use crate::{
    figures::{drill, scope},
    shop::{Shop, dec, planner, viewer},
};
use domain::{
    ingest::Target,
    overview::{MetricKey, OverviewPort, ScopeQuery, SummaryPort, SummaryQuery, Tile, TrendQuery},
    query,
};
use rust_decimal::Decimal;
use server::services::{
    exports::{ExportsService, Format, KPI_ROWS, Opened},
    ingest::{IngestService, Upload},
    overview::{OverviewService, SummaryService},
};
use sqlx::PgPool;
use std::{path::PathBuf, sync::Arc};
use store::exports::Cell;

/// Folder of the shared data; where it is not, the test says so and passes.
fn data() -> Option<PathBuf> {
    let root = std::env::var_os("MILLRACE_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
        .join("transactions");
    let found = root.join("daily_reference.csv").exists();
    if !found {
        eprintln!("skipped: no Online Retail data in {}", root.display());
    }
    found.then_some(root)
}

struct Retail {
    overview: OverviewService,
    exports: ExportsService,
}

impl Retail {
    async fn tiles(&self, query: &str) -> Vec<Tile> {
        self.overview.tiles(&viewer(), &scope(query)).await.unwrap()
    }

    async fn value(&self, metric: MetricKey, query: &str) -> Decimal {
        of(&self.tiles(query).await, metric)
    }

    /// Rows and sum of the base amounts of the exported file.
    async fn export(&self, metric: MetricKey, query: &str) -> (usize, Decimal) {
        let pairs = query::pairs(&format!("{query}&metric={metric}"));
        let opened = self.exports.open(&viewer(), KPI_ROWS, Format::Csv, &pairs).await.unwrap();
        let Opened::Stream(mut export) = opened else { panic!("small enough to stream") };
        let column = export.headings.iter().position(|h| *h == "base_amount" || *h == "amount").unwrap();
        let (mut rows, mut sum) = (0, Decimal::ZERO);
        loop {
            let batch = export.batch().await.unwrap();
            if batch.is_empty() {
                assert_eq!(rows as i64, export.about.rows);
                return (rows, sum);
            }
            rows += batch.len();
            sum += batch
                .iter()
                .filter_map(|row| if let Cell::Money(m) = row[column] { Some(m) } else { None })
                .sum::<Decimal>();
        }
    }
}

fn of(tiles: &[Tile], metric: MetricKey) -> Decimal {
    tiles.iter().find(|t| t.key == metric).unwrap().value.unwrap()
}

fn cents(value: Decimal) -> Decimal {
    value.round_dp(2).normalize()
}

/// A shop in London with the real sales; `None` where they are not at hand.
pub async fn shop(db: PgPool) -> Option<Shop> {
    let root = data()?;
    let shop = Shop::on(db);
    shop.set("business.zone", "Europe/London".into()).await;
    shop.set("business.base_currency", "GBP".into()).await;
    let file = std::fs::read(root.join("online_retail_2010-12_2011-05.csv.gz")).unwrap();
    let ingest = IngestService::new(shop.backend.clone());
    let upload = Upload::of(Target::SalesTransactions, "sales.csv.gz", file);
    let id = ingest.receive(&planner(), upload).await.unwrap().summary.id;
    ingest.preview_now(&planner(), id, Arc::default()).await.unwrap();
    ingest.commit_now(&planner(), id, Arc::default()).await.unwrap();
    for table in [
        "vacuum analyze sales.transactions",
        "vacuum analyze sales.transaction_lines",
        "vacuum analyze sales.refunds",
        "vacuum analyze sales.refund_lines",
    ] {
        sqlx::raw_sql(table).execute(&shop.db).await.unwrap();
    }
    Some(shop)
}

#[sqlx::test(migrations = "../migrations")]
async fn every_day_of_the_reference_by_figure_and_export(db: PgPool) {
    let Some(root) = data() else { return };
    let Some(shop) = shop(db).await else { return };
    let retail = Retail {
        overview: OverviewService::new(shop.backend.clone()),
        exports: ExportsService::new(shop.backend.clone(), crate::world::keys()),
    };

    let reference = std::fs::read_to_string(root.join("daily_reference.csv")).unwrap();
    let mut days = 0;
    for line in reference.lines().skip(1) {
        let c: Vec<&str> = line.split(',').collect();
        let query = format!("day={}", c[0]);
        let tiles = retail.tiles(&query).await;
        let (net, gross) = (of(&tiles, MetricKey::RevenueNet), of(&tiles, MetricKey::RevenueGross));
        assert_eq!((cents(net), cents(gross)), (cents(dec(c[2])), cents(dec(c[5]))), "{}", c[0]);
        assert_eq!(
            (of(&tiles, MetricKey::Orders), of(&tiles, MetricKey::ActiveCustomers)),
            (dec(c[6]), dec(c[7])),
            "{}",
            c[0]
        );
        let rows = |metric: MetricKey| tiles.iter().find(|t| t.key == metric).map(|t| t.row_count as usize).unwrap();
        assert_eq!(retail.export(MetricKey::RevenueNet, &query).await, (rows(MetricKey::RevenueNet), net), "{}", c[0]);
        days += 1;
    }
    assert_eq!(days, 141);
    example_1(&retail).await;
    examples_2_to_4(&retail).await;
    example_5(&retail).await;

    summed_up(&shop, &retail, &reference).await;

    // The whole half year through a window of 182 days is the sum of its days.
    let half = retail.tiles("from=2010-12-01&to=2011-05-31").await;
    let trend = TrendQuery { days: Some("182".into()), to: Some("2011-05-31".into()), ..TrendQuery::default() };
    let trend = retail.overview.trend(&viewer(), &trend).await.unwrap();
    assert_eq!(
        of(&half, MetricKey::RevenueNet),
        trend.items.iter().map(|d| d.revenue_net).sum::<Decimal>().normalize()
    );
    assert_eq!(of(&half, MetricKey::Orders), Decimal::from(8_126));
}

/// The kept days are those of the reference, and the trend is the same from them.
async fn summed_up(shop: &Shop, retail: &Retail, reference: &str) {
    let summary = SummaryService::new(shop.backend.clone());
    let due = summary.due_days().await.unwrap();
    // The import named every day with a sale or a refund.
    let found = summary.sum_up(&due).await.unwrap();
    assert_eq!((found.changed.len(), found.revised.len(), found.unexplained.len()), (due.len(), 0, 0));
    let asked = SummaryQuery { from: Some("2010-12-01".into()), to: Some("2011-05-31".into()) };
    let kept = summary.summary(&viewer(), &asked).await.unwrap();
    for line in reference.lines().skip(1) {
        let c: Vec<&str> = line.split(',').collect();
        let row = kept.iter().find(|row| row.day.to_string() == c[0]).unwrap();
        assert_eq!(
            (cents(row.revenue_net), cents(row.revenue_gross)),
            (cents(dec(c[2])), cents(dec(c[5]))),
            "{}",
            c[0]
        );
        assert_eq!(
            (Decimal::from(row.orders), Decimal::from(row.active_customers)),
            (dec(c[6]), dec(c[7])),
            "{}",
            c[0]
        );
        assert!(row.is_final && row.revision == 1 && row.refunds == row.revenue_gross - row.revenue_net);
    }
    retail.overview.forget();
    example_5(retail).await;
}

async fn example_1(retail: &Retail) {
    let day = "day=2010-12-01";
    let tiles = retail.tiles(day).await;
    assert_eq!(of(&tiles, MetricKey::RevenueNet), dec("58635.56"));
    assert_eq!(of(&tiles, MetricKey::RevenueGross), dec("58960.79"));
    assert_eq!((of(&tiles, MetricKey::Orders), of(&tiles, MetricKey::ActiveCustomers)), (127.into(), 95.into()));
    assert_eq!(cents(of(&tiles, MetricKey::AverageOrder)), dec("464.26"));
    let net = retail.overview.rows(&viewer(), "revenue_net", &drill(day)).await.unwrap();
    assert_eq!((net.rows.total(), net.number.row_count), (153, 153));
    assert_eq!(retail.export(MetricKey::RevenueNet, day).await, (153, dec("58635.56")));
    assert_eq!(retail.export(MetricKey::Orders, day).await, (127, dec("58960.79")));
    assert_eq!(retail.export(MetricKey::ActiveCustomers, day).await.0, 95);
    let bars =
        retail.overview.hours(&viewer(), &ScopeQuery { basis: Some("gross".into()), ..scope(day) }).await.unwrap();
    let hour = |label: &str| bars.items.iter().find(|b| b.label == label).map(|b| (b.revenue, b.orders)).unwrap();
    assert_eq!(
        (hour("08:00"), hour("12:00"), hour("17:00")),
        ((dec("1383.81"), 6), (dec("7447.92"), 22), (dec("7566.93"), 6))
    );
    assert_eq!((bars.items.len(), bars.items.iter().filter(|b| b.orders == 0).count()), (24, 14));
}

async fn examples_2_to_4(retail: &Retail) {
    let tiles = retail.tiles("day=2011-01-18").await;
    assert_eq!(
        (of(&tiles, MetricKey::RevenueNet), of(&tiles, MetricKey::RevenueGross)),
        (dec("18680.80").normalize(), dec("95978.05"))
    );
    assert_eq!((of(&tiles, MetricKey::Orders), of(&tiles, MetricKey::ActiveCustomers)), (41.into(), 31.into()));
    let tiles = retail.tiles("day=2011-01-05").await;
    assert_eq!(
        (of(&tiles, MetricKey::RevenueNet), of(&tiles, MetricKey::RevenueGross)),
        (dec("-1566.23"), dec("32634.47"))
    );
    assert_eq!(tiles[0].text("en-GB"), "−£1,566.23");
    let tiles = retail.tiles("day=2011-01-12").await;
    assert_eq!(of(&tiles, MetricKey::RevenueNet), dec("23958.78"));
    assert_eq!(tiles[0].change.as_ref().map(|c| (c.previous, c.percent)), Some((Some(dec("-1566.23")), None)));
    let tiles = retail.tiles("day=2011-05-12").await;
    let change = |metric: MetricKey| tiles.iter().find(|t| t.key == metric).and_then(|t| t.change.as_ref()?.percent);
    assert_eq!((change(MetricKey::RevenueNet), change(MetricKey::Orders)), (Some(dec("108.4")), Some(dec("-3.4"))));
}

async fn example_5(retail: &Retail) {
    let query = TrendQuery {
        days: Some("30".into()),
        to: Some("2011-05-31".into()),
        order: Some("asc".into()),
        ..TrendQuery::default()
    };
    let trend = retail.overview.trend(&viewer(), &query).await.unwrap();
    assert_eq!((trend.items.len(), trend.items[0].day.to_string().as_str()), (30, "2011-05-02"));
    let zero: Vec<_> = trend
        .items
        .iter()
        .filter(|d| d.orders == 0 && d.revenue_net.is_zero())
        .map(|d| d.day.format("%m-%d").to_string())
        .collect();
    assert_eq!(zero, ["05-02", "05-07", "05-14", "05-21", "05-28", "05-30"]);
    assert_eq!(
        (cents(trend.totals.revenue_gross), cents(trend.totals.revenue_net)),
        (dec("763562.36"), dec("716368.85"))
    );
    assert_eq!((trend.totals.orders, trend.before.orders), (1_663, 1_189));
    assert_eq!((cents(trend.before.revenue_gross), cents(trend.before.revenue_net)), (dec("519114.77"), dec("475780")));
    assert_eq!(retail.value(MetricKey::Orders, "from=2011-05-02&to=2011-05-31").await, 1_663.into());
}
