//! Sign-in and forms as a browser without script sees them; cookies, CSRF, headers.

use crate::{
    browser::{Answer, Client, router},
    statements::Statements,
    world::{ORIGIN, PASSWORD, World, keys},
};
use axum::http::{Method, StatusCode, header};
use domain::access::Role;
use server::access::{AccessSettings, FirstAdmin};
use sqlx::PgPool;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml");
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");

pub async fn post(client: &mut Client, path: &str, from: &str, body: &str) -> Answer {
    let referer = format!("{ORIGIN}{from}");
    client.send(Method::POST, path, &[FORM, HTML, OWN, ("referer", &referer)], body).await
}

pub async fn signed_in(world: &World, name: &str) -> Client {
    let mut client = Client::new(&router(world));
    let answer = post(
        &mut client,
        "/fn/access/sign_in",
        "/login",
        &format!("name={name}&password={}&next=%2Faccount", PASSWORD.replace(' ', "+")),
    )
    .await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/account"), "{}", answer.text);
    client
}

#[sqlx::test(migrations = "../migrations")]
async fn a_browser_without_script_signs_in_after_a_mistake(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = Client::new(&router(&world));
    let away = client.get("/account").await;
    assert_eq!((away.status, away.location()), (StatusCode::SEE_OTHER, "/login?next=%2Faccount"));
    let page = client.get("/login?next=%2Faccount").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("action=\"/fn/access/sign_in\"") && page.text.contains("value=\"/account\""),
        "{}",
        page.text
    );
    assert!(client.cookies.is_empty(), "who only looks gets no session");

    let wrong = post(
        &mut client,
        "/fn/access/sign_in",
        "/login?next=%2Faccount",
        "name=ada%40mill.example&password=planted-wrong-word&next=%2Faccount",
    )
    .await;
    assert_eq!((wrong.status, wrong.location()), (StatusCode::SEE_OTHER, "/login?next=%2Faccount"));
    let before = client.cookies["millrace"].clone();
    let page = client.get("/login?next=%2Faccount").await;
    assert!(
        page.text.contains("The name or the password is not right.")
            && page.text.contains("value=\"ada@mill.example\""),
        "{}",
        page.text
    );
    assert!(!page.text.contains("planted"));
    assert!(!client.get("/login?next=%2Faccount").await.text.contains("is not right"), "a note is shown once");

    let right = post(
        &mut client,
        "/fn/access/sign_in",
        "/login",
        &format!("name=ada%40mill.example&password={}&next=%2Faccount", PASSWORD.replace(' ', "+")),
    )
    .await;
    assert_eq!((right.status, right.location()), (StatusCode::SEE_OTHER, "/account"));
    let cookie = right.headers[header::SET_COOKIE].to_str().expect("cookie");
    assert!(
        cookie.starts_with("millrace=")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Lax")
            && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"));
    assert_ne!(client.cookies["millrace"], before, "a new id at sign-in");
    let page = client.get("/account").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("ada@mill.example") && page.text.contains("This one"), "{}", page.text);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-store");

    // The old id is dead, and the new one is kept nowhere as it is.
    let mut old = Client::new(&router(&world));
    old.cookies.insert("millrace".to_owned(), before);
    assert_eq!(old.get("/account").await.status, StatusCode::SEE_OTHER);
    let rows: String = sqlx::query_scalar("select string_agg(s::text, ' ') from access.sessions s")
        .fetch_one(&world.owner)
        .await
        .expect("rows");
    assert!(!rows.contains(&client.cookies["millrace"]) && !rows.contains("planted"));

    let out = post(&mut client, "/fn/access/sign_out", "/account", "").await;
    assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/login"));
    assert!(!client.cookies.contains_key("millrace"));
}

