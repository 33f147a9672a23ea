//! Search, theme, and the signed-in person.

use super::bell::{BellLink, Told};
use crate::{
    browser,
    components::{form::CsrfField, live_badge::LiveBadge},
};
use domain::access::{SignedInUser, Theme};
use leptos::prelude::*;

const fn next_theme(theme: Theme) -> Theme {
    match theme {
        Theme::System => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::System,
    }
}

#[component]
pub fn TopBar(user: SignedInUser, theme: Theme, told: Told) -> impl IntoView {
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
            <BellLink told/>
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
