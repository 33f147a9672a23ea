//! The fields of the reads, as the contract writes them (`dealers.md` 3.2).

use domain::dealers::Feed;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// Of the range of `numeric(18,4)`.
    Number,
    Date,
    /// Day and time, in the main dealer's zone.
    Moment,
    Time,
    /// Latitude or longitude in degrees.
    Degrees,
}

/// What a personal field is about, which says how it is masked and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    Name,
    /// The one phone by which the record is found.
    Phone,
    /// The one national id by which the record is found.
    NationalId,
    /// Another phone or number of a document.
    Number,
    /// Address, place, mail or plate: nothing of it is shown.
    Hidden,
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// None: everybody who sees the record sees it.
    pub personal: Option<Personal>,
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The first of these that is filled in says its business date.
    pub dated_by: &'static [&'static str],
    pub status: Option<&'static str>,
    /// Its amount is the sum of these.
    pub amounts: &'static [&'static str],
    pub fields: &'static [Field],
    /// Fields of its child records, by the name of the array, in the order of [`super::feed::Spec::children`].
    pub children: &'static [(&'static str, &'static [Field])],
}

const fn open(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, personal: None }
}

const fn closed(name: &'static str, most: usize, personal: Personal) -> Field {
    Field { name, kind: Kind::Text(most), personal: Some(personal) }
}

/// A code, or the number of a document.
const fn code(name: &'static str) -> Field {
    open(name, Kind::Text(60))
}

/// The code of a unit type where the contract says its length.
const fn unit_type(name: &'static str) -> Field {
    open(name, Kind::Text(3))
}

/// The number of a prospect.
const fn prospect_no(name: &'static str) -> Field {
    open(name, Kind::Text(30))
}

const fn programme(name: &'static str) -> Field {
    open(name, Kind::Text(200))
}

/// The name of what is no person.
const fn title(name: &'static str) -> Field {
    open(name, Kind::Text(100))
}

const fn note(name: &'static str) -> Field {
    open(name, Kind::Text(1_000))
}

const fn number(name: &'static str) -> Field {
    open(name, Kind::Number)
}

const fn date(name: &'static str) -> Field {
    open(name, Kind::Date)
}

const fn moment(name: &'static str) -> Field {
    open(name, Kind::Moment)
}

const fn time(name: &'static str) -> Field {
    open(name, Kind::Time)
}

const fn person(name: &'static str) -> Field {
    closed(name, 100, Personal::Name)
}

const fn phone(name: &'static str) -> Field {
    closed(name, 15, Personal::Phone)
}

const fn other_phone(name: &'static str) -> Field {
    closed(name, 15, Personal::Number)
}

const fn national_id(name: &'static str) -> Field {
    closed(name, 17, Personal::NationalId)
}

const fn other_id(name: &'static str) -> Field {
    closed(name, 17, Personal::Number)
}

const fn document(name: &'static str) -> Field {
    closed(name, 60, Personal::Number)
}

const fn address(name: &'static str) -> Field {
    closed(name, 500, Personal::Hidden)
}

const fn mail(name: &'static str) -> Field {
    closed(name, 100, Personal::Hidden)
}

const fn plate(name: &'static str) -> Field {
    closed(name, 60, Personal::Hidden)
}

const fn degrees(name: &'static str) -> Field {
    Field { name, kind: Kind::Degrees, personal: Some(Personal::Hidden) }
}

macro_rules! forms {
    ($($feed:ident: on [$($day:literal)+] status [$($status:literal)?] amount [$($amount:literal)*]
        { $($kind:ident [$($name:literal)+])+ }
        $($array:literal { $($of:ident [$($child:literal)+])+ })*;)+) => {
        /// What a record of a feed says.
        #[must_use]
        pub const fn form(feed: Feed) -> &'static Form {
            match feed {
                $(Feed::$feed => const {
                    &Form {
                        dated_by: &[$($day),+],
                        status: status(&[$($status)?]),
                        amounts: &[$($amount),*],
                        fields: &[$($($kind($name),)+)+],
                        children: &[$(($array, &[$($($of($child),)+)+])),*],
                    }
                }),+
            }
        }
    };
}

