//! Visits of the shop.

use super::{Record, Rows, Stamp};
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub visitor: &'a str,
    pub customer: Option<Uuid>,
    pub session: Option<&'a str>,
    pub source: Option<&'a str>,
    pub path: Option<&'a str>,
}

impl Record for Visit<'_> {
    const COPY: &'static str = "copy sales.visits (id, visited_at, visitor_key, customer_id, session_ref, source, path, origin, import_id) from stdin";

    fn write(&self, stamp: &Stamp<'_>, out: &mut Rows) {
        out.id(self.id).time(self.at).text(self.visitor).optional_id(self.customer).optional_text(self.session);
        out.optional_text(self.source).optional_text(self.path).text(stamp.origin).id(stamp.import_id).end();
    }
}
