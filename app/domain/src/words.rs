//! Closed lists of words: the case, its text on the wire, its label for people.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $case:ident => $text:literal, $label:literal;)+ }) => {
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        $(#[$doc])*
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$note])* $case),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$case),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$case => $text),+ }
            }

            /// In the user's words.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$case => $label),+ }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

pub(crate) use words;
