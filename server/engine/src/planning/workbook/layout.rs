//! Which sheet holds what, and the columns of those that hold lists inside rows.

use crate::planning::document::schema::{
    FACTORS, Field, INPUTS, Kind, OPTIONS, PENALTIES, RELAX, SECTIONS, Section, TOP, USES, section,
};

/// Sheets by section, in the order in which they are written.
pub const SHEETS: &[(&str, &str)] = &[
    ("Periods", "periods"),
    ("Products", "products"),
    ("Nodes", "nodes"),
    ("Stock", "stock"),
    ("Production", "production"),
    ("Calendars", "calendars"),
    ("Resources", "resources"),
    ("Lanes", "lanes"),
    ("Demand", "demand"),
    ("Contracts", "contracts"),
    ("SupplierLimits", "supplier_limits"),
    ("InTransit", "in_transit"),
    ("SiteGroups", "site_groups"),
    ("FixedProduction", "fixed_production"),
    ("FixedShipments", "fixed_shipments"),
];

/// Key and value of what is no row.
pub const PLAN: &str = "Plan";
pub const KEY: &str = "key";
pub const VALUE: &str = "value";

/// A list inside the rows of a section, on a sheet of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nested {
    pub sheet: &'static str,
    pub section: &'static str,
    pub list: &'static str,
    /// Columns that name the row the list belongs to.
    pub owner: &'static [&'static str],
    pub fields: &'static [Field],
}

impl Nested {
    /// The column of a field of the list.
    #[must_use]
    pub fn column(&self, field: &str) -> &'static str {
        let own = self.fields.iter().find(|known| known.name == field).map_or("", |known| known.name);
        if self.owner.contains(&own) { "input_product" } else { own }
    }

    /// The field of a column.
    #[must_use]
    pub fn field(&self, column: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| self.column(field.name) == column)
    }

    /// What the list's own fields beyond the format begin with.
    #[must_use]
    pub fn extra(&self) -> &'static str {
        if self.sheet == CALENDARS { "factors.x_" } else { "x_" }
    }
}

const CALENDARS: &str = "Calendars";
const LINE: &[&str] = &["node", "line", "product", "period"];

/// The calendars' sheet holds the section, too: one row a factor.
pub const NESTED: &[Nested] = &[
    Nested { sheet: "LineInputs", section: "production", list: "inputs", owner: LINE, fields: INPUTS },
    Nested { sheet: "LineUses", section: "production", list: "uses", owner: LINE, fields: USES },
    Nested { sheet: CALENDARS, section: "calendars", list: "factors", owner: &["id"], fields: FACTORS },
];

/// The section of a sheet, whatever the case of its letters.
#[must_use]
pub fn section_of(sheet: &str) -> Option<(&'static str, &'static Section)> {
    let known = SHEETS.iter().find(|(name, _)| name.eq_ignore_ascii_case(sheet));
    known.and_then(|(name, of)| Some((*name, section(of)?)))
}

#[must_use]
pub fn nested_of(sheet: &str) -> Option<&'static Nested> {
    NESTED.iter().find(|nested| nested.sheet.eq_ignore_ascii_case(sheet))
}

#[must_use]
pub fn sheet_of(section: &str) -> &'static str {
    SHEETS.iter().find(|(_, of)| *of == section).map_or(PLAN, |(name, _)| name)
}

/// Every sheet of a document.
pub fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(PLAN)
        .chain(SHEETS.iter().map(|(name, _)| *name))
        .chain(NESTED.iter().map(|nested| nested.sheet).filter(|name| *name != CALENDARS))
}

/// Keys of the sheet `Plan` with what they may hold.
#[must_use]
pub fn keys() -> Vec<(String, &'static Field)> {
    let of = |prefix: &'static str, fields: &'static [Field]| {
        fields.iter().map(move |field| (format!("{prefix}{}", field.name), field))
    };
    let relaxed = |field: &Field| matches!(field.kind, Kind::Object(_));
    of("", TOP)
        .chain(of("penalties.", PENALTIES).filter(|(_, field)| !relaxed(field)))
        .chain(of("penalties.relax.", RELAX))
        .chain(of("options.", OPTIONS))
        .collect()
}

/// Whether numbers stand in a column of this name.
pub fn is_amount(column: &str) -> bool {
    let all = sections().flat_map(|(_, section)| section.fields).chain(NESTED.iter().flat_map(|nested| nested.fields));
    let texts = |kind| {
        use Kind::{Bool, Date, Id, Ids, Mode, Object, OneOf, Rows, Text};
        matches!(kind, Id | Ids | Mode | Text | Date | Bool | OneOf(_) | Rows(_) | Object(_))
    };
    column == VALUE
        || super::clinker::is_amount(column)
        || all.filter(|field| field.name == column).any(|field| !texts(field.kind))
}

/// Columns of a section's sheet; lists inside rows have theirs elsewhere.
pub fn columns(section: &Section) -> impl Iterator<Item = &'static Field> {
    section.fields.iter().filter(|field| !matches!(field.kind, Kind::Rows(_)))
}

/// Sections in the order of the format.
pub fn sections() -> impl Iterator<Item = (&'static str, &'static Section)> {
    SECTIONS.iter().map(|section| (sheet_of(section.name), section))
}

/// A column as people name it: A, B … Z, AA …
#[must_use]
pub fn letters(column: u32) -> String {
    let mut rest = column;
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or_default()));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    letters.iter().rev().collect()
}

/// Such as `Lanes!H12`.
#[must_use]
pub fn address(sheet: &str, column: u32, row: u32) -> String {
    format!("{sheet}!{}{row}", letters(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_a_sheet_and_columns_have_letters() {
        assert!(sections().all(|(sheet, section)| section_of(sheet).is_some_and(|(_, of)| of == section)));
        assert_eq!(names().count(), 18);
        let told: Vec<_> = [0, 7, 25, 26, 51, 52, 701, 702].into_iter().map(letters).collect();
        assert_eq!(told, ["A", "H", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
        assert_eq!(NESTED[0].column("product"), "input_product");
        assert_eq!(NESTED[2].column("period"), "period");
    }
}
