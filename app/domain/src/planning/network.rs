//! Networks: plants, lanes, stock and demand as they are edited, and the documents they are frozen into.

use super::{Handed, JsonText, Validation, Verdict};
use crate::{
    AppError, FieldError,
    access::Principal,
    idempotency::{Answered, IdempotencyKey},
    ids::{NetworkImportId, NetworkRowId},
    paging::{DEFAULT_LIMIT, MAX_LIMIT, Page},
};
use async_trait::async_trait;
use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The document that a network was frozen into last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanNetworkFreeze)]
pub struct Freeze {
    pub input_id: uuid::Uuid,
    /// Of the canonical JSON.
    pub sha256: String,
    pub frozen_at: DateTime<FixedOffset>,
    pub frozen_by: String,
    pub validation: Verdict,
    /// False when the network has changed since.
    pub is_current: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanNetwork)]
pub struct NetworkItem {
    pub code: String,
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// It, or a row of it.
    pub changed_at: DateTime<FixedOffset>,
    pub is_demo: bool,
    pub freeze: Option<Freeze>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanNetworkList)]
pub struct NetworkList {
    /// By code.
    pub networks: Vec<NetworkItem>,
}

/// How a field is typed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PlanFieldInput)]
pub enum FieldInput {
    Text,
    Number,
    Date,
    Flag,
    Choice(Vec<String>),
    /// Rows in one text: fields joined by commas, rows by semicolons.
    Rows(Vec<String>),
}

/// A field of a section's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSectionField)]
pub struct SectionField {
    pub name: String,
    pub input: FieldInput,
    pub is_required: bool,
    /// `null` may stand for "no limit".
    pub may_be_null: bool,
}

/// A section of the format, as `lanes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSection)]
pub struct SectionItem {
    pub section: String,
    pub rows: i64,
}

/// A network with what is to be said of it as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanNetworkDetail)]
pub struct NetworkDetail {
    pub network: NetworkItem,
    pub version: i32,
    /// The document's own fields, `penalties` and `options`.
    #[schema(value_type = Object)]
    pub head: JsonText,
    /// In the order of the format.
    pub sections: Vec<SectionItem>,
    /// Of the document it would be frozen into now.
    pub validation: Validation,
}

/// A row of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanNetworkRow)]
pub struct NetworkRow {
    pub id: NetworkRowId,
    /// Key and period, such as `A/X/rail`.
    pub key: String,
    pub version: i32,
    #[schema(value_type = Object)]
    pub fields: JsonText,
    pub updated_at: DateTime<FixedOffset>,
    pub updated_by: String,
}

/// Which rows of a section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RowFilter {
    /// Code of the network; the only one when not given.
    pub network: Option<String>,
    /// Rows of this node, or that refer to it.
    pub node: Option<String>,
    /// A part of the key or name.
    pub search: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<u32>,
    /// A row to be edited, wherever it stands.
    pub edit: Option<NetworkRowId>,
}

impl RowFilter {
    /// # Errors
    /// When the limit is none.
    pub fn limit(&self) -> Result<u32, AppError> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            _ => Err(AppError::field("limit", format!("The limit is 1 to {MAX_LIMIT}."))),
        }
    }
}

/// The fields of a row to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowFields {
    /// A JSON object.
    Json(String),
    /// As typed into a form; empty ones are left out. Fields beyond the format stay as they are.
    Typed(BTreeMap<String, String>),
}

/// A page of a section's rows as a person edits them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SectionRows {
    pub fields: Vec<SectionField>,
    pub rows: Vec<TypedRow>,
    /// The row that was asked for to be edited, where it is of the section and open to the reader.
    pub editing: Option<TypedRow>,
    pub next_cursor: Option<String>,
}

/// A row in the texts of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedRow {
    pub id: NetworkRowId,
    pub key: String,
    pub version: i32,
    pub fields: BTreeMap<String, String>,
    pub updated_at: DateTime<FixedOffset>,
    pub updated_by: String,
    /// Whether the reader may change it.
    pub is_open: bool,
}

/// A network to be: empty, or made of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNetwork {
    pub code: String,
    pub content: NetworkContent,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NetworkContent {
    /// The document's own fields as a JSON object, no rows.
    Head(String),
    Document(Handed),
    Sample,
}

/// How many rows an import makes, changes, leaves as they are, and does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanImportCount)]
pub struct ImportCount {
    pub section: String,
    pub created: i64,
    pub updated: i64,
    pub same: i64,
    /// Rows of the network that the document does not have; they stay unless they are to be removed.
    pub missing: i64,
}

