//! Check whether a build step is up to date, by a hash of its inputs that was stored after its last run.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::error::{Error, at};

/// Stamp of a build step: its name, and the hash of its inputs.
pub(crate) struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    /// Hashes the inputs; a folder with all of its files.
    pub(crate) fn of(target: &Path, step: &str, inputs: &[PathBuf]) -> Result<Self, Error> {
        let mut hasher = DefaultHasher::new();
        for input in inputs {
            hash_path(input, &mut hasher)?;
        }
        Ok(Self {
            file: target.join("xtask").join(step),
            hash: format!("{:016x}", hasher.finish()),
        })
    }

    /// Returns whether the step was finished with these inputs, and its outputs still exist.
    pub(crate) fn is_fresh(&self, outputs: &[PathBuf]) -> bool {
        outputs.iter().all(|output| output.exists())
            && fs::read_to_string(&self.file).is_ok_and(|hash| hash == self.hash)
    }

    /// Records that the step is finished.
    pub(crate) fn write(&self) -> Result<(), Error> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        fs::write(&self.file, &self.hash).map_err(at(&self.file))
    }
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> Result<(), Error> {
    path.hash(hasher);
    if !path.is_dir() {
        fs::read(path).map_err(at(path))?.hash(hasher);
        return Ok(());
    }
    let mut entries = fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(at(path))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        hash_path(&entry.path(), hasher)?;
    }
    Ok(())
}
