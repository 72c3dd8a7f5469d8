//! Everything that needs both ends, in one binary.

mod sabotage;
mod simulation;
