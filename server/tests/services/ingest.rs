//! Importing sales: every line accounted for, every figure right, nothing half-written.

use crate::shop::{Shop, admin, dec, planner, viewer};
use domain::{
    AppError, ErrorCode,
    clock::Clock,
    ids::ImportId,
    ingest::{Discard, Field, ImportDetail, ImportState, Policy, RowEdit, Target},
};
use engine::ingest::Meter;
use rust_decimal::Decimal;
use server::services::ingest::{IngestService, Upload, rejected_csv};
use sqlx::PgPool;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

pub const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

pub struct Desk {
    pub shop: Shop,
    pub ingest: IngestService,
}

impl Desk {
    pub fn on(db: PgPool) -> Self {
        let shop = Shop::on(db);
        Self { ingest: IngestService::new(shop.backend.clone()), shop }
    }

    pub async fn upload(&self, bytes: &[u8]) -> Result<ImportDetail, AppError> {
        self.ingest.receive(&planner(), Upload::of(Target::SalesTransactions, "sales.csv", bytes.to_vec())).await
    }

    /// Header and rows of the Online Retail layout, uploaded and checked.
    pub async fn preview(&self, rows: &str) -> ImportDetail {
        let id = self.upload(format!("{HEADER}{rows}").as_bytes()).await.unwrap().summary.id;
        self.check(id).await
    }

    pub async fn check(&self, id: ImportId) -> ImportDetail {
        self.ingest.preview_now(&planner(), id, Arc::default()).await.unwrap()
    }

    pub async fn commit(&self, id: ImportId) -> Result<ImportDetail, AppError> {
        self.ingest.commit_now(&planner(), id, Arc::default()).await
    }

    pub async fn import(&self, rows: &str) -> ImportDetail {
        let id = self.preview(rows).await.summary.id;
        self.commit(id).await.unwrap()
    }

    /// Everything an import may write, in one text: equal before and after means untouched.
    pub async fn world(&self) -> String {
        let mut all = String::new();
        for sql in [
            "select coalesce(string_agg(t::text, '|' order by id), '') from sales.transactions t",
            "select coalesce(string_agg(t::text, '|' order by transaction_id, line_no), '') from sales.transaction_lines t",
            "select coalesce(string_agg(t::text, '|' order by id), '') from sales.refunds t",
            "select coalesce(string_agg(t::text, '|' order by id), '') from sales.customers t",
            "select coalesce(string_agg(t::text, '|' order by id), '') from sales.products t",
            "select coalesce(string_agg(t::text, '|' order by import_id, row_no), '') from ops.staged_rows t",
        ] {
            all += &sqlx::query_scalar::<_, String>(sql).fetch_one(&self.shop.db).await.unwrap();
            all.push('\n');
        }
        all
    }
}

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

