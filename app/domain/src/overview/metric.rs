//! The figures: their keys, units and formulas in words (`overview.md` 3.2).

use crate::{
    access::Permission,
    freshness::{Class, DEADLINE_MS, Declaration},
    live::Topic,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::{
    ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// Which orders a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderSet {
    /// Approved or released, whatever came later; by the time of recognition.
    Recognised,
    /// Every order of whatever status; by the time of ordering.
    All,
}

/// The counting rule of a page: it changes revenue and orders together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    #[default]
    Net,
    Gross,
    All,
}

impl Basis {
    pub const ALL: [Self; 3] = [Self::Net, Self::Gross, Self::All];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Gross => "gross",
            Self::All => "all",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|b| b.as_str() == text)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Net => "Net",
            Self::Gross => "Gross",
            Self::All => "All orders",
        }
    }

    #[must_use]
    pub const fn order_set(self) -> OrderSet {
        match self {
            Self::Net | Self::Gross => OrderSet::Recognised,
            Self::All => OrderSet::All,
        }
    }

    /// The figure that stands as "Revenue" under this rule.
    #[must_use]
    pub const fn revenue(self) -> MetricKey {
        match self {
            Self::Net => MetricKey::RevenueNet,
            Self::Gross => MetricKey::RevenueGross,
            Self::All => MetricKey::AmountAll,
        }
    }

    /// The figure that stands as "Orders" under this rule.
    #[must_use]
    pub const fn orders(self) -> MetricKey {
        match self {
            Self::Net | Self::Gross => MetricKey::Orders,
            Self::All => MetricKey::OrdersAll,
        }
    }
}

/// What a figure is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Money,
    Orders,
    Customers,
    Visitors,
    Percent,
    Ratio,
    Products,
}

/// Topics whose change makes every figure of sales and visits old.
pub(crate) const FACTS: &[Topic] = &[Topic::Transactions, Topic::Analytics, Topic::Settings];

/// What every figure of a period is asked by.
const OF_PERIOD: &[&str] = &["from", "to", "basis", "compare", "zone", "currency", "fraud"];
/// What a figure of this moment is asked by.
const OF_NOW: &[&str] = &["zone", "currency", "fraud"];
const STOCK: &[Topic] = &[Topic::Inventory, Topic::Settings];

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident => $key:literal, $label:literal, $unit:ident,
       $class:ident, $right:ident, $topics:ident, $scope:ident, $formula:literal;)+) => {
        /// Key of a figure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum MetricKey { $($(#[$doc])* $name),+ }

        impl MetricKey {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $key),+ }
            }

            /// What a person calls it.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label),+ }
            }

            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit),+ }
            }

            /// The receipt's formula, in words.
            #[must_use]
            pub const fn formula(self) -> &'static str {
                match self { $(Self::$name => $formula),+ }
            }

            /// How it is kept.
            #[must_use]
            pub const fn declaration(self) -> &'static Declaration {
                match self {
                    $(Self::$name => {
                        static DECLARED: Declaration = Declaration {
                            key: $key,
                            label: $label,
                            class: Class::$class,
                            deadline_ms: DEADLINE_MS,
                            permission: Permission::$right,
                            topics: $topics,
                            scope: $scope,
                            formula: $formula,
                        };
                        &DECLARED
                    }),+
                }
            }
        }
    };
}

