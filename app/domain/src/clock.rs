//! Time as a parameter. Nothing in Millrace asks the machine for the time except the one
//! production implementation of this trait in the server.

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
    /// A fresh UUID v7 whose time part is [`Clock::now`].
    fn new_id(&self) -> Uuid;
}
