//! Fault drills: begun, ended and written down; and all checks in turn.

mod checks;

use crate::{
    backend::Backend,
    freshness::{Drill, catalogue, declared},
    live::{Heard, LiveBus},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration as Span, FixedOffset, Utc};
use domain::{
    AppError,
    access::{Permission, Principal},
    live::Topic,
    overview::{
        MetricKey, OverviewPort,
        fault_drill::{DrillCheck, DrillRun, DrillScreen, Fault, FaultDrillPort, Reach, RunningDrill, StartDrill},
    },
};
use serde_json::json;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use store::{
    audit::{self, Act},
    drill_runs::{self, Begun, Run},
};
use tokio::{sync::broadcast, task::AbortHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Past drills that are shown.
const SHOWN: i64 = 20;
/// A run of all checks is given up after this time.
const LONGEST: Duration = Duration::from_secs(240);

/// What the live line says of drills.
const DRILL: &str = "drill";

/// The service behind [`FaultDrillPort`]. Cheap to clone.
#[derive(Clone)]
pub struct FaultDrillService {
    backend: Backend,
    overview: Arc<dyn OverviewPort>,
    live: LiveBus,
    enabled: bool,
    own: Arc<Mutex<Option<Own>>>,
}

/// The drill that this process began.
struct Own {
    drill: Arc<Drill>,
    by: Principal,
    /// What was looked at so far.
    checks: Vec<DrillCheck>,
    /// Ends it in time.
    ending: Option<AbortHandle>,
}

impl fmt::Debug for FaultDrillService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultDrillService").finish_non_exhaustive()
    }
}

fn counts(checks: &[DrillCheck]) -> (i32, i32) {
    let count = |passed: bool| i32::try_from(checks.iter().filter(|c| c.passed == passed).count()).unwrap_or(0);
    (count(true), count(false))
}

impl FaultDrillService {
    #[must_use]
    pub fn new(backend: Backend, overview: Arc<dyn OverviewPort>, live: LiveBus, enabled: bool) -> Self {
        Self { backend, overview, live, enabled, own: Arc::default() }
    }

    fn allowed(&self, who: &Principal) -> Result<(), AppError> {
        who.require(Permission::OverviewDrill)?;
        if self.enabled { Ok(()) } else { Err(AppError::not_found("Fault drill (MILLRACE_ENABLE_DRILL is off)")) }
    }

    fn own(&self) -> MutexGuard<'_, Option<Own>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seen in the drill `id` so far.
    fn checks(&self, id: Uuid) -> Vec<DrillCheck> {
        self.own().as_ref().filter(|own| own.drill.id == id).map(|own| own.checks.clone()).unwrap_or_default()
    }

    fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        self.backend.local(at)
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
            scope: drill.reach,
            checking: drill.checking,
            checks: self.checks(drill.id),
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
        reach: Reach,
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
            reach,
            checking,
        };
        let busy = || AppError::conflict("A fault drill is under way. Stop it first, or wait for its end.");
        if self.backend.faults.drill().is_some() {
            return Err(busy());
        }
        if self.backend.breaker.is_open() {
            return Err(AppError::unavailable("The database is away: there is nothing to rehearse."));
        }
        let written = json!(faults);
        // The jobs' connections: in a rehearsed outage the others are not to be had.
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        if drill_runs::everywhere(&mut tx, now).await?.is_some() {
            return Err(busy());
        }
        let begun = Begun {
            id: drill.id,
            by: &drill.started_by,
            at: now,
            ends_at: drill.ends_at,
            faults: &written,
            everywhere: reach == Reach::All,
        };
        drill_runs::begin(&mut tx, &begun).await?;
        let act = Act::done("overview.drill_start", "drill", drill.id.to_string());
        let act = act.after(json!({ "faults": written, "seconds": lasts.as_secs(), "scope": reach }));
        audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
        store::live::emit(&mut tx, Topic::System, DRILL).await?;
        // Before the others hear of it: this server is one of them.
        if !self.backend.faults.begin(drill.clone()) {
            return Err(busy());
        }
        if let Err(error) = store::commit(tx).await {
            self.backend.faults.end(drill.id);
            return Err(error.into());
        }
        let drill = Arc::new(drill);
        let own = Own { drill: Arc::clone(&drill), by: who.clone(), checks: Vec::new(), ending: None };
        *self.own() = Some(own);
        Ok(drill)
    }

    /// Lets `task` end the drill; one of a drill before it is over by now.
    fn ended_by(&self, drill: Uuid, task: AbortHandle) {
        if let Some(own) = self.own().as_mut().filter(|own| own.drill.id == drill) {
            own.ending = Some(task);
        }
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

    /// Keeps what was seen under one more fault, and has the page of the drill look.
    async fn seen(&self, drill: &Drill, more: Vec<DrillCheck>) {
        let checks = {
            let mut own = self.own();
            let Some(own) = own.as_mut().filter(|own| own.drill.id == drill.id) else { return };
            own.checks.extend(more);
            own.checks.clone()
        };
        let (passed, failed) = counts(&checks);
        let written: Result<(), AppError> = async {
            let mut tx = store::begin(&self.backend.pools.jobs).await?;
            drill_runs::note(&mut tx, drill.id, &json!(checks), passed, failed).await?;
            store::live::emit(&mut tx, Topic::System, DRILL).await?;
            Ok(store::commit(tx).await?)
        }
        .await;
        if let Err(error) = written {
            tracing::error!(%error, "the checks of a fault drill could not be written down");
        }
    }

    /// Ends the drill, if it is still under way, and writes down what was seen.
    async fn end(&self, drill: &Drill, who: &Principal) {
        if !self.backend.faults.end(drill.id) {
            return;
        }
        let checks = self.checks(drill.id);
        // An outage is ended by the probe, which then has everything read anew.
        drill.faults.iter().for_each(|fault| self.touch(fault));
        let written: Result<(), AppError> = async {
            let now = self.backend.clock.now();
            let (passed, failed) = counts(&checks);
            let mut tx = store::begin(&self.backend.pools.jobs).await?;
            drill_runs::end(&mut tx, drill.id, now, &json!(checks), passed, failed).await?;
            let act = Act::done("overview.drill_end", "drill", drill.id.to_string());
            let act = act.after(json!({ "passed": passed, "failed": failed }));
            audit::record(&mut tx, self.backend.clock.new_id(), now, who, act).await?;
            store::live::emit(&mut tx, Topic::System, DRILL).await?;
            Ok(store::commit(tx).await?)
        }
        .await;
        if let Err(error) = written {
            tracing::error!(%error, "the end of a fault drill could not be written down");
        }
    }

    /// The process ends: so does the drill that it began, with what was seen by then.
    pub async fn close(&self) {
        let own = self.own().as_ref().map(|own| (Arc::clone(&own.drill), own.by.clone(), own.ending.clone()));
        let Some((drill, by, ending)) = own else { return };
        if let Some(ending) = ending {
            ending.abort();
        }
        self.end(&drill, &by).await;
    }

    /// Follows drills of all servers, till `stop`.
    pub async fn follow(self: Arc<Self>, mut heard: broadcast::Receiver<Heard>, stop: CancellationToken) {
        loop {
            if let Err(error) = self.mirror().await {
                tracing::debug!(%error, "whether a drill of all servers is under way could not be read");
            }
            loop {
                let heard = tokio::select! {
                    () = stop.cancelled() => return,
                    heard = heard.recv() => heard,
                };
                match heard {
                    Ok(Heard::Changed(event)) if event.topic == Topic::System && event.key == DRILL => break,
                    Ok(Heard::Changed(_)) => {}
                    Ok(Heard::Resync) | Err(broadcast::error::RecvError::Lagged(_)) => break,
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        }
    }

    /// Begins the drill that another server has begun for all, and ends the one of all that was ended.
    async fn mirror(&self) -> Result<(), AppError> {
        let now = self.backend.clock.now();
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        let standing = drill_runs::everywhere(&mut connection, now).await?;
        drop(connection);
        let running = self.backend.faults.drill();
        if let Some(drill) = running.as_ref().filter(|drill| drill.reach == Reach::All)
            && standing.as_ref().is_none_or(|standing| standing.id != drill.id)
        {
            self.over(drill);
        }
        let Some(standing) = standing.filter(|_| self.enabled && running.is_none()) else { return Ok(()) };
        let left = (standing.ends_at - now).to_std().unwrap_or_default();
        let drill = Drill {
            id: standing.id,
            started_by: standing.started_by,
            started_at: standing.started_at,
            ends_at: standing.ends_at,
            until: Instant::now() + left,
            faults: serde_json::from_value(standing.faults).unwrap_or_default(),
            reach: Reach::All,
            checking: false,
        };
        if self.backend.faults.begin(drill.clone()) {
            self.strike(&drill.faults);
            let me = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(left).await;
                me.over(&drill);
            });
        }
        Ok(())
    }

    /// The drill is over, and that is written down already, or by the server that began it.
    fn over(&self, drill: &Drill) {
        if self.backend.faults.end(drill.id) {
            drill.faults.iter().for_each(|fault| self.touch(fault));
        }
    }
}

