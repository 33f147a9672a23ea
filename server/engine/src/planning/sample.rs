//! The built-in sample: the complete example of `planning.md` 3.1, whose optimum is 3,379.

pub const DOCUMENT: &str = include_str!("sample.json");
