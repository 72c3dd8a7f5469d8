//! Test of the ends of sessions that an observer is told of.

use super::*;

/// Observer that keeps the clients whose sessions have ended.
#[derive(Default)]
struct Ends(Mutex<Vec<Uuid>>);

impl SessionObserver for Ends {
    fn ended(&self, client: Uuid) {
        lock(&self.0).push(client);
    }

    fn left(&self, _client: Uuid) {}

    fn granted(&self, _client: Uuid, _grant: &Arc<Grant>, _owner: &Owner) {}

    fn revoked(&self) {}
}

#[test]
fn each_end_of_a_session_is_reported() {
    let hub = hub(|config| config.session_ttl = Duration::from_secs(10));
    let ends = Arc::new(Ends::default());
    hub.observer().set(Arc::clone(&ends) as Arc<_>);
    let open = |now, n| {
        let (client, waker) = (Uuid::from_u128(n), Arc::default());
        let opened = hub.open_session(now, client, shown(Some(SECRET)), &waker);
        (client, opened.unwrap().generation)
    };
    let reported = || std::mem::take(&mut *lock(&ends.0));

    let (first, generation) = open(at(0), 1);
    hub.leave_session(at(0), first, generation);
    let (second, generation) = open(at(0), 2);
    hub.leave_session(at(5), second, generation);
    hub.upkeep(at(9));
    assert!(reported().is_empty());
    hub.upkeep(at(10));
    assert_eq!(reported(), [first]);
    let (_, generation) = open(at(15), 2);
    assert_eq!(reported(), [second], "expired, and replaced by a new one");
    hub.end_session(second, generation - 1);
    assert!(reported().is_empty(), "an older connection");
    hub.end_session(second, generation);
    assert_eq!(reported(), [second]);
}
