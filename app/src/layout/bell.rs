//! What the person was told: the bell with what is not read, and each new message as it comes.

use crate::{features::alerts::load_bell, live::use_topic};
use chrono::{DateTime, FixedOffset};
use domain::{
    alerts::{Bell, InboxItem},
    live::Topic,
    severity::Severity,
};
use leptos::prelude::*;
use std::time::Duration;

/// So long a message stays that is not critical.
const SHOWN_FOR: Duration = Duration::from_secs(10);

/// What is not read, asked anew with each message; known where script runs.
pub type Told = LocalResource<Option<Bell>>;

/// Called once, by the frame.
#[must_use]
pub fn use_told() -> Told {
    let told = use_topic(Topic::Notification);
    LocalResource::new(move || {
        told.track();
        async { load_bell().await.unwrap_or_default() }
    })
}

/// The inbox, with the number of messages not read.
#[component]
pub fn BellLink(told: Told) -> impl IntoView {
    let count = move || told.get().flatten().map(|bell| bell.unread).filter(|n| *n > 0);
    view! {
        <a class="bell" href="/inbox">
            "Inbox" {move || count().map(|n| view! { " " <span class="badge bad num">{n}</span> })}
        </a>
    }
}

/// The message that came while the page was open: a newer one takes its place, a critical one stays until it is closed.
#[component]
pub fn Toasts(told: Told) -> impl IntoView {
    let shown = RwSignal::new(None::<InboxItem>);
    // When the newest that was seen came, and how grave it is: a digest may grow. What is there when the page opens is no news.
    let seen = StoredValue::new(None::<Option<(DateTime<FixedOffset>, i16)>>);
    Effect::new(move |_| {
        let Some(Some(bell)) = told.get() else { return };
        let newest = bell.latest.as_ref().map(|item| (item.at, item.severity.rank()));
        let before = seen.get_value();
        seen.set_value(Some(newest.max(before.flatten())));
        if let (Some(before), Some(item)) = (before, bell.latest)
            && before < newest
        {
            if item.severity != Severity::Critical {
                let id = item.id;
                set_timeout(move || shown.update(|now| drop(now.take_if(|now| now.id == id))), SHOWN_FOR);
            }
            shown.set(Some(item));
        }
    });
    let of = move |critical: bool| {
        move || {
            let item = shown.get().filter(|item| (item.severity == Severity::Critical) == critical)?;
            Some(toast(item, move || shown.set(None)))
        }
    };
    // Two regions that are always there: what comes into them is read out, the critical at once.
    view! {
        <div class="toasts">
            <div aria-live="polite">{of(false)}</div>
            <div aria-live="assertive">{of(true)}</div>
        </div>
    }
}

fn toast(item: InboxItem, close: impl Fn() + 'static) -> impl IntoView {
    view! {
        <div class=format!("toast {}", item.severity.tone()) data-toast>
            <div>
                <strong>{item.severity.label()}</strong>" · "{item.words()}": "
                <a href=item.path()>{item.title.clone()}</a>
            </div>
            <button class="btn quiet" type="button" on:click=move |_| close()>"Close"</button>
        </div>
    }
}
