//! Which decisions of screening.

use super::Outcome;
use crate::{FieldError, query};
use chrono::NaiveDate;

/// Decisions of business days, both included, and of one outcome or any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScoreQuery {
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub outcome: Option<Outcome>,
}

impl ScoreQuery {
    /// Other names are left alone.
    ///
    /// # Errors
    /// Every value that cannot be.
    pub fn parse<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Result<Self, Vec<FieldError>> {
        let (mut asked, mut faults) = (Self::default(), Vec::new());
        let day = |value: &str| value.parse::<NaiveDate>().map_err(|_| "Write the day as 2011-05-31.");
        for (name, value) in pairs {
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let taken = match name.as_str() {
                "from" => day(value).map(|day| asked.from = Some(day)),
                "to" => day(value).map(|day| asked.to = Some(day)),
                "outcome" => Outcome::parse(value)
                    .map(|outcome| asked.outcome = Some(outcome))
                    .ok_or("Use approve, review, hold or decline."),
                _ => Ok(()),
            };
            faults.extend(taken.err().map(|told| FieldError::new(name.clone(), told)));
        }
        if asked.from.zip(asked.to).is_some_and(|(from, to)| from > to) {
            faults.push(FieldError::new("to", "The last day lies before the first."));
        }
        if faults.is_empty() { Ok(asked) } else { Err(faults) }
    }

    /// The query of an address that asks for these.
    #[must_use]
    pub fn to_query(&self) -> String {
        let (from, to) = (self.from.map(|day| day.to_string()), self.to.map(|day| day.to_string()));
        let outcome = self.outcome.map(Outcome::as_str);
        let pairs = [("from", from.as_deref()), ("to", to.as_deref()), ("outcome", outcome)];
        query::write(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_written_back_and_what_cannot_be_is_refused() {
        let read = |text: &str| ScoreQuery::parse(query::pairs(text).iter().map(|(n, v)| (n, v)));
        let text = "from=2026-01-02&to=2026-01-03&outcome=hold";
        assert_eq!(read(text).unwrap().to_query(), text);
        assert_eq!(read("x=1&outcome=").unwrap(), ScoreQuery::default());
        let paths: Vec<String> =
            read("from=3&outcome=no&to=2026-13-01").unwrap_err().into_iter().map(|fault| fault.path).collect();
        assert_eq!(paths, ["from", "outcome", "to"]);
        assert_eq!(read("from=2026-01-03&to=2026-01-02").unwrap_err()[0].path, "to");
    }
}
