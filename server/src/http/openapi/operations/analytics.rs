//! What sold when, of what, of which kind.

use super::super::{
    operation::{Operation, Parameter, asked, day, file, json, text, whole},
    shapes::{enveloped_list, list, named, one_of},
};
use crate::http::api::analytics::TierNow;
use domain::analytics::{
    AnalyticsMetadata, CategoryPerformance, HourlySales, ReportRevision, ReportScreen, ReportSubscription,
    SegmentMetadata, SegmentRow, SetTier, SubscribeReport, TopProduct,
};

const FROM: Parameter = day("from", "First business day; with to, instead of a number.");
const TO: Parameter = day("to", "Last business day, included; today when not given.");
const CURRENCY: Parameter = text("currency", "Only facts in this currency, unconverted.");
const CLEAN: Parameter = asked("clean", |_| one_of(["0", "1"]), "1: without confirmed fraud and its refunds.");

pub const OPERATIONS: &[Operation] = &[
    json(
        "GET /api/v1/analytics/hourly-sales",
        "Sales by clock hour of the business zone",
        enveloped_list::<HourlySales, AnalyticsMetadata>,
    )
    .note("Every clock hour has its row: 23 or 25 on a day the clock changes. 31 days at most.")
    .with(&[
        whole("hours", "The last so many clock hours, the running one among them, 1 to 168; 24 when not given."),
        FROM,
        TO,
        CURRENCY,
        CLEAN,
    ]),
    json(
        "GET /api/v1/analytics/top-products",
        "The products that sold best",
        enveloped_list::<TopProduct, AnalyticsMetadata>,
    )
    .with(&[
        whole("days", "The last so many business days with today, 1 to 365; 7 when not given."),
        FROM,
        TO,
        whole("limit", "Rows, 1 to 50; 10 when not given."),
        asked("measure", |_| one_of(["revenue", "gross", "units"]), "What they are ordered by and share; revenue."),
        asked("kind", |_| one_of(["stocked", "service", "all"]), "stocked when not given."),
        text("category", "Id of a category."),
        CURRENCY,
        CLEAN,
    ]),
    json(
        "GET /api/v1/analytics/category-performance",
        "Categories, those with the most revenue first",
        enveloped_list::<CategoryPerformance, AnalyticsMetadata>,
    )
    .note("A sale with lines in two categories counts in both; metadata.totals counts it once.")
    .with(&[
        whole("days", "The last so many business days with today, 1 to 365; 30 when not given."),
        FROM,
        TO,
        CURRENCY,
        CLEAN,
    ]),
    json(
        "GET /api/v1/analytics/customer-segments",
        "Customers by segment or by tier, and who moved",
        enveloped_list::<SegmentRow, SegmentMetadata>,
    )
    .note("Of the 365 days before the day of the nightly look; movement is against the look before.")
    .with(&[
        asked("by", |_| one_of(["rfm", "tier"]), "rfm when not given."),
        day("as_of", "Day of a look; the latest when not given."),
    ]),
    json(
        "PUT /api/v1/customers/{id}/tier",
        "Put a customer into a tier by hand, or back under the rule",
        named::<TierNow>,
    )
    .note("It stands until its end, or until it is changed.")
    .takes(named::<SetTier>),
];

const REVISION: Parameter = whole("revision", "The newest when not given.");
const FILES: &[&str] =
    &["text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/pdf"];

pub const REPORTS: &[Operation] = &[
    json(
        "GET /api/v1/reports/subscription",
        "Whether the caller gets each day's report by mail",
        named::<ReportSubscription>,
    ),
    json("PUT /api/v1/reports/subscription", "Get each day's report by mail, or stop it", named::<ReportSubscription>)
        .note("The first revision goes out once, in the night after the day.")
        .takes(named::<SubscribeReport>),
    json("GET /api/v1/reports/daily", "The newest revision of each day's report", list::<ReportRevision>)
        .note("100 days at most, the newest day first."),
    json("GET /api/v1/reports/daily/{date}", "The report of a day with its revisions", named::<ReportScreen>)
        .with(&[day("date", "The business day."), REVISION]),
    file("GET /api/v1/reports/daily/{date}/file", "The report of a day as a file", FILES)
        .note("The PDF of a revision has the same bytes whenever it is fetched in the same locale of the business.")
        .with(&[
            day("date", "The business day."),
            REVISION,
            asked("format", |_| one_of(["xlsx", "csv", "pdf"]), "xlsx when not given."),
        ]),
    json("POST /api/v1/reports/daily/{date}/rebuild", "Build the report of a day anew", named::<ReportScreen>)
        .note(
            "Without a change nothing is written; with one the report has another revision and keeps the earlier ones.",
        )
        .with(&[day("date", "The business day.")])
        .fails(&[("409", "The day is not over yet.")]),
];
