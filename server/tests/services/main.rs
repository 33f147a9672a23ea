//! Services against a real Postgres, one file a feature.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its own functions too")]
#![allow(clippy::disallowed_methods, reason = "rows that a test makes need any id, and some tests the real time")]

#[path = "../world/alarm.rs"]
mod alarm;
#[path = "../world/dice.rs"]
mod dice;
#[path = "../world/figures.rs"]
mod figures;
#[path = "../world/mailbox.rs"]
mod mailbox;
#[path = "../../engine/benches/planning/reference.rs"]
mod reference;
#[path = "../world/shop.rs"]
mod shop;
#[path = "../world.rs"]
mod world;

mod access;
mod agreement;
mod alert_desk;
mod alert_routes;
mod alert_rule_kinds;
mod alerts;
mod analytics;
mod attention;
mod audit;
mod backtests;
mod customers;
mod daily_report;
mod database;
mod demo;
mod fault_drill;
mod fraud_lists;
mod freshness;
mod history;
mod hours;
mod house;
mod import_command;
mod ingest;
mod ingest_bad_input;
mod ingest_cleaning;
mod ingest_repair;
mod ingest_scope;
mod ingest_undo;
mod ingest_visits;
mod inventory;
mod kill;
mod learned_sets;
mod local_days;
mod online_retail;
mod opening;
mod outage_alert;
mod outbox;
mod outbox_kill;
mod outbox_mail;
mod overview;
mod pending_sales;
mod planning_kill;
mod plans;
mod process;
mod refunds;
mod report_mails;
mod report_paper;
mod rule_sets;
mod screening;
mod segments;
mod settings;
mod silent_days;
mod sources;
mod standing;
mod summary;
mod targets;
mod transactions;
