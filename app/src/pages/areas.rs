//! Which pages are one piece of the browser's code. Every two pieces that share a function have a third between them
//! for it, so pieces multiply: with one a page, the home page asked for 330 files. The pages of an area are read one
//! after the other anyway.

use super::{
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
    overview::{
        OverviewRoute, attention::AttentionRoute, drill::DrillRoute, fault_drill::FaultDrillRoute,
        freshness::FreshnessRoute, kpis::KpisRoute, targets::TargetsRoute,
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
};
use leptos::{lazy, prelude::*};
use leptos_router::LazyRoute;

/// A page whose code comes when it is first looked at, while its data is on the way.
pub trait LazyPage: Send + 'static {
    /// What it asks for.
    fn data() -> Self;
    /// What it shows of it.
    fn view(this: Self) -> AnyView;
}

macro_rules! area {
    ($code:ident, $preload:ident, $Pages:ident { $($Route:ident),+ $(,)? }) => {
        #[allow(clippy::enum_variant_names, reason = "they are named as the pages are")]
        #[allow(clippy::large_enum_variant, reason = "one is made each time a page is opened, and moved once")]
        enum $Pages { $($Route($Route)),+ }

        #[lazy]
        fn $code(page: $Pages) -> AnyView {
            match page { $($Pages::$Route(this) => LazyPage::view(this)),+ }
        }

        $(impl LazyRoute for $Route {
            fn data() -> Self {
                <Self as LazyPage>::data()
            }

            async fn view(this: Self) -> AnyView {
                $code($Pages::$Route(this)).await
            }

            async fn preload() {
                #[cfg(target_arch = "wasm32")]
                $preload().await;
            }
        })+
    };
}

area!(
    overview,
    __preload_overview,
    OverviewPages {
        OverviewRoute,
        KpisRoute,
        DrillRoute,
        TargetsRoute,
        AttentionRoute,
        FreshnessRoute,
        FaultDrillRoute,
        CacheRoute,
        AnalyticsRoute,
    }
);
area!(
    sales,
    __preload_sales,
    SalesPages {
        TransactionsRoute,
        TransactionRoute,
        NewTransactionRoute,
        ExportsRoute,
        FraudRoute,
        CaseRoute,
        BacktestsRoute,
        BacktestRoute,
        FraudRulesRoute,
        RuleSetRoute,
        FraudListsRoute,
        CustomersRoute,
        CustomerRoute,
        NewCustomerRoute,
        ProductsRoute,
        ProductRoute,
        NewProductRoute,
        SearchRoute,
        ReportRoute,
    }
);
area!(
    alerts,
    __preload_alerts,
    AlertPages {
        AlertsRoute,
        AlertsActRoute,
        AlertRoute,
        AlertStatsRoute,
        NewAlertRoute,
        RulesRoute,
        RuleRoute,
        SilencesRoute,
        RoutesRoute,
        PreferencesRoute,
        ChannelsRoute,
        InboxRoute
    }
);
area!(
    planning,
    __preload_planning,
    PlanningPages {
        PlanningRoute,
        PlanRunsRoute,
        PlanRunRoute,
        SolveRoute,
        PlanRoute,
        CompareRoute,
        ScenariosRoute,
        NetworkRoute,
        MapRoute,
        ScenarioRoute,
        BatchRoute
    }
);
area!(
    data,
    __preload_data,
    DataPages { DataRoute, UploadRoute, ImportRoute, DealersRoute, DealerRoute, ProspectsRoute, RecordsRoute }
);
area!(jobs, __preload_jobs, JobPages { JobsRoute, JobRoute, SchedulesRoute, ScheduleRoute, QueuesRoute, ActRoute });
area!(
    administration,
    __preload_administration,
    AdministrationPages {
        AccountRoute,
        TokensRoute,
        UsersRoute,
        RolesRoute,
        SettingsRoute,
        DemoRoute,
        SetupRoute,
        AuditRoute,
        AuditEntryRoute,
    }
);
