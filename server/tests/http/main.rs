//! The web side in process: layers, routes and server functions as they are served.

#[path = "../world.rs"]
mod world;

mod browser;
mod imports;
mod sign_in;
mod system;
