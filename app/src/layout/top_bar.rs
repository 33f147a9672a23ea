//! Search, theme, and the signed-in person.

use crate::{
    browser,
    components::{form::CsrfField, live_badge::LiveBadge},
};
use crate::{features::alerts::unread, live::use_topic};
use domain::{
    access::{SignedInUser, Theme},
    live::Topic,
};
use leptos::prelude::*;

const fn next_theme(theme: Theme) -> Theme {
    match theme {
        Theme::System => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::System,
    }
}

#[component]
pub fn TopBar(user: SignedInUser, theme: Theme) -> impl IntoView {
    let (theme, set_theme) = signal(theme);
    let switch = move |_| {
        let next = next_theme(theme.get_untracked());
        set_theme.set(next);
        browser::set_theme(next.as_str());
    };
    view! {
        <header class="top">
            <form class="search-box" role="search" action="/search" method="get">
                <label class="visually-hidden" for="top-search">"Search"</label>
                <input id="top-search" name="q" type="search" placeholder="Search transactions, products, pages…" maxlength="100"/>
            </form>
            <LiveBadge/>
            <Bell/>
            <button class="btn quiet" type="button" on:click=switch>
                "Theme: " {move || theme.get().as_str()}
            </button>
            <div class="user-menu">
                <a href="/account">{user.display_name}</a>
                <form method="post" action="/fn/access/sign_out">
                    <CsrfField/>
                    <button class="btn quiet" type="submit">"Sign out"</button>
                </form>
            </div>
        </header>
    }
}

/// The inbox, with the number of messages not read where script runs; each new one is announced.
#[component]
fn Bell() -> impl IntoView {
    let told = use_topic(Topic::Notification);
    let waiting = LocalResource::new(move || {
        told.track();
        async { unread().await.unwrap_or_default() }
    });
    let count = move || waiting.get().flatten().filter(|n| *n > 0);
    view! {
        <a class="bell" href="/inbox" aria-live="polite">
            "Inbox" {move || count().map(|n| view! { " " <span class="badge bad num">{n}</span> })}
        </a>
    }
}
