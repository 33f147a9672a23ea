//! The web side in process, one file an endpoint family.

mod system;