#[sqlx::test(migrations = "../migrations")]
async fn sign_in_leads_to_our_own_pages_only(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = Client::new(&router(&world));
    for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example"] {
        let body = format!("name=ada%40mill.example&password={}&next={next}", PASSWORD.replace(' ', "+"));
        assert_eq!(post(&mut client, "/fn/access/sign_in", "/login", &body).await.location(), "/");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn only_our_own_pages_change_anything(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = signed_in(&world, "ada@mill.example").await;
    let token = keys().csrf(&client.cookies["millrace"]);
    let hidden = format!("theme=dark&csrf_token={token}");
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, bool);
    let cases: &[Case<'_>] = &[
        (&[("sec-fetch-site", "same-origin")], "", true),
        (&[("sec-fetch-site", "cross-site")], &hidden, false),
        (&[("sec-fetch-site", "same-site")], &hidden, false),
        (&[("sec-fetch-site", "none")], &hidden, false),
        (&[("sec-fetch-site", "cross-site"), ("origin", ORIGIN)], &hidden, false),
        (&[("origin", ORIGIN)], "", true),
        (&[("origin", "https://evil.example")], &hidden, false),
        (&[("origin", "null")], &hidden, false),
        (&[], &hidden, true),
        (&[], "theme=dark", false),
        (&[], "theme=dark&csrf_token=", false),
        (&[], "theme=dark&csrf_token=AAAA", false),
        (&[("x-csrf-token", &token)], "", true),
        (&[("x-csrf-token", "AAAA")], &hidden, false),
    ];
    for (headers, body, passes) in cases {
        let mut all = vec![FORM];
        all.extend_from_slice(headers);
        let status = client.send(Method::POST, "/fn/access/choose_theme", &all, body).await.status;
        assert_eq!(status == StatusCode::FORBIDDEN, !passes, "{headers:?} {body}: {status}");
    }
    // REST with the cookie is held to the same; a bearer call brings its own proof.
    let json = ("content-type", "application/json");
    let forged =
        client.send(Method::POST, "/api/v1/auth/tokens", &[json, ("sec-fetch-site", "cross-site")], "{}").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let upload =
        client.send(Method::POST, "/api/v1/auth/tokens", &[json], &format!("{{\"csrf_token\":\"{token}\"}}")).await;
    assert_eq!(upload.status, StatusCode::FORBIDDEN, "the field is read from url-encoded bodies only");
    let bearer = client.login("ada@mill.example", PASSWORD).await;
    assert_eq!(bearer.status, StatusCode::OK, "{}", bearer.text);
    let authorization = format!("Bearer {}", bearer.json()["access_token"].as_str().expect("token"));
    let called = client
        .send(
            Method::POST,
            "/api/v1/auth/tokens",
            &[json, ("sec-fetch-site", "cross-site"), ("authorization", &authorization)],
            "{}",
        )
        .await;
    assert_eq!(called.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", called.text);
    let denied = world
        .number("select count(*) from ops.audit_log where action = 'access.denied' and reason = 'cross-site request'")
        .await;
    assert_eq!(denied, 12);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_ends_idle_and_absolutely(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = signed_in(&world, "ada@mill.example").await;
    // Used every twenty minutes it lives twelve hours, not longer.
    for n in 0..35 {
        world.clock.advance(chrono::Duration::minutes(20));
        world.door.forget_all();
        assert_eq!(client.get("/account").await.status, StatusCode::OK, "after {} minutes", (n + 1) * 20);
    }
    world.clock.advance(chrono::Duration::minutes(20));
    world.door.forget_all();
    assert_eq!(client.get("/account").await.status, StatusCode::SEE_OTHER);
    assert!(!client.cookies.contains_key("millrace"), "the stale cookie is taken away");

    let mut idle = signed_in(&world, "ada@mill.example").await;
    world.clock.advance(chrono::Duration::minutes(30));
    // Also when it is still held in memory.
    assert_eq!(idle.get("/account").await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_ended_elsewhere_is_over_at_the_next_request(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let (mut here, mut there) =
        (signed_in(&world, "ada@mill.example").await, signed_in(&world, "ada@mill.example").await);
    assert_eq!(there.get("/account").await.status, StatusCode::OK);
    let ended = post(&mut here, "/fn/access/end_other_sessions", "/account", "").await;
    assert_eq!((ended.status, ended.location()), (StatusCode::SEE_OTHER, "/account"));
    assert_eq!(there.get("/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(here.get("/account").await.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_new_token_is_shown_once_and_kept_nowhere(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = signed_in(&world, "ada@mill.example").await;
    let made = post(
        &mut client,
        "/fn/access/create_token",
        "/account/tokens",
        "name=cron&scopes%5B0%5D=overview.view&expires_in_days=7",
    )
    .await;
    assert_eq!((made.status, made.location()), (StatusCode::SEE_OTHER, "/account/tokens"), "{}", made.text);
    let secret = client.cookies["millrace_once"].clone();
    let page = client.get("/account/tokens").await;
    assert!(page.text.contains(&secret) && page.text.contains("cron"), "{}", page.text);
    assert!(!client.get("/account/tokens").await.text.contains(&secret));
    for table in ["access.api_tokens", "access.sessions", "ops.audit_log"] {
        let text: Option<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select string_agg(t::text, ' ') from {table} t")))
                .fetch_one(&world.owner)
                .await
                .expect("rows");
        assert!(!text.unwrap_or_default().contains(&secret[7..]), "{table}");
    }
    let refused = post(
        &mut client,
        "/fn/access/create_token",
        "/account/tokens",
        "name=nightly&scopes%5B0%5D=audit.view&expires_in_days=900",
    )
    .await;
    assert_eq!(refused.location(), "/account/tokens");
    let page = client.get("/account/tokens").await.text;
    assert!(
        page.contains("value=\"nightly\"") && page.contains("You do not hold") && page.contains("1 to 365"),
        "{page}"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn a_form_of_somebody_signed_out_goes_to_sign_in_and_a_program_gets_the_code(owner: PgPool) {
    let world = World::new(owner).await;
    let mut client = Client::new(&router(&world));
    let form = post(&mut client, "/fn/access/add_user", "/settings/users?q=a", "email=x").await;
    assert_eq!((form.status, form.location()), (StatusCode::SEE_OTHER, "/login?next=%2Fsettings%2Fusers%3Fq%3Da"));
    let program = client
        .send(Method::POST, "/fn/access/sign_in", &[FORM, OWN, ("accept", "application/json")], "name=ada&password=")
        .await;
    assert_eq!(program.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        (&program.json()["code"], &program.json()["fields"][0]["path"]),
        (&"validation".into(), &"password".into())
    );
    assert!(program.json()["request_id"].is_string());
}

#[sqlx::test(migrations = "../migrations")]
async fn the_set_up_link_makes_one_administrator_once(owner: PgPool) {
    let world = World::new(owner).await;
    let FirstAdmin::Link(path) = world.door.first_admin(None).await.expect("link") else { panic!("no link") };
    let mut client = Client::new(&router(&world));
    let page = client.get(&path).await;
    assert!(page.text.contains("action=\"/fn/access/set_up\""), "{}", page.text);
    assert!(!client.get("/setup?link=wrong").await.text.contains("action=\"/fn/access/set_up\""));
    let link = path.split('=').nth(1).expect("link");
    let form = |zone: &str| {
        format!(
            "link={link}&email=Ada%40mill.example&display_name=Ada&password=seven+plain+words+turn&zone={zone}&currency=gbp"
        )
    };
    let refused = post(&mut client, "/fn/access/set_up", &path, &form("Nowhere%2FLand")).await;
    assert_eq!(refused.location(), path, "a mistake does not use the link up");
    let page = client.get(&path).await.text;
    assert!(page.contains("There is no time zone of that name") && page.contains("value=\"Nowhere/Land\""), "{page}");
    let done = post(&mut client, "/fn/access/set_up", &path, &form("Europe%2FLondon")).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(client.get("/account").await.status, StatusCode::OK);
    let zone: serde_json::Value = sqlx::query_scalar("select value from ops.settings where key = 'business.zone'")
        .fetch_one(&world.owner)
        .await
        .expect("zone");
    assert_eq!(zone, "Europe/London");
    post(&mut Client::new(&router(&world)), "/fn/access/set_up", &path, &form("UTC")).await;
    assert_eq!(world.number("select count(*) from access.users").await, 1);
    assert_eq!(world.door.first_admin(None).await.expect("asked"), FirstAdmin::Exists);
}

#[sqlx::test(migrations = "../migrations")]
async fn over_https_cookies_are_bound_to_the_host(owner: PgPool) {
    let world = World::with(owner, AccessSettings::new(keys(), "https://mill.example/")).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = Client::new(&router(&world));
    let body = format!("name=ada%40mill.example&password={}", PASSWORD.replace(' ', "+"));
    let answer = post(&mut client, "/fn/access/sign_in", "/login", &body).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().expect("cookie");
    assert!(
        cookie.starts_with("__Host-millrace=") && cookie.contains("; Secure") && !cookie.contains("Domain"),
        "{cookie}"
    );
    let page = client.get("/account").await;
    let says = |name: &str| page.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert!(says("strict-transport-security").starts_with("max-age=31536000"));
    assert_eq!(
        (says("x-content-type-options"), says("referrer-policy")),
        ("nosniff".to_owned(), "same-origin".to_owned())
    );
    assert!(
        says("content-security-policy").contains("script-src 'self' 'nonce-")
            && says("content-security-policy").contains("frame-ancestors 'none'")
    );
    assert!(
        page.headers.contains_key("x-request-id")
            && page.headers.contains_key("x-process-time")
            && !page.headers.contains_key("server")
    );
    let api = client.send(Method::GET, "/api/v1/auth/me", &[], "").await;
    assert!(!api.headers["content-security-policy"].to_str().expect("policy").contains("nonce"));
}

#[sqlx::test(migrations = "../migrations")]
async fn over_https_the_cookie_of_a_session_that_is_over_is_taken_away(owner: PgPool) {
    let world = World::with(owner, AccessSettings::new(keys(), "https://mill.example")).await;
    let mut client = Client::new(&router(&world));
    for stale in ["AAAAAAAAAAAAAAAAAAAAAA", "no id at all"] {
        client.cookies.insert("__Host-millrace".to_owned(), stale.to_owned());
        let answer = client.get("/account").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let line = answer.headers[header::SET_COOKIE].to_str().expect("cookie");
        assert!(line.starts_with("__Host-millrace=;") && line.contains("Max-Age=0"), "{line}");
        assert!(line.contains("Path=/") && line.contains("; Secure"), "browsers ignore the line without both: {line}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_costs_one_query_and_none_while_it_is_believed(owner: PgPool) {
    let world = World::new(owner).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    let mut client = signed_in(&world, "ada@mill.example").await;
    client.send(Method::GET, "/api/v1/live/since", &[], "").await;
    let statements = Statements::listen();
    let of_sessions = |all: Vec<String>| -> Vec<String> {
        all.into_iter().filter(|sql| sql.contains("access.sessions")).map(|sql| sql[..6].to_owned()).collect()
    };
    for (forget, cost) in [(true, vec!["select"]), (false, vec![]), (true, vec!["select"])] {
        if forget {
            world.door.forget_all();
        }
        let answer = client.send(Method::GET, "/api/v1/live/since", &[], "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "nothing changed, nothing is written");
        assert_eq!(of_sessions(statements.take()), cost);
    }
    // After a minute the idle limit moves on, once.
    world.clock.advance(chrono::Duration::minutes(2));
    world.door.forget_all();
    client.send(Method::GET, "/api/v1/live/since", &[], "").await;
    assert_eq!(of_sessions(statements.take()), ["select", "update"]);
    // A sign-in with bad aim keeps what was typed, and writes it once.
    let mut stranger = Client::new(&router(&world));
    post(&mut stranger, "/fn/access/sign_in", "/login", "name=ada&password=wrong+wrong+wrong").await;
    assert_eq!(of_sessions(statements.take()), ["insert", "update", "update"], "opened, renamed, kept");
}

/// What the controls of a page of figures have chosen, in seconds.
fn chosen_pace(page: &str) -> &str {
    let select = page.split("id=\"auto-refresh\"").nth(1).expect("the choice");
    let chosen = select.split("<option").find(|option| option.contains(" selected")).expect("a chosen one");
    chosen.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a value")
}

#[sqlx::test(migrations = "../migrations")]
async fn how_often_pages_look_again_is_kept_with_the_user_on_every_device(root: PgPool) {
    let world = World::new(root).await;
    world.user("ada@mill.example", Some(Role::Viewer), &[]).await;
    world.user("bob@mill.example", Some(Role::Viewer), &[]).await;
    let mut desk = signed_in(&world, "ada@mill.example").await;
    assert_eq!(chosen_pace(&desk.get("/overview/kpis").await.text), "30");

    let (choose, from) = ("/fn/access/choose_auto_refresh", "/overview/kpis?period=7d");
    let refused = post(&mut desk, choose, from, "every=7&back=%2F").await;
    assert_eq!((refused.status, refused.location()), (StatusCode::SEE_OTHER, from));
    let page = desk.get(from).await.text;
    assert!(page.contains("Choose 0 (off), 15, 30, 60 or 300 seconds."), "{page}");
    assert_eq!(chosen_pace(&page), "30");

    let kept = post(&mut desk, choose, from, "every=300&back=%2Foverview%2Fkpis%3Fperiod%3D7d").await;
    assert_eq!((kept.status, kept.location()), (StatusCode::SEE_OTHER, from), "{}", kept.text);
    assert_eq!(chosen_pace(&desk.get(from).await.text), "300");
    let mut phone = signed_in(&world, "ada@mill.example").await;
    assert_eq!(chosen_pace(&phone.get("/").await.text), "300", "another device of the same person");
    let mut other = signed_in(&world, "bob@mill.example").await;
    assert_eq!(chosen_pace(&other.get("/").await.text), "30", "somebody else's choice is their own");

    let away = post(&mut desk, choose, from, "every=0&back=https%3A%2F%2Fevil.example").await;
    assert_eq!(away.location(), "/", "nobody is led elsewhere");
    assert_eq!(chosen_pace(&desk.get("/").await.text), "0");
}
