//! The page's end of the live bus: which topics changed, and how the line to the server is.
//!
//! A page takes `use_topic(Topic::Jobs)` as part of a resource's source and is refetched whenever
//! something of the topic changed, at most once a second. On the server nothing ever changes.

use crate::browser;
use domain::live::Topic;
use leptos::prelude::*;

/// The line to the server, as the badge tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Before the first word from the server, and always without script.
    Connecting,
    /// A frame came within the last 4.5 s.
    Live,
    Reconnecting,
    /// No stream for 5 s; asking instead.
    Polling,
    /// Nothing reaches the server, or the session is over.
    Offline,
}

impl Line {
    /// `data-state` of the badge.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Polling => "polling",
            Self::Offline => "offline",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Live => "Live",
            Self::Reconnecting => "Reconnecting",
            Self::Polling => "Polling",
            Self::Offline => "Offline",
        }
    }
}

/// In context of the whole app.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    line: RwSignal<Line>,
    /// One counter a topic, in the order of `Topic::ALL`.
    counters: StoredValue<Vec<RwSignal<u32>>>,
}

impl Live {
    fn new() -> Self {
        let counters = Topic::ALL.iter().map(|_| RwSignal::new(0)).collect();
        Self { line: RwSignal::new(Line::Connecting), counters: StoredValue::new(counters) }
    }

    #[must_use]
    pub fn line(self) -> Signal<Line> {
        self.line.into()
    }

    /// Shows how the line is.
    pub fn set_line(self, line: Line) {
        if self.line.get_untracked() != line {
            self.line.set(line);
        }
    }

    fn counter(self, topic: Topic) -> Option<RwSignal<u32>> {
        let place = Topic::ALL.iter().position(|t| *t == topic)?;
        self.counters.with_value(|counters| counters.get(place).copied())
    }

    /// Something of `topic` changed.
    pub fn announce(self, topic: Topic) {
        if let Some(counter) = self.counter(topic) {
            counter.update(|n| *n = n.wrapping_add(1));
        }
    }
}

/// Makes the live state of the document; called once, by the app.
pub fn provide_live() {
    let live = Live::new();
    provide_context(live);
    let signed_in = crate::context::session().user.is_some();
    Effect::new(move |_| {
        if signed_in {
            browser::listen(live);
        }
    });
}

/// The live state of the document.
#[must_use]
pub fn use_live() -> Live {
    use_context::<Live>().unwrap_or_else(Live::new)
}

/// Rises whenever something of `topic` changed.
#[must_use]
pub fn use_topic(topic: Topic) -> Signal<u32> {
    use_live().counter(topic).map_or_else(|| Signal::stored(0), Into::into)
}
