//! Rules as people write them: `cust_orders_90d >= 5 and amount > 5 * cust_mean_90d`. Text and tree say the same: what is
//! printed reads back as the tree it came from.

use super::{
    expression::{Constant, Expression},
    feature::Feature,
};
use rust_decimal::Decimal;
use std::fmt;

/// Most characters of a formula.
pub const MOST_CHARACTERS: usize = 2_000;
/// Parentheses and `not` within each other; far more than a tree may have levels.
const MOST_NESTED: usize = 32;

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaFault {
    /// Both from 1.
    pub line: usize,
    pub position: usize,
    pub told: String,
}

impl fmt::Display for FormulaFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line {}, position {}: {}", self.line, self.position, self.told)
    }
}

/// How strongly a part holds together; the weaker stands in parentheses within the stronger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Any,
    All,
    Not,
    Comparison,
    Sum,
    Product,
    Single,
}

impl Expression {
    fn strength(&self) -> Strength {
        match self {
            // Of less than two parts they are written as calls.
            Self::Any(parts) if parts.len() > 1 => Strength::Any,
            Self::All(parts) if parts.len() > 1 => Strength::All,
            Self::Not(_) => Strength::Not,
            Self::Gt(..)
            | Self::Ge(..)
            | Self::Lt(..)
            | Self::Le(..)
            | Self::Eq(..)
            | Self::Ne(..)
            | Self::In(..)
            | Self::Between(..) => Strength::Comparison,
            Self::Add(..) | Self::Sub(..) => Strength::Sum,
            Self::Mul(..) | Self::Div(..) => Strength::Product,
            Self::All(_) | Self::Any(_) | Self::Feature(_) | Self::Const(_) => Strength::Single,
        }
    }

    /// The tree as people read it.
    #[must_use]
    pub fn formula(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, Strength::Any);
        text
    }

    fn write(&self, text: &mut String, within: Strength) {
        if self.strength() < within {
            text.push('(');
            self.write_bare(text);
            text.push(')');
        } else {
            self.write_bare(text);
        }
    }

    fn write_bare(&self, text: &mut String) {
        match self {
            Self::All(parts) => many(text, parts, "all", " and ", Strength::Not),
            Self::Any(parts) => many(text, parts, "any", " or ", Strength::All),
            Self::Not(part) => {
                text.push_str("not ");
                // `not a = b` would read as if only a were meant.
                let bare = matches!(**part, Self::Not(_));
                part.write(text, if bare { Strength::Not } else { Strength::Single });
            }
            Self::Gt(a, b) => two(text, a, " > ", b, Strength::Sum),
            Self::Ge(a, b) => two(text, a, " >= ", b, Strength::Sum),
            Self::Lt(a, b) => two(text, a, " < ", b, Strength::Sum),
            Self::Le(a, b) => two(text, a, " <= ", b, Strength::Sum),
            Self::Eq(a, b) => two(text, a, " = ", b, Strength::Sum),
            Self::Ne(a, b) => two(text, a, " != ", b, Strength::Sum),
            Self::In(part, list) => {
                part.write(text, Strength::Sum);
                let list: Vec<String> = list.iter().map(constant).collect();
                text.push_str(" in (");
                text.push_str(&list.join(", "));
                text.push(')');
            }
            Self::Between(part, low, high) => {
                part.write(text, Strength::Sum);
                text.push_str(" between ");
                two(text, low, " and ", high, Strength::Sum);
            }
            Self::Add(a, b) => left(text, a, " + ", b, Strength::Sum, Strength::Product),
            Self::Sub(a, b) => left(text, a, " - ", b, Strength::Sum, Strength::Product),
            Self::Mul(a, b) => left(text, a, " * ", b, Strength::Product, Strength::Single),
            Self::Div(a, b) => left(text, a, " / ", b, Strength::Product, Strength::Single),
            Self::Feature(feature) => text.push_str(feature.as_str()),
            Self::Const(value) => text.push_str(&constant(value)),
        }
    }

    /// Reads a formula. It may still be of the wrong type or too large: [`Expression::check`] says so.
    ///
    /// # Errors
    /// The first fault, where it is, and what was expected there.
    pub fn read(text: &str) -> Result<Self, FormulaFault> {
        let tokens = tokens(text)?;
        let mut reader = Reader { tokens: &tokens, at: 0, nested: 0 };
        let tree = reader.any()?;
        match reader.next() {
            Token::End => Ok(tree),
            _ => Err(reader.wrong("\"and\", \"or\" or the end")),
        }
    }
}

fn two(text: &mut String, a: &Expression, sign: &str, b: &Expression, within: Strength) {
    left(text, a, sign, b, within, within);
}

