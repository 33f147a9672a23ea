//! Commands of the binary that need no database.

mod solve;
