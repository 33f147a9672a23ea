//! Who may do what: permissions, roles, sets, and the principal that carries them.

mod permission;
mod principal;
mod session;

pub use permission::{Access, PermSet, Permission, Role, Rights};
pub use principal::{ActorKind, Principal, RequestTrace};
pub use session::{FormNote, SessionView, SignedInUser, Theme};