const fn status(named: &[&'static str]) -> Option<&'static str> {
    match named {
        [] => None,
        [name, ..] => Some(*name),
    }
}

forms! {
    Prospect: on ["tanggalProspect"] status ["statusProspect"] amount [] {
        prospect_no["idProspect"] code["sumberProspect"] date["tanggalProspect"] code["taggingProspect"]
        person["namaLengkap"] phone["noKontak"] national_id["noKtp"] address["alamat"]
        code["kodePropinsi" "kodeKota" "kodeKecamatan" "kodeKelurahan" "kodePos"] degrees["latitude" "longitude"]
        address["alamatKantor"]
        code["kodePropinsiKantor" "kodeKotaKantor" "kodeKecamatanKantor" "kodeKelurahanKantor" "kodePosKantor"]
        code["kodePekerjaan"] other_phone["noKontakKantor"] date["tanggalAppointment"] time["waktuAppointment"]
        code["metodeFollowUp" "testRidePreference" "statusFollowUpProspecting" "statusProspect" "idSalesPeople" "idEvent"]
    } "unit" { unit_type["kodeTipeUnit"] programme["salesProgramId"] };

    SpkRead: on ["tanggalPesanan"] status ["statusSPK"] amount [] {
        code["idSpk"] prospect_no["idProspect"] person["namaCustomer"] national_id["noKtp"] address["alamat"]
        code["kodePropinsi" "kodeKota" "kodeKecamatan" "kodeKelurahan" "kodePos"] phone["noKontak"]
        person["namaBPKB"] other_id["noKTPBPKB"] address["alamatBPKB"]
        code["kodePropinsiBPKB" "kodeKotaBPKB" "kodeKecamatanBPKB" "kodeKelurahanBPKB" "kodePosBPKB"]
        degrees["latitude" "longitude"] document["NPWP" "noKK"] address["alamatKK"] other_phone["fax"] mail["email"]
        code["idSalesPeople" "idEvent"] date["tanggalPesanan"] code["statusSPK"]
    } "unit" {
        unit_type["kodeTipeUnit"] code["kodeWarna"] number["quantity" "hargaJual" "diskon" "amountPPN"]
        code["fakturPajak" "tipePembayaran"] number["jumlahTandaJadi"] date["tanggalPengiriman"]
        code["idSalesProgram" "idApparel"]
    } "dataAnggotaKeluarga" { person["anggotaKK"] };

    BastRead: on ["tanggalPengiriman"] status ["statusDeliveryDocument"] amount [] {
        code["deliveryDocumentId"] date["tanggalPengiriman"] code["idDriver" "statusDeliveryDocument"]
    } "detail" {
        code["noSO" "idSPK" "noMesin" "noRangka" "idCustomer"] time["waktuPengiriman"] note["checklistKelengkapan"]
        address["lokasiPengiriman"] degrees["latitude" "longitude"] person["namaPenerima"]
        other_phone["noKontakPenerima"]
    };

    Inv1Read: on ["createdTime"] status ["status"] amount ["amount"] {
        code["idInvoice" "idSPK" "idCustomer"] number["amount"] code["tipePembayaran" "caraBayar" "status"] note["note"]
    };

    Leasing: on ["tanggalPengajuan"] status [] amount [] {
        code["idDokumenPengajuan" "idSPK"] number["jumlahDP" "tenor" "jumlahCicilan"] date["tanggalPengajuan"]
        code["idFinanceCompany"] title["namaFinanceCompany"] code["idPOFinanceCompany"]
        date["tanggalPembuatanPO" "tanggalPengirimanPOFinanceCompany"]
    };

    DochRead: on ["createdTime"] status [] amount [] {
        code["idSO" "idSPK"]
    } "unit" {
        code["nomorRangka" "nomorFakturSTNK"] date["tanggalPengajuanSTNKKeBiro"] code["statusFakturSTNK" "nomorSTNK"]
        date["tanggalPenerimaanSTNKDariBiro"] code["platNomor" "nomorBPKB"]
        date["tanggalPenerimaanBPKBDariBiro" "tanggalTerimaSTNKOlehKonsumen" "tanggalTerimaBPKBOlehKonsumen"]
        person["namaPenerimaBPKB" "namaPenerimaSTNK"] code["jenisIdPenerimaBPKB" "jenisIdPenerimaSTNK"]
        document["noIdPenerimaBPKB" "noIdPenerimaSTNK"]
    };

    UinbRead: on ["tanggalTerima"] status ["statusShippingList"] amount [] {
        code["noShippingList"] date["tanggalTerima"] code["mainDealerId" "noInvoice" "statusShippingList"]
    } "unit" {
        unit_type["kodeTipeUnit"] code["kodeWarna"] number["kuantitasTerkirim" "kuantitasDiterima"]
        code["noMesin" "noRangka" "statusRFS" "poId"] note["kelengkapanUnit"] code["noGoodsReceipt" "docNRFSId"]
    };

    Mdinvh1Read: on ["tanggalInvoice"] status [] amount ["totalHarga"] {
        code["noInvoice"] date["tanggalInvoice" "tanggalJatuhTempo"] code["mainDealerId"]
        number["totalHargaSebelumDiskon" "totalDiskonPerUnit" "potonganPerInvoice" "totalPPN" "totalHarga"]
    } "unit" {
        unit_type["kodeTipeUnit"] code["kodeWarna"] number["kuantitas"] code["noMesin" "noRangka"]
        number["hargaSatuanSebelumDiskon" "diskonPerUnit"] code["poId"]
    };

    Pkb: on ["tanggalServis"] status ["statusWorkOrder"] amount ["totalBiayaService"] {
        code["noWorkOrder" "noSAForm"] date["tanggalServis"] moment["waktuPKB"] plate["noPolisi"]
        code["noRangka" "noMesin"] unit_type["kodeTipeUnit"] code["tahunMotor" "informasiBensin"] number["kmTerakhir"]
        code["tipeComingCustomer"] person["namaPemilik"] address["alamatPemilik"]
        code["kodePropinsiPemilik" "kodeKotaPemilik" "kodeKecamatanPemilik" "kodeKelurahanPemilik" "kodePosPemilik"]
        person["namaPembawa"] address["alamatPembawa"]
        code["kodePropinsiPembawa" "kodeKotaPembawa" "kodeKecamatanPembawa" "kodeKelurahanPembawa" "kodePosPembawa"]
        phone["noTelpPembawa"] code["hubunganDenganPemilik"] note["keluhanKonsumen" "rekomendasiSA"]
        code["hondaIdSA" "hondaIdMekanik"] note["saranMekanik"] code["asalUnitEntry" "idPIT" "jenisPIT"]
        moment["waktuPendaftaran" "waktuSelesai"] number["totalFRT"] code["setUpPembayaran"] note["catatanTambahan"]
        code["konfirmasiPekerjaanTambahan" "noBukuClaimC2" "noWorkOrderJobReturn"]
        number["totalBiayaService" "waktuPekerjaan"] code["statusWorkOrder"]
    } "services" {
        code["idJob"] title["namaPekerjaan"] code["jenisPekerjaan"] number["biayaService"] code["promoIdJasa"]
        number["discServiceAmount" "discServicePercentage" "totalHargaServis"]
    } "parts" {
        code["idJob" "partsNumber"] number["kuantitas" "hargaParts"] code["promoIdParts"]
        number["discPartsAmount" "discPartsPercentage" "ppn" "totalHargaParts" "uangMuka"]
    };

    Inv2Read: on ["tanggalNJB" "tanggalNSC"] status [] amount ["totalHargaNJB" "totalHargaNSC"] {
        code["noWorkOrder" "noNJB"] moment["tanggalNJB"] number["totalHargaNJB"] code["noNSC"] moment["tanggalNSC"]
        number["totalHargaNSC"] code["hondaIdSA" "hondaIdMekanik"]
    } "njb" {
        code["idJob"] title["namaPekerjaan"] code["jenisPekerjaan"] number["hargaServis"] code["promoIdJasa"]
        number["discServiceAmount" "discServicePercentage" "totalHargaServis"]
    } "nsc" {
        code["idJob" "partsNumber"] number["kuantitas" "hargaParts"] code["promoIdParts"]
        number["discPartsAmount" "discPartsPercentage" "ppn" "totalHargaParts" "uangMuka"]
    };

    UnpaidhloRead: on ["tanggalPemesananHLO"] status [] amount [] {
        code["idHLODocument"] date["tanggalPemesananHLO"] code["noWorkOrder" "noBukuClaimC2"] national_id["noKTP"]
        person["namaCustomer"] address["alamat"]
        code["kodePropinsi" "kodeKota" "kodeKecamatan" "kodeKelurahan" "kodePos"] phone["noKontak"]
        unit_type["kodeTipeUnit"] code["tahunMotor" "noMesin" "noRangka" "flagNumbering" "vehicleOffRoad" "jobReturn"]
    } "parts" {
        code["partsNumber"] number["kuantitas" "hargaParts" "totalHargaParts" "uangMuka" "sisaBayar"]
    };

    DphloRead: on ["tanggalPemesananHLO"] status [] amount [] {
        code["noInvoiceUangJaminan" "idHLODocument"] date["tanggalPemesananHLO"] code["noWorkOrder" "idCustomer"]
    } "parts" {
        code["partsNumber"] number["kuantitas" "hargaParts" "totalHargaParts" "uangMuka" "sisaBayar"]
    };

    PartsInbound: on ["tglPenerimaan"] status [] amount [] {
        code["noPenerimaan"] date["tglPenerimaan"] code["noShippingList"]
    } "po" {
        code["noPO" "jenisOrder" "idWarehouse" "partsNumber"] number["kuantitas"] code["uom"]
    };

    PrslRead: on ["tglSO"] status [] amount ["totalHargaSO"] {
        code["noSO"] date["tglSO"] code["idCustomer"] person["namaCustomer"] number["discSO" "totalHargaSO"]
    } "parts" {
        code["partsNumber"] number["kuantitas" "hargaParts"] code["promoIdParts"]
        number["discAmount" "discPercentage" "ppn" "totalHargaParts" "uangMuka"] code["bookingIdReference"]
    };

    Mdinvh3Read: on ["tglInvoice"] status [] amount ["totalHarga"] {
        code["noInvoice"] date["tglInvoice" "tglJatuhTempo"] code["mainDealerId"]
        number["totalHargaSebelumDiskon" "totalDiskonPerPartsNumber" "potonganPerInvoice" "totalPPN" "totalHarga"]
    } "parts" {
        code["noPO" "jenisOrder" "partsNumber"] number["kuantitas"] code["uom"]
        number["hargaSatuanSebelumDiskon" "diskonPerPartsNumber"]
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dealers::feed::spec;
    use domain::dealers::values::list_of;
    use std::collections::BTreeSet;

    fn named(fields: &[Field], name: &str) -> Option<Field> {
        fields.iter().find(|field| field.name == name).copied()
    }

    #[test]
    fn a_form_has_what_its_read_is_keyed_dated_and_summed_by() {
        for feed in Feed::ALL {
            let (form, spec) = (form(*feed), spec(*feed));
            let key = named(form.fields, spec.record_key).expect("the key");
            assert!(key.personal.is_none() && matches!(key.kind, Kind::Text(_)), "{feed:?}");
            for day in form.dated_by {
                let kind = named(form.fields, day).map(|field| field.kind);
                assert!(*day == "createdTime" || matches!(kind, Some(Kind::Date | Kind::Moment)), "{feed:?} {day}");
            }
            assert!(form.status.is_none_or(|status| named(form.fields, status).is_some()), "{feed:?}");
            let number = |name: &&str| named(form.fields, name).is_some_and(|field| field.kind == Kind::Number);
            assert!(form.amounts.iter().all(number), "{feed:?}");
            let arrays: Vec<_> = form.children.iter().map(|(array, _)| *array).collect();
            assert_eq!(arrays, spec.children.iter().map(|children| children.array).collect::<Vec<_>>());
            for (children, (_, fields)) in spec.children.iter().zip(form.children) {
                let text = |name: &&str| matches!(named(fields, name).unwrap().kind, Kind::Text(_));
                assert!(children.key.iter().all(text), "{feed:?}");
            }
        }
    }

    #[test]
    fn no_field_stands_twice_and_a_record_is_found_by_one_phone_and_one_id() {
        for feed in Feed::ALL {
            let form = form(*feed);
            for fields in std::iter::once(form.fields).chain(form.children.iter().map(|(_, fields)| *fields)) {
                let names: BTreeSet<_> = fields.iter().map(|field| field.name.to_lowercase()).collect();
                assert_eq!(names.len(), fields.len(), "{feed:?}");
            }
            for one in [Personal::Phone, Personal::NationalId] {
                let found = |field: &&Field| field.personal == Some(one);
                assert!(form.fields.iter().filter(found).count() <= 1, "{feed:?}");
                assert_eq!(form.children.iter().flat_map(|(_, fields)| *fields).filter(found).count(), 0);
            }
        }
    }

    #[test]
    fn every_status_has_its_list_and_no_list_is_of_a_personal_field() {
        for feed in Feed::ALL {
            let form = form(*feed);
            assert!(form.status.is_none_or(|status| list_of(*feed, status).is_some()), "{feed:?}");
            for field in form.fields.iter().chain(form.children.iter().flat_map(|(_, fields)| *fields)) {
                let listed = list_of(*feed, field.name).is_some();
                assert!(!listed || (field.personal.is_none() && matches!(field.kind, Kind::Text(_))), "{}", field.name);
            }
        }
    }
}