metrics! {
    RevenueNet => "sales.revenue_net", "Revenue", Money, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Net amounts of recognised sales (after discount, before tax and shipping) minus the net amounts of refunds, each by its own time";
    RevenueGross => "sales.revenue_gross", "Gross revenue", Money, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Net amounts of recognised sales (after discount, before tax and shipping); refunds are not taken off";
    AmountAll => "sales.amount_all", "Amount of all orders", Money, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Amounts of every order of whatever status (with tax and shipping, less discount), by the time of ordering";
    Orders => "sales.orders", "Orders", Orders, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Number of recognised sales: approved or released, whatever came later";
    OrdersAll => "sales.orders_all", "All orders", Orders, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Number of every order of whatever status, by the time of ordering";
    ActiveCustomers => "sales.active_customers", "Active customers", Customers, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Different customers of the orders counted; orders of guests stand beside it";
    Visitors => "shop.visitors", "Visitors", Visitors, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Different visitors of the visits recorded: the customer where known, else the browser";
    Conversion => "shop.conversion", "Conversion", Percent, Kpi, OverviewView, FACTS, OF_PERIOD,
        "100 · visitors with at least one order counted / visitors, with its 95 % Wilson interval";
    OrdersPerHundred => "shop.orders_per_100_visitors", "Orders per 100 visitors", Ratio, Kpi, OverviewView, FACTS, OF_PERIOD,
        "100 · all orders / visitors; may pass 100";
    AverageOrder => "sales.average_order", "Average order", Money, Kpi, OverviewView, FACTS, OF_PERIOD,
        "Gross revenue / orders of the same sales";
    Held => "fraud.held", "Held for review", Orders, Live, FraudView, FACTS, OF_NOW,
        "Sales held for review at this moment: their number, the sum of their net amounts, and the oldest";
    LowStock => "stock.low", "Low stock", Products, Standard, InventoryView, STOCK, OF_NOW,
        "Products at a site of which no more is available (on hand, not reserved) than the reorder threshold: none left is critical, less than a quarter of the threshold high, the rest medium";
    LastMinute => "sales.last_minute", "Orders in the last minute", Orders, Live, OverviewView, FACTS, OF_NOW,
        "Recognised sales of the last 60 seconds: their number, and the sum of their net amounts";
}

impl MetricKey {
    /// Those of a period; the others are of this moment.
    pub fn of_period() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|metric| !metric.is_of_now())
    }

    /// Whether it is of this moment, whatever days are asked for.
    #[must_use]
    pub const fn is_of_now(self) -> bool {
        matches!(self, Self::Held | Self::LowStock | Self::LastMinute)
    }

    /// Reads the full key, or its last part: `sales.orders` and `orders` are the same figure.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|m| m.as_str() == text || m.as_str().split_once('.').is_some_and(|(_, short)| short == text))
    }

    /// Which orders it counts: its own where the key says so, else those of the page's rule.
    #[must_use]
    pub const fn order_set(self, basis: Basis) -> OrderSet {
        match self {
            Self::RevenueNet | Self::RevenueGross | Self::Orders | Self::AverageOrder | Self::LastMinute => {
                OrderSet::Recognised
            }
            Self::AmountAll | Self::OrdersAll | Self::OrdersPerHundred | Self::Held | Self::LowStock => OrderSet::All,
            Self::ActiveCustomers | Self::Visitors | Self::Conversion => basis.order_set(),
        }
    }
}

impl fmt::Display for MetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for MetricKey {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MetricKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let key = String::deserialize(d)?;
        Self::parse(&key).ok_or_else(|| serde::de::Error::custom(format!("unknown figure {key}")))
    }
}

impl utoipa::PartialSchema for MetricKey {
    fn schema() -> RefOr<Schema> {
        let keys = Self::ALL.iter().map(|key| key.as_str());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(keys)).into()
    }
}

impl ToSchema for MetricKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_are_unique_long_and_short() {
        let long: BTreeSet<_> = MetricKey::ALL.iter().map(|m| m.as_str()).collect();
        let short: BTreeSet<_> =
            MetricKey::ALL.iter().filter_map(|m| m.as_str().split_once('.')).map(|(_, s)| s).collect();
        assert_eq!((long.len(), short.len()), (MetricKey::ALL.len(), MetricKey::ALL.len()));
        for metric in MetricKey::ALL {
            assert_eq!(MetricKey::parse(metric.as_str()), Some(*metric));
        }
        assert_eq!(MetricKey::parse("revenue_net"), Some(MetricKey::RevenueNet));
        assert_eq!(MetricKey::parse("sales"), None);
        assert_eq!(MetricKey::parse(""), None);
    }

    #[test]
    fn the_counting_rule_changes_revenue_and_orders_together() {
        assert_eq!((Basis::Net.revenue(), Basis::Net.orders()), (MetricKey::RevenueNet, MetricKey::Orders));
        assert_eq!((Basis::Gross.revenue(), Basis::Gross.orders()), (MetricKey::RevenueGross, MetricKey::Orders));
        assert_eq!((Basis::All.revenue(), Basis::All.orders()), (MetricKey::AmountAll, MetricKey::OrdersAll));
        for basis in Basis::ALL {
            assert_eq!(basis.revenue().order_set(basis), basis.order_set());
            assert_eq!(basis.orders().order_set(basis), basis.order_set());
            assert_eq!(MetricKey::ActiveCustomers.order_set(basis), basis.order_set());
        }
    }
}
