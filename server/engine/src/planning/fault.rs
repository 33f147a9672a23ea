//! What is wrong, or doubtful, with an input (`planning.md` 3.1): an `E` refuses it, a `W` does not.

use domain::planning::Verdict;
use serde::{Deserialize, Deserializer, Serialize, de::Error};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub code: &'static str,
    pub severity: Severity,
    /// Such as `lanes[3].trip_tonnes`, of sheets `Lanes!H12`.
    pub path: String,
    pub message: String,
    pub rule: &'static str,
}

/// Code and rule, in the order of the codes.
const RULES: &[(&str, &str)] = &[
    ("E01", "the format is millrace-plan/1"),
    ("E02", "required fields are there"),
    ("E03", "every value has its type, is finite and at most 1e12"),
    ("E04", "only known ids are referred to"),
    ("E05", "a key stands once for a period, and once without"),
    ("E06", "no negative value where 0 is the least"),
    ("E07", "period dates neither overlap nor leave a gap"),
    ("E08", "the least closing stock is not above the greatest"),
    ("E09", "shares lie between 0 and 1"),
    ("E10", "production has a cost where it has a capacity"),
    ("E11", "the minimum shipment fits the lane's own limits"),
    ("E12", "full lots, trip costs, trip limits and contracts on trips need trip_tonnes"),
    ("E13", "a contract or a fixed amount that asks for something matches something"),
    ("E14", "opening_tonnes, batch_tonnes, inputs and uses do not change by period"),
    ("E15", "recipes have no cycle and resources have hours"),
    ("E16", "only known fields, or fields that start with x_"),
    ("E17", "at most 104 periods, 5,000 nodes and 500,000 lane-periods"),
    ("W01", "a node with demand has a lane to it, a line or stock"),
    ("W02", "demand can be served in full"),
    ("W03", "lanes to a node and its own supply cover its demand"),
    ("W04", "a contract matches something"),
    ("W05", "a lane joins two nodes"),
    ("W06", "a missing tonne costs more than the dearest way to serve it"),
    ("W07", "opening stock is not below what the first period asks"),
    ("W08", "a line with rows for some periods has rows for all"),
    ("W09", "modes are road, rail, sea, barge, air or pipeline"),
    ("W10", "demands, distances and unit costs are of one order of magnitude"),
    ("W11", "coefficients span less than 1e8"),
    ("W12", "a lane costs something"),
    ("W13", "the closing stocks asked for can be reached"),
    ("W14", "drawn rows have the fields the draw needs"),
    ("W15", "a line with a fixed cost has a limit"),
    ("W16", "every code of a workbook has a type"),
    ("W17", "stock at a hub has an owner"),
];

impl Fault {
    /// A code of the table decides severity and rule.
    #[must_use]
    pub fn new(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        let rule = RULES.iter().find(|(known, _)| *known == code).map_or("", |(_, rule)| rule);
        let severity = if code.starts_with('E') { Severity::Error } else { Severity::Warning };
        Self { code, severity, path: path.into(), message: message.into(), rule }
    }
}

/// The code says the rest.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Told {
            code: String,
            path: String,
            message: String,
        }
        let told = Told::deserialize(deserializer)?;
        let known = RULES.iter().find(|(code, _)| *code == told.code);
        let (code, _) = known.ok_or_else(|| D::Error::custom(format!("no rule has the code {}", told.code)))?;
        Ok(Self::new(code, told.path, told.message))
    }
}

/// What the faults come to.
#[must_use]
pub fn verdict(faults: &[Fault]) -> Verdict {
    match faults.iter().map(|fault| fault.severity).min() {
        Some(Severity::Error) => Verdict::Fail,
        Some(Severity::Warning) => Verdict::Warn,
        None => Verdict::Pass,
    }
}
