//! `/setup?link=…`: the first administrator of a new installation.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    features::access::{SetUp, setup_is_open},
    page_data::PageData,
    pages::LazyPage,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// The set-up page.
#[derive(Debug)]
pub struct SetupRoute {
    link: String,
    open: PageData<bool>,
}

impl LazyPage for SetupRoute {
    fn data() -> Self {
        let link = use_query_map().with_untracked(|query| query.get("link").unwrap_or_default());
        let asked = link.clone();
        Self { link, open: PageData::load(move || asked.clone(), setup_is_open) }
    }

    fn view(this: Self) -> AnyView {
        let SetupRoute { link, open } = this;
        view! {
            <PageHead title="Set up Millrace"/>
            <div class="auth-card">
                <Transition fallback=|| view! { <Loading lines=6/> }>
                    {move || {
                        let link = link.clone();
                        Suspend::new(async move { ready_or_failed(open.await, move |open| if open { form(link) } else { closed() }) })
                    }}
                </Transition>
            </div>
        }
        .into_any()
    }
}

fn form(link: String) -> AnyView {
    let state = FormState::plain(SetUp::PATH);
    view! {
        <p>"This makes the first administrator. Days begin in the time zone of the business, and sums are shown in its currency."</p>
        <ErrorSummary state/>
        <form class="form" method="post" action=SetUp::PATH>
            <CsrfField/>
            <input type="hidden" name="link" value=link/>
            <Field state name="email" label="E-mail" kind="email" autocomplete="username" required=true/>
            <Field state name="display_name" label="Your name" autocomplete="name" required=true/>
            <Field state name="password" label="Password" kind="password" autocomplete="new-password" required=true
                help="At least 12 characters; several words are fine."/>
            <Field state name="zone" label="Time zone" value="UTC" required=true help="For example Europe/London or Asia/Kolkata."/>
            <Field state name="currency" label="Currency" value="USD" required=true help="Three letters, for example EUR."/>
            <div class="form-actions"><button class="btn primary" type="submit">"Set up and sign in"</button></div>
        </form>
    }
    .into_any()
}

fn closed() -> AnyView {
    view! {
        <p role="status">"This link is used up or too old. Start the server again: while nobody can sign in, it prints a new one."</p>
        <p><a href="/login" rel="external">"Sign in"</a></p>
    }
    .into_any()
}
