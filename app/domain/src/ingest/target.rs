//! What a file can be imported into, and the fields each target knows.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// An import target of `integrations.md` 3.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    SalesTransactions,
    Visits,
}

const SALES: &[Field] = &[
    Field::OrderRef,
    Field::LineNo,
    Field::Sku,
    Field::Description,
    Field::Quantity,
    Field::UnitPrice,
    Field::OccurredAt,
    Field::CustomerRef,
    Field::Country,
    Field::PaymentMethod,
    Field::Status,
];
const VISITS: &[Field] =
    &[Field::VisitedAt, Field::VisitorKey, Field::CustomerRef, Field::SessionRef, Field::Path, Field::Source];

impl Target {
    pub const ALL: &'static [Self] = &[Self::SalesTransactions, Self::Visits];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SalesTransactions => "sales_transactions",
            Self::Visits => "visits",
        }
    }

    /// The key, or the short word of the command line (`transactions`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sales_transactions" | "transactions" | "sales" => Some(Self::SalesTransactions),
            "visits" => Some(Self::Visits),
            _ => None,
        }
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::SalesTransactions => "Sales",
            Self::Visits => "Visits",
        }
    }

    /// The setting that says how many hours after one file the next is expected.
    #[must_use]
    pub const fn interval_setting(self) -> &'static str {
        match self {
            Self::SalesTransactions => "ingest.sales_expected_hours",
            Self::Visits => "ingest.visits_expected_hours",
        }
    }

    /// Fields in the order of templates and of the mapping page.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::SalesTransactions => SALES,
            Self::Visits => VISITS,
        }
    }

    /// The field that says when a row happened.
    #[must_use]
    pub const fn time_field(self) -> Field {
        match self {
            Self::SalesTransactions => Field::OccurredAt,
            Self::Visits => Field::VisitedAt,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the text of a field is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    Number,
    Time,
}

macro_rules! fields {
    ($($name:ident => $key:literal, $label:literal, $required:literal, $kind:ident, $help:literal, [$($word:literal)*];)+) => {
        /// A field of one or more targets; see [`Target::fields`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Field { $($name),+ }

        impl Field {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }

            #[must_use]
            pub fn parse(key: &str) -> Option<Self> {
                match key { $($key => Some(Self::$name),)+ _ => None }
            }

            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label),+ }
            }

            /// A file without it cannot be imported.
            #[must_use]
            pub const fn required(self) -> bool {
                match self { $(Self::$name => $required),+ }
            }

            #[must_use]
            pub const fn kind(self) -> FieldKind {
                match self { $(Self::$name => FieldKind::$kind),+ }
            }

            /// Unit, allowed words and meaning, for the mapping page and the template.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help),+ }
            }

            /// Column names (lower case, letters and digits only) that mean this field.
            #[must_use]
            pub const fn synonyms(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($word),*]),+ }
            }
        }
    };
}

fields! {
    OrderRef => "order_ref", "Order reference", true, Text,
        "Number of the order or invoice. Rows with the same reference make one sale; C and digits means a cancel document.",
        ["orderref" "orderreference" "order" "orderid" "orderno" "ordernumber" "invoiceno" "invoice" "invoiceid" "invoicenumber" "documentno" "document" "receiptno" "transactionid" "transactionref"];
    LineNo => "line_no", "Line number", false, Text,
        "Whole number from 1, unique within the order. Without it the row's position within the order counts.",
        ["lineno" "line" "linenumber" "position" "pos" "itemno"];
    Sku => "sku", "Product code", true, Text,
        "Code of the product, at most 50 characters; case does not matter. A code without any digit is a service.",
        ["sku" "stockcode" "productcode" "product" "productid" "itemcode" "item" "article" "articleno" "articlenumber" "partno" "partnumber"];
    Description => "description", "Description", false, Text,
        "Name of the product, used when the product is new.",
        ["description" "productname" "itemname" "name" "title" "productdescription" "itemdescription"];
    Quantity => "quantity", "Quantity", true, Number,
        "Units sold, more than 0; negative only on a cancel document.",
        ["quantity" "qty" "units" "amountofunits" "count" "pieces" "pcs"];
    UnitPrice => "unit_price", "Unit price", true, Number,
        "Price of one unit before tax, in the currency of the import, at most four decimals.",
        ["unitprice" "price" "priceperunit" "netprice" "rate" "priceeach"];
    OccurredAt => "occurred_at", "Time of the sale", true, Time,
        "Date and time, best as 2011-05-31 14:05:00; without an offset it is local time of the import's zone.",
        ["occurredat" "invoicedate" "date" "datetime" "orderdate" "orderedat" "time" "timestamp" "transactiondate" "saledate" "soldat" "createdat"];
    CustomerRef => "customer_ref", "Customer reference", false, Text,
        "Your number of the customer; empty means a guest. A sale makes a new customer known, a visit must name a known one.",
        ["customerref" "customerid" "customer" "customerno" "customernumber" "clientid" "client" "buyerid" "buyer"];
    Country => "country", "Country", false, Text,
        "Country of the customer, used when the customer is new.",
        ["country" "customercountry" "shipcountry" "countryname"];
    PaymentMethod => "payment_method", "Payment method", false, Text,
        "credit_card, debit_card, paypal, bank_transfer, cash or crypto.",
        ["paymentmethod" "payment" "paymenttype" "paidby"];
    Status => "status", "Status", false, Text,
        "approved (default), released, held, pending, declined, failed or cancelled.",
        ["status" "orderstatus" "state" "transactionstatus"];
    VisitedAt => "visited_at", "Time of the visit", true, Time,
        "Date and time, best as 2026-01-31 14:05:00; without an offset it is local time of the import's zone. Rows of one browser and session less than 30 minutes apart are one visit.",
        ["visitedat" "visittime" "visitdate" "visit" "time" "timestamp" "datetime" "date" "at" "occurredat" "createdat"];
    VisitorKey => "visitor_key", "Visitor", true, Text,
        "Random id of the browser, at most 100 characters; no personal data.",
        ["visitorkey" "visitor" "visitorid" "browserid" "browser" "cookieid" "anonymousid" "userpseudoid"];
    SessionRef => "session_ref", "Session", false, Text,
        "Id of the shop's session, at most 50 characters; orders of the same session belong to the visitor.",
        ["sessionref" "session" "sessionid" "sessionreference"];
    Path => "path", "Page", false, Text,
        "Address of the first page within the shop, at most 500 characters.",
        ["path" "page" "url" "landingpage" "pagepath" "uri"];
    Source => "source", "Source", false, Text,
        "Where the visitor came from, at most 100 characters.",
        ["source" "trafficsource" "channel" "referrer" "referer" "medium" "utmsource"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_word_means_two_fields_of_a_target() {
        for target in Target::ALL {
            let words: Vec<_> = target.fields().iter().flat_map(|f| f.synonyms()).collect();
            assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "{target}");
        }
    }

    #[test]
    fn keys_parse_back() {
        assert!(Field::ALL.iter().all(|f| Field::parse(f.key()) == Some(*f)));
        assert!(Target::ALL.iter().all(|t| Target::parse(t.as_str()) == Some(*t)));
    }

    #[test]
    fn every_field_is_of_some_target_and_one_of_each_tells_the_time() {
        let all: BTreeSet<_> = Target::ALL.iter().flat_map(|t| t.fields()).collect();
        assert_eq!(all.len(), Field::ALL.len());
        for target in Target::ALL {
            let times: Vec<_> = target.fields().iter().filter(|f| f.kind() == FieldKind::Time).collect();
            assert_eq!(times, [&target.time_field()], "{target}");
        }
    }
}
