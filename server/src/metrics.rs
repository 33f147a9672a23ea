//! Prometheus figures of this process. Labels are patterns and closed lists, never raw paths.

use crate::{backend::Backend, live::LiveBus};
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

/// Upper bounds in seconds.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0];

/// The recorder of the process; installed once, the same handle ever after.
pub fn install() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let buckets =
                PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS);
            let recorder = buckets.unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
            let handle = recorder.handle();
            // Fails only when somebody else installed one; then ours simply stays empty.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}

/// The text of `/metrics`, with the figures that are read at the moment of asking.
pub async fn render(handle: &PrometheusHandle, backend: &Backend, live: &LiveBus) -> String {
    // Away or slow: the figures of the database keep their last value, the process's own are told all the same.
    let _ = tokio::time::timeout(Duration::from_secs(1), of_database(backend)).await;
    gauge!("millrace_live_clients", "kind" => "stream").set(u32::try_from(live.subscribers()).unwrap_or(u32::MAX));
    gauge!("millrace_live_connected").set(f64::from(u8::from(live.connected())));
    for (face, pool) in backend.pools.faces() {
        let (size, idle) = (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(0));
        gauge!("millrace_pool_connections", "face" => face, "state" => "idle").set(f64::from(idle));
        gauge!("millrace_pool_connections", "face" => face, "state" => "busy")
            .set(f64::from(size.saturating_sub(idle)));
    }
    of_figures(backend);
    if let Some((memory, processor)) = usage() {
        gauge!("process_resident_memory_bytes").set(memory);
        gauge!("process_cpu_seconds").set(processor);
    }
    handle.run_upkeep();
    handle.render()
}

fn of_figures(backend: &Backend) {
    for area in backend.figures.statistics() {
        let looks = area.looks;
        let results = [
            ("hit", looks.hits),
            ("stale_hit", looks.stale_hits),
            ("miss", looks.misses),
            ("coalesced", looks.coalesced),
            ("failure", looks.failures),
        ];
        for (result, n) in results {
            counter!("millrace_cache_looks_total", "ns" => area.area, "result" => result).absolute(n);
        }
    }
    let now = backend.clock.now();
    let mut ages = BTreeMap::<&'static str, i64>::new();
    for kept in backend.figures.kept() {
        // Of a figure under several scopes the youngest: nobody misses the others.
        let age = (now - kept.computed_at).num_seconds().max(0);
        let youngest = ages.entry(kept.declared.key).or_insert(age);
        *youngest = age.min(*youngest);
    }
    for (key, age) in ages {
        gauge!("millrace_metric_age_seconds", "key" => key).set(age as f64);
    }
    let open = |is_open: bool| f64::from(u8::from(is_open));
    let database = backend.breaker.is_open();
    gauge!("millrace_breaker_open", "face" => "analytics").set(open(database || backend.computing.is_open()));
    for face in ["admin", "auth"] {
        gauge!("millrace_breaker_open", "face" => face).set(open(database));
    }
}

async fn of_database(backend: &Backend) -> Result<(), store::StoreError> {
    let mut connection = store::acquire(&backend.pools.auth).await?;
    for (queue, state, runs) in store::health::open_runs(&mut connection).await? {
        gauge!("millrace_jobs", "queue" => queue, "state" => state).set(runs as f64);
    }
    let work = store::health::work(&mut connection, backend.clock.now()).await?;
    gauge!("millrace_job_wait_seconds").set(work.oldest_wait_seconds.unwrap_or(0.0));
    gauge!("millrace_schedule_lag_seconds").set(work.schedule_lag_seconds.unwrap_or(0.0));
    gauge!("millrace_notify_queue_usage").set(store::health::notify_queue_usage(&mut connection).await?);
    Ok(())
}

/// Resident bytes and processor seconds, where `/proc` tells them.
fn usage() -> Option<(f64, f64)> {
    let pages: f64 = std::fs::read_to_string("/proc/self/statm").ok()?.split_whitespace().nth(1)?.parse().ok()?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    // Linux reports both in fixed units to user space: pages of 4 KiB on the machines we build for, 100 ticks a second.
    Some((pages * 4096.0, ticks / 100.0))
}