#[async_trait]
impl FaultDrillPort for FaultDrillService {
    async fn screen(&self, who: &Principal) -> Result<DrillScreen, AppError> {
        self.allowed(who)?;
        // While the database is away the list of past drills is only nice to have.
        let away = self.backend.breaker.is_open() && !self.backend.faults.is_db_down();
        let runs = if away {
            None
        } else {
            match store::acquire(&self.backend.pools.jobs).await {
                Ok(mut connection) => drill_runs::list(&mut connection, SHOWN).await.ok(),
                Err(_) => None,
            }
        };
        Ok(DrillScreen {
            enabled: self.enabled,
            running: self.backend.faults.drill().map(|drill| self.told(&drill)),
            runs_unavailable: runs.is_none(),
            runs: runs.into_iter().flatten().map(|run| self.run(run)).collect(),
            metrics: catalogue().iter().map(|declared| declared.key.to_owned()).collect(),
        })
    }

    async fn start(&self, who: &Principal, command: &StartDrill) -> Result<RunningDrill, AppError> {
        self.allowed(who)?;
        command.validate(|key| declared(key).is_some()).map_err(AppError::validation)?;
        let lasts = Duration::from_secs(u64::from(command.duration_seconds));
        let drill = self.begin(who, &command.faults, lasts, command.scope, false).await?;
        self.strike(&command.faults);
        let (me, mine, by) = (self.clone(), Arc::clone(&drill), who.clone());
        let task = tokio::spawn(async move {
            tokio::time::sleep(lasts).await;
            me.end(&mine, &by).await;
        });
        self.ended_by(drill.id, task.abort_handle());
        Ok(self.told(&drill))
    }

    async fn stop(&self, who: &Principal) -> Result<(), AppError> {
        self.allowed(who)?;
        if let Some(drill) = self.backend.faults.drill() {
            self.end(&drill, who).await;
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
        let drill = self.begin(who, &turns, LONGEST, Reach::This, true).await?;
        self.backend.faults.change(drill.id, Vec::new());
        let (me, mine, by) = (self.clone(), Arc::clone(&drill), who.clone());
        let task = tokio::spawn(async move {
            for fault in turns {
                // Somebody stopped it, or its time is over.
                if me.backend.faults.drill().is_none_or(|now| now.id != mine.id) {
                    break;
                }
                let checks = me.check(&by, mine.id, fault).await;
                me.seen(&mine, checks).await;
            }
            me.end(&mine, &by).await;
        });
        self.ended_by(drill.id, task.abort_handle());
        Ok(self.told(&drill))
    }
}
