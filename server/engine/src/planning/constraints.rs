//! The families of rows, one a file, in the order in which they are printed.

mod balance;
mod batch;
mod contract;
mod lane;
mod min_shipment;
mod pin;
mod resource;
mod run;
mod safety;
mod site;
mod site_group;
mod storage;
mod supplier;
mod supply_link;
mod throughput;
mod vehicle;

use super::builder::Site;

pub const ALL: [fn(&mut Site<'_>); 16] = [
    balance::rows,
    run::rows,
    batch::rows,
    resource::rows,
    vehicle::rows,
    min_shipment::rows,
    lane::rows,
    storage::rows,
    throughput::rows,
    safety::rows,
    contract::rows,
    supplier::rows,
    site::rows,
    site_group::rows,
    supply_link::rows,
    pin::rows,
];
