//! Cleaning proposals and kept mappings: accepted by a person, or nothing happens.

use crate::{
    ingest::Desk,
    shop::{planner, viewer},
};
use domain::{
    ErrorCode,
    ingest::{CleaningRule, Field, FileShape, IngestPort, Mapping, MappingChange, MappingOptions, NewMapping, Target},
    settings::Business,
};
use sqlx::PgPool;

const HEADER: &str = "order,sku,description,quantity,price,date,customer,country,status\n";

fn file() -> String {
    let mut text = HEADER.to_owned();
    for n in 0..20 {
        text += &format!("{n},AB12,Metal mug,2,2.50,2011-01-05 10:00:00,9,United Kingdom,approved\n");
    }
    text += "30,AB-12,Metal  mug,3 pcs,\u{a3}2.50,2011-01-05 10:00:00,9,Untied Kingdom,Paid\n";
    text += "31,AB12,Metal mug,1,$2.50,2011-01-05 10:00:00,9,united kingdom,approved\n";
    text
}

#[sqlx::test(migrations = "../migrations")]
async fn accepted_proposals_apply_refused_ones_do_not_and_the_file_stays_the_same_file(db: PgPool) {
    let desk = Desk::on(db);
    desk.shop.set("business.base_currency", "GBP".into()).await;
    desk.shop.product("AB12", "Metal mug", "2.50", None).await;
    let id = desk.upload(file().as_bytes()).await.unwrap().summary.id;
    let checked = desk.check(id).await;
    let proposed: Vec<(CleaningRule, Field, &str, &str, u32)> = checked
        .proposals
        .iter()
        .map(|p| (p.cleaning.rule, p.cleaning.field, p.before.as_str(), p.after.as_str(), p.rows))
        .collect();
    let expected = [
        (CleaningRule::Spaces, Field::Description, "Metal  mug", "Metal mug", 1),
        (CleaningRule::Unit, Field::Quantity, "3 pcs", "3", 1),
        (CleaningRule::Unit, Field::UnitPrice, "\u{a3}2.50", "2.50", 1),
        (CleaningRule::NearMiss, Field::Sku, "AB-12", "AB12", 1),
        (CleaningRule::NearMiss, Field::Country, "Untied Kingdom", "United Kingdom", 1),
        (CleaningRule::Case, Field::Country, "united kingdom", "United Kingdom", 1),
        (CleaningRule::Synonym, Field::Status, "Paid", "approved", 1),
    ];
    for wanted in expected {
        assert!(proposed.contains(&wanted), "{wanted:?} in {proposed:?}");
    }
    assert_eq!(proposed.len(), expected.len(), "{proposed:?}");
    // Nothing was cleaned by itself: the row with signs, and that with another currency, are rejected.
    assert_eq!(checked.summary.counts.map(|c| (c.sale_lines, c.rejected)), Some((20, 2)));

    // All but the misspelt country are accepted.
    let keys: Vec<String> = checked
        .proposals
        .iter()
        .map(|p| p.cleaning.key())
        .filter(|key| key != "near_miss:country:Untied Kingdom")
        .collect();
    let stranger = desk.ingest.accept_cleanings(&planner(), id, vec!["case:country:nowhere".into()]).await.unwrap_err();
    assert!(stranger.of_field("keys").is_some());
    let error = desk.ingest.accept_cleanings(&viewer(), id, keys.clone()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden);
    desk.ingest.accept_cleanings(&planner(), id, keys).await.unwrap();
    let cleaned = desk.check(id).await;
    assert_eq!(cleaned.summary.counts.clone().map(|c| (c.sale_lines, c.rejected)), Some((21, 1)));
    assert_eq!(cleaned.proposals.len(), expected.len(), "accepted ones stay in sight, to be refused again");
    assert_eq!(cleaned.mapping.cleanings.len(), expected.len() - 1);
    let done = desk.commit(id).await.unwrap();
    assert_eq!(done.issues[0].code, "unreadable_number", "dollars are no pounds");
    let line = "select count(*) from sales.transactions t join sales.transaction_lines l on l.transaction_id = t.id
                join sales.products p on p.id = l.product_id
                where t.external_ref = '30' and p.sku = 'AB12' and l.quantity = 3 and l.unit_price = 2.5 and t.status = 'approved'";
    assert_eq!(desk.shop.count(line).await, 1);
    assert_eq!(desk.shop.count("select count(*) from sales.products").await, 1, "no second product by a slip");

    // The same file, this time without any cleaning: it is known, row by row.
    let again = desk.upload(file().as_bytes()).await.unwrap().summary.id;
    let again = desk.check(again).await.summary.counts.unwrap();
    assert_eq!((again.same, again.created(), again.quarantined()), (22, 0, 0));
}

#[sqlx::test(migrations = "../migrations")]
async fn a_mapping_is_kept_changed_and_found_again_by_its_header(db: PgPool) {
    let desk = Desk::on(db);
    let header: Vec<String> = HEADER.trim().split(',').map(str::to_owned).collect();
    let shape = FileShape::of_header(&header);
    let mut mapping = Mapping::propose(Target::SalesTransactions, &shape, MappingOptions::of(&Business::default()));
    mapping.columns.remove(&Field::Country);
    let new = NewMapping { target: Target::SalesTransactions, name: " Shop ".into(), header, mapping };
    assert_eq!(
        desk.ingest.save_mapping(&viewer(), new.clone(), None).await.value.unwrap_err().code,
        ErrorCode::Forbidden
    );
    let saved = desk.ingest.save_mapping(&planner(), new.clone(), None).await.value.unwrap();
    assert_eq!((saved.name.as_str(), saved.version), ("Shop", 1));
    let taken = desk.ingest.save_mapping(&planner(), new.clone(), None).await.value.unwrap_err();
    assert!(taken.of_field("name").is_some_and(|said| said.contains("Another mapping")));
    let mut broken = new.clone();
    broken.name = "Other".into();
    broken.mapping.columns.insert(Field::Country, "sku".into());
    broken.mapping.columns.remove(&Field::Quantity);
    let faults = desk.ingest.save_mapping(&planner(), broken, None).await.value.unwrap_err().fields;
    let paths: Vec<&str> = faults.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(paths, ["columns.country", "columns.quantity"], "two fields on one column, a required one without");

    let change = MappingChange { version: 1, name: Some("Web shop".into()), ..MappingChange::default() };
    let changed = desk.ingest.revise_mapping(&planner(), saved.id, change.clone()).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.version), ("Web shop", 2));
    let stale = desk.ingest.revise_mapping(&planner(), saved.id, change).await.unwrap_err();
    assert_eq!(stale.code, ErrorCode::Conflict);
    let uploaded = desk.upload(file().as_bytes()).await.unwrap();
    assert_eq!(uploaded.mapping_name.as_deref(), Some("Web shop"));
    assert!(!uploaded.mapping.columns.contains_key(&Field::Country), "as it was kept, not as proposed");
    assert_eq!(desk.shop.count("select count(*) from ops.audit_log where entity_type = 'import_mapping'").await, 2);
}
