//! Where everything stands: lines one below the other, tables with their head on every sheet they reach.

use super::{
    Block, Paper, Table,
    face::{Faces, Weight},
};

/// A4, in points.
pub const SHEET: (f32, f32) = (595.28, 841.89);
const LEFT: f32 = 42.0;
const TOP: f32 = 48.0;
const WIDTH: f32 = SHEET.0 - 2.0 * LEFT;
const BOTTOM: f32 = SHEET.1 - 56.0;
/// Baseline of the line at the foot.
const FOOT: f32 = SHEET.1 - 30.0;
/// Between a cell's text and its edge, on each side.
const PADDING: f32 = 4.0;
/// Lines of a name before it is cut; a number is never cut.
const NAME_LINES: usize = 3;
/// From one baseline to the next, in parts of the size.
const LEADING: f32 = 1.4;

const TITLE: f32 = 19.0;
const HEADING: f32 = 12.0;
const TEXT: f32 = 9.0;
const SMALL: f32 = 8.0;

/// How dark something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Text,
    Quiet,
    Warning,
    Rule,
}

/// A line of text that stands somewhere.
#[derive(Debug)]
pub struct Piece {
    /// What it is a part of; none: the sheet's own, such as its number.
    pub part: Option<usize>,
    pub x: f32,
    /// Of the baseline.
    pub y: f32,
    pub size: f32,
    pub weight: Weight,
    pub ink: Ink,
    pub text: String,
}

/// A thin line from margin to margin.
#[derive(Debug)]
pub struct Rule {
    pub x: f32,
    pub y: f32,
    pub width: f32,
}

#[derive(Debug, Default)]
pub struct Sheet {
    pub pieces: Vec<Piece>,
    pub rules: Vec<Rule>,
}

/// What a text is to who hears it read; the numbers are those of [`Piece::part`].
#[derive(Debug)]
pub enum Node {
    Title(usize),
    Heading(usize),
    Line(usize),
    /// Rows of cells, the head first.
    Table(Vec<Vec<usize>>),
}

/// All sheets, and what stands on them in the order of reading.
#[derive(Debug)]
pub struct Layout {
    pub sheets: Vec<Sheet>,
    pub nodes: Vec<Node>,
    pub parts: usize,
}

/// How a block of lines is written.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    weight: Weight,
    ink: Ink,
}

const fn style(size: f32, weight: Weight, ink: Ink) -> Style {
    Style { size, weight, ink }
}

struct Pen<'a> {
    faces: &'a Faces,
    done: Layout,
    /// Where the next block begins.
    y: f32,
}

/// A cell as it will stand.
struct Laid {
    lines: Vec<String>,
    x: f32,
    width: f32,
    number: bool,
}

pub fn lay_out(paper: &Paper, faces: &Faces) -> Layout {
    let done = Layout { sheets: vec![Sheet::default()], nodes: Vec::new(), parts: 0 };
    let mut pen = Pen { faces, done, y: TOP };
    let part = pen.lines(&paper.title, style(TITLE, Weight::Strong, Ink::Text));
    pen.done.nodes.push(Node::Title(part));
    pen.y += 4.0;
    for block in &paper.blocks {
        match block {
            Block::Line(text) => pen.line(text, Ink::Quiet),
            Block::Warning(text) => pen.line(text, Ink::Warning),
            Block::Table(table) => pen.table(table),
        }
    }
    pen.foot(&paper.foot);
    pen.done
}

