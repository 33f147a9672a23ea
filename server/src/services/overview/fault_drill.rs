//! Fault drills: begun, ended and written down; and all checks in turn.

mod checks;

use super::measure::Context;
use crate::{
    backend::Backend,
    freshness::{Drill, declared},
    live::LiveBus,
};
use async_trait::async_trait;
use chrono::{DateTime, Duration as Span, FixedOffset, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    overview::{
        BUSINESS, MetricKey, OverviewPort,
        fault_drill::{DrillCheck, DrillRun, DrillScreen, Fault, FaultDrillPort, RunningDrill, StartDrill},
    },
    settings::Business,
};
use serde_json::json;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use store::{
    audit::{self, Act},
    drill_runs::{self, Run},
};
use tokio::task::AbortHandle;

/// Past drills that are shown.
const SHOWN: i64 = 20;
/// A run of all checks is given up after this time.
const LONGEST: Duration = Duration::from_secs(240);

/// The service behind [`FaultDrillPort`]. Cheap to clone.
#[derive(Clone)]
pub struct FaultDrillService {
    backend: Backend,
    overview: Arc<dyn OverviewPort>,
    live: LiveBus,
    enabled: bool,
    /// Ends the drill in time.
    ending: Arc<Mutex<Option<AbortHandle>>>,
}

impl fmt::Debug for FaultDrillService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultDrillService").finish_non_exhaustive()
    }
}

impl FaultDrillService {
    #[must_use]
    pub fn new(backend: Backend, overview: Arc<dyn OverviewPort>, live: LiveBus, enabled: bool) -> Self {
        Self { backend, overview, live, enabled, ending: Arc::default() }
    }

    fn allowed(&self, who: &Principal) -> Result<(), AppError> {
        who.require(Permission::OverviewDrill)?;
        if self.enabled { Ok(()) } else { Err(AppError::not_found("Fault drill (MILLRACE_ENABLE_DRILL is off)")) }
    }

    fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        let known = self.backend.figures.last::<Business>(&BUSINESS, "");
        let context = Context::of(known.map(|known| Business::clone(&known)).unwrap_or_default());
        context.map_or_else(|_| at.fixed_offset(), |context| context.zone.local(at))
    }

    fn told(&self, drill: &Drill) -> RunningDrill {
        let left = drill.until.saturating_duration_since(Instant::now()).as_secs();
        RunningDrill {
            id: drill.id,
            started_by: drill.started_by.clone(),
            started_at: self.local(drill.started_at),
            ends_at: self.local(drill.ends_at),
            remaining_seconds: i64::try_from(left).unwrap_or(i64::MAX),
            faults: drill.faults.clone(),
            checking: drill.checking,
        }
    }

    fn run(&self, run: Run) -> DrillRun {
        DrillRun {
            id: run.id,
            started_by: run.started_by,
            started_at: self.local(run.started_at),
            ended_at: run.ended_at.map(|at| self.local(at)),
            faults: serde_json::from_value(run.faults).unwrap_or_default(),
            checks: serde_json::from_value(run.checks).unwrap_or_default(),
            passed: run.passed,
            failed: run.failed,
        }
    }

    /// Writes the beginning down, then lets the faults come.
    async fn begin(
        &self,
        who: &Principal,
        faults: &[Fault],
        lasts: Duration,
        checking: bool,
    ) -> Result<Arc<Drill>, AppError> {
        let now = self.backend.clock.now();
        let drill = Drill {
            id: self.backend.clock.new_id(),
            started_by: who.label().to_owned(),
            started_at: now,
            ends_at: now + Span::from_std(lasts).unwrap_or_default(),
            until: Instant::now() + lasts,
            faults: faults.to_vec(),
            checking,
        };
        if self.backend.faults.drill().is_some() {
            return Err(AppError::conflict("A fault drill is under way. Stop it first, or wait for its end."));
        }
        let written = json!(faults);
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        drill_runs::begin(&mut tx, drill.id, &drill.started_by, now, &written).await?;
        let act = Act::done("overview.drill_start", "drill", drill.id.to_string());
        let act = act.after(json!({ "faults": written, "seconds": lasts.as_secs() }));
        audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        store::commit(tx).await?;
        self.backend.faults.begin(drill.clone());
        Ok(Arc::new(drill))
    }

    /// The faults of the running drill begin to tell.
    fn strike(&self, faults: &[Fault]) {
        for fault in faults {
            if *fault == Fault::DbDown {
                self.backend.breaker.open(self.backend.clock.now());
                self.live.resync();
            }
            self.touch(fault);
        }
    }

    /// The figure of the fault is computed anew at the next look, and pages look; its neighbours are left alone.
    fn touch(&self, fault: &Fault) {
        if let Some(declared) = fault.metric().and_then(declared) {
            self.backend.figures.clear(declared.key, false);
            self.backend.figures.tell(declared);
        }
    }

    /// Ends the drill, if it is still under way, and writes down what was seen.
    async fn end(&self, drill: &Drill, who: &Principal, checks: &[DrillCheck]) {
        if !self.backend.faults.end(drill.id) {
            return;
        }
        // An outage is ended by the probe, which then has everything read anew.
        drill.faults.iter().for_each(|fault| self.touch(fault));
        let written: Result<(), AppError> = async {
            let now = self.backend.clock.now();
            let count = |passed: bool| i32::try_from(checks.iter().filter(|c| c.passed == passed).count()).unwrap_or(0);
            let mut tx = store::begin(&self.backend.pools.admin).await?;
            drill_runs::end(&mut tx, drill.id, now, &json!(checks), count(true), count(false)).await?;
            let act = Act::done("overview.drill_end", "drill", drill.id.to_string());
            let act = act.after(json!({ "passed": count(true), "failed": count(false) }));
            audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
            Ok(store::commit(tx).await?)
        }
        .await;
        if let Err(error) = written {
            tracing::error!(%error, "the end of a fault drill could not be written down");
        }
    }

    /// Owns the task that ends a drill; one before it is over by now.
    fn own(&self, task: AbortHandle) {
        let mut ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = ending.replace(task) {
            before.abort();
        }
    }
}

