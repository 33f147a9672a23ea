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

fn form(file: &str) -> String {
    format!(
        "--frontier\r\nContent-Disposition: form-data; name=\"target\"\r\n\r\nsales_transactions\r\n\
         --frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"sales.csv\"\r\nContent-Type: text/csv\r\n\r\n{file}\r\n--frontier--\r\n"
    )
}

async fn send(client: &mut Client, path: &str, token: Option<&str>, file: &str) -> crate::browser::Answer {
    let bearer = token.map(|t| format!("Bearer {t}"));
    let mut headers = vec![
        ("content-type", "multipart/form-data; boundary=frontier"),
        ("sec-fetch-site", "same-origin"),
        ("accept", "text/html"),
    ];
    if let Some(bearer) = &bearer {
        headers.push(("authorization", bearer));
    }
    client.send(Method::POST, path, &headers, &form(file)).await
}

async fn token(world: &World, client: &mut Client, role: Role) -> String {
    let email = format!("{}@mill.example", role.as_str());
    world.user(&email, Some(role), &[]).await;
    client.login(&email, PASSWORD).await.json()["access_token"].as_str().unwrap().to_owned()
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
async fn the_upload_form_goes_on_or_comes_back_with_the_reason(root: PgPool) {
    let world = World::new(root).await;
    let mut client = Client::new(&router(&world));
    world.user("planner@mill.example", Some(Role::Planner), &[]).await;
    client.get("/login").await;
    let typed = format!("name=planner%40mill.example&password={}&next=/data", PASSWORD.replace(' ', "+"));
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
        ("sec-fetch-site", "same-origin"),
    ];
    let signed_in = client.send(Method::POST, "/fn/access/sign_in", &headers, &typed).await;
    assert!(signed_in.status.is_redirection(), "{} {}", signed_in.status, signed_in.text);

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
        .send(Method::POST, "/fn/ingest/map", &headers, &format!("id={id}{columns}&zone=Europe%2FLondon&currency=GBP"))
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
