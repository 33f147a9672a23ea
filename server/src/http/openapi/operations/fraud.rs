//! Cases, datasets and backtests.

use super::super::{
    operation::{Answer, Operation, accepted, asked, file, json, made, nothing},
    shapes::{dataset, named, one_of},
};
use crate::http::api::fraud::NoteCase;
use domain::fraud::{
    backtest::{BacktestDetail, BacktestList, BacktestRow, Dataset, NewBacktest},
    case::{CaseDetail, CaseReason, DecideCase, Queue, SnoozeCase},
};

const TAKEN: &[(&str, &str)] = &[("409", "Somebody else works on this case, or it is closed.")];

pub const OPERATIONS: &[Operation] = &[
    json("GET /api/v1/fraud/cases", "Cases, held sales first, then by expected loss", named::<Queue>)
        .note("100 at most.")
        .with(&[
            asked("state", |_| one_of(["open", "closed"]), "All that are not closed when not given."),
            asked("mine", |_| one_of(["1"]), "Those the caller works on."),
            asked("overdue", |_| one_of(["1"]), "Those that should have been decided by now."),
        ]),
    json("POST /api/v1/fraud/cases/next", "Claim the first case that nobody works on", named::<CaseDetail>)
        .others(&[("204", Answer::Nothing, "There is none.")]),
    json("GET /api/v1/fraud/cases/{id}", "One case in full", named::<CaseDetail>),
    json("POST /api/v1/fraud/cases/{id}/claim", "Work on a case", named::<CaseDetail>)
        .note("A claim lasts half an hour from the last act on the case.")
        .fails(TAKEN),
    json("POST /api/v1/fraud/cases/{id}/unclaim", "Give a case back to the queue", named::<CaseDetail>).fails(TAKEN),
    json("POST /api/v1/fraud/cases/{id}/notes", "Write a note, and claim the case", named::<CaseDetail>)
        .takes(named::<NoteCase>)
        .fails(TAKEN),
    json("POST /api/v1/fraud/cases/{id}/escalate", "Leave a case to somebody with more to say", named::<CaseDetail>)
        .takes(named::<CaseReason>)
        .fails(TAKEN),
    json("POST /api/v1/fraud/cases/{id}/snooze", "Put a case off", named::<CaseDetail>)
        .note("For a week at most, and not past the end of the hold.")
        .takes(named::<SnoozeCase>)
        .fails(TAKEN),
    made("POST /api/v1/transactions/{id}/flag", "Open a case of a sale that went through", named::<CaseDetail>)
        .takes(named::<CaseReason>)
        .fails(&[("409", "The sale has an open case, or did not go through.")]),
    json("POST /api/v1/fraud/cases/{id}/decide", "Close a case with a verdict", named::<CaseDetail>)
        .note(
            "A held sale that is legitimate is released, a fraud declined; of an inconclusive one action says what \
             becomes of it. Every verdict but inconclusive becomes a label.",
        )
        .takes(named::<DecideCase>)
        .fails(TAKEN),
    made("POST /api/v1/fraud/datasets", "Add a file of sales with labels, of at most 64 MiB", named::<Dataset>)
        .note("Columns are found by their names, or by a field that names the column; all others are dropped.")
        .takes_form(dataset),
    nothing("DELETE /api/v1/fraud/datasets/{id}", "Remove a dataset with the backtests made of it"),
    json("GET /api/v1/fraud/backtests", "Backtests, datasets, and what can be tried", named::<BacktestList>)
        .note("The newest 100."),
    accepted("POST /api/v1/fraud/backtests", "Try a rule set on sales of the past, as a job", named::<BacktestRow>)
        .note(
            "Every sale is judged by what was known at its time; labels are known label_delay_days after it. With train \
             a score is learned from those days and measured on the others.",
        )
        .takes(named::<NewBacktest>)
        .keyed(),
    json("GET /api/v1/fraud/backtests/{id}", "One backtest with its report", named::<BacktestDetail>),
    file("GET /api/v1/fraud/backtests/{id}/scores", "The score of each sale", &["text/csv"])
        .fails(&[("409", "The backtest is not finished.")]),
];
