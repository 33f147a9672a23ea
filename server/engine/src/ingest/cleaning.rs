//! Cleaning: what accepted cleanings make of a cell, and what else could be proposed. Keys (order
//! reference, line number) and times are never cleaned, and a row is recognised by its cells as they
//! came, so that the same file is the same with or without cleaning.

use super::number;
use domain::{
    format,
    ingest::{Cleaning, CleaningRule, DecimalMark, Field, Mapping, Proposal, edit_distance},
    money::Currency,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Fields whose inner spaces are looked at.
const TEXTS: [Field; 4] = [Field::Sku, Field::Description, Field::CustomerRef, Field::Country];
/// Fields whose words are counted.
const WORDS: [Field; 4] = [Field::Sku, Field::Country, Field::Status, Field::PaymentMethod];
/// Different words of a field that are counted.
const MOST_WORDS: usize = 50_000;
/// Words that are compared with each other; a column with more holds no countries, or codes without any sense.
const MOST_COMPARED: usize = 1_000;
/// Proposals for words of one field, the most frequent first.
const MOST_PROPOSALS: usize = 100;
/// Shorter words are too near to each other.
const LETTERS: usize = 5;
const SLIPS: usize = 2;

const STATUSES: [&str; 7] = ["approved", "released", "held", "pending", "declined", "failed", "cancelled"];
const PAYMENTS: [&str; 6] = ["credit_card", "debit_card", "paypal", "bank_transfer", "cash", "crypto"];
const UNITS: [&str; 9] = ["pcs", "pc", "pieces", "piece", "units", "unit", "each", "ea", "x"];

/// Words the target knows for a field that takes only some.
pub const fn words_of(field: Field) -> &'static [&'static str] {
    match field {
        Field::Status => &STATUSES,
        Field::PaymentMethod => &PAYMENTS,
        _ => &[],
    }
}

/// The target's word for another one that means the same.
pub fn synonym(field: Field, text: &str) -> Option<&'static str> {
    let plain = text.trim().to_lowercase();
    match (field, plain.as_str()) {
        (Field::Status, "completed" | "complete" | "paid" | "done" | "ok") => Some("approved"),
        (Field::Status, "canceled" | "void" | "voided") => Some("cancelled"),
        (Field::Status, "rejected" | "refused") => Some("declined"),
        (Field::Status, "on hold" | "hold" | "in review") => Some("held"),
        (Field::Status, "open" | "new") => Some("pending"),
        (Field::PaymentMethod, "card" | "cc" | "creditcard" | "visa" | "mastercard" | "amex") => Some("credit_card"),
        (Field::PaymentMethod, "debit" | "debitcard" | "maestro") => Some("debit_card"),
        (Field::PaymentMethod, "wire" | "transfer" | "sepa" | "bank") => Some("bank_transfer"),
        (Field::PaymentMethod, "pay pal") => Some("paypal"),
        (Field::PaymentMethod, "bitcoin" | "btc") => Some("crypto"),
        _ => None,
    }
}

/// Spaces of any kind, several in a row, and characters nobody sees.
fn squeezed(text: &str) -> Option<String> {
    let invisible = |c: char| matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{ad}');
    let ascii_clean = text.is_ascii() && !text.contains("  ") && !text.contains(['\t', '\n', '\r']);
    if ascii_clean {
        return None;
    }
    let seen: String = text.chars().filter(|c| !invisible(*c)).collect();
    let after = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    (after != text).then_some(after)
}

/// A number without the sign of the import's own currency, or without a unit of count.
fn bare(field: Field, text: &str, currency: Currency) -> Option<String> {
    let strip = |text: &str, mark: &str| -> Option<String> {
        let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let rest = rest.trim();
        let end = rest.len().checked_sub(mark.len())?;
        let starts = rest.get(..mark.len()).is_some_and(|s| s.eq_ignore_ascii_case(mark));
        let ends = rest.get(end..).is_some_and(|s| s.eq_ignore_ascii_case(mark));
        let number = if starts {
            rest.get(mark.len()..)
        } else if ends {
            rest.get(..end)
        } else {
            None
        }?;
        Some(format!("{sign}{}", number.trim()))
    };
    match field {
        Field::UnitPrice => strip(text, &format::symbol(currency)).or_else(|| strip(text, currency.as_str())),
        Field::Quantity => UNITS.iter().find_map(|unit| strip(text, unit)),
        _ => None,
    }
}

/// Applies accepted cleanings.
#[derive(Debug)]
pub struct Cleaner {
    spaces: BTreeSet<Field>,
    units: BTreeSet<Field>,
    words: BTreeMap<Field, HashMap<String, String>>,
    fields: Vec<Field>,
    currency: Currency,
    marks: (DecimalMark, DecimalMark),
}

