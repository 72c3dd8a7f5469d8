//! A dashboard: many numbers in a fixed frame, a few of which change at a time.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use fastrand::Rng;

use super::Document;

pub(super) struct Dashboard {
    services: Vec<Service>,
    now_ms: u64,
}

struct Service {
    name: String,
    requests: u64,
    p99_ms: f64,
    cpu: f64,
    healthy: bool,
}

impl Dashboard {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let services = (0..40)
            .map(|i| Service {
                name: format!("svc-{}-{i}", rng.u16(..)),
                requests: rng.u64(1_000..9_000_000),
                p99_ms: rng.f64() * 80.0,
                cpu: rng.f64() * 100.0,
                healthy: true,
            })
            .collect();
        Self {
            services,
            now_ms: 1_790_000_000_000,
        }
    }
}

impl Document for Dashboard {
    fn change(&mut self, rng: &mut Rng) {
        self.now_ms += rng.u64(240..260);
        for _ in 0..5 {
            let i = rng.usize(..self.services.len());
            let service = &mut self.services[i];
            service.requests += rng.u64(1..4_000);
            service.p99_ms = (service.p99_ms + rng.f64() * 4.0 - 2.0).abs();
            service.cpu = (service.cpu + rng.f64() * 10.0 - 5.0).clamp(0.0, 100.0);
            service.healthy = rng.u8(..) > 4;
        }
    }

    fn text(&self) -> String {
        let services: Vec<_> = self
            .services
            .iter()
            .map(|s| {
                format!(
                    r#"{{"name":"{}","requests":{},"p99_ms":{:.2},"cpu":{:.1},"healthy":{}}}"#,
                    s.name, s.requests, s.p99_ms, s.cpu, s.healthy
                )
            })
            .collect();
        format!(
            r#"{{"now_ms":{},"services":[{}]}}"#,
            self.now_ms,
            services.join(",")
        )
    }
}
