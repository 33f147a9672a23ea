//! What binds across rows: contracts, limits on suppliers, groups of sites; and what is on its way already.

use super::{
    Contract, Measure, Rolling, Sense, SiteGroup, SupplierLimit,
    read::{Reader, number},
};
use crate::planning::{document::Row, tree::Tree};

impl Reader<'_> {
    /// The ids of a field that takes one or a list.
    fn listed(
        &mut self,
        row: &Row,
        field: &str,
        path: &str,
        find: fn(&mut Self, &str, String) -> Option<usize>,
    ) -> Vec<usize> {
        let Some(value) = row.get(field) else { return Vec::new() };
        let one = std::slice::from_ref(value);
        let items = if let Tree::List(items) = value { items } else { one };
        items.iter().filter_map(Tree::text).filter_map(|id| find(self, id, format!("{path}.{field}"))).collect()
    }

    pub fn contracts(&mut self) -> Vec<Contract> {
        let mut contracts = Vec::new();
        self.ids("contracts");
        let rows: Vec<_> = self.first_of_ids("contracts").collect();
        for (i, row) in rows {
            let path = format!("contracts[{i}]");
            let node: fn(&mut Self, &str, String) -> Option<usize> = |reader, id, path| reader.node(id, || path);
            let names = |field| {
                let value = row.get(field).map_or(&[][..], std::slice::from_ref);
                let items = if let Some(Tree::List(items)) = value.first() { items } else { value };
                items.iter().filter_map(Tree::text).map(str::to_owned).collect::<Vec<_>>()
            };
            let find: fn(&mut Self, &str, String) -> Option<usize> = |reader, id, path| reader.period(id, || path);
            let mut periods = self.listed(row, "period", &path, find);
            periods.extend(self.listed(row, "periods", &path, find));
            if periods.is_empty() && row.get("period").or_else(|| row.get("periods")).is_none() {
                periods = (0..self.periods.len()).collect();
            }
            periods.sort_unstable();
            periods.dedup();
            contracts.push(Contract {
                id: row.text("id").unwrap_or_default().to_owned(),
                sense: match row.text("sense") {
                    Some("=" | "E") => Sense::Equal,
                    Some(">=" | "G") => Sense::AtLeast,
                    _ => Sense::AtMost,
                },
                limit: number(row, "limit").unwrap_or(0.0),
                measure: match row.text("measure") {
                    Some("trips") => Measure::Trips,
                    Some("production") => Measure::Production,
                    _ => Measure::Tonnes,
                },
                from: self.listed(row, "from", &path, node),
                to: self.listed(row, "to", &path, node),
                modes: names("mode"),
                products: self.listed(row, "product", &path, |reader, id, path| reader.product(id, || path)),
                lines: names("line"),
                periods,
                each_period: row.get("each_period") == Some(&Tree::Bool(true)),
                violation_cost: number(row, "violation_cost"),
            });
        }
        contracts
    }

    pub fn supplier_limits(&mut self) -> Vec<SupplierLimit> {
        let rows = self.document.rows("supplier_limits");
        let mut limits = Vec::new();
        for ((node, product), group) in self.placed("supplier_limits") {
            let merged: Vec<_> = (0..self.periods.len()).map(|t| group.merged(rows, t)).collect();
            if let Some(merged) = merged.iter().find(|one| one.known() && one.get("max_suppliers").is_none()) {
                let path = format!("supplier_limits[{}].max_suppliers", merged.row("max_suppliers"));
                self.fault("E02", path, "max_suppliers is missing.");
            }
            limits.push(SupplierLimit {
                node,
                product,
                at: merged.iter().map(|one| one.number("max_suppliers")).collect(),
            });
        }
        limits
    }

    pub fn in_transit(&mut self) -> Vec<Rolling> {
        let mut rolling = Vec::new();
        for (i, row) in self.document.rows("in_transit").iter().enumerate() {
            if let Some(from) = row.text("from") {
                self.node(from, || format!("in_transit[{i}].from"));
            }
            let place = self.place("in_transit", i, row, "to");
            if let (Some((to, product, Some(period))), Some(tonnes)) = (place, number(row, "tonnes")) {
                rolling.push(Rolling { to, product, period, tonnes });
            }
        }
        rolling
    }

    pub fn site_groups(&mut self) -> Vec<SiteGroup> {
        self.ids("site_groups");
        let rows: Vec<_> = self.first_of_ids("site_groups").collect();
        let mut groups = Vec::new();
        for (i, row) in rows {
            let path = format!("site_groups[{i}]");
            groups.push(SiteGroup {
                id: row.text("id").unwrap_or_default().to_owned(),
                nodes: self.listed(row, "nodes", &path, |reader, id, path| reader.node(id, || path)),
                min_open: number(row, "min_open").unwrap_or(0.0),
                max_open: number(row, "max_open"),
            });
        }
        groups
    }
}
