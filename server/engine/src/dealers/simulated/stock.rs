//! Units that come from the main dealer: once a week its invoice, and the goods on the day after.

use super::{Made, World, draws};
use chrono::{Datelike, Duration, NaiveDate, Weekday};
use serde_json::json;

/// Days from a receipt until all its units are ready for sale.
pub(super) const READY_AFTER: u64 = 5;

/// A unit on its way.
struct Shipped {
    unit_type: &'static str,
    colour: &'static str,
    frame: String,
    engine: String,
    /// What the dealer pays and is spared, in rupiah.
    price: i64,
    discount: i64,
    /// Something is missing when it comes.
    incomplete: bool,
}

/// What is invoiced on a Tuesday and comes on Wednesday.
struct Shipment {
    invoice: String,
    list: String,
    order: String,
    units: Vec<Shipped>,
    invoiced_at: i64,
    received_at: i64,
    /// Hours until what was missing is there.
    mended_after: i64,
}

fn shipment(world: World<'_>, day: NaiveDate) -> Option<Shipment> {
    if day.weekday() != Weekday::Tue {
        return None;
    }
    let mut chance = world.chance("shipment", day);
    let count = chance.between(6, 12);
    let units = (0..count).map(|_| {
        let unit_type = draws::UNITS[chance.index(draws::UNITS.len())];
        let (frame, engine) = draws::numbers(&mut chance, unit_type);
        Shipped {
            unit_type,
            colour: draws::colour(&mut chance),
            frame,
            engine,
            price: draws::price(unit_type) * 92 / 100,
            discount: chance.between(0, 3) * 50_000,
            incomplete: chance.percent(10),
        }
    });
    Some(Shipment {
        invoice: world.number("MDU", day, 1),
        list: world.number("SL", day, 1),
        order: world.number("PO", day, 1),
        units: units.collect(),
        invoiced_at: draws::open_until(&mut chance, 16),
        received_at: draws::open_until(&mut chance, 16),
        mended_after: chance.between(24, 96),
    })
}

pub(super) fn invoices(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    shipment(world, day).iter().map(|shipment| invoice(world, day, shipment)).collect()
}

pub(super) fn receipts(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    shipment(world, draws::before(day, 1)).iter().map(|shipment| receipt(world, day, shipment)).collect()
}

fn invoice(world: World<'_>, day: NaiveDate, shipment: &Shipment) -> Made {
    let made = world.at(day, shipment.invoiced_at);
    let before: i64 = shipment.units.iter().map(|unit| unit.price).sum();
    let spared: i64 = shipment.units.iter().map(|unit| unit.discount).sum();
    let tax = (before - spared) * 11 / 100;
    let unit = |unit: &Shipped| {
        json!({
            "kodeTipeUnit": unit.unit_type,
            "kodeWarna": unit.colour,
            "kuantitas": 1,
            "noMesin": unit.engine,
            "noRangka": unit.frame,
            "hargaSatuanSebelumDiskon": unit.price,
            "diskonPerUnit": unit.discount,
            "poId": shipment.order,
        })
    };
    let record = json!({
        "noInvoice": shipment.invoice,
        "tanggalInvoice": world.date(made),
        "tanggalJatuhTempo": world.date(made + Duration::days(30)),
        "mainDealerId": "SIM",
        // Of no field of the contract, but it can be asked for by it.
        "noShippingList": shipment.list,
        "totalHargaSebelumDiskon": before,
        "totalDiskonPerUnit": spared,
        "potonganPerInvoice": 0,
        "totalPPN": tax,
        "totalHarga": before - spared + tax,
        "unit": shipment.units.iter().map(unit).collect::<Vec<_>>(),
    });
    world.made(made, None, record)
}

fn receipt(world: World<'_>, day: NaiveDate, shipment: &Shipment) -> Made {
    let made = world.at(day, shipment.received_at);
    let mended = made + Duration::hours(shipment.mended_after);
    let incomplete = shipment.units.iter().any(|unit| unit.incomplete);
    let unit = |unit: &Shipped| {
        let missing = unit.incomplete && mended > world.now;
        json!({
            "kodeTipeUnit": unit.unit_type,
            "kodeWarna": unit.colour,
            "kuantitasTerkirim": 1,
            "kuantitasDiterima": 1,
            "noMesin": unit.engine,
            "noRangka": unit.frame,
            "statusRFS": if missing { "0" } else { "1" },
            "poId": shipment.order,
            "kelengkapanUnit": if missing { "Helm" } else { "Helm, Toolkit, Accu" },
            "noGoodsReceipt": world.number("GR", day, 1),
            "docNRFSId": if unit.incomplete { world.number("NRFS", day, 1) } else { String::new() },
        })
    };
    let record = json!({
        "noShippingList": shipment.list,
        "tanggalTerima": world.date(made),
        "mainDealerId": "SIM",
        "noInvoice": shipment.invoice,
        "statusShippingList": "1",
        "unit": shipment.units.iter().map(unit).collect::<Vec<_>>(),
    });
    world.made(made, incomplete.then_some(mended), record)
}
