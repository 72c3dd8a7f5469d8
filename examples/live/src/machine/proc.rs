//! The kernel's counters, read from `/proc`.

use std::fs;
use std::io;

/// Bytes of a sector in `/proc/diskstats`, whatever the disk's own sector is (kernel,
/// `Documentation/admin-guide/iostats.rst`).
const SECTOR_BYTES: u64 = 512;

/// All counters at one moment. All except gauges only grow.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Counters {
    pub(super) cores: Vec<Core>,
    pub(super) memory: Memory,
    pub(super) load: [f32; 3],
    pub(super) up_s: u64,
    pub(super) network: Network,
    pub(super) disk: Disk,
}

/// Ticks that a core has spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Core {
    pub(super) busy: u64,
    pub(super) total: u64,
}

/// A gauge, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) total: u64,
    pub(super) used: u64,
}

/// Bytes through all interfaces; bytes of the loopback are counted apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) local: u64,
}

/// Bytes from and to whole disks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Disk {
    pub(super) read: u64,
    pub(super) written: u64,
}

impl Counters {
    /// Reads them now.
    ///
    /// # Errors
    /// Names the file that cannot be read, or that is not as the kernel writes it.
    pub(super) fn read() -> io::Result<Self> {
        Ok(Self {
            cores: file("/proc/stat", parse_cores)?,
            memory: file("/proc/meminfo", parse_memory)?,
            load: file("/proc/loadavg", parse_load)?,
            up_s: file("/proc/uptime", parse_uptime)?,
            network: file("/proc/net/dev", parse_network)?,
            disk: file("/proc/diskstats", |text| parse_disks(text, is_whole_disk))?,
        })
    }
}

/// The machine's name.
pub(super) fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "this machine".into(), |name| name.trim().to_owned())
}

fn file<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> io::Result<T> {
    let text = fs::read_to_string(path)
        .map_err(|problem| io::Error::new(problem.kind(), format!("{path}: {problem}")))?;
    parse(&text).ok_or_else(|| io::Error::other(format!("{path} is not as expected")))
}

fn parse_cores(text: &str) -> Option<Vec<Core>> {
    text.lines()
        .filter_map(|line| line.strip_prefix("cpu"))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
        .map(parse_core)
        .collect()
}

/// `N user nice system idle iowait irq softirq steal …`; guest time is part of user time already.
fn parse_core(line: &str) -> Option<Core> {
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .skip(1)
        .take(8)
        .map(|word| word.parse().ok())
        .collect::<Option<_>>()?;
    let total: u64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some(Core {
        busy: total - idle,
        total,
    })
}

fn parse_memory(text: &str) -> Option<Memory> {
    let gauge = |name: &str| -> Option<u64> {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: u64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
        Some(kib * 1024)
    };
    let total = gauge("MemTotal:")?;
    let available = gauge("MemAvailable:")?;
    Some(Memory {
        total,
        used: total.saturating_sub(available),
    })
}

fn parse_load(text: &str) -> Option<[f32; 3]> {
    let mut words = text.split_ascii_whitespace().map(|word| word.parse().ok());
    Some([words.next()??, words.next()??, words.next()??])
}

fn parse_uptime(text: &str) -> Option<u64> {
    text.split('.').next()?.parse().ok()
}

fn parse_network(text: &str) -> Option<Network> {
    let mut network = Network::default();
    for line in text.lines().skip(2) {
        let (name, counters) = line.split_once(':')?;
        let words: Vec<&str> = counters.split_ascii_whitespace().collect();
        let received: u64 = words.first()?.parse().ok()?;
        let sent: u64 = words.get(8)?.parse().ok()?;
        if name.trim() == "lo" {
            network.local += received;
        } else {
            network.received += received;
            network.sent += sent;
        }
    }
    Some(network)
}

fn parse_disks(text: &str, is_whole: impl Fn(&str) -> bool) -> Option<Disk> {
    let mut disk = Disk::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if !is_whole(words.get(2)?) {
            continue;
        }
        disk.read += words.get(5)?.parse::<u64>().ok()? * SECTOR_BYTES;
        disk.written += words.get(9)?.parse::<u64>().ok()? * SECTOR_BYTES;
    }
    Some(disk)
}

/// Returns whether a device is a whole disk. Partitions and layers over disks would count the same bytes again.
fn is_whole_disk(name: &str) -> bool {
    let is_layer = ["loop", "ram", "zram", "dm-", "md"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    !is_layer && fs::exists(format!("/sys/block/{name}")).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cores_without_their_sum() {
        let text = "cpu  20 0 10 60 10 0 0 0 0 0\ncpu0 10 1 5 30 4 1 2 3 9 9\ncpu1 0 0 0 7 0 0 0 0 0 0\nintr 5\n";
        let cores = parse_cores(text).unwrap();
        assert_eq!(
            cores,
            [
                Core {
                    busy: 22,
                    total: 56
                },
                Core { busy: 0, total: 7 }
            ]
        );
        assert_eq!(parse_cores("cpu0 1 x 3\n"), None);
    }

    #[test]
    fn memory_in_use_excludes_available() {
        let text = "MemTotal:  1000 kB\nMemFree:  10 kB\nMemAvailable:  600 kB\n";
        let expected = Memory {
            total: 1000 * 1024,
            used: 400 * 1024,
        };
        assert_eq!(parse_memory(text), Some(expected));
        assert_eq!(parse_memory("MemTotal: 5 kB\n"), None);
    }

    #[test]
    fn load_and_uptime_are_read() {
        assert_eq!(
            parse_load("0.52 0.61 0.44 2/91 333\n"),
            Some([0.52, 0.61, 0.44])
        );
        assert_eq!(parse_load("0.52 much"), None);
        assert_eq!(parse_uptime("8421.55 9000.00\n"), Some(8421));
    }

    #[test]
    fn counts_loopback_apart() {
        let text = "Inter-| Receive\n face |bytes\n    lo: 70 1 0 0 0 0 0 0 70 1 0 0 0 0 0 0\n  eth0: 500 2 0 0 0 0 0 0 30 4 0 0 0 0 0 0\n  eth1:5 2 0 0 0 0 0 0 3 4 0 0 0 0 0 0\n";
        let expected = Network {
            received: 505,
            sent: 33,
            local: 70,
        };
        assert_eq!(parse_network(text), Some(expected));
    }

    #[test]
    fn only_whole_disks_are_counted() {
        let text = "   8 0 sda 1 0 10 5 1 0 20 5 0 1 2\n   8 1 sda1 1 0 10 5 1 0 20 5 0 1 2\n";
        let expected = Disk {
            read: 5120,
            written: 10240,
        };
        assert_eq!(parse_disks(text, |name| name == "sda"), Some(expected));
    }
}
