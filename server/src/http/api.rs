//! REST, one file an endpoint family. Handlers translate; services decide.

pub mod system;
