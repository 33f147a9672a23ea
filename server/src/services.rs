//! The services behind the ports of `domain`: permission, transaction, `store` and `engine`, audit, commit.

pub mod access;
pub mod alerts;
pub mod analytics;
pub mod audit;
mod cursor;
pub mod customers;
pub mod dealers;
pub mod exports;
pub mod frames;
pub mod fraud;
pub mod idempotency;
pub mod ingest;
pub mod inventory;
pub mod jobs;
pub mod overview;
mod paper;
pub mod planning;
pub mod search;
pub mod settings;
mod stale;
pub mod transactions;

use crate::{
    access::Doorkeeper,
    backend::Backend,
    demo::{DemoService, LogIns},
    jobs::Registry,
    live::LiveBus,
};
use domain::{
    access::AccessPort,
    alerts::{AlertRulesPort, AlertsPort, NotificationsPort, RoutesPort},
    analytics::{AnalyticsPort, ReportsPort},
    audit::AuditPort,
    customers::CustomersPort,
    dealers::DealersPort,
    demo::DemoPort,
    exports::ExportsPort,
    fraud::{backtest::BacktestsPort, case::CasesPort, list::ListsPort, set::RuleSetsPort},
    ingest::IngestPort,
    inventory::InventoryPort,
    jobs::JobsPort,
    overview::{
        OverviewPort, TargetsPort, area::AreasPort, attention::AttentionPort, cache::CachePort,
        fault_drill::FaultDrillPort, source::SourcesPort,
    },
    planning::{BatchesPort, NetworksPort, PlanningPort, PlansPort, ScenariosPort},
    search::SearchPort,
    settings::SettingsPort,
    transactions::TransactionsPort,
};
use leptos::prelude::provide_context;
use overview::{
    areas::AreasService,
    attention::{AttentionService, DiskSource},
    fault_drill::FaultDrillService,
    sources::SourcesService,
};
use std::{fmt, path::Path, sync::Arc};

