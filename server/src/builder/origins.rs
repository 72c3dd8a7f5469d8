//! The origins and hosts that the application lists.

use super::BuildError;
use crate::admission::{AllowedHost, AllowedOrigin, Origins};

/// Reads both lists; `authenticated`: clients have to authenticate.
pub(super) fn parse(
    origins: &[String],
    hosts: Option<&[String]>,
    authenticated: bool,
) -> Result<Origins, BuildError> {
    Ok(Origins {
        hosts: hosts.map(allowed_hosts).transpose()?,
        allowed: allowed_origins(origins)?,
        authenticated,
    })
}

fn allowed_hosts(listed: &[String]) -> Result<Vec<AllowedHost>, BuildError> {
    let parse = |text: &String| {
        AllowedHost::parse(text).map_err(|error| BuildError::AllowedHost {
            host: text.clone(),
            at: error.at,
            expected: error.expected,
        })
    };
    listed.iter().map(parse).collect()
}

fn allowed_origins(listed: &[String]) -> Result<Vec<AllowedOrigin>, BuildError> {
    let parse = |text: &String| {
        AllowedOrigin::parse(text).map_err(|error| BuildError::AllowedOrigin {
            origin: text.clone(),
            at: error.at,
            expected: error.expected,
        })
    };
    listed.iter().map(parse).collect()
}
