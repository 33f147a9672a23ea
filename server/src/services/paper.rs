//! Documents on A4 sheets: a title, lines and tables, as a tagged PDF with its own font. The same content makes the
//! same bytes: nothing in them is of the moment they are written at.

mod face;
mod layout;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use domain::AppError;
use face::Faces;
use krilla::{
    Document,
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime as Moment, Metadata},
    page::PageSettings,
    paint::Fill,
    surface::Surface,
    tagging::{ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree},
};
use layout::{Ink, Layout, Node, Piece, Rule, SHEET};
use std::num::NonZeroU16;

/// What is to be set.
#[derive(Debug, Clone)]
pub struct Paper {
    pub title: String,
    /// Tells this content from any other.
    pub id: String,
    /// When the content came to be.
    pub made_at: DateTime<FixedOffset>,
    /// At the foot of every sheet, beside its number.
    pub foot: String,
    pub blocks: Vec<Block>,
}

/// One below the other.
#[derive(Debug, Clone)]
pub enum Block {
    Line(String),
    Warning(String),
    Table(Table),
}

/// With a title of its own; its head is said again on each further sheet.
#[derive(Debug, Clone)]
pub struct Table {
    pub title: String,
    pub columns: &'static [Column],
    pub rows: Vec<Vec<String>>,
}

/// Numbers stand at the right and are never cut.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub head: &'static str,
    /// Of the width, beside the other columns' shares.
    pub share: f32,
    pub number: bool,
}

impl Paper {
    /// Off the async threads: setting takes a few milliseconds.
    ///
    /// # Errors
    /// `internal` when the font cannot be used.
    pub async fn pdf(self) -> Result<Vec<u8>, AppError> {
        tokio::task::spawn_blocking(move || self.set()).await.map_err(|_| AppError::internal())?
    }

    fn set(&self) -> Result<Vec<u8>, AppError> {
        let faces = Faces::open().ok_or_else(AppError::internal)?;
        let layout = layout::lay_out(self, &faces);
        let mut document = Document::new();
        let mut parts: Vec<Vec<Identifier>> = vec![Vec::new(); layout.parts];
        for sheet in &layout.sheets {
            let settings = PageSettings::from_wh(SHEET.0, SHEET.1).ok_or_else(AppError::internal)?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for rule in &sheet.rules {
                draw_rule(&mut surface, rule);
            }
            for piece in &sheet.pieces {
                let drawn = draw_piece(&mut surface, piece, &faces);
                if let Some(of) = piece.part.and_then(|part| parts.get_mut(part)) {
                    of.push(drawn);
                }
            }
            surface.finish();
            page.finish();
        }
        document.set_tag_tree(tree(&layout, &self.title, &mut parts));
        document.set_metadata(
            Metadata::new()
                .title(self.title.clone())
                .language("en".to_owned())
                .creator("Millrace".to_owned())
                .document_id(self.id.clone())
                .creation_date(moment(self.made_at)),
        );
        document.finish().map_err(|error| {
            tracing::error!(?error, "a PDF could not be written");
            AppError::internal()
        })
    }
}

