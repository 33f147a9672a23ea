//! The services behind the ports of `domain`: permission, transaction, `store` and `engine`, audit, commit.

pub mod access;
pub mod audit;
pub mod exports;
pub mod idempotency;
pub mod ingest;
pub mod jobs;
pub mod overview;
pub mod search;
pub mod settings;
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
    audit::AuditPort,
    demo::DemoPort,
    exports::ExportsPort,
    ingest::IngestPort,
    jobs::JobsPort,
    overview::{OverviewPort, TargetsPort},
    search::SearchPort,
    settings::SettingsPort,
    transactions::TransactionsPort,
};
use leptos::prelude::provide_context;
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
    pub summary: Arc<overview::SummaryService>,
    pub targets: Arc<dyn TargetsPort>,
    pub ingest: Arc<ingest::IngestService>,
    pub settings: Arc<dyn SettingsPort>,
    pub transactions: Arc<dyn TransactionsPort>,
    pub search: Arc<dyn SearchPort>,
    pub exports: exports::ExportsService,
    pub demo: Arc<dyn DemoPort>,
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
        Self {
            access: Arc::new(access::AccessService::new(Arc::clone(&door))),
            audit: Arc::new(audit::AuditService::new(backend.clone())),
            jobs: Arc::new(jobs::JobsService::new(backend.clone(), Registry::standard())),
            overview: Arc::new(overview::OverviewService::new(backend.clone())),
            summary: Arc::new(overview::SummaryService::new(backend.clone())),
            targets: Arc::new(overview::TargetsService::new(backend.clone())),
            demo: Arc::new(DemoService::new(backend.clone(), ingest.clone(), LogIns::default())),
            ingest,
            settings: Arc::new(settings::SettingsService::new(backend.clone())),
            transactions: Arc::new(transactions::TransactionsService::new(
                backend.clone(),
                door.settings().keys.clone(),
                live.gatherer().clone(),
            )),
            search: Arc::new(search::SearchService::new(backend.clone())),
            exports: exports::ExportsService::new(backend.clone()),
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

    /// Puts every port into the context of a page render or a server-function call.
    pub fn provide(&self) {
        provide_context(Arc::clone(&self.jobs));
        provide_context(Arc::clone(&self.ingest) as Arc<dyn IngestPort>);
        provide_context(Arc::clone(&self.access));
        provide_context(Arc::clone(&self.audit));
        provide_context(Arc::clone(&self.overview));
        provide_context(Arc::clone(&self.targets));
        provide_context(Arc::clone(&self.settings));
        provide_context(Arc::clone(&self.transactions));
        provide_context(Arc::clone(&self.search));
        provide_context(Arc::clone(&self.demo));
        provide_context::<Arc<dyn ExportsPort>>(Arc::new(self.exports.clone()));
    }
}
