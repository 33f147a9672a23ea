//! Dates and times as people write them.

use crate::calendar::BusinessZone;
use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use domain::ingest::{DateEvidence, DateOrder};

/// A time as written: local to the zone of the import, or with its own offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Local(NaiveDateTime),
    Fixed(DateTime<Utc>),
}

/// What the clock change did to a local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// The time does not exist; the end of the gap counts.
    Gap,
    /// The time exists twice; the first counts.
    Overlap,
}

/// Counts what a value proves about day and month of its column. Only slashes and hyphens are
/// written both ways; dates with points are day first everywhere.
pub fn weigh(text: &str, evidence: &mut DateEvidence) {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return;
    }
    let date = text.split([' ', 'T']).next().unwrap_or(text);
    let Some((first, second, _)) = short_date(date, &['/', '-']) else { return };
    match (first, second) {
        (13..=31, 1..=12) => evidence.day_first += 1,
        (1..=12, 13..=31) => evidence.month_first += 1,
        (1..=12, 1..=12) if first != second => evidence.unclear += 1,
        _ => {}
    }
}

/// `a/b/yyyy` into its numbers.
fn short_date(date: &str, marks: &[char]) -> Option<(u32, u32, i32)> {
    let mark = date.chars().find(|c| marks.contains(c))?;
    let mut parts = date.split(mark);
    let (a, b, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || a.len() > 2 || b.len() > 2 || year.len() != 4 {
        return None;
    }
    Some((number(a)?, number(b)?, i32::try_from(number(year)?).ok()?))
}

fn number(text: &str) -> Option<u32> {
    if text.is_empty() || text.len() > 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        None
    } else {
        text.parse().ok()
    }
}

/// Reads a time. Years before 1970 are not read: they are slips, and no sale of a running shop.
#[must_use]
pub fn parse(text: &str, order: DateOrder) -> Option<Written> {
    let text = text.trim();
    let (date, rest) = match text.find([' ', 'T']) {
        Some(at)
            if text.as_bytes().first().is_some_and(u8::is_ascii_digit)
                && numeric_date(&text[..at], order).is_some() =>
        {
            (numeric_date(&text[..at], order)?, &text[at + 1..])
        }
        _ => match numeric_date(text, order) {
            Some(date) => (date, ""),
            None => worded_date(text)?,
        },
    };
    if !(1970..=2200).contains(&chrono::Datelike::year(&date)) {
        return None;
    }
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(Written::Local(date.and_time(NaiveTime::MIN)));
    }
    let (clock, offset) = split_offset(rest)?;
    let local = date.and_time(clock_time(clock)?);
    Some(match offset {
        None => Written::Local(local),
        Some(offset) => Written::Fixed(offset.from_local_datetime(&local).single()?.with_timezone(&Utc)),
    })
}

fn numeric_date(date: &str, order: DateOrder) -> Option<NaiveDate> {
    let bytes = date.as_bytes();
    if bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && matches!(bytes[4], b'-' | b'/' | b'.') {
        let mut parts = date.split(['-', '/', '.']);
        let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
        let valid = parts.next().is_none() && y.len() == 4 && m.len() <= 2 && d.len() <= 2;
        return valid
            .then_some(())
            .and_then(|()| NaiveDate::from_ymd_opt(i32::try_from(number(y)?).ok()?, number(m)?, number(d)?));
    }
    if bytes.len() == 8 && bytes.iter().all(u8::is_ascii_digit) {
        return NaiveDate::from_ymd_opt(
            i32::try_from(number(&date[..4])?).ok()?,
            number(&date[4..6])?,
            number(&date[6..])?,
        );
    }
    if let Some((day, month, year)) = short_date(date, &['.']) {
        return NaiveDate::from_ymd_opt(year, month, day);
    }
    let (a, b, year) = short_date(date, &['/', '-'])?;
    match order {
        DateOrder::DayFirst => NaiveDate::from_ymd_opt(year, b, a),
        DateOrder::MonthFirst => NaiveDate::from_ymd_opt(year, a, b),
    }
}