#[sqlx::test(migrations = "../migrations")]
async fn half_a_year_of_real_sales_gives_the_figures_of_every_day(db: PgPool) {
    let Some(root) = data() else { return };
    let desk = Desk::on(db);
    desk.shop.set("business.zone", "Europe/London".into()).await;
    desk.shop.set("business.base_currency", "GBP".into()).await;
    let file = std::fs::read(root.join("online_retail_2010-12_2011-05.csv.gz")).unwrap();
    let uploaded = desk.upload(&file).await.unwrap();
    assert_eq!((uploaded.shape.rows, uploaded.mapping_faults.len(), uploaded.questions.len()), (209_029, 0, 0));
    let id = uploaded.summary.id;
    let previewed = desk.check(id).await;
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 0, "a preview writes nothing");
    let done = desk.commit(id).await.unwrap();
    assert_eq!(done.summary.counts, previewed.summary.counts, "the commit did what the preview said");
    assert_eq!((done.summary.state, done.summary.open_rows), (ImportState::CommittedPartial, 1_292));

    // Line by line: sale lines, refund lines and quarantined rows are all the rows there are.
    let lines = desk.shop.count("select count(*) from sales.transaction_lines").await;
    let refund_lines = desk.shop.count("select count(*) from sales.refund_lines").await;
    let staged = desk.shop.count("select count(*) from ops.staged_rows where state = 'open'").await;
    assert_eq!((lines, refund_lines, staged), (203_954, 3_783, 1_292));
    assert_eq!(lines + refund_lines + staged, 209_029);
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 8_126);
    assert_eq!(desk.shop.count("select count(distinct customer_id) from sales.transactions").await, 2_718);
    // The document's number stands on each of its refunds.
    assert_eq!(desk.shop.count("select count(*) from sales.refunds where external_ref !~ '^C[0-9]+$'").await, 0);
    assert_eq!(
        desk.shop
            .count("select count(*) from sales.products where sku in ('POST', 'DOT', 'M') and kind = 'service'")
            .await,
        3
    );
    assert_eq!(desk.shop.count("select count(*) from stock.movements").await, 0);

    // Every day, to the cent, in business days of London.
    let days: Vec<(String, Decimal, Decimal, i64, i64, Decimal)> = sqlx::query_as(
        "with s as (select (recognised_at at time zone 'Europe/London')::date as day, sum(net) as gross, count(*) as sales,
                           count(distinct customer_id) as buyers, sum(quantity) as units
                    from sales.transactions group by 1),
              r as (select (refunded_at at time zone 'Europe/London')::date as day, sum(net) as net from sales.refund_lines group by 1)
         select coalesce(s.day, r.day)::text, coalesce(s.gross, 0) - coalesce(r.net, 0), coalesce(s.gross, 0),
                coalesce(s.sales, 0), coalesce(s.buyers, 0), coalesce(s.units, 0)
         from s full join r on r.day = s.day order by 1",
    )
    .fetch_all(&desk.shop.db)
    .await
    .unwrap();
    let mut days: BTreeMap<_, _> = days.into_iter().map(|d| (d.0, (d.1, d.2, d.3, d.4, d.5))).collect();
    let reference = std::fs::read_to_string(root.join("daily_reference.csv")).unwrap();
    let mut compared = 0;
    for line in reference.lines().skip(1) {
        let c: Vec<&str> = line.split(',').collect();
        let (net, gross, sales, buyers, units) = days.remove(c[0]).unwrap_or_default();
        assert_eq!((net.round_dp(2), gross.round_dp(2)), (dec(c[2]).round_dp(2), dec(c[5]).round_dp(2)), "{}", c[0]);
        assert_eq!((sales.to_string().as_str(), buyers.to_string().as_str()), (c[6], c[7]), "{}", c[0]);
        assert_eq!(units, dec(c[8]), "units of {}", c[0]);
        compared += 1;
    }
    assert_eq!((compared, days.len()), (141, 0), "no day too few, none too many");

    // No refund takes back more than was sold, and the header agrees with its lines.
    let broken = "select count(*) from sales.transactions t where t.refunded_net <> coalesce((select sum(r.net) from sales.refunds r
                  where r.transaction_id = t.id), 0) or t.refunded_net > t.net";
    assert_eq!(desk.shop.count(broken).await, 0);
    let whole = "select count(*) from sales.transactions t where (t.status = 'refunded') <>
                 (t.quantity = (select sum(refunded_quantity) from sales.transaction_lines l where l.transaction_id = t.id))";
    assert_eq!(desk.shop.count(whole).await, 0);

    // The same file once more: said, and nothing changes.
    let again = desk.upload(&file).await.unwrap();
    assert_eq!(again.imported_as, [done.summary.number]);
    let again = desk.check(again.summary.id).await;
    let counts = again.summary.counts.unwrap();
    assert!(counts.is_no_change() && counts.accounts_for_every_line());
    assert_eq!((counts.same, counts.created()), (209_029, 0));
    let again = desk.commit(again.summary.id).await.unwrap();
    assert_eq!(again.summary.state, ImportState::Committed);
    assert_eq!(desk.shop.count("select count(*) from sales.transaction_lines").await, 203_954);
    assert_eq!(desk.shop.count("select count(*) from ops.staged_rows").await, 1_292);
}

