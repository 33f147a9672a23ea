//! Example 13 of `overview.md`: over random shops with writers at work the number of a tile, the head of its
//! drill, the total of its list, the rows of all its pages and the rows of its export are the same, and the
//! amounts of the rows add up to the tile.

mod oracle;
mod random_shop;

use crate::{
    dice::seeds,
    figures::{drill, scope},
    shop::admin,
    summary::assert_agrees,
};
use chrono::Days;
use domain::overview::{
    Basis, DayRange, Drill, DrillRows, DrillSort, MetricKey, OverviewPort, Tile, stock::StockLevel,
};
use oracle::{Asked, Oracle};
use random_shop::{LOUD, RandomShop};
use rust_decimal::Decimal;
use server::services::{
    exports::{ExportsService, Format, KPI_ROWS, Opened},
    overview::{SummaryService, SummedUp},
};
use sqlx::PgPool;
use store::exports::Cell;

/// What the rows of a figure say, however they were had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Told {
    rows: i64,
    /// Of the amounts in base currency.
    sum: Decimal,
    /// Visitors who ordered; products that have none left.
    yes: i64,
    /// Orders of the customers.
    orders: i64,
}

impl Told {
    fn add(&mut self, rows: &DrillRows) {
        match rows {
            DrillRows::Facts(page) => {
                self.rows += page.items.len() as i64;
                self.sum += page.items.iter().filter_map(|row| row.base_amount).sum::<Decimal>();
            }
            DrillRows::Buyers(page) => {
                self.rows += page.items.len() as i64;
                self.sum += page.items.iter().map(|row| row.amount).sum::<Decimal>();
                self.orders += page.items.iter().map(|row| row.orders).sum::<i64>();
            }
            DrillRows::Visitors(page) => {
                self.rows += page.items.len() as i64;
                self.yes += page.items.iter().filter(|row| row.ordered).count() as i64;
            }
            DrillRows::Products(page) => {
                self.rows += page.items.len() as i64;
                self.yes += page.items.iter().filter(|row| row.level == StockLevel::Critical).count() as i64;
            }
        }
        self.sum = self.sum.normalize();
    }

    fn add_cells(&mut self, kind: &DrillRows, row: &[Cell]) {
        self.rows += 1;
        match (kind, row) {
            (DrillRows::Facts(_), [.., Cell::Money(amount), _])
            | (DrillRows::Buyers(_), [_, _, Cell::Money(amount), _]) => self.sum = (self.sum + amount).normalize(),
            _ => {}
        }
        match (kind, row) {
            (DrillRows::Buyers(_), [_, Cell::Whole(orders), ..]) => self.orders += orders,
            (DrillRows::Visitors(_), [.., Cell::Text(ordered)]) => self.yes += i64::from(ordered == "yes"),
            (DrillRows::Products(_), [.., Cell::Text(level), _]) => self.yes += i64::from(level == "critical"),
            _ => {}
        }
    }

    /// The last column of the table in 3.6.
    fn assert_is(&self, tile: &Tile, told: &str) {
        assert_eq!(self.rows, tile.row_count, "{told}");
        let percent = |part: Decimal, digits| {
            (self.rows > 0).then(|| (part / Decimal::from(self.rows)).round_dp(digits).normalize())
        };
        match tile.key {
            MetricKey::RevenueNet | MetricKey::RevenueGross | MetricKey::AmountAll => {
                assert_eq!(Some(self.sum), tile.value, "{told}");
            }
            MetricKey::Orders | MetricKey::OrdersAll | MetricKey::ActiveCustomers | MetricKey::Visitors => {
                assert_eq!(Some(self.rows.into()), tile.value, "{told}");
            }
            MetricKey::AverageOrder => assert_eq!(percent(self.sum, 4), tile.value, "{told}"),
            MetricKey::Conversion => {
                assert_eq!(percent(Decimal::from(self.yes * 100), 6), tile.value, "{told}");
            }
            MetricKey::OrdersPerHundred => assert_eq!(tile.value.is_some(), self.rows > 0, "{told}"),
            MetricKey::Held | MetricKey::LastMinute => {
                assert_eq!((Some(self.rows.into()), Some(self.sum)), (tile.value, tile.amount), "{told}");
            }
            MetricKey::LowStock => {
                assert_eq!((Some(self.rows.into()), Some(self.yes)), (tile.value, tile.critical), "{told}");
            }
        }
    }
}

