//! Server functions of the audit log.

use crate::fault::Fault;
use domain::audit::{AuditDetail, AuditFilter, AuditPage};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// `/audit` with the filter in `query`, the query part of its address.
#[server(prefix = "/fn", endpoint = "audit/list", input = GetUrl)]
pub async fn load_audit(#[server(default)] query: String) -> Result<(AuditFilter, AuditPage), Fault> {
    use crate::context::{port, principal};
    use domain::audit::AuditPort;
    let filter = AuditFilter::from_query(&query);
    let page = port::<dyn AuditPort>()?.list(&principal()?, filter.clone()).await?;
    Ok((filter, page))
}

/// One act; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "audit/detail", input = GetUrl)]
pub async fn load_audit_entry(#[server(default)] id: String) -> Result<Option<AuditDetail>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, audit::AuditPort};
    let Ok(id) = id.parse() else { return Ok(None) };
    match port::<dyn AuditPort>()?.detail(&principal()?, id).await {
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        found => Ok(Some(found?)),
    }
}