#[sqlx::test(migrations = "../migrations")]
async fn one_order_one_sale_and_equal_rows_are_all_kept(db: PgPool) {
    let desk = Desk::on(db);
    let done = desk
        .import(
            "1,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850.0,France\n\
             1,85123a,HEART,6,2010-12-01 08:27:00,2.55,17850.0,France\n\
             1,85123A,HEART,6,2010-12-01 08:27:00,2.55,17850.0,France\n\
             2,POST,POSTAGE,1,2010-12-02 09:00:00,18.00,,\n",
        )
        .await;
    let counts = done.summary.counts.unwrap();
    assert_eq!((counts.sale_lines, counts.sales, counts.new_products, counts.new_customers), (4, 2, 2, 1));
    assert_eq!(done.summary.state, ImportState::Committed);
    let sale: (Decimal, Decimal, i32, String, String, bool) = sqlx::query_as(
        "select t.net, t.quantity, t.line_count, t.occurred_at::text, c.external_ref, t.recognised_at = t.occurred_at
         from sales.transactions t join sales.customers c on c.id = t.customer_id where t.external_ref = '1'",
    )
    .fetch_one(&desk.shop.db)
    .await
    .unwrap();
    assert_eq!(sale, (dec("45.90"), dec("18"), 3, "2010-12-01 08:26:00+00".into(), "17850".into(), true));
    assert_eq!(
        desk.shop.count("select count(*) from sales.transactions where customer_id is null").await,
        1,
        "a guest"
    );
    assert_eq!(desk.shop.count("select count(*) from sales.products where sku = 'POST' and kind = 'service'").await, 1);
    let audit =
        "select count(*) from ops.audit_log where action in ('ingest.upload', 'ingest.preview', 'ingest.commit')";
    assert_eq!(desk.shop.count(audit).await, 3);
}

#[sqlx::test(migrations = "../migrations")]
async fn ten_bad_rows_of_a_thousand_are_repaired_or_discarded(db: PgPool) {
    let desk = Desk::on(db);
    let rows: String = (0..1000)
        .map(|n| {
            let quantity = if n % 100 == 7 { "-3" } else { "2" };
            format!(
                "{},SKU{},Thing,{quantity},2011-01-{:02} 10:00:00,1.25,9{},UK\n",
                n / 5,
                n % 40,
                n / 50 + 1,
                n / 5 % 30
            )
        })
        .collect();
    let done = desk.import(&rows).await;
    let counts = done.summary.counts.clone().unwrap();
    assert_eq!((counts.sale_lines, counts.rejected, counts.lines), (990, 10, 1000));
    assert_eq!((done.summary.state, done.summary.open_rows), (ImportState::CommittedPartial, 10));
    assert_eq!((done.issues[0].code.as_str(), done.issues[0].rows), ("not_a_sale", 10));
    let id = done.summary.id;
    assert_eq!(desk.ingest.quarantine_counts(&viewer()).await.unwrap()[0].rows, 10);

    let (detail, open) = desk.ingest.rejected(&viewer(), id).await.unwrap();
    let csv = String::from_utf8(rejected_csv(&detail, &open)).unwrap();
    assert!(csv.starts_with(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country,row,code,field,message\r\n"
    ));
    assert_eq!(csv.lines().count(), 11);

    // Nine are mended. Row 9 is the third row of order 1: it fills the gap it left.
    for row in open.iter().take(9) {
        let still_bad = desk
            .ingest
            .edit(&planner(), id, row.row_no, RowEdit { values: [(Field::Quantity, "0".into())].into() })
            .await
            .unwrap();
        assert_eq!(still_bad.issues[0].code, "not_a_sale");
        let mended = desk
            .ingest
            .edit(&planner(), id, row.row_no, RowEdit { values: [(Field::Quantity, "3".into())].into() })
            .await
            .unwrap();
        assert!(mended.issues.is_empty() && mended.edited);
    }
    assert_eq!(
        desk.shop.count("select count(*) from sales.transaction_lines").await,
        990,
        "an edit alone applies nothing"
    );
    let rerun = desk.ingest.run_again(&planner(), id).await.unwrap();
    let counts = rerun.summary.counts.clone().unwrap();
    assert_eq!((counts.sale_lines, counts.rejected, rerun.summary.open_rows), (999, 1, 1));
    assert!(counts.accounts_for_every_line());
    assert_eq!(open[0].row_no, 9);
    let gap = "select count(*) from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id
               where t.external_ref = '1' and l.line_no = 3 and l.quantity = 3 and t.line_count = 5 and t.quantity = 11
                 and t.net = 13.75 and t.version = 2";
    assert_eq!(desk.shop.count(gap).await, 1);

    let refused =
        desk.ingest.give_up_rows(&planner(), id, Discard { rows: vec![], reason: " ".into() }).await.unwrap_err();
    assert_eq!(refused.fields[0].path, "reason");
    let closed =
        desk.ingest.give_up_rows(&planner(), id, Discard { rows: vec![], reason: "A test row".into() }).await.unwrap();
    assert_eq!((closed.summary.state, closed.summary.open_rows), (ImportState::Committed, 0));

    let before = desk.world().await;
    let again = desk.import(&rows).await.summary.counts.unwrap();
    assert_eq!(
        (again.same, again.created(), again.quarantined()),
        (1000, 0, 0),
        "repaired and discarded rows are known"
    );
    assert_eq!(desk.world().await, before);
}

