//! Everything that needs both ends, in one binary.

mod simulation;