/// `1 Dec 2010 …`, `Dec 1, 2010 …`, `01-Dec-2010 …`: the date and the text behind it.
fn worded_date(text: &str) -> Option<(NaiveDate, &str)> {
    let mut parts: Vec<&str> = Vec::with_capacity(3);
    let mut rest = text;
    while parts.len() < 3 {
        rest = rest.trim_start_matches([' ', ',', '-', '/']);
        let end = rest.find([' ', ',', '-', '/']).filter(|at| *at > 0).unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        parts.push(&rest[..end]);
        rest = &rest[end..];
    }
    let (day, month, year) = match (number(parts[0]), month_of(parts[0])) {
        (Some(day), _) => (day, month_of(parts[1])?, number(parts[2])?),
        (None, Some(month)) => (number(parts[1])?, month, number(parts[2])?),
        (None, None) => return None,
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    Some((date, rest.trim_start_matches([' ', ',', 'T'])))
}

fn month_of(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = word.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|m| *m == start)?;
    word.bytes().all(|b| b.is_ascii_alphabetic()).then(|| u32::try_from(at + 1).ok()).flatten()
}

/// The clock part, and the offset if one is written.
fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock.trim_end(), FixedOffset::east_opt(0)));
    }
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at > 0) else { return Some((text, None)) };
    let sign = if text.as_bytes().get(at) == Some(&b'-') { -1 } else { 1 };
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits)?, 0),
        4 => (number(&digits[..2])?, number(&digits[2..])?),
        _ => return None,
    };
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    Some((text[..at].trim_end(), Some(FixedOffset::east_opt(sign * seconds)?)))
}

fn clock_time(text: &str) -> Option<NaiveTime> {
    let lower = text.to_ascii_lowercase();
    let (clock, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        _ => (lower.as_str(), None),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, nano) = match parts.next() {
        None => (0, 0),
        Some(text) => match text.split_once('.') {
            None => (number(text)?, 0),
            Some((whole, fraction)) => {
                let digits: String = fraction.chars().chain("000000000".chars()).take(6).collect();
                (number(whole)?, number(&digits)? * 1000)
            }
        },
    };
    if parts.next().is_some() {
        return None;
    }
    let hour = match half {
        None => hour,
        Some(add) if (1..=12).contains(&hour) => hour % 12 + add,
        Some(_) => return None,
    };
    NaiveTime::from_hms_nano_opt(hour, minute, second, nano)
}

/// The instant of a local time, and whether the clock change made it doubtful.
#[must_use]
pub fn instant(zone: BusinessZone, local: NaiveDateTime) -> (DateTime<Utc>, Option<ClockChange>) {
    let at = zone.earliest_instant(local);
    let change = if zone.local(at).naive_local() != local {
        Some(ClockChange::Gap)
    } else if zone.local(at + Duration::hours(1)).naive_local() == local {
        Some(ClockChange::Overlap)
    } else {
        None
    };
    (at, change)
}

