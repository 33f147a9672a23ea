//! The table of the reads: one adapter for all of them (`dealers.md` 3.2).

use domain::dealers::Feed;

/// Child records of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Children {
    pub array: &'static str,
    /// Key within the parent.
    pub key: &'static [&'static str],
}

/// One read of the contract. Names are as the contract writes them; they are compared without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Behind the base address.
    pub path: &'static str,
    pub record_key: &'static str,
    /// The one free filter of a run is the last.
    pub filters: &'static [&'static str],
    pub children: &'static [Children],
}

impl Spec {
    /// The field that `no_po` of a run stands for.
    #[must_use]
    pub fn free_filter(&self) -> &'static str {
        self.filters.last().copied().unwrap_or_default()
    }
}

macro_rules! specs {
    ($($feed:ident: $path:literal, $key:literal, [$($filter:literal)*], [$($array:literal ($($child:literal)*))*];)+) => {
        /// How a feed is read.
        #[must_use]
        pub const fn spec(feed: Feed) -> Spec {
            match feed {
                $(Feed::$feed => Spec {
                    path: $path,
                    record_key: $key,
                    filters: &[$($filter),*],
                    children: &[$(Children { array: $array, key: &[$($child),*] }),*],
                }),+
            }
        }
    };
}

specs! {
    Prospect: "/prsp/read", "idProspect", ["idProspect" "idSalesPeople"], ["unit" ("kodeTipeUnit")];
    SpkRead: "/spk/read", "idSpk", ["idProspect" "idSalesPeople"],
        ["unit" ("kodeTipeUnit" "kodeWarna") "dataAnggotaKeluarga" ("anggotaKK")];
    BastRead: "/bast/read", "deliveryDocumentId", ["deliveryDocumentId" "idSPK" "idCustomer"], ["detail" ("noRangka")];
    Inv1Read: "/inv1/read", "idInvoice", ["idSPK" "idCustomer"], [];
    Leasing: "/lsng/read", "idDokumenPengajuan", ["idSPK"], [];
    DochRead: "/doch/read", "idSO", ["idSPK" "idCustomer"], ["unit" ("nomorRangka")];
    UinbRead: "/uinb/read", "noShippingList", ["poId" "noShippingList"], ["unit" ("noRangka")];
    Mdinvh1Read: "/mdinvh1/read", "noInvoice", ["poId" "noShippingList"], ["unit" ("noRangka")];
    Pkb: "/pkb/read", "noWorkOrder", ["noWorkOrder"], ["services" ("idJob") "parts" ("idJob" "partsNumber")];
    Inv2Read: "/inv2/read", "noWorkOrder", ["noWorkOrder"], ["njb" ("idJob") "nsc" ("idJob" "partsNumber")];
    UnpaidhloRead: "/unpaidhlo/read", "idHLODocument", ["noWorkOrder" "idHLODocument"], ["parts" ("partsNumber")];
    DphloRead: "/dphlo/read", "noInvoiceUangJaminan", ["noWorkOrder" "idHLODocument"], ["parts" ("partsNumber")];
    PartsInbound: "/pinb/read", "noPenerimaan", ["noPO"], ["po" ("noPO" "partsNumber" "idWarehouse")];
    PrslRead: "/prsl/read", "noSO", ["noPO"], ["parts" ("partsNumber")];
    Mdinvh3Read: "/mdinvh3/read", "noInvoice", ["noPO"], ["parts" ("noPO" "partsNumber")];
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_feed_has_a_path_of_its_own_a_key_and_a_filter() {
        let paths: BTreeSet<_> = Feed::ALL.iter().map(|feed| spec(*feed).path).collect();
        assert_eq!((Feed::ALL.len(), paths.len()), (15, 15));
        for feed in Feed::ALL {
            let spec = spec(*feed);
            assert!(spec.path.starts_with('/') && spec.path.ends_with("/read"), "{feed:?}");
            assert!(!spec.record_key.is_empty() && !spec.free_filter().is_empty(), "{feed:?}");
            assert!(spec.children.iter().all(|children| !children.key.is_empty()), "{feed:?}");
        }
        assert_eq!(spec(Feed::PrslRead).free_filter(), "noPO");
        assert_eq!(spec(Feed::Prospect).free_filter(), "idSalesPeople");
    }
}
