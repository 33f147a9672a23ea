//! The house font on paper: which glyph stands for a letter, how wide a text is and where it breaks.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::{
    FontRef, MetadataProvider,
    charmap::Charmap,
    instance::{LocationRef, Size},
    metrics::GlyphMetrics,
};

const REGULAR: &[u8] = include_bytes!("../../../fonts/Inter-Regular.ttf");
const SEMI_BOLD: &[u8] = include_bytes!("../../../fonts/Inter-SemiBold.ttf");
/// What stands for a letter that the font has not.
const UNKNOWN: char = '\u{fffd}';
const CUT: char = '\u{2026}';

/// How strong a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Regular,
    Strong,
}

/// One weight of the font.
pub struct Face {
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    units_per_em: f32,
    font: Font,
}

/// Both weights.
pub struct Faces {
    regular: Face,
    strong: Face,
}

impl Faces {
    /// None: the files are no fonts.
    pub fn open() -> Option<Self> {
        Some(Self { regular: Face::open(REGULAR)?, strong: Face::open(SEMI_BOLD)? })
    }

    pub const fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Strong => &self.strong,
        }
    }
}

impl Face {
    fn open(bytes: &'static [u8]) -> Option<Self> {
        let parsed = FontRef::new(bytes).ok()?;
        let font = Font::new(bytes.into(), 0)?;
        let widths = parsed.glyph_metrics(Size::unscaled(), LocationRef::default());
        Some(Self { letters: parsed.charmap(), widths, units_per_em: font.units_per_em(), font })
    }

    pub fn font(&self) -> Font {
        self.font.clone()
    }

    fn glyph(&self, letter: char) -> skrifa::GlyphId {
        self.letters.map(letter).or_else(|| self.letters.map(UNKNOWN)).unwrap_or_default()
    }

    /// Of one letter, in parts of the size.
    fn advance(&self, glyph: skrifa::GlyphId) -> f32 {
        self.widths.advance_width(glyph).unwrap_or_default() / self.units_per_em
    }

    /// In points at `size` points.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.advance(self.glyph(letter))).sum::<f32>() * size
    }

    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        text.char_indices()
            .map(|(at, letter)| {
                let glyph = self.glyph(letter);
                let range = at..at + letter.len_utf8();
                KrillaGlyph::new(GlyphId::new(glyph.to_u32()), self.advance(glyph), 0.0, 0.0, 0.0, range, None)
            })
            .collect()
    }

    /// `text` in lines of at most `width` points: broken at spaces, a word that is wider within itself.
    pub fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        let fits = |line: &str| self.width(line, size) <= width;
        for word in text.split(is_gap).filter(|word| !word.is_empty()) {
            let line = lines.last().map_or("", String::as_str);
            let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&joined) {
                replace_last(&mut lines, joined);
                continue;
            }
            if !line.is_empty() {
                lines.push(String::new());
            }
            for letter in word.chars() {
                let line = lines.last().map_or("", String::as_str);
                let longer = format!("{line}{letter}");
                if line.is_empty() || fits(&longer) {
                    replace_last(&mut lines, longer);
                } else {
                    lines.push(letter.to_string());
                }
            }
        }
        lines
    }

    /// The first `most` of `lines`; an ellipsis says that there was more.
    pub fn cut(&self, mut lines: Vec<String>, most: usize, size: f32, width: f32) -> Vec<String> {
        if lines.len() <= most {
            return lines;
        }
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while !last.is_empty() && self.width(&format!("{last}{CUT}"), size) > width {
                last.pop();
            }
            last.truncate(last.trim_end().len());
            last.push(CUT);
        }
        lines
    }
}

/// Where a line may break. A number and its unit stay together; what moves a pen has no place in a line.
fn is_gap(letter: char) -> bool {
    letter == ' ' || letter.is_control()
}

fn replace_last(lines: &mut Vec<String>, line: String) {
    lines.pop();
    lines.push(line);
}
