//! The file with the positions, from which a restart continues.

use std::io::ErrorKind;
use std::path::Path;

use push_wire_client::ClientConfig;
use tokio::fs;

/// The settings of a client that continues from the file; of a new one, if there is no file yet.
///
/// # Errors
/// A sentence that names the file, if it cannot be read or is no state of this program.
pub(crate) async fn load(url: &str, file: Option<&Path>) -> Result<ClientConfig, String> {
    let Some(file) = file else {
        return Ok(ClientConfig::new(url));
    };
    let named = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    match fs::read(file).await {
        Ok(bytes) => ClientConfig::restored(url, &bytes)
            .map_err(|why| named(&format!("{why}; remove it to begin anew"))),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(ClientConfig::new(url)),
        Err(why) => Err(named(&why)),
    }
}

/// Replaces the file in one step: a program that is killed meanwhile leaves the state before.
///
/// # Errors
/// A sentence that names the file.
pub(crate) async fn save(file: &Path, snapshot: &[u8]) -> Result<(), String> {
    let mut next = file.as_os_str().to_owned();
    next.push(".new");
    let written = async {
        fs::write(&next, snapshot).await?;
        // The snapshot contains the session's secret.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&next, std::fs::Permissions::from_mode(0o600)).await?;
        }
        fs::rename(&next, file).await
    };
    let named = |why| format!("{}: {why}", file.display());
    written.await.map_err(named)
}
