//! What a rule knows of one entity, and what one more look at its value makes of that (`alerts.md` 3.3).

use chrono::{DateTime, Duration, Utc};
use domain::alerts::{NoData, RuleSpec, RuleState};
use rust_decimal::Decimal;

/// What a look brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Value(Decimal),
    /// Nothing is known, or what is known is too old.
    NoData,
    /// The query failed.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Ok,
    NoData,
    Error,
}

impl Health {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoData => "no_data",
            Self::Error => "error",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ok, Self::NoData, Self::Error].into_iter().find(|health| health.as_str() == text)
    }
}

/// What a rule knows of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instance {
    pub state: RuleState,
    /// 0: none; else the level of the rule that was reached, from 1.
    pub level: usize,
    pub since: DateTime<Utc>,
    /// Breaching looks in a row before it fires.
    pub breaches: u32,
    pub first_breach_at: Option<DateTime<Utc>>,
    pub last_breach_at: Option<DateTime<Utc>>,
    /// Clear looks in a row.
    pub clears: u32,
    /// Looks in a row at the clear side of the present level.
    pub falls: u32,
    pub last_value: Option<Decimal>,
    pub health: Health,
    pub health_since: DateTime<Utc>,
    /// Failed looks in a row.
    pub errors: u32,
}

impl Instance {
    #[must_use]
    pub const fn new(at: DateTime<Utc>) -> Self {
        Self {
            state: RuleState::Normal,
            level: 0,
            since: at,
            breaches: 0,
            first_breach_at: None,
            last_breach_at: None,
            clears: 0,
            falls: 0,
            last_value: None,
            health: Health::Ok,
            health_since: at,
            errors: 0,
        }
    }

    fn enter(&mut self, state: RuleState, at: DateTime<Utc>) {
        if self.state != state {
            (self.state, self.since) = (state, at);
        }
    }

    fn rest(&mut self, at: DateTime<Utc>) {
        self.enter(RuleState::Normal, at);
        (self.level, self.breaches, self.clears, self.falls) = (0, 0, 0, 0);
        (self.first_breach_at, self.last_breach_at) = (None, None);
    }

    /// A person ended the alert while the value still breaches: nothing is told until it has recovered once.
    pub fn mute(&mut self, at: DateTime<Utc>) {
        if matches!(self.state, RuleState::Firing | RuleState::Recovering) {
            self.enter(RuleState::Muted, at);
            self.clears = 0;
        }
    }
}

/// What follows of a look for the alert of the entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// An episode begins.
    Fire,
    /// Still so.
    Seen,
    /// Graver than before.
    Raise,
    /// Less grave; nobody is told.
    Lower,
    /// The first clear look.
    Recovering,
    /// A breach before it was over; nobody is told.
    Refire,
    /// It is over.
    Resolve,
}

/// How many failed looks in a row are told as a problem of their own.
pub const ERRORS_TOLD: u32 = 3;

/// Takes a look into account.
pub fn look(rule: &RuleSpec, instance: &mut Instance, reading: Reading, now: DateTime<Utc>) -> Option<Act> {
    let health = match reading {
        Reading::Value(_) => Health::Ok,
        Reading::NoData => Health::NoData,
        Reading::Failed => Health::Error,
    };
    if instance.health != health {
        (instance.health, instance.health_since) = (health, now);
    }
    instance.errors = if health == Health::Error { instance.errors + 1 } else { 0 };
    match reading {
        Reading::Value(value) => {
            instance.last_value = Some(value);
            let level = rule.levels.iter().rposition(|level| level.breached(rule.op, value)).map_or(0, |i| i + 1);
            let clear = rule.levels.first().is_some_and(|level| level.cleared(rule.op, value));
            let fallen = rule.levels.iter().rposition(|level| !level.cleared(rule.op, value)).map_or(0, |i| i + 1);
            step(rule, instance, Seen { level, clear, fallen }, now)
        }
        // Neither moves the clock of what is pending.
        Reading::NoData if instance.state != RuleState::Pending => match rule.no_data {
            NoData::Keep => None,
            NoData::Alert => {
                let level = instance.level.max(1);
                step(rule, instance, Seen { level, clear: false, fallen: level }, now)
            }
            NoData::Resolve => step(rule, instance, Seen { level: 0, clear: true, fallen: 0 }, now),
        },
        Reading::NoData | Reading::Failed => None,
    }
}

