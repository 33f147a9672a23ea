//! The frame of every page: side navigation, top bar, banner, phone bar.

mod bell;
mod nav;
mod palette;
mod top_bar;

use crate::{context::session, pages::forbidden::Forbidden};
use domain::format;
use leptos::prelude::*;

/// The frame for the signed-in; the bare page for everybody else (sign-in, set-up).
#[component]
pub fn Layout(children: Children) -> impl IntoView {
    let view = session();
    let demo = view.demo;
    let drill = view.drill_until;
    let content = if view.denied { view! { <Forbidden/> }.into_any() } else { children().into_any() };
    match view.user {
        None => view! { <main class="auth" id="content" tabindex="-1">{content}</main> }.into_any(),
        Some(user) => {
            let told = bell::use_told();
            view! {
            // Left to the browser: the router would scroll there but not move the focus.
            <a class="skip-link" href="#content" rel="external">"Skip to content"</a>
            <div class="app">
                <nav::SideNav rights=user.rights.clone()/>
                <div class="page-column">
                    <top_bar::TopBar user=user.clone() theme=view.theme told/>
                    {demo.then(|| view! {
                        <div class="banner demo" role="note">"Demo data: the figures come from a generated demo world."</div>
                    })}
                    {drill.map(|until| view! {
                        <div class="banner warn" role="status" data-drill-banner>
                            {format!("Fault drill until {}: some of the trouble you see is rehearsed.", format::time(until))}
                        </div>
                    })}
                    <main class="page" id="content" tabindex="-1">{content}</main>
                </div>
            </div>
            <nav::TabBar rights=user.rights/>
            <palette::Palette/>
            <bell::Toasts told/>
        }
        .into_any()
        }
    }
}
