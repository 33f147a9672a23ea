//! Server functions of cases.

pub mod lists;
pub mod rules;

use crate::{fault::Fault, page_data::Packed};
use domain::fraud::case::{CaseDetail, Queue};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// The queue; `query` is the query part of the page's address.
#[server(prefix = "/fn", endpoint = "fraud/queue", input = GetUrl)]
pub async fn load_queue(query: String) -> Result<Packed<Queue>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        fraud::case::{CaseQuery, CasesPort},
        query::pairs,
    };
    Packed::of(&port::<dyn CasesPort>()?.queue(&principal()?, &CaseQuery::parse(pairs(&query))).await?)
}

/// One case; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "fraud/case", input = GetUrl)]
pub async fn load_case(id: String) -> Result<Packed<Option<CaseDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, fraud::case::CasesPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    match port::<dyn CasesPort>()?.case(&principal()?, id).await {
        Ok(case) => Packed::of(&Some(case)),
        Err(error) if error.code == ErrorCode::NotFound => Packed::of(&None),
        Err(error) => Err(error.into()),
    }
}

/// Claims the first case that nobody works on and goes to it; stays where there is none.
#[server(prefix = "/fn", endpoint = "fraud/next")]
pub async fn next_case() -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::fraud::case::CasesPort;
    match port::<dyn CasesPort>()?.next(&principal()?).await? {
        Some(case) => redirect(&format!("/fraud/cases/{}", case.row.id)),
        None => redirect("/fraud"),
    }
    Ok(())
}

/// Works on a case (`claim`) or gives it back (`unclaim`).
#[server(prefix = "/fn", endpoint = "fraud/claim")]
pub async fn claim_case(id: String, how: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, fraud::case::CasesPort, ids::CaseId};
    let id: CaseId = id.parse().map_err(|_| AppError::not_found("Case"))?;
    let cases = port::<dyn CasesPort>()?;
    match how.as_str() {
        "claim" => cases.claim(&principal()?, id).await?,
        "unclaim" => cases.unclaim(&principal()?, id).await?,
        _ => return Err(AppError::field("how", "Choose claim or unclaim.").into()),
    };
    redirect(&format!("/fraud/cases/{id}"));
    Ok(())
}

/// Writes a note.
#[server(prefix = "/fn", endpoint = "fraud/note")]
pub async fn note_case(id: String, text: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{AppError, fraud::case::CasesPort, ids::CaseId};
    let id: CaseId = id.parse().map_err(|_| AppError::not_found("Case"))?;
    port::<dyn CasesPort>()?.note(&principal()?, id, &text).await?;
    redirect(&format!("/fraud/cases/{id}"));
    Ok(())
}

/// Closes a case. `choice` is a verdict, for an inconclusive one of a held sale with what becomes of it:
/// `inconclusive release`.
#[server(prefix = "/fn", endpoint = "fraud/decide")]
pub async fn decide_case(id: String, choice: String, comment: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        fraud::case::{CasesPort, DecideCase, HeldAction, Verdict},
        ids::CaseId,
    };
    let id: CaseId = id.parse().map_err(|_| AppError::not_found("Case"))?;
    let (verdict, action) = choice.split_once(' ').map_or((choice.as_str(), None), |(v, a)| (v, Some(a)));
    let verdict = Verdict::parse(verdict).ok_or_else(|| AppError::field("choice", "Choose a verdict."))?;
    let command = DecideCase { verdict, action: action.and_then(HeldAction::parse), comment };
    port::<dyn CasesPort>()?.decide(&principal()?, id, &command).await?;
    redirect(&format!("/fraud/cases/{id}"));
    Ok(())
}

/// Leaves a case to somebody with more to say (`escalate`, with a reason), or puts it off (`snooze`, for `hours`).
#[server(prefix = "/fn", endpoint = "fraud/pass")]
pub async fn pass_case(
    id: String,
    how: String,
    #[server(default)] reason: String,
    #[server(default)] hours: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        fraud::case::{CaseReason, CasesPort, SnoozeCase},
        ids::CaseId,
    };
    let id: CaseId = id.parse().map_err(|_| AppError::not_found("Case"))?;
    let (cases, who) = (port::<dyn CasesPort>()?, principal()?);
    match how.as_str() {
        "escalate" => cases.escalate(&who, id, &CaseReason { reason }).await?,
        "snooze" => {
            let hours = hours.parse().map_err(|_| AppError::field("hours", "Choose how long."))?;
            cases.snooze(&who, id, SnoozeCase { hours }).await?
        }
        _ => return Err(AppError::field("how", "Choose what to do.").into()),
    };
    redirect(&format!("/fraud/cases/{id}"));
    Ok(())
}

/// Opens a case of a sale that went through, and goes to it.
#[server(prefix = "/fn", endpoint = "fraud/flag")]
pub async fn flag_sale(id: String, reason: String) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        fraud::case::{CaseReason, CasesPort},
    };
    let id = id.parse().map_err(|_| AppError::not_found("Transaction"))?;
    let case = port::<dyn CasesPort>()?.flag(&principal()?, id, &CaseReason { reason }).await?;
    redirect(&format!("/fraud/cases/{}", case.row.id));
    Ok(())
}
