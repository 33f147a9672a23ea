//! What can be done with a sale that went through: refund, dispute, flag.

use crate::{
    components::{
        form::{CsrfField, ErrorSummary, FormState, fault},
        moment::when,
    },
    context::session,
    features::{
        fraud::FlagSale,
        transactions::{CloseDispute, DisputeSale, RefundSale},
    },
};
use domain::{
    access::Permission,
    format,
    transactions::{DisputeOutcome, DisputeReason, RefundKind, SaleDetail, SaleDispute, SaleLine, SaleStatus},
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use rust_decimal::Decimal;

/// The forms of who may use them.
pub fn acts(sale: &SaleDetail) -> AnyView {
    let refund = sale.may_refund.then(|| refund(sale));
    let dispute = sale.may_refund.then(|| dispute(sale));
    view! {
        {refund}
        {dispute}
        {closing(sale)}
        {flagging(sale)}
    }
    .into_any()
}

/// Whether the form of `state` was sent and came back.
fn came_back(state: FormState) -> bool {
    state.error().with_untracked(Option::is_some)
}

fn refund(sale: &SaleDetail) -> impl IntoView + use<> {
    let state = FormState::plain(RefundSale::PATH);
    let asked = use_query_map().with_untracked(|query| query.get("refund").is_some());
    let open = asked || came_back(state);
    let left = sale.lines.iter().filter(|line| line.refunded_quantity < line.quantity).enumerate();
    let rows = left.map(|(i, line)| refund_line(state, i, line)).collect_view();
    let chosen = state.typed("kind", RefundKind::Return.as_str());
    let kinds = RefundKind::ALL.map(|kind| {
        let chosen = chosen == kind.as_str();
        view! { <option value=kind.as_str() selected=chosen>{kind.words()}</option> }
    });
    let restock = !state.typed("restock", "").is_empty();
    let reason = state.typed("reason", "");
    view! {
        <details class="card" id="refund" open=open>
            <summary>"Refund"</summary>
            <ErrorSummary state/>
            <form class="form" method="post" action=RefundSale::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=sale.id.to_string()/>
                <input type="hidden" name="version" value=sale.version.to_string()/>
                <div class="table-wrap">
                    <table class="stack">
                        <thead><tr><th>"Product"</th><th class="r">"Left"</th><th class="r">"Goes back"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {fault(state, "lines")}
                <div class="field">
                    <label for="refund-kind">"Why"</label>
                    <select id="refund-kind" name="kind">{kinds}</select>
                    {fault(state, "kind")}
                </div>
                <div class="field">
                    <label><input type="checkbox" name="restock" value="1" checked=restock/>" Put the goods back into stock"</label>
                </div>
                <div class="field">
                    <label for="refund-reason">"What happened"</label>
                    <input id="refund-reason" name="reason" maxlength="300" autocomplete="off" value=reason aria-describedby="reason-error"/>
                    {fault(state, "reason")}
                </div>
                <div class="form-actions"><button class="btn primary" type="submit">"Refund"</button></div>
            </form>
        </details>
    }
}

/// A line with how much of it goes back: all that is left unless said.
fn refund_line(state: FormState, i: usize, line: &SaleLine) -> impl IntoView + use<> {
    let locale = session().business.locale;
    let left = (line.quantity - line.refunded_quantity).normalize();
    let name = format!("lines[{i}][quantity]");
    let typed = state.typed(&name, &left.to_string());
    let path = format!("lines[{i}].quantity");
    let wrong = state.error().with_untracked(|e| e.as_ref().and_then(|e| e.of_field(&path)).map(str::to_owned));
    let invalid = wrong.is_some().then_some("true");
    let (id, error_id) = (format!("refund-{i}"), format!("refund-{i}-error"));
    let label = format!("How much of {} goes back", line.name);
    view! {
        <tr>
            <td>
                {line.name.clone()}" · "{line.sku.clone()}
                <input type="hidden" name=format!("lines[{i}][line_no]") value=line.line_no.to_string()/>
            </td>
            <td class="r num">{format::number(left, &locale)}</td>
            <td class="r">
                <div class="field" data-invalid=invalid>
                    <label class="visually-hidden" for=id.clone()>{label}</label>
                    <input id=id class="num" name=name type="text" inputmode="decimal" maxlength="14" size="6" value=typed
                        autocomplete="off" aria-describedby=error_id.clone() aria-invalid=invalid/>
                    <p class="error" id=error_id>{wrong}</p>
                </div>
            </td>
        </tr>
    }
}

fn dispute(sale: &SaleDetail) -> impl IntoView + use<> {
    let state = FormState::plain(DisputeSale::PATH);
    let back: Decimal = sale.refunds.iter().map(|refund| refund.total).sum();
    let amount = state.typed("amount", &(sale.total - back).to_string());
    let chosen = state.typed("dispute_reason", "");
    let reasons = DisputeReason::ALL.map(|reason| {
        let chosen = chosen == reason.as_str();
        view! { <option value=reason.as_str() selected=chosen>{reason.words()}</option> }
    });
    view! {
        <details class="card" open=came_back(state)>
            <summary>"The payment is disputed"</summary>
            <ErrorSummary state/>
            <form class="form" method="post" action=DisputeSale::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=sale.id.to_string()/>
                <input type="hidden" name="version" value=sale.version.to_string()/>
                <div class="field">
                    <label for="dispute-reason">"What the customer says"</label>
                    <select id="dispute-reason" name="dispute_reason">{reasons}</select>
                    {fault(state, "dispute_reason")}
                </div>
                <div class="field">
                    <label for="dispute-amount">{format!("Amount in {}", sale.currency)}</label>
                    <input id="dispute-amount" name="amount" type="text" inputmode="decimal" maxlength="20" autocomplete="off" value=amount
                        aria-describedby="amount-error"/>
                    {fault(state, "amount")}
                </div>
                <div class="form-actions"><button class="btn" type="submit">"Open a dispute"</button></div>
            </form>
        </details>
    }
}

/// The open dispute, and how it can end.
fn closing(sale: &SaleDetail) -> Option<impl IntoView + use<>> {
    let state = FormState::plain(CloseDispute::PATH);
    let open: &SaleDispute = sale.disputes.iter().find(|dispute| dispute.outcome.is_none())?;
    if !session().may(Permission::TransactionsRefund) {
        return None;
    }
    let amount = format::money(open.amount, sale.currency, &session().business.locale);
    let buttons = DisputeOutcome::ALL.map(|outcome| {
        view! { <button class="btn" type="submit" name="outcome" value=outcome.as_str()>{outcome.words()}</button> }
    });
    let id = open.id.to_string();
    Some(view! {
        <section class="card">
            <header><h2>"Open dispute"</h2></header>
            <ErrorSummary state/>
            <p>{open.reason.words()}": "{amount}", since "{when(open.opened_at)}". Won, the sale stands as before; lost, what is left of it is charged back."</p>
            <form method="post" action=CloseDispute::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=id/>
                <div class="form-actions">{buttons}</div>
            </form>
        </section>
    })
}

/// A reviewer may open a case of a sale that went through.
fn flagging(sale: &SaleDetail) -> Option<impl IntoView + use<>> {
    let open = sale.decision.as_ref().is_some_and(|decision| decision.case_id.is_some());
    let sold = matches!(sale.status, SaleStatus::Approved | SaleStatus::Released | SaleStatus::PartiallyRefunded);
    if open || !sold || !session().may(Permission::FraudReview) {
        return None;
    }
    let state = FormState::plain(FlagSale::PATH);
    let reason = state.typed("reason", "");
    Some(view! {
        <details class="card" open=came_back(state)>
            <summary>"Something is wrong with this sale"</summary>
            <ErrorSummary state/>
            <form method="post" action=FlagSale::PATH>
                <CsrfField/>
                <input type="hidden" name="id" value=sale.id.to_string()/>
                <div class="field">
                    <label for="flag-reason">"What is suspicious"</label>
                    <input id="flag-reason" name="reason" required minlength="5" maxlength="2000" value=reason/>
                </div>
                <div class="form-actions"><button class="btn" type="submit">"Open a case"</button></div>
            </form>
        </details>
    })
}
