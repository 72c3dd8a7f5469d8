//! Small bodies that ask for much.
