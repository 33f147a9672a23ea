//! Starts a managed server again that died; one that an operator stopped is left in peace.

use super::{
    cluster::{Cluster, Ending},
    managed::starting,
};
use std::{path::PathBuf, time::Duration};

/// Seconds before try `attempt` (from 0): 1, 2, 4 … 30.
fn delay_seconds(attempt: u32) -> u64 {
    1_u64.checked_shl(attempt).unwrap_or(30).min(30)
}

/// Runs until aborted.
pub(super) async fn run(cluster: Cluster, root: PathBuf) {
    let mut attempt = 0;
    let mut told = false;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if cluster.is_running() {
            attempt = 0;
            told = false;
            continue;
        }
        let of = cluster.clone();
        let ending = tokio::task::spawn_blocking(move || of.ending()).await.unwrap_or(Ending::Unclean);
        if ending == Ending::Clean {
            if !told {
                tracing::warn!(
                    "the database was shut down by somebody else; it is not started again until the next start of Millrace"
                );
                told = true;
            }
            continue;
        }
        let seconds = delay_seconds(attempt);
        attempt = attempt.saturating_add(1);
        metrics::counter!("millrace_database_restarts_total").increment(1);
        tracing::error!(
            error_code = "database_died",
            "the database died without a clean shutdown; starting it again in {seconds} s"
        );
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let (of, root) = (cluster.clone(), root.clone());
        let started = tokio::task::spawn_blocking(move || {
            let _only_one = starting(&root)?;
            if of.is_running() { Ok(()) } else { of.start() }
        });
        match started.await {
            Ok(Ok(())) => tracing::info!("the database runs again"),
            Ok(Err(failure)) => tracing::error!(%failure, error_code = "database_died", "the database did not start"),
            Err(error) => tracing::error!(%error, error_code = "database_died", "starting the database broke off"),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits: Vec<_> = (0..7).map(super::delay_seconds).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(super::delay_seconds(200), 30);
    }
}
