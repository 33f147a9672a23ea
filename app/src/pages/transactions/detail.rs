//! `/transactions/{id}`: one sale in full.

use super::acts::acts;
use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState},
        moment::when,
        page::PageHead,
        states::{Loading, ready_or_failed},
    },
    context::{session, set_status},
    features::transactions::{SettleSale, load_sale},
    live::use_topic,
    page_data::PageData,
    pages::{LazyPage, fraud::learned},
};
use domain::{
    format,
    live::Topic,
    transactions::{SaleDetail, SaleDispute, SaleEvent, SaleLine, SaleRefund, SaleStatus, Settlement},
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;
use rust_decimal::Decimal;

/// The page of one sale.
#[allow(missing_debug_implementations, reason = "actions have none")]
pub struct TransactionRoute {
    sale: PageData<Option<SaleDetail>>,
    /// Not read anew with every sale that is made: what is typed stays.
    forms: PageData<Option<SaleDetail>>,
    settle: ServerAction<SettleSale>,
}

impl LazyPage for TransactionRoute {
    fn data() -> Self {
        let params = use_params_map();
        let id = move || params.with(|p| p.get("id").unwrap_or_default());
        let changed = use_topic(Topic::Transactions);
        let settle = ServerAction::<SettleSale>::new();
        let version = settle.version();
        Self {
            sale: PageData::load(move || (id(), changed.get(), version.get()), |(id, _, _)| load_sale(id)),
            forms: PageData::load(move || (id(), version.get()), |(id, _)| load_sale(id)),
            settle,
        }
    }

    fn view(this: Self) -> AnyView {
        let TransactionRoute { sale, forms, settle } = this;
        view! {
            <Transition fallback=|| view! { <Loading lines=8/> }>
                {move || Suspend::new(async move { ready_or_failed(sale.await, move |sale| found(sale, settle)) })}
            </Transition>
            <Transition fallback=|| ()>
                {move || Suspend::new(async move { forms.await.ok().flatten().map(|sale| acts(&sale)) })}
            </Transition>
        }
        .into_any()
    }
}

fn found(sale: Option<SaleDetail>, settle: ServerAction<SettleSale>) -> AnyView {
    match sale {
        Some(sale) => shown(sale, settle),
        None => {
            set_status(404);
            view! {
                <PageHead title="Transaction not found" scope="There is no sale with this address."/>
                <p><a class="btn" href="/transactions">"All transactions"</a></p>
            }
            .into_any()
        }
    }
}

fn shown(sale: SaleDetail, settle: ServerAction<SettleSale>) -> AnyView {
    let title = format!("Transaction #{}", sale.number);
    let scope = sale.external_ref.as_ref().map(|r| format!("Number {r} at its source")).unwrap_or_default();
    let settling = settling(&sale, settle);
    let lines = lines(&sale);
    let (refunds, disputes, events) = (refunds(&sale), disputes(&sale), events(&sale.events));
    view! {
        <PageHead title scope>
            <a class="btn" href="/transactions">"All transactions"</a>
            <a class="btn primary" href="/transactions/new">"New transaction"</a>
        </PageHead>
        <ErrorSummary state=FormState::of(settle)/>
        {settling}
        <section class="grid2">
            {facts(&sale)}
            {sums(&sale)}
        </section>
        {decision(&sale)}
        {lines}
        {refunds}
        {disputes}
        {events}
    }
    .into_any()
}

/// What a pending sale waits for, and the buttons of who may end it.
fn settling(sale: &SaleDetail, settle: ServerAction<SettleSale>) -> Option<impl IntoView + use<>> {
    let until = sale.hold_expires_at?;
    let held = sale.status == SaleStatus::Held;
    let id = sale.id.to_string();
    let buttons = sale.may_settle.then(|| {
        Settlement::ALL
            .map(|how| {
                let id = id.clone();
                let class = if how == Settlement::Capture { "btn primary" } else { "btn" };
                view! {
                    <ActionForm action=settle>
                        <CsrfField/>
                        <input type="hidden" name="id" value=id/>
                        <input type="hidden" name="how" value=how.as_str()/>
                        <button class=class type="submit">{how.words()}</button>
                    </ActionForm>
                }
            })
            .collect_view()
    });
    Some(view! {
        <section class="card">
            <header><h2>{if held { "Held for review" } else { "Payment open" }}</h2></header>
            <p>"The stock is reserved until "{when(until)}"; then the sale is cancelled."</p>
            <div class="form-actions">{buttons}</div>
        </section>
    })
}

fn facts(sale: &SaleDetail) -> impl IntoView + use<> {
    let customer = sale.customer.clone().map_or_else(
        || "Guest".into_any(),
        |c| view! { <a href=format!("/customers/{}", c.id)>{c.label}</a> }.into_any(),
    );
    let entry = match sale.entry.as_str() {
        "import" => "Import",
        "web" => "This site",
        _ => "API",
    };
    let demo = sale.demo.then(|| view! { <span class="badge demo">"Demo"</span> });
    let paid = sale.payment_method.map_or(format::UNKNOWN, |m| m.words());
    let (status, site) = (sale.status, sale.site.clone());
    view! {
        <article class="card">
            <header><h2>"Sale"</h2></header>
            <dl class="details">
                <div><dt>"Status"</dt><dd><span class=format!("badge {}", status.tone())>{status.words()}</span>" "{demo}</dd></div>
                <div><dt>"Time"</dt><dd class="num">{when(sale.occurred_at)}</dd></div>
                <div><dt>"Customer"</dt><dd>{customer}</dd></div>
                <div><dt>"Paid by"</dt><dd>{paid}</dd></div>
                <div><dt>"Site"</dt><dd>{site}</dd></div>
                <div><dt>"Came in by"</dt><dd>{entry}</dd></div>
            </dl>
        </article>
    }
}

/// What screening came to, for who may see cases.
fn decision(sale: &SaleDetail) -> Option<impl IntoView + use<>> {
    let decision = sale.decision.clone()?;
    let locale = session().business.locale;
    let hits = decision.hits.iter().map(|hit| {
        let points = format!("+{}", format::number(hit.points, &locale));
        view! { <li>{hit.text.clone()}" "<span class="num">{points}</span></li> }
    });
    let learned = decision.learned.map(|probability| {
        let (told, points) = learned(probability, &locale);
        view! { <li>{told}" "<span class="num">{points}</span></li> }
    });
    let any = !decision.hits.is_empty() || learned.is_some();
    let hits = any.then(|| view! { <ul class="hits">{hits.collect_view()}{learned}</ul> });
    let fault =
        decision.fault.as_ref().map(|_| view! { <p>"Screening could not judge this sale; a person looks at it."</p> });
    let case = decision
        .case_id
        .map(|id| view! { <p><a class="btn" href=format!("/fraud/cases/{id}")>"Open the case"</a></p> });
    let tone = if decision.outcome.is_suspicious() { "warn" } else { "good" };
    Some(view! {
        <section class="card">
            <header><h2>"Screening"</h2><span class="meta num">{format!("risk {}", decision.fraud_score)}</span></header>
            <p><span class=format!("badge {tone}")>{decision.outcome.label()}</span></p>
            {fault}
            {hits}
            {case}
        </section>
    })
}

fn sums(sale: &SaleDetail) -> impl IntoView + use<> {
    let (currency, locale) = (sale.currency, session().business.locale);
    let money = move |amount: Decimal| format::money(amount, currency, &locale);
    let refunded = (!sale.refunded_net.is_zero()).then(|| {
        let amount = money(-sale.refunded_net);
        view! { <div><dt>"Refunded, net"</dt><dd class="num">{amount}</dd></div> }
    });
    view! {
        <article class="card">
            <header><h2>"Amounts"</h2></header>
            <dl class="details">
                <div><dt>"Gross"</dt><dd class="num">{money(sale.gross)}</dd></div>
                <div><dt>"Discount"</dt><dd class="num">{money(-sale.discount)}</dd></div>
                <div><dt>"Net"</dt><dd class="num">{money(sale.net)}</dd></div>
                <div><dt>"Tax"</dt><dd class="num">{money(sale.tax)}</dd></div>
                <div><dt>"Shipping"</dt><dd class="num">{money(sale.shipping)}</dd></div>
                <div><dt><strong>"Total"</strong></dt><dd class="num"><strong>{money(sale.total)}</strong></dd></div>
                {refunded}
            </dl>
        </article>
    }
}

fn lines(sale: &SaleDetail) -> impl IntoView + use<> {
    let (currency, locale) = (sale.currency, session().business.locale);
    let row = |line: &SaleLine| {
        let money = |amount: Decimal| format::money(amount, currency, &locale);
        let refunded = (!line.refunded_quantity.is_zero())
            .then(|| format!(" ({} refunded)", format::number(line.refunded_quantity, &locale)));
        view! {
            <tr>
                <td><a href=format!("/products/{}", line.product_id)>{line.name.clone()}</a></td>
                <td>{line.sku.clone()}</td>
                <td class="r num">{format::number(line.quantity, &locale)}{refunded}</td>
                <td class="r num hide">{money(line.unit_price)}</td>
                <td class="r num hide">{money(-line.discount)}</td>
                <td class="r num hide">{money(line.tax)}</td>
                <td class="r num">{money(line.net)}</td>
            </tr>
        }
    };
    let rows = sale.lines.iter().map(row).collect_view();
    let count = format::count(i64::try_from(sale.lines.len()).unwrap_or_default(), &locale);
    view! {
        <section class="card">
            <header><h2>"Lines"</h2><span class="meta">{count}</span></header>
            <div class="table-wrap">
                <table class="stack">
                    <thead>
                        <tr>
                            <th>"Product"</th><th>"SKU"</th><th class="r">"Quantity"</th><th class="r">"Unit price"</th>
                            <th class="r">"Discount"</th><th class="r">"Tax"</th><th class="r">"Net"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn refunds(sale: &SaleDetail) -> Option<impl IntoView + use<>> {
    let (currency, locale) = (sale.currency, session().business.locale);
    let row = |refund: &SaleRefund| {
        let said = refund.external_ref.clone().or_else(|| refund.reason.clone()).unwrap_or_default();
        let kind = match refund.kind.as_str() {
            "return" => "Return",
            "cancel" => "Cancellation",
            "chargeback" => "Chargeback",
            _ => "Goodwill",
        };
        view! {
            <tr>
                <td>{kind}" "{said}</td>
                <td class="num">{when(refund.refunded_at)}</td>
                <td class="r num hide">{format::number(refund.quantity, &locale)}</td>
                <td class="r num">{format::money(-refund.total, currency, &locale)}</td>
            </tr>
        }
    };
    (!sale.refunds.is_empty()).then(|| {
        let rows = sale.refunds.iter().map(row).collect_view();
        view! {
            <section class="card">
                <header><h2>"Refunds"</h2></header>
                <div class="table-wrap">
                    <table class="stack">
                        <thead><tr><th>"Kind"</th><th>"Time"</th><th class="r">"Quantity"</th><th class="r">"Total"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

fn disputes(sale: &SaleDetail) -> Option<impl IntoView + use<>> {
    let (currency, locale) = (sale.currency, session().business.locale);
    let row = |dispute: &SaleDispute| {
        let closed = dispute.closed_at.map(|at| view! { " "{when(at)} });
        view! {
            <tr>
                <td>{dispute.reason.words()}</td>
                <td class="num">{when(dispute.opened_at)}</td>
                <td>{dispute.outcome.map_or("Open", |outcome| outcome.words())}{closed}</td>
                <td class="r num">{format::money(dispute.amount, currency, &locale)}</td>
            </tr>
        }
    };
    (!sale.disputes.is_empty()).then(|| {
        let rows = sale.disputes.iter().map(row).collect_view();
        view! {
            <section class="card">
                <header><h2>"Disputes"</h2></header>
                <div class="table-wrap" tabindex="0">
                    <table class="stack">
                        <thead><tr><th>"Reason"</th><th>"Opened"</th><th>"Outcome"</th><th class="r">"Amount"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

fn events(events: &[SaleEvent]) -> Option<impl IntoView + use<>> {
    let item = |event: &SaleEvent| {
        let reason = event.reason.clone().map(|reason| view! { <div>{reason}</div> });
        let actor = event.actor.clone();
        view! {
            <li data-tone=event.to_status.tone()>
                <strong>{event.to_status.words()}</strong>
                {reason}
                <small>{when(event.at)}" · "{actor}</small>
            </li>
        }
    };
    (!events.is_empty()).then(|| {
        let items = events.iter().map(item).collect_view();
        view! {
            <section class="card">
                <header><h2>"History"</h2></header>
                <ol class="timeline">{items}</ol>
            </section>
        }
    })
}
