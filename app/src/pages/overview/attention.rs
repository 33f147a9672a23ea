//! `/overview/attention`: everything that needs a hand, and the short list of the home page.

mod put_off;
mod rows;

use super::place;
use crate::{
    components::{
        form::{ErrorSummary, FormState},
        page::PageHead,
        states::{Loading, ready_or_failed, section},
    },
    context::{session, set_status},
    fault::Fault,
    features::{
        jobs::{RetryJob, RunSchedule},
        overview::attention::{SnoozeItem, UnsnoozeItem, load_attention},
    },
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    ErrorCode, format,
    live::Topic,
    overview::attention::{AttentionList, AttentionQuery, Feature, Look, Severity, Unavailable, snoozed_in},
    query,
};
use leptos::prelude::*;
use leptos_router::{hooks::use_location, location::Location};

/// Items of the short list.
const SHORT: usize = 8;

/// A list and what one can do about its items. Made where the page's other data is.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct NeedsAttention {
    list: PageData<AttentionList>,
    critical: RwSignal<i64>,
    snooze: ServerAction<SnoozeItem>,
    unsnooze: ServerAction<UnsnoozeItem>,
    /// The item put off last on this page, or tried to be.
    tried: RwSignal<Option<String>>,
    /// Where a form without script goes back to; with script the page stays, and this is empty.
    back: RwSignal<String>,
    retry: ServerAction<RetryJob>,
    run: ServerAction<RunSchedule>,
}

impl NeedsAttention {
    /// Asks again.
    pub fn refetch(self) {
        self.list.refetch();
    }

    /// All items, for the home page.
    #[must_use]
    pub fn of_all() -> Self {
        Self::asking(String::new)
    }

    /// The items that the address asks for.
    fn of_address() -> Self {
        let search = use_location().search;
        Self::asking(move || search.get())
    }

    fn asking(query: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let changed = [Topic::Transactions, Topic::Integrations, Topic::Jobs].map(use_topic);
        let snooze: ServerAction<SnoozeItem> = ServerAction::new();
        let unsnooze: ServerAction<UnsnoozeItem> = ServerAction::new();
        let versions = move || (snooze.version().get(), unsnooze.version().get());
        let source = move || (query(), changed.map(|topic| topic.get()), versions());
        let list = PageData::load(source, |(query, ..)| load_attention(query));
        let Location { pathname, search, .. } = use_location();
        let search = search.get_untracked();
        let tried = RwSignal::new(snoozed_in(&search));
        let back = RwSignal::new(format!("{}{}", pathname.get_untracked(), place::query(&search)));
        Effect::new(move |_| back.set(String::new()));
        Effect::new(move |_| {
            if let Some(SnoozeItem { key, .. }) = snooze.input().get() {
                tried.set(Some(key));
            }
        });
        let (retry, run) = (ServerAction::new(), ServerAction::new());
        Self { list, critical: RwSignal::new(0), snooze, unsnooze, tried, back, retry, run }
    }

    /// Critical items as shown, for the title of the page.
    #[must_use]
    pub fn critical(self) -> Signal<i64> {
        self.critical.into()
    }
}

/// The block of the home page; it fails alone.
#[component]
pub fn AttentionBlock(of: NeedsAttention) -> impl IntoView {
    view! {
        <article class="card" data-attention aria-labelledby="needs-attention">
            <header>
                <h2 id="needs-attention">"Needs attention"</h2>
                <span class="meta"><a href="/overview/attention">"All"</a></span>
            </header>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move { section("Needs attention", of.list.settled().await, move |list| short(list, of)) })}
            </Transition>
        </article>
    }
}

fn short(mut list: AttentionList, of: NeedsAttention) -> impl IntoView {
    let more = list.total - i64::try_from(SHORT).unwrap_or(i64::MAX);
    list.items.truncate(SHORT);
    of.critical.set(list.critical);
    let more =
        (more > 0).then(|| view! { <p class="sub"><a href="/overview/attention">{format!("{more} more")}</a></p> });
    view! {
        {unavailable(list.unavailable)}
        {put_off::told(&list.put_off, &list.items, of)}
        {if list.items.is_empty() { nothing(&list.looked_at).into_any() } else { rows::items(list.items, of).into_any() }}
        {more}
    }
}

/// A filter that cannot be is the page's own fault; a feature that does not answer is none.
pub fn with_status<T>(answer: Result<T, Fault>) -> Result<T, Fault> {
    answer.inspect_err(|Fault(error)| {
        if error.code == ErrorCode::Validation {
            set_status(error.code.status());
        }
    })
}

/// The page.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct AttentionRoute {
    of: NeedsAttention,
    search: Memo<String>,
}

