//! `/login`: sign in, then on to where one was going.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        page::PageHead,
    },
    context::session,
    features::access::{SignIn, own_path},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

#[component]
pub fn Login() -> impl IntoView {
    let state = FormState::plain(SignIn::PATH);
    let next = use_query_map().with_untracked(|query| query.get("next").unwrap_or_default());
    let next = own_path(&next).to_owned();
    let signed_in = session().user.map(|user| user.display_name);
    view! {
        <PageHead title="Sign in"/>
        <div class="auth-card">
            {signed_in.map(|name| view! { <p role="status">"You are signed in as "{name}". "<a href="/" rel="external">"Go to the overview"</a></p> })}
            <ErrorSummary state/>
            <form class="form" method="post" action=SignIn::PATH>
                <CsrfField/>
                <input type="hidden" name="next" value=next/>
                <Field state name="name" label="E-mail or user name" autocomplete="username" required=true/>
                <Field state name="password" label="Password" kind="password" autocomplete="current-password" required=true/>
                <div class="form-actions"><button class="btn primary" type="submit">"Sign in"</button></div>
            </form>
        </div>
    }
}