/// Whether silence of the metric has lasted so long that it is told as a problem of its own.
#[must_use]
pub fn is_silent(rule: &RuleSpec, instance: &Instance, now: DateTime<Utc>) -> bool {
    instance.health == Health::NoData
        && rule.no_data == NoData::Keep
        && now - instance.health_since >= Duration::seconds(rule.no_data_after().into())
}

/// A value in the eyes of the rule.
#[derive(Clone, Copy)]
struct Seen {
    /// The gravest level it breaches; 0: none.
    level: usize,
    /// At or beyond the clear side of the lowest level.
    clear: bool,
    /// The gravest level it has not left on its clear side.
    fallen: usize,
}

fn step(rule: &RuleSpec, instance: &mut Instance, seen: Seen, now: DateTime<Utc>) -> Option<Act> {
    if seen.level > 0 {
        instance.last_breach_at = Some(now);
    }
    match instance.state {
        RuleState::Normal | RuleState::Pending => waiting(rule, instance, seen.level, now),
        RuleState::Firing => firing(rule, instance, seen, now),
        RuleState::Recovering => recovering(rule, instance, seen, now),
        RuleState::Muted => muted(rule, instance, seen, now),
    }
}

fn waiting(rule: &RuleSpec, instance: &mut Instance, level: usize, now: DateTime<Utc>) -> Option<Act> {
    if level == 0 {
        instance.rest(now);
        return None;
    }
    let first = *instance.first_breach_at.get_or_insert(now);
    instance.breaches += 1;
    if instance.breaches >= rule.n_breaches && now - first >= Duration::seconds(rule.for_seconds.into()) {
        instance.enter(RuleState::Firing, now);
        (instance.level, instance.clears, instance.falls) = (level, 0, 0);
        return Some(Act::Fire);
    }
    instance.enter(RuleState::Pending, now);
    None
}

fn firing(rule: &RuleSpec, instance: &mut Instance, seen: Seen, now: DateTime<Utc>) -> Option<Act> {
    if seen.level > instance.level {
        (instance.level, instance.falls) = (seen.level, 0);
        return Some(Act::Raise);
    }
    let kept = Duration::seconds(rule.keep_firing_seconds.into());
    if seen.clear && instance.last_breach_at.is_none_or(|last| now - last >= kept) {
        instance.enter(RuleState::Recovering, now);
        instance.clears = 0;
        return recovering(rule, instance, seen, now).or(Some(Act::Recovering));
    }
    if (1..instance.level).contains(&seen.fallen) {
        instance.falls += 1;
        if instance.falls >= rule.m_clears {
            (instance.level, instance.falls) = (seen.fallen, 0);
            return Some(Act::Lower);
        }
    } else {
        instance.falls = 0;
    }
    (seen.level > 0).then_some(Act::Seen)
}

fn recovering(rule: &RuleSpec, instance: &mut Instance, seen: Seen, now: DateTime<Utc>) -> Option<Act> {
    if seen.level > 0 {
        instance.enter(RuleState::Firing, now);
        instance.clears = 0;
        let graver = seen.level > instance.level;
        instance.level = instance.level.max(seen.level);
        return Some(if graver { Act::Raise } else { Act::Refire });
    }
    if !seen.clear {
        instance.clears = 0;
        return None;
    }
    instance.clears += 1;
    if instance.clears < rule.m_clears {
        return None;
    }
    instance.rest(now);
    rule.auto_resolve.then_some(Act::Resolve)
}

fn muted(rule: &RuleSpec, instance: &mut Instance, seen: Seen, now: DateTime<Utc>) -> Option<Act> {
    if seen.clear {
        instance.clears += 1;
        if instance.clears >= rule.m_clears {
            instance.rest(now);
        }
        return None;
    }
    instance.clears = 0;
    let over = now - instance.since >= Duration::seconds(rule.reopen_after_seconds.into());
    if seen.level == 0 || !over {
        return None;
    }
    instance.enter(RuleState::Firing, now);
    (instance.level, instance.falls) = (seen.level, 0);
    Some(Act::Fire)
}

#[cfg(test)]
mod tests;