#[sqlx::test(migrations = "../migrations")]
async fn two_commits_of_one_file_at_once_never_double(db: PgPool) {
    let desk = Desk::on(db);
    let rows: String =
        (0..3000).map(|n| format!("{},A{},Thing,1,2011-01-05 10:00:00,2.00,1,UK\n", n / 3, n % 90)).collect();
    let (a, b) = (desk.preview(&rows).await.summary.id, desk.preview(&rows).await.summary.id);
    let (a, b) = tokio::join!(desk.commit(a), desk.commit(b));
    let (won, lost): (Vec<_>, Vec<_>) = [a, b].into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 1));
    let error = lost.into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.code, error.of_field("preview")), (ErrorCode::Conflict, Some("preview_stale")));
    assert_eq!(desk.shop.count("select count(*) from sales.transaction_lines").await, 3000);
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 1000);
}

#[sqlx::test(migrations = "../migrations")]
async fn what_changed_since_the_preview_is_not_committed(db: PgPool) {
    let desk = Desk::on(db);
    desk.import("1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n").await;
    let id = desk
        .preview("1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n1,A2,Other,1,2011-01-05 10:00:00,3.00,1,UK\n")
        .await
        .summary
        .id;
    sqlx::query("update sales.transactions set version = version + 1").execute(&desk.shop.db).await.unwrap();
    let before = desk.world().await;
    let error = desk.commit(id).await.unwrap_err();
    assert_eq!((error.code, error.of_field("preview")), (ErrorCode::Conflict, Some("preview_stale")));
    assert_eq!(desk.world().await, before);
    let checked = desk.check(id).await;
    assert_eq!(checked.summary.counts.unwrap().sales_extended, 1);
    desk.commit(id).await.unwrap();
    let twice = desk.commit(id).await.unwrap_err();
    assert_eq!(twice.code, ErrorCode::Conflict, "a committed import cannot be committed again");
    assert_eq!(
        desk.shop
            .count("select count(*) from sales.transactions where net = 13 and line_count = 2 and version = 3")
            .await,
        1
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_row_that_differs_from_the_recorded_one_is_rejected(db: PgPool) {
    let desk = Desk::on(db);
    desk.import("1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n1,A2,Other,1,2011-01-05 10:00:00,3.00,1,UK\n").await;
    let rows = "1,A1,Thing,6,2011-01-05 10:00:00,2.00,1,UK\n1,A2,Other,1,2011-01-05 10:00:00,3.00,1,UK\n";
    let done = desk.import(rows).await;
    let counts = done.summary.counts.unwrap();
    assert_eq!((counts.same, counts.rejected, counts.created()), (1, 1, 0));
    assert_eq!(done.issues[0].code, "differs_from_recorded");
    let (_, open) = desk.ingest.rejected(&admin(), done.summary.id).await.unwrap();
    assert_eq!(open[0].raw[3], "6", "the cells are kept as they came");
}

#[sqlx::test(migrations = "../migrations")]
async fn cancels_take_back_the_latest_earlier_sale_also_of_an_earlier_import(db: PgPool) {
    let desk = Desk::on(db);
    desk.import(
        "1,A1,Thing,5,2011-01-01 10:00:00,2.00,77,UK\n\
         2,A1,Thing,5,2011-01-02 10:00:00,2.00,77,UK\n\
         3,A1,Thing,5,2011-01-09 10:00:00,2.00,77,UK\n\
         4,A1,Thing,5,2011-01-02 11:00:00,2.00,,UK\n",
    )
    .await;
    let done = desk
        .import(
            "C9,A1,Thing,-3,2011-01-05 10:00:00,2.00,77,UK\n\
             C9,A1,Thing,-3,2011-01-05 10:00:00,2.00,77,UK\n\
             C9,A1,Thing,-9,2011-01-05 10:00:00,2.00,77,UK\n\
             C10,A1,Thing,-2,2011-01-06 10:00:00,2.00,77,UK\n\
             C11,A1,Thing,-5,2011-01-06 10:00:00,2.00,,UK\n",
        )
        .await;
    let counts = done.summary.counts.unwrap();
    assert_eq!((counts.refund_lines, counts.refunds, counts.unmatched_refund_lines), (5, 5, 2));
    let sales: Vec<(String, String, Decimal)> =
        sqlx::query_as("select external_ref, status, refunded_net from sales.transactions order by external_ref")
            .fetch_all(&desk.shop.db)
            .await
            .unwrap();
    let expected =
        [("1", "partially_refunded", "6"), ("2", "refunded", "10"), ("3", "approved", "0"), ("4", "approved", "0")];
    assert_eq!(sales, expected.map(|(r, s, n)| (r.to_owned(), s.to_owned(), dec(n))));
    assert_eq!(
        desk.shop.count("select count(*) from sales.refunds where external_ref = 'C9'").await,
        3,
        "two matched sales and the rest"
    );
    assert_eq!(desk.shop.count("select count(*) from sales.refunds where transaction_id is null").await, 2);
    assert_eq!(desk.shop.count("select count(*) from sales.transaction_events where to_status = 'refunded'").await, 1);
    let again = desk.import("C10,A1,Thing,-2,2011-01-06 10:00:00,2.00,77,UK\n").await.summary.counts.unwrap();
    assert_eq!((again.same, again.created()), (1, 0));
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_rows_go_to_quarantine_never_to_now(db: PgPool) {
    let desk = Desk::on(db);
    let done = desk
        .import(
            "1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n\
             1,A2,Thing,5,sometime,2.00,1,UK\n\
             1,A3,Thing,5,2011-25-01 10:00:00,2.00,1,UK\n\
             2,A1,Thing,-5,2011-01-05 10:00:00,2.00,1,UK\n\
             2,A1,Thing,5,2011-01-05 10:00:00,0,1,UK\n\
             2,A1,Thing,99999999999,2011-01-05 10:00:00,2.00,1,UK\n\
             2,A1,Thing,=1+1,2011-01-05 10:00:00,2.00,1,UK\n\
             2,,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n\
             ,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n\
             2,A1,=HYPERLINK(1),5,2011-01-05 10:00:00,1.00001,1,UK\n\
             C3,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n\
             2,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK,extra\n\
             2,A1,Thing,5,2011-01-05 10:00:00\n",
        )
        .await;
    let counts = done.summary.counts.unwrap();
    assert_eq!((counts.sale_lines, counts.rejected, counts.lines), (1, 12, 13));
    let (detail, open) = desk.ingest.rejected(&viewer(), done.summary.id).await.unwrap();
    let codes: Vec<&str> = open.iter().map(|r| r.issues[0].code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "unreadable_time",
            "unreadable_time",
            "not_a_sale",
            "not_a_sale",
            "out_of_range",
            "unreadable_number",
            "missing_value",
            "missing_value",
            "too_precise",
            "not_a_refund",
            "too_many_cells",
            "missing_value"
        ]
    );
    assert_eq!(
        open[0].issues[0].suggestion.as_deref(),
        Some("2011-01-05 10:00:00"),
        "the time of its order, as a proposal"
    );
    assert_eq!(open[1].issues[0].suggestion.as_deref(), Some("2011-01-25 10:00:00"));
    let csv = String::from_utf8(rejected_csv(&detail, &open)).unwrap();
    assert!(csv.contains("\"'=HYPERLINK(1)\"") && csv.contains("\"'=1+1\""), "no formula leaves by the CSV");
    assert!(csv.contains(",-5,"), "a negative number stays a number");
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_that_is_no_table_leaves_nothing_behind(db: PgPool) {
    let desk = Desk::on(db);
    let mut long = HEADER.as_bytes().to_vec();
    long.extend(std::iter::repeat_n(b'x', (1 << 20) + 10));
    let cases: [(&[u8], &str); 7] = [
        (b"%PDF-1.7 \x01\x02", "a PDF document"),
        (b"", "empty"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c", "cut off"),
        (&long, "longer than 1 MiB"),
        (b"InvoiceNo,A\n1,\x81\xff\xfe\n", "neither UTF-8 nor UTF-16 nor Windows-1252"),
        (b"PK\x03\x04 not really a zip", "damaged or cut off"),
        (b"InvoiceNo,StockCode\n", "no rows"),
    ];
    for (bytes, words) in cases {
        let error = desk.upload(bytes).await.unwrap_err();
        assert_eq!((error.code, error.fields[0].path.as_str()), (ErrorCode::Validation, "file"));
        assert!(error.message.contains(words), "{words}: {}", error.message);
    }
    assert_eq!(desk.shop.count("select count(*) from ops.import_batches").await, 0);
    assert_eq!(desk.shop.count("select count(*) from ops.files").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn unknown_columns_are_said_and_asked_for(db: PgPool) {
    let desk = Desk::on(db);
    let uploaded = desk.upload(b"Ticket,Thing,Number\n1,A1,5\n").await.unwrap();
    let paths: Vec<_> = uploaded.mapping_faults.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(
        paths,
        ["columns.order_ref", "columns.sku", "columns.quantity", "columns.unit_price", "columns.occurred_at"]
    );
    let error = desk.ingest.preview_now(&planner(), uploaded.summary.id, Arc::default()).await.unwrap_err();
    assert_eq!((error.code, error.fields.len()), (ErrorCode::Validation, 5));
    let mut mapping = uploaded.mapping.clone();
    mapping.columns = [(Field::OrderRef, "Ticket"), (Field::Sku, "Thing"), (Field::Quantity, "Number")]
        .map(|(f, c)| (f, c.to_owned()))
        .into();
    mapping.constants =
        [(Field::UnitPrice, "2.50"), (Field::OccurredAt, "2011-01-05 10:00")].map(|(f, c)| (f, c.to_owned())).into();
    let mapped = desk.ingest.map(&planner(), uploaded.summary.id, mapping, Some("Till")).await.unwrap();
    assert_eq!(mapped.summary.state, ImportState::Mapped);
    desk.check(mapped.summary.id).await;
    desk.commit(mapped.summary.id).await.unwrap();
    assert_eq!(desk.shop.count("select count(*) from sales.transactions where net = 12.5").await, 1);
    let next = desk.upload(b"Ticket,Thing,Number\n2,A1,7\n").await.unwrap();
    assert_eq!(
        (next.mapping_name.as_deref(), next.mapping_faults.len()),
        (Some("Till"), 0),
        "the header is known by now"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn doubtful_dates_and_numbers_are_asked(db: PgPool) {
    let desk = Desk::on(db);
    let header = "InvoiceNo;StockCode;Quantity;InvoiceDate;UnitPrice\n";
    let unclear = desk.upload(format!("{header}1;A1;5;03/04/2025 10:00;1.234\n").as_bytes()).await.unwrap();
    assert_eq!(unclear.questions, ["decimal_mark", "date_order"]);
    assert_eq!(
        desk.ingest.preview_now(&planner(), unclear.summary.id, Arc::default()).await.unwrap_err().code,
        ErrorCode::Validation
    );
    let clear = desk
        .upload(format!("{header}1;A1;5;03/04/2025 10:00;1.234,50\n1;A2;5;13/04/2025 10:00;2,5\n").as_bytes())
        .await
        .unwrap();
    assert!(clear.questions.is_empty());
    desk.check(clear.summary.id).await;
    desk.commit(clear.summary.id).await.unwrap();
    let read = "select count(*) from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id
                where t.occurred_at = '2025-04-03 10:00Z' and l.unit_price = 1234.50";
    assert_eq!(desk.shop.count(read).await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn all_or_nothing_and_a_stopped_commit_write_nothing(db: PgPool) {
    let desk = Desk::on(db);
    let rows = "1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n1,A1,Thing,-5,2011-01-05 10:00:00,2.00,1,UK\n";
    let uploaded = desk.upload(format!("{HEADER}{rows}").as_bytes()).await.unwrap();
    let id = uploaded.summary.id;
    let mut mapping = uploaded.mapping;
    mapping.options.policy = Policy::AllOrNothing;
    desk.ingest.map(&planner(), id, mapping.clone(), None).await.unwrap();
    desk.check(id).await;
    let before = desk.world().await;
    assert!(desk.commit(id).await.unwrap_err().message.contains("all or nothing"));
    mapping.options.policy = Policy::ValidRows;
    desk.ingest.map(&planner(), id, mapping, None).await.unwrap();
    desk.check(id).await;
    let meter = Arc::new(Meter::default());
    meter.stop();
    assert_eq!(desk.ingest.commit_now(&planner(), id, meter).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(desk.world().await, before);
    assert_eq!(desk.ingest.details(&viewer(), id).await.unwrap().summary.state, ImportState::Previewed);
    desk.commit(id).await.unwrap();
}

#[sqlx::test(migrations = "../migrations")]
async fn stock_moves_only_when_asked_and_never_below_zero(db: PgPool) {
    let desk = Desk::on(db);
    let product = desk.shop.product("A1", "Thing", "2.00", Some(7)).await;
    let rows = "1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n1,POST,Post,1,2011-01-05 10:00:00,2.00,1,UK\n";
    for (reference, fits) in [("1", true), ("2", false)] {
        let text = format!(
            "{HEADER}{}",
            rows.replace("1,A1", &format!("{reference},A1")).replace("1,POST", &format!("{reference},POST"))
        );
        let uploaded = desk.upload(text.as_bytes()).await.unwrap();
        let mut mapping = uploaded.mapping;
        mapping.options.move_stock = true;
        desk.ingest.map(&planner(), uploaded.summary.id, mapping, None).await.unwrap();
        desk.check(uploaded.summary.id).await;
        let committed = desk.commit(uploaded.summary.id).await;
        assert_eq!(committed.is_ok(), fits);
        if let Err(error) = committed {
            assert!(error.message.contains("A1 (2 left, 5 sold)"), "{}", error.message);
        }
    }
    assert_eq!(desk.shop.on_hand(product).await, dec("2"));
    assert_eq!(desk.shop.count("select count(*) from stock.movements where kind = 'sale' and quantity = -5").await, 1);
    assert_eq!(desk.shop.count("select count(*) from sales.transactions").await, 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn sales_of_an_import_are_judged_only_when_asked_and_keep_their_status(db: PgPool) {
    let desk = Desk::on(db);
    desk.shop.set("fraud.amount_limit", "15".into()).await;
    let now = desk.shop.clock.now();
    let at = |hours: i64| (now - chrono::TimeDelta::hours(hours)).format("%Y-%m-%d %H:%M:%S");
    let decisions = "select count(*) from sales.fraud_decisions";
    // Over the limit are the two of 20; of them one is of the last 24 hours, the other nobody would review any more.
    let rows = |mark: &str, earlier: i64| {
        let line = |n: u8, hours: i64, price: &str, who: u8| {
            format!("{mark}{n},A1,Thing,5,{},{price},{who},UK\n", at(hours + earlier))
        };
        [line(1, 30, "4.00", 77), line(2, 2, "2.00", 77), line(3, 1, "4.00", 78)].concat()
    };
    let plain = desk.import(&rows("P", 20)).await;
    assert_eq!((desk.shop.count(decisions).await, plain.summary.counts.unwrap().screened), (0, 0));

    let uploaded = desk.upload(format!("{HEADER}{}", rows("R", 0)).as_bytes()).await.unwrap();
    let id = uploaded.summary.id;
    let mut mapping = uploaded.mapping;
    (mapping.options.screen, mapping.options.zone) = (true, "UTC".to_owned());
    desk.ingest.map(&planner(), id, mapping, None).await.unwrap();
    let checked = desk.check(id).await.summary.counts.unwrap();
    assert_eq!((checked.sales, checked.screened), (3, 0), "a check judges nothing");
    let counts = desk.commit(id).await.unwrap().summary.counts.unwrap();
    assert_eq!((counts.screened, counts.suspicious), (3, 2));
    let judged = "select count(*) from sales.fraud_decisions d join sales.transactions t on t.decision_id = d.id
                  where t.external_ref like 'R%' and t.status = 'approved' and d.at = t.occurred_at";
    assert_eq!(desk.shop.count(judged).await, 3);
    let over = "select count(*) from sales.fraud_decisions d join sales.transactions t on t.id = d.transaction_id
                where d.outcome = 'hold' and d.hits @> '[{\"code\": \"amount_limit\"}]' and t.external_ref in ('R1', 'R3')";
    assert_eq!(desk.shop.count(over).await, 2);
    // The sales before them are told too, those of the other import as well: R2 is the customer's fourth.
    let past = "select d.features ->> 'cust_orders' from sales.fraud_decisions d join sales.transactions t on t.id = d.transaction_id
                where t.external_ref = 'R2'";
    let past: Option<String> = sqlx::query_scalar(past).fetch_one(&desk.shop.db).await.unwrap();
    assert_eq!(past.as_deref(), Some("3"));
    let case = "select count(*) from sales.fraud_cases c join sales.transactions t on t.id = c.transaction_id
                where t.external_ref = 'R3' and c.state = 'open' and c.reason = 'review'";
    assert_eq!((desk.shop.count("select count(*) from sales.fraud_cases").await, desk.shop.count(case).await), (1, 1));

    desk.ingest.undo_now(&planner(), id, Arc::default()).await.unwrap();
    let left = "select (select count(*) from sales.fraud_decisions) + (select count(*) from sales.fraud_cases)";
    assert_eq!(desk.shop.count(left).await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn rights_are_checked_by_the_service(db: PgPool) {
    let desk = Desk::on(db);
    let file =
        Upload::of(Target::SalesTransactions, "x.csv", format!("{HEADER}1,A1,T,1,2011-01-05,1,1,UK\n").into_bytes());
    assert_eq!(desk.ingest.receive(&viewer(), file.clone()).await.unwrap_err().code, ErrorCode::Forbidden);
    let id = desk.ingest.receive(&planner(), file).await.unwrap().summary.id;
    assert_eq!(desk.ingest.preview_now(&viewer(), id, Arc::default()).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(desk.ingest.commit_now(&viewer(), id, Arc::default()).await.unwrap_err().code, ErrorCode::Forbidden);
    assert_eq!(desk.ingest.give_up(&viewer(), id).await.unwrap_err().code, ErrorCode::Forbidden);
    desk.ingest.give_up(&planner(), id).await.unwrap();
    assert_eq!(desk.ingest.preview_now(&planner(), id, Arc::default()).await.unwrap_err().code, ErrorCode::Conflict);
}

/// The planner took the trigram index of the search for the references of a file: 50 s at 31,000 sales.
#[sqlx::test(migrations = "../migrations")]
async fn recorded_sales_are_found_at_once_on_statistics_of_a_smaller_shop(db: PgPool) {
    let sales = |from: i32, to: i32| {
        sqlx::query(
            "with t as (
                 insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity,
                     line_count, occurred_at, recognised_at, entry, external_ref, created_at, updated_at)
                 select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', 3, 0, 3, 0, 0, 3, 1, 1, now(), now(),
                        'import', (1000000 + i)::text, now(), now() from generate_series($1, $2) i
                 returning id)
             insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, net, occurred_at)
             select t.id, 1, p.id, 1, 3, 3, 3, now() from t, sales.products p",
        )
        .bind(from)
        .bind(to)
    };
    sqlx::raw_sql(
        "insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
         values (gen_random_uuid(), 'MUG', 'Mug', 3, 'USD', now(), now())",
    )
    .execute(&db)
    .await
    .unwrap();
    sales(1, 8_000).execute(&db).await.unwrap();
    sqlx::raw_sql("vacuum analyze sales.transactions").execute(&db).await.unwrap();
    sqlx::raw_sql("vacuum analyze sales.transaction_lines").execute(&db).await.unwrap();
    sales(8_001, 32_000).execute(&db).await.unwrap();
    let wanted: Vec<String> = (31_991..40_000).map(|n| (1_000_000 + n).to_string()).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let mut connection = db.acquire().await.unwrap();
    sqlx::raw_sql("set statement_timeout = '10s'").execute(&mut *connection).await.unwrap();
    let found = store::ingest::recorded::sales(&mut connection, "live", &wanted).await.unwrap();
    assert_eq!((found.len(), found[0].line_nos.as_slice()), (10, [1].as_slice()));
}
