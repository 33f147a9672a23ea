//! The filter bar: a GET form whose fields are the list's own parameters.

use crate::components::filter::{Choice, Filters, Kept, Text};
use domain::transactions::{PaymentMethod, SaleStatus};
use leptos::prelude::*;

#[component]
pub fn FilterBar(search: Memo<String>) -> impl IntoView {
    let mut statuses = vec![("", "Any status"), ("completed", "Completed"), ("flagged", "Held (flagged)")];
    statuses.extend(SaleStatus::ALL.map(|s| (s.as_str(), s.words())));
    let mut methods = vec![("", "Any payment")];
    methods.extend(PaymentMethod::ALL.map(|m| (m.as_str(), m.words())));
    let risks = vec![("", "Any risk"), ("true", "Suspicious"), ("false", "Not suspicious")];
    view! {
        <Filters action="/transactions" search>
            <Text search name="from" label="From day" kind="date"/>
            <Text search name="to" label="To day" kind="date"/>
            <Choice search name="status" label="Status" options=statuses/>
            <Choice search name="payment_method" label="Payment" options=methods/>
            <Choice search name="suspicious" label="Risk" options=risks/>
            <Text search name="min_amount" label="Total from" mode="decimal"/>
            <Text search name="max_amount" label="Total to" mode="decimal"/>
            <Kept search name="customer_id"/>
            <Kept search name="product_id"/>
            <Kept search name="import_id"/>
            <Kept search name="hours"/>
            <Kept search name="sort"/>
        </Filters>
    }
}