impl Cleaner {
    /// `marks`: decimal marks of quantity and unit price.
    pub fn new(mapping: &Mapping, marks: (DecimalMark, DecimalMark)) -> Self {
        let mut cleaner = Self {
            spaces: BTreeSet::new(),
            units: BTreeSet::new(),
            words: BTreeMap::new(),
            fields: Vec::new(),
            currency: mapping.options.currency,
            marks,
        };
        for Cleaning { rule, field, word } in &mapping.cleanings {
            match (rule, word) {
                (CleaningRule::Spaces, _) if TEXTS.contains(field) => drop(cleaner.spaces.insert(*field)),
                (CleaningRule::Unit, _) => drop(cleaner.units.insert(*field)),
                (_, Some((before, after))) if WORDS.contains(field) => {
                    cleaner.words.entry(*field).or_default().insert(before.clone(), after.clone());
                }
                _ => continue,
            }
            if !cleaner.fields.contains(field) {
                cleaner.fields.push(*field);
            }
        }
        cleaner
    }

    /// The cells that become others; mostly none.
    pub fn clean<'r>(&self, cell: impl Fn(Field) -> &'r str) -> Vec<(Field, String)> {
        let mut changed = Vec::new();
        for &field in &self.fields {
            let came = cell(field);
            if came.is_empty() {
                continue;
            }
            let squeezed = if self.spaces.contains(&field) { squeezed(came) } else { None };
            let text = squeezed.as_deref().unwrap_or(came);
            let word = self.words.get(&field).and_then(|words| words.get(came).or_else(|| words.get(text))).cloned();
            let number = if word.is_none() && self.units.contains(&field) { self.number(field, text) } else { None };
            if let Some(after) = word.or(number).or(squeezed) {
                changed.push((field, after));
            }
        }
        changed
    }

    fn number(&self, field: Field, text: &str) -> Option<String> {
        let mark = if field == Field::Quantity { self.marks.0 } else { self.marks.1 };
        if number::parse(text, mark).is_some() {
            return None;
        }
        bare(field, text, self.currency).filter(|bare| number::parse(bare, mark).is_some())
    }
}

/// Words that are recorded already, which a slip may have meant.
#[derive(Debug, Default)]
pub struct KnownWords {
    pub skus: Vec<String>,
    pub countries: Vec<String>,
}

/// Watches the cells of a whole file for what could be cleaned.
#[derive(Debug)]
pub struct Observer {
    /// Rules of all cells: the first example, and how many rows.
    cells: BTreeMap<(CleaningRule, Field), (String, String, u32)>,
    words: BTreeMap<Field, HashMap<Box<str>, u32>>,
    known: KnownWords,
}

impl Observer {
    pub fn new(known: KnownWords) -> Self {
        let words = WORDS.into_iter().map(|field| (field, HashMap::new())).collect();
        Self { cells: BTreeMap::new(), words, known }
    }

    /// Looks at one row as it came; `cleaner` brings currency and marks.
    pub fn see<'r>(&mut self, cleaner: &Cleaner, cell: impl Fn(Field) -> &'r str) {
        for field in TEXTS {
            let text = cell(field);
            if let Some(after) = squeezed(text) {
                self.note(CleaningRule::Spaces, field, text, after);
            }
        }
        for field in [Field::Quantity, Field::UnitPrice] {
            let text = cell(field);
            if text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'-')) {
                continue;
            }
            if let Some(after) = cleaner.number(field, text) {
                self.note(CleaningRule::Unit, field, text, after);
            }
        }
        for (field, words) in &mut self.words {
            let text = cell(*field);
            if let Some(rows) = words.get_mut(text) {
                *rows += 1;
            } else if !text.is_empty() && words.len() < MOST_WORDS {
                words.insert(text.into(), 1);
            }
        }
    }

    fn note(&mut self, rule: CleaningRule, field: Field, before: &str, after: String) {
        self.cells.entry((rule, field)).or_insert_with(|| (before.to_owned(), after, 0)).2 += 1;
    }

    /// Everything that could be cleaned, and what is `accepted` already.
    pub fn proposals(self, accepted: &[Cleaning]) -> Vec<Proposal> {
        let mut all: Vec<Proposal> = Vec::new();
        for ((rule, field), (before, after, rows)) in &self.cells {
            let cleaning = Cleaning { rule: *rule, field: *field, word: None };
            all.push(Proposal { cleaning, before: before.clone(), after: after.clone(), rows: *rows });
        }
        for (field, words) in &self.words {
            let mut found: BTreeMap<String, (CleaningRule, String)> = match field {
                Field::Country => country_words(words, &self.known.countries),
                Field::Sku => sku_words(words, &self.known.skus),
                _ => fixed_words(*field, words),
            };
            // What was accepted stays in sight, so that it can be refused again.
            for cleaning in accepted.iter().filter(|c| c.field == *field) {
                if let Some((before, after)) = cleaning.word.clone() {
                    found.insert(before, (cleaning.rule, after));
                }
            }
            let mut proposed: Vec<Proposal> = found
                .into_iter()
                .filter_map(|(before, (rule, after))| {
                    let rows = *words.get(before.as_str())?;
                    let cleaning = Cleaning { rule, field: *field, word: Some((before.clone(), after.clone())) };
                    Some(Proposal { cleaning, before, after, rows })
                })
                .collect();
            proposed.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.before.cmp(&b.before)));
            proposed.truncate(MOST_PROPOSALS);
            all.extend(proposed);
        }
        all
    }
}

