//! The rules of target `visits`, one row at a time; those of its texts are the beacon's
//! ([`domain::overview::RecordVisit::validate`]).

use super::{
    Judge, VisitRow,
    canon::Canon,
    row::{Mark, Row},
};
use domain::ingest::{Field, Issue, Verdict};

const TEXTS: [Field; 4] = [Field::VisitorKey, Field::SessionRef, Field::Path, Field::Source];

impl Judge<'_> {
    pub(super) fn visit_row(&mut self, mut row: Row<'_>, raw: impl FnOnce() -> Vec<String>) {
        let (texts, came) = (row.texts, row.came);
        for field in TEXTS {
            let text = texts.get(field);
            // What no text can hold, and cells in error, are told already.
            if text.contains(char::is_control) && !row.issues.iter().any(|issue| issue.field == Some(field)) {
                row.issues.push(Issue::error(
                    "unreadable_text",
                    Some(field),
                    format!("{} holds a control character.", field.label()),
                ));
            }
        }
        let reading = self.reading(texts.get(Field::VisitedAt), &mut row.issues);
        let hash = Canon::default()
            .time(reading.at.ok_or(came.get(Field::VisitedAt)))
            .text(came.get(Field::VisitorKey))
            .text(came.get(Field::CustomerRef))
            .text(came.get(Field::SessionRef))
            .text(came.get(Field::Path))
            .text(came.get(Field::Source))
            .finish();
        let (Some(at), true) = (reading.at, row.issues.is_empty()) else {
            let mark = Mark { business_key: texts.get(Field::VisitorKey), line_no: 0, hash };
            self.refuse(row, mark, Verdict::Rejected, raw());
            return;
        };
        if let Some(change) = reading.change {
            self.warn_clock_change(change);
        }
        let some = |field| Some(texts.get(field)).filter(|text| !text.is_empty()).map(Into::into);
        let visit = VisitRow {
            row_no: row.row_no,
            at,
            visitor: texts.get(Field::VisitorKey).into(),
            session: some(Field::SessionRef),
            customer: self.customer(texts.get(Field::CustomerRef), "", at),
            path: some(Field::Path),
            source: some(Field::Source),
            hash,
        };
        self.judged.visits.push(visit);
    }
}
