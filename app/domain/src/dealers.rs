//! Dealers: whose systems are asked for their records, with what keys, and what came of it (`dealers.md`).

mod call;
mod dealer;
mod feed;
mod fetch;
mod prospect;
mod record;
pub mod values;

pub use call::ErrorClass;
pub use dealer::{
    DealerDetail, DealerItem, DealerQuery, DealerSource, DealerTest, DealersPort, EditDealer, Environment, KeyField,
    KeyView, KeysState, KeysView, SetKeys, TokenMode, is_code,
};
pub use feed::Feed;
pub use fetch::{
    DealerFetches, FeedCoverage, FetchCounts, FetchError, FetchProgress, FetchRange, FetchRow, FetchStarted,
    FetchStatus, FetchWindow, StartFetch, WindowState,
};
pub use prospect::{Code, ProspectItem, ProspectPersonal, ProspectQuery, masked_name, masked_number};
pub use record::{RecordDetail, RecordField, RecordItem, RecordLine, RecordQuery, SwitchFeed};