impl Pen<'_> {
    fn new_part(&mut self) -> usize {
        self.done.parts += 1;
        self.done.parts - 1
    }

    fn sheet(&mut self) -> Option<&mut Sheet> {
        self.done.sheets.last_mut()
    }

    /// A sheet on which `height` is free below.
    fn room(&mut self, height: f32) -> bool {
        if self.y + height <= BOTTOM {
            return false;
        }
        self.done.sheets.push(Sheet::default());
        self.y = TOP;
        true
    }

    fn write(&mut self, part: Option<usize>, x: f32, y: f32, style: Style, text: String) {
        let Style { size, weight, ink } = style;
        if let Some(sheet) = self.sheet() {
            sheet.pieces.push(Piece { part, x, y, size, weight, ink, text });
        }
    }

    fn rule(&mut self, y: f32) {
        if let Some(sheet) = self.sheet() {
            sheet.rules.push(Rule { x: LEFT, y, width: WIDTH });
        }
    }

    fn lines(&mut self, text: &str, style: Style) -> usize {
        let part = self.new_part();
        let height = style.size * LEADING;
        for line in self.faces.of(style.weight).lines(text, style.size, WIDTH) {
            self.room(height);
            self.write(Some(part), LEFT, self.y + style.size, style, line);
            self.y += height;
        }
        part
    }

    fn line(&mut self, text: &str, ink: Ink) {
        let weight = if ink == Ink::Warning { Weight::Strong } else { Weight::Regular };
        let part = self.lines(text, style(TEXT, weight, ink));
        self.done.nodes.push(Node::Line(part));
    }

    fn table(&mut self, table: &Table) {
        let head = style(SMALL, Weight::Strong, Ink::Quiet);
        let body = style(TEXT, Weight::Regular, Ink::Text);
        let heads: Vec<Laid> = self.laid(table, head, table.columns.iter().map(|column| column.head));
        let rows: Vec<Vec<Laid>> =
            table.rows.iter().map(|row| self.laid(table, body, row.iter().map(String::as_str))).collect();
        // A heading never stands alone at the end of a sheet.
        let first = rows.first().map_or(0.0, |row| height(row, body.size));
        self.y += 14.0;
        self.room(HEADING * LEADING + 4.0 + height(&heads, head.size) + first);
        let part = self.lines(&table.title, style(HEADING, Weight::Strong, Ink::Text));
        self.done.nodes.push(Node::Heading(part));
        self.y += 4.0;
        let mut parts = vec![self.row(&heads, head, true)];
        for row in &rows {
            if self.room(height(row, body.size)) {
                self.row(&heads, head, false);
            }
            parts.push(self.row(row, body, true));
        }
        self.done.nodes.push(Node::Table(parts));
    }

    fn laid<'t>(&self, table: &Table, style: Style, texts: impl Iterator<Item = &'t str>) -> Vec<Laid> {
        let face = self.faces.of(style.weight);
        let shares: f32 = table.columns.iter().map(|column| column.share).sum();
        let mut x = LEFT;
        texts
            .zip(table.columns)
            .map(|(text, column)| {
                let width = WIDTH * column.share / shares;
                let lines = face.lines(text, style.size, width - 2.0 * PADDING);
                let most = if column.number { usize::MAX } else { NAME_LINES };
                let lines = face.cut(lines, most, style.size, width - 2.0 * PADDING);
                let laid = Laid { lines, x, width, number: column.number };
                x += width;
                laid
            })
            .collect()
    }

    /// A row with a line below; a head said again is not read again.
    fn row(&mut self, cells: &[Laid], style: Style, is_read: bool) -> Vec<usize> {
        let faces = self.faces;
        let mut parts = Vec::new();
        for cell in cells {
            let part = is_read.then(|| self.new_part());
            parts.extend(part);
            let mut y = self.y + PADDING + style.size;
            for line in &cell.lines {
                let free = cell.width - 2.0 * PADDING - faces.of(style.weight).width(line, style.size);
                let x = cell.x + PADDING + if cell.number { free } else { 0.0 };
                self.write(part, x, y, style, line.clone());
                y += style.size * LEADING;
            }
        }
        self.y += height(cells, style.size);
        self.rule(self.y);
        parts
    }

    /// At the foot of every sheet, which of how many it is.
    fn foot(&mut self, text: &str) {
        let face = self.faces.of(Weight::Regular);
        let count = self.done.sheets.len();
        for (sheet, number) in self.done.sheets.iter_mut().zip(1..) {
            let place = format!("Page {number} of {count}");
            let right = LEFT + WIDTH - face.width(&place, SMALL);
            let free = right - LEFT - 2.0 * PADDING;
            let said = face.cut(face.lines(text, SMALL, free), 1, SMALL, free).pop().unwrap_or_default();
            for (x, text) in [(LEFT, said), (right, place)] {
                let (weight, ink) = (Weight::Regular, Ink::Quiet);
                sheet.pieces.push(Piece { part: None, x, y: FOOT, size: SMALL, weight, ink, text });
            }
        }
    }
}

fn height(cells: &[Laid], size: f32) -> f32 {
    let most = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(1);
    let lines = f32::from(u16::try_from(most).unwrap_or(u16::MAX));
    2.0 * PADDING + size * (LEADING * lines - LEADING + 1.0)
}
