//! The Dealer Group Integration API v1.3 without a network: tokens, windows, the clock rule, answers and records
//! (`dealers.md` 3.1 to 3.4).

pub mod answer;
pub mod clock;
pub mod feed;
pub mod fields;
pub mod landing;
pub mod prospect;
pub mod record;
pub mod simulated;
pub mod token;
pub mod value;
pub mod window;
