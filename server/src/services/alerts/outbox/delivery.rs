//! Taking what is due and carrying it out, several channels side by side: one that hangs holds up no other.

use super::{FLOOD, FLOOD_TIME, LEASE, Outbox, Parcel};
use crate::{
    access::actors,
    live::Heard,
    services::{
        Services,
        alerts::{outage::Outage, recovery, steps},
    },
};
use chrono::{DateTime, Utc};
use domain::{AppError, live::Topic};
use futures::{StreamExt, stream::FuturesUnordered};
use std::{collections::BTreeMap, time::Duration};
use store::alerts::{
    channels::{self, ChannelFields},
    messages::{self, Due, Ended as Outcome},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Messages taken at a time.
const AT_ONCE: i64 = 500;
/// Channels that are carried to side by side; to each one after the other, in order.
const CHANNELS: usize = 16;
/// So often it is asked what else is due while a channel takes its time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is due for one channel.
struct Load {
    channel: Uuid,
    /// Not there: it was removed meanwhile.
    to: Option<ChannelFields>,
    parcels: Vec<Parcel>,
    /// Until then no other takes them.
    lease: DateTime<Utc>,
}

impl Outbox {
    /// Sends what is due; answers how many messages were tried.
    ///
    /// # Errors
    /// When the database cannot be asked; what is under way is carried to its end all the same.
    pub async fn deliver(&self) -> Result<usize, AppError> {
        let (mut tried, mut failed) = (0, None);
        let mut busy: Vec<Uuid> = Vec::new();
        let mut under_way = FuturesUnordered::new();
        loop {
            while failed.is_none() && busy.len() < CHANNELS {
                match self.take(&busy).await {
                    Ok(Some(load)) => {
                        busy.push(load.channel);
                        under_way.push(self.carry_all(load));
                    }
                    Ok(None) => break,
                    Err(error) => failed = Some(error),
                }
            }
            match tokio::time::timeout(LOOK_AGAIN, under_way.next()).await {
                Ok(Some((channel, done))) => {
                    busy.retain(|one| *one != channel);
                    match done {
                        Ok(number) => tried += number,
                        Err(error) => failed = failed.or(Some(error)),
                    }
                }
                Ok(None) => return failed.map_or(Ok(tried), Err),
                Err(_) => {}
            }
        }
    }

    async fn carry_all(&self, mut load: Load) -> (Uuid, Result<usize, AppError>) {
        let Some(channel) = load.to.take() else { return (load.channel, Ok(0)) };
        for n in 0..load.parcels.len() {
            let done = async {
                self.hold(&mut load, n).await?;
                self.carry(&channel, &load.parcels[n]).await
            };
            if let Err(error) = done.await {
                return (load.channel, Err(error));
            }
        }
        (load.channel, Ok(load.parcels.len()))
    }

    /// Where earlier parcels took their time, those from the `n`th on are held longer.
    async fn hold(&self, load: &mut Load, n: usize) -> Result<(), AppError> {
        let now = self.backend.clock.now();
        if load.lease - now > LEASE / 2 {
            return Ok(());
        }
        load.lease = now + LEASE;
        let rows: Vec<Uuid> = load.parcels[n..].iter().flat_map(|parcel| parcel.rows.iter().copied()).collect();
        let mut connection = store::acquire(&self.backend.pools.jobs).await?;
        Ok(messages::hold(&mut connection, &rows, load.lease).await?)
    }

    /// What is due for a channel that is not busy.
    async fn take(&self, busy: &[Uuid]) -> Result<Option<Load>, AppError> {
        let now = self.backend.clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let lease = now + LEASE;
        let due = messages::claim(&mut tx, now, lease, AT_ONCE, busy).await?;
        let Some(channel) = due.first().map(|one| one.channel_id) else { return Ok(None) };
        let to = channels::list(&mut tx, Some(channel)).await?.pop();
        let parcels = if let Some(to) = &to {
            self.pack(&mut tx, to, due, now).await?
        } else {
            let ids: Vec<Uuid> = due.iter().map(|one| one.id).collect();
            let error = Some("The channel was removed.");
            let gone = Outcome { ids: &ids, state: "dead", next: None, code: None, error, at: now };
            messages::ended(&mut tx, gone).await?;
            Vec::new()
        };
        store::commit(tx).await?;
        Ok(Some(Load { channel, to, parcels, lease }))
    }

    /// Alerts of one group and event go together; beyond the flood mark everything does.
    async fn pack(
        &self,
        connection: &mut sqlx::PgConnection,
        channel: &ChannelFields,
        due: Vec<Due>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Parcel>, AppError> {
        let mut sent = messages::sent_since(connection, channel.id, now - FLOOD_TIME).await?;
        let mut parcels: BTreeMap<Uuid, Parcel> = BTreeMap::new();
        let mut groups: BTreeMap<(String, String), Vec<Due>> = BTreeMap::new();
        for one in due {
            match one.message_id {
                Some(message) => put(&mut parcels, message, one.digest, one),
                None => groups.entry((one.event.clone(), one.group_key.clone())).or_default().push(one),
            }
        }
        let digest = self.backend.clock.new_id();
        for group in groups.into_values() {
            let flood = sent >= FLOOD;
            let message = if flood { digest } else { self.backend.clock.new_id() };
            sent += 1;
            let ids: Vec<Uuid> = group.iter().map(|one| one.id).collect();
            messages::bind(connection, &ids, message, flood).await?;
            for one in group {
                put(&mut parcels, message, flood, one);
            }
        }
        Ok(parcels.into_values().collect())
    }
}

fn put(parcels: &mut BTreeMap<Uuid, Parcel>, message: Uuid, digest: bool, one: Due) {
    let parcel = parcels.entry(message).or_insert_with(|| Parcel {
        id: message,
        event: one.event.clone(),
        digest,
        attempts: one.attempts,
        rows: Vec::new(),
        alerts: Vec::new(),
    });
    parcel.rows.push(one.id);
    parcel.alerts.extend(one.alert);
}

/// Alerts and their messages in one process that works: what is due is found after each change and every few seconds, and
/// carried out beside that, so that a receiver that hangs holds up no step and no other receiver.
pub async fn keep_delivering(services: Services, stop: CancellationToken) {
    let due = Notify::new();
    tokio::join!(keep_looking(&services, &due, &stop), keep_sending(&services, &due, &stop));
}

/// Finds the steps that are due. Stock that was moved is looked at as soon as it is told.
async fn keep_looking(services: &Services, due: &Notify, stop: &CancellationToken) {
    let who = actors::system("alerts", services.backend.clock.new_id());
    let mut heard = services.live.subscribe();
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut down = false;
    let mut outage = Outage::at_start(services.backend.clock.now());
    loop {
        let mut moved = false;
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
            event = heard.recv() => match event {
                Ok(Heard::Changed(changed)) if changed.topic == Topic::Inventory => moved = true,
                Ok(Heard::Changed(changed)) if changed.topic == Topic::Alerts => {}
                Ok(Heard::Changed(_)) => continue,
                Ok(Heard::Resync) | Err(_) => moved = true,
            }
        }
        // What comes in the next moment is taken with it.
        if tokio::time::timeout(Duration::from_millis(250), stop.cancelled()).await.is_ok() {
            return;
        }
        while let Ok(event) = heard.try_recv() {
            moved |= matches!(event, Heard::Changed(changed) if changed.topic == Topic::Inventory);
        }
        let told = outage.look(&services.backend, &who).await;
        if services.backend.breaker.is_open() {
            continue;
        }
        let done = async {
            told?;
            if moved {
                recovery::stock(&services.backend, &who).await?;
            }
            steps::sweep(&services.backend, who.label()).await
        };
        say_once(&mut down, done.await.err(), "what alerts wait for cannot be looked at");
        due.notify_one();
    }
}

async fn keep_sending(services: &Services, due: &Notify, stop: &CancellationToken) {
    let mut down = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = due.notified() => {}
        }
        say_once(&mut down, services.outbox.deliver().await.err(), "messages cannot be delivered");
    }
}

/// Writes the first of several failures to the log.
fn say_once(down: &mut bool, failed: Option<AppError>, what: &'static str) {
    match failed {
        Some(error) if !std::mem::replace(down, true) => tracing::warn!(%error, what),
        Some(_) => {}
        None => *down = false,
    }
}
