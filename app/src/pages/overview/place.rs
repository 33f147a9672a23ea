//! The pages that show figures of a scope: links to other days or choices stay on the page.

use chrono::NaiveDate;
use domain::overview::{Basis, Compare, MetricKey, Scope, Tile};

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Home,
    Figures,
    Analytics,
}

impl Place {
    pub const fn path(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Figures => "/overview/kpis",
            Self::Analytics => "/analytics",
        }
    }

    /// What it compares with when nothing is chosen.
    pub const fn usual(self) -> Compare {
        match self {
            Self::Home | Self::Analytics => Compare::Week,
            Self::Figures => Compare::All,
        }
    }

    /// Counting rules that mean something on it: orders of whatever status have no products.
    pub fn rules(self) -> &'static [Basis] {
        if self == Self::Analytics { &[Basis::Net, Basis::Gross] } else { &Basis::ALL }
    }

    /// This page of `scope`.
    pub fn href(self, scope: Scope) -> String {
        format!("{}{}", self.path(), scope.link_where(self.usual()))
    }

    /// This page of one day.
    pub fn day(self, scope: Scope, day: NaiveDate) -> String {
        self.href(scope.on(day))
    }

    /// The rows behind a figure.
    pub fn rows(self, metric: MetricKey, scope: Scope) -> String {
        let asked = if metric.is_of_now() { String::new() } else { scope.link_where(self.usual()) };
        format!("/overview/kpis/{metric}{asked}")
    }

    /// As [`Place::rows`], naming the value that was looked at.
    pub fn rows_of(self, tile: &Tile, scope: Scope) -> String {
        let rows = self.rows(tile.key, scope);
        let mark = if rows.contains('?') { '&' } else { '?' };
        tile.snapshot_id.map_or_else(|| rows.clone(), |id| format!("{rows}{mark}seen={id}"))
    }
}

/// The query part of an address, as the router has it, with its mark.
pub fn query(search: &str) -> String {
    let bare = search.trim_start_matches('?');
    if bare.is_empty() { String::new() } else { format!("?{bare}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::overview::ScopeQuery;

    #[test]
    fn links_stay_on_their_page_and_say_what_was_chosen() {
        let scope = |compare: &str| {
            let query = ScopeQuery { compare: Some(compare.into()), days: Some("7".into()), ..ScopeQuery::default() };
            query.resolve("2026-11-22".parse().unwrap()).unwrap()
        };
        let day = "2026-11-20".parse().unwrap();
        assert_eq!(Place::Home.day(scope(""), day), "/?day=2026-11-20&days=7");
        assert_eq!(Place::Figures.day(scope("all"), day), "/overview/kpis?day=2026-11-20&days=7");
        assert_eq!(Place::Figures.href(scope("week")), "/overview/kpis?compare=week&days=7");
        assert_eq!(Place::Home.href(scope("all")), "/?compare=all&days=7");
        assert_eq!(
            Place::Home.rows(MetricKey::Orders, scope("year")),
            "/overview/kpis/sales.orders?compare=year&days=7"
        );
    }
}
