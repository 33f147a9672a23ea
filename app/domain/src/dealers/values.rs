//! What codes of main dealers mean (`dealers.md` 3.3): the lists of the contract.

use super::Feed;

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

macro_rules! lists {
    ($($list:ident $name:literal: $($code:literal $label:literal),+;)+) => {
        $(static $list: ValueList = ValueList { name: $name, values: &[$(($code, $label)),+] };)+
    };
}

lists! {
    FOLLOW_UP_METHOD "metodeFollowUp": "1" "SMS/WhatsApp", "2" "Call", "3" "Visit", "4" "Direct touch";
    TAGGING "taggingProspect": "Yes" "Yes", "No" "No";
    TEST_RIDE "testRidePreference": "1" "Yes", "0" "No";
    ORDER_STATUS "statusSPK": "1" "Open", "2" "Indent", "3" "Complete", "4" "Cancelled";
    // The two feeds number them the other way round.
    ORDER_PAYMENT "spk.tipePembayaran": "1" "Cash", "2" "Credit";
    INVOICE_PAYMENT "inv1.tipePembayaran": "1" "Credit", "2" "Cash";
    PAID_BY "caraBayar": "1" "Cash", "2" "Transfer";
    INVOICE_STATUS "inv1.status": "1" "New", "2" "Process", "3" "Accepted", "4" "Close";
    DELIVERY_STATUS "statusDeliveryDocument":
        "1" "Ready", "2" "In progress", "3" "Back to dealer", "4" "Completed";
    PAPERS_STATUS "statusFakturSTNK":
        "1" "Requested", "2" "At agency", "3" "STNK done", "4" "STNK to customer", "5" "BPKB done",
        "6" "BPKB to customer", "7" "Plate done", "8" "Plate to customer";
    SHIPPING_STATUS "statusShippingList": "1" "Received", "0" "Not received";
    READY_FOR_SALE "statusRFS": "1" "Ready for sale", "0" "Not ready for sale";
    WORK_ORDER_STATUS "statusWorkOrder": "1" "Start", "2" "Pause", "3" "Pending", "4" "Finish", "5" "Cancel";
    PARTS_ORDER_KIND "jenisOrder": "1" "Fix", "2" "Regular", "3" "Hotline", "4" "Urgent";
    PIT_KIND "jenisPIT": "1" "Regular", "2" "Fast track", "3" "Booking", "4" "Pit express";
    SERVICE_PAYMENT "setUpPembayaran":
        "1" "Cash", "2" "TOP", "3" "Astra Pay", "4" "Digital", "5" "Transfer", "6" "Credit", "99" "Other";
    BROUGHT_BY "tipeComingCustomer": "1" "Owner", "2" "Bringer", "3" "User";
    RELATION "hubunganDenganPemilik":
        "1" "Parent", "2" "Child", "3" "Sibling", "4" "Employee", "5" "Friend", "6" "Spouse", "0" "Other";
    ID_KIND "jenisIdPenerima": "1" "KTP", "2" "TDP", "3" "Kitas", "4" "Passport";
}

/// The list of a field of a feed, by its name as the contract writes it; also of a field of child records.
#[must_use]
pub fn list_of(feed: Feed, field: &str) -> Option<&'static ValueList> {
    Some(match (feed, field) {
        (Feed::Prospect, "statusProspect") => &STATUS,
        (Feed::Prospect, "statusFollowUpProspecting") => &FOLLOW_UP,
        (Feed::Prospect, "metodeFollowUp") => &FOLLOW_UP_METHOD,
        (Feed::Prospect, "sumberProspect") => &SOURCE,
        (Feed::Prospect, "taggingProspect") => &TAGGING,
        (Feed::Prospect, "testRidePreference") => &TEST_RIDE,
        (Feed::SpkRead, "statusSPK") => &ORDER_STATUS,
        (Feed::SpkRead, "tipePembayaran") => &ORDER_PAYMENT,
        (Feed::Inv1Read, "tipePembayaran") => &INVOICE_PAYMENT,
        (Feed::Inv1Read, "caraBayar") => &PAID_BY,
        (Feed::Inv1Read, "status") => &INVOICE_STATUS,
        (Feed::BastRead, "statusDeliveryDocument") => &DELIVERY_STATUS,
        (Feed::DochRead, "statusFakturSTNK") => &PAPERS_STATUS,
        (Feed::DochRead, "jenisIdPenerimaBPKB" | "jenisIdPenerimaSTNK") => &ID_KIND,
        (Feed::UinbRead, "statusShippingList") => &SHIPPING_STATUS,
        (Feed::UinbRead, "statusRFS") => &READY_FOR_SALE,
        (Feed::Pkb, "statusWorkOrder") => &WORK_ORDER_STATUS,
        (Feed::Pkb, "jenisPIT") => &PIT_KIND,
        (Feed::Pkb, "setUpPembayaran") => &SERVICE_PAYMENT,
        (Feed::Pkb, "tipeComingCustomer") => &BROUGHT_BY,
        (Feed::Pkb, "hubunganDenganPemilik") => &RELATION,
        (Feed::PartsInbound | Feed::Mdinvh3Read, "jenisOrder") => &PARTS_ORDER_KIND,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_label_and_an_unknown_one_says_so() {
        assert_eq!((STATUS.label("4"), STATUS.label("9")), ("Deal".to_owned(), "Unknown (9)".to_owned()));
        assert_eq!((SOURCE.label("0007"), SOURCE.label("7")), ("Website".to_owned(), "Unknown (7)".to_owned()));
        assert_eq!(FOLLOW_UP.label("2"), "Done");
    }

    fn label(feed: Feed, field: &str, code: &str) -> Option<String> {
        list_of(feed, field).map(|list| list.label(code))
    }

    #[test]
    fn order_letters_and_invoices_number_their_payments_the_other_way_round() {
        assert_eq!(label(Feed::Inv1Read, "tipePembayaran", "1").as_deref(), Some("Credit"));
        assert_eq!(label(Feed::SpkRead, "tipePembayaran", "1").as_deref(), Some("Cash"));
        assert_eq!(label(Feed::Inv1Read, "tipePembayaran", "2").as_deref(), Some("Cash"));
        assert_eq!(label(Feed::SpkRead, "tipePembayaran", "2").as_deref(), Some("Credit"));
    }

    #[test]
    fn a_list_is_of_a_field_of_a_feed_and_has_each_code_once() {
        assert_eq!(label(Feed::DochRead, "jenisIdPenerimaSTNK", "3").as_deref(), Some("Kitas"));
        assert_eq!(label(Feed::Mdinvh3Read, "jenisOrder", "3").as_deref(), Some("Hotline"));
        assert_eq!((list_of(Feed::Pkb, "status"), list_of(Feed::SpkRead, "statusWorkOrder")), (None, None));
        for list in [&PAPERS_STATUS, &SERVICE_PAYMENT, &RELATION, &SOURCE] {
            let codes: std::collections::BTreeSet<_> = list.values.iter().map(|(code, _)| code).collect();
            assert_eq!(codes.len(), list.values.len(), "{}", list.name);
        }
    }
}