impl LazyPage for AttentionRoute {
    fn data() -> Self {
        Self { of: NeedsAttention::of_address(), search: use_location().search }
    }

    fn view(this: Self) -> AnyView {
        let AttentionRoute { of, search } = this;
        view! {
            <PageHead title="Needs attention" scope="The most urgent first">
                <a class="btn quiet" href="/overview/freshness">"Freshness"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(of.retry)/>
            <ErrorSummary state=FormState::of(of.run)/>
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move {
                    let list = with_status(of.list.await);
                    let asked = AttentionQuery::parse(query::pairs(&search.get_untracked()));
                    ready_or_failed(list, move |list| whole(list, &asked, of))
                })}
            </Transition>
        }
        .into_any()
    }
}

fn whole(list: AttentionList, asked: &AttentionQuery, of: NeedsAttention) -> impl IntoView + use<> {
    let filtered = asked.feature.is_some() || asked.severity.is_some();
    let total = match list.total {
        1 => "1 item".to_owned(),
        n => format!("{n} items"),
    };
    let put_off = (list.snoozed > 0).then(|| format!(" · {} put off", list.snoozed));
    let told = put_off::told(&list.put_off, &list.items, of).into_any();
    let waiting = put_off::waiting(list.put_off, of);
    let critical = (list.critical > 0).then(|| format!(" · {} critical", list.critical));
    let body = if !list.items.is_empty() {
        rows::items(list.items, of).into_any()
    } else if filtered {
        view! { <div class="empty"><p>"Nothing of this needs you now."</p><p><a class="btn" href="/overview/attention">"All items"</a></p></div> }
            .into_any()
    } else {
        nothing(&list.looked_at).into_any()
    };
    view! {
        {filters(asked)}
        {unavailable(list.unavailable)}
        <section class="card" data-attention>
            <p class="total" role="status">{total}{critical}{put_off}</p>
            {told}
            {body}
            {waiting}
        </section>
        {looks(list.looked_at)}
    }
}

/// Chips by severity and by feature, plain links.
fn filters(asked: &AttentionQuery) -> impl IntoView + use<> {
    let chip = |label: &'static str, on: bool, query: AttentionQuery| {
        let pairs = [("feature", query.feature.as_deref()), ("severity", query.severity.as_deref())];
        let written = query::write(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let href = if written.is_empty() {
            "/overview/attention".to_owned()
        } else {
            format!("/overview/attention?{written}")
        };
        view! { <li><a href=href aria-current=on.then_some("true")>{label}</a></li> }
    };
    let severity = asked.severity.as_deref();
    let mut by_severity =
        vec![chip("Any severity", severity.is_none(), AttentionQuery { severity: None, ..asked.clone() })];
    by_severity.extend(Severity::ALL.iter().map(|one| {
        let query = AttentionQuery { severity: Some(one.as_str().to_owned()), ..asked.clone() };
        chip(one.label(), severity == Some(one.as_str()), query)
    }));
    let feature = asked.feature.as_deref();
    let session = session();
    let mut by_feature =
        vec![chip("Any feature", feature.is_none(), AttentionQuery { feature: None, ..asked.clone() })];
    by_feature.extend(Feature::ALL.iter().filter(|one| session.may(one.right())).map(|one| {
        let query = AttentionQuery { feature: Some(one.as_str().to_owned()), ..asked.clone() };
        chip(one.label(), feature == Some(one.as_str()), query)
    }));
    view! {
        <nav aria-label="Filter items">
            <ul class="chips" aria-label="By severity">{by_severity}</ul>
            <ul class="chips" aria-label="By feature">{by_feature}</ul>
        </nav>
    }
}

/// One line for each feature that did not answer.
pub fn unavailable(missing: Vec<Unavailable>) -> impl IntoView {
    let lines = missing.into_iter().map(|line| {
        let why = line.error_class.words();
        view! { <p class="stale" role="status" data-unavailable=line.feature.as_str()>{line.message}" ("{why}")"</p> }
    });
    lines.collect_view()
}

fn nothing(looks: &[Look]) -> impl IntoView + use<> {
    let words = looks.iter().map(look_words).collect::<Vec<_>>().join(" · ");
    view! { <div class="empty"><p>"Nothing needs you now."</p><p class="sub">{words}</p></div> }
}

fn look_words(look: &Look) -> String {
    let at = look.at.map_or_else(|| "not looked at yet".to_owned(), |at| format!("looked at {}", format::time(at)));
    format!("{}: {at}", look.feature.label())
}

fn looks(looks: Vec<Look>) -> impl IntoView {
    let words = looks.iter().map(look_words).collect::<Vec<_>>().join(" · ");
    view! { <p class="meta" data-looks>{words}</p> }
}
