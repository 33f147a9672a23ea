//! Visits: which rows tell of a visit nobody has told of yet. A visit lasts from its first row; rows of the
//! same browser and session less than [`ONE_VISIT`] from it, in the file or recorded, are the same visit.

use super::{
    super::judge::{BadRow, Judged, NOBODY, VisitRow},
    Known, NewVisit, Plan,
    account::{self, Account},
};
use chrono::{DateTime, Utc};
use domain::{
    ingest::{Field, Issue, Verdict},
    overview::ONE_VISIT,
};
use uuid::Uuid;

/// Plans what the rows of visits write.
pub fn record(
    judged: &Judged,
    known: &Known,
    plan: &mut Plan,
    account: &mut Account,
    new_id: &mut impl FnMut() -> Uuid,
) {
    let refusals: Vec<Option<Issue>> = judged.visits.iter().map(|visit| refusal(judged, known, visit)).collect();
    let fates = fates(judged, known, &refusals);
    for ((row, visit), (fate, refusal)) in (0..).zip(&judged.visits).zip(fates.into_iter().zip(refusals)) {
        let verdict = match fate {
            Fate::New { customer } => {
                plan.visits.push(NewVisit { id: new_id(), row, customer });
                Verdict::Create
            }
            Fate::Other(verdict) => verdict,
        };
        account.verdict(visit.row_no, verdict);
        account.example(verdict, visit.row_no, || account::describe_visit(judged, visit));
        if let Some(issue) = refusal.filter(|_| verdict == Verdict::Rejected) {
            plan.without_raw.push(visit.row_no);
            plan.staged.push(BadRow {
                row_no: visit.row_no,
                business_key: visit.visitor.to_string(),
                line_no: 0,
                verdict,
                raw: Vec::new(),
                mapped: account::describe_visit(judged, visit),
                hash: visit.hash,
                issues: vec![issue],
            });
        }
    }
}

/// What becomes of a row.
enum Fate {
    New { customer: Option<Uuid> },
    Other(Verdict),
}

/// Why a row that is good in itself cannot be recorded.
fn refusal(judged: &Judged, known: &Known, visit: &VisitRow) -> Option<Issue> {
    if let Some(since) = known.visits_since.filter(|since| visit.at < *since) {
        return Some(Issue::error(
            "older_than_kept",
            Some(Field::VisitedAt),
            format!("Visits before {} are no longer kept, so this one would count nowhere.", since.format("%Y-%m-%d")),
        ));
    }
    let customer = named(judged, visit)?;
    (!known.customers.contains_key(customer)).then(|| {
        Issue::error(
            "unknown_customer",
            Some(Field::CustomerRef),
            format!("There is no customer \"{customer}\". Import the sales first, or leave the customer out."),
        )
    })
}

fn named<'j>(judged: &'j Judged, visit: &VisitRow) -> Option<&'j str> {
    (visit.customer != NOBODY).then(|| judged.customers[visit.customer as usize].reference.as_ref())
}

/// One entry a row. Browser by browser, session by session, in the order of time.
fn fates(judged: &Judged, known: &Known, refusals: &[Option<Issue>]) -> Vec<Fate> {
    let rows = &judged.visits;
    let mut sorted: Vec<usize> = (0..rows.len()).collect();
    sorted.sort_unstable_by_key(|row| {
        let visit = &rows[*row];
        (&visit.visitor, &visit.session, visit.at, visit.row_no)
    });
    let mut fates: Vec<Fate> = rows.iter().map(|_| Fate::Other(Verdict::Same)).collect();
    for session in
        sorted.chunk_by(|a, b| (&rows[*a].visitor, &rows[*a].session) == (&rows[*b].visitor, &rows[*b].session))
    {
        let Some(first) = session.first().map(|row| &rows[*row]) else { continue };
        let recorded = known
            .visits
            .get(&(first.visitor.clone(), first.session.clone().unwrap_or_default()))
            .map_or(&[][..], Vec::as_slice);
        let mut last: Option<usize> = None;
        for &row in session {
            let visit = &rows[row];
            let customer = named(judged, visit).and_then(|reference| known.customers.get(reference)).copied();
            fates[row] = if known.is_staged(&visit.visitor, 0, visit.hash) {
                Fate::Other(Verdict::Same)
            } else if refusals[row].is_some() {
                Fate::Other(Verdict::Rejected)
            } else if let Some(verdict) = meeting(recorded, visit.at) {
                Fate::Other(verdict)
            } else if let Some(kept) = last.filter(|kept| visit.at - rows[*kept].at < ONE_VISIT) {
                // Who signs in on the way is known from then on.
                if let Fate::New { customer: first } = &mut fates[kept] {
                    *first = first.or(customer);
                }
                Fate::Other(Verdict::Merged)
            } else {
                last = Some(row);
                Fate::New { customer }
            };
        }
    }
    fates
}

/// What a recorded visit of the session makes of a row at `at`, given their times in order.
fn meeting(recorded: &[DateTime<Utc>], at: DateTime<Utc>) -> Option<Verdict> {
    let next = recorded.partition_point(|time| *time < at);
    let before = next.checked_sub(1).and_then(|before| recorded.get(before));
    match (before, recorded.get(next)) {
        (_, Some(time)) if *time == at => Some(Verdict::Same),
        (Some(time), _) if at - *time < ONE_VISIT => Some(Verdict::Merged),
        (_, Some(time)) if *time - at < ONE_VISIT => Some(Verdict::Merged),
        _ => None,
    }
}
