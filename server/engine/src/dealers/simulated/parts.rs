//! Parts: what comes from the main dealer, its invoices, and what is sold over the counter.

use super::{Made, World, draws};
use chrono::{Datelike, Duration, NaiveDate, Weekday};
use serde_json::{Value, json};

/// Sales over the counter on a day.
const SALES: u64 = 4;

/// On Tuesdays and Fridays.
pub(super) fn receipts(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    if !matches!(day.weekday(), Weekday::Tue | Weekday::Fri) {
        return Vec::new();
    }
    let mut chance = world.chance("parts_inbound", day);
    let made = world.at(day, draws::open_until(&mut chance, 16));
    let count = 3 + chance.index(5);
    let line = |part: draws::Part| {
        json!({
            "noPO": world.number("POP", draws::before(day, 2), 1),
            "jenisOrder": if chance.percent(80) { "2" } else { "1" },
            "idWarehouse": "WH1",
            "partsNumber": part.number,
            "kuantitas": part.pieces,
            "uom": "pcs",
        })
    };
    let parts = draws::parts(&mut world.chance("parts_inbound lines", day), count, 40);
    let record = json!({
        "noPenerimaan": world.number("PIN", day, 1),
        "tglPenerimaan": world.date(made),
        "noShippingList": world.number("SLP", draws::before(day, 1), 1),
        "po": parts.into_iter().map(line).collect::<Vec<_>>(),
    });
    vec![world.made(made, None, record)]
}

pub(super) fn sales(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    let mut chance = world.chance("prsl_read", day);
    let count = draws::poisson(SALES).draw(&mut chance);
    let mut sale = |place: usize| {
        let made = world.at(day, draws::open_until(&mut chance, 17));
        let count = 1 + chance.index(3);
        let parts = draws::parts(&mut chance, count, 2);
        let total: i64 = parts.iter().map(|part| part.total()).sum();
        let line = |part: &draws::Part| {
            json!({
                "partsNumber": part.number,
                "kuantitas": part.pieces,
                "hargaParts": part.price,
                "promoIdParts": "",
                "discAmount": 0,
                "discPercentage": 0,
                "ppn": draws::tax(part.total()),
                "totalHargaParts": part.total(),
                "uangMuka": 0,
                "bookingIdReference": "",
            })
        };
        let record = json!({
            "noSO": world.number("PSO", day, place),
            "tglSO": world.date(made),
            "idCustomer": world.number("CUSTP", day, place),
            "namaCustomer": draws::name(&mut chance),
            "discSO": 0,
            "totalHargaSO": total,
            "parts": parts.iter().map(line).collect::<Vec<Value>>(),
        });
        world.made(made, None, record)
    };
    (1..=count).map(&mut sale).collect()
}

/// On Mondays, for what was sent in the week before.
pub(super) fn invoices(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    if day.weekday() != Weekday::Mon {
        return Vec::new();
    }
    let mut chance = world.chance("mdinvh3_read", day);
    let made = world.at(day, draws::open_until(&mut chance, 16));
    let count = 4 + chance.index(4);
    let parts = draws::parts(&mut chance, count, 60);
    // The dealer pays four fifths of what people pay.
    let price = |part: &draws::Part| part.price * 4 / 5;
    let before: i64 = parts.iter().map(|part| price(part) * part.pieces).sum();
    let tax = before * 11 / 100;
    let line = |part: &draws::Part| {
        json!({
            "noPO": world.number("POP", draws::before(day, 3), 1),
            "jenisOrder": "2",
            "partsNumber": part.number,
            "kuantitas": part.pieces,
            "uom": "pcs",
            "hargaSatuanSebelumDiskon": price(part),
            "diskonPerPartsNumber": 0,
        })
    };
    let record = json!({
        "noInvoice": world.number("MDP", day, 1),
        "tglInvoice": world.date(made),
        "tglJatuhTempo": world.date(made + Duration::days(21)),
        "mainDealerId": "SIM",
        "totalHargaSebelumDiskon": before,
        "totalDiskonPerPartsNumber": 0,
        "potonganPerInvoice": 0,
        "totalPPN": tax,
        "totalHarga": before + tax,
        "parts": parts.iter().map(line).collect::<Vec<Value>>(),
    });
    vec![world.made(made, None, record)]
}
