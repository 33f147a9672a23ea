//! What codes of main dealers mean (`dealers.md` 3.3): the lists of the contract.

/// A list of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueList {
    pub name: &'static str,
    pub values: &'static [(&'static str, &'static str)],
}

impl ValueList {
    /// The label of a code. A code that the list does not have is told as unknown.
    #[must_use]
    pub fn label(&self, code: &str) -> String {
        let known = self.values.iter().find(|(known, _)| *known == code);
        known.map_or_else(|| format!("Unknown ({code})"), |(_, label)| (*label).to_owned())
    }
}

pub const STATUS: ValueList = ValueList {
    name: "statusProspect",
    values: &[("1", "Low"), ("2", "Medium"), ("3", "Hot"), ("4", "Deal"), ("5", "Not deal")],
};

pub const FOLLOW_UP: ValueList =
    ValueList { name: "statusFollowUpProspecting", values: &[("1", "Planned"), ("2", "Done")] };

pub const SOURCE: ValueList = ValueList {
    name: "sumberProspect",
    values: &[
        ("0001", "Exhibition"),
        ("0002", "Showroom event"),
        ("0003", "Roadshow"),
        ("0004", "Walk-in"),
        ("0005", "Repeat H1"),
        ("0006", "Repeat H23"),
        ("0007", "Website"),
        ("0008", "Social media"),
        ("0009", "External parties"),
        ("0010", "Mobile apps"),
        ("0011", "Referral"),
        ("0012", "Contact centre"),
        ("9999", "Others"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_label_and_an_unknown_one_says_so() {
        assert_eq!((STATUS.label("4"), STATUS.label("9")), ("Deal".to_owned(), "Unknown (9)".to_owned()));
        assert_eq!((SOURCE.label("0007"), SOURCE.label("7")), ("Website".to_owned(), "Unknown (7)".to_owned()));
        assert_eq!(FOLLOW_UP.label("2"), "Done");
    }
}
