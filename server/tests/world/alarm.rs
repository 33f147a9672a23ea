//! Alerts as a feature raises and ends them, and the channels they go out by.

use crate::world::World;
use domain::{
    alerts::{ChannelKind, NewChannel, Resolution, Severity, kind_of},
    ids::AlertId,
};
use server::services::alerts::{Ended, Signal, clear, raise};

/// A product whose stock is gone.
pub fn low_stock(id: &str, severity: Severity) -> Signal {
    Signal::of(kind_of("low_stock").unwrap(), severity, id, "Mug")
        .saying(format!("Out of stock: {id}"), "Nothing is left.")
}

pub fn webhook(name: &str, url: &str, secret: &str) -> NewChannel {
    NewChannel {
        name: name.to_owned(),
        kind: ChannelKind::Webhook,
        format: None,
        severity_min: Severity::Low,
        url: Some(url.to_owned()),
        secret: Some(secret.to_owned()),
        addresses: Vec::new(),
    }
}

pub fn mail_to(addresses: &[&str]) -> NewChannel {
    NewChannel {
        name: "Post".to_owned(),
        kind: ChannelKind::Email,
        format: None,
        severity_min: Severity::Low,
        url: None,
        secret: None,
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
    }
}

impl World {
    pub async fn raise(&self, signal: &Signal) -> AlertId {
        let mut tx = self.owner.begin().await.unwrap();
        let (id, _) = raise(&mut tx, self.clock.as_ref(), "test", signal).await.unwrap();
        tx.commit().await.unwrap();
        AlertId(id)
    }

    /// The stock is back.
    pub async fn clear_low_stock(&self, id: &str) {
        let mut tx = self.owner.begin().await.unwrap();
        let ended = Ended { by: "test", how: Resolution::Auto, note: None };
        let key = Signal::key_of(kind_of("low_stock").unwrap(), id);
        clear(&mut tx, self.clock.as_ref(), &key, ended).await.unwrap();
        tx.commit().await.unwrap();
    }
}
