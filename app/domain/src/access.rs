//! Who may do what: permissions, roles, sets, and the principal that carries them.

mod permission;
mod principal;

pub use permission::{Access, PermSet, Permission, Role, Rights};
pub use principal::{ActorKind, Principal, RequestTrace};
