//! The reads of the dealers' contract (`dealers.md` 3.2).

use crate::words::words;

words! {
    /// What is fetched of a dealer.
    #[schema(as = DealerFeed)]
    Feed {
        Prospect => "prospect", "Prospects";
        SpkRead => "spk_read", "Order letters";
        BastRead => "bast_read", "Deliveries";
        Inv1Read => "inv1_read", "Customer invoices";
        Leasing => "leasing", "Finance requests";
        DochRead => "doch_read", "Registration papers";
        UinbRead => "uinb_read", "Goods receipts";
        Mdinvh1Read => "mdinvh1_read", "Main dealer unit invoices";
        Pkb => "pkb", "Work orders";
        Inv2Read => "inv2_read", "Workshop invoices";
        UnpaidhloRead => "unpaidhlo_read", "Unpaid hotline orders";
        DphloRead => "dphlo_read", "Hotline deposits";
        PartsInbound => "parts_inbound", "Parts receipts";
        PrslRead => "prsl_read", "Counter sales";
        Mdinvh3Read => "mdinvh3_read", "Main dealer parts invoices";
    }
}
