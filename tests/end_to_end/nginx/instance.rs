//! An nginx with the configuration of docs/deploy.md, and a tunnel to it for clients without TLS.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::free_port;
use crate::certificate::Certificate;

/// Ports and paths of docs/deploy.md, each of which a test replaces.
const PORTS: [&str; 3] = ["listen 443 ", "127.0.0.1:4101;", "127.0.0.1:4102;"];
const CHAIN: &str = "/etc/ssl/example.org/fullchain.pem";
const KEY: &str = "/etc/ssl/example.org/privkey.pem";

pub(super) struct Nginx {
    folder: PathBuf,
    tunnel: JoinHandle<()>,
    /// Address that leads to nginx, without TLS.
    pub(super) address: SocketAddr,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.tunnel.abort();
        drop(nginx(&self.folder).args(["-s", "stop"]).status());
    }
}

impl Nginx {
    /// Starts nginx in front of servers on these ports. It listens when this returns.
    pub(super) async fn start(servers: [u16; 2]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("nginx-{}", free_port()));
        fs::create_dir_all(&folder).unwrap();
        let certificate = Certificate::new();
        let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
        fs::write(&chain, certificate.chain()).unwrap();
        fs::write(&key, certificate.key()).unwrap();
        let port = free_port();
        let mut recipe = recipe();
        let paths = [(CHAIN, chain), (KEY, key)].map(|(from, to)| (from, to.display().to_string()));
        let ports = [
            format!("listen 127.0.0.1:{port} "),
            format!("127.0.0.1:{};", servers[0]),
            format!("127.0.0.1:{};", servers[1]),
        ];
        for (from, to) in PORTS.into_iter().zip(ports).chain(paths) {
            assert_eq!(recipe.matches(from).count(), 1, "{from} in docs/deploy.md");
            recipe = recipe.replace(from, &to);
        }
        fs::write(folder.join("nginx.conf"), whole(&folder, &recipe)).unwrap();
        // It returns once it listens.
        let started = nginx(&folder).status().expect("nginx is installed");
        assert!(started.success(), "{}", folder.display());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        Self {
            folder,
            address: listener.local_addr().unwrap(),
            tunnel: tokio::spawn(tunnel(listener, Arc::new(certificate), port)),
        }
    }
}

fn nginx(folder: &Path) -> Command {
    let mut nginx = Command::new(env::var_os("NGINX_BIN").unwrap_or_else(|| "nginx".into()));
    nginx.arg("-c").arg(folder.join("nginx.conf"));
    nginx
}

/// The block of docs/deploy.md.
fn recipe() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, block) = text.split_once("\n```nginx\n").unwrap();
    let (block, _) = block.split_once("\n```\n").unwrap();
    block.to_owned()
}

/// The whole configuration: what Debian's main file does, and files of the test's own.
fn whole(folder: &Path, recipe: &str) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "worker_processes 2;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}\n{recipe}\n}}\n"
    )
}

/// Carries connections to nginx over TLS.
async fn tunnel(listener: TcpListener, certificate: Arc<Certificate>, port: u16) {
    loop {
        let (mut plain, _) = listener.accept().await.unwrap();
        let certificate = Arc::clone(&certificate);
        tokio::spawn(async move {
            let tcp = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .unwrap();
            let mut encrypted = certificate.connect(tcp, b"http/1.1").await;
            // Either end may break it off.
            drop(copy_bidirectional(&mut plain, &mut encrypted).await);
        });
    }
}
