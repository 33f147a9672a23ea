//! `rejected.csv`: rejected rows taken home, and brought back repaired.

use super::{
    IngestService, blocking,
    repair::{MOST, judge_rows, not_open},
    wrong_state,
};
use domain::{
    AppError, FieldError,
    access::{Permission, Principal},
    ids::ImportId,
    ingest::{FileShape, ImportDetail, Issue, Mapping, StagedRow},
    live::Topic,
};
use engine::ingest::{ROW, repaired_rows};
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use store::ingest::{
    batches,
    staged::{self, Revision, Staged},
};

impl IngestService {
    /// The open rows, for [`rejected_csv`].
    ///
    /// # Errors
    /// `not_found`.
    pub async fn rejected(&self, who: &Principal, id: ImportId) -> Result<(ImportDetail, Vec<StagedRow>), AppError> {
        who.require(Permission::IngestView)?;
        let mut tx = store::begin(&self.backend.pools.admin).await?;
        let detail = self.detail(&mut tx, id).await?;
        let rows = staged::page(&mut tx, id.0, true, 0, MOST).await?;
        Ok((detail, rows.into_iter().map(|s| s.row).collect()))
    }

    /// Takes a repaired `rejected.csv`: the cells of each line replace those of its row in quarantine, which is
    /// judged again. Rows the file lacks stay as they are; nothing is recorded before the re-run.
    ///
    /// # Errors
    /// `validation` at `file`, all faults at once; `conflict` when the import is not committed. Then no row changed.
    pub async fn take_repaired(
        &self,
        who: &Principal,
        id: ImportId,
        bytes: Arc<Vec<u8>>,
    ) -> Result<ImportDetail, AppError> {
        who.require(Permission::IngestUpload)?;
        let clock = &self.backend.clock;
        let at = clock.now();
        let mut tx = store::begin(&self.backend.pools.jobs).await?;
        let batch = batches::lock(&mut tx, id.0).await?.ok_or_else(|| AppError::not_found("Import"))?;
        if !batch.state.is_committed() {
            return Err(wrong_state(&batch, "repaired rows are taken after the commit."));
        }
        let open = staged::page(&mut tx, id.0, true, 0, MOST).await?;
        let job_batch = batch.clone();
        let revisions = blocking(move || {
            let lines = repaired_rows(&bytes, &job_batch.mapping)?;
            let mut changed = revised(&job_batch.shape, &job_batch.mapping, open, lines)?;
            let judged = judge_rows(&job_batch, &changed, &HashMap::new())?;
            let mut issues: HashMap<u32, Vec<Issue>> =
                judged.bad.into_iter().map(|bad| (bad.row_no, bad.issues)).collect();
            let revision = |staged: Staged| Revision {
                row_no: staged.row.row_no,
                issues: issues.remove(&staged.row.row_no).unwrap_or_default(),
                values: Some(staged.row.mapped),
            };
            Ok::<_, AppError>(changed.drain(..).map(revision).collect::<Vec<_>>())
        })
        .await??;
        let rows: Vec<u32> = revisions.iter().map(|r| r.row_no).collect();
        staged::revise(&mut tx, id.0, revisions).await?;
        let act = store::audit::Act::done("ingest.upload_repaired", "import", id).after(json!({"rows": rows}));
        store::audit::record(&mut tx, clock.new_id(), at, who, act).await?;
        store::live::emit(&mut tx, Topic::Integrations, &id.to_string()).await?;
        let detail = self.detail(&mut tx, id).await?;
        store::commit(tx).await?;
        Ok(detail)
    }
}

/// The open rows that the lines change, with their new values.
fn revised(
    shape: &FileShape,
    mapping: &Mapping,
    open: Vec<Staged>,
    lines: Vec<engine::ingest::RepairedRow>,
) -> Result<Vec<Staged>, AppError> {
    let mut open: HashMap<u32, Staged> = open.into_iter().map(|staged| (staged.row.row_no, staged)).collect();
    let strangers: Vec<i32> =
        lines.iter().filter(|l| !open.contains_key(&l.row_no)).filter_map(|l| i32::try_from(l.row_no).ok()).collect();
    if let Some(why) = not_open(strangers.iter()) {
        return Err(AppError::validation(vec![FieldError::new("file", why)]));
    }
    let mut changed = Vec::new();
    for line in lines {
        let Some(mut staged) = open.remove(&line.row_no) else { continue };
        let now = cells(shape, mapping, &staged.row);
        let same = line.values.iter().all(|(field, value)| {
            let at = mapping.columns.get(field).and_then(|column| shape.column(column));
            at.and_then(|at| now.get(at)).map_or("", |cell| cell.trim()) == value
        });
        if !same {
            staged.row.mapped.extend(line.values);
            changed.push(staged);
        }
    }
    if changed.is_empty() {
        return Err(AppError::field(
            "file",
            "No line of the file differs from its row in quarantine. Mend the cells and upload it again.",
        ));
    }
    Ok(changed)
}

/// Cells of a row in the order of the file's columns: as they came, or as they were edited since.
fn cells(shape: &FileShape, mapping: &Mapping, row: &StagedRow) -> Vec<String> {
    let fields: BTreeMap<usize, _> = if row.edited {
        mapping.columns.iter().filter_map(|(field, column)| Some((shape.column(column)?, *field))).collect()
    } else {
        BTreeMap::new()
    };
    (0..shape.columns.len())
        .map(|at| match fields.get(&at) {
            Some(field) => row.mapped.get(field).cloned().unwrap_or_default(),
            None => row.raw.get(at).cloned().unwrap_or_default(),
        })
        .collect()
}

/// The open rows as a file: original columns, then row, code, field, message. Cells that a spreadsheet
/// would take for a formula get an apostrophe.
#[must_use]
pub fn rejected_csv(detail: &ImportDetail, rows: &[StagedRow]) -> Vec<u8> {
    let mut out = Vec::new();
    let names = detail.shape.columns.iter().map(|c| c.name.as_str());
    write_row(&mut out, names.chain([ROW, "code", "field", "message"]));
    for row in rows {
        let join = |pick: &dyn Fn(&Issue) -> String| row.issues.iter().map(pick).collect::<Vec<_>>().join("; ");
        let codes = join(&|i| i.code.clone());
        let fields = join(&|i| i.field.map_or(String::new(), |f| f.key().to_owned()));
        let messages = join(&|i| i.message.clone());
        let number = row.row_no.to_string();
        let cells = cells(&detail.shape, &detail.mapping, row);
        let cells = cells.iter().map(String::as_str);
        write_row(&mut out, cells.chain([number.as_str(), &codes, &fields, &messages]));
    }
    out
}

fn write_row<'a>(out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let number = cell.parse::<f64>().is_ok();
        let formula = !number && cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if formula || cell.contains(['"', ',', '\n', '\r']) {
            out.push(b'"');
            if formula {
                out.push(b'\'');
            }
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}
