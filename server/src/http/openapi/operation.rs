//! What the table says of one operation.

use super::shapes::{self, Shape};

/// What an answer holds.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Nothing,
    Json(Shape),
    /// Text of this media type.
    Text(&'static str),
    /// JSON, or a file in one of these media types.
    JsonOrFile(Shape, &'static [&'static str]),
    /// A file in one of these media types.
    File(&'static [&'static str]),
}

/// What a request holds.
#[derive(Debug, Clone, Copy)]
pub struct Takes {
    pub media_type: &'static str,
    pub shape: Shape,
    pub required: bool,
    /// A file of one of these media types does as well.
    pub files: &'static [&'static str],
}

/// A parameter in the query, or in the path if the path names it.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub shape: Shape,
    pub meaning: &'static str,
    pub required: bool,
}

/// A parameter of any shape.
pub const fn asked(name: &'static str, shape: Shape, meaning: &'static str) -> Parameter {
    Parameter { name, shape, meaning, required: false }
}

pub const fn text(name: &'static str, meaning: &'static str) -> Parameter {
    asked(name, shapes::text, meaning)
}

pub const fn day(name: &'static str, meaning: &'static str) -> Parameter {
    asked(name, shapes::day, meaning)
}

pub const fn whole(name: &'static str, meaning: &'static str) -> Parameter {
    asked(name, shapes::whole, meaning)
}

impl Parameter {
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

/// One operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// `GET /api/v1/jobs`
    pub route: &'static str,
    pub summary: &'static str,
    /// What else a caller must know.
    pub note: &'static str,
    pub parameters: &'static [Parameter],
    /// Takes `cursor` and `limit`.
    pub paged: bool,
    /// Takes `Idempotency-Key`.
    pub keyed: bool,
    /// Takes `If-Match`.
    pub versioned: bool,
    pub takes: Option<Takes>,
    pub status: &'static str,
    pub answer: Answer,
    /// Answers beside the usual one: status, what it holds, when it is given.
    pub others: &'static [(&'static str, Answer, &'static str)],
    /// Failures that do not follow from the rest: status, and when it is given.
    pub fails: &'static [(&'static str, &'static str)],
}

/// A JSON answer with 200.
pub const fn json(route: &'static str, summary: &'static str, shape: Shape) -> Operation {
    op(route, summary, "200", Answer::Json(shape))
}

/// 201 with what was made.
pub const fn made(route: &'static str, summary: &'static str, shape: Shape) -> Operation {
    op(route, summary, "201", Answer::Json(shape))
}

/// 202 with what says where the work is.
pub const fn accepted(route: &'static str, summary: &'static str, shape: Shape) -> Operation {
    op(route, summary, "202", Answer::Json(shape))
}

/// 204.
pub const fn nothing(route: &'static str, summary: &'static str) -> Operation {
    op(route, summary, "204", Answer::Nothing)
}

/// Text of a media type with 200.
pub const fn plain(route: &'static str, summary: &'static str, media_type: &'static str) -> Operation {
    op(route, summary, "200", Answer::Text(media_type))
}

/// A file with 200.
pub const fn file(route: &'static str, summary: &'static str, media_types: &'static [&'static str]) -> Operation {
    op(route, summary, "200", Answer::File(media_types))
}

const fn op(route: &'static str, summary: &'static str, status: &'static str, answer: Answer) -> Operation {
    Operation {
        route,
        summary,
        note: "",
        parameters: &[],
        paged: false,
        keyed: false,
        versioned: false,
        takes: None,
        status,
        answer,
        others: &[],
        fails: &[],
    }
}

impl Operation {
    pub const fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    pub const fn with(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    pub const fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    pub const fn keyed(mut self) -> Self {
        self.keyed = true;
        self
    }

    pub const fn versioned(mut self) -> Self {
        self.versioned = true;
        self
    }

    pub const fn takes(mut self, shape: Shape) -> Self {
        self.takes = Some(Takes { media_type: shapes::JSON, shape, required: true, files: &[] });
        self
    }

    /// An empty body is fine, too.
    pub const fn may_take(mut self, shape: Shape) -> Self {
        self.takes = Some(Takes { media_type: shapes::JSON, shape, required: false, files: &[] });
        self
    }

    /// A file in place of what it takes.
    pub const fn or_file(mut self, media_types: &'static [&'static str]) -> Self {
        if let Some(mut takes) = self.takes {
            takes.files = media_types;
            self.takes = Some(takes);
        }
        self
    }

    /// A file in place of the JSON it answers.
    pub const fn or_as_file(mut self, media_types: &'static [&'static str]) -> Self {
        if let Answer::Json(shape) = self.answer {
            self.answer = Answer::JsonOrFile(shape, media_types);
        }
        self
    }

    pub const fn takes_form(mut self, shape: Shape) -> Self {
        self.takes = Some(Takes { media_type: "multipart/form-data", shape, required: true, files: &[] });
        self
    }

    pub const fn fails(mut self, fails: &'static [(&'static str, &'static str)]) -> Self {
        self.fails = fails;
        self
    }

    pub const fn others(mut self, others: &'static [(&'static str, Answer, &'static str)]) -> Self {
        self.others = others;
        self
    }
}
