//! Paths of the repository, and commands that run in its root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root and cargo's target folder.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The workspace that this program was built in.
    pub(crate) fn find() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Self { root, target }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The npm package.
    pub(crate) fn pkg(&self) -> PathBuf {
        self.root.join("pkg")
    }

    /// Command that runs a program in the root.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.root);
        command
    }

    /// Command that runs the program at this path in the root.
    pub(crate) fn command_at(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// Command of the cargo that runs this program.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        self.command(&cargo, args)
    }

    /// Command of cargo on the packages that are built together for the tests. With one selection, dependencies are built
    /// once, with the same features. xtask is not among them, since it was built alone before, nor the simulator, which
    /// has a profile of its own.
    pub(crate) fn cargo_tests(&self, command: &str) -> Command {
        self.cargo(&[
            command,
            "--quiet",
            "--workspace",
            "--exclude=xtask",
            "--exclude=push-wire-simulation",
        ])
    }

    /// Command of cargo on what applications build: without the crates of tests, which turn on features.
    pub(crate) fn cargo_applications(&self, command: &str) -> Command {
        let mut cargo = self.cargo_tests(command);
        cargo.args([
            "--exclude=push-wire-tests",
            "--exclude=push-wire-derive-tests",
        ]);
        cargo
    }
}
