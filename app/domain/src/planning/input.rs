//! Documents: what is said of them before a solve, and what can be chosen.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A document as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// JSON.
    Text(String),
    /// A workbook, or a zip of CSV files.
    File(Arc<Vec<u8>>),
}

/// PASS, WARN or FAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = PlanVerdict)]
pub enum Verdict {
    Pass,
    Warn,
    Fail,
}

impl Verdict {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// What is wrong, or doubtful, with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanFinding)]
pub struct Finding {
    /// `E16`, `W02` …
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// Such as `lanes[3].trip_tonnes`, of a file `Lanes!H12`.
    pub path: String,
    pub message: String,
    pub rule: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanInputSummary)]
pub struct InputSummary {
    /// Nodes with a line.
    pub plants_count: i64,
    /// Nodes with demand.
    pub customers_count: i64,
    pub periods_count: i64,
    pub routes_count: i64,
    pub total_demand: f64,
}

/// How much can be served at most, from the first period to the end of this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanReadiness)]
pub struct ReadinessPoint {
    pub period: String,
    /// 0 to 1.
    pub share: f64,
    /// None without any limit.
    pub supply_tonnes: Option<f64>,
    pub demand_tonnes: f64,
    pub gap_tonnes: f64,
}

/// How a sheet was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSheetRead)]
pub struct SheetRead {
    pub sheet: String,
    /// Below the heading.
    pub rows: i64,
    /// `.` or `,`, of numbers that stand as text.
    pub decimal_mark: char,
}

/// How a file was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanFileRead)]
pub struct FileRead {
    /// `xlsx` or `csv`.
    pub form: String,
    pub sheets: Vec<SheetRead>,
}

/// Whether a document can be solved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanValidation)]
pub struct Validation {
    pub valid: bool,
    pub overall: Verdict,
    pub errors: Vec<Finding>,
    pub warnings: Vec<Finding>,
    pub summary: InputSummary,
    pub readiness: Vec<ReadinessPoint>,
    /// Of a document that came as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileRead>,
}

/// What is said of an input with its scenario laid over it, before it is solved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputCheck {
    pub name: String,
    pub scenario_name: String,
    pub validation: Validation,
    /// The document of a file that can be solved, as JSON text, where it is not too long to be sent back.
    pub document: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSolver)]
pub struct SolverItem {
    pub name: String,
    pub version: String,
    /// `MILP`
    #[serde(rename = "type")]
    pub kind: String,
    /// Names that mean it, too.
    pub aliases: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanSolvers)]
pub struct SolverList {
    pub solvers: Vec<SolverItem>,
    pub default_solver: String,
}

/// A document to begin with, and what a document may hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = PlanModelTemplate)]
pub struct ModelTemplate {
    #[schema(value_type = Object)]
    pub template: serde_json::Value,
    pub description: String,
    pub required_fields: Vec<String>,
    #[schema(value_type = Object)]
    pub json_schema: serde_json::Value,
}
