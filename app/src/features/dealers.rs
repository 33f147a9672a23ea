//! Server functions of dealers.

use crate::{fault::Fault, page_data::Packed};
use domain::{
    dealers::{
        DealerDetail, DealerFetches, DealerItem, DealerSource, DealerTest, ProspectItem, ProspectPersonal,
        RecordDetail, RecordItem,
    },
    paging::Page,
};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Keys as they were typed; a field left empty stays as it is.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct KeysForm {
    pub dealer_id: String,
    #[serde(default)]
    pub api_key: String,
    #[serde(default)]
    pub secret_key: String,
    #[serde(default)]
    pub api_token: String,
}

impl fmt::Debug for KeysForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeysForm").field("dealer_id", &self.dealer_id).finish_non_exhaustive()
    }
}

#[server(prefix = "/fn", endpoint = "dealers/list", input = GetUrl)]
pub async fn load_dealers(search: String) -> Result<Packed<Page<DealerItem>>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        dealers::{DealerQuery, DealersPort},
        query::pairs,
    };
    let query = DealerQuery::parse(pairs(&search)).map_err(AppError::validation)?;
    Packed::of(&port::<dyn DealersPort>()?.dealers(&principal()?, &query).await?)
}

/// One dealer; `None` also for one outside the reader's scope.
#[server(prefix = "/fn", endpoint = "dealers/one", input = GetUrl)]
pub async fn load_dealer(id: String) -> Result<Packed<Option<DealerDetail>>, Fault> {
    use crate::context::{port, principal};
    use domain::dealers::DealersPort;
    Packed::of(&port::<dyn DealersPort>()?.dealer(&principal()?, &id).await?)
}

/// Changes name, zone and whether it is active.
#[server(prefix = "/fn", endpoint = "dealers/edit")]
pub async fn edit_dealer(
    dealer_id: String,
    version: i32,
    dealer_name: String,
    timezone: String,
    /// `true` or `false`; empty where the reader may not say it.
    #[server(default)]
    is_active: String,
    /// Empty where the reader may not say it.
    #[server(default)]
    token_mode: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::dealers::{DealersPort, EditDealer, TokenMode};
    let command = EditDealer {
        dealer_name: Some(dealer_name),
        timezone: Some(timezone),
        is_active: is_active.parse().ok(),
        token_mode: TokenMode::parse(&token_mode),
        version: Some(version),
    };
    port::<dyn DealersPort>()?.edit(&principal()?, &dealer_id, &command).await?;
    redirect(&format!("/dealers/{dealer_id}"));
    Ok(())
}

/// Seals new keys; nobody reads them back.
#[server(prefix = "/fn", endpoint = "dealers/keys")]
pub async fn set_dealer_keys(credentials: KeysForm) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::dealers::{DealersPort, SetKeys};
    let given = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let KeysForm { dealer_id, api_key, secret_key, api_token } = credentials;
    let command = SetKeys {
        environment: None,
        api_key: given(api_key),
        secret_key: given(secret_key),
        api_token: given(api_token),
    };
    port::<dyn DealersPort>()?.set_keys(&principal()?, &dealer_id, &command).await?;
    redirect(&format!("/dealers/{dealer_id}"));
    Ok(())
}

/// Asks the dealer's system with the saved keys. The page tells what came of it.
#[server(prefix = "/fn", endpoint = "dealers/test")]
pub async fn test_dealer(dealer_id: String) -> Result<DealerTest, Fault> {
    use crate::context::{port, principal, redirect};
    use domain::dealers::DealersPort;
    let told = port::<dyn DealersPort>()?.test(&principal()?, &dealer_id).await?;
    redirect(&format!("/dealers/{dealer_id}"));
    Ok(told)
}

/// What was fetched of a dealer; `None` also for one outside the reader's scope.
#[server(prefix = "/fn", endpoint = "dealers/fetches", input = GetUrl)]
pub async fn load_dealer_fetches(id: String) -> Result<Packed<Option<DealerFetches>>, Fault> {
    use crate::context::{port, principal};
    use domain::dealers::DealersPort;
    Packed::of(&port::<dyn DealersPort>()?.fetches(&principal()?, &id).await?)
}

