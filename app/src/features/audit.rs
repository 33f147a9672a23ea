//! Server functions of the audit log.

use crate::{fault::Fault, page_data::Packed};
use domain::audit::{AuditDetail, AuditFilter, AuditPage};
use leptos::{prelude::*, server_fn::codec::GetUrl};

/// `/audit` with the filter in `query`, the query part of its address.
#[server(prefix = "/fn", endpoint = "audit/list", input = GetUrl)]
pub async fn load_audit(#[server(default)] query: String) -> Result<Packed<(AuditFilter, AuditPage)>, Fault> {
    use crate::context::{port, principal};
    use domain::audit::AuditPort;
    let filter = AuditFilter::from_query(&query);
    let page = port::<dyn AuditPort>()?.list(&principal()?, filter.clone()).await?;
    Packed::of(&(filter, page))
}

/// One act; `None` also for an id that cannot be one.
#[server(prefix = "/fn", endpoint = "audit/detail", input = GetUrl)]
pub async fn load_audit_entry(#[server(default)] id: String) -> Result<Packed<Option<AuditDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::{ErrorCode, audit::AuditPort};
    let Ok(id) = id.parse() else { return Packed::of(&None) };
    let found = match port::<dyn AuditPort>()?.detail(&principal()?, id).await {
        Err(error) if error.code == ErrorCode::NotFound => None,
        found => Some(found?),
    };
    Packed::of(&found)
}