fn left(text: &mut String, a: &Expression, sign: &str, b: &Expression, first: Strength, second: Strength) {
    a.write(text, first);
    text.push_str(sign);
    b.write(text, second);
}

fn many(text: &mut String, parts: &[Expression], name: &str, sign: &str, within: Strength) {
    let called = parts.len() < 2;
    if called {
        text.push_str(name);
        text.push('(');
    }
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            text.push_str(sign);
        }
        part.write(text, if called { Strength::Any } else { within });
    }
    if called {
        text.push(')');
    }
}

fn constant(constant: &Constant) -> String {
    match constant {
        Constant::Truth(truth) => truth.to_string(),
        Constant::Number(number) => number.to_string(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A name or a word of the language.
    Word(&'a str),
    Number(&'a str),
    Sign(&'a str),
    End,
}

/// A token and where it begins, in characters.
type Placed<'a> = (Token<'a>, usize, usize);

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn tokens(text: &str) -> Result<Vec<Placed<'_>>, FormulaFault> {
    let mut found = Vec::new();
    let (mut line, mut position) = (1, 1);
    if text.chars().count() > MOST_CHARACTERS {
        let told = format!("A formula has {MOST_CHARACTERS} characters at most.");
        return Err(FormulaFault { line, position, told });
    }
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = if c.is_ascii_alphabetic() || c == '_' {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            found.push((Token::Word(&rest[..end]), line, position));
            end
        } else if c.is_ascii_digit() {
            let end = rest.find(|c: char| !is_word(c) && c != '.').unwrap_or(rest.len());
            found.push((Token::Number(&rest[..end]), line, position));
            end
        } else if c.is_whitespace() {
            c.len_utf8()
        } else {
            let sign = ["!=", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "(", ")", ","];
            let Some(sign) = sign.into_iter().find(|sign| rest.starts_with(sign)) else {
                let told = format!("\u{201c}{c}\u{201d} has no meaning here.");
                return Err(FormulaFault { line, position, told });
            };
            found.push((Token::Sign(sign), line, position));
            sign.len()
        };
        if c == '\n' {
            (line, position) = (line + 1, 1);
        } else {
            position += rest[..taken].chars().count();
        }
        rest = &rest[taken..];
    }
    found.push((Token::End, line, position));
    Ok(found)
}

/// What may stand where a value begins.
const VALUE: &str = "a feature, a number, \"true\", \"false\" or \"(\"";

struct Reader<'a> {
    tokens: &'a [Placed<'a>],
    at: usize,
    nested: usize,
}

