//! `millrace simulate`: a system outside, played by the program itself.

use crate::{
    clock::SystemClock,
    failure::Failure,
    http::listener,
    simulators::{
        dgi::{BASE, Simulator, keys},
        faults::{Fault, Knob},
    },
};
use clap::{Args, ValueEnum};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub struct Options {
    /// Which system
    #[arg(value_enum)]
    system: System,
    /// Address and port; its data are invented, so keep it to this machine
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8600")]
    listen: SocketAddr,
    /// Seed of chance; the same seed gives the same records
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// JSON file of what it does wrong, as PUT /_faults/dgi takes it
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum System {
    /// A main dealer: Dealer Group Integration API v1.3
    Dgi,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let simulator = Simulator::new(options.seed, chrono_tz::Asia::Jakarta, Arc::new(SystemClock));
    if let Some(path) = &options.faults {
        simulator.faults.set(read(path)?);
    }
    let bound = TcpListener::bind(options.listen).await;
    let bound = bound.map_err(|e| Failure::unavailable(format!("{} cannot be listened on: {e}", options.listen)))?;
    let address = bound.local_addr().unwrap_or(options.listen);
    let (key, secret) = keys("12284");
    eprintln!("Simulated main dealer at http://{address}{BASE}; dealer 12284 has key {key} and secret {secret}");
    let stop = CancellationToken::new();
    let signal = stop.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        signal.cancel();
    });
    let served = listener::serve(bound, simulator.router(), stop, Duration::from_secs(1)).await;
    served.map_err(|e| Failure::internal(format!("the listener broke off: {e}")))
}

fn read(path: &Path) -> Result<BTreeMap<Knob, Fault>, Failure> {
    let told = |error: String| Failure::usage(format!("{}: {error}", path.display()));
    let text = std::fs::read(path).map_err(|e| told(e.to_string()))?;
    serde_json::from_slice(&text).map_err(|e| told(e.to_string()))
}
