//! One fault after the other, and whether the overview stands.

use super::FaultDrillService;
use domain::{
    AppError,
    access::Principal,
    freshness::{ErrorClass, State},
    overview::{
        MetricKey, OverviewScreen, ScopeQuery,
        fault_drill::{DrillCheck, Fault},
    },
};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use uuid::Uuid;

/// Longest time until a page answers.
const ANSWER: Duration = Duration::from_millis(500);
/// Longest time from the end of a fault until everything is of now.
const HEALED: Duration = Duration::from_secs(10);
/// A figure is computed at most once a second, so a fault is met that late; and a slow one is called so after 1.5 s.
const MET: Duration = Duration::from_millis(1_300);
const SLOW: Duration = Duration::from_millis(2_800);

impl FaultDrillService {
    async fn look(&self, who: &Principal) -> (Result<OverviewScreen, AppError>, Duration) {
        let begun = Instant::now();
        let screen = self.overview.overview(who, &ScopeQuery::default()).await;
        (screen, begun.elapsed())
    }

    /// Lets `fault` come, looks, lets it go, and looks again.
    pub(super) async fn check(&self, who: &Principal, drill: Uuid, fault: Fault) -> Vec<DrillCheck> {
        let mut seen = Seen { fault: fault.label(), checks: Vec::new() };
        let class = expected(&fault);
        // The last good values: without them there would be nothing to show.
        let before = self.settled(who).await;
        let faults = vec![fault.clone()];
        self.backend.faults.change(drill, faults.clone());
        self.strike(&faults);
        // The first look starts the refresh that the fault meets.
        let _ = self.look(who).await;
        sleep(if class == ErrorClass::Timeout { SLOW } else { MET }).await;
        let (screen, took) = self.look(who).await;
        seen.note("answers within 500 ms", took <= ANSWER, format!("{} ms", took.as_millis()));
        match screen {
            Err(error) => seen.note("the page answers", false, error.message),
            Ok(screen) => {
                seen.note("the page answers", true, "it does".to_owned());
                seen.judge(&fault, &screen, before.as_ref());
            }
        }
        self.backend.faults.change(drill, Vec::new());
        faults.iter().for_each(|fault| self.touch(fault));
        let begun = Instant::now();
        let healed = self.settled(who).await.is_some();
        seen.note("live again within 10 s", healed, format!("{} ms", begun.elapsed().as_millis()));
        seen.checks
    }

    /// The overview once everything on it is of now; `None` when that takes too long.
    async fn settled(&self, who: &Principal) -> Option<OverviewScreen> {
        let begun = Instant::now();
        while begun.elapsed() < HEALED {
            if let (Ok(screen), _) = self.look(who).await
                && screen.outage_since.is_none()
                && screen.tiles.iter().all(|tile| tile.freshness.state == State::Fresh)
            {
                return Some(screen);
            }
            sleep(Duration::from_millis(100)).await;
        }
        None
    }
}

/// What the tile must say.
const fn expected(fault: &Fault) -> ErrorClass {
    match fault {
        Fault::DbDown | Fault::PushCut | Fault::WorkerStop | Fault::ReplicaLag { .. } => ErrorClass::Connection,
        Fault::QueryError { .. } => ErrorClass::Query,
        Fault::SlowQuery { .. } | Fault::NetworkTimeout { .. } => ErrorClass::Timeout,
        Fault::InvalidData { .. } => ErrorClass::InvalidData,
    }
}

struct Seen {
    fault: &'static str,
    checks: Vec<DrillCheck>,
}

impl Seen {
    fn note(&mut self, check: &str, passed: bool, seen: String) {
        self.checks.push(DrillCheck { fault: self.fault.to_owned(), check: check.to_owned(), passed, seen });
    }

    fn judge(&mut self, fault: &Fault, screen: &OverviewScreen, before: Option<&OverviewScreen>) {
        let told = |keys: Vec<MetricKey>| {
            let keys: Vec<_> = keys.into_iter().map(MetricKey::label).collect();
            if keys.is_empty() { "all tiles".to_owned() } else { format!("not so: {}", keys.join(", ")) }
        };
        let is = |wanted: &dyn Fn(&domain::overview::Tile) -> bool| -> Vec<MetricKey> {
            screen.tiles.iter().filter(|tile| !wanted(tile)).map(|tile| tile.key).collect()
        };
        let last = |key| before.and_then(|b| b.tiles.iter().find(|tile| tile.key == key)).and_then(|tile| tile.value);
        let lost = is(&|tile| tile.value == last(tile.key));
        self.note("no tile loses its number", lost.is_empty(), told(lost));
        let ageless = is(&|tile| tile.age_seconds.is_some());
        self.note("every tile says its age", ageless.is_empty(), told(ageless));
        let struck = |key: MetricKey| *fault == Fault::DbDown || fault.metric() == Some(key.as_str());
        let silent = is(&|tile| !struck(tile.key) || tile.freshness.error_class == Some(expected(fault)));
        self.note("what is struck says why", silent.is_empty(), told(silent));
        if *fault == Fault::DbDown {
            let since =
                screen.outage_since.map_or_else(|| "no word".to_owned(), |at| format!("since {}", at.format("%H:%M")));
            self.note("the page says since when the database is away", screen.outage_since.is_some(), since);
        } else {
            let drawn = is(&|tile| struck(tile.key) || tile.freshness.state == State::Fresh);
            self.note("its neighbours are of now", drawn.is_empty(), told(drawn));
        }
    }
}