type Found = BTreeMap<String, (CleaningRule, String)>;

/// Fields that take only some words: synonyms, then slips.
fn fixed_words(field: Field, words: &HashMap<Box<str>, u32>) -> Found {
    let mut found = Found::new();
    for word in words.keys() {
        let plain = word.to_lowercase().replace([' ', '-'], "_");
        if words_of(field).contains(&plain.as_str()) {
            continue;
        }
        if let Some(meant) = synonym(field, word) {
            found.insert(word.to_string(), (CleaningRule::Synonym, meant.to_owned()));
        } else if let Some(meant) = nearest(&plain, words_of(field).iter().copied()) {
            found.insert(word.to_string(), (CleaningRule::NearMiss, meant.to_owned()));
        }
    }
    found
}

/// Countries: one spelling for each, and slips beside a recorded or a far more frequent one.
fn country_words(words: &HashMap<Box<str>, u32>, known: &[String]) -> Found {
    let mut found = Found::new();
    if words.len() > MOST_COMPARED {
        return found;
    }
    let mut spellings: BTreeMap<String, Vec<(&str, u32)>> = BTreeMap::new();
    for (word, rows) in words {
        spellings.entry(word.to_lowercase()).or_default().push((word, *rows));
    }
    let recorded: HashMap<String, &str> = known.iter().map(|k| (k.to_lowercase(), k.as_str())).collect();
    // Lower case → the spelling that counts, and its rows.
    let mut chosen: BTreeMap<&str, (&str, u32)> = BTreeMap::new();
    for list in spellings.values_mut() {
        list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    }
    for (plain, list) in &spellings {
        let first = list.first().map_or("", |(word, _)| *word);
        let best = recorded.get(plain).copied().unwrap_or(first);
        for (word, _) in list.iter().filter(|(word, _)| *word != best) {
            found.insert((*word).to_owned(), (CleaningRule::Case, best.to_owned()));
        }
        chosen.insert(plain, (best, list.iter().map(|(_, rows)| rows).sum()));
    }
    for (plain, (_, rows)) in &chosen {
        if recorded.contains_key(*plain) || plain.chars().count() < LETTERS {
            continue;
        }
        let frequent = chosen.iter().filter(|(_, (_, n))| *n >= rows.saturating_mul(10)).map(|(word, _)| *word);
        let Some(near) = nearest(plain, recorded.keys().map(String::as_str).chain(frequent)) else { continue };
        let meant = recorded.get(near).copied().or_else(|| chosen.get(near).map(|(word, _)| *word)).unwrap_or(near);
        for (word, _) in spellings.get(*plain).into_iter().flatten() {
            found.insert((*word).to_owned(), (CleaningRule::NearMiss, meant.to_owned()));
        }
    }
    found
}

/// Product codes that are not recorded, beside one that is: the same digits, at most two slips between
/// them. Codes that differ in a digit are different products.
fn sku_words(words: &HashMap<Box<str>, u32>, known: &[String]) -> Found {
    let digits = |code: &str| code.chars().filter(char::is_ascii_digit).collect::<String>();
    let recorded: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut alike: HashMap<String, Vec<&str>> = HashMap::new();
    for sku in known {
        alike.entry(digits(sku)).or_default().push(sku);
    }
    let mut found = Found::new();
    for word in words.keys() {
        let sku = word.to_uppercase();
        let key = digits(&sku);
        if recorded.contains(sku.as_str()) || sku.chars().count() < LETTERS {
            continue;
        }
        let Some(candidates) = alike.get(&key).filter(|list| list.len() <= MOST_COMPARED) else { continue };
        if let Some(near) = nearest(&sku, candidates.iter().copied()) {
            found.insert(word.to_string(), (CleaningRule::NearMiss, near.to_owned()));
        }
    }
    found
}