/// All ports of one process, as pages, server functions, REST and jobs get them.
#[derive(Clone)]
pub struct Services {
    pub backend: Backend,
    pub door: Arc<Doorkeeper>,
    pub access: Arc<dyn AccessPort>,
    pub audit: Arc<dyn AuditPort>,
    pub live: LiveBus,
    pub jobs: Arc<dyn JobsPort>,
    pub overview: Arc<dyn OverviewPort>,
    pub analytics: Arc<dyn AnalyticsPort>,
    pub views: Arc<analytics::ViewsService>,
    pub segments: Arc<analytics::SegmentsService>,
    pub reports: Arc<analytics::ReportsService>,
    pub cases: Arc<dyn CasesPort>,
    pub backtests: Arc<fraud::BacktestsService>,
    pub rule_sets: Arc<dyn RuleSetsPort>,
    pub fraud_lists: Arc<dyn ListsPort>,
    pub frames: Arc<frames::FramesService>,
    pub alerts: Arc<dyn AlertsPort>,
    pub alert_rules: Arc<dyn AlertRulesPort>,
    pub notifications: Arc<dyn NotificationsPort>,
    pub routes: Arc<dyn RoutesPort>,
    pub evaluation: alerts::EvaluationService,
    pub outbox: alerts::Outbox,
    pub summary: Arc<overview::SummaryService>,
    pub targets: Arc<dyn TargetsPort>,
    pub attention: Arc<dyn AttentionPort>,
    pub sources: Arc<dyn SourcesPort>,
    pub areas: Arc<dyn AreasPort>,
    pub cache: Arc<dyn CachePort>,
    pub drill: Arc<FaultDrillService>,
    pub ingest: Arc<ingest::IngestService>,
    pub inventory: Arc<dyn InventoryPort>,
    pub customers: Arc<dyn CustomersPort>,
    pub dealers: Arc<dealers::DealersService>,
    pub settings: Arc<dyn SettingsPort>,
    pub transactions: Arc<dyn TransactionsPort>,
    pub search: Arc<dyn SearchPort>,
    pub exports: exports::ExportsService,
    pub demo: Arc<dyn DemoPort>,
    pub planning: Arc<dyn PlanningPort>,
    pub plans: Arc<dyn PlansPort>,
    /// Its documents and results as files.
    pub plan_files: planning::PlanningService,
    pub scenarios: Arc<dyn ScenariosPort>,
    pub networks: Arc<dyn NetworksPort>,
    pub batches: Arc<dyn BatchesPort>,
    pub solver: planning::SolverHost,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

impl Services {
    #[must_use]
    pub fn new(backend: Backend, door: Arc<Doorkeeper>) -> Self {
        let live = LiveBus::new(backend.clone());
        backend.figures.news().listen(live.ear());
        let ingest = Arc::new(ingest::IngestService::new(backend.clone()));
        let settings: Arc<dyn SettingsPort> = Arc::new(settings::SettingsService::new(backend.clone()));
        let attention = AttentionService::new(backend.clone(), Arc::clone(&settings), Registry::standard());
        let sources = Arc::new(SourcesService::new(backend.clone(), Arc::clone(&settings), live.clone()));
        let overview = overview::OverviewService::new(backend.clone());
        let overview = Arc::new(overview.telling(live.gatherer().clone()).eating_from(Arc::clone(&sources)));
        let analytics = analytics::AnalyticsService::new(backend.clone(), Arc::clone(&overview));
        let overview: Arc<dyn OverviewPort> = overview;
        let sources: Arc<dyn SourcesPort> = sources;
        let areas =
            AreasService::new(backend.clone(), Arc::clone(&settings), Arc::clone(&overview), Arc::clone(&sources));
        let drill = FaultDrillService::new(backend.clone(), Arc::clone(&overview), live.clone(), true);
        let outbox = alerts::Outbox::new(
            backend.clone(),
            door.settings().keys.clone(),
            door.settings().origin.clone(),
            alerts::Destinations::new(Vec::new(), None),
            None,
        );
        Self {
            alerts: Arc::new(alerts::AlertsService::new(backend.clone())),
            alert_rules: Arc::new(alerts::RulesService::new(backend.clone(), Arc::clone(&overview))),
            evaluation: alerts::EvaluationService::new(backend.clone(), Arc::clone(&overview)),
            notifications: Arc::new(alerts::NotificationsService::new(backend.clone(), outbox.clone())),
            routes: Arc::new(alerts::RoutesService::new(backend.clone())),
            reports: Arc::new(analytics::ReportsService::new(backend.clone()).mailing(outbox.clone())),
            outbox,
            access: Arc::new(access::AccessService::new(Arc::clone(&door))),
            audit: Arc::new(audit::AuditService::new(backend.clone())),
            jobs: Arc::new(jobs::JobsService::new(backend.clone(), Registry::standard())),
            analytics: Arc::new(analytics),
            views: Arc::new(analytics::ViewsService::new(backend.clone())),
            segments: Arc::new(analytics::SegmentsService::new(backend.clone())),
            cases: Arc::new(fraud::CasesService::new(backend.clone())),
            backtests: Arc::new(fraud::BacktestsService::new(backend.clone())),
            rule_sets: Arc::new(fraud::RuleSetsService::new(backend.clone())),
            fraud_lists: Arc::new(fraud::ListsService::new(backend.clone())),
            frames: Arc::new(frames::FramesService::new(backend.clone(), live.clone())),
            summary: Arc::new(overview::SummaryService::new(backend.clone())),
            targets: Arc::new(overview::TargetsService::new(backend.clone())),
            cache: Arc::new(overview::cache::CacheService::new(backend.clone())),
            drill: Arc::new(drill),
            overview,
            attention: Arc::new(attention),
            sources,
            areas: Arc::new(areas),
            demo: Arc::new(DemoService::new(backend.clone(), ingest.clone(), LogIns::default())),
            ingest,
            settings,
            transactions: Arc::new(transactions::TransactionsService::new(
                backend.clone(),
                door.settings().keys.clone(),
                live.gatherer().clone(),
            )),
            customers: Arc::new(customers::CustomersService::new(backend.clone(), door.settings().keys.clone())),
            dealers: Arc::new(dealers::DealersService::new(
                backend.clone(),
                door.settings().keys.clone(),
                alerts::Destinations::new(Vec::new(), None),
            )),
            inventory: Arc::new(inventory::InventoryService::new(backend.clone())),
            planning: Arc::new(planning::PlanningService::new(backend.clone())),
            plans: Arc::new(planning::PlanningService::new(backend.clone())),
            plan_files: planning::PlanningService::new(backend.clone()),
            scenarios: Arc::new(planning::ScenariosService::new(backend.clone())),
            networks: Arc::new(planning::NetworksService::new(backend.clone())),
            batches: Arc::new(planning::BatchesService::new(backend.clone())),
            solver: planning::SolverHost::own(),
            search: Arc::new(search::SearchService::new(backend.clone())),
            exports: exports::ExportsService::new(backend.clone(), door.settings().keys.clone()),
            live,
            door,
            backend,
        }
    }

