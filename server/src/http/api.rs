//! REST, one file an endpoint family. Handlers translate; services decide.

pub mod settings;
pub mod system;
