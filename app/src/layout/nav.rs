//! Where one can go: only what exists, only what one may see.

use domain::access::{Permission, Rights};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

struct Place {
    group: &'static str,
    label: &'static str,
    href: &'static str,
    needs: Permission,
}

const fn place(group: &'static str, label: &'static str, href: &'static str, needs: Permission) -> Place {
    Place { group, label, href, needs }
}

/// In the order of the side navigation; the phone bar takes the first four, the rest is behind "More".
const PLACES: &[Place] = &[
    place("Operate", "Overview", "/", Permission::OverviewView),
    place("Operate", "Transactions", "/transactions", Permission::TransactionsView),
    place("Operate", "Alerts", "/alerts", Permission::AlertsView),
    place("Operate", "Fraud review", "/fraud", Permission::FraudView),
    place("Operate", "Analytics", "/analytics", Permission::OverviewView),
    place("Operate", "Customers", "/customers", Permission::CustomersView),
    place("Operate", "Products", "/products", Permission::InventoryView),
    place("Operate", "Figures", "/overview/kpis", Permission::OverviewView),
    place("Operate", "Attention", "/overview/attention", Permission::OverviewView),
    place("Plan", "Planning", "/planning", Permission::PlanView),
    place("Run", "Dealers", "/dealers", Permission::DealersView),
    place("Run", "Data", "/data", Permission::IngestView),
    place("Run", "Jobs", "/jobs", Permission::JobsView),
    place("Run", "Freshness", "/overview/freshness", Permission::OverviewView),
    place("Run", "Users", "/settings/users", Permission::AccessUsersView),
    place("Run", "Audit", "/audit", Permission::AuditView),
    place("Run", "Settings", "/settings", Permission::AccessSettingsView),
    place("Run", "Kept figures", "/settings/cache", Permission::OverviewCacheClear),
    place("Run", "Fault drill", "/overview/drill", Permission::OverviewDrill),
    place("Run", "Demo data", "/settings/demo", Permission::SystemDemo),
];

/// The page of `href` or one below it is shown.
fn is_current(path: &str, href: &str) -> bool {
    match href {
        // Pages below it have places of their own.
        "/" | "/settings" => path == href,
        _ => path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')),
    }
}

#[component]
fn PlaceLink(label: &'static str, href: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    view! {
        <a href=href aria-current=move || is_current(&path.get(), href).then_some("page")>{label}</a>
    }
}

#[component]
pub fn SideNav(rights: Rights) -> impl IntoView {
    let groups =
        ["Operate", "Grow", "Plan", "Run"]
            .into_iter()
            .filter_map(|group| {
                let places: Vec<_> = PLACES.iter().filter(|p| p.group == group && rights.has(p.needs)).collect();
                (!places.is_empty()).then(|| view! {
                <div class="side-group">
                    <h2 class="side-title">{group}</h2>
                    {places.into_iter().map(|p| view! { <PlaceLink label=p.label href=p.href/> }).collect_view()}
                </div>
            })
            })
            .collect_view();
    view! {
        <nav class="side" id="side" aria-label="Main">
            <a class="side-close" href="#content">"Close"</a>
            <a class="brand" href="/">
                <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">
                    <circle cx="12" cy="12" r="8"></circle>
                    <path d="M12 4v16M4 12h16M6.3 6.3l11.4 11.4M17.7 6.3 6.3 17.7"></path>
                </svg>
                "Millrace"
            </a>
            {groups}
        </nav>
    }
}

/// Five places at the foot of a phone.
#[component]
pub fn TabBar(rights: Rights) -> impl IntoView {
    let places: Vec<_> =
        PLACES.iter().filter(|p| rights.has(p.needs) && !p.href.starts_with("/overview/")).take(4).collect();
    view! {
        <nav class="tabbar" aria-label="Main, phone">
            {places.into_iter().map(|p| view! { <PlaceLink label=p.label href=p.href/> }).collect_view()}
            <a href="#side">"More"</a>
        </nav>
    }
}
