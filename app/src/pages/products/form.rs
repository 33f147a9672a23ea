//! The fields of a product, filled in.

use crate::components::form::{self, FormState, fault};
use domain::inventory::{CategoryItem, ProductForm, ProductKind};
use leptos::prelude::*;

/// All fields; the currency only of a `new` product.
pub fn fields(
    state: FormState,
    given: &ProductForm,
    categories: Vec<CategoryItem>,
    new: bool,
) -> impl IntoView + use<> {
    let category = typed(state, "category_id", &given.category_id);
    let kind = typed(state, "kind", &given.kind);
    let description = typed(state, "description", &given.description);
    // A form that came back and says nothing of the box had it empty.
    let came_back = state.error().with_untracked(Option::is_some);
    let active = if came_back { !typed(state, "is_active", "").is_empty() } else { !given.is_active.is_empty() };
    let categories = categories
        .into_iter()
        .map(|c| {
            let id = c.id.to_string();
            let chosen = id == category;
            view! { <option value=id selected=chosen>{c.name}</option> }
        })
        .collect_view();
    let kinds = ProductKind::ALL
        .map(|k| view! { <option value=k.as_str() selected=k.as_str() == kind>{k.words()}</option> })
        .collect_view();
    let currency = new.then(|| entry(state, "currency", "Currency", "text", &given.currency));
    view! {
        <div class="form-grid">
            {entry(state, "sku", "SKU", "text", &given.sku)}
            {entry(state, "name", "Name", "text", &given.name)}
            <div class="field">
                <label for="category_id">"Category"</label>
                <select id="category_id" name="product[category_id]"><option value="">"None"</option>{categories}</select>
            </div>
            <div class="field">
                <label for="kind">"Kind"</label>
                <select id="kind" name="product[kind]">{kinds}</select>
                {fault(state, "kind")}
            </div>
            {entry(state, "price", "Price", "decimal", &given.price)}
            {currency}
            {entry(state, "cost", "Cost", "decimal", &given.cost)}
            {entry(state, "unit", "Unit", "text", &given.unit)}
            {entry(state, "barcode", "Barcode", "text", &given.barcode)}
            {entry(state, "weight_kg", "Weight, kg", "decimal", &given.weight_kg)}
            {entry(state, "dimensions", "Dimensions", "text", &given.dimensions)}
            {entry(state, "warranty_months", "Warranty, months", "numeric", &given.warranty_months)}
            <div class="field wide">
                <label for="description">"Description"</label>
                <textarea id="description" name="product[description]" rows="3" maxlength="4000">{description}</textarea>
                {fault(state, "description")}
            </div>
            <div class="field">
                <label><input type="checkbox" name="product[is_active]" value="1" checked=active/>" It is sold"</label>
            </div>
        </div>
    }
}

fn typed(state: FormState, name: &str, otherwise: &str) -> String {
    state.typed(&format!("product[{name}]"), otherwise)
}

fn entry(
    state: FormState,
    name: &'static str,
    label: &'static str,
    mode: &'static str,
    value: &str,
) -> impl IntoView + use<> {
    form::entry(state, "product", (name, label), ("text", Some(mode)), value)
}
