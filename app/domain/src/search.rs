//! Search over pages, products, customers and sales (`platform.md` 3.13).

use crate::{
    access::{Access, Permission, Principal},
    error::AppError,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Hits of one kind, and of all kinds together.
pub const PER_KIND: usize = 5;
pub const IN_ALL: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    Page,
    Action,
    Product,
    Customer,
    Transaction,
}

impl SearchKind {
    pub const ALL: [Self; 5] = [Self::Page, Self::Action, Self::Product, Self::Customer, Self::Transaction];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Action => "action",
            Self::Product => "product",
            Self::Customer => "customer",
            Self::Transaction => "transaction",
        }
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Page => "Pages",
            Self::Action => "Actions",
            Self::Product => "Products",
            Self::Customer => "Customers",
            Self::Transaction => "Transactions",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    pub title: String,
    pub subtitle: String,
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchGroup {
    pub kind: SearchKind,
    pub items: Vec<SearchHit>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchResults {
    pub groups: Vec<SearchGroup>,
}

impl SearchResults {
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.iter().map(|g| g.items.len()).sum()
    }
}

/// A page or action that can be found by name.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub kind: SearchKind,
    pub title: &'static str,
    pub path: &'static str,
    pub access: Access,
    pub keywords: &'static str,
}

const fn page(title: &'static str, path: &'static str, right: Permission, keywords: &'static str) -> Place {
    Place { kind: SearchKind::Page, title, path, access: Access::Needs(right), keywords }
}

const fn action(title: &'static str, path: &'static str, right: Permission, keywords: &'static str) -> Place {
    Place { kind: SearchKind::Action, title, path, access: Access::Needs(right), keywords }
}

const fn open(title: &'static str, path: &'static str, keywords: &'static str) -> Place {
    Place { kind: SearchKind::Page, title, path, access: Access::SignedIn, keywords }
}

