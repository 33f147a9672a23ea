//! What may go wrong with a call to a dealer's system (`dealers.md` 3.1).

use crate::words::words;

words! {
    /// Why a call gave nothing.
    #[schema(as = DealerErrorClass)]
    ErrorClass {
        Dns => "dns", "Main dealer not reachable";
        Connect => "connect", "Main dealer not reachable";
        Tls => "tls", "Main dealer not reachable";
        Timeout => "timeout", "Main dealer not reachable";
        NotFound => "not_found", "Main dealer not reachable";
        ServerError => "server_error", "Error of the main dealer";
        Auth => "auth", "Check the credentials";
        Unconfigured => "unconfigured", "Check the credentials";
        QuotaExhausted => "quota_exhausted", "Limit reached";
        InvalidRequest => "invalid_request", "Our request was refused";
        SchemaChanged => "schema_changed", "The contract changed";
        BadPayload => "bad_payload", "The contract changed";
        TooLarge => "too_large", "The contract changed";
    }
}

impl ErrorClass {
    /// Whether another attempt may help.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Dns | Self::Connect | Self::Tls | Self::Timeout | Self::NotFound | Self::ServerError)
    }

    /// What to do, in the user's words.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Dns | Self::Connect | Self::Tls | Self::Timeout | Self::NotFound => {
                "Its system does not answer. Try again later, or ask the main dealer."
            }
            Self::ServerError => "Its system answered with an error of its own. Try again later.",
            Self::Auth => "It refused the keys or the time. Set the credentials again and test them.",
            Self::Unconfigured => {
                "Its keys, or the address of its system, are not complete. Test the keys to hear what is missing."
            }
            Self::QuotaExhausted => "The calls of the day are used up. Try again tomorrow.",
            Self::InvalidRequest => "It refused the range or the filter.",
            Self::SchemaChanged | Self::BadPayload | Self::TooLarge => {
                "The answer is not what the contract says. Tell an administrator."
            }
        }
    }
}