    /// The demo world keeps its log-ins in the data directory.
    #[must_use]
    pub fn keeping_demo_logins(mut self, data_dir: &Path) -> Self {
        let logins = LogIns::kept_in(data_dir);
        self.demo = Arc::new(DemoService::new(self.backend.clone(), self.ingest.clone(), logins));
        self
    }

    /// Where messages go out of the house.
    #[must_use]
    pub fn delivering(mut self, destinations: alerts::Destinations, mailer: Option<alerts::Mailer>) -> Self {
        let (backend, access) = (self.backend.clone(), self.door.settings());
        let (keys, origin) = (access.keys.clone(), access.origin.clone());
        self.dealers = Arc::new(dealers::DealersService::new(backend.clone(), keys.clone(), destinations.clone()));
        self.outbox = alerts::Outbox::new(backend.clone(), keys, origin, destinations, mailer);
        self.notifications = Arc::new(alerts::NotificationsService::new(backend.clone(), self.outbox.clone()));
        self.reports = Arc::new(analytics::ReportsService::new(backend).mailing(self.outbox.clone()));
        self
    }

    /// Another program solves.
    #[must_use]
    pub fn solving_with(mut self, solver: planning::SolverHost) -> Self {
        self.solver = solver;
        self
    }

    /// Whether fault drills may be run.
    #[must_use]
    pub fn drilling(mut self, enabled: bool) -> Self {
        let (backend, overview, live) = (self.backend.clone(), Arc::clone(&self.overview), self.live.clone());
        self.drill = Arc::new(FaultDrillService::new(backend, overview, live, enabled));
        self
    }

    /// Looks at the disk of the data directory, too.
    #[must_use]
    pub fn watching_disk(mut self, data_dir: &Path) -> Self {
        let attention = AttentionService::new(self.backend.clone(), Arc::clone(&self.settings), Registry::standard());
        self.attention = Arc::new(attention.watching(DiskSource::holding(data_dir)));
        self.evaluation.watch_disk(data_dir);
        self
    }

    /// Puts every port into the context of a page render or a server-function call.
    pub fn provide(&self) {
        provide_context(Arc::clone(&self.jobs));
        provide_context(Arc::clone(&self.alerts));
        provide_context(Arc::clone(&self.alert_rules));
        provide_context(Arc::clone(&self.notifications));
        provide_context(Arc::clone(&self.routes));
        provide_context(Arc::clone(&self.cache));
        provide_context(Arc::clone(&self.drill) as Arc<dyn FaultDrillPort>);
        provide_context(Arc::clone(&self.ingest) as Arc<dyn IngestPort>);
        provide_context(Arc::clone(&self.access));
        provide_context(Arc::clone(&self.audit));
        provide_context(Arc::clone(&self.overview));
        provide_context(Arc::clone(&self.targets));
        provide_context(Arc::clone(&self.attention));
        provide_context(Arc::clone(&self.sources));
        provide_context(Arc::clone(&self.areas));
        provide_context(Arc::clone(&self.settings));
        provide_context(Arc::clone(&self.transactions));
        provide_context(Arc::clone(&self.cases));
        provide_context(Arc::clone(&self.backtests) as Arc<dyn BacktestsPort>);
        provide_context(Arc::clone(&self.rule_sets));
        provide_context(Arc::clone(&self.fraud_lists));
        provide_context(Arc::clone(&self.analytics));
        provide_context(Arc::clone(&self.reports) as Arc<dyn ReportsPort>);
        provide_context(Arc::clone(&self.inventory));
        provide_context(Arc::clone(&self.customers));
        provide_context(Arc::clone(&self.search));
        provide_context(Arc::clone(&self.demo));
        provide_context(Arc::clone(&self.planning));
        provide_context(Arc::clone(&self.plans));
        provide_context(Arc::clone(&self.scenarios));
        provide_context(Arc::clone(&self.networks));
        provide_context::<Arc<dyn DealersPort>>(Arc::clone(&self.dealers) as _);
        provide_context(Arc::clone(&self.batches));
        provide_context::<Arc<dyn ExportsPort>>(Arc::new(self.exports.clone()));
    }
}
