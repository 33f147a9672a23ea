//! Products, categories and customers.

use super::super::{
    operation::{Answer, Operation, Parameter, asked, json, made, nothing, text},
    shapes::{flag, limit, named, one_of, page, uuid},
};
use domain::{
    inventory::{CategoryItem, CreateProduct, EditProduct, ProductDetail, ProductItem, ProductKind},
    transactions::CustomerChoice,
};

const PRODUCT_FILTER: &[Parameter] = &[
    text("q", "Part of SKU or name, at most 100 characters."),
    text("sku", "The whole SKU, in any case."),
    asked("category", uuid, "Products of this category."),
    asked("kind", named::<ProductKind>, "On a shelf or not."),
    asked("active", |_| one_of(["true", "false", "all"]), "Those sold (true unless said), those not, or all."),
    asked("low_stock", flag, "Only those of which a site has no more than the reorder threshold."),
];

const TAKEN: (&str, &str) =
    ("409", "Another product has the SKU or barcode (field sku, barcode), or the key was used for another body.");
const STALE: (&str, &str) = (
    "409",
    "It is not as it was read (who changed it and when, field version), or another product has the SKU or barcode.",
);

pub const PRODUCTS: &[Operation] = &[
    json("GET /api/v1/products", "Products of a filter with price and stock left", page::<ProductItem>)
        .note("The best match first where q is asked, else by name.")
        .with(PRODUCT_FILTER)
        .paged(),
    made("POST /api/v1/products", "Add a product", named::<ProductDetail>)
        .takes(named::<CreateProduct>)
        .keyed()
        .fails(&[TAKEN]),
    json("GET /api/v1/products/{id}", "One product with its prices and latest sales", named::<ProductDetail>),
    json("PATCH /api/v1/products/{id}", "Change a product; null empties an optional field", named::<ProductDetail>)
        .note("A new price begins a row of the price history. Stock is never set here.")
        .takes(named::<EditProduct>)
        .versioned()
        .fails(&[STALE]),
    nothing("DELETE /api/v1/products/{id}", "Delete a product, or archive one with sales or movements")
        .versioned()
        .others(&[("200", Answer::Json(named::<ProductDetail>), "Sales or movements tell of it: it is archived.")])
        .fails(&[("409", "It is not as it was read (who changed it and when, field version).")]),
    json("GET /api/v1/categories", "All categories by name", page::<CategoryItem>),
];

const LOOK: &[Parameter] =
    &[text("q", "At most 100 characters."), asked("limit", limit, "Best matches; 20 when not given.")];

pub const CUSTOMERS: &[Operation] =
    &[json("GET /api/v1/customers", "Customers whose number or reference matches, masked", page::<CustomerChoice>)
        .note("With the right customers.pii also those whose name or e-mail matches.")
        .with(LOOK)];
