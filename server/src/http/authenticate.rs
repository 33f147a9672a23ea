//! The layer that finds out who calls and puts [`Caller`], [`SessionView`] and [`BrowserSession`]
//! into the request. Rights are checked behind it, by the route table; what was refused there is
//! written to the audit log here.

use super::{
    caller::Caller,
    client::ClientAddr,
    cross_site,
    error::ApiError,
    request::{CallerNote, RequestId},
};
use crate::access::{
    Credential, Doorkeeper, REMEMBERED_FOR, SessionId, Verified, WebSessions, browser::BrowserSession, ticket, told,
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::{
    AppError, ErrorCode,
    access::{Password, Principal, RequestTrace, SessionView, Theme},
};
use std::sync::Arc;
use store::audit::{Act, Outcome};
use tower_sessions::Session;

/// Paths that belong to nobody: no database is asked for them.
const OPEN: &[&str] = &["/pkg/", "/vendor/", "/fonts/", "/_stcore/", "/favicon"];

/// Cookie that carries a new secret to the one page that shows it.
const ONCE: &str = "millrace_once";

/// Use with `axum::middleware::from_fn_with_state(doorkeeper, authenticate)`, inside the session layer.
pub async fn authenticate(State(door): State<Arc<Doorkeeper>>, mut request: Request, next: Next) -> Response {
    if OPEN.iter().any(|start| request.uri().path().starts_with(start)) {
        request.extensions_mut().insert(Caller(None));
        return next.run(request).await;
    }
    let trace = trace_of(&door, &request);
    if carries_secret(request.uri()) {
        return refuse(AppError::new(
            ErrorCode::Unauthenticated,
            "Tokens in the address are not accepted, because addresses end up in logs. Send it as Authorization header.",
        ));
    }
    let session = session_of(&door, &request);
    let ticket = cookies(request.headers()).find(|(name, _)| *name == ticket::COOKIE).map(|(_, text)| text.to_owned());
    if let (Some(text), Some(id)) = (&ticket, session.id()) {
        door.admit_ticket(text, &Credential::Web(SessionId::of(id))).await;
    }
    let (credential, verified) = match identify(&door, &session, request.headers(), &trace).await {
        Ok(found) => found,
        // Health tells its story without a database, to a stranger.
        Err(_) if request.uri().path().starts_with("/health") => (Credential::None, None),
        Err(error) => return refuse(error),
    };
    // A session that is over makes a signed-out visitor; a token that is over makes an error.
    if verified.is_none() && matches!(credential, Credential::Jwt(_) | Credential::Token(_)) {
        return refuse(AppError::unauthenticated());
    }
    let principal = verified.as_ref().and_then(|v| v.principal(&credential, trace.clone()));
    if let (Some(user), Some(note)) =
        (principal.as_ref().and_then(Principal::user_id), request.extensions().get::<CallerNote>())
    {
        note.set(user.0);
    }
    let path = route_of(&request);
    let method = request.method().clone();

    let session_id = match (&credential, &verified) {
        (Credential::Web(id), Some(_)) => Some(id),
        _ => None,
    };
    if !request.headers().contains_key(header::AUTHORIZATION) {
        request = match cross_site::check(&door, session_id, request).await {
            Ok(request) => request,
            Err(error) => {
                note_denied(&door, principal.as_ref(), &method, &path, "cross-site request").await;
                return refuse(error);
            }
        };
    }

    let browser = BrowserSession::new(Arc::clone(&door), trace, credential.clone(), verified.clone(), session);
    let mut shows_once = false;
    if wants_view(&request) {
        let seen = Seen::of(&request);
        shows_once = seen.is_page && seen.once.is_some();
        match view(&door, &browser, seen, session_id, verified.as_deref()).await {
            Ok(view) => {
                request.extensions_mut().insert(view);
            }
            Err(error) => return refuse(error),
        }
    }
    request.extensions_mut().insert(Caller(principal.clone()));
    request.extensions_mut().insert(browser.clone());

    let mut response = next.run(request).await;

    if response.status() == StatusCode::FORBIDDEN {
        note_denied(&door, principal.as_ref(), &method, &path, "right is missing").await;
    }
    write_cookies(&door, &browser, shows_once, &mut response);
    write_ticket(&door, &credential, verified.as_deref(), ticket.is_some(), &mut response);
    if principal.is_some() && !response.headers().contains_key(header::CACHE_CONTROL) {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn refuse(error: AppError) -> Response {
    ApiError(error).into_response()
}

fn trace_of(door: &Doorkeeper, request: &Request) -> RequestTrace {
    let extensions = request.extensions();
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    RequestTrace {
        request_id: extensions
            .get::<RequestId>()
            .map_or_else(|| door.backend.clock.new_id().to_string(), |id| id.0.clone()),
        ip: extensions.get::<ClientAddr>().map(|client| client.0),
        user_agent: agent.map(|agent| agent.chars().take(400).collect()),
        session_ref: None,
    }
}

/// A token in the query: by its name or by its look.
fn carries_secret(uri: &Uri) -> bool {
    const NAMES: &[&str] = &["access_token", "token", "api_key", "apikey", "jwt", "bearer", "authorization"];
    let looks_secret = |value: &str| {
        value.contains(crate::access::TOKEN_PREFIX) || (value.starts_with("eyJ") && value.matches('.').count() == 2)
    };
    uri.query().unwrap_or_default().split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (NAMES.contains(&name.to_ascii_lowercase().as_str()) && !value.is_empty()) || looks_secret(value)
    })
}

/// The session of the cookie; with `Authorization`, which makes cookies count for nothing, an empty one.
fn session_of(door: &Arc<Doorkeeper>, request: &Request) -> Session {
    let carried = request.extensions().get::<Session>().cloned();
    carried
        .filter(|_| !request.headers().contains_key(header::AUTHORIZATION))
        .unwrap_or_else(|| Session::new(None, Arc::new(WebSessions::new(Arc::clone(door))), None))
}

/// What the request came with, and whether it is good. `Authorization` decides alone where it is
/// present; else the session, which asks the database once, or not at all while it is believed.
async fn identify(
    door: &Doorkeeper,
    session: &Session,
    headers: &HeaderMap,
    trace: &RequestTrace,
) -> Result<(Credential, Option<Arc<Verified>>), AppError> {
    let credential = match headers.get(header::AUTHORIZATION) {
        Some(value) => door.read_authorization(value.to_str().map_err(|_| AppError::unauthenticated())?)?,
        None => {
            // A session that is over loses its id here, and its cookie with the answer.
            load(session).await?;
            session.id().map_or(Credential::None, |id| Credential::Web(SessionId::of(id)))
        }
    };
    let verified = door.verify(&credential, trace).await?;
    Ok((credential, verified))
}

/// Reads the session where there is one.
async fn load(session: &Session) -> Result<(), AppError> {
    if session.id().is_some() { session.get_value("").await.map(|_| ()).map_err(told) } else { Ok(()) }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Only pages and server functions read the view of the session.
fn wants_view(request: &Request) -> bool {
    let path = request.uri().path();
    !path.starts_with("/api/") && !path.starts_with("/health") && !request.headers().contains_key(header::AUTHORIZATION)
}

/// What of the request the view depends on.
struct Seen {
    /// A page is rendered, which shows the refused form and the new secret.
    is_page: bool,
    theme: Theme,
    once: Option<Password>,
}

impl Seen {
    fn of(request: &Request) -> Self {
        let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self {
            is_page: request.method() == Method::GET
                && !request.uri().path().starts_with("/fn/")
                && accept.contains("text/html"),
            theme: cookies(request.headers())
                .find(|(name, _)| *name == "theme")
                .map_or(Theme::System, |(_, value)| Theme::parse(value)),
            once: cookies(request.headers()).find(|(name, _)| *name == ONCE).map(|(_, value)| Password::new(value)),
        }
    }
}

async fn view(
    door: &Doorkeeper,
    browser: &BrowserSession,
    seen: Seen,
    session: Option<&SessionId>,
    verified: Option<&Verified>,
) -> Result<SessionView, AppError> {
    let known = door.known_business().await;
    Ok(SessionView {
        user: verified.and_then(Verified::user),
        csrf_token: session.map(|id| door.settings().keys.csrf(&id.0)).unwrap_or_default(),
        theme: seen.theme,
        drill_until: door.drill_until(&known.business),
        business: known.business.clone(),
        demo: known.demo,
        note: if seen.is_page { browser.take_note().await? } else { None },
        once: seen.once.filter(|_| seen.is_page && verified.is_some()),
        denied: false,
    })
}

/// The pattern of the route, or the start of an unknown path: whole paths may hold anything.
fn route_of(request: &Request) -> String {
    let path = request.uri().path();
    match request.extensions().get::<MatchedPath>() {
        Some(matched) => matched.as_str().to_owned(),
        None if path.starts_with("/fn/") => path.chars().take(120).collect(),
        None => path.split('/').take(4).collect::<Vec<_>>().join("/").chars().take(120).collect(),
    }
}

/// One row for a denied act of somebody signed in. Calls of strangers are counted by the rate limit
/// and the log; writing each of them down would let anybody fill the database.
async fn note_denied(door: &Doorkeeper, who: Option<&Principal>, method: &Method, path: &str, reason: &str) {
    let Some(who) = who else { return };
    let act = Act::done("access.denied", "route", format!("{method} {path}")).ended(Outcome::Denied, reason);
    let written: store::Result<()> = async {
        let mut tx = store::begin(&door.backend.pools.auth).await?;
        store::audit::record(&mut tx, door.backend.clock.new_id(), door.now(), who, act).await?;
        store::commit(tx).await
    }
    .await;
    if let Err(error) = written {
        tracing::error!(%error, "a denied act could not be written to the audit log");
    }
}

fn write_cookies(door: &Doorkeeper, browser: &BrowserSession, shown: bool, response: &mut Response) {
    let is_https = door.settings().is_https();
    let outgoing = browser.outgoing();
    // The page reads and writes this one too.
    let theme = outgoing.theme.map(|theme| cookie("theme", theme.as_str(), "; Max-Age=31536000", is_https));
    let once = match &outgoing.once {
        Some(secret) => Some(cookie(ONCE, secret.reveal(), "; HttpOnly; Max-Age=60", is_https)),
        None if shown => Some(cookie(ONCE, "", "; HttpOnly; Max-Age=0", is_https)),
        None => None,
    };
    for line in theme.into_iter().chain(once) {
        if let Ok(value) = HeaderValue::from_str(&line) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

/// Gives the browser a ticket for an outage, or takes back that of a session that is over.
fn write_ticket(
    door: &Doorkeeper,
    credential: &Credential,
    verified: Option<&Verified>,
    had_one: bool,
    response: &mut Response,
) {
    let fresh = match verified.filter(|verified| verified.user_id().is_some()) {
        Some(verified) => door.ticket(credential, verified),
        None if had_one && !door.backend.breaker.is_open() => Some(String::new()),
        None => None,
    };
    let Some(text) = fresh else { return };
    let age = if text.is_empty() { 0 } else { REMEMBERED_FOR.as_secs() };
    let line = cookie(ticket::COOKIE, &text, &format!("; HttpOnly; Max-Age={age}"), door.settings().is_https());
    if let Ok(value) = HeaderValue::from_str(&line) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Values are base64url or words of ours: nothing to quote.
fn cookie(name: &str, value: &str, more: &str, is_https: bool) -> String {
    let secure = if is_https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; SameSite=Lax{secure}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_in_the_query_by_name_and_by_look() {
        for bad in ["/x?access_token=1", "/x?a=1&TOKEN=2", "/x?q=mr_pat_abc", "/live?t=eyJh.eyJz.c2ln"] {
            assert!(carries_secret(&bad.parse().unwrap()), "{bad}");
        }
        for good in ["/x", "/x?q=token", "/setup?link=abc", "/x?token=", "/x?q=eyJ"] {
            assert!(!carries_secret(&good.parse().unwrap()), "{good}");
        }
    }
}
