//! What a file can be imported into, and the fields each target knows.

use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// An import target of `integrations.md` 3.9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    SalesTransactions,
}

impl Target {
    pub const ALL: &'static [Self] = &[Self::SalesTransactions];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SalesTransactions => "sales_transactions",
        }
    }

    /// The key, or the short word of the command line (`transactions`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sales_transactions" | "transactions" | "sales" => Some(Self::SalesTransactions),
            _ => None,
        }
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::SalesTransactions => "Sales",
        }
    }

    /// Fields in the order of templates and of the mapping page.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::SalesTransactions => Field::ALL,
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
        /// A field of [`Target::SalesTransactions`].
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
        "Your number of the customer; empty means a guest.",
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_word_means_two_fields() {
        let words: Vec<_> = Field::ALL.iter().flat_map(|f| f.synonyms()).collect();
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
    }

    #[test]
    fn keys_parse_back() {
        assert!(Field::ALL.iter().all(|f| Field::parse(f.key()) == Some(*f)));
        assert!(Target::ALL.iter().all(|t| Target::parse(t.as_str()) == Some(*t)));
    }
}
