//! Warm answers to people signed in, beside a route that does nothing, under the same generator.

use crate::{
    Failure, RUN,
    http::{self, Load, get, load},
    process::{share_since, ticks},
    report::Report,
    shop::ms,
    viewers,
    world::{ADDRESS, World},
};
use std::process::Stdio;
use tokio::process::Command;

const EMPTY: &str = "127.0.0.1:8191";
const CLIENTS: usize = 32;

/// The route that does nothing: in a process of its own, as the server is.
pub async fn serve_empty() -> Result<(), Failure> {
    let router = axum::Router::new().route("/", axum::routing::get(|| async { "ok" }));
    axum::serve(tokio::net::TcpListener::bind(EMPTY).await?, router).await?;
    Ok(())
}

async fn run(what: &str, address: &str, request: Vec<u8>) -> Result<Load, Failure> {
    let first = http::Connection::open(address).await?.call(&request).await?;
    if first.status != 200 {
        return Err(format!("{what} answered {}", first.status).into());
    }
    let before = ticks();
    let got = load(address, CLIENTS, RUN, move |_, _| request.clone()).await?;
    println!(
        "{what}: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {} errors, {} bytes; the generator took {} of the machine",
        got.per_second,
        ms(got.p50),
        ms(got.p99),
        got.errors,
        first.wire_bytes,
        share_since(before)
    );
    Ok(got)
}

pub async fn measure(world: &World, report: &mut Report) -> Result<(), Failure> {
    let mut server =
        Command::new(std::env::current_exe()?).arg("--empty-route").stdin(Stdio::null()).kill_on_drop(true).spawn()?;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let viewer = viewers::administrator().await?;
    let empty = run("a route that does nothing", EMPTY, get("/", "", "")).await?;
    server.kill().await?;
    for (what, path) in [("dashboard JSON", "/api/v1/dashboard/overview"), ("all tiles JSON", "/api/v1/kpis")] {
        let token = run(&format!("{what}, token"), ADDRESS, get(path, &world.token, "")).await?;
        let got = run(&format!("{what}, signed in"), ADDRESS, viewer.get(path)).await?;
        let best = got.per_second.max(token.per_second);
        let ratio = best / empty.per_second;
        report.judge(
            &format!("{what}, warm, of the empty route"),
            &format!("{ratio:.2}"),
            "at least 0.3",
            ratio >= 0.3,
        );
        report.judge(&format!("{what}, warm"), &format!("{best:.0}/s"), "at least 10,000/s", best >= 10_000.0);
        report.below(&format!("{what}, warm, p99 of {CLIENTS} connections"), got.p99, 20);
    }
    let page = run("home page, signed in", ADDRESS, viewer.get("/")).await?;
    report.judge(
        "home page, warm",
        &format!("{:.0}/s", page.per_second),
        "at least 2,500/s",
        page.per_second >= 2_500.0,
    );
    report.below(&format!("home page, warm, p99 of {CLIENTS} connections"), page.p99, 20);
    Ok(())
}