/// A reading of a text that is no time as it stands. It is shown as a proposal and never applied by itself.
#[must_use]
pub fn propose(text: &str, order: DateOrder) -> Option<String> {
    let text = text.trim();
    let letters: String = text
        .chars()
        .map(|c| match c {
            'O' | 'o' => '0',
            'l' | 'I' => '1',
            other => other,
        })
        .collect();
    let swapped = || {
        // 2010-25-12: day and month changed places.
        let (date, rest) = letters.split_at(letters.find([' ', 'T']).unwrap_or(letters.len()));
        let parts: Vec<&str> = date.split(['-', '/']).collect();
        match parts.as_slice() {
            [a, b, c] if a.len() == 4 => Some(format!("{a}-{c}-{b}{rest}")),
            [a, b, c] => Some(format!("{b}/{a}/{c}{rest}")),
            _ => None,
        }
    };
    let century = || {
        // 01/12/10: two digits of the year.
        let (date, rest) = letters.split_at(letters.find([' ', 'T']).unwrap_or(letters.len()));
        let at = date.rfind(['/', '-', '.'])?;
        (date.len() - at == 3).then(|| format!("{}20{}{rest}", &date[..=at], &date[at + 1..]))
    };
    let doubled =
        || Some(letters.split_whitespace().collect::<Vec<_>>().join(" ").replace(['.', '_'], "-").replace("--", "-"));
    [Some(letters.clone()), swapped(), century(), doubled()].into_iter().flatten().find_map(|guess| {
        let written = parse(&guess, order)?;
        Some(match written {
            Written::Local(local) => local.format("%Y-%m-%d %H:%M:%S").to_string(),
            Written::Fixed(at) => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str, order: DateOrder) -> Option<String> {
        match parse(text, order)? {
            Written::Local(t) => Some(t.to_string()),
            Written::Fixed(t) => Some(t.to_rfc3339()),
        }
    }

    #[test]
    fn common_spellings_are_read() {
        let day = DateOrder::DayFirst;
        for text in [
            "2010-12-01 08:26:00",
            "2010-12-01T08:26",
            "1/12/2010 8:26",
            "01.12.2010 08:26",
            "1 Dec 2010 8:26 am",
            "Dec 1, 2010 08:26",
            "01-Dec-2010 08:26:00.000",
            "20101201 08:26",
            "2010/12/1 8:26",
        ] {
            assert_eq!(local(text, day).as_deref(), Some("2010-12-01 08:26:00"), "{text}");
        }
        assert_eq!(local("12/1/2010 8:26 PM", DateOrder::MonthFirst).as_deref(), Some("2010-12-01 20:26:00"));
        assert_eq!(local("2010-12-01", day).as_deref(), Some("2010-12-01 00:00:00"));
        assert_eq!(local("2010-12-01T08:26:00+05:30", day).as_deref(), Some("2010-12-01T02:56:00+00:00"));
        assert_eq!(local("2010-12-01 08:26:00Z", day).as_deref(), Some("2010-12-01T08:26:00+00:00"));
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "soon",
            "2010-13-01 08:26",
            "2010-02-30",
            "25:00",
            "2010-12-01 24:01",
            "1/2/10",
            "0001-01-01",
            "40513.35",
            "2010-12-01 8",
        ] {
            assert_eq!(parse(text, DateOrder::DayFirst), None, "{text}");
        }
    }

    #[test]
    fn slips_get_a_proposal() {
        let propose = |text| propose(text, DateOrder::DayFirst);
        assert_eq!(propose("2010-25-12 08:26").as_deref(), Some("2010-12-25 08:26:00"));
        assert_eq!(propose("2O10-12-01 08:26").as_deref(), Some("2010-12-01 08:26:00"));
        assert_eq!(propose("01/12/10 08:26").as_deref(), Some("2010-12-01 08:26:00"));
        assert_eq!(propose("soon"), None);
        assert_eq!(propose(""), None);
    }

    #[test]
    fn clock_changes_take_the_earliest_instant_and_say_so() {
        let london = BusinessZone::parse("Europe/London").unwrap();
        let at = |text: &str| match parse(text, DateOrder::DayFirst) {
            Some(Written::Local(t)) => instant(london, t),
            _ => unreachable!(),
        };
        assert_eq!(at("2011-03-27 01:30"), ("2011-03-27T01:00:00Z".parse().unwrap(), Some(ClockChange::Gap)));
        assert_eq!(at("2010-10-31 01:30"), ("2010-10-31T00:30:00Z".parse().unwrap(), Some(ClockChange::Overlap)));
        assert_eq!(at("2011-05-31 14:00"), ("2011-05-31T13:00:00Z".parse().unwrap(), None));
    }

    #[test]
    fn evidence_of_day_and_month() {
        let mut e = DateEvidence::default();
        for text in ["03/04/2025", "13/04/2025", "4/14/2025 10:00", "03.04.2025", "2025-04-03", "5/5/2025"] {
            weigh(text, &mut e);
        }
        assert_eq!((e.day_first, e.month_first, e.unclear), (1, 1, 1));
    }
}
