//! The origins that the application lists.

use super::BuildError;
use crate::admission::AllowedOrigin;

pub(super) fn parse(listed: &[String]) -> Result<Vec<AllowedOrigin>, BuildError> {
    let parse = |text: &String| {
        AllowedOrigin::parse(text).map_err(|error| BuildError::AllowedOrigin {
            origin: text.clone(),
            at: error.at,
            expected: error.expected,
        })
    };
    listed.iter().map(parse).collect()
}
