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

/// When the newest that was seen came, and how grave it is: a digest may grow.
type Seen = Option<(DateTime<FixedOffset>, i16)>;

/// Messages that came while the page was open. A newer one takes the place of an older; a critical one has a place of its
/// own and stays until it is closed or read elsewhere.
#[component]
pub fn Toasts(told: Told) -> impl IntoView {
    let (shown, critical) = (RwSignal::new(None::<InboxItem>), RwSignal::new(None::<InboxItem>));
    // What is there when the page opens is no news.
    let seen = StoredValue::new(None::<(Seen, Seen)>);
    Effect::new(move |_| {
        let Some(Some(bell)) = told.get() else { return };
        let of = |item: &Option<InboxItem>| item.as_ref().map(|item| (item.at, item.severity.rank()));
        let newest = (of(&bell.latest), of(&bell.critical));
        let before = seen.get_value();
        let so_far = before.unwrap_or_default();
        seen.set_value(Some((newest.0.max(so_far.0), newest.1.max(so_far.1))));
        let Some(before) = before else { return };
        let stays = |item: &InboxItem| item.severity == Severity::Critical && item.event != "resolved";
        if let Some(item) = bell.latest.filter(|item| !stays(item) && before.0 < newest.0) {
            let id = item.id;
            set_timeout(move || shown.update(|now| drop(now.take_if(|now| now.id == id))), SHOWN_FOR);
            shown.set(Some(item));
        }
        if bell.critical.is_none() || before.1 < newest.1 {
            critical.set(bell.critical);
        }
    });
    let of = |shown: RwSignal<Option<InboxItem>>| move || Some(toast(shown.get()?, move || shown.set(None)));
    // Two regions that are always there: what comes into them is read out, the critical at once.
    view! {
        <div class="toasts">
            <div aria-live="polite">{of(shown)}</div>
            <div aria-live="assertive">{of(critical)}</div>
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