/// One row that an import would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanImportChange)]
pub struct ImportChange {
    pub section: String,
    pub key: String,
    /// `created`, `updated` or `missing`.
    pub verdict: String,
    /// Fields with their values before and after, as texts.
    pub fields: Vec<(String, Option<String>, Option<String>)>,
}

/// What an import would do to a network as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanNetworkImport)]
pub struct NetworkImport {
    pub import_id: NetworkImportId,
    pub network: String,
    /// Of the file, where it came as one.
    pub file_name: Option<String>,
    pub created_at: DateTime<FixedOffset>,
    pub created_by: String,
    pub committed_at: Option<DateTime<FixedOffset>>,
    /// When the network changed last that the rest is told of.
    pub network_changed_at: DateTime<FixedOffset>,
    /// Whether name, currency, penalties or options differ.
    pub head_changes: bool,
    pub counts: Vec<ImportCount>,
    /// The first of them.
    pub changes: Vec<ImportChange>,
}

/// How an import is committed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommitImport {
    /// Rows that the document does not have go.
    pub remove_missing: bool,
    /// As it was told with the changes: `conflict` when the network has changed since.
    pub network_changed_at: Option<DateTime<FixedOffset>>,
}

/// Reading needs `plan.view`, everything else `plan.edit_network`; a grant for nodes reaches their rows of production,
/// stock and demand.
#[async_trait]
pub trait NetworksPort: Send + Sync + 'static {
    async fn list(&self, who: &Principal) -> Result<NetworkList, AppError>;

    /// Whether the reader may change networks as a whole, not only rows of some nodes.
    async fn may_edit_all(&self, who: &Principal) -> Result<bool, AppError>;

    async fn detail(&self, who: &Principal, code: &str) -> Result<NetworkDetail, AppError>;

    async fn create(
        &self,
        who: &Principal,
        new: NewNetwork,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<NetworkDetail, AppError>>;

    /// `conflict` when it has another version by now.
    async fn change(
        &self,
        who: &Principal,
        code: &str,
        version: Option<i32>,
        head: RowFields,
    ) -> Result<NetworkDetail, AppError>;

    /// With all its rows. The documents it was frozen into stay.
    async fn remove(&self, who: &Principal, code: &str) -> Result<(), AppError>;

    async fn rows(&self, who: &Principal, section: &str, filter: RowFilter) -> Result<Page<NetworkRow>, AppError>;

    /// As a person edits them.
    async fn typed_rows(&self, who: &Principal, section: &str, filter: RowFilter) -> Result<SectionRows, AppError>;

    async fn add_row(
        &self,
        who: &Principal,
        network: Option<String>,
        section: &str,
        fields: RowFields,
        key: Option<&IdempotencyKey>,
    ) -> Answered<Result<NetworkRow, AppError>>;

    /// `conflict` when it has another version by now: the message tells what stands there.
    async fn change_row(
        &self,
        who: &Principal,
        section: &str,
        row: NetworkRowId,
        version: Option<i32>,
        fields: RowFields,
    ) -> Result<NetworkRow, AppError>;

    /// `conflict` while other rows refer to it.
    async fn remove_row(
        &self,
        who: &Principal,
        section: &str,
        row: NetworkRowId,
        version: Option<i32>,
    ) -> Result<(), AppError>;

    /// Keeps a document beside the network, and says what it would change.
    async fn stage(
        &self,
        who: &Principal,
        code: &str,
        document: Handed,
        file_name: Option<String>,
    ) -> Result<NetworkImport, AppError>;

    async fn staged(&self, who: &Principal, import: NetworkImportId) -> Result<NetworkImport, AppError>;

    /// All of it in one transaction.
    async fn commit(
        &self,
        who: &Principal,
        import: NetworkImportId,
        how: &CommitImport,
    ) -> Result<NetworkImport, AppError>;

    /// Writes the document of the network as it stands; the same content is the same input.
    async fn freeze(&self, who: &Principal, network: Option<String>) -> Result<Freeze, AppError>;
}

/// What is wrong with the code of a network.
#[must_use]
pub fn fault_of_network(code: &str) -> Option<FieldError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let good = (1..=40).contains(&code.len()) && code.bytes().all(fits);
    (!good).then(|| FieldError::new("code", "A code is 1 to 40 letters, digits, _, . or -."))
}
