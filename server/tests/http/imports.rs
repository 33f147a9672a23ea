//! Uploading over HTTP: REST, and the page's plain form.

use crate::{
    browser::{Client, router},
    world::{PASSWORD, World},
};
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::json;
use sqlx::PgPool;

const FILE: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
                    1,A1,Thing,5,2011-01-05 10:00:00,2.00,1,UK\n1,A2,Other,-5,2011-01-05 10:00:00,2.00,1,UK\n";

fn form(target: &str, file: &[u8]) -> Vec<u8> {
    let head = format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"target\"\r\n\r\n{target}\r\n\
         --frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"sales.csv\"\r\nContent-Type: text/csv\r\n\r\n"
    );
    [head.as_bytes(), file, b"\r\n--frontier--\r\n"].concat()
}

async fn send(client: &mut Client, path: &str, token: Option<&str>, file: impl AsRef<[u8]>) -> crate::browser::Answer {
    send_as("sales_transactions", client, path, token, file.as_ref()).await
}

async fn send_as(
    target: &str,
    client: &mut Client,
    path: &str,
    token: Option<&str>,
    file: &[u8],
) -> crate::browser::Answer {
    let bearer = token.map(|t| format!("Bearer {t}"));
    let mut headers = vec![
        ("content-type", "multipart/form-data; boundary=frontier"),
        ("sec-fetch-site", "same-origin"),
        ("accept", "text/html"),
    ];
    if let Some(bearer) = &bearer {
        headers.push(("authorization", bearer));
    }
    client.send(Method::POST, path, &headers, form(target, file)).await
}

async fn token(world: &World, client: &mut Client, role: Role) -> String {
    let email = format!("{}@mill.example", role.as_str());
    world.user(&email, Some(role), &[]).await;
    client.login(&email, PASSWORD).await.json()["access_token"].as_str().unwrap().to_owned()
}

