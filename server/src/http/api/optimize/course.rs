//! A run as it goes, as server-sent events: a snapshot at once, after every change and every 30 seconds, until it is over.

use crate::{
    http::{
        body::Path,
        caller::Signed,
        error::ApiResult,
        sse::{self, LIFE, is_about},
    },
    live::Heard,
    services::Services,
};
use axum::{
    extract::State,
    response::{
        Response,
        sse::{Event, KeepAlive},
    },
};
use domain::{AppError, access::Principal, ids::PlanRunId, live::Topic, planning::RunStatus};
use futures::stream;
use std::{convert::Infallible, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep_until},
};

/// A snapshot also when nothing changed.
const SNAPSHOT: Duration = Duration::from_secs(30);

struct Reader {
    services: Services,
    who: Principal,
    run: PlanRunId,
    receiver: Receiver<Heard>,
    /// The next snapshot, and its place in the stream.
    ready: Option<(RunStatus, String)>,
    place: String,
    until: Instant,
    over: bool,
}

impl Reader {
    /// What the next event is to show; none at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((status, place)) = self.ready.take() {
                self.over = status.status.is_over();
                let text = serde_json::to_string(&status).unwrap_or_default();
                return Some(Event::default().event("status").id(place).data(text));
            }
            if self.over || Instant::now() >= self.until {
                return None;
            }
            self.wait().await?;
            // A fault of the database ends the stream; the reader comes back.
            let status = self.services.planning.status(&self.who, self.run).await.ok()?;
            self.ready = Some((status, self.place.clone()));
        }
    }

    /// Until there may be news; None where there can be no more.
    async fn wait(&mut self) -> Option<()> {
        let due = (Instant::now() + SNAPSHOT).min(self.until);
        loop {
            tokio::select! {
                () = self.services.live.stopping().cancelled() => return None,
                () = self.services.backend.faults.push_cut() => return None,
                () = sleep_until(due) => return Some(()),
                heard = self.receiver.recv() => match heard {
                    Ok(Heard::Changed(event)) if event.topic == Topic::Optimize && event.key == self.run.to_string() => {
                        self.place = event.id.to_string();
                        return Some(());
                    }
                    Ok(Heard::Changed(event)) if event.topic == Topic::Session && is_about(&self.who, &event) => return None,
                    Ok(Heard::Changed(_)) => {}
                    Ok(Heard::Resync) | Err(RecvError::Lagged(_)) => return Some(()),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }
}

pub async fn events(
    State(services): State<Services>,
    Signed(who): Signed,
    Path(run): Path<PlanRunId>,
) -> ApiResult<Response> {
    if services.backend.faults.is_push_cut() {
        return Err(AppError::unavailable("A fault drill keeps live connections away.").into());
    }
    // Heard from before the first look, so that nothing falls between.
    let (receiver, replay) = services.live.join(None);
    let status = services.planning.status(&who, run).await?;
    let place = replay.position;
    let reader = Reader {
        services,
        who,
        run,
        receiver,
        ready: Some((status, place.clone())),
        place,
        until: Instant::now() + LIFE,
        over: false,
    };
    let events = stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Ok(sse::answer(events, Some(KeepAlive::default())))
}