/// The one word at most two slips away; none when two are equally near.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.chars().count() < LETTERS {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    let mut tied = false;
    for candidate in candidates {
        if candidate.len().abs_diff(word.len()) > SLIPS * 4 || best.is_some_and(|(_, b)| b == candidate) {
            continue;
        }
        let distance = edit_distance(word, candidate);
        if distance == 0 || distance > SLIPS {
            continue;
        }
        match best {
            Some((least, _)) if distance > least => {}
            Some((least, _)) if distance == least => tied = true,
            _ => {
                best = Some((distance, candidate));
                tied = false;
            }
        }
    }
    best.filter(|_| !tied).map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[(&str, u32)]) -> HashMap<Box<str>, u32> {
        list.iter().map(|(word, rows)| ((*word).into(), *rows)).collect()
    }

    fn of(found: &Found, word: &str) -> Option<(CleaningRule, String)> {
        found.get(word).cloned()
    }

    #[test]
    fn spaces_nobody_sees_are_found_and_plain_text_is_left() {
        assert_eq!(squeezed("WHITE  METAL\u{a0}LANTERN").as_deref(), Some("WHITE METAL LANTERN"));
        assert_eq!(squeezed("Caf\u{e9}\u{200b} cup").as_deref(), Some("Caf\u{e9} cup"));
        assert_eq!((squeezed("Caf\u{e9} cup"), squeezed("A mug"), squeezed("")), (None, None, None));
    }

    #[test]
    fn only_the_sign_of_the_imports_currency_is_taken_off() {
        let gbp: Currency = "GBP".parse().unwrap();
        let price = |text| bare(Field::UnitPrice, text, gbp);
        assert_eq!(price("£2.55").as_deref(), Some("2.55"));
        assert_eq!(price("2.55 GBP").as_deref(), Some("2.55"));
        assert_eq!(price("-£ 5").as_deref(), Some("-5"));
        assert_eq!((price("$2.55"), price("2.55 EUR"), price("")), (None, None, None));
        assert_eq!(bare(Field::Quantity, "6 pcs", gbp).as_deref(), Some("6"));
        assert_eq!(bare(Field::Quantity, "2x", gbp).as_deref(), Some("2"));
    }

    #[test]
    fn countries_get_one_spelling_and_slips_are_named() {
        let found = country_words(
            &words(&[
                ("United Kingdom", 500),
                ("united kingdom", 3),
                ("Untied Kingdom", 2),
                ("France", 9),
                ("Greece", 8),
            ]),
            &["FRANCE".to_owned()],
        );
        assert_eq!(of(&found, "united kingdom"), Some((CleaningRule::Case, "United Kingdom".into())));
        assert_eq!(of(&found, "Untied Kingdom"), Some((CleaningRule::NearMiss, "United Kingdom".into())));
        assert_eq!(of(&found, "France"), Some((CleaningRule::Case, "FRANCE".into())), "as it is recorded");
        assert_eq!(of(&found, "Greece"), None);
    }

    #[test]
    fn product_codes_with_other_digits_are_other_products() {
        let known = ["GTX PRO".to_owned(), "85123A".to_owned()];
        let found = sku_words(&words(&[("GTXPro", 1480), ("85124A", 2), ("85123-A", 4), ("85123a", 7)]), &known);
        assert_eq!(of(&found, "GTXPro"), Some((CleaningRule::NearMiss, "GTX PRO".into())));
        assert_eq!(of(&found, "85123-A"), Some((CleaningRule::NearMiss, "85123A".into())));
        assert_eq!((of(&found, "85124A"), of(&found, "85123a")), (None, None));
    }

    #[test]
    fn a_column_of_free_text_costs_no_comparing() {
        let texts: Vec<String> = (0..40_000).map(|n| format!("free text {n}")).collect();
        let many: HashMap<Box<str>, u32> = texts.iter().map(|text| (text.as_str().into(), 1)).collect();
        assert!(country_words(&many, &[]).is_empty());
        let codes: Vec<String> = (0..2_000).map(|n| "X".repeat(n % 50 + 5)).collect();
        assert!(sku_words(&words(&[("XXXXXXY", 1)]), &codes).is_empty());
    }

    #[test]
    fn words_of_a_closed_list_are_translated_or_corrected() {
        let found =
            fixed_words(Field::Status, &words(&[("Paid", 4), ("aproved", 2), ("Approved", 9), ("whatever", 1)]));
        assert_eq!(of(&found, "Paid"), Some((CleaningRule::Synonym, "approved".into())));
        assert_eq!(of(&found, "aproved"), Some((CleaningRule::NearMiss, "approved".into())));
        assert_eq!((of(&found, "Approved"), of(&found, "whatever")), (None, None));
        assert!(fixed_words(Field::PaymentMethod, &words(&[("Credit Card", 1)])).is_empty());
    }
}