const FORM: [(&str, &str); 3] =
    [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html"), ("sec-fetch-site", "same-origin")];

/// The planner's session, as the page makes it.
async fn sign_in(client: &mut Client) {
    client.get("/login").await;
    let typed = format!("name=planner%40mill.example&password={}&next=/data", PASSWORD.replace(' ', "+"));
    let signed_in = client.send(Method::POST, "/fn/access/sign_in", &FORM, &typed).await;
    assert!(signed_in.status.is_redirection(), "{} {}", signed_in.status, signed_in.text);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_file_goes_from_upload_to_commit_over_rest(root: PgPool) {
    let world = World::new(root).await;
    let mut client = Client::new(&router(&world));
    let (planner, viewer) =
        (token(&world, &mut client, Role::Planner).await, token(&world, &mut client, Role::Viewer).await);
    let imports = "/api/v1/ingest/imports";
    assert_eq!(send(&mut client, imports, None, FILE).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&mut client, imports, Some(&viewer), FILE).await.status, StatusCode::FORBIDDEN);
    let refused = send(&mut client, imports, Some(&planner), "%PDF-1.7").await;
    assert_eq!(
        (refused.status, refused.json()["error"]["fields"][0]["path"].clone()),
        (StatusCode::UNPROCESSABLE_ENTITY, json!("file"))
    );

    let answer = send(&mut client, imports, Some(&planner), FILE).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let body = answer.json();
    assert_eq!(
        (&body["shape"]["rows"], &body["mapping"]["columns"]["sku"], &body["imported_as"]),
        (&json!(2), &json!("StockCode"), &json!([]))
    );
    let one = format!("{imports}/{}", body["id"].as_str().unwrap());
    let conflict = client.json(Method::POST, &format!("{one}/commit"), Some(&planner), json!(null)).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    let check = client.json(Method::POST, &format!("{one}/preview"), Some(&planner), json!(null)).await;
    assert_eq!(check.status, StatusCode::ACCEPTED, "{}", check.text);
    assert!(check.json()["job_id"].is_string());

    let id = body["id"].as_str().unwrap().parse().unwrap();
    let who = crate::world::person(Role::Planner);
    world.services.ingest.preview_now(&who, id, std::sync::Arc::default()).await.unwrap();
    world.services.ingest.commit_now(&who, id, std::sync::Arc::default()).await.unwrap();
    let rows = client.json(Method::GET, &format!("{one}/rows"), Some(&viewer), json!(null)).await.json();
    assert_eq!((&rows["total"], &rows["items"][0]["issues"][0]["code"]), (&json!(1), &json!("not_a_sale")));
    let csv = client.json(Method::GET, &format!("{one}/rejected.csv"), Some(&viewer), json!(null)).await;
    assert!(csv.text.contains(",3,not_a_sale,quantity,"), "{}", csv.text);
    let edit = json!({"values": {"quantity": "5"}});
    let edited = client.json(Method::PATCH, &format!("{one}/rows/3"), Some(&planner), edit).await;
    assert_eq!((edited.status, edited.json()["issues"].clone()), (StatusCode::OK, json!([])));
    let rerun = client.json(Method::POST, &format!("{one}/rerun"), Some(&planner), json!(null)).await.json();
    assert_eq!((&rerun["state"], &rerun["counts"]["sale_lines"]), (&json!("committed"), &json!(2)));
    let template = client
        .json(Method::GET, "/api/v1/ingest/targets/sales_transactions/template.csv", Some(&viewer), json!(null))
        .await;
    assert!(template.text.starts_with("order_ref,line_no,sku,"));
}

#[sqlx::test(migrations = "../migrations")]
async fn visits_go_in_over_rest_and_their_page_speaks_of_visits(root: PgPool) {
    let world = World::new(root).await;
    let mut client = Client::new(&router(&world));
    let planner = token(&world, &mut client, Role::Planner).await;
    let get = async |client: &mut Client, path: &str| client.json(Method::GET, path, Some(&planner), json!(null)).await;
    let targets = get(&mut client, "/api/v1/ingest/targets").await.json();
    assert_eq!((&targets["total"], &targets["items"][1]["target"]), (&json!(2), &json!("visits")));
    let template = get(&mut client, "/api/v1/ingest/targets/visits/template.csv").await.text;
    assert!(template.starts_with("visited_at,visitor_key,customer_ref,session_ref,path,source\r\n"), "{template}");

    let imports = "/api/v1/ingest/imports";
    let refused = send_as("bank_statements", &mut client, imports, Some(&planner), b"a,b\n1,2\n").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("use sales_transactions or visits"), "{}", refused.text);
    let file = b"visited_at,visitor_key,customer\n2026-01-05 10:00:00,b-1,\n2026-01-05 10:10:00,b-1,\n2026-01-05 10:00:00,b-2,nobody\n";
    let body = send_as("visits", &mut client, imports, Some(&planner), file).await.json();
    assert_eq!((&body["target"], &body["mapping_faults"]), (&json!("visits"), &json!([])), "{body}");
    let id = body["id"].as_str().unwrap().to_owned();

    let mut mapping = body["mapping"].clone();
    mapping["columns"]["sku"] = json!("customer");
    mapping["options"]["move_stock"] = json!(true);
    mapping["options"]["screen"] = json!(true);
    let wrong = client.json(Method::PUT, &format!("{imports}/{id}/mapping"), Some(&planner), mapping).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let paths: Vec<_> = wrong.json()["error"]["fields"].as_array().unwrap().iter().map(|f| f["path"].clone()).collect();
    assert_eq!(paths, ["columns.sku", "options.move_stock", "options.screen"]);

    let who = crate::world::person(Role::Planner);
    let import = id.parse().unwrap();
    world.services.ingest.preview_now(&who, import, std::sync::Arc::default()).await.unwrap();
    world.services.ingest.commit_now(&who, import, std::sync::Arc::default()).await.unwrap();
    let done = get(&mut client, &format!("{imports}/{id}")).await.json();
    let counts = &done["counts"];
    assert_eq!(
        (&counts["visits"], &counts["merged"], &counts["rejected"], &done["undoable"]["visits"]),
        (&json!(1), &json!(1), &json!(1), &json!(1))
    );
    sign_in(&mut client).await;
    let page = client.get(&format!("/data/import/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    for words in ["New visits", "Of the same visits", "Take 1 visits out again", "Every visit this import recorded"] {
        assert!(page.text.contains(words), "{words}");
    }
    for words in ["See the sales", "Sale lines", "Gross sales", "Product code"] {
        assert!(!page.text.contains(words), "{words}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_upload_form_goes_on_or_comes_back_with_the_reason(root: PgPool) {
    let world = World::new(root).await;
    let mut client = Client::new(&router(&world));
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    sign_in(&mut client).await;
    let answer = send(&mut client, "/data/import", None, FILE).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let page = answer.location().to_owned();
    assert!(page.starts_with("/data/import/"));
    let shown = client.get(&page).await;
    assert_eq!(shown.status, StatusCode::OK);
    for words in ["Import #1", "sales.csv", "Check the rows", "InvoiceNo", "Time zone of the file"] {
        assert!(shown.text.contains(words), "{words}");
    }
    let refused = send(&mut client, "/data/import", None, "%PDF-1.7").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text.contains("This is a PDF document") && refused.text.contains("enctype=\"multipart/form-data\"")
    );

    // Without script: columns, check, commit are plain posts that come back to the page.
    let id = page.rsplit('/').next().unwrap().to_owned();
    let columns = [
        ("order_ref", "InvoiceNo"),
        ("sku", "StockCode"),
        ("quantity", "Quantity"),
        ("unit_price", "UnitPrice"),
        ("occurred_at", "InvoiceDate"),
    ];
    let columns: String = columns.iter().map(|(field, column)| format!("&columns%5B{field}%5D={column}")).collect();
    let mapped = client
        .send(Method::POST, "/fn/ingest/map", &FORM, &format!("id={id}{columns}&zone=Europe%2FLondon&currency=GBP"))
        .await;
    assert!(mapped.status.is_redirection(), "{} {}", mapped.status, mapped.text);
    assert_eq!(world.number("select count(*) from ops.job_runs where kind = 'import_preview'").await, 1);
    let running = client.get(&page).await;
    assert!(running.text.contains("Checking the rows") && running.text.contains("Stop"), "the job waits for a worker");
    let who = crate::world::person(Role::Planner);
    world.services.ingest.preview_now(&who, id.parse().unwrap(), std::sync::Arc::default()).await.unwrap();
    let list = client.get("/data").await;
    assert!(list.text.contains("sales.csv") && list.text.contains("Checked, not imported"));
}

#[sqlx::test(migrations = "../migrations")]
async fn every_bad_file_is_refused_in_words_and_leaves_nothing(root: PgPool) {
    let world = World::new(root).await;
    let mut client = Client::new(&router(&world));
    let planner = token(&world, &mut client, Role::Planner).await;
    let long = [FILE.as_bytes(), "x".repeat((1 << 20) + 10).as_bytes()].concat();
    let cases: [(&[u8], &str); 7] = [
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG picture"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c", "cut off"),
        (&long, "longer than 1 MiB"),
        (b"InvoiceNo,StockCode\n1,\x81\xff\xfe\n", "neither UTF-8 nor UTF-16 nor Windows-1252"),
        (b"", "empty"),
        (b"PK\x03\x04 no zip at all", "damaged or cut off"),
        (b"InvoiceNo,StockCode\r\n", "no rows"),
    ];
    for (bytes, words) in cases {
        let answer = send(&mut client, "/api/v1/ingest/imports", Some(&planner), bytes).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}: {}", answer.text);
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
    assert_eq!(world.number("select count(*) from ops.files").await, 0);
    assert_eq!(world.number("select count(*) from ops.import_batches").await, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn undo_discard_and_repaired_rows_over_rest(root: PgPool) {
    let world = World::new(root).await;
    let mut client = Client::new(&router(&world));
    let (planner, viewer) =
        (token(&world, &mut client, Role::Planner).await, token(&world, &mut client, Role::Viewer).await);
    let two_bad = format!("{FILE}2,A1,Thing,many,2011-01-05 10:00:00,2.00,1,UK\n");
    let body = send(&mut client, "/api/v1/ingest/imports", Some(&planner), &two_bad).await.json();
    let id = body["id"].as_str().unwrap().to_owned();
    let one = format!("/api/v1/ingest/imports/{id}");
    let early = client.json(Method::POST, &format!("{one}/undo"), Some(&planner), json!(null)).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "not committed");
    let who = crate::world::person(Role::Planner);
    let ingest = &world.services.ingest;
    ingest.preview_now(&who, id.parse().unwrap(), std::sync::Arc::default()).await.unwrap();
    ingest.commit_now(&who, id.parse().unwrap(), std::sync::Arc::default()).await.unwrap();

    let csv = client.json(Method::GET, &format!("{one}/rejected.csv"), Some(&viewer), json!(null)).await.text;
    let mended = csv.replace(",many,", ",4,");
    let refused = send(&mut client, &format!("{one}/upload"), Some(&viewer), &mended).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let taken = send(&mut client, &format!("{one}/upload"), Some(&planner), &mended).await;
    assert_eq!((taken.status, taken.json()["open_rows"].clone()), (StatusCode::OK, json!(2)), "{}", taken.text);
    let twice = send(&mut client, &format!("{one}/upload"), Some(&planner), "row\n2\n").await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    let rerun = client.json(Method::POST, &format!("{one}/rerun"), Some(&planner), json!(null)).await.json();
    assert_eq!((&rerun["open_rows"], &rerun["counts"]["sale_lines"]), (&json!(1), &json!(2)));
    let discard = |rows: serde_json::Value| json!({"rows": rows, "reason": "No paper"});
    let gone = client.json(Method::POST, &format!("{one}/discard"), Some(&planner), discard(json!([4]))).await;
    assert_eq!(gone.json()["error"]["fields"][0]["path"], json!("rows"), "row 4 is recorded by now");
    let last = client.json(Method::POST, &format!("{one}/discard"), Some(&planner), discard(json!([3]))).await;
    assert_eq!(last.json()["state"], json!("committed"));

    let refused = client.json(Method::POST, &format!("{one}/undo"), Some(&viewer), json!(null)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let undo = client.json(Method::POST, &format!("{one}/undo"), Some(&planner), json!(null)).await;
    assert_eq!(undo.status, StatusCode::ACCEPTED, "{}", undo.text);
    ingest.undo_now(&who, id.parse().unwrap(), std::sync::Arc::default()).await.unwrap();
    let now = client.json(Method::GET, &one, Some(&viewer), json!(null)).await.json();
    assert_eq!((&now["state"], &now["undo"]["sales"], &now["undoable"]), (&json!("undone"), &json!(2), &json!(null)));
}

#[sqlx::test(migrations = "../migrations")]
async fn mappings_are_kept_and_changed_over_rest(root: PgPool) {
    let world = World::new(root).await;
    let mut client = Client::new(&router(&world));
    let (planner, viewer) =
        (token(&world, &mut client, Role::Planner).await, token(&world, &mut client, Role::Viewer).await);
    let mapping = send(&mut client, "/api/v1/ingest/imports", Some(&planner), FILE).await.json()["mapping"].clone();
    let header: Vec<&str> = FILE.lines().next().unwrap().split(',').collect();
    let new = json!({"target": "sales_transactions", "name": "Till", "header": header, "mapping": mapping});
    let path = "/api/v1/ingest/mappings";
    let refused = client.json(Method::POST, path, Some(&viewer), new.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let saved = client.json(Method::POST, path, Some(&planner), new.clone()).await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.text);
    let id = saved.json()["id"].as_str().unwrap().to_owned();
    let taken = client.json(Method::POST, path, Some(&planner), new).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    let one = format!("{path}/{id}");
    let renamed = client.json(Method::PATCH, &one, Some(&planner), json!({"version": 1, "name": "Shop"})).await;
    assert_eq!((renamed.status, renamed.json()["version"].clone()), (StatusCode::OK, json!(2)), "{}", renamed.text);
    let stale = client.json(Method::PATCH, &one, Some(&planner), json!({"version": 1, "name": "Till"})).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let list = client.json(Method::GET, path, Some(&viewer), json!(null)).await.json();
    assert_eq!((&list["total"], &list["items"][0]["name"]), (&json!(1), &json!("Shop")));
}
