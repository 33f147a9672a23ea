//! Routes and preferences as a browser without script sees them.

use crate::{
    forms::{post, signed_in},
    world::World,
};
use axum::http::StatusCode;
use domain::access::Role;
use sqlx::PgPool;

const SAVE: &str = "/fn/alerts/save_route";
const MOVE: &str = "/fn/alerts/move_route";

#[sqlx::test(migrations = "../migrations")]
async fn routes_are_written_moved_and_tried_without_script(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Admin), &[]).await;
    world.user("vic@mill.example", Some(Role::Viewer), &[]).await;
    let mut ada = signed_in(&world, "ada@mill.example").await;
    let page = ada.get("/alerts/routes").await;
    assert!(page.status == StatusCode::OK && page.text.contains("No route yet"), "{}", page.text);
    let new = "/alerts/routes?edit=new";
    assert!(ada.get(new).await.text.contains("name=\"route[matchers][0][values]\""));

    let form = "id=new&version=1&route[matchers][0][field]=severity_min&route[matchers][0][values]=urgent\
        &route[matchers][1][field]=feature&route[matchers][1][values]=&route[whom][1]=role:planner\
        &route[people]=nobody%40mill.example&route[group_by][0]=alert_type&route[group_wait_seconds]=5&route[enabled]=true";
    let refused = post(&mut ada, SAVE, new, form).await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, new));
    let page = ada.get(new).await.text;
    assert!(page.contains("Nobody here has the address") && page.contains("value=\"nobody@mill.example\""), "{page}");
    let form = form.replace("nobody", "vic");
    assert_eq!(post(&mut ada, SAVE, new, &form).await.location(), new);
    let page = ada.get(new).await.text;
    assert!(page.contains("Give values that this field can have.") && page.contains("value=\"urgent\""), "{page}");
    assert!(!ada.get(new).await.text.contains("urgent"), "a note is shown once");
    let good = form.replace("urgent", "high");
    let steps =
        "&route[steps][0][after_seconds]=60&route[steps][0][whom][0]=role:admin&route[steps][1][after_seconds]=";
    let saved = post(&mut ada, SAVE, new, &format!("{good}{steps}")).await;
    assert_eq!(saved.location(), "/alerts/routes", "{}", saved.text);
    let page = ada.get("/alerts/routes").await.text;
    assert!(page.contains("Severity at least high") && page.contains("role planner, vic@mill.example"), "{page}");
    assert!(page.contains("role admin"), "the step: {page}");

    let second = form.replace("version=1", "version=2").replace("urgent", "low");
    assert_eq!(post(&mut ada, SAVE, new, &second).await.location(), "/alerts/routes");
    assert_eq!(post(&mut ada, SAVE, new, &second).await.location(), new, "somebody was faster");
    assert!(ada.get(new).await.text.contains("has changed the routes meanwhile"));
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar("select id from ops.notification_routes order by position")
        .fetch_all(&world.owner)
        .await
        .expect("routes");
    for (version, id, how) in [(3, ids[1], "up"), (4, ids[0], "disable")] {
        let moved = post(&mut ada, MOVE, "/alerts/routes", &format!("id={id}&version={version}&how={how}")).await;
        assert_eq!(moved.location(), "/alerts/routes", "{}", moved.text);
    }
    let order: Vec<(uuid::Uuid, bool)> =
        sqlx::query_as("select id, enabled from ops.notification_routes order by position")
            .fetch_all(&world.owner)
            .await
            .expect("routes");
    assert_eq!(order, [(ids[1], true), (ids[0], false)]);
    let page = ada.get(&format!("/alerts/routes?edit={}", ids[0])).await.text;
    assert!(page.contains("value=\"high\"") && page.contains("value=\"vic@mill.example\""), "{page}");

    let asked = "/alerts/routes?alert_type=low_stock&feature=inventory&severity=critical";
    let page = ada.get(asked).await.text;
    assert!(page.contains("By route 1.") && page.contains("At once"), "{page}");
    let page = ada.get("/alerts/routes?alert_type=X&feature=moon&severity=high").await.text;
    assert!(page.contains("Choose a feature.") && page.contains("A type has 3 to 50"), "{page}");

    let mut vic = signed_in(&world, "vic@mill.example").await;
    assert_eq!(vic.get("/alerts/routes").await.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrations = "../migrations")]
async fn preferences_are_kept_without_script(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("vic@mill.example", Some(Role::Viewer), &[]).await;
    let mut vic = signed_in(&world, "vic@mill.example").await;
    assert!(vic.get("/inbox").await.text.contains("href=\"/inbox/preferences\""));
    let page = vic.get("/inbox/preferences").await;
    assert!(page.status == StatusCode::OK && !page.text.contains("value=\"system\""), "{}", page.text);
    let form = "preferences[0][feature]=jobs&preferences[0][min_severity]=high&preferences[0][email]=true\
        &preferences[1][feature]=fraud&preferences[1][min_severity]=critical&preferences[1][in_app]=true";
    let set = "/fn/inbox/set_preferences";
    let refused = post(&mut vic, set, "/inbox/preferences", &form.replace("critical", "urgent")).await;
    assert_eq!(refused.location(), "/inbox/preferences");
    assert!(vic.get("/inbox/preferences").await.text.contains("Choose one of the list."));
    let kept = post(&mut vic, set, "/inbox/preferences", form).await;
    assert_eq!(kept.location(), "/inbox/preferences?saved", "{}", kept.text);
    assert!(vic.get("/inbox/preferences?saved").await.text.contains("Kept."));
    let rows: Vec<(String, i16, bool, bool)> = sqlx::query_as(
        "select feature, min_severity, in_app, email from ops.notification_preferences order by feature",
    )
    .fetch_all(&world.owner)
    .await
    .expect("rows");
    assert_eq!(rows, [("fraud".to_owned(), 4, true, false), ("jobs".to_owned(), 3, false, true)]);
}