fn moment(at: DateTime<FixedOffset>) -> Moment {
    let at = at.to_utc();
    let two = |n: u32| u8::try_from(n).unwrap_or_default();
    Moment::new(u16::try_from(at.year()).unwrap_or_default())
        .month(two(at.month()))
        .day(two(at.day()))
        .hour(two(at.hour()))
        .minute(two(at.minute()))
        .second(two(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn ink(ink: Ink) -> Fill {
    let colour = match ink {
        Ink::Text => rgb::Color::new(0x17, 0x1a, 0x1f),
        Ink::Quiet => rgb::Color::new(0x55, 0x5c, 0x68),
        Ink::Warning => rgb::Color::new(0xa3, 0x1d, 0x1d),
        Ink::Rule => rgb::Color::new(0xd5, 0xd9, 0xe0),
    };
    Fill { paint: colour.into(), ..Fill::default() }
}

fn draw_rule(surface: &mut Surface<'_>, rule: &Rule) {
    let mut path = PathBuilder::new();
    if let Some(rect) = Rect::from_xywh(rule.x, rule.y, rule.width, 0.5) {
        path.push_rect(rect);
    }
    if let Some(path) = path.finish() {
        surface.start_tagged(ContentTag::Artifact(artifact(ArtifactType::Layout)));
        surface.set_fill(Some(ink(Ink::Rule)));
        surface.draw_path(&path);
        surface.end_tagged();
    }
}

fn artifact(kind: ArtifactType) -> krilla::tagging::Artifact {
    krilla::tagging::Artifact::with_kind(kind)
}

fn draw_piece(surface: &mut Surface<'_>, piece: &Piece, faces: &Faces) -> Identifier {
    let tag = match piece.part {
        Some(_) => ContentTag::Span(SpanTag::empty()),
        None => ContentTag::Artifact(artifact(ArtifactType::PaginationOther)),
    };
    let face = faces.of(piece.weight);
    let drawn = surface.start_tagged(tag);
    surface.set_fill(Some(ink(piece.ink)));
    let at = Point::from_xy(piece.x, piece.y);
    surface.draw_glyphs(at, &face.glyphs(&piece.text), face.font(), &piece.text, piece.size, false);
    surface.end_tagged();
    drawn
}

/// What the sheets say to who hears them read.
fn tree(layout: &Layout, title: &str, parts: &mut [Vec<Identifier>]) -> TagTree {
    let mut of = |group: &mut TagGroup, part: usize| {
        for drawn in parts.get_mut(part).map(std::mem::take).unwrap_or_default() {
            group.push(drawn);
        }
    };
    let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
    for node in &layout.nodes {
        match node {
            Node::Title(part) | Node::Heading(part) => {
                let is_title = matches!(node, Node::Title(_));
                let level = if is_title { NonZeroU16::MIN } else { NonZeroU16::MIN.saturating_add(1) };
                let mut group = TagGroup::new(Tag::Hn(level, is_title.then(|| title.to_owned())));
                of(&mut group, *part);
                tree.push(group);
            }
            Node::Line(part) => {
                let mut group = TagGroup::new(Tag::P);
                of(&mut group, *part);
                tree.push(group);
            }
            Node::Table(rows) => {
                let mut table = TagGroup::new(Tag::Table);
                for (row, at) in rows.iter().zip(0..) {
                    let mut line = TagGroup::new(Tag::TR);
                    for part in row {
                        let mut cell = match at {
                            0 => TagGroup::new(Tag::TH(TableHeaderScope::Column)),
                            _ => TagGroup::new(Tag::TD),
                        };
                        of(&mut cell, *part);
                        line.push(cell);
                    }
                    table.push(line);
                }
                tree.push(table);
            }
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use layout::lay_out;

    const COLUMNS: &[Column] =
        &[Column { head: "Product", share: 3.0, number: false }, Column { head: "Revenue", share: 1.0, number: true }];

    fn paper(rows: Vec<Vec<String>>) -> Paper {
        Paper {
            title: "Report".into(),
            id: "one".into(),
            made_at: DateTime::parse_from_rfc3339("2026-11-22T00:00:00+05:30").unwrap(),
            foot: "Report, revision 1".into(),
            blocks: vec![
                Block::Line("Asia/Kolkata".into()),
                Block::Table(Table { title: "Products".into(), columns: COLUMNS, rows }),
            ],
        }
    }

    fn row(name: &str, amount: &str) -> Vec<String> {
        vec![name.to_owned(), amount.to_owned()]
    }

    #[test]
    fn nothing_runs_over_its_column_and_a_cut_name_says_so() {
        let faces = Faces::open().unwrap();
        let long = "Wärmflasche ".repeat(40);
        let word = "W".repeat(200);
        let amount = "\u{20b9}12,34,56,78,90,12,34,56,78,901.50";
        let laid = lay_out(&paper(vec![row(&long, "1"), row(&word, amount), row("a\nb", "2")]), &faces);
        let right = SHEET.0 - 42.0;
        let column = 42.0 + (right - 42.0) * 0.75;
        for piece in &laid.sheets[0].pieces {
            let end = piece.x + faces.of(piece.weight).width(&piece.text, piece.size);
            assert!(piece.x >= 42.0 && end <= right + 0.01, "{piece:?} ends at {end}");
            assert!(!piece.text.starts_with(['W', 'w']) || end <= column, "{piece:?} ends at {end}");
        }
        let texts: Vec<&str> = laid.sheets[0].pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts.iter().filter(|text| text.ends_with('\u{2026}')).count(), 2, "{texts:?}");
        assert_eq!(texts.iter().filter(|text| text.starts_with("W\u{e4}rm")).count(), 3);
        assert!(texts.contains(&"a b"));
        // A number goes on below rather than lose a digit.
        let at = texts.iter().position(|text| text.starts_with('\u{20b9}')).unwrap();
        assert_eq!(texts[at..at + 2].concat(), amount);
    }

    #[test]
    fn a_table_goes_on_under_its_head_and_every_sheet_is_numbered() {
        let faces = Faces::open().unwrap();
        let laid = lay_out(&paper((0..100).map(|n| row(&format!("Mug {n}"), "1")).collect()), &faces);
        assert_eq!(laid.sheets.len(), 3);
        for (sheet, number) in laid.sheets.iter().zip(1..) {
            let texts: Vec<&str> = sheet.pieces.iter().map(|piece| piece.text.as_str()).collect();
            assert!(texts.contains(&"Product") && texts.contains(&format!("Page {number} of 3").as_str()));
            assert!(sheet.pieces.iter().all(|piece| piece.y < SHEET.1 - 28.0));
        }
        let read = laid.sheets.iter().flat_map(|s| &s.pieces).filter(|p| p.text == "Product" && p.part.is_some());
        assert_eq!(read.count(), 1, "the head is read once");
    }

    #[test]
    fn the_font_has_the_signs_of_money_and_accents() {
        let faces = Faces::open().unwrap();
        for weight in [face::Weight::Regular, face::Weight::Strong] {
            let face = faces.of(weight);
            let unknown = face.glyphs("\u{fffd}")[0].glyph_id;
            for letter in "€£₹$¥₩\u{2212}éüßçñåøłžőğŞ…·Ωж".chars() {
                assert_ne!(face.glyphs(&letter.to_string())[0].glyph_id, unknown, "{letter}");
            }
            assert_eq!(face.glyphs("\u{5b57}")[0].glyph_id, unknown);
        }
    }

    #[test]
    fn the_same_content_makes_the_same_bytes() {
        let paper = paper((0..60).map(|n| row(&format!("Größe {n} \u{5b57}"), "\u{20b9}1,00,000.00")).collect());
        let bytes = paper.set().unwrap();
        assert_eq!(bytes, paper.set().unwrap());
        assert!(bytes.starts_with(b"%PDF-"));
    }
}
