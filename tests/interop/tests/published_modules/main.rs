//! Unit tests of `transport` and `relay` of the published `pushwire-server` 0.1.1, against our modules. `build.rs` takes
//! them from the published source.

// Some tests name it at the crate's root.
use push_wire_server::TransportRoute;

mod transport {
    use std::time::Duration;

    use push_wire_server::transport::*;
    use uuid::Uuid;

    include!(concat!(env!("OUT_DIR"), "/transport.rs"));
}

mod relay {
    use push_wire_server::relay::*;
    use push_wire_server::transport::*;
    use uuid::Uuid;

    include!(concat!(env!("OUT_DIR"), "/relay.rs"));
}

type Names<'a> = (&'a [&'a str], &'a [&'a str]);

#[test]
fn all_tests_without_private_fields_are_taken() {
    let (taken, left_out): Names<'_> = include!(concat!(env!("OUT_DIR"), "/transport_names.rs"));
    assert_eq!(taken.len(), 4, "{taken:?}");
    assert_eq!(
        left_out,
        [
            "respects_failure_threshold_and_backoff",
            "retries_after_backoff"
        ]
    );

    let (taken, left_out): Names<'_> = include!(concat!(env!("OUT_DIR"), "/relay_names.rs"));
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert!(left_out.is_empty());
}
