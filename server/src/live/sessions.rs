//! Ended sessions, told to the doorkeeper of every process: what one process ends is over in all.

use super::{Heard, LiveBus, LiveHandle};
use crate::access::Doorkeeper;
use domain::live::Topic;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

impl LiveHandle {
    /// Lets `door` forget whoever the topic `session` names, until the bus stops.
    pub fn forget_ended_sessions(&self, door: Arc<Doorkeeper>) {
        self.tasks.spawn(forget(self.bus.clone(), door));
    }
}

async fn forget(bus: LiveBus, door: Arc<Doorkeeper>) {
    let mut receiver = bus.subscribe();
    loop {
        let heard = tokio::select! {
            () = bus.stopping().cancelled() => return,
            heard = receiver.recv() => heard,
        };
        match heard {
            Ok(Heard::Changed(event)) if event.topic == Topic::Session => match event.key.parse() {
                Ok(user) => door.forget_user(user),
                Err(_) => door.forget_all(),
            },
            Ok(Heard::Changed(_)) => {}
            // Somebody's session may have ended unheard.
            Ok(Heard::Resync) | Err(RecvError::Lagged(_)) => door.forget_all(),
            Err(RecvError::Closed) => return,
        }
    }
}
