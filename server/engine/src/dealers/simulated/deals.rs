//! What follows when a lead is won: the order letter, the request for finance and the invoice.

use super::{
    Made, Stages, World, draws,
    leads::{Lead, leads},
};
use crate::demo::chance::Chance;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Value, json};

/// Days from the lead until its order letter and its request for finance do not change any more.
pub(super) const ORDERED_AFTER: u64 = 28;
/// Likewise its invoice and its delivery.
pub(super) const PAID_AFTER: u64 = 37;
/// Number of months, one to a contract.
const TENORS: [i64; 4] = [11, 17, 23, 35];
const FINANCE: [(&str, &str); 2] = [("FC01", "Contoh Finance"), ("FC02", "Teladan Multi Finance")];

/// A unit that is sold.
#[derive(Debug)]
pub(super) struct Sold {
    pub unit_type: &'static str,
    colour: &'static str,
    pub frame: String,
    pub engine: String,
    /// In rupiah, as are discount and earnest.
    price: i64,
    discount: i64,
    earnest: i64,
}

/// A lead that was won, with all that becomes of it.
#[derive(Debug)]
pub(super) struct Deal {
    pub lead: Lead,
    /// Its documents differ in what stands before it.
    number: String,
    pub units: Vec<Sold>,
    on_credit: bool,
    cancelled: bool,
    ordered: DateTime<Utc>,
    order: Stages,
    /// When finance was asked for and granted.
    asked: DateTime<Utc>,
    granted: DateTime<Utc>,
    finance: (&'static str, &'static str),
    tenor: i64,
    tax_id: String,
    family_id: String,
    family: Vec<String>,
    invoice: Stages,
    pub delivery: Stages,
    pub delivered: DateTime<Utc>,
}

fn hours(chance: &mut Chance, from: i64, to: i64) -> Duration {
    Duration::hours(chance.between(from, to))
}

/// Different types at most: a type and colour stand once in an order letter.
fn sold(chance: &mut Chance, lead: &Lead) -> Vec<Sold> {
    let wanted: &[&'static str] = if lead.units.is_empty() { &draws::UNITS } else { &lead.units };
    let count = if chance.percent(15) { 2 } else { 1 };
    let one = |unit_type: &&'static str| {
        let (frame, engine) = draws::numbers(chance, unit_type);
        Sold {
            unit_type,
            colour: draws::colour(chance),
            frame,
            engine,
            price: draws::price(unit_type),
            discount: chance.between(0, 15) * 100_000,
            earnest: chance.between(1, 4) * 250_000,
        }
    };
    wanted.iter().take(count).map(one).collect()
}

fn deal(world: World<'_>, lead: Lead, ordered: DateTime<Utc>) -> Deal {
    let mut chance = world.chance("deal", &lead.key);
    let units = sold(&mut chance, &lead);
    let (on_credit, cancelled) = (chance.percent(65), chance.percent(8));
    let closed = ordered + hours(&mut chance, 80, 240);
    let mut order = vec![(ordered, "1")];
    if chance.percent(25) {
        order.push((ordered + hours(&mut chance, 24, 72), "2"));
    }
    order.push((closed, if cancelled { "4" } else { "3" }));
    let asked = ordered + hours(&mut chance, 1, 5);
    let granted = asked + hours(&mut chance, 24, 72);
    let invoiced = closed + hours(&mut chance, 1, 4);
    let (accepted, paid) = (invoiced + hours(&mut chance, 25, 96), hours(&mut chance, 24, 96));
    let ready = closed + hours(&mut chance, 2, 48);
    let sent = ready + hours(&mut chance, 3, 24);
    let delivered = sent + hours(&mut chance, 1, 6);
    Deal {
        number: lead.key.trim_start_matches("PRSP/").to_owned(),
        units,
        on_credit,
        cancelled,
        ordered,
        order: Stages(order),
        asked,
        granted,
        finance: FINANCE[chance.index(FINANCE.len())],
        tenor: TENORS[chance.index(TENORS.len())],
        tax_id: draws::digits(&mut chance, "00", 13),
        family_id: draws::national_id(&mut chance),
        family: (0..chance.between(0, 3)).map(|_| draws::name(&mut chance)).collect(),
        invoice: Stages(vec![
            (invoiced, "1"),
            (invoiced + Duration::hours(24), "2"),
            (accepted, "3"),
            (accepted + paid, "4"),
        ]),
        delivery: Stages(vec![(ready, "1"), (sent, "2"), (delivered, "4")]),
        delivered,
        lead,
    }
}

