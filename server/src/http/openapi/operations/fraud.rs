//! Cases, rule sets, lists, datasets and backtests.

use super::super::{
    operation::{Answer, Operation, Parameter, accepted, asked, day, file, json, made, nothing, whole},
    shapes::{dataset, named, one_of, page},
};
use crate::http::api::fraud::{LearnedModelList, NoteCase, RuleSetList};
use domain::fraud::{
    backtest::{BacktestDetail, BacktestList, BacktestRow, Dataset, NewBacktest},
    case::{CaseDetail, CaseReason, DecideCase, Queue, SnoozeCase},
    list::{ListEntry, ListKind, NewListEntry, Subject},
    precision::RulePerformance,
    set::{CopyRuleSet, EditRuleSet, Replay, RuleSetDetail},
};

const NUMBER: Parameter = whole("number", "Number of the set.");
const MOVED: &[(&str, &str)] =
    &[("409", "The set is not in a state for this, or another one was moved at the same time.")];
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
    json("GET /api/v1/fraud/rule-sets", "Rule sets: live, shadow, drafts, then the retired", named::<RuleSetList>),
    made("POST /api/v1/fraud/rule-sets", "Make a draft: a copy of a set", named::<RuleSetDetail>)
        .takes(named::<CopyRuleSet>)
        .keyed(),
    json("GET /api/v1/fraud/rule-sets/{number}", "One set with its rules", named::<RuleSetDetail>)
        .with(&[NUMBER]),
    json("PUT /api/v1/fraud/rule-sets/{number}", "Write a draft anew", named::<RuleSetDetail>)
        .note("A rule has a formula or an expression: the same as text and as a tree.")
        .with(&[NUMBER])
        .takes(named::<EditRuleSet>)
        .versioned()
        .fails(&[("409", "The set is no draft, or somebody has changed it meanwhile.")]),
    json("POST /api/v1/fraud/rule-sets/{number}/shadow", "Let a draft judge beside the live set", named::<RuleSetDetail>)
        .note("What it comes to is stored and changes nothing. The set that was in shadow is retired.")
        .with(&[NUMBER])
        .keyed()
        .fails(MOVED),
    json("POST /api/v1/fraud/rule-sets/{number}/publish", "Make a set the live one", named::<RuleSetDetail>)
        .note(
            "A draft, the set in shadow, or a retired one (to go back). Needs a backtest of exactly these rules that ended within 7 \
             days; where two people or more may publish, the last editor may not. The set that was live is retired.",
        )
        .with(&[NUMBER])
        .keyed()
        .fails(MOVED),
    json("POST /api/v1/fraud/rule-sets/{number}/retire", "Put a draft or the set in shadow away", named::<RuleSetDetail>)
        .with(&[NUMBER])
        .keyed()
        .fails(MOVED),
    json("GET /api/v1/fraud/models", "Learned scores that a set can use, the newest first", named::<LearnedModelList>)
        .note("A backtest with train keeps one. PUT a draft with learned_model to use it: a sure fraud adds 60 points."),
    json("GET /api/v1/fraud/rules/performance", "How often each rule was right", named::<RulePerformance>)
        .note("Confirmed cases as a share of the decided ones it hit, with the Wilson 95 % interval. No rank under 30 decided cases.")
        .with(&[
            day("from", "First day of the decisions; 90 days to the last one when not given."),
            day("to", "Last day of them; today when not given."),
            whole("rule_set", "Only decisions of the set with this number, in shadow too."),
        ]),
    json("POST /api/v1/fraud/decisions/{id}/replay", "Judge a sale again from what was known then", named::<Replay>)
        .note("By the set that judged it; nothing is written.")
        .fails(&[("409", "Screening gave no answer for this sale.")]),
    json("GET /api/v1/fraud/lists", "Entries of both lists, the newest first", page::<ListEntry>)
        .note("What has ended is among them.")
        .with(&[
            asked("list", named::<ListKind>, "Of this list."),
            asked("subject", named::<Subject>, "About this."),
        ])
        .paged(),
    made("POST /api/v1/fraud/lists", "Put something on a list", named::<ListEntry>)
        .takes(named::<NewListEntry>)
        .keyed()
        .fails(&[("409", "The same stands on the list.")]),
    nothing("DELETE /api/v1/fraud/lists/{id}", "Take something off its list"),
];