#[async_trait]
impl FaultDrillPort for FaultDrillService {
    async fn screen(&self, who: &Principal) -> Result<DrillScreen, AppError> {
        self.allowed(who)?;
        // In a rehearsed outage the list of past drills is only nice to have.
        let runs = match store::acquire(&self.backend.pools.admin).await {
            Ok(mut connection) => drill_runs::list(&mut connection, SHOWN).await?,
            Err(_) => Vec::new(),
        };
        Ok(DrillScreen {
            enabled: self.enabled,
            running: self.backend.faults.drill().map(|drill| self.told(&drill)),
            runs: runs.into_iter().map(|run| self.run(run)).collect(),
            metrics: MetricKey::ALL.iter().map(|metric| metric.as_str().to_owned()).collect(),
        })
    }

    async fn start(&self, who: &Principal, command: &StartDrill) -> Result<RunningDrill, AppError> {
        self.allowed(who)?;
        command.validate(|key| declared(key).is_some()).map_err(AppError::validation)?;
        let lasts = Duration::from_secs(u64::from(command.duration_seconds));
        let drill = self.begin(who, &command.faults, lasts, false).await?;
        self.strike(&command.faults);
        let (me, mine, by) = (self.clone(), Arc::clone(&drill), who.clone());
        let task = tokio::spawn(async move {
            tokio::time::sleep(lasts).await;
            me.end(&mine, &by, &[]).await;
        });
        self.own(task.abort_handle());
        Ok(self.told(&drill))
    }

    async fn stop(&self, who: &Principal) -> Result<(), AppError> {
        self.allowed(who)?;
        if let Some(drill) = self.backend.faults.drill() {
            self.end(&drill, who, &[]).await;
        }
        Ok(())
    }

    async fn run_all(&self, who: &Principal) -> Result<RunningDrill, AppError> {
        self.allowed(who)?;
        let metric = || MetricKey::Orders.as_str().to_owned();
        let turns = vec![
            Fault::DbDown,
            Fault::QueryError { metric: metric() },
            Fault::SlowQuery { metric: metric(), ms: 5_000 },
            Fault::NetworkTimeout { metric: metric() },
            Fault::InvalidData { metric: metric() },
        ];
        let drill = self.begin(who, &turns, LONGEST, true).await?;
        self.backend.faults.change(drill.id, Vec::new());
        let (me, mine, by) = (self.clone(), Arc::clone(&drill), who.clone());
        let task = tokio::spawn(async move {
            let mut seen = Vec::new();
            for fault in turns {
                // Somebody stopped it.
                if me.backend.faults.drill().is_none_or(|now| now.id != mine.id) {
                    return;
                }
                seen.extend(me.check(&by, mine.id, fault).await);
            }
            me.end(&mine, &by, &seen).await;
        });
        self.own(task.abort_handle());
        Ok(self.told(&drill))
    }
}
