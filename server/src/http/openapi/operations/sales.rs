//! Sales, and exports.

use super::super::{
    operation::{Answer, Operation, Parameter, asked, day, file, json, made, nothing, text, whole},
    shapes::{amount, enveloped, enveloped_list, flag, named, one_of, page, uuid},
};
use crate::http::api::{
    exports::Accepted,
    transactions::{Counted, Paged, SalePage},
};
use domain::{
    exports::ExportItem,
    transactions::{
        CloseDispute, OpenDispute, PaymentMethod, Quote, RecordSale, RefundSale, Review, SaleDetail, SaleEvent,
        SaleReceipt, SaleRow, SaleStatus, SettleSale, SuspiciousSale,
    },
};

pub(super) const SALES: &[Parameter] = &[
    text("q", "Number, reference of the source, customer number or reference, SKU."),
    asked(
        "status",
        |_| one_of(SaleStatus::ALL.iter().map(|s| s.as_str()).chain(["completed", "flagged"])),
        "A state, or several under one word.",
    ),
    asked("customer_id", uuid, "Sales to this customer."),
    asked("product_id", uuid, "Sales of this product."),
    asked("import_id", uuid, "Sales of this import."),
    asked("payment_method", named::<PaymentMethod>, "How they were paid."),
    asked("suspicious", flag, "Those that screening did not approve at once, or the others."),
    day("from", "First business day."),
    day("to", "Last business day, included."),
    whole("hours", "The last 1 to 720 hours."),
    asked("min_amount", amount, "Least total."),
    asked("max_amount", amount, "Largest total."),
    asked(
        "sort",
        |_| one_of(["occurred_at", "occurred_at:asc", "occurred_at:desc", "total", "total:asc", "total:desc"]),
        "Order; downwards unless said.",
    ),
    whole("skip", "0 to 10,000 rows to leave out, without cursor."),
];

const ENDED: &[(&str, &str)] = &[("409", "The sale is not pending, or the key was used for another body.")];

pub const TRANSACTIONS: &[Operation] = &[
    json("GET /api/v1/transactions", "Sales of a filter, the latest first", enveloped_list::<SaleRow, SalePage>)
        .with(SALES)
        .paged(),
    made("POST /api/v1/transactions", "Record a sale and take its stock, or change nothing", enveloped::<SaleReceipt>)
        .takes(named::<RecordSale>)
        .keyed()
        .fails(&[("409", "Too little stock (field lines[i].quantity), or the key was used for another body.")]),
    json("POST /api/v1/transactions/quote", "What a sale would come to; nothing is written", named::<Quote>)
        .takes(named::<RecordSale>),
    json(
        "GET /api/v1/transactions/suspicious",
        "Sales of the last hours that screening did not approve at once",
        enveloped_list::<SuspiciousSale, Paged>,
    )
    .with(&[
        whole("hours", "The last 1 to 720 hours; 24 unless said. The list's other filters narrow it, too."),
        asked(
            "review",
            |_| one_of(Review::ALL.map(Review::as_str)),
            "A case is open, was closed, or whether or not.",
        ),
    ])
    .paged(),
    json("GET /api/v1/transactions/{id}", "One sale in full", enveloped::<SaleDetail>),
    json(
        "GET /api/v1/transactions/{id}/events",
        "Its changes of state, the oldest first",
        enveloped_list::<SaleEvent, Counted>,
    ),
    json("POST /api/v1/transactions/{id}/capture", "The payment of a pending sale came", named::<SaleDetail>)
        .may_take(named::<SettleSale>)
        .keyed()
        .fails(ENDED),
    json("POST /api/v1/transactions/{id}/fail", "The payment of a pending sale failed", named::<SaleDetail>)
        .may_take(named::<SettleSale>)
        .keyed()
        .fails(ENDED),
    json("POST /api/v1/transactions/{id}/cancel", "Give a pending sale up", named::<SaleDetail>)
        .may_take(named::<SettleSale>)
        .keyed()
        .fails(ENDED),
    made("POST /api/v1/transactions/{id}/refunds", "Take a sale back, wholly or in part", named::<SaleDetail>)
        .takes(named::<RefundSale>)
        .keyed()
        .fails(&[(
            "409",
            "The sale did not go through, less of it is left (field lines[i].quantity), or the key was used for another body.",
        )]),
    made("POST /api/v1/transactions/{id}/disputes", "The payment of a sale is disputed", named::<SaleDetail>)
        .takes(named::<OpenDispute>)
        .keyed()
        .fails(&[("409", "The sale did not go through, or the key was used for another body.")]),
    json("PATCH /api/v1/disputes/{id}", "A dispute is won, or lost and charged back", named::<SaleDetail>)
        .takes(named::<CloseDispute>)
        .fails(&[("409", "The dispute is closed already.")]),
];

const FILES: &[&str] = &["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"];

pub const EXPORTS: &[Operation] = &[
    json("GET /api/v1/exports", "The caller's large exports, the newest first", page::<ExportItem>),
    file("GET /api/v1/exports/{file}", "Every row of a list with exactly its filters, sort and rights", FILES)
        .note("X-Row-Count-Expected before the file, the trailer X-Row-Count after it. Other parameters are those of the list.")
        .with(&[text(
            "file",
            "transactions, transaction-lines, refunds, products, customers, hourly-sales, top-products, \
             category-performance, customer-segments or kpi-rows (with metric); with .csv or .xlsx.",
        )])
        .others(&[
            (
                "202",
                Answer::Json(named::<Accepted>),
                "More than 200,000 rows: a job writes the file. Ask /api/v1/exports for its state and file.",
            ),
            ("303", Answer::Nothing, "Likewise, to a browser: the page of exports."),
        ]),
    nothing("DELETE /api/v1/exports/{file}", "Stop the writing of a large export and remove its file")
        .with(&[asked("file", uuid, "Its id.")]),
    file("GET /api/v1/files/{id}", "The file of a large export: its owner's only, for 24 hours", FILES),
];
