//! What is known of a sale when it is judged. Windows are (t − w, t]; amounts are in base currency.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use utoipa::ToSchema;

/// Of what type a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FeatureKind)]
pub enum Kind {
    Number,
    Truth,
}

impl Kind {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Truth => "yes or no",
        }
    }
}

/// A value that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Truth(bool),
    Number(Decimal),
}

impl Value {
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Truth(_) => Kind::Truth,
            Self::Number(_) => Kind::Number,
        }
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<Decimal> for Value {
    fn from(number: Decimal) -> Self {
        Self::Number(number.normalize())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

macro_rules! features {
    ($($name:ident => $key:literal, $kind:ident, $words:literal;)+) => {
        /// Key of a feature.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[schema(as = ScreeningFeature)]
        pub enum Feature { $(#[serde(rename = $key)] $name),+ }

        impl Feature {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }

            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),+ }
            }

            /// What it is, in words.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words),+ }
            }
        }
    };
}

features! {
    Amount => "amount", Number, "total of the sale";
    QuantityMax => "quantity_max", Number, "largest quantity of a line";
    HourLocal => "hour_local", Number, "hour of the business day";
    HourUtc => "hour_utc", Number, "hour in UTC";
    Weekday => "weekday", Number, "day of the week, Monday is 1";
    IsFirstOrder => "is_first_order", Truth, "the customer's first order";
    CustCount10m => "cust_count_10m", Number, "the customer's attempts within 10 minutes, this one too";
    CustCount1h => "cust_count_1h", Number, "the customer's attempts within an hour, this one too";
    CustCount24h => "cust_count_24h", Number, "the customer's attempts within 24 hours, this one too";
    CustCount7d => "cust_count_7d", Number, "the customer's attempts within 7 days, this one too";
    CustCount30d => "cust_count_30d", Number, "the customer's attempts within 30 days, this one too";
    CustAmount1h => "cust_amount_1h", Number, "total of the customer's attempts within an hour, this one too";
    CustAmount24h => "cust_amount_24h", Number, "total of the customer's attempts within 24 hours, this one too";
    CustAmount30d => "cust_amount_30d", Number, "total of the customer's attempts within 30 days, this one too";
    CustOrders => "cust_orders", Number, "the customer's sales before";
    CustOrders90d => "cust_orders_90d", Number, "the customer's sales of the 90 days before";
    CustMean1d => "cust_mean_1d", Number, "mean of the customer's sales of the day before";
    CustMean7d => "cust_mean_7d", Number, "mean of the customer's sales of the 7 days before";
    CustMean30d => "cust_mean_30d", Number, "mean of the customer's sales of the 30 days before";
    CustMean90d => "cust_mean_90d", Number, "mean of the customer's sales of the 90 days before";
    CustP90 => "cust_p90", Number, "90th percentile of the customer's sales before";
    CustDailyP95 => "cust_daily_p95", Number, "95th percentile of the customer's days with orders, from 10 such days on";
    CustDeclined60m => "cust_declined_60m", Number, "the customer's declined and failed attempts within 60 minutes";
    CustPaymentKnown => "cust_payment_known", Truth, "the customer has paid like this before";
    CustHourKnown => "cust_hour_known", Truth, "the customer has ordered at this hour before";
    CustConfirmed28d => "cust_confirmed_28d", Number, "the customer's frauds confirmed within 28 days";
    CustRiskScore => "cust_risk_score", Number, "the risk the customer is marked with, 0 to 1";
    FpCustomers24h => "fp_customers_24h", Number, "customers who paid with this within 24 hours, this one too";
    IpCustomers24h => "ip_customers_24h", Number, "customers at this address within 24 hours, this one too";
    TermCount1d => "term_count_1d", Number, "attempts at this terminal within a day, this one too";
    TermCount7d => "term_count_7d", Number, "attempts at this terminal within 7 days, this one too";
    TermCount30d => "term_count_30d", Number, "attempts at this terminal within 30 days, this one too";
    TermRisk1d => "term_risk_1d", Number, "share of fraud among the terminal's sales of the day before the label delay";
    TermRisk7d => "term_risk_7d", Number, "share of fraud among the terminal's sales of the 7 days before the label delay";
    TermRisk30d => "term_risk_30d", Number, "share of fraud among the terminal's sales of the 30 days before the label delay";
    TermConfirmed28d => "term_confirmed_28d", Number, "frauds confirmed at this terminal within 28 days";
    PriceGap => "price_gap", Number, "largest share by which a line's price differs from the catalogue";
    LineNet => "line_net", Number, "net of the line that stands out most in its category";
    CategoryP995 => "category_p995", Number, "99.5th percentile of lines of that category, from 200 on";
    FirstOrderP95 => "first_order_p95", Number, "95th percentile of first orders, from 100 on";
    ListBlock => "list_block", Truth, "on the block list";
    ListAllow => "list_allow", Truth, "on the allow list";
    AmountLimit => "amount_limit", Number, "the company's limit, if one is set";
}

impl Feature {
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|feature| feature.as_str() == key)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known of one sale; what has too little history is not in it. As JSON an object of keys and values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(BTreeMap<Feature, Value>);

impl Features {
    #[must_use]
    pub fn get(&self, feature: Feature) -> Option<Value> {
        self.0.get(&feature).copied()
    }

    /// `None` leaves it unknown.
    pub fn set(&mut self, feature: Feature, value: Option<impl Into<Value>>) {
        if let Some(value) = value.map(Into::into) {
            debug_assert_eq!(value.kind(), feature.kind(), "{feature}");
            self.0.insert(feature, value);
        }
    }

    /// As [`Features::set`], to build them in one expression.
    #[must_use]
    pub fn with(mut self, feature: Feature, value: impl Into<Value>) -> Self {
        self.set(feature, Some(value));
        self
    }

    #[must_use]
    pub fn is_true(&self, feature: Feature) -> bool {
        self.get(feature) == Some(Value::Truth(true))
    }

    #[must_use]
    pub fn number(&self, feature: Feature) -> Option<Decimal> {
        match self.get(feature)? {
            Value::Number(number) => Some(number),
            Value::Truth(_) => None,
        }
    }
}