/// A figure asked for in some way.
struct Question {
    metric: MetricKey,
    basis: Basis,
    clean: bool,
    days: String,
    sort: DrillSort,
    q: Option<&'static str>,
    limit: u64,
}

impl Question {
    fn scope(&self) -> String {
        let clean = if self.clean { "&clean=1" } else { "" };
        format!("{}&basis={}{clean}", self.days, self.basis.as_str())
    }

    fn rows(&self) -> String {
        let q = self.q.map(|q| format!("&q={q}")).unwrap_or_default();
        format!("{}&sort={}{q}", self.scope(), self.sort.as_str())
    }
}

struct Check {
    shop: RandomShop,
    exports: ExportsService,
    told: String,
}

impl Check {
    fn told(&self, question: &Question, where_: &str) -> String {
        format!("{}, {} {} {where_}", self.told, question.metric, question.rows())
    }

    /// Asks for `metric` of `days` by a rule, in an order and in pages that the dice choose.
    fn question(&mut self, metric: MetricKey, days: String) -> Question {
        let dice = &mut self.shop.dice;
        let basis = dice.one_of(&Basis::ALL);
        let sort = dice.one_of(DrillSort::of(metric.drill_kind()));
        let q = if dice.once_in(4) { Some(dice.one_of(&["c1", "c", "b", "nobody", "_"])) } else { None };
        let clean = dice.once_in(3);
        Question { metric, basis, clean, days, sort, q, limit: 1 + dice.below(20) }
    }

    /// One or more of the days on which nobody writes.
    fn quiet_days(&mut self) -> String {
        let (today, dice) = (self.shop.today, &mut self.shop.dice);
        let last = LOUD + dice.below(8);
        let first = last + if dice.once_in(2) { 0 } else { dice.below(6) };
        format!("from={}&to={}", today - Days::new(first), today - Days::new(last))
    }

    fn any_days(&mut self) -> String {
        let (today, dice) = (self.shop.today, &mut self.shop.dice);
        match dice.below(5) {
            0 => "period=today".to_owned(),
            1 => "period=7d".to_owned(),
            2 => "period=30d".to_owned(),
            3 => format!("day={}", today - Days::new(dice.below(14))),
            _ => {
                let back = dice.below(13);
                format!("from={}&to={}", today - Days::new(back + dice.below(4)), today - Days::new(back))
            }
        }
    }

    async fn page(&self, question: &Question, limit: u64, cursor: Option<String>) -> Drill {
        let mut query = drill(&question.rows());
        (query.limit, query.cursor) = (Some(limit.to_string()), cursor);
        let drill = self.shop.world.service.rows(&admin(), question.metric.as_str(), &query).await.unwrap();
        if question.q.is_none() {
            assert_eq!(drill.rows.total(), drill.number.row_count, "{}", self.told(question, "head and total"));
        }
        drill
    }

    async fn export(&self, question: &Question, kind: &DrillRows) -> Told {
        let mut pairs: Vec<(String, String)> = vec![("metric".into(), question.metric.as_str().into())];
        let query = question.rows();
        pairs.extend(query.split('&').filter_map(|p| p.split_once('=')).map(|(n, v)| (n.to_owned(), v.to_owned())));
        let Opened::Stream(mut export) = self.exports.open(&admin(), KPI_ROWS, Format::Csv, &pairs).await.unwrap()
        else {
            panic!("{}", self.told(question, "too large to stream"));
        };
        let mut told = Told::default();
        loop {
            let rows = export.batch().await.unwrap();
            if rows.is_empty() {
                break;
            }
            rows.iter().for_each(|row| told.add_cells(kind, row));
        }
        assert_eq!(export.about.rows, told.rows, "{}", self.told(question, "export"));
        told
    }

    /// One answer by itself, while the rows under it change.
    async fn holds_by_itself(&self, question: &Question) {
        let whole = self.page(question, 100, None).await;
        if whole.rows.next_cursor().is_none() && question.q.is_none() {
            let mut told = Told::default();
            told.add(&whole.rows);
            told.assert_is(&whole.number, &self.told(question, "one answer"));
        }
        self.export(question, &whole.rows).await;
    }

