//! Products, categories and customers.

use super::super::{
    operation::{Answer, Operation, Parameter, asked, json, made, nothing, text},
    shapes::{flag, named, one_of, page, uuid},
};
use domain::{
    customers::{
        CreateCustomer, CustomerDetail, CustomerItem, CustomerPattern, EditCustomer, RevealCustomer, Revealed, Tier,
    },
    inventory::{CategoryItem, CreateProduct, EditProduct, ProductDetail, ProductItem, ProductKind},
    transactions::SaleRow,
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

const CUSTOMER_FILTER: &[Parameter] = &[
    text(
        "q",
        "Number or reference; with customers.pii also name, e-mail and the whole phone number. At most 100 characters.",
    ),
    asked("tier", named::<Tier>, "Of this loyalty."),
];

const EMAIL_TAKEN: &[(&str, &str)] = &[(
    "409",
    "Another customer has the e-mail or reference (field email, external_ref), or the key was used for another body.",
)];
const STALE_CUSTOMER: &[(&str, &str)] = &[(
    "409",
    "They are not as they were read (who changed them and when, field version), another customer has the e-mail, or they were erased.",
)];

pub const CUSTOMERS: &[Operation] = &[
    json("GET /api/v1/customers", "Customers of a filter, masked", page::<CustomerItem>)
        .note("Exact numbers and references first where q is asked, else the newest first.")
        .with(CUSTOMER_FILTER)
        .paged(),
    made("POST /api/v1/customers", "Add a customer", named::<CustomerDetail>)
        .note("Phone, address and date of birth are kept sealed.")
        .takes(named::<CreateCustomer>)
        .keyed()
        .fails(EMAIL_TAKEN),
    json("GET /api/v1/customers/{id}", "One customer, masked", named::<CustomerDetail>),
    json("PATCH /api/v1/customers/{id}", "Change a customer; null empties a field", named::<CustomerDetail>)
        .takes(named::<EditCustomer>)
        .versioned()
        .fails(STALE_CUSTOMER),
    json("GET /api/v1/customers/{id}/patterns", "How the customer buys", named::<CustomerPattern>).others(&[(
        "204",
        Answer::Nothing,
        "They bought nothing for 365 days, or nobody has summed them up yet.",
    )]),
    json("GET /api/v1/customers/{id}/transactions", "Sales to the customer", page::<SaleRow>)
        .with(super::sales::SALES)
        .paged(),
    json("POST /api/v1/customers/{id}/reveal", "What is personal, clear; on record", named::<Revealed>)
        .takes(named::<RevealCustomer>)
        .fails(&[("409", "The customer was erased.")]),
    json("POST /api/v1/customers/{id}/erase", "Empty what is personal, for good", named::<CustomerDetail>)
        .note("Administrators only. The sales stay.")
        .versioned()
        .fails(&[(
            "409",
            "A case or dispute about a sale of theirs is open, they are not as they were read, or erased already.",
        )]),
];
