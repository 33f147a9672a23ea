//! The kept figures themselves: each as old as the youngest value that somebody looks at.

use super::Facts;
use crate::backend::Backend;
use chrono::{DateTime, Utc};
use domain::{access::Principal, freshness::ErrorClass, overview::source::SourceKind};
use std::collections::BTreeMap;

/// Times to live after which a figure nobody looked at counts as switched off: it is not computed then, and
/// nobody misses it.
const UNSEEN: i64 = 2;

/// What is kept of the figures that `who` may see. Asks no database.
pub fn facts(backend: &Backend, who: &Principal, now: DateTime<Utc>) -> Vec<Facts> {
    let mut youngest = BTreeMap::new();
    for kept in backend.figures.kept().into_iter().filter(|kept| who.may(kept.declared.permission)) {
        let ttl = kept.class.ttl_seconds();
        let looked_at = kept.looked_at.map_or(i64::MAX, |at| (now - at).num_seconds());
        let facts = Facts {
            enabled: looked_at <= UNSEEN * ttl,
            last_success: Some(kept.computed_at),
            expected_seconds: Some(ttl),
            error_class: kept.freshness.error_class.map(ErrorClass::words).map(str::to_owned),
            link: Some("/settings/cache".to_owned()),
            ..Facts::unknown(
                format!("figure.{}", kept.declared.key),
                SourceKind::Figure,
                kept.declared.label,
                "overview",
            )
        };
        let best = youngest.entry(kept.declared.key).or_insert_with(|| facts.clone());
        if (facts.enabled, facts.last_success) > (best.enabled, best.last_success) {
            *best = facts;
        }
    }
    youngest.into_values().collect()
}
