//! The state of this process's parts. Everything here is asked for at the time; nothing is assumed.

use crate::{
    backend::{Backend, Pools},
    live::LiveBus,
    process::Process,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    /// Works, but somebody should look.
    Degraded,
    Failed,
    /// Not configured.
    Off,
}

impl Status {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Off => "off",
        }
    }
}

/// One part. `detail` holds numbers, shown only with `system.view`.
#[derive(Debug, Clone)]
pub struct Component {
    pub name: &'static str,
    pub status: Status,
    pub detail: Value,
}

#[derive(Debug, Clone)]
pub struct Health {
    pub checked_at: DateTime<Utc>,
    pub components: Vec<Component>,
}

/// Longest wait for the database before it counts as away.
const DATABASE_LIMIT: Duration = Duration::from_secs(1);
const DISK_DEGRADED_BYTES: u64 = 1 << 30;
/// A due job that waits longer than this says that no worker takes it.
const QUEUE_DEGRADED_SECONDS: f64 = 300.0;
/// The scheduler ticks each second; a schedule this late says that none is elected.
const SCHEDULE_DEGRADED_SECONDS: f64 = 60.0;
/// What cannot be told without the database.
const OF_DATABASE: [&str; 5] = ["database", "schema", "queue", "worker", "scheduler"];

impl Health {
    /// Looks at every part now.
    pub async fn look(backend: &Backend, live: &LiveBus, process: &Process) -> Self {
        let now = backend.clock.now();
        let mut components = match tokio::time::timeout(DATABASE_LIMIT, database(&backend.pools, now)).await {
            Ok(Ok(components)) => components,
            Ok(Err(_)) | Err(_) => {
                OF_DATABASE.map(|name| Component { name, status: Status::Failed, detail: json!({}) }).into()
            }
        };
        components.push(Component {
            name: "replica",
            status: if process.config.replica_url.is_some() { Status::Degraded } else { Status::Off },
            detail: json!({}),
        });
        let status = if live.connected() { Status::Ok } else { Status::Degraded };
        components.push(Component { name: "live", status, detail: json!({"listeners": live.subscribers()}) });
        components.push(pools(&backend.pools));
        components.push(disk(process));
        Self { checked_at: now, components }
    }

    #[must_use]
    pub fn status_of(&self, name: &str) -> Status {
        self.components.iter().find(|c| c.name == name).map_or(Status::Off, |c| c.status)
    }

    /// `healthy`, `degraded`, or `outage` when the database or its schema is not to be used.
    #[must_use]
    pub fn overall(&self) -> &'static str {
        if [self.status_of("database"), self.status_of("schema")] != [Status::Ok; 2] {
            "outage"
        } else if self.components.iter().any(|c| matches!(c.status, Status::Degraded | Status::Failed)) {
            "degraded"
        } else {
            "healthy"
        }
    }
}

async fn database(pools: &Pools, now: DateTime<Utc>) -> Result<Vec<Component>, store::StoreError> {
    let since = std::time::Instant::now();
    let mut connection = store::acquire(&pools.auth).await?;
    let current = store::schema::is_current(&mut connection).await?;
    let millis = since.elapsed().as_secs_f64() * 1e3;
    let mut components = vec![
        Component { name: "database", status: Status::Ok, detail: json!({"milliseconds": millis}) },
        Component { name: "schema", status: if current { Status::Ok } else { Status::Failed }, detail: json!({}) },
    ];
    if current {
        components.extend(work(&store::health::work(&mut connection, now).await?));
    } else {
        components.extend(OF_DATABASE[2..].iter().map(|name| Component {
            name,
            status: Status::Failed,
            detail: json!({}),
        }));
    }
    Ok(components)
}

fn work(work: &store::health::Work) -> [Component; 3] {
    let over = |seconds: Option<f64>, limit: f64| {
        if seconds.is_some_and(|s| s > limit) { Status::Degraded } else { Status::Ok }
    };
    let queue =
        json!({"waiting": work.waiting, "running": work.running, "oldest_wait_seconds": work.oldest_wait_seconds});
    [
        Component { name: "queue", status: over(work.oldest_wait_seconds, QUEUE_DEGRADED_SECONDS), detail: queue },
        Component {
            name: "worker",
            status: if work.silent > 0 || work.workers == 0 { Status::Degraded } else { Status::Ok },
            detail: json!({"workers": work.workers, "silent_runs": work.silent}),
        },
        Component {
            name: "scheduler",
            status: over(work.schedule_lag_seconds, SCHEDULE_DEGRADED_SECONDS),
            detail: json!({"lag_seconds": work.schedule_lag_seconds}),
        },
    ]
}

fn pools(pools: &Pools) -> Component {
    let mut status = Status::Ok;
    let mut detail = serde_json::Map::new();
    for (face, pool) in pools.faces() {
        let (most, size, idle) =
            (pool.options().get_max_connections(), pool.size(), u32::try_from(pool.num_idle()).unwrap_or(0));
        let busy = size.saturating_sub(idle);
        if busy >= most && most > 1 {
            status = Status::Degraded;
        }
        detail.insert(face.to_owned(), json!({"busy": busy, "idle": idle, "most": most}));
    }
    Component { name: "pools", status, detail: Value::Object(detail) }
}

/// Room on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    pub free_bytes: u64,
    pub total_bytes: u64,
}

impl Space {
    /// Less than a tenth is free.
    #[must_use]
    pub const fn is_low(&self) -> bool {
        self.free_bytes.saturating_mul(10) < self.total_bytes
    }
}

/// The room of the disk that holds `folder`, or would.
#[must_use]
pub fn space_of(folder: &Path) -> Option<Space> {
    let stat = nix::sys::statvfs::statvfs(folder.ancestors().find(|p| p.exists())?).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
    // As `df` counts: what is kept back for the system, or lies beyond a quota, is neither used nor free.
    let used = stat.blocks().saturating_sub(stat.blocks_free());
    let free = stat.blocks_available();
    Some(Space { free_bytes: bytes(free), total_bytes: bytes(used.saturating_add(free)) })
}

fn disk(process: &Process) -> Component {
    match space_of(&process.config.data_dir) {
        Some(space) => {
            let low = space.free_bytes < DISK_DEGRADED_BYTES;
            let status = if low { Status::Degraded } else { Status::Ok };
            Component { name: "disk", status, detail: json!({"free_bytes": space.free_bytes}) }
        }
        None => Component { name: "disk", status: Status::Failed, detail: json!({}) },
    }
}