/// Queues a fetch of a dealer's records; times as they were typed, in the dealer's zone.
#[server(prefix = "/fn", endpoint = "dealers/fetch")]
pub async fn fetch_dealer(
    dealer_id: String,
    from_time: String,
    to_time: String,
    #[server(default)] fetch_type: String,
) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::dealers::{DealersPort, StartFetch};
    let command = StartFetch {
        dealer_id: dealer_id.clone(),
        from_time: Some(from_time),
        to_time: Some(to_time),
        fetch_type: Some(fetch_type),
        ..StartFetch::default()
    };
    port::<dyn DealersPort>()?.fetch(&principal()?, &command).await?;
    redirect(&format!("/dealers/{dealer_id}"));
    Ok(())
}

/// Prospects of a dealer, masked; `None` also for one outside the reader's scope.
#[server(prefix = "/fn", endpoint = "dealers/prospects", input = GetUrl)]
pub async fn load_prospects(id: String, search: String) -> Result<Packed<Option<Page<ProspectItem>>>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        dealers::{DealersPort, ProspectQuery},
        query::pairs,
    };
    let query = ProspectQuery::parse(pairs(&search)).map_err(AppError::validation)?;
    Packed::of(&port::<dyn DealersPort>()?.prospects(&principal()?, &id, &query).await?)
}

/// Fetches a feed of a dealer from now on (`true`), or no more.
#[server(prefix = "/fn", endpoint = "dealers/feed")]
pub async fn switch_dealer_feed(dealer_id: String, feed: String, is_enabled: bool) -> Result<(), Fault> {
    use crate::context::{port, principal, redirect};
    use domain::{
        AppError,
        dealers::{DealersPort, Feed},
    };
    let feed = Feed::parse(&feed).ok_or_else(|| AppError::not_found("Feed"))?;
    port::<dyn DealersPort>()?.switch_feed(&principal()?, &dealer_id, feed, is_enabled).await?;
    redirect(&format!("/dealers/{dealer_id}"));
    Ok(())
}

/// Records of a feed, and the one that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DealerRecords {
    pub source: DealerSource,
    pub page: Page<RecordItem>,
    pub record: Option<RecordDetail>,
}

/// Records of a feed of a dealer; `None` also for a dealer outside the reader's scope.
#[server(prefix = "/fn", endpoint = "dealers/records", input = GetUrl)]
pub async fn load_dealer_records(
    id: String,
    feed: String,
    search: String,
) -> Result<Packed<Option<DealerRecords>>, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        dealers::{DealersPort, Feed, RecordQuery},
        query::{last, pairs},
    };
    let (dealers, who) = (port::<dyn DealersPort>()?, principal()?);
    let Some(feed) = Feed::parse(&feed).filter(|feed| *feed != Feed::Prospect) else { return Packed::of(&None) };
    let query = RecordQuery::parse(pairs(&search)).map_err(AppError::validation)?;
    let Some(page) = dealers.records(&who, &id, feed, &query).await? else { return Packed::of(&None) };
    let record = match last(&search, "record").filter(|key| !key.is_empty()) {
        Some(key) => dealers.record(&who, &id, feed, &key).await?,
        None => None,
    };
    let source = dealers.source(&who, &id).await?;
    Packed::of(&source.map(|source| DealerRecords { source, page, record }))
}

/// What is personal of a prospect, on record.
#[server(prefix = "/fn", endpoint = "dealers/personal")]
pub async fn unmask_prospect(dealer_id: String, prospect_no: String) -> Result<ProspectPersonal, Fault> {
    use crate::context::{port, principal};
    use domain::{AppError, dealers::DealersPort};
    let personal = port::<dyn DealersPort>()?.unmask(&principal()?, &dealer_id, &prospect_no).await?;
    personal.ok_or_else(|| Fault(AppError::not_found("Prospect")))
}

/// What is personal in a record, on record.
#[server(prefix = "/fn", endpoint = "dealers/unmask")]
pub async fn unmask_record(dealer_id: String, feed: String, record_key: String) -> Result<RecordDetail, Fault> {
    use crate::context::{port, principal};
    use domain::{
        AppError,
        dealers::{DealersPort, Feed},
    };
    let feed = Feed::parse(&feed).ok_or_else(|| AppError::not_found("Feed"))?;
    let record = port::<dyn DealersPort>()?.unmask_record(&principal()?, &dealer_id, feed, &record_key).await?;
    record.ok_or_else(|| Fault(AppError::not_found("Record")))
}
