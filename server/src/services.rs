//! The services behind the ports of `domain`: permission, transaction, `store` and `engine`, audit, commit.

use crate::backend::Backend;

/// All ports of one process, as pages, server functions, REST and jobs get them.
#[derive(Debug, Clone)]
pub struct Services {
    pub backend: Backend,
}

impl Services {
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        Self { backend }
    }

    /// Puts every port into the context of a page render or a server-function call.
    pub fn provide(&self) {}
}
