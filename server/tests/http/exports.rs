//! `/api/v1/exports/…`: rows = total shown = trailer; formulas defused; numbers stay numbers.

use crate::{
    browser::{Client, router},
    shop::{Shop, admin, planner, viewer},
    shop_front::{Answer, front, get, post},
    world::{PASSWORD, World},
};
use axum::{Router, http::Method};
use domain::access::{Rights, Role};
use serde_json::json;
use sqlx::PgPool;

async fn sell(router: &Router, product: uuid::Uuid, method: &str) {
    let body = json!({"lines": [{"product_id": product, "quantity": 1}], "payment_method": method});
    assert_eq!(post(router, "/api/v1/transactions", &body, None).await.status.as_u16(), 201);
}

fn lines(answer: &Answer) -> Vec<&str> {
    answer.text().trim_start_matches('\u{feff}').trim_end().split("\r\n").collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn an_export_has_the_rows_of_the_filter_in_its_order(db: PgPool) {
    let shop = Shop::on(db);
    let (mug, jug) = (
        shop.product("MUG", "=1+1", "10", Some(100)).await,
        shop.product("JUG", "Jug, \"blue\"", "25", Some(100)).await,
    );
    let router = front(&shop, Some(planner()));
    for n in 0..30 {
        sell(&router, if n % 3 == 0 { jug } else { mug }, if n % 2 == 0 { "cash" } else { "paypal" }).await;
        shop.clock.advance(chrono::Duration::minutes(1));
    }
    for filter in [
        "",
        "payment_method=cash",
        "product_id=PRODUCT&sort=total:asc",
        "payment_method=cash&min_amount=20&limit=2",
        "q=nothing",
    ] {
        let filter = filter.replace("PRODUCT", &jug.to_string());
        let total =
            get(&router, &format!("/api/v1/transactions?{filter}")).await.json()["metadata"]["total"].as_i64().unwrap();
        let file = get(&router, &format!("/api/v1/exports/transactions.csv?{filter}")).await;
        assert_eq!(file.status.as_u16(), 200);
        assert_eq!(lines(&file).len() as i64 - 1, total, "{filter}");
        assert_eq!(file.header("x-row-count-expected"), Some(total.to_string().as_str()));
        assert_eq!(file.trailers["x-row-count"], total.to_string().as_str());
        let of_lines = get(&router, &format!("/api/v1/exports/transaction-lines.csv?{filter}")).await;
        assert_eq!(lines(&of_lines).len() as i64 - 1, total, "{filter}");
    }
    let file = get(&router, "/api/v1/exports/transaction-lines.csv?sort=occurred_at:asc").await;
    assert!(file.body.starts_with("\u{feff}number,".as_bytes()));
    assert!(
        lines(&file)[1].contains(",JUG,\"Jug, \"\"blue\"\"\",1,USD,25.00,0.00,25.00,2.00,0,live,"),
        "{}",
        lines(&file)[1]
    );
    assert!(lines(&file)[2].contains(",MUG,'=1+1,1,USD,10.00,0.00,10.00,0.80,0,live,"), "{}", lines(&file)[2]);
    assert!(lines(&file)[1].contains(",2026-10-06T08:30:00+00:00,"));
    let audited = shop
        .count("select count(*) from ops.audit_log where action = 'access.export' and (after ->> 'rows')::int >= 0")
        .await;
    assert_eq!(audited, 11);
}

#[sqlx::test(migrations = "../migrations")]
async fn negative_numbers_of_a_file_stay_numbers_and_products_show_their_stock(db: PgPool) {
    let shop = Shop::on(db);
    shop.product("-5", "-5 degrees", "1", Some(3)).await;
    let file = get(&front(&shop, Some(viewer())), "/api/v1/exports/products.csv").await;
    assert!(
        lines(&file)[1].starts_with("'-5,'-5 degrees,,stocked,each,USD,1.00,,3,0,yes,,,,,live,"),
        "{}",
        lines(&file)[1]
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_workbook_has_typed_cells_and_says_what_it_is(db: PgPool) {
    let shop = Shop::on(db);
    let mug = shop.product("MUG", "=1+1", "10", Some(100)).await;
    let router = front(&shop, Some(admin()));
    for _ in 0..3 {
        sell(&router, mug, "cash").await;
    }
    let file = get(&router, "/api/v1/exports/transaction-lines.xlsx?payment_method=cash").await;
    assert_eq!((file.status.as_u16(), file.trailers["x-row-count"].to_str().unwrap()), (200, "3"));
    assert!(file.header("content-disposition").unwrap().contains("transaction-lines-2026-10-06.xlsx"));
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("f.xlsx"), &file.body).unwrap();
    // Whatever unzips it: the sheets must be there with numbers as numbers.
    let unzip = |part: &str| {
        let script = "import sys,zipfile;sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())";
        let output = std::process::Command::new("python3")
            .args(["-c", script])
            .arg(dir.path().join("f.xlsx"))
            .arg(part)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let rows = unzip("xl/worksheets/sheet1.xml");
    assert_eq!(rows.matches("<row ").count(), 4);
    assert!(rows.contains("<v>0.8</v>") && rows.contains("'=1+1") && !rows.contains("<f>"), "{rows}");
    let book = unzip("xl/workbook.xml");
    assert!(book.contains("name=\"Rows\"") && book.contains("name=\"About\""));
}

#[sqlx::test(migrations = "../migrations")]
async fn exports_need_both_rights_and_a_known_name(db: PgPool) {
    let shop = Shop::on(db);
    let router = front(&shop, Some(viewer()));
    assert_eq!(get(&router, "/api/v1/exports/transactions.pdf").await.status.as_u16(), 404);
    assert_eq!(get(&router, "/api/v1/exports/secrets.csv").await.status.as_u16(), 404);
    assert_eq!(get(&router, "/api/v1/exports/transactions.csv?status=x").await.status.as_u16(), 422);
    let dealer = Rights::of(None, &[domain::access::PermSet::DealerUser]);
    assert_eq!(
        get(&front(&shop, Some(crate::shop::holding(dealer))), "/api/v1/exports/transactions.csv")
            .await
            .status
            .as_u16(),
        403
    );
    assert_eq!(get(&front(&shop, None), "/api/v1/exports/transactions.csv").await.status.as_u16(), 401);
    assert_eq!(shop.count("select count(*) from ops.audit_log").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn cases_decisions_and_alerts_go_out_as_their_lists_show_them(db: PgPool) {
    let world = World::new(db).await;
    world
        .execute(
            "insert into ops.settings (key, value, updated_by, updated_at) values ('fraud.amount_limit', '\"20\"', 'test', '2026-01-01')",
        )
        .await;
    world
        .execute(
            "with made as (
                 insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
                 values ('01900000-0000-7000-8000-0000000000a1', 'MUG', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01'),
                        ('01900000-0000-7000-8000-0000000000a2', 'JUG', 'Jug', 25, 'USD', '2026-01-01', '2026-01-01')
                 returning id)
             insert into stock.levels (product_id, site_id, on_hand)
             select m.id, s.id, 100 from made m, stock.sites s where s.is_default",
        )
        .await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    world.user("vic@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = Client::new(&router(&world));
    let mut token = async |name: &str| {
        client.login(name, PASSWORD).await.json()["access_token"].as_str().expect("token").to_owned()
    };
    let (ada, vic) = (token("ada@mill.example").await, token("vic@mill.example").await);
    for id in ["01900000-0000-7000-8000-0000000000a1", "01900000-0000-7000-8000-0000000000a2"] {
        let sale = json!({"lines": [{"product_id": id, "quantity": 1}], "payment_method": "cash"});
        let sold = client.json(Method::POST, "/api/v1/transactions", Some(&ada), sale).await;
        assert_eq!(sold.status.as_u16(), 201, "{}", sold.text);
    }
    for (title, severity) in [("Belt is torn", "high"), ("Hall is cold", "low")] {
        let alert =
            json!({"alert_type": "by_hand", "severity": severity, "title": title, "message": "Somebody saw it."});
        assert_eq!(client.json(Method::POST, "/api/v1/alerts", Some(&ada), alert).await.status.as_u16(), 201);
    }
    let mut file = async |who: &str, name: &str| {
        let answer = client.json(Method::GET, &format!("/api/v1/exports/{name}"), Some(who), json!(null)).await;
        let rows: Vec<String> =
            answer.text.trim_start_matches('\u{feff}').trim_end().split("\r\n").map(str::to_owned).collect();
        (answer.status.as_u16(), rows)
    };

    let (_, rows) = file(&ada, "fraud-scores.csv").await;
    assert!(rows[0].starts_with("decided_at,transaction_number,rule_set,outcome,fault,points,learned_p,rules,"));
    let told = |word: &str| rows.iter().filter(|row| row.contains(word)).count();
    assert_eq!((rows.len(), told(",approve,"), told("amount_limit")), (3, 1, 1), "{rows:?}");
    assert_eq!(file(&ada, "fraud-scores.csv?outcome=approve&to=2026-03-09").await.1.len(), 1);
    assert_eq!(file(&ada, "fraud-scores.csv?outcome=maybe").await.0, 422);
    assert_eq!(file(&vic, "fraud-scores.csv").await.0, 403);

    let (_, cases) = file(&ada, "fraud-cases.csv").await;
    assert!(cases.len() == 2 && cases[1].contains(",27.00,") && cases[1].contains(",amount_limit,"), "{cases:?}");
    assert_eq!(file(&ada, "fraud-cases.csv?state=closed").await.1.len(), 1);
    // Who may see cases but not review them is not told which rules spoke.
    let (_, seen) = file(&vic, "fraud-cases.csv").await;
    assert!(seen.len() == 2 && !seen[1].contains("amount_limit"), "{seen:?}");

    let (_, alerts) = file(&ada, "alerts.csv?sort=severity").await;
    // The held sale is an alert of its own.
    assert_eq!(
        (alerts.len(), alerts.iter().filter(|row| row.contains(",Somebody saw it.,")).count()),
        (4, 2),
        "{alerts:?}"
    );
    assert!(alerts.iter().any(|row| row.contains(",high,firing,Belt is torn,")), "{alerts:?}");
    for (filter, rows) in
        [("q=cold", 1), ("severity=low", 1), ("state=resolved", 0), ("is_resolved=false&feature=fraud", 1)]
    {
        assert_eq!(file(&ada, &format!("alerts.csv?{filter}")).await.1.len(), rows + 1, "{filter}");
    }
    assert_eq!(file(&ada, "alerts.csv?severity=urgent").await.0, 422);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_report_of_a_day_comes_in_three_forms_and_no_other(db: PgPool) {
    let shop = Shop::on(db);
    shop.clock.advance(chrono::Duration::days(1));
    let router = front(&shop, Some(planner()));
    let day = "/api/v1/reports/daily/2026-10-06";
    assert_eq!(post(&router, &format!("{day}/rebuild"), &json!({}), None).await.status.as_u16(), 200);
    for (format, media_type) in [
        ("csv", "text/csv; charset=utf-8"),
        ("pdf", "application/pdf"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ] {
        let file = get(&router, &format!("{day}/file?format={format}&revision=1")).await;
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, Some(media_type)));
        let name = format!("attachment; filename=\"daily-report-2026-10-06.{format}\"");
        assert_eq!(file.header("content-disposition"), Some(name.as_str()));
    }
    let refused = get(&router, &format!("{day}/file?format=docx")).await;
    assert_eq!(refused.status.as_u16(), 422);
    let fault = &refused.json()["error"]["fields"][0];
    assert_eq!((&fault["path"], &fault["message"]), (&json!("format"), &json!("Use csv, pdf or xlsx.")));
    let kinds = "select count(distinct after ->> 'format') from ops.audit_log where action = 'access.export'";
    assert_eq!(shop.count(kinds).await, 3);
}
