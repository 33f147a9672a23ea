//! The overview as programs and browsers without script see it.

use crate::{
    browser::{Answer, Client, router},
    world::{PASSWORD, World},
};
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

struct Reader {
    client: Client,
    bearer: String,
}

impl Reader {
    async fn of(world: &World, role: Role) -> Self {
        let name = format!("{}@mill.example", role.as_str());
        world.user(&name, Some(role), &[]).await;
        let mut client = Client::new(&router(world));
        let token = client.login(&name, PASSWORD).await.json()["access_token"].as_str().expect("token").to_owned();
        Self { client, bearer: format!("Bearer {token}") }
    }

    async fn get(&mut self, path: &str) -> Answer {
        let bearer = self.bearer.clone();
        self.client.send(Method::GET, path, &[("accept", "text/html"), ("authorization", &bearer)], "").await
    }

    async fn json(&mut self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.json()
    }
}

/// Three sales and a refund of 10 March 2026, one sale of the week before.
pub async fn arrange(world: &World) {
    world
        .execute(
            "insert into sales.transactions (id, site_id, status, currency, gross, discount, net, tax, shipping, total, quantity, line_count,
                 occurred_at, recognised_at, entry, created_at, updated_at)
             select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'approved', 'USD', n, 0, n, 0, 0, n, 1, 1, ts, ts, 'api', ts, ts
             from (values (100.50, timestamptz '2026-03-10T08:15Z'), (20, '2026-03-10T09:00Z'), (1079.5, '2026-03-10T11:59Z'),
                          (1000, '2026-03-03T10:00Z')) as v (n, ts)",
        )
        .await;
    world
        .execute(
            "with p as (insert into sales.products (id, sku, name, price, currency, created_at, updated_at)
                        values (gen_random_uuid(), 'MUG', 'Mug', 10, 'USD', '2026-01-01', '2026-01-01') returning id),
                  r as (insert into sales.refunds (id, kind, currency, refunded_at, net, total, created_at)
                        values (gen_random_uuid(), 'return', 'USD', '2026-03-10T10:00Z', 118, 118, '2026-03-10') returning id)
             insert into sales.refund_lines (refund_id, line_no, product_id, quantity, net, refunded_at)
             select r.id, 1, p.id, 1, 118, '2026-03-10T10:00Z' from p, r",
        )
        .await;
}

