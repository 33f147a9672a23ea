//! Topics of the live bus (`platform.md` §7). A live message says *which* topic changed, never what.

use crate::access::Permission;
use serde::{Deserialize, Serialize};

macro_rules! topics {
    ($($name:ident => $text:literal, $right:expr;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Topic { $($name),+ }

        impl Topic {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }

            /// The right that lets a user hear the topic; `None`: every signed-in user, own events only.
            #[must_use]
            pub const fn right(self) -> Option<Permission> {
                match self { $(Self::$name => $right),+ }
            }
        }
    };
}

topics! {
    Dashboard => "dashboard", Some(Permission::OverviewView);
    Transactions => "transactions", Some(Permission::TransactionsView);
    Fraud => "fraud", Some(Permission::FraudView);
    Alerts => "alerts", Some(Permission::AlertsView);
    Inventory => "inventory", Some(Permission::InventoryView);
    Analytics => "analytics", Some(Permission::OverviewView);
    Customers => "customers", Some(Permission::CustomersView);
    Dealers => "dealers", Some(Permission::DealersView);
    Jobs => "jobs", Some(Permission::JobsView);
    Metric => "metric", Some(Permission::OverviewView);
    Integrations => "integrations", Some(Permission::IngestView);
    Optimize => "optimize", Some(Permission::PlanView);
    Planning => "planning", Some(Permission::PlanView);
    Settings => "settings", Some(Permission::AccessSettingsView);
    Access => "access", Some(Permission::AccessUsersView);
    Audit => "audit", Some(Permission::AuditView);
    System => "system", Some(Permission::SystemView);
    Session => "session", None;
    Notification => "notification", None;
}

/// One `changed` event as the page receives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// Position in the bus; send it back as `Last-Event-ID`.
    pub id: i64,
    pub topic: Topic,
    /// What of the topic changed (an id, or empty for "anything").
    pub key: String,
    pub at: chrono::DateTime<chrono::Utc>,
    /// The database's number of the transaction that changed it; 0 when it was not told.
    #[serde(skip)]
    pub transaction: u64,
}
