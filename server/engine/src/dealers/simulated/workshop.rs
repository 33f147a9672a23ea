//! The workshop: work orders, their invoices, and parts that are ordered by hotline.

use super::{Made, Stages, World, draws};
use crate::demo::chance::Chance;
use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc, Weekday};
use serde_json::{Value, json};

/// Days from a work order until what it ordered by hotline is paid.
pub(super) const PAID_AFTER: u64 = 19;
/// Work orders on a day; none on Sundays.
const ORDERS: u64 = 12;
/// Number, name, kind and price in rupiah.
const JOBS: [(&str, &str, &str, i64); 5] = [
    ("J001", "Servis ringan", "ASS2", 55_000),
    ("J002", "Servis lengkap", "ASS3", 85_000),
    ("J003", "Ganti oli", "OR", 50_000),
    ("J004", "Servis CVT", "LR", 75_000),
    ("J005", "Turun mesin", "HR", 240_000),
];

type Job = (&'static str, &'static str, &'static str, i64);

/// A part that is not there and is ordered.
struct Hotline {
    part: draws::Part,
    ordered: DateTime<Utc>,
    deposited: DateTime<Utc>,
    paid: DateTime<Utc>,
}

struct WorkOrder {
    place: usize,
    day: NaiveDate,
    came: DateTime<Utc>,
    stages: Stages,
    /// When the work was over, also where it was cancelled.
    over: DateTime<Utc>,
    invoiced: bool,
    name: String,
    phone: String,
    national_id: String,
    plate: String,
    unit_type: &'static str,
    frame: String,
    engine: String,
    year: i64,
    kilometres: i64,
    mechanic: i64,
    brought_by_owner: bool,
    jobs: Vec<Job>,
    parts: Vec<draws::Part>,
    hotline: Option<Hotline>,
}

fn hotline(chance: &mut Chance, came: DateTime<Utc>) -> Option<Hotline> {
    if !chance.percent(6) {
        return None;
    }
    let part = draws::parts(chance, 1, 2).pop()?;
    let ordered = came + Duration::minutes(chance.between(20, 60));
    let deposited = ordered + Duration::hours(chance.between(1, 72));
    let paid = deposited + Duration::hours(chance.between(72, 336));
    Some(Hotline { part, ordered, deposited, paid })
}

fn work_order(world: World<'_>, day: NaiveDate, place: usize, chance: &mut Chance) -> WorkOrder {
    let came = world.at(day, draws::open_until(chance, 16));
    let over = came + Duration::minutes(chance.between(45, 180));
    let cancelled = chance.percent(4);
    let mut stages = vec![(came, "1")];
    if chance.percent(15) {
        stages.push((came + Duration::minutes(chance.between(10, 40)), "2"));
    }
    stages.push((over, if cancelled { "5" } else { "4" }));
    let unit_type = draws::UNITS[chance.index(draws::UNITS.len())];
    let (frame, engine) = draws::numbers(chance, unit_type);
    let mut jobs = JOBS.to_vec();
    chance.shuffle(&mut jobs);
    jobs.truncate(1 + chance.index(2));
    let count = chance.index(4);
    WorkOrder {
        place,
        day,
        came,
        stages: Stages(stages),
        over,
        invoiced: !cancelled && chance.percent(95),
        name: draws::name(chance),
        phone: draws::phone(chance),
        national_id: draws::national_id(chance),
        plate: draws::plate(chance),
        unit_type,
        frame,
        engine,
        year: chance.between(2_015, 2_025),
        kilometres: chance.between(1_000, 60_000),
        mechanic: chance.between(1, 5),
        brought_by_owner: chance.percent(70),
        jobs,
        parts: draws::parts(chance, count, 1),
        hotline: hotline(chance, came),
    }
}

fn of_day(world: World<'_>, day: NaiveDate) -> Vec<WorkOrder> {
    if day.weekday() == Weekday::Sun {
        return Vec::new();
    }
    let mut chance = world.chance("pkb", day);
    let count = draws::poisson(ORDERS).draw(&mut chance);
    (1..=count).map(|place| work_order(world, day, place, &mut chance)).collect()
}

pub(super) fn work_orders(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    of_day(world, day).iter().map(|order| order.sheet(world)).collect()
}

pub(super) fn invoices(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    of_day(world, day).iter().filter(|order| order.invoiced).map(|order| order.invoice(world)).collect()
}

pub(super) fn hotline_orders(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    of_day(world, day).iter().filter_map(|order| Some(order.hotline_order(world, order.hotline.as_ref()?))).collect()
}

pub(super) fn deposits(world: World<'_>, day: NaiveDate) -> Vec<Made> {
    of_day(world, day).iter().filter_map(|order| Some(order.deposit(world, order.hotline.as_ref()?))).collect()
}

/// Jobs as lines; the price of one has another name in an order than in an invoice.
fn jobs(jobs: &[Job], price: &str) -> Vec<Value> {
    let line = |(id, name, kind, fee): &Job| {
        json!({
            "idJob": id,
            "namaPekerjaan": name,
            "jenisPekerjaan": kind,
            price: fee,
            "promoIdJasa": "",
            "discServiceAmount": 0,
            "discServicePercentage": 0,
            "totalHargaServis": fee,
        })
    };
    jobs.iter().map(line).collect()
}

impl WorkOrder {
    fn number(&self, world: World<'_>, kind: &str) -> String {
        world.number(kind, self.day, self.place)
    }

    /// In rupiah.
    fn fees(&self) -> i64 {
        self.jobs.iter().map(|(_, _, _, fee)| fee).sum()
    }

    /// Of the parts, in rupiah.
    fn prices(&self) -> i64 {
        self.parts.iter().map(|part| part.total()).sum()
    }

    /// Parts as lines, all of them for the first job.
    fn lines(&self) -> Vec<Value> {
        let job = self.jobs.first().map_or("", |(id, ..)| id);
        let line = |part: &draws::Part| {
            json!({
                "idJob": job,
                "partsNumber": part.number,
                "kuantitas": part.pieces,
                "hargaParts": part.price,
                "promoIdParts": "",
                "discPartsAmount": 0,
                "discPartsPercentage": 0,
                "ppn": draws::tax(part.total()),
                "totalHargaParts": part.total(),
                "uangMuka": 0,
            })
        };
        self.parts.iter().map(line).collect()
    }

    /// The people and their motorcycle.
    fn customer(&self) -> Value {
        json!({
            "noPolisi": self.plate,
            "noRangka": self.frame,
            "noMesin": self.engine,
            "kodeTipeUnit": self.unit_type,
            "tahunMotor": self.year.to_string(),
            "informasiBensin": "2",
            "kmTerakhir": self.kilometres,
            "tipeComingCustomer": if self.brought_by_owner { "1" } else { "2" },
            "namaPemilik": self.name,
            "alamatPemilik": "Jl. Contoh 1",
            "kodePropinsiPemilik": "3100",
            "kodeKotaPemilik": "3171",
            "namaPembawa": self.name,
            "alamatPembawa": "Jl. Contoh 1",
            "kodePropinsiPembawa": "3100",
            "kodeKotaPembawa": "3171",
            "noTelpPembawa": self.phone,
            "hubunganDenganPemilik": if self.brought_by_owner { "" } else { "6" },
        })
    }

    fn sheet(&self, world: World<'_>) -> Made {
        let mut record = json!({
            "noWorkOrder": self.number(world, "WO"),
            "noSAForm": self.number(world, "SA"),
            "tanggalServis": world.date(self.came),
            "waktuPKB": world.moment(self.came),
            "keluhanKonsumen": "Servis berkala",
            "rekomendasiSA": "",
            "hondaIdSA": "SA01",
            "hondaIdMekanik": format!("MK{:02}", self.mechanic),
            "saranMekanik": "",
            "asalUnitEntry": "1",
            "idPIT": format!("PIT{}", self.mechanic),
            "jenisPIT": "1",
            "waktuPendaftaran": world.moment(self.came),
            "waktuSelesai": world.since(Some(self.over), world.moment(self.over)),
            "totalFRT": 30 * self.jobs.len(),
            "setUpPembayaran": "1",
            "konfirmasiPekerjaanTambahan": "",
            "totalBiayaService": self.fees() + self.prices(),
            "waktuPekerjaan": (self.over - self.came).num_minutes(),
            "statusWorkOrder": self.stages.at(world.now),
            "services": jobs(&self.jobs, "biayaService"),
            "parts": self.lines(),
        });
        if let (Some(fields), Value::Object(customer)) = (record.as_object_mut(), self.customer()) {
            fields.extend(customer);
        }
        world.made(self.came, self.stages.moments(), record)
    }

    fn invoice(&self, world: World<'_>) -> Made {
        let mut record = json!({
            "noWorkOrder": self.number(world, "WO"),
            "noNJB": self.number(world, "NJB"),
            "tanggalNJB": world.moment(self.over),
            "totalHargaNJB": self.fees(),
            "hondaIdSA": "SA01",
            "hondaIdMekanik": format!("MK{:02}", self.mechanic),
            "njb": jobs(&self.jobs, "hargaServis"),
            "nsc": self.lines(),
        });
        if !self.parts.is_empty() {
            record["noNSC"] = self.number(world, "NSC").into();
            record["tanggalNSC"] = world.moment(self.over).into();
            record["totalHargaNSC"] = self.prices().into();
        }
        world.made(self.over, None, record)
    }

    /// What is left to pay of a part from a moment on.
    fn hotline_part(world: World<'_>, hotline: &Hotline) -> Value {
        let total = hotline.part.total();
        let given = match world.now {
            now if now < hotline.deposited => 0,
            now if now < hotline.paid => total / 2,
            _ => total,
        };
        json!([{
            "partsNumber": hotline.part.number,
            "kuantitas": hotline.part.pieces,
            "hargaParts": hotline.part.price,
            "totalHargaParts": total,
            "uangMuka": given,
            "sisaBayar": total - given,
        }])
    }

    fn hotline_order(&self, world: World<'_>, hotline: &Hotline) -> Made {
        let record = json!({
            "idHLODocument": self.number(world, "HLO"),
            "tanggalPemesananHLO": world.date(hotline.ordered),
            "noWorkOrder": self.number(world, "WO"),
            "noBukuClaimC2": "",
            "noKTP": self.national_id,
            "namaCustomer": self.name,
            "alamat": "Jl. Contoh 1",
            "kodePropinsi": "3100",
            "kodeKota": "3171",
            "noKontak": self.phone,
            "kodeTipeUnit": self.unit_type,
            "tahunMotor": self.year.to_string(),
            "noMesin": self.engine,
            "noRangka": self.frame,
            "flagNumbering": "0",
            "vehicleOffRoad": "0",
            "jobReturn": "0",
            "parts": Self::hotline_part(world, hotline),
        });
        world.made(hotline.ordered, [hotline.deposited, hotline.paid], record)
    }

    fn deposit(&self, world: World<'_>, hotline: &Hotline) -> Made {
        let record = json!({
            "noInvoiceUangJaminan": self.number(world, "UJ"),
            "idHLODocument": self.number(world, "HLO"),
            "tanggalPemesananHLO": world.date(hotline.ordered),
            "noWorkOrder": self.number(world, "WO"),
            "idCustomer": self.number(world, "CUSTW"),
            "parts": Self::hotline_part(world, hotline),
        });
        world.made(hotline.deposited, [hotline.paid], record)
    }
}
