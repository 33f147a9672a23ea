use super::*;
use crate::clock::FixedClock;
use domain::{
    freshness::{Class, State},
    live::Topic,
    overview::BUSINESS,
};
use std::sync::atomic::AtomicUsize;
use store::pool::{Pool, PoolLimits, lazy};
use tokio::sync::oneshot;

impl Figure for usize {
    fn is_sound(&self) -> bool {
        *self < 1_000
    }
}

static FIGURE: Declaration = Declaration {
    key: "test.figure",
    label: "Figure",
    class: Class::Kpi,
    deadline_ms: 400,
    permission: domain::access::Permission::OverviewView,
    topics: &[Topic::Transactions],
    scope: &[],
    formula: "How often it was computed",
};

struct Desk {
    clock: Arc<FixedClock>,
    breaker: crate::freshness::Breaker,
    figures: Figures,
    runs: Arc<AtomicUsize>,
}

type Told = Result<(usize, State, bool), AppError>;

impl Desk {
    fn new() -> Self {
        Self::pausing(Duration::ZERO)
    }

    fn pausing(calm: Duration) -> Self {
        let breaker = crate::freshness::Breaker::default();
        let clock = Arc::new(FixedClock::at(DateTime::UNIX_EPOCH));
        // Nothing here asks a database.
        let limits =
            PoolLimits { max_connections: 1, statement_timeout: calm, acquire_timeout: Duration::from_secs(1) };
        let pool = lazy(sqlx::postgres::PgConnectOptions::new(), limits);
        let breakers = Breakers { computing: breaker.clone(), ..Breakers::default() };
        let pool = Pool::new(pool, Vec::new());
        let figures = Figures::new(pool, breakers, Faults::default(), clock.clone(), calm);
        Self { clock, breaker, figures, runs: Arc::default() }
    }

    /// The data changes.
    fn change(&self) {
        self.figures.news().forget();
    }

    /// The how-many-eth computation this was, and how it stands.
    async fn ask(&self) -> Told {
        let runs = Arc::clone(&self.runs);
        self.told(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(runs.fetch_add(1, Ordering::SeqCst) + 1)
        })
        .await
    }

    async fn told(&self, compute: impl Future<Output = Result<usize, AppError>> + Send + 'static) -> Told {
        self.of("", compute).await
    }

    async fn of(&self, scope: &str, compute: impl Future<Output = Result<usize, AppError>> + Send + 'static) -> Told {
        let at = self.clock.now();
        let run =
            move |_, _| async move { compute.await.map(|value| Held::of(value, value.to_string().into(), at)) }.boxed();
        let answer = self.figures.keep::<usize>(&FIGURE, scope, run).await?;
        Ok((*answer.value, answer.freshness.state, answer.cached))
    }
}

fn broken() -> AppError {
    let mut error = AppError::internal();
    error.cause = Some(ErrorClass::Query);
    error
}

#[tokio::test]
async fn many_who_ask_at_once_cost_one_computation() {
    let desk = Desk::new();
    let answers = futures::future::join_all((0..50).map(|_| desk.ask())).await;
    assert!(answers.into_iter().all(|a| a.map(|(value, ..)| value) == Ok(1)));
    assert_eq!(desk.ask().await, Ok((1, State::Fresh, true)), "it is kept");
    desk.change();
    assert_eq!(desk.ask().await, Ok((2, State::Fresh, false)), "a change drops it");
    desk.clock.advance(chrono::Duration::seconds(59));
    assert_eq!(desk.ask().await, Ok((2, State::Fresh, true)));
    assert_eq!(desk.runs.load(Ordering::SeqCst), 2);
    let looks = desk.figures.statistics().pop().unwrap();
    assert_eq!((looks.area, looks.keys), ("test", 1));
    assert_eq!((looks.looks.misses, looks.looks.coalesced, looks.looks.hits), (2, 49, 2));
}

#[tokio::test]
async fn a_value_past_its_time_is_answered_at_once_and_refreshed_behind() {
    let desk = Desk::new();
    desk.ask().await.unwrap();
    let mut landed = desk.figures.subscribe();
    desk.clock.advance(chrono::Duration::seconds(60));
    assert_eq!(desk.ask().await, Ok((1, State::Refreshing, true)), "nobody waits");
    assert_eq!(desk.ask().await, Ok((1, State::Refreshing, true)));
    let told = landed.recv().await.unwrap();
    assert_eq!((told.declared.key, &*told.scope), ("test.figure", ""), "pages hear of the new value");
    assert_eq!(desk.ask().await, Ok((2, State::Fresh, true)));
    assert_eq!(desk.runs.load(Ordering::SeqCst), 2, "one refresh, however many looked");
}

#[tokio::test]
async fn a_failure_is_not_kept_and_the_last_value_stands_with_its_reason() {
    let desk = Desk::new();
    assert_eq!(desk.told(async { Err(broken()) }).await, Err(broken()), "there is nothing else to show");
    assert_eq!(desk.told(async { Ok(7) }).await, Ok((7, State::Fresh, false)));
    desk.change();
    for state in [State::Stale, State::Stale, State::Failed] {
        assert_eq!(desk.told(async { Err(broken()) }).await, Ok((7, state, true)));
    }
    assert_eq!(desk.told(async { Ok(8) }).await, Ok((8, State::Fresh, false)));
    desk.change();
    assert_eq!(desk.told(async { Err(broken()) }).await, Ok((8, State::Stale, true)), "misses count from anew");
}