impl<'a> Reader<'a> {
    fn placed(&self) -> Placed<'a> {
        self.tokens.get(self.at).or(self.tokens.last()).copied().unwrap_or((Token::End, 1, 1))
    }

    fn next(&self) -> Token<'a> {
        self.placed().0
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.next(), Token::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// Takes the word if it is the next.
    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.next() == Token::Sign(sign);
        self.at += usize::from(found);
        found
    }

    fn fault(&self, told: String) -> FormulaFault {
        let (_, line, position) = self.placed();
        FormulaFault { line, position, told }
    }

    fn wrong(&self, expected: &str) -> FormulaFault {
        let found = match self.next() {
            Token::End => "the end".to_owned(),
            Token::Word(text) | Token::Number(text) | Token::Sign(text) => format!("\u{201c}{text}\u{201d}"),
        };
        self.fault(format!("expected {expected}, found {found}."))
    }

    fn want(&mut self, sign: &str) -> Result<(), FormulaFault> {
        if self.sign(sign) { Ok(()) } else { Err(self.wrong(&format!("\"{sign}\""))) }
    }

    /// Goes one step further in; too deep is a fault.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, FormulaFault>) -> Result<T, FormulaFault> {
        if self.nested == MOST_NESTED {
            return Err(self.fault("this is nested too deeply.".to_owned()));
        }
        self.nested += 1;
        let result = read(self);
        self.nested -= 1;
        result
    }

    fn any(&mut self) -> Result<Expression, FormulaFault> {
        self.listed("or", Self::all, Expression::Any)
    }

    fn all(&mut self) -> Result<Expression, FormulaFault> {
        self.listed("and", Self::not, Expression::All)
    }

    fn listed(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Expression, FormulaFault>,
        whole: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression, FormulaFault> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.word(word) {
            parts.push(part(self)?);
        }
        Ok(whole(parts))
    }

    fn not(&mut self) -> Result<Expression, FormulaFault> {
        if self.word("not") {
            return Ok(Expression::Not(Box::new(self.deeper(Self::not)?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, FormulaFault> {
        let first = Box::new(self.sum()?);
        if self.word("in") {
            return Ok(Expression::In(first, self.constants()?));
        }
        if self.word("between") {
            let low = Box::new(self.sum()?);
            if !self.word("and") {
                return Err(self.wrong("\"and\""));
            }
            return Ok(Expression::Between(first, low, Box::new(self.sum()?)));
        }
        type Compared = fn(Box<Expression>, Box<Expression>) -> Expression;
        let compared: Compared = match self.next() {
            Token::Sign("=") => Expression::Eq,
            Token::Sign("!=") => Expression::Ne,
            Token::Sign("<") => Expression::Lt,
            Token::Sign("<=") => Expression::Le,
            Token::Sign(">") => Expression::Gt,
            Token::Sign(">=") => Expression::Ge,
            _ => return Ok(*first),
        };
        self.at += 1;
        Ok(compared(first, Box::new(self.sum()?)))
    }

    fn sum(&mut self) -> Result<Expression, FormulaFault> {
        let mut whole = self.product()?;
        loop {
            if self.sign("+") {
                whole = Expression::Add(Box::new(whole), Box::new(self.product()?));
            } else if self.sign("-") {
                whole = Expression::Sub(Box::new(whole), Box::new(self.product()?));
            } else {
                return Ok(whole);
            }
        }
    }

    fn product(&mut self) -> Result<Expression, FormulaFault> {
        let mut whole = self.single()?;
        loop {
            if self.sign("*") {
                whole = Expression::Mul(Box::new(whole), Box::new(self.single()?));
            } else if self.sign("/") {
                whole = Expression::Div(Box::new(whole), Box::new(self.single()?));
            } else {
                return Ok(whole);
            }
        }
    }

    fn single(&mut self) -> Result<Expression, FormulaFault> {
        if self.sign("(") {
            let within = self.deeper(Self::any)?;
            self.want(")")?;
            return Ok(within);
        }
        for (name, whole) in [("all", Expression::All as fn(Vec<Expression>) -> Expression), ("any", Expression::Any)] {
            if self.word(name) {
                self.want("(")?;
                if self.sign(")") {
                    return Ok(whole(Vec::new()));
                }
                let within = self.deeper(Self::any)?;
                self.want(")")?;
                return Ok(whole(vec![within]));
            }
        }
        if let Some(constant) = self.constant()? {
            return Ok(Expression::Const(constant));
        }
        let Token::Word(word) = self.next() else { return Err(self.wrong(VALUE)) };
        if ["and", "or", "not", "in", "between"].iter().any(|own| word.eq_ignore_ascii_case(own)) {
            return Err(self.wrong(VALUE));
        }
        let Some(feature) = Feature::parse(&word.to_ascii_lowercase()) else {
            let nearest = nearest(word).map(|key| format!(" Did you mean \u{201c}{key}\u{201d}?"));
            let told = format!("there is no feature \u{201c}{word}\u{201d}.{}", nearest.unwrap_or_default());
            return Err(self.fault(told));
        };
        self.at += 1;
        Ok(Expression::Feature(feature))
    }

    fn constants(&mut self) -> Result<Vec<Constant>, FormulaFault> {
        self.want("(")?;
        let mut list = Vec::new();
        if self.sign(")") {
            return Ok(list);
        }
        loop {
            list.push(self.constant()?.ok_or_else(|| self.wrong("a number, \"true\" or \"false\""))?);
            if self.sign(")") {
                return Ok(list);
            }
            if !self.sign(",") {
                return Err(self.wrong("\",\" or \")\""));
            }
        }
    }

    /// A constant if one is next, with its sign.
    fn constant(&mut self) -> Result<Option<Constant>, FormulaFault> {
        if self.word("true") {
            return Ok(Some(Constant::Truth(true)));
        }
        if self.word("false") {
            return Ok(Some(Constant::Truth(false)));
        }
        let negative = self.sign("-");
        let Token::Number(text) = self.next() else {
            return if negative { Err(self.wrong("a number")) } else { Ok(None) };
        };
        let number: Decimal = text.parse().map_err(|_| self.fault(format!("\u{201c}{text}\u{201d} is no number.")))?;
        self.at += 1;
        Ok(Some(Constant::Number(if negative { -number } else { number })))
    }
}

/// The key that differs least, if it is near enough to be what was meant.
fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let keys = Feature::ALL.iter().map(|feature| (distance(&word, feature.as_str()), feature.as_str()));
    keys.min().filter(|(away, _)| *away <= word.len().div_ceil(3).max(2)).map(|(_, key)| key)
}

/// Letters to change, add or drop (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
