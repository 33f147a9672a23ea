//! What follows when a unit is paid: its delivery and its registration papers.

use super::{
    Made, Stages, World,
    deals::{Deal, Sold, kept},
    draws,
};
use chrono::{Duration, NaiveDate};
use serde_json::{Value, json};

/// Days from the lead until its papers do not change any more.
pub(super) const REGISTERED_AFTER: u64 = 90;
/// Codes of `statusFakturSTNK` in the order of the agency's work, with the days each comes after the one before.
const STEPS: [(&str, i64, i64); 7] =
    [("2", 2, 5), ("3", 5, 12), ("4", 1, 4), ("7", 1, 5), ("8", 1, 3), ("5", 10, 20), ("6", 1, 5)];

pub(super) fn deliveries(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    kept(world, day).iter().map(|deal| delivery(world, deal)).collect()
}

pub(super) fn papers(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    kept(world, day).iter().map(|deal| registration(world, deal)).collect()
}

fn delivery(world: World<'_>, deal: &Deal) -> Made {
    let time = deal.delivered.with_timezone(&world.zone).format("%H:%M:%S").to_string();
    let detail = |unit: &Sold| {
        json!({
            "noSO": deal.document("SO"),
            "idSPK": deal.document("SPK"),
            "noMesin": unit.engine,
            "noRangka": unit.frame,
            "idCustomer": deal.document("CUST"),
            "waktuPengiriman": world.since(Some(deal.delivered), time.clone()),
            "checklistKelengkapan": "Helm, Toolkit, Buku Servis",
            "lokasiPengiriman": "Jl. Contoh 1",
            "latitude": "-6,200000",
            "longitude": "106,816666",
            "namaPenerima": deal.lead.name,
            "noKontakPenerima": deal.lead.phone,
        })
    };
    let record = json!({
        "deliveryDocumentId": deal.document("BAST"),
        "tanggalPengiriman": world.date(deal.delivered),
        "idDriver": "DRV01",
        "statusDeliveryDocument": deal.delivery.at(world.now),
        "detail": deal.units.iter().map(detail).collect::<Vec<_>>(),
    });
    let created = deal.delivery.moments().next().unwrap_or(deal.delivered);
    world.made(created, deal.delivery.moments(), record)
}

/// The papers of all units of a deal move together.
fn registration(world: World<'_>, deal: &Deal) -> Made {
    let mut chance = world.chance("papers", &deal.lead.key);
    let filed = deal.delivered + Duration::hours(chance.between(12, 48));
    let mut steps = vec![(filed, "1")];
    let mut at = filed;
    for (code, from, to) in STEPS {
        at += Duration::hours(chance.between(from * 24, to * 24));
        steps.push((at, code));
    }
    let stages = Stages(steps);
    let unit = |unit: &Sold| {
        let numbers = ["FAK", "STNK", "BPKB"].map(|kind| draws::digits(&mut chance, kind, 9));
        paper(world, deal, unit, &stages, numbers, draws::plate(&mut chance))
    };
    let units: Vec<_> = deal.units.iter().map(unit).collect();
    let record = json!({
        "idSO": deal.document("SO"),
        "idSPK": deal.document("SPK"),
        // Of no field of the contract, but it can be asked for by it.
        "idCustomer": deal.document("CUST"),
        "unit": units,
    });
    world.made(filed, stages.moments(), record)
}

fn paper(
    world: World<'_>,
    deal: &Deal,
    unit: &Sold,
    stages: &Stages,
    [invoice, permit, title]: [String; 3],
    plate: String,
) -> Value {
    let since = |code: &str| stages.since(code);
    json!({
        "nomorRangka": unit.frame,
        "nomorFakturSTNK": invoice,
        "tanggalPengajuanSTNKKeBiro": world.date_since(since("2")),
        "statusFakturSTNK": stages.at(world.now),
        "nomorSTNK": world.since(since("3"), permit),
        "tanggalPenerimaanSTNKDariBiro": world.date_since(since("3")),
        "platNomor": world.since(since("7"), plate),
        "nomorBPKB": world.since(since("5"), title),
        "tanggalPenerimaanBPKBDariBiro": world.date_since(since("5")),
        "tanggalTerimaSTNKOlehKonsumen": world.date_since(since("4")),
        "tanggalTerimaBPKBOlehKonsumen": world.date_since(since("6")),
        "namaPenerimaSTNK": world.since(since("4"), deal.lead.name.clone()),
        "jenisIdPenerimaSTNK": world.since(since("4"), "1"),
        "noIdPenerimaSTNK": world.since(since("4"), deal.lead.national_id.clone()),
        "namaPenerimaBPKB": world.since(since("6"), deal.lead.name.clone()),
        "jenisIdPenerimaBPKB": world.since(since("6"), "1"),
        "noIdPenerimaBPKB": world.since(since("6"), deal.lead.national_id.clone()),
    })
}