/// Every page and action of the palette; a test holds it against the page table.
pub const PLACES: &[Place] = &[
    page("Overview", "/", Permission::OverviewView, "home dashboard revenue today kpi"),
    page("Figures", "/overview/kpis", Permission::OverviewView, "kpi orders revenue conversion trend days"),
    page("Targets", "/overview/targets", Permission::OverviewView, "goal plan pace revenue orders"),
    page(
        "Needs attention",
        "/overview/attention",
        Permission::OverviewView,
        "urgent todo held failed missed quarantine",
    ),
    page("Freshness", "/overview/freshness", Permission::OverviewView, "sources age late missing stale"),
    open("Search", "/search", "find"),
    page("Transactions", "/transactions", Permission::TransactionsView, "sales orders invoices list"),
    page("Alerts", "/alerts", Permission::AlertsView, "problems firing acknowledge resolve"),
    open("Inbox", "/inbox", "messages notifications"),
    page("Alert rules", "/alerts/rules", Permission::AlertsView, "thresholds watch metric"),
    page("Alert statistics", "/alerts/stats", Permission::AlertsView, "mtta mttr how fast noisy report"),
    page("Silences", "/alerts/silences", Permission::AlertsView, "mute hold back messages"),
    page("Channels", "/alerts/channels", Permission::AlertsEdit, "webhook e-mail slack notifications deliveries"),
    page("Routes", "/alerts/routes", Permission::AlertsEdit, "who is told escalation steps notifications probe"),
    open("Preferences", "/inbox/preferences", "notifications messages severity e-mail"),
    page("Fraud review", "/fraud", Permission::FraudView, "cases held suspicious queue review"),
    page(
        "Backtests",
        "/fraud/backtests",
        Permission::FraudReview,
        "rule set try history dataset precision recall learned",
    ),
    page("Fraud rules", "/fraud/rules", Permission::FraudView, "screening points thresholds draft shadow publish"),
    page("Fraud lists", "/fraud/lists", Permission::FraudView, "block allow terminal domain addresses"),
    page("Dealers", "/dealers", Permission::DealersView, "main dealer keys credentials"),
    page("Planning", "/planning", Permission::PlanView, "plans promoted proposed supply network"),
    page(
        "Network",
        "/planning/network",
        Permission::PlanView,
        "planning nodes plants lanes stock demand contracts calendars freeze",
    ),
    page("Map", "/planning/map", Permission::PlanView, "planning plan lanes flows nodes"),
    page("Compare plans", "/planning/compare", Permission::PlanView, "planning difference rows cost"),
    page("Solver runs", "/planning/runs", Permission::PlanView, "planning plans optimise solve network supply"),
    page("Scenarios", "/planning/scenarios", Permission::PlanView, "planning batch draws seed risk var cvar what if"),
    page("Solve a plan", "/planning/solve", Permission::PlanRun, "planning optimise network scenario document"),
    page("Analytics", "/analytics", Permission::OverviewView, "hours products categories segments sold best"),
    page("Customers", "/customers", Permission::CustomersView, "buyers people loyalty"),
    page("Products", "/products", Permission::InventoryView, "catalogue items sku price stock"),
    page("Exports", "/exports", Permission::AccessExport, "files download large csv xlsx"),
    page("Data", "/data", Permission::IngestView, "imports files quarantine"),
    page("Jobs", "/jobs", Permission::JobsView, "background runs progress"),
    page("Schedules", "/jobs/schedules", Permission::JobsView, "cron timer clock"),
    page("Queues", "/jobs/queues", Permission::JobsView, "pause resume waiting"),
    open("Account", "/account", "profile password sessions theme"),
    open("API tokens", "/account/tokens", "personal bearer"),
    page("Settings", "/settings", Permission::AccessSettingsView, "zone currency language tax configuration"),
    page("Audit", "/audit", Permission::AuditView, "log history who changed"),
    page("Users", "/settings/users", Permission::AccessUsersView, "people accounts sign-in"),
    page("Roles and rights", "/settings/roles", Permission::AccessUsersView, "permissions"),
    page("Kept figures", "/settings/cache", Permission::OverviewView, "cache memory hits clear statistics"),
    page("Fault drill", "/overview/drill", Permission::OverviewDrill, "rehearse outage fault checks breaker"),
    page("Demo data", "/settings/demo", Permission::SystemDemo, "sample world remove"),
    action("New alert", "/alerts/new", Permission::AlertsAck, "report problem by hand"),
    action("New transaction", "/transactions/new", Permission::TransactionsCreate, "record sale add order"),
    action("New customer", "/customers/new", Permission::CustomersEdit, "add buyer"),
    action("New product", "/products/new", Permission::InventoryEdit, "add item sku"),
    action("Import a file", "/data/import", Permission::IngestUpload, "upload csv excel sales"),
];

/// What was asked for, read from the text: `>` asks for actions and pages only, `#` for ids only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText {
    pub text: String,
    pub kinds: Vec<SearchKind>,
    pub ids_only: bool,
}

impl SearchText {
    /// # Errors
    /// `validation` when there is nothing to search for, or too much.
    pub fn parse(q: &str, kinds: &[SearchKind]) -> Result<Self, AppError> {
        let q = q.trim();
        if q.is_empty() || q.chars().count() > 100 {
            return Err(AppError::field("q", "Search for 1 to 100 characters."));
        }
        let allowed = if kinds.is_empty() { SearchKind::ALL.to_vec() } else { kinds.to_vec() };
        let (text, only, ids_only): (&str, &[SearchKind], bool) = if let Some(rest) = q.strip_prefix('>') {
            (rest, &[SearchKind::Action, SearchKind::Page], false)
        } else if let Some(rest) = q.strip_prefix('#') {
            (rest, &[SearchKind::Product, SearchKind::Customer, SearchKind::Transaction], true)
        } else {
            (q, &SearchKind::ALL, false)
        };
        let kinds = allowed.into_iter().filter(|k| only.contains(k)).collect();
        Ok(Self { text: text.trim().to_owned(), kinds, ids_only })
    }
}

