//! Every route, page and server function × nobody, each role and each set (`platform.md` 8.20).

use crate::{
    browser::{Client, table},
    world::{PASSWORD, World, settings},
};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use domain::access::{Access, PermSet, Rights, Role};
use server::http::routes::Route;
use sqlx::PgPool;
use std::net::SocketAddr;
use tower::ServiceExt;

struct Persona {
    name: String,
    rights: Option<Rights>,
    token: Option<String>,
}

async fn sign_in(app: &Router, name: &str) -> String {
    let answer = Client::new(app).login(name, PASSWORD).await;
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.text)).to_owned()
}

async fn personas(world: &World, app: &Router) -> Vec<Persona> {
    let roles = Role::ALL.map(|role| (role.as_str().to_owned(), Some(role), vec![]));
    let sets = PermSet::ALL.iter().map(|set| (set.as_str().to_owned(), None, vec![*set]));
    let mut all = vec![Persona { name: "nobody".to_owned(), rights: None, token: None }];
    for (name, role, sets) in roles.into_iter().chain(sets) {
        let name = format!("{name}@mill.example");
        world.user(&name, role, &sets).await;
        let token = sign_in(app, &name).await;
        all.push(Persona { name, rights: Some(Rights::of(role, &sets)), token: Some(token) });
    }
    all
}

/// Status and target only: a stream's body never ends.
async fn call(app: &Router, route: &Route, token: Option<&str>) -> (StatusCode, String) {
    let path: Vec<_> = route
        .path
        .split('/')
        .map(|part| if part.starts_with('{') { "00000000-0000-7000-8000-000000000000" } else { part })
        .collect();
    let mut request =
        Request::builder().method(route.method.clone()).uri(path.join("/")).header(header::HOST, "127.0.0.1:8000");
    if route.method != Method::GET {
        let kind =
            if route.path.starts_with("/fn/") { "application/x-www-form-urlencoded" } else { "application/json" };
        request = request.header(header::CONTENT_TYPE, kind);
    }
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let mut request = request.body(Body::empty()).expect("request");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4711))));
    let response = app.clone().oneshot(request).await.expect("answer");
    let target =
        response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
    (response.status(), target)
}

#[sqlx::test(migrations = "../migrations")]
async fn everything_is_open_to_exactly_those_it_names(owner: PgPool) {
    let mut settings = settings();
    settings.limits.per_minute = 10_000;
    let mut world = World::with(owner, settings).await;
    // Who may start a drill would start one: behind its outage everybody is answered 503 until a probe, which only
    // `serve` runs, finds the database again. Its right is asked before whether drills are switched on.
    world.services = world.services.drilling(false);
    let (app, routes) = table(&world);

    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        assert!(app::features::access_of(path).is_some(), "{path} is missing in app::features");
        assert!(routes.iter().any(|route| route.path == path && route.method == method), "{path} is not served");
    }
    for (path, access) in app::features::SERVER_FUNCTIONS {
        assert!(
            routes.iter().any(|route| route.path == *path && route.access == *access),
            "{path} is listed but no function"
        );
    }
    for (path, access) in app::pages::PAGES {
        assert!(
            routes.iter().any(|route| route.path == *path && route.access == *access),
            "{path} is listed but no page"
        );
    }

    let personas = personas(&world, &app).await;
    let (mut wrong, mut calls, mut denied) = (Vec::new(), 0, 0);
    for route in &routes {
        let is_page = route.method == Method::GET && app::pages::PAGES.iter().any(|(path, _)| *path == route.path);
        let ends_itself = route.path.ends_with("/logout") || route.path.ends_with("/sign_out");
        for persona in &personas {
            let token = match &persona.token {
                Some(_) if ends_itself => Some(sign_in(&app, &persona.name).await),
                other => other.clone(),
            };
            let (status, target) = call(&app, route, token.as_deref()).await;
            calls += 1;
            denied += i64::from(status == StatusCode::FORBIDDEN);
            let shut = status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN;
            let right = match (route.access.allows(persona.rights.as_ref()), &persona.rights) {
                (true, _) => !(shut || status.is_redirection() && target.starts_with("/login")),
                (false, Some(_)) => status == StatusCode::FORBIDDEN,
                (false, None) if is_page => status == StatusCode::SEE_OTHER && target.starts_with("/login?next="),
                (false, None) => status == StatusCode::UNAUTHORIZED,
            };
            if !right {
                wrong.push(format!(
                    "{} {} as {}: {status} {target} ({:?})",
                    route.method, route.path, persona.name, route.access
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {calls} calls:\n{}", wrong.len(), wrong.join("\n"));
    assert!(routes.iter().filter(|route| route.access == Access::Public).count() < 20, "few things are for everybody");
    assert_eq!(
        world.number("select count(*) from ops.audit_log where action = 'access.denied' and outcome = 'denied'").await,
        denied
    );
}
