//! `/account/tokens`: personal tokens for programs.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    context::session,
    features::access::{CreateToken, RevokeToken, RotateToken, load_tokens},
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    access::{TokenState, TokenView},
    format,
};
use leptos::{prelude::*, server_fn::ServerFn};

/// The token page.
#[derive(Debug)]
pub struct TokensRoute {
    tokens: PageData<Vec<TokenView>>,
}

impl LazyPage for TokensRoute {
    fn data() -> Self {
        Self { tokens: PageData::load(|| (), |()| load_tokens()) }
    }

    fn view(this: Self) -> AnyView {
        view! {
            <PageHead title="API tokens" scope="For programs that act as you; a token can do what you choose, never more than you">
                <a class="btn" href="/account">"Account"</a>
            </PageHead>
            <div aria-live="polite">{new_secret()}</div>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move { ready_or_failed(this.tokens.await, list) })}
            </Transition>
            {create_form()}
        }
        .into_any()
    }
}

fn new_secret() -> Option<impl IntoView> {
    session().once.map(|secret| {
        view! {
            <section class="card" role="status">
                <header><h2>"Your new token"</h2></header>
                <p>"Copy it now. It is not kept and cannot be shown again."</p>
                <p><code>{secret.reveal().to_owned()}</code></p>
            </section>
        }
    })
}

fn list(tokens: Vec<TokenView>) -> AnyView {
    if tokens.is_empty() {
        return view! { <Empty message="No tokens yet. Make one below for each program that needs one."/> }.into_any();
    }
    let rows = tokens.into_iter().map(row).collect_view();
    view! {
        <section class="card">
            <div class="table-wrap">
                <table class="stack">
                    <thead><tr><th>"Name"</th><th>"Rights"</th><th>"Ends"</th><th>"Last used"</th><th>"State"</th><th><span class="visually-hidden">"Actions"</span></th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(token: TokenView) -> impl IntoView {
    let (class, words) = match token.state {
        TokenState::Active => ("badge good", "Active"),
        TokenState::EndsSoon => ("badge warn", "Ends soon"),
        TokenState::Expired => ("badge neutral", "Expired"),
        TokenState::Revoked => ("badge neutral", "Revoked"),
    };
    let works = matches!(token.state, TokenState::Active | TokenState::EndsSoon);
    let rights = token.scopes.iter().map(|scope| scope.key()).collect::<Vec<_>>().join(", ");
    let used = token.last_used_at.map_or_else(|| "never".to_owned(), format::date_time);
    let id = token.id.to_string();
    let acts = works.then(|| {
        view! {
            <form method="post" action=RotateToken::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=id.clone()/>
                <button class="btn quiet" type="submit" aria-label=format!("New secret for {}", token.name)>"New secret"</button>
            </form>
            <form method="post" action=RevokeToken::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <button class="btn danger" type="submit" aria-label=format!("Revoke {}", token.name)>"Revoke"</button>
            </form>
        }
    });
    view! {
        <tr>
            <td data-label="Name">{token.name.clone()}" "<small>"mr_pat_"{token.prefix}"…"</small></td>
            <td data-label="Rights">{rights}</td>
            <td data-label="Ends">{format::date_time(token.expires_at)}</td>
            <td data-label="Last used">{used}</td>
            <td data-label="State"><span class=class>{words}</span></td>
            <td>{acts}</td>
        </tr>
    }
}

fn create_form() -> impl IntoView {
    let state = FormState::plain(CreateToken::PATH);
    let rights = session().user.map(|user| user.rights.iter().collect::<Vec<_>>()).unwrap_or_default();
    let boxes = rights
        .into_iter()
        .enumerate()
        .map(|(n, right)| {
            view! {
                <label class="check">
                    <input type="checkbox" name=format!("scopes[{n}]") value=right.key()/>
                    " "{right.key()}
                </label>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"Make a token"</h2></header>
            <ErrorSummary state/>
            <form class="form" method="post" action=CreateToken::PATH>
                <CsrfField/>
                <div class="form-grid">
                    <Field state name="name" label="Name" required=true help="What will use it, for example “nightly export”."/>
                    <Field state name="expires_in_days" label="Days it lives" kind="number" value="90" help="1 to 365."/>
                </div>
                <fieldset class="form-grid">
                    <legend>"Rights"</legend>
                    {boxes}
                </fieldset>
                <p class="error">{move || state.fault("scopes").get()}</p>
                <div class="form-actions"><button class="btn primary" type="submit">"Make the token"</button></div>
            </form>
        </section>
    }
}