/// Places that `who` may enter and that match, best first: title exact, title prefix, word prefix,
/// part of title or keyword.
#[must_use]
pub fn places(text: &SearchText, kind: SearchKind, who: &Principal) -> Vec<SearchHit> {
    let wanted = text.text.to_lowercase();
    if text.ids_only || !text.kinds.contains(&kind) {
        return Vec::new();
    }
    let rank = |place: &Place| {
        let title = place.title.to_lowercase();
        if title == wanted {
            Some(0)
        } else if title.starts_with(&wanted) {
            Some(1)
        } else if title.split(' ').any(|word| word.starts_with(&wanted)) {
            Some(2)
        } else if title.contains(&wanted) || place.keywords.split(' ').any(|word| word.starts_with(&wanted)) {
            Some(3)
        } else {
            None
        }
    };
    let mut found: Vec<(u8, &Place)> = PLACES
        .iter()
        .filter(|p| p.kind == kind && p.access.allows(Some(who.rights())))
        .filter_map(|p| rank(p).map(|r| (r, p)))
        .collect();
    found.sort_by_key(|(rank, place)| (*rank, place.title));
    found
        .into_iter()
        .take(PER_KIND)
        .map(|(_, p)| SearchHit { title: p.title.to_owned(), subtitle: String::new(), path: p.path.to_owned() })
        .collect()
}

/// The search behind the palette and `/search`.
#[async_trait]
pub trait SearchPort: Send + Sync + 'static {
    /// `kinds` empty: all. What the caller has no right to is not searched.
    async fn search(
        &self,
        who: &Principal,
        q: &str,
        kinds: &[SearchKind],
        limit: usize,
    ) -> Result<SearchResults, AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{ActorKind, PermSet, RequestTrace, Rights, Role};

    fn who(role: Option<Role>, sets: &[PermSet]) -> Principal {
        Principal::vouch(ActorKind::User, None, "t".into(), Rights::of(role, sets), RequestTrace::default())
    }

    fn titles(q: &str, kind: SearchKind, who: &Principal) -> Vec<String> {
        places(&SearchText::parse(q, &[]).unwrap(), kind, who).into_iter().map(|h| h.title).collect()
    }

    #[test]
    fn places_are_found_by_name_and_keyword_within_the_rights() {
        let admin = who(Some(Role::Admin), &[]);
        assert_eq!(titles("TRANS", SearchKind::Page, &admin), ["Transactions"]);
        assert_eq!(titles("invoi", SearchKind::Page, &admin), ["Transactions"]);
        assert_eq!(titles(">new t", SearchKind::Action, &admin), ["New transaction"]);
        let all = ["New alert", "New customer", "New product", "New transaction"];
        assert_eq!(titles(">new", SearchKind::Action, &admin), all);
        assert!(titles("#new", SearchKind::Action, &admin).is_empty());
        let viewer = who(Some(Role::Viewer), &[]);
        assert!(titles("new", SearchKind::Action, &viewer).is_empty());
        assert!(titles("transactions", SearchKind::Page, &who(None, &[PermSet::DealerUser])).is_empty());
        assert_eq!(titles("password", SearchKind::Page, &who(None, &[PermSet::DealerUser])), ["Account"]);
        assert_eq!(titles("users", SearchKind::Page, &admin), ["Users"]);
    }

    #[test]
    fn prefixes_narrow_the_kinds() {
        assert_eq!(SearchText::parse("# 536365", &[]).unwrap().text, "536365");
        assert!(SearchText::parse("#1", &[SearchKind::Page]).unwrap().kinds.is_empty());
        assert!(SearchText::parse("  ", &[]).is_err());
        assert!(SearchText::parse(&"x".repeat(101), &[]).is_err());
    }
}