#[sqlx::test(migrations = "../migrations")]
async fn figures_rows_and_exports_agree_over_rest(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    let mut reader = Reader::of(&world, Role::Viewer).await;
    let tiles = reader.json("/api/v1/kpis?day=2026-03-10").await;
    let net = tiles.as_array().expect("tiles").iter().find(|t| t["key"] == "sales.revenue_net").expect("net").clone();
    assert_eq!(
        (&net["value"], &net["row_count"], &net["unit"], &net["currency"]),
        (&json!("1082"), &json!(4), &json!("money"), &json!("USD"))
    );
    assert_eq!((&net["change"]["percent"], &net["change"]["against"]), (&json!("8.2"), &json!("last Tue")));
    assert_eq!((&net["range"]["zone"], &net["badge"]), (&json!("UTC"), &json!("live")));
    let one = reader.json("/api/v1/kpis/sales.orders?basis=gross").await;
    assert_eq!((&one["value"], &one["held"]), (&json!("3"), &json!(0)));

    let rows = reader.json("/api/v1/kpis/revenue_net/rows?limit=3").await;
    assert_eq!(
        (&rows["total"], rows["items"].as_array().map(Vec::len), &rows["number"]["value"]),
        (&json!(4), Some(3), &json!("1082"))
    );
    let cursor = rows["next_cursor"].as_str().expect("more").to_owned();
    let rest = reader.json(&format!("/api/v1/kpis/revenue_net/rows?limit=3&cursor={cursor}")).await;
    assert_eq!((rest["items"].as_array().map(Vec::len), &rest["next_cursor"]), (Some(1), &Value::Null));
    let file = reader.get("/api/v1/exports/kpi-rows.csv?metric=sales.revenue_net&day=2026-03-10").await;
    assert_eq!((file.status, file.headers["x-row-count-expected"].to_str().ok()), (StatusCode::OK, Some("4")));
    assert_eq!(file.text.lines().count(), 5, "{}", file.text);

    let trend = reader.json("/api/v1/kpis/trend?days=8").await;
    assert_eq!(
        (trend["items"].as_array().map(Vec::len), &trend["items"][0]["day"], &trend["items"][0]["partial"]),
        (Some(8), &json!("2026-03-10"), &json!(true))
    );
    assert_eq!((&trend["items"][1]["revenue_net"], &trend["items"][7]["revenue_net"]), (&json!("0"), &json!("1000")));
    let hours = reader.json("/api/v1/kpis/hours").await;
    assert_eq!(
        (hours["items"].as_array().map(Vec::len), &hours["items"][8]["revenue_net"]),
        (Some(24), &json!("100.5"))
    );
    let dashboard = reader.json("/api/v1/dashboard/overview?period=7d").await;
    assert_eq!(
        (
            &dashboard["success"],
            &dashboard["data"]["transactions_24h"],
            &dashboard["data"]["period"]["previous"]["transactions"]
        ),
        (&json!(true), &json!(3), &json!(1))
    );
    assert_eq!(
        (&dashboard["data"]["active_alerts"], &dashboard["metadata"]["unavailable"]["active_alerts"]),
        (&json!(0), &Value::Null)
    );
    let last = reader.json("/api/v1/dashboard/metrics/realtime").await;
    assert_eq!(last["transactions_last_minute"], json!(0), "a sale of exactly 60 s ago is out of the window");
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_questions_get_every_fault(root: PgPool) {
    let world = World::new(root).await;
    let mut reader = Reader::of(&world, Role::Viewer).await;
    for (path, faults) in [
        ("/api/v1/kpis?from=2026-03-10&to=2026-03-01", vec!["from"]),
        ("/api/v1/kpis?from=2020-01-01&to=2026-03-01&basis=best", vec!["basis", "from"]),
        ("/api/v1/kpis?day=%00&basis=", vec!["day"]),
        ("/api/v1/kpis/trend?days=0&to=x&order=up&basis=y", vec!["basis", "to", "days", "order"]),
        ("/api/v1/kpis/hours?period=7d", vec!["day"]),
        ("/api/v1/kpis/orders/rows?limit=0&sort=name&period=year", vec!["period", "sort", "limit"]),
        ("/api/v1/kpis/orders/rows?cursor=1~2", vec!["cursor"]),
        ("/api/v1/dashboard/overview?period=1y", vec!["period"]),
        ("/api/v1/exports/kpi-rows.csv?metric=orders&day=never", vec!["day"]),
    ] {
        let answer = reader.get(path).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.text);
        let body = answer.json();
        let paths: Vec<_> = body["error"]["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .map(|f| f["path"].as_str().unwrap_or_default())
            .collect();
        assert_eq!(paths, faults, "{path}");
    }
    for path in ["/api/v1/kpis/sales.luck", "/api/v1/kpis/sales.luck/rows", "/api/v1/exports/kpi-rows.csv?metric=luck"]
    {
        assert_eq!(reader.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let bearer = reader.bearer.clone();
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let visit = reader.client.send(Method::POST, "/api/v1/visits", &headers, r#"{"visitor_key":"b"}"#).await;
    assert_eq!(visit.status, StatusCode::FORBIDDEN, "a viewer records nothing");
    let mut planner = Reader::of(&world, Role::Planner).await;
    let bearer = planner.bearer.clone();
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    for _ in 0..2 {
        let visit =
            planner.client.send(Method::POST, "/api/v1/visits", &headers, r#"{"visitor_key":"b","path":"/"}"#).await;
        assert_eq!(visit.status, StatusCode::NO_CONTENT, "{}", visit.text);
    }
    assert_eq!(world.number("select count(*) from sales.visits").await, 1);
    let anonymous = Client::new(&router(&world)).get("/api/v1/kpis").await;
    assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED);
}

/// A browser in which Ada has signed in.
async fn signed_in(world: &World) -> Client {
    let mut reader = Client::new(&router(world));
    reader.get("/login").await;
    let typed = format!("name=ada%40mill.example&password={}&next=/", PASSWORD.replace(' ', "+"));
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
        ("sec-fetch-site", "same-origin"),
    ];
    assert!(reader.send(Method::POST, "/fn/access/sign_in", &headers, &typed).await.status.is_redirection());
    reader
}

/// Example 20, as far as HTML goes: values, table twins and links stand in the first answer.
#[sqlx::test(migrations = "../migrations")]
async fn pages_read_whole_without_script(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let mut reader = signed_in(&world).await;
    let home = reader.get("/?day=2026-03-10").await;
    assert_eq!(home.status, StatusCode::OK, "{}", home.text);
    for part in [
        "$1,082.00",
        "▲ 8.2",
        "no visits recorded",
        "Tue 10 Mar 2026 · UTC",
        "/overview/kpis/sales.revenue_net",
        "Recent transactions",
        "data-status",
        "Sources: ",
    ] {
        assert!(home.text.contains(part), "{part} is missing:\n{}", home.text);
    }
    assert_eq!(home.text.matches("<details class=\"twin\"").count(), 3);
    let trend = home.text.split("data-trend").nth(1).expect("trend");
    assert_eq!(
        trend.split("</table>").next().expect("table").matches("<tr>").count(),
        1 + 30,
        "exactly 30 days under one heading"
    );

    let kpis = reader.get("/overview/kpis?period=30d&basis=gross").await;
    assert_eq!(kpis.status, StatusCode::OK);
    assert!(kpis.text.contains("$2,200.00") && kpis.text.contains("Orders per 100 visitors"), "{}", kpis.text);
    let drill = reader.get("/overview/kpis/sales.revenue_net?day=2026-03-10").await;
    assert_eq!(drill.status, StatusCode::OK);
    for part in ["$1,082.00", "data-rows=\"4\"", "−$118.00", "/api/v1/exports/kpi-rows.csv?day=2026-03-10"] {
        assert!(drill.text.contains(part), "{part} is missing:\n{}", drill.text);
    }
    for part in ["data-panel=\"database\"", "no replica", "analytics", "data-panel=\"kept\"", "/settings/cache"] {
        assert!(kpis.text.contains(part), "{part} is missing:\n{}", kpis.text);
    }
    // A wrong question keeps the head of the page, says what was wrong and how to go on.
    for path in ["/?period=year", "/overview/kpis?day=x"] {
        let wrong = reader.get(path).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(wrong.text.contains("<h1") && wrong.text.contains(">Today<"), "{}", wrong.text);
    }
    // From an older number: both are told.
    let seen = reader.get("/api/v1/kpis/revenue_net?day=2026-03-10").await.json()["snapshot_id"]
        .as_str()
        .expect("id")
        .to_owned();
    world
        .execute(
            "update sales.transactions set net = net + 1, total = total + 1, gross = gross + 1, updated_at = '2026-03-11T12:00Z'
             where id = (select id from sales.transactions where recognised_at >= '2026-03-10' and recognised_at < '2026-03-11' limit 1)",
        )
        .await;
    let later = reader.get(&format!("/overview/kpis/sales.revenue_net?day=2026-03-10&seen={seen}")).await;
    for part in ["data-earlier", "$1,082.00 at ", "$1,083.00 now", "Rows that came or changed since", "data-past"] {
        assert!(later.text.contains(part), "{part} is missing:\n{}", later.text);
    }
    assert_eq!(reader.get("/overview/kpis/sales.luck").await.status, StatusCode::NOT_FOUND);
    let bad = reader.get("/overview/kpis/orders?day=never").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text.contains("is not a date"), "{}", bad.text);
}

/// What stands between the first `from` and the `to` that follows it.
#[track_caller]
fn part<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let rest = html.split_once(from).unwrap_or_else(|| panic!("{from} is missing:\n{html}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("{to} is missing after {from}:\n{rest}")).0
}

/// The choices of a group as label, address and whether it is the one in force.
fn choices(html: &str, group: &str) -> Vec<(String, String, bool)> {
    part(html, &format!("aria-label=\"{group}\""), "</nav>")
        .split("<a ")
        .skip(1)
        .map(|link| {
            let href = part(link, "href=\"", "\"").replace("&amp;", "&");
            (part(link, ">", "</a>").to_owned(), href, link.contains("aria-current=\"true\""))
        })
        .collect()
}

fn chosen(html: &str, group: &str) -> Vec<String> {
    choices(html, group).into_iter().filter(|(.., current)| *current).map(|(label, ..)| label).collect()
}

/// A page without the marks between its pieces of text.
async fn read(reader: &mut Client, path: &str) -> String {
    let answer = reader.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    answer.text.replace("<!>", "")
}

#[sqlx::test(migrations = "../migrations")]
async fn choices_are_marked_and_each_can_be_made_on_its_page(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let mut reader = signed_in(&world).await;
    for (page, usual) in [("/overview/kpis", "All three"), ("/", "Last week")] {
        let html = read(&mut reader, &format!("{page}?day=2026-03-10&basis=gross")).await;
        assert_eq!(chosen(&html, "Compared with"), [usual], "{page}");
        for (label, href, _) in choices(&html, "Compared with") {
            let html = read(&mut reader, &href).await;
            assert_eq!(chosen(&html, "Compared with"), [label], "{href}");
            assert_eq!(chosen(&html, "Counting rule"), ["Gross"], "{href}");
            assert!(href.starts_with(&format!("{page}?")), "{href}");
        }
        assert_eq!(chosen(&html, "Length of the trend"), ["30 days"], "{page}");
        for ((label, href, _), days) in choices(&html, "Length of the trend").into_iter().zip([7, 30, 90, 365]) {
            let html = read(&mut reader, &href).await;
            assert_eq!(chosen(&html, "Length of the trend"), [label], "{href}");
            let twin = part(part(&html, "data-trend", "</article>"), "<tbody>", "</tbody>");
            assert_eq!(twin.matches("<tr>").count(), days, "{href}");
            // The length goes with every other choice, and with a form.
            let kept = choices(&html, "Period").into_iter().all(|(_, href, _)| href.contains("days=") == (days != 30));
            assert!(kept, "{href}");
            assert_eq!(html.contains("name=\"days\""), days != 30, "{href}");
        }
    }
    let figures = read(&mut reader, "/overview/kpis?day=2026-03-10").await;
    let tile = part(&figures, "data-metric=\"sales.revenue_net\"", "</article>");
    for against in ["last Tue", "the day before", "last year"] {
        assert!(tile.contains(against), "{against}: {tile}");
    }
    let week = read(&mut reader, "/overview/kpis?day=2026-03-10&compare=week").await;
    let tile = part(&week, "data-metric=\"sales.revenue_net\"", "</article>");
    assert!(tile.contains("last Tue") && !tile.contains("last year"), "{tile}");
    assert!(tile.contains("<span class=\"visually-hidden\">up </span>▲ 8.2"), "{tile}");
    assert_eq!(reader.get("/api/v1/kpis?days=31x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[sqlx::test(migrations = "../migrations")]
async fn charts_stand_beside_the_period_before_and_open_their_rows(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let mut reader = signed_in(&world).await;
    let home = read(&mut reader, "/?day=2026-03-10").await;
    // Hours: 10:00 has the refund of today and the sale of last week.
    let card = part(&home, "Revenue by hour", "</article>");
    assert!(card.contains("Tue 10 Mar 2026 · UTC"), "range and zone stand in the head: {card}");
    assert!(card.contains("Dashed: last Tue, $1,000.00 in all."), "{card}");
    let ten = part(card, "<td>10:00</td>", "</tr>").replace("&amp;", "&");
    for there in ["−$118.00", "$1,000.00", "?day=2026-03-10&hour=2026-03-10T10:00:00Z"] {
        assert!(ten.contains(there), "{there}: {ten}");
    }
    let rows = read(&mut reader, "/overview/kpis/sales.revenue_net?day=2026-03-10&hour=2026-03-10T08:00:00Z").await;
    for there in
        ["data-rows=\"1\"", "$100.50", "08:00 to 09:00 on Tue 10 Mar 2026 · UTC", "Whole day", "hour=2026-03-10T08"]
    {
        assert!(rows.contains(there), "{there} is missing:\n{rows}");
    }
    let file = "/api/v1/exports/kpi-rows.csv?metric=sales.revenue_net&day=2026-03-10&hour=2026-03-10T08:00:00Z";
    let file = reader.get(file).await;
    assert_eq!((file.status, file.text.lines().count()), (StatusCode::OK, 2), "{}", file.text);
    for wrong in ["2026-03-10T08:30:00Z", "8"] {
        let refused = reader.get(&format!("/api/v1/kpis/orders/rows?day=2026-03-10&hour={wrong}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert_eq!(refused.json()["error"]["fields"][0]["path"], "hour");
    }

    // Days: each beside that of the period before; the date stays on its page, the amount opens the rows.
    let html = read(&mut reader, "/overview/kpis?day=2026-03-10&days=7").await;
    let trend = part(&html, "data-trend", "</section>");
    assert!(trend.contains("4 Mar 2026 to 10 Mar 2026 · UTC"), "{trend}");
    assert!(trend.contains("against the 7 days before (dashed)"), "{trend}");
    let last =
        trend.split("<tr>").find(|row| row.contains(">10 Mar 2026</a>")).expect("10 March").replace("&amp;", "&");
    for there in [
        "href=\"/overview/kpis?day=2026-03-10&days=7\"",
        "href=\"/overview/kpis/sales.revenue_net?day=2026-03-10&days=7\"",
        "href=\"/overview/kpis/sales.orders?day=2026-03-10&days=7\"",
        "$1,082.00",
        "$1,000.00<small>3 Mar 2026</small>",
    ] {
        assert!(last.contains(there), "{there} is missing:\n{last}");
    }
    assert!(html.contains("class=\"spark\"") && html.contains("data-spark=\"sales.orders\""), "{html}");
    let trend = reader.get("/api/v1/kpis/trend?days=7&to=2026-03-10").await.json();
    let before = &trend["items"][0]["before"];
    assert_eq!(
        (&before["day"], &before["revenue"], &before["orders"]),
        (&json!("2026-03-03"), &json!("1000"), &json!(1))
    );
    let hours = reader.get("/api/v1/kpis/hours?day=2026-03-10").await.json();
    assert_eq!(
        (&hours["against"], &hours["items"][10]["revenue_before"], &hours["items"][10]["orders_before"]),
        (&json!("last Tue"), &json!("1000"), &json!(1))
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tile_holds_its_receipt_and_so_does_the_page_of_its_rows(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let mut reader = signed_in(&world).await;
    let home = read(&mut reader, "/?day=2026-03-10").await;
    let tile = part(&home, "data-metric=\"sales.revenue_net\"", "</article>");
    let receipt = part(tile, "<details class=\"kpi-receipt\"", "</details>");
    for there in [
        "Receipt of Revenue",
        "<dt>Formula</dt>",
        "10 Mar 2026, 00:00:00 UTC+00:00 to 11 Mar 2026, 00:00:00 UTC+00:00 (end not included)",
        "<dt>Zone</dt><dd>UTC</dd>",
        "<dt>Rows</dt><dd class=\"num\">4</dd>",
        "<dt>Computed</dt>",
        "<dt>Age</dt>",
        "Live: as the data is now",
    ] {
        assert!(receipt.contains(there), "{there} is missing:\n{receipt}");
    }
    let rows = read(&mut reader, "/overview/kpis/sales.revenue_net?day=2026-03-10").await;
    let receipt = part(&rows, "aria-label=\"Receipt\"", "</section>");
    for there in ["<dt>Age</dt>", "Live: as the data is now", "<dt>Computed</dt>", "<dt>As of</dt>"] {
        assert!(receipt.contains(there), "{there} is missing:\n{receipt}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_table_of_a_chart_says_no_data_received_instead_of_nought(root: PgPool) {
    let world = World::new(root).await;
    arrange(&world).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    let mut reader = signed_in(&world).await;
    let page = "/overview/kpis?day=2026-03-10&days=7";
    let html = read(&mut reader, page).await;
    assert!(!part(&html, "data-trend", "</section>").contains("no data received"), "no file is expected");
    world
        .execute(
            "insert into ops.settings (key, value, updated_by, updated_at)
             values ('ingest.sales_expected_hours', '\"24\"', 'test', '2026-03-05T00:00Z')",
        )
        .await;
    world.backend.figures.clear("*", true);
    let html = read(&mut reader, page).await;
    let trend = part(&html, "data-trend", "</section>");
    let row = |day: &str, nth: usize| {
        let mut rows = trend.split("<tr>").filter(|row| row.contains(&format!(">{day}</a>")));
        rows.nth(nth).expect(day).to_owned()
    };
    let silent = row("6 Mar 2026", 0);
    assert!(silent.contains(">no data received</a>") && !silent.contains("$0.00</a>"), "{silent}");
    assert!(row("6 Mar 2026", 1).contains(">no data received</a>"), "customers come from sales");
    assert!(row("4 Mar 2026", 0).contains(">$0.00</a>"), "before the first file was expected");
    assert!(row("10 Mar 2026", 0).contains("$1,082.00"), "today stays as it is");
    assert!(trend.contains("data-hatch") && trend.contains("Of 5 days no data was received."), "{trend}");
    let told = reader.get("/api/v1/kpis/trend?days=7&to=2026-03-10").await.json();
    let silent: Vec<bool> =
        told["items"].as_array().unwrap().iter().map(|day| day["no_sales_data"].as_bool().unwrap()).collect();
    assert_eq!(silent, [false, true, true, true, true, true, false], "the newest first");
}