/// The deals that come of the leads of a day.
pub(super) fn deals(world: World<'_>, day: NaiveDate) -> Vec<Deal> {
    let leads = leads(world.seed, world.dealer_id, day, world.zone).into_iter();
    leads.filter_map(|lead| lead.won().map(|at| deal(world, lead, at))).collect()
}

/// The deals that were not given up.
pub(super) fn kept(world: World<'_>, day: NaiveDate) -> Vec<Deal> {
    deals(world, day).into_iter().filter(|deal| !deal.cancelled).collect()
}

pub(super) fn orders(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    deals(world, day).iter().map(|deal| deal.order_letter(world)).collect()
}

pub(super) fn finance_requests(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    deals(world, day).iter().filter(|deal| deal.on_credit).map(|deal| deal.finance_request(world)).collect()
}

pub(super) fn invoices(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    kept(world, day).iter().map(|deal| deal.customer_invoice(world)).collect()
}

impl Deal {
    /// The number of one of its documents.
    pub fn document(&self, kind: &str) -> String {
        format!("{kind}/{}", self.number)
    }

    /// What the customer owes, in rupiah.
    fn total(&self) -> i64 {
        self.units.iter().map(|unit| unit.price - unit.discount).sum()
    }

    /// A fifth is paid at once.
    fn down_payment(&self) -> i64 {
        self.total() / 5
    }

    fn order_letter(&self, world: World<'_>) -> Made {
        let unit = |unit: &Sold| {
            json!({
                "kodeTipeUnit": unit.unit_type,
                "kodeWarna": unit.colour,
                "quantity": 1,
                "hargaJual": unit.price,
                "diskon": unit.discount,
                "amountPPN": draws::tax(unit.price - unit.discount),
                "fakturPajak": "",
                "tipePembayaran": if self.on_credit { "2" } else { "1" },
                "jumlahTandaJadi": unit.earnest,
                "tanggalPengiriman": world.date(self.delivered),
                "idSalesProgram": "",
                "idApparel": "",
            })
        };
        let lead = &self.lead;
        let record = json!({
            "idSpk": self.document("SPK"),
            "idProspect": lead.key,
            "namaCustomer": lead.name,
            "noKtp": lead.national_id,
            "alamat": "Jl. Contoh 1",
            "kodePropinsi": "3100",
            "kodeKota": "3171",
            "noKontak": lead.phone,
            "namaBPKB": lead.name,
            "noKTPBPKB": lead.national_id,
            "alamatBPKB": "Jl. Contoh 1",
            "kodePropinsiBPKB": "3100",
            "kodeKotaBPKB": "3171",
            "latitude": "-6,200000",
            "longitude": "106,816666",
            "NPWP": self.tax_id,
            "noKK": self.family_id,
            "alamatKK": "Jl. Contoh 1",
            "email": "contoh@example.invalid",
            "idSalesPeople": lead.sales_person,
            "tanggalPesanan": world.date(self.ordered),
            "statusSPK": self.order.at(world.now),
            "unit": self.units.iter().map(unit).collect::<Vec<_>>(),
            "dataAnggotaKeluarga": self.family.iter().map(|name| json!({"anggotaKK": name})).collect::<Vec<Value>>(),
        });
        world.made(self.ordered, self.order.moments(), record)
    }

    fn finance_request(&self, world: World<'_>) -> Made {
        let first = self.down_payment();
        let (company, name) = self.finance;
        let granted = if self.cancelled { None } else { Some(self.granted) };
        let date = world.date_since(granted);
        let record = json!({
            "idDokumenPengajuan": self.document("LSG"),
            "idSPK": self.document("SPK"),
            "jumlahDP": first,
            "tenor": self.tenor,
            // A quarter more than what is left, in equal parts.
            "jumlahCicilan": (self.total() - first) * 5 / 4 / self.tenor,
            "tanggalPengajuan": world.date(self.asked),
            "idFinanceCompany": company,
            "namaFinanceCompany": name,
            "idPOFinanceCompany": world.since(granted, self.document("POF")),
            "tanggalPembuatanPO": date,
            "tanggalPengirimanPOFinanceCompany": date,
        });
        world.made(self.asked, granted, record)
    }

    fn customer_invoice(&self, world: World<'_>) -> Made {
        let record = json!({
            "idInvoice": self.document("INV"),
            "idSPK": self.document("SPK"),
            "idCustomer": self.document("CUST"),
            "amount": if self.on_credit { self.down_payment() } else { self.total() },
            "tipePembayaran": if self.on_credit { "1" } else { "2" },
            "caraBayar": if self.on_credit { "2" } else { "1" },
            "status": self.invoice.at(world.now),
            "note": "",
        });
        let created = self.invoice.moments().next().unwrap_or(self.ordered);
        world.made(created, self.invoice.moments(), record)
    }
}
