//! `/alerts/channels`: ways out of the house, and what went through them.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, Field, FormState},
        moment::when,
        page::PageHead,
        states::{Empty, Loading, ready_or_failed},
    },
    features::alerts::{ActOnChannel, AddChannel, load_channels},
    live::use_topic,
    page_data::PageData,
    pages::LazyPage,
};
use domain::{
    alerts::{Channel, ChannelKind, ChannelScreen, Delivery, Severity, WebhookFormat},
    live::Topic,
};
use leptos::{form::ActionForm, prelude::*};

/// The page of channels.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct ChannelsRoute {
    screen: PageData<ChannelScreen>,
    add: ServerAction<AddChannel>,
    act: ServerAction<ActOnChannel>,
}

impl LazyPage for ChannelsRoute {
    fn data() -> Self {
        let changed = use_topic(Topic::Alerts);
        let (add, act) = (ServerAction::new(), ServerAction::new());
        let asked = move || (changed.get(), add.version().get(), act.version().get());
        Self { screen: PageData::load(asked, |_| load_channels()), add, act }
    }

    fn view(this: Self) -> AnyView {
        let ChannelsRoute { screen, add, act } = this;
        view! {
            <PageHead title="Channels" scope="Where alerts are told outside of Millrace">
                <a class="btn" href="/alerts">"All alerts"</a>
                <a class="btn" href="/alerts/routes">"Routes"</a>
            </PageHead>
            <ErrorSummary state=FormState::of(act)/>
            <Transition fallback=|| view! { <Loading lines=4/> }>
                {move || Suspend::new(async move { ready_or_failed(screen.await, move |screen| shown(screen, act)) })}
            </Transition>
            {form(add)}
        }
        .into_any()
    }
}

fn shown(screen: ChannelScreen, act: ServerAction<ActOnChannel>) -> impl IntoView {
    let channels = if screen.channels.is_empty() {
        view! { <Empty message="No channel yet: administrators are told in their inbox only."/> }.into_any()
    } else {
        list(screen.channels, act).into_any()
    };
    let deliveries = (!screen.deliveries.is_empty()).then(|| sent(screen.deliveries));
    view! { {channels}{deliveries} }
}

fn list(channels: Vec<Channel>, act: ServerAction<ActOnChannel>) -> impl IntoView {
    let rows = channels
        .into_iter()
        .map(|channel| {
            let id = channel.id.to_string();
            let switch = if channel.enabled { ("disable", "Switch off") } else { ("enable", "Switch on") };
            let buttons = [("test", "Test"), switch, ("delete", "Delete")].map(|(how, words)| view! {
                <button class="btn" type="submit" name="how" value=how>{words}</button>
            });
            let last = match (channel.last_ok_at, channel.last_error_at) {
                (ok, Some(error)) if ok.is_none_or(|ok| ok < error) => {
                    let told = channel.last_error.clone().unwrap_or_default();
                    view! { <span class="badge bad">"Failed"</span>" "{told}" "{when(error)} }.into_any()
                }
                (Some(ok), _) => view! { <span class="badge good">"Delivered"</span>" "{when(ok)} }.into_any(),
                _ => "Nothing sent yet".into_any(),
            };
            view! {
                <tr>
                    <td><strong>{channel.name}</strong><div class="sub">{channel.kind.label()}" · "{channel.target}</div></td>
                    <td>{if channel.enabled { last } else { "Off".into_any() }}</td>
                    <td>
                        <ActionForm action=act>
                            <CsrfField/>
                            <input type="hidden" name="id" value=id/>
                            <div class="form-actions">{buttons}</div>
                        </ActionForm>
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-wrap">
            <table class="stack">
                <thead><tr>
                    <th scope="col">"Channel"</th><th scope="col">"Last"</th>
                    <th scope="col"><span class="visually-hidden">"Act"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn sent(deliveries: Vec<Delivery>) -> impl IntoView {
    let rows = deliveries
        .into_iter()
        .map(|one| {
            let (tone, words) = one.words();
            let title = match one.alert_id {
                Some(id) => view! { <a href=format!("/alerts/{id}")>{one.title}</a> }.into_any(),
                None => one.title.into_any(),
            };
            view! {
                <tr>
                    <td>{title}<div class="sub">{one.event.replace('_', " ")}</div></td>
                    <td class="hide">{one.channel}</td>
                    <td class="hide">{when(one.created_at)}</td>
                    <td><span class=format!("badge {tone}")>{words}</span>" "{one.error}</td>
                    <td class="r num hide">{one.attempts}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header><h2>"Sent"</h2></header>
            <div class="table-wrap"><table class="stack">
                <thead><tr>
                    <th scope="col">"Message"</th><th scope="col">"Channel"</th><th scope="col">"Written"</th>
                    <th scope="col">"State"</th><th scope="col" class="r">"Attempts"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </section>
    }
}

fn form(add: ServerAction<AddChannel>) -> impl IntoView {
    let state = FormState::of(add);
    let select = |name: &'static str, label: &'static str, usual: &str, options: Vec<(&'static str, &'static str)>| {
        let chosen = state.typed(name, usual);
        let options = options
            .into_iter()
            .map(|(value, words)| view! { <option value=value selected=chosen == value>{words}</option> })
            .collect_view();
        view! { <div class="field"><label for=name>{label}</label><select id=name name=name>{options}</select></div> }
    };
    let fault = state.fault("kind");
    let (kind, from, format) = (
        select("kind", "Kind", "webhook", ChannelKind::ALL.iter().rev().map(|k| (k.as_str(), k.label())).collect()),
        select(
            "severity_min",
            "Its first route sends from",
            "medium",
            Severity::ALL.iter().rev().map(|s| (s.as_str(), s.label())).collect(),
        ),
        select(
            "format",
            "Format of a webhook",
            "generic",
            WebhookFormat::ALL.iter().map(|f| (f.as_str(), f.label())).collect(),
        ),
    );
    view! {
        <section class="card">
            <header><h2>"New channel"</h2></header>
            <ErrorSummary state/>
            <ActionForm action=add>
                <CsrfField/>
                <div class="form-grid">
                    <Field state name="name" label="Name" required=true/>
                    {kind}
                    <p class="error">{move || fault.get()}</p>
                    {from}
                    {format}
                    <Field state name="url" label="Address of a webhook" help="https:// only, outside of the own network"/>
                    <Field state name="secret" kind="password" label="Secret of a webhook" help="Signs Millrace-Signature; never shown again"/>
                    <Field state name="addresses" label="E-mail addresses" help="Parted by commas; needs MILLRACE_SMTP_URL"/>
                </div>
                <div class="form-actions"><button class="btn primary" type="submit">"Add channel"</button></div>
            </ActionForm>
        </section>
    }
}
