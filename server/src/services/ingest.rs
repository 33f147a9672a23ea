//! Imports: receive a file, judge it, commit it whole, repair what was rejected. The command line,
//! the pages, REST and the jobs all come here.

mod commit;
mod expected;
mod judgement;
mod known;
mod mappings;
mod port;
mod rejected;
mod repair;
mod template;
mod undo;
mod upload;
mod view;
mod writing;

pub use rejected::rejected_csv;
pub use template::{template_csv, template_xlsx};
pub use upload::Upload;

use crate::backend::Backend;
use domain::{AppError, ids::ImportId};
use sqlx::PgConnection;
use store::ingest::batches::{self, Batch};

/// Service behind [`domain::ingest::IngestPort`].
#[derive(Debug, Clone)]
pub struct IngestService {
    backend: Backend,
}

impl IngestService {
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self { backend }
    }

    async fn batch(&self, connection: &mut PgConnection, id: ImportId) -> Result<Batch, AppError> {
        batches::get(connection, id.0).await?.ok_or_else(|| AppError::not_found("Import"))
    }
}

/// Runs heavy, pure work off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = %error, error_code = "internal", "import work broke off");
        AppError::internal()
    })
}

/// How an import is called in histories: "import #12".
fn label(number: i64) -> String {
    format!("import #{number}")
}

/// The batch is in the wrong state for what was asked.
fn wrong_state(batch: &Batch, wanted: &str) -> AppError {
    AppError::conflict(format!("Import #{} is \"{}\"; {wanted}", batch.number, batch.state.label()))
}
