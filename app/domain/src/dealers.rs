//! Dealers: whose systems are asked for their records, with what keys, and what came of it (`dealers.md`).

mod call;
mod dealer;
mod feed;

pub use call::ErrorClass;
pub use dealer::{
    DealerDetail, DealerItem, DealerQuery, DealerSource, DealerTest, DealersPort, EditDealer, Environment, KeyField,
    KeyView, KeysState, KeysView, SetKeys, TokenMode, is_code,
};
pub use feed::Feed;
