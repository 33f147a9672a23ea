//! How grave something is that needs a person.

use crate::words::words;

words! {
    /// The gravest first, so that the order of the cases is the order of the list.
    #[schema(as = AlertSeverity)]
    Severity {
        Critical => "critical", "Critical";
        High => "high", "High";
        Medium => "medium", "Medium";
        Low => "low", "Low";
    }
}

impl Severity {
    /// Class of the badge.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Critical => "bad",
            Self::High => "warn",
            Self::Medium => "info",
            Self::Low => "neutral",
        }
    }
}

impl Severity {
    /// 1 low … 4 critical.
    #[must_use]
    pub const fn rank(self) -> i16 {
        match self {
            Self::Critical => 4,
            Self::High => 3,
            Self::Medium => 2,
            Self::Low => 1,
        }
    }

    #[must_use]
    pub fn of_rank(rank: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|severity| severity.rank() == rank)
    }

    /// Also by the words that other systems use.
    #[must_use]
    pub fn alias(text: &str) -> Option<Self> {
        Self::parse(text).or(match text {
            "info" => Some(Self::Low),
            "warning" | "normal" => Some(Self::Medium),
            "error" => Some(Self::High),
            _ => None,
        })
    }
}
