//! `/inbox`: what the caller was told.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::alerts::{MarkRead, load_inbox},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    alerts::{Inbox, InboxItem},
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};

/// The page of messages.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct InboxRoute {
    inbox: PageData<Inbox>,
    read: ServerAction<MarkRead>,
}

impl LazyPage for InboxRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Notification);
        let read = ServerAction::new();
        let asked = move || (changed.get(), read.version().get());
        Self { inbox: PageData::load(asked, |_| load_inbox()), read }
    }

    fn view(this: Self) -> AnyView {
        let InboxRoute { inbox, read } = this;
        view! {
            <PageHead title="Inbox" scope="What you were told, unread first">
                <a class="btn" href="/inbox/preferences">"Preferences"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(read)/>
            <Transition fallback=|| view! { <Loading lines=6/> }>
                {move || Suspend::new(async move { ready_or_failed(inbox.await, move |inbox| shown(inbox, read)) })}
            </Transition>
        }
        .into_any()
    }
}

fn shown(inbox: Inbox, read: ServerAction<MarkRead>) -> impl IntoView {
    if inbox.items.is_empty() {
        return view! { <Empty message="No message yet."/> }.into_any();
    }
    let mark = |id: String, words: &'static str| {
        view! {
            <ActionForm action=read>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <button class="btn" type="submit">{words}</button>
            </ActionForm>
        }
    };
    let all = (inbox.unread > 0).then(|| mark(String::new(), "Mark all as read"));
    let item = |item: InboxItem| {
        let button = item.read_at.is_none().then(|| mark(item.id.to_string(), "Read"));
        view! {
            <tr class:unread=item.read_at.is_none()>
                <td><span class=format!("badge {}", item.severity.tone())>{item.severity.label()}</span></td>
                <td>{item.words()}": "<a href=item.path()>{item.title.clone()}</a></td>
                <td>{when(item.at)}</td>
                <td>{button}</td>
            </tr>
        }
    };
    let rows = inbox.items.into_iter().map(item).collect_view();
    view! {
        <div class="filters">{all}</div>
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Severity"</th><th scope="col">"Message"</th><th scope="col">"When"</th>
                    <th scope="col"><span class="visually-hidden">"Act"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
