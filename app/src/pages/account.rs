//! `/account`: who one is, theme, password, open sessions.

pub mod tokens;

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::session,
    features::access::{ChangePassword, ChooseTheme, EndOtherSessions, EndSession, load_account},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::{Me, SessionItem, SessionKind, Theme},
    format,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// The account page.
#[derive(Debug)]
pub struct AccountRoute {
    account: PageData<(Me, Vec<SessionItem>)>,
}

impl LazyPage for AccountRoute {
    fn data() -> Self {
        Self { account: PageData::load(|| (), |()| load_account()) }
    }

    fn view(this: Self) -> AnyView {
        let changed = use_query_map().with_untracked(|query| query.get("done").as_deref() == Some("password"));
        view! {
            <PageHead title="Account">
                <a class="btn" href="/account/tokens">"API tokens"</a>
            </PageHead>
            <div aria-live="polite">
                {changed.then(|| view! { <p class="badge good" role="status">"Password changed. All other sessions have ended."</p> })}
            </div>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move {
                    ready_or_failed(this.account.await, |(me, sessions)| view! { {profile(me)} {session_list(sessions)} })
                })}
            </Transition>
            {password_form()}
            {theme_form()}
        }
        .into_any()
    }
}

fn profile(me: Me) -> impl IntoView {
    let sets = me.sets.iter().map(|set| set.as_str()).collect::<Vec<_>>().join(", ");
    let must_change = me.must_change_password;
    view! {
        {must_change.then(|| view! {
            <div class="error-summary" role="alert"><p>"Your password was set by somebody else. Change it below."</p></div>
        })}
        <section class="card">
            <header><h2>"Profile"</h2></header>
            <dl class="details">
                <div><dt>"Name"</dt><dd>{me.display_name}</dd></div>
                <div><dt>"E-mail"</dt><dd>{me.email}</dd></div>
                <div><dt>"Role"</dt><dd>{me.role.map_or("none", |role| role.as_str())}</dd></div>
                <div><dt>"Permission sets"</dt><dd>{if sets.is_empty() { "none".to_owned() } else { sets }}</dd></div>
            </dl>
        </section>
    }
}

fn session_list(sessions: Vec<SessionItem>) -> impl IntoView {
    let others = sessions.iter().any(|s| !s.current);
    let rows = sessions.into_iter().map(session_row).collect_view();
    view! {
        <section class="card">
            <header>
                <h2>"Open sessions"</h2>
                {others.then(|| view! {
                    <form method="post" action=EndOtherSessions::PATH>
                        <CsrfField/>
                        <button class="btn" type="submit">"End all others"</button>
                    </form>
                })}
            </header>
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th>"Device"</th><th>"Address"</th><th>"Since"</th><th>"Last used"</th><th><span class="visually-hidden">"Actions"</span></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn session_row(session: SessionItem) -> impl IntoView {
    let kind = if session.kind == SessionKind::Jwt { " (API sign-in)" } else { "" };
    let end = if session.current {
        view! { <span class="badge info">"This one"</span> }.into_any()
    } else {
        let label = format!("End the session of {}", session.device);
        view! {
            <form method="post" action=EndSession::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=session.id/>
                <button class="btn quiet" type="submit" aria-label=label>"End"</button>
            </form>
        }
        .into_any()
    };
    view! {
        <tr>
            <td data-label="Device">{session.device}{kind}</td>
            <td data-label="Address">{session.ip.unwrap_or_else(|| "–".to_owned())}</td>
            <td data-label="Since">{format::date_time(session.created_at)}</td>
            <td data-label="Last used">{format::date_time(session.last_seen_at)}</td>
            <td>{end}</td>
        </tr>
    }
}

fn password_form() -> impl IntoView {
    let state = FormState::plain(ChangePassword::PATH);
    view! {
        <section class="card">
            <header><h2>"Change password"</h2></header>
            <ErrorSummary state/>
            <form class="form" method="post" action=ChangePassword::PATH>
                <CsrfField/>
                <div class="form-grid">
                    <Field state name="old_password" label="Present password" kind="password" autocomplete="current-password" required=true/>
                    <Field state name="new_password" label="New password" kind="password" autocomplete="new-password" required=true
                        help="At least 12 characters; several words are fine. All other sessions end."/>
                </div>
                <div class="form-actions"><button class="btn primary" type="submit">"Change password"</button></div>
            </form>
        </section>
    }
}

fn theme_form() -> impl IntoView {
    let chosen = session().theme;
    let options = [(Theme::System, "As the system"), (Theme::Light, "Light"), (Theme::Dark, "Dark")]
        .map(|(theme, words)| view! { <option value=theme.as_str() selected=theme == chosen>{words}</option> })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"Theme"</h2></header>
            <form class="form" method="post" action=ChooseTheme::PATH>
                <CsrfField/>
                <div class="field">
                    <label for="theme">"Colours of this browser"</label>
                    <select id="theme" name="theme">{options}</select>
                </div>
                <div class="form-actions"><button class="btn" type="submit">"Keep"</button></div>
            </form>
        </section>
    }
}