    /// All answers with one another, where no row changes.
    async fn all_agree(&self, question: &Question) -> Tile {
        self.shop.nothing_is_known();
        let service = &self.shop.world.service;
        let tile = service.tile(&admin(), question.metric.as_str(), &scope(&question.scope())).await.unwrap();
        let (mut told, mut cursor) = (Told::default(), None);
        let total = loop {
            let drill = self.page(question, question.limit, cursor).await;
            let (head, tile) = ((drill.number.value, drill.number.row_count), (tile.value, tile.row_count));
            assert_eq!(head, tile, "{}", self.told(question, "tile and head"));
            told.add(&drill.rows);
            cursor = drill.rows.next_cursor().map(str::to_owned);
            if cursor.is_none() {
                break drill.rows;
            }
        };
        assert_eq!(told.rows, total.total(), "{}", self.told(question, "rows and total"));
        assert_eq!(self.export(question, &total).await, told, "{}", self.told(question, "export and rows"));
        if question.q.is_none() {
            told.assert_is(&tile, &self.told(question, "tile and rows"));
            if question.metric == MetricKey::ActiveCustomers {
                let orders = service.tile(&admin(), question.basis.orders().as_str(), &scope(&question.scope())).await;
                let counted = told.orders + tile.guest_orders.unwrap();
                assert_eq!(
                    orders.unwrap().value,
                    Some(counted.into()),
                    "{}",
                    self.told(question, "orders of customers")
                );
            }
        }
        tile
    }

    /// The classic model's own formula.
    async fn literal_visitors(&self, tile: &Tile) -> i64 {
        sqlx::query_scalar("select count(distinct user_id) from ops.visits where visit_date >= $1 and visit_date < $2")
            .bind(tile.range.from)
            .bind(tile.range.to)
            .fetch_one(&self.shop.world.db)
            .await
            .unwrap()
    }

    async fn live(&mut self, seed: u64) {
        let zone = self.shop.throw(seed).await;
        self.told = format!("seed {seed}, {zone}");
        let writer = self.shop.writer();
        for metric in MetricKey::ALL {
            let days = self.any_days();
            let question = self.question(*metric, days);
            self.holds_by_itself(&question).await;
        }
        for _ in 0..3 {
            let quiet: Vec<MetricKey> = MetricKey::of_period().collect();
            let metric = self.shop.dice.one_of(&quiet);
            let days = self.quiet_days();
            let question = self.question(metric, days);
            self.all_agree(&question).await;
        }
        assert!(writer.acts() > 0, "{}: nobody wrote", self.told);
        writer.stop().await;

        let oracle = Oracle::read(&self.shop.world.db, self.shop.calendar).await;
        for metric in MetricKey::ALL {
            let days = self.any_days();
            let question = self.question(*metric, days);
            let tile = self.all_agree(&question).await;
            let asked = scope(&question.scope()).resolve(self.shop.today).unwrap();
            let (basis, clean, now) = (question.basis, question.clean, self.shop.world.clock_now());
            let DayRange { from, to } = asked.days;
            let meant = oracle.value(Asked { metric: *metric, basis, from, to, clean, now });
            assert_eq!(tile.value, meant, "{}", self.told(&question, "tile and definition"));
            if *metric == MetricKey::Held {
                assert_eq!(tile.amount, Some(oracle.at_risk(clean)), "{}", self.told(&question, "at risk"));
            }
            if *metric == MetricKey::Visitors && basis != Basis::All && !clean {
                let literal = self.literal_visitors(&tile).await;
                assert_eq!(tile.value, Some(literal.into()), "{}", self.told(&question, "ops.visits"));
            }
        }
        let summary = SummaryService::new(self.shop.world.backend.clone());
        let due = summary.due_days().await.unwrap();
        summary.sum_up(&due).await.unwrap();
        assert_agrees(&self.shop.world.db, zone, &self.told).await;
        let days = summary.last_days(20).await.unwrap();
        let found = summary.sum_up(&days).await.unwrap();
        assert_eq!((found.revised, found.unexplained), (vec![], vec![]), "{}: a day was forgotten", self.told);
        assert_agrees(&self.shop.world.db, zone, &self.told).await;
        assert_eq!(summary.sum_up(&days).await.unwrap(), SummedUp::default(), "{}", self.told);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn tile_drill_list_export_and_summary_agree_while_others_write(db: PgPool) {
    let shop = RandomShop::on(db).await;
    let exports = ExportsService::new(shop.world.backend.clone(), crate::world::keys());
    let mut check = Check { shop, exports, told: String::new() };
    for seed in seeds(10) {
        check.live(seed).await;
    }
}
