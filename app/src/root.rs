//! The document and the router.

use crate::{
    context::session,
    layout::Layout,
    live::provide_live,
    pages::{
        account::{AccountRoute, tokens::TokensRoute},
        alerts::{
            AlertsRoute, act::AlertsActRoute, alert::AlertRoute, channels::ChannelsRoute, inbox::InboxRoute,
            new::NewAlertRoute, preferences::PreferencesRoute, routes::RoutesRoute, rule::RuleRoute, rules::RulesRoute,
            silences::SilencesRoute, stats::AlertStatsRoute,
        },
        analytics::AnalyticsRoute,
        audit::{AuditRoute, entry::AuditEntryRoute},
        customers::{CustomersRoute, detail::CustomerRoute, new::NewCustomerRoute},
        data::{DataRoute, import::ImportRoute, upload::UploadRoute},
        dealers::{DealersRoute, detail::DealerRoute, prospects::ProspectsRoute, records::RecordsRoute},
        exports::ExportsRoute,
        fraud::{
            FraudRoute, backtest::BacktestRoute, backtests::BacktestsRoute, case::CaseRoute, lists::FraudListsRoute,
            rule_set::RuleSetRoute, rules::FraudRulesRoute,
        },
        jobs::{
            JobsRoute, act::ActRoute, detail::JobRoute, queues::QueuesRoute, schedule::ScheduleRoute,
            schedules::SchedulesRoute,
        },
        login::Login,
        not_found::NotFound,
        overview::{
            OverviewRoute, attention::AttentionRoute, drill::DrillRoute, fault_drill::FaultDrillRoute,
            freshness::FreshnessRoute, kpis::KpisRoute, refresh::provide_auto_refresh, targets::TargetsRoute,
        },
        planning::{
            batch::BatchRoute, compare::CompareRoute, decide::PlanRoute, home::PlanningRoute, map::MapRoute,
            network::NetworkRoute, run::PlanRunRoute, runs::PlanRunsRoute, scenario::ScenarioRoute,
            scenarios::ScenariosRoute, solve::SolveRoute,
        },
        products::{ProductsRoute, detail::ProductRoute, new::NewProductRoute},
        reports::ReportRoute,
        search::SearchRoute,
        settings::SettingsRoute,
        settings_cache::CacheRoute,
        settings_demo::DemoRoute,
        setup::SetupRoute,
        transactions::{TransactionsRoute, detail::TransactionRoute, new::NewTransactionRoute},
        users::{UsersRoute, roles::RolesRoute},
    },
    passing::provide_passing,
};
use domain::access::Theme;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{HashedStylesheet, MetaTags, Title, provide_meta_context};
use leptos_router::{
    Lazy, SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

/// The HTML document around the app; rendered on the server only.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let view = session();
    let theme = (view.theme != Theme::System).then(|| view.theme.as_str());
    let lang = view.business.locale.clone();
    // `<` must not end the script element early; JSON knows the escape.
    let embedded = serde_json::to_string(&view).unwrap_or_default().replace('<', "\\u003c");
    view! {
        <!DOCTYPE html>
        <html lang=lang data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <HashedStylesheet options=options.clone() id="style"/>
                <script id="session" type="application/json" nonce=use_nonce() inner_html=embedded></script>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// The app itself; the same tree on both sides.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_live();
    provide_passing();
    provide_auto_refresh();
    view! {
        <Title formatter={document_title}/>
        <Router>
            <Layout>
                // Every page waits for its data, so that it reads whole without script.
                <FlatRoutes fallback=|| view! { <NotFound/> }>
                    <Route path=path!("/login") view=Login/>
                    <Route path=path!("/setup") view={Lazy::<SetupRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/account") view={Lazy::<AccountRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/account/tokens") view={Lazy::<TokensRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings") view={Lazy::<SettingsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/users") view={Lazy::<UsersRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/roles") view={Lazy::<RolesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/") view={Lazy::<OverviewRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/overview/attention") view={Lazy::<AttentionRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/overview/freshness") view={Lazy::<FreshnessRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/overview/kpis") view={Lazy::<KpisRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/overview/kpis/:metric") view={Lazy::<DrillRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/overview/targets") view={Lazy::<TargetsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/analytics") view={Lazy::<AnalyticsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/reports/daily/:date") view={Lazy::<ReportRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/search") view={Lazy::<SearchRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/transactions") view={Lazy::<TransactionsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/transactions/new") view={Lazy::<NewTransactionRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/transactions/:id") view={Lazy::<TransactionRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts") view={Lazy::<AlertsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/act") view={Lazy::<AlertsActRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/stats") view={Lazy::<AlertStatsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/new") view={Lazy::<NewAlertRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/rules") view={Lazy::<RulesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/rules/:id") view={Lazy::<RuleRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/silences") view={Lazy::<SilencesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/channels") view={Lazy::<ChannelsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/routes") view={Lazy::<RoutesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/alerts/:id") view={Lazy::<AlertRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/inbox") view={Lazy::<InboxRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/inbox/preferences") view={Lazy::<PreferencesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/fraud") view={Lazy::<FraudRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/fraud/backtests") view={Lazy::<BacktestsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/fraud/backtests/:id") view={Lazy::<BacktestRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/fraud/cases/:id") view={Lazy::<CaseRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/fraud/rules") view={Lazy::<FraudRulesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/fraud/rules/:number") view={Lazy::<RuleSetRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/fraud/lists") view={Lazy::<FraudListsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/dealers") view={Lazy::<DealersRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/dealers/:id") view={Lazy::<DealerRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/dealers/:id/records/prospect") view={Lazy::<ProspectsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/dealers/:id/records/:feed") view={Lazy::<RecordsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning") view={Lazy::<PlanningRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/map") view={Lazy::<MapRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/network") view={Lazy::<NetworkRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/plans/:id") view={Lazy::<PlanRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/compare") view={Lazy::<CompareRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/runs") view={Lazy::<PlanRunsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/runs/:id") view={Lazy::<PlanRunRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/solve") view={Lazy::<SolveRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/scenarios") view={Lazy::<ScenariosRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/scenarios/:id") view={Lazy::<ScenarioRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/planning/batches/:id") view={Lazy::<BatchRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/customers") view={Lazy::<CustomersRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/customers/new") view={Lazy::<NewCustomerRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/customers/:id") view={Lazy::<CustomerRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/products") view={Lazy::<ProductsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/products/new") view={Lazy::<NewProductRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/products/:id") view={Lazy::<ProductRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/exports") view={Lazy::<ExportsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/data") view={Lazy::<DataRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/data/import") view={Lazy::<UploadRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/data/import/:id") view={Lazy::<ImportRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/jobs") view={Lazy::<JobsRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/schedules") view={Lazy::<SchedulesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/schedules/:id") view={Lazy::<ScheduleRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/queues") view={Lazy::<QueuesRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/act") view={Lazy::<ActRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/jobs/:id") view={Lazy::<JobRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/cache") view={Lazy::<CacheRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/overview/drill") view={Lazy::<FaultDrillRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/settings/demo") view={Lazy::<DemoRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/audit") view={Lazy::<AuditRoute>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("/audit/:id") view={Lazy::<AuditEntryRoute>::new()} ssr=SsrMode::Async/>
                </FlatRoutes>
            </Layout>
        </Router>
    }
}

fn document_title(page: String) -> String {
    if page.is_empty() { "Millrace".to_owned() } else { format!("{page} · Millrace") }
}
