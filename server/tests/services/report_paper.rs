//! The report of a day as a PDF, read back as text and held against what is stored.

use crate::{
    daily_report::sum_up,
    figures::{Figures, Sale, at, dec},
    online_retail,
    shop::{holding, planner, viewer},
    world,
};
use domain::{
    ErrorCode,
    access::Rights,
    analytics::{ReportScreen, ReportsPort},
    format, query,
};
use server::services::{analytics::ReportsService, exports::ExportsService};
use sqlx::PgPool;

const LONG: &str = "Stoneware mug with a lid, glazed in the colours of the sea at dusk, for a quarter of a litre, fired twice, \
                    packed in straw by hand and fit for the dishwasher, sold singly and by the half dozen, since 1904.";

fn text_of(pdf: &[u8]) -> Vec<String> {
    pdf_extract::extract_text_from_mem_by_pages(pdf).unwrap()
}

/// Words of a text, whatever stands between them.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every number of the stored report stands on the paper as the page writes it.
fn assert_told(screen: &ReportScreen, text: &str, locale: &str) {
    let report = &screen.report;
    let has = |wanted: &str| assert!(text.contains(&flat(wanted)), "{wanted} is not in\n{text}");
    for f in &report.figures {
        has(&f.label);
        has(&report.words(f, f.value, locale));
        has(&report.against(f, f.day_before, locale));
        has(&report.against(f, f.week_before, locale));
    }
    for h in &report.hours {
        has(&format!("{} {}", format::time(h.hour), format::money(h.total_sales, report.currency, locale)));
    }
    for p in &report.products {
        has(&p.sku);
        has(&format::money(p.total_revenue, report.currency, locale));
    }
    for c in &report.categories {
        has(&format::money(c.total_sales, report.currency, locale));
    }
    has(&screen.shown.sha256);
    has(&format!("revision {}", screen.shown.revision));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_paper_of_a_day_says_what_is_stored(db: PgPool) {
    let world = Figures::on(db.clone());
    world.zone("Asia/Kolkata").await;
    world.set("business.base_currency", "INR").await;
    world.set("business.locale", "en-IN").await;
    assert!(LONG.chars().count() >= 200);
    let mug = world.product().await;
    sqlx::query("update sales.products set name = $2 where id = $1").bind(mug).bind(LONG).execute(&db).await.unwrap();
    let sale =
        world.sale(Sale { at: "2026-11-20T20:30:00Z", net: "482310.50", currency: "INR", ..Sale::default() }).await;
    sqlx::query(
        "insert into sales.transaction_lines (transaction_id, line_no, product_id, quantity, list_price, unit_price, discount, net, tax, occurred_at)
         values ($1, 1, $2, 1, 482310.50, 482310.50, 0, 482310.50, 0, '2026-11-20T20:30:00Z')",
    )
    .bind(sale)
    .bind(mug)
    .execute(&db)
    .await
    .unwrap();
    world.sale(Sale { at: "2026-11-19T20:30:00Z", net: "400000", currency: "INR", ..Sale::default() }).await;
    sum_up(&world.backend).await;
    let reports = ReportsService::new(world.backend.clone());
    let screen = reports.rebuild(&planner(), "2026-11-21".parse().unwrap()).await.unwrap();
    assert_eq!(screen.report.products[0].name, LONG);
    let exports = ExportsService::new(world.backend.clone(), world::keys());
    let asked = query::pairs("date=2026-11-21");
    let (about, bytes) = exports.report_pdf(&planner(), &asked).await.unwrap();
    if let Some(folder) = std::env::var_os("MILLRACE_TEST_KEEP") {
        std::fs::write(std::path::Path::new(&folder).join("report.pdf"), &bytes).unwrap();
    }
    let pages = text_of(&bytes);
    assert!(pages.len() >= 2, "the hours go on on a second sheet");
    for (page, number) in pages.iter().zip(1..) {
        assert!(flat(page).contains(&format!("Page {number} of {}", pages.len())), "{page}");
    }
    let text = flat(&pages.concat());
    assert_told(&screen, &text, "en-IN");
    for said in [
        "Report of 21 Nov 2026",
        "Sat 21 Nov 2026 \u{b7} Asia/Kolkata \u{b7} revision 1",
        "Built 22 Nov 2026, 17:30:00 UTC+05:30 \u{b7} The day was over",
        "\u{20b9}4,82,310.50",
        "\u{20b9}4,00,000.00 (+20.6 %)",
        "Stoneware mug with a lid",
        "Without a category",
    ] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    assert!(!text.contains("Unavailable when built"));
    let document = pdf_extract::Document::load_mem(&bytes).unwrap();
    let of = |holder: &[u8], key: &[u8]| {
        let holder = document.trailer.get(holder).and_then(|id| document.get_object(id.as_reference()?)).unwrap();
        holder.as_dict().and_then(|dict| dict.get(key)).and_then(pdf_extract::Object::as_str).unwrap().to_vec()
    };
    assert_eq!(of(b"Info", b"Title"), b"Report of 21 Nov 2026");
    assert_eq!(of(b"Root", b"Lang"), b"en");

    // The same revision makes the same bytes, whenever and wherever it is fetched; a later one does not change it.
    world.clock.set(at("2026-11-23T09:00:00Z"));
    world.zone("Europe/London").await;
    assert_eq!(exports.report_pdf(&viewer(), &asked).await.unwrap().1, bytes);
    world.zone("Asia/Kolkata").await;
    world.sale(Sale { at: "2026-11-21T03:00:00Z", net: "12.34", currency: "INR", ..Sale::default() }).await;
    let second = reports.rebuild(&planner(), "2026-11-21".parse().unwrap()).await.unwrap();
    let newest = exports.report_pdf(&planner(), &asked).await.unwrap().1;
    assert_told(&second, &flat(&text_of(&newest).concat()), "en-IN");
    let first = query::pairs("date=2026-11-21&revision=1");
    assert_eq!(exports.report_pdf(&planner(), &first).await.unwrap().1, bytes);

    assert_eq!(about.rows, sqlx::query_scalar::<_, i64>(
        "select (after ->> 'rows')::bigint from ops.audit_log where action = 'access.export' and after ->> 'format' = 'pdf' limit 1",
    ).fetch_one(&db).await.unwrap());
    assert_eq!(exports.report_pdf(&holding(Rights::default()), &asked).await.unwrap_err().code, ErrorCode::Forbidden);
    let none = exports.report_pdf(&planner(), &query::pairs("date=2026-11-01")).await.unwrap_err();
    assert_eq!(none.code, ErrorCode::NotFound);
    let bad = exports.report_pdf(&planner(), &query::pairs("date=2026-11-21&revision=x")).await.unwrap_err();
    assert_eq!(bad.fields[0].path, "revision");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_block_that_failed_is_named_on_paper(db: PgPool) {
    let world = Figures::on(db.clone());
    sqlx::raw_sql("alter table sales.fraud_cases rename column verdict to judgement").execute(&db).await.unwrap();
    let reports = ReportsService::new(world.backend.clone());
    reports.rebuild(&planner(), "2026-11-21".parse().unwrap()).await.unwrap();
    let exports = ExportsService::new(world.backend.clone(), world::keys());
    let (_, bytes) = exports.report_pdf(&planner(), &query::pairs("date=2026-11-21")).await.unwrap();
    assert!(flat(&text_of(&bytes).concat()).contains("Unavailable when built: Screening"));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_paper_of_a_day_of_real_sales_has_their_figures(db: PgPool) {
    let Some(shop) = online_retail::shop(db).await else { return };
    let reports = ReportsService::new(shop.backend.clone());
    let screen = reports.rebuild(&planner(), "2010-12-01".parse().unwrap()).await.unwrap();
    let exports = ExportsService::new(shop.backend.clone(), world::keys());
    let (_, bytes) = exports.report_pdf(&planner(), &query::pairs("date=2010-12-01")).await.unwrap();
    let text = flat(&text_of(&bytes).concat());
    assert_told(&screen, &text, "en-GB");
    assert!(text.contains("\u{a3}58,960.79") && screen.report.products.len() == 10);
    assert_eq!(screen.report.figures[1].value, Some(dec("58960.79")));
}