#[tokio::test]
async fn nobody_waits_long_for_a_better_value_and_it_comes_all_the_same() {
    let desk = Desk::new();
    desk.told(async { Ok(1) }).await.unwrap();
    let mut landed = desk.figures.subscribe();
    desk.change();
    let (finish, finished) = oneshot::channel::<()>();
    let slow = async move {
        let _ = finished.await;
        Ok(2)
    };
    assert_eq!(desk.told(slow).await, Ok((1, State::Refreshing, true)));
    finish.send(()).unwrap();
    landed.recv().await.unwrap();
    assert_eq!(desk.told(async { Ok(3) }).await, Ok((2, State::Fresh, true)), "what went on has landed");
}

#[tokio::test]
async fn a_first_value_is_waited_for_until_its_deadline_and_comes_all_the_same() {
    let desk = Desk::new();
    let (finish, finished) = oneshot::channel::<()>();
    let slow = async move {
        let _ = finished.await;
        Ok(4)
    };
    let mut landed = desk.figures.subscribe();
    assert_eq!(desk.told(slow).await.map_err(|e| e.cause), Err(Some(ErrorClass::Timeout)));
    finish.send(()).unwrap();
    landed.recv().await.unwrap();
    assert_eq!(desk.ask().await, Ok((4, State::Fresh, true)));
}

#[tokio::test]
async fn a_value_of_older_data_does_not_replace_a_newer_one() {
    let desk = Desk::new();
    let (begin, begun) = oneshot::channel::<()>();
    let (finish, finished) = oneshot::channel::<()>();
    let slow = async move {
        begin.send(()).unwrap();
        let _ = finished.await;
        Ok(1)
    };
    let (first, second) = tokio::join!(desk.told(slow), async {
        begun.await.unwrap();
        desk.change();
        let second = desk.told(async { Ok(2) }).await;
        finish.send(()).unwrap();
        second
    });
    assert_eq!(second, Ok((2, State::Fresh, false)));
    assert_eq!(first.map(|(value, ..)| value), Ok(2), "who waited for the older one gets the newer");
    assert_eq!(desk.told(async { Ok(9) }).await, Ok((2, State::Fresh, true)));
}

#[tokio::test]
async fn many_changes_in_a_moment_cost_one_computation_more() {
    let desk = Desk::pausing(Duration::from_millis(200));
    desk.ask().await.unwrap();
    let mut landed = desk.figures.subscribe();
    for _ in 0..100 {
        desk.change();
        assert_eq!(desk.ask().await, Ok((1, State::Refreshing, true)), "nobody waits for what may not begin yet");
    }
    landed.recv().await.unwrap();
    assert_eq!(desk.ask().await, Ok((2, State::Fresh, true)), "it has seen all hundred");
    assert_eq!(desk.runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn while_the_breaker_is_open_nothing_is_computed() {
    let desk = Desk::new();
    desk.ask().await.unwrap();
    desk.breaker.open(desk.clock.now());
    desk.change();
    assert_eq!(desk.ask().await, Ok((1, State::Stale, true)));
    let other = desk.of("other", async { Ok(5) }).await;
    assert_eq!(other.map_err(|e| e.cause), Err(Some(ErrorClass::Connection)), "never computed, never made up");
    assert_eq!(desk.runs.load(Ordering::SeqCst), 1);
    desk.breaker.close();
    assert_eq!(desk.ask().await, Ok((2, State::Fresh, false)));
}

#[tokio::test]
async fn five_lost_connections_open_the_breaker_and_failed_statements_do_not() {
    let desk = Desk::new();
    for _ in 0..9 {
        desk.told(async { Err(broken()) }).await.unwrap_err();
    }
    assert!(!desk.breaker.is_open());
    for _ in 10..15 {
        desk.told(async { Err(away()) }).await.unwrap_err();
    }
    assert!(desk.breaker.is_open());
}

#[tokio::test]
async fn clearing_keeps_the_last_value_unless_it_is_hard() {
    let desk = Desk::new();
    desk.ask().await.unwrap();
    assert_eq!(desk.figures.clear("sales.*", false), 0);
    assert_eq!(desk.figures.clear("test.*", false), 1);
    assert_eq!(desk.told(async { Err(broken()) }).await, Ok((1, State::Stale, true)), "the last value stays");
    assert_eq!(desk.figures.clear("*", true), 1);
    assert_eq!(desk.told(async { Err(broken()) }).await, Err(broken()));
}

#[tokio::test]
async fn values_outlive_the_process_in_a_file_with_their_age() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::freshness::LAST_GOOD);
    let before = Desk::new();
    let run = |at| move |_, _| async move { Ok(Held::of(7_usize, "7".into(), at)) }.boxed();
    let at = before.clock.now();
    before.figures.keep::<usize>(&BUSINESS, "x", run(at)).await.unwrap();
    crate::freshness::save_last_good(&before.figures, &path).unwrap();

    let after = Desk::new();
    after.clock.advance(chrono::Duration::seconds(5_000));
    assert_eq!(crate::freshness::load_last_good(&after.figures, &path), 1);
    after.breaker.open(after.clock.now());
    let answer = after.figures.keep::<usize>(&BUSINESS, "x", run(after.clock.now())).await.unwrap();
    assert_eq!((*answer.value, answer.computed_at, answer.freshness.state), (7, at, State::Stale));
    after.breaker.close();
    let answer = after.figures.keep::<usize>(&BUSINESS, "x", run(after.clock.now())).await.unwrap();
    assert_eq!((answer.computed_at, answer.freshness.state), (after.clock.now(), State::Fresh), "computed anew");

    std::fs::write(&path, "{\"version\":1,\"figures\":[{").unwrap();
    assert_eq!(crate::freshness::load_last_good(&after.figures, &path), 0, "half a file is none");
    std::fs::write(&path, "{\"version\":9,\"figures\":[]}").unwrap();
    assert_eq!(crate::freshness::load_last_good(&after.figures, &path), 0);
}
