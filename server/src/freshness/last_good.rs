//! The last values as a file, so that a process which starts while the database is away has something to show.

use super::{Figures, declared};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    cmp::Reverse,
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// In the data directory.
pub const FILE: &str = "last_good.json";
/// Least time between two writings.
const PERIOD: Duration = Duration::from_secs(5);
/// Most bytes of values; the figures looked at last come first.
const MOST: usize = 8 * 1024 * 1024;
/// Of the file's shape.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    figures: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    scope: String,
    computed_at: DateTime<Utc>,
    value: Box<RawValue>,
}

/// Takes in what an earlier process wrote; answers how many figures. A file that cannot be read is none.
pub fn load(figures: &Figures, path: &Path) -> usize {
    let Ok(text) = fs::read_to_string(path) else { return 0 };
    let file = match serde_json::from_str::<File>(&text) {
        Ok(file) if file.version == VERSION => file,
        Ok(_) => return 0,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the file of last figures cannot be read and is left out");
            return 0;
        }
    };
    let known = file.figures.into_iter().filter_map(|entry| declared(&entry.key).map(|declared| (declared, entry)));
    known
        .map(|(declared, entry)| figures.remember(declared, &entry.scope, entry.value.get().into(), entry.computed_at))
        .count()
}

/// Writes the values down, replacing the file in one step.
///
/// # Errors
/// As the file system fails.
pub fn save(figures: &Figures, path: &Path) -> io::Result<()> {
    let mut kept = figures.kept();
    kept.sort_by_key(|kept| Reverse(kept.looked_at));
    let mut size = 0;
    let within = |size: &mut usize, bytes: usize| {
        *size += bytes;
        *size <= MOST
    };
    let figures = kept
        .into_iter()
        .take_while(|kept| within(&mut size, kept.json.len() + kept.scope.len() + 150))
        .filter_map(|kept| {
            let value = RawValue::from_string(kept.json.to_string()).ok()?;
            Some(Entry { key: kept.declared.key.to_owned(), scope: kept.scope, computed_at: kept.computed_at, value })
        })
        .collect();
    let text = serde_json::to_vec(&File { version: VERSION, figures })?;
    let fresh = path.with_extension("json.new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    io::Write::write_all(&mut file, &text)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// Keeps the file up to date until `stop`, and writes it once more then.
pub async fn watch(figures: Figures, path: PathBuf, stop: CancellationToken) {
    let mut written = figures.landings();
    loop {
        let stopping = tokio::time::timeout(PERIOD, stop.cancelled()).await.is_ok();
        let landings = figures.landings();
        if landings != written {
            let (figures, path) = (figures.clone(), path.clone());
            let saved = tokio::task::spawn_blocking(move || save(&figures, &path)).await;
            match saved {
                Ok(Ok(())) => written = landings,
                Ok(Err(error)) => tracing::warn!(%error, "the file of last figures could not be written"),
                Err(error) => tracing::warn!(%error, "the file of last figures could not be written"),
            }
        }
        if stopping {
            return;
        }
    }
}
