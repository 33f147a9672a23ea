//! Fault drills over REST.

use crate::{
    http::{caller::Signed, error::ApiResult, routes::Routes},
    services::Services,
};
use axum::{Json, extract::State, http::StatusCode};
use domain::{
    access::{Access, Permission},
    overview::fault_drill::{DrillRun, DrillScreen, FaultDrillPort, RunningDrill, StartDrill},
};

pub fn routes() -> Routes<Services> {
    let needed = Access::Needs(Permission::OverviewDrill);
    Routes::new()
        .get("/api/v1/drill", needed, screen)
        .get("/api/v1/drill/runs", needed, runs)
        .post("/api/v1/drill/start", needed, start)
        .post("/api/v1/drill/stop", needed, stop)
        .post("/api/v1/drill/run-all", needed, run_all)
}

/// Whether drills are switched on, the one under way, and the latest ones.
pub async fn screen(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<DrillScreen>> {
    Ok(Json(services.drill.screen(&who).await?))
}

/// The latest drills.
pub async fn runs(State(services): State<Services>, Signed(who): Signed) -> ApiResult<Json<Vec<DrillRun>>> {
    Ok(Json(services.drill.screen(&who).await?.runs))
}

/// Lets faults come for a while.
pub async fn start(
    State(services): State<Services>,
    Signed(who): Signed,
    Json(command): Json<StartDrill>,
) -> ApiResult<(StatusCode, Json<RunningDrill>)> {
    Ok((StatusCode::ACCEPTED, Json(services.drill.start(&who, &command).await?)))
}

/// Ends the drill under way.
pub async fn stop(State(services): State<Services>, Signed(who): Signed) -> ApiResult<(StatusCode, Json<DrillScreen>)> {
    services.drill.stop(&who).await?;
    Ok((StatusCode::ACCEPTED, Json(services.drill.screen(&who).await?)))
}

/// Five faults one after the other, each with its checks.
pub async fn run_all(
    State(services): State<Services>,
    Signed(who): Signed,
) -> ApiResult<(StatusCode, Json<RunningDrill>)> {
    Ok((StatusCode::ACCEPTED, Json(services.drill.run_all(&who).await?)))
}
