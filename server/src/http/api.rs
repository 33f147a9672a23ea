//! REST, one file an endpoint family. Handlers translate; services decide.
