//! Tests of the end of a grant, and of renewed tokens.

use super::*;

#[test]
fn ends_with_the_grant() {
    let at = |seconds| Moment::after_origin(Duration::from_secs(seconds));
    let goodbye = Output::Op(ServerOp::Goodbye {
        code: CloseReason::GrantExpired.code(),
        message: CloseReason::GrantExpired.text().into(),
        retry_ms: Some(1_000),
    });
    let closed = [goodbye, Output::Close(CloseReason::GrantExpired)];
    let uplink = || Uplink {
        channel: 1,
        topic: None,
        sequence: Some(1),
        content: Content::Value,
        body: Bytes::from_static(b"1"),
    };
    let by_timer = |session: &mut ServerSession| session.handle_timeout(at(7));
    let by_op = |session: &mut ServerSession| session.handle_op(at(7), ClientOp::Ping);
    let by_message = |session: &mut ServerSession| session.handle_uplink(at(7), uplink());
    for end in [
        &by_timer as &dyn Fn(&mut ServerSession),
        &by_op,
        &by_message,
    ] {
        let mut session = ready();
        session.set_grant_end(at(0), Some(at(7)));
        assert_eq!(session.poll_timeout(), Some(at(7)));
        session.handle_timeout(Moment::after_origin(Duration::from_millis(6_999)));
        assert_eq!(outputs(&mut session), []);
        end(&mut session);
        assert_eq!(outputs(&mut session), closed);
        assert_eq!(session.poll_timeout(), None);
    }
}

fn renewing(end: Moment) -> ServerSession {
    let mut session = ready_with(Auth {
        renews: true,
        ..Auth::new(Uuid::nil())
    });
    session.set_grant_end(Moment::default(), Some(end));
    session
}

#[test]
fn asks_for_a_token_before_the_grant_ends() {
    let at = |seconds| Moment::after_origin(Duration::from_secs(seconds));
    // 30 s before the end, or after half of the time.
    for (end, asks) in [(100, 70), (40, 20)] {
        let mut session = renewing(at(end));
        let asked = |session: &mut ServerSession, now| {
            session.note_activity(now);
            session.handle_timeout(now);
            let said = outputs(session);
            said.contains(&Output::Op(ServerOp::Renew))
        };
        assert!(!asked(&mut session, at(asks - 1)));
        assert!(asked(&mut session, at(asks)));
        assert!(!asked(&mut session, at(asks + 1)));
        session.set_grant_end(at(asks + 1), Some(at(1_000)));
        assert!(!asked(&mut session, at(end)));
        assert!(asked(&mut session, at(970)));
    }
}

#[test]
fn checks_one_renewed_token_at_a_time() {
    let end = Moment::after_origin(Duration::from_secs(100));
    let mut session = renewing(end);
    let token = |text: &str| ClientOp::Token(text.into());
    let checks = |text: &str| [Output::Renew(text.into())];
    assert_eq!(say(&mut session, token("one")), checks("one"));
    // The newest one waits.
    assert_eq!(say(&mut session, token("two")), []);
    assert_eq!(say(&mut session, token("three")), []);
    session.set_grant_end(Moment::default(), Some(end));
    assert_eq!(outputs(&mut session), checks("three"));
    session.set_grant_end(Moment::default(), Some(end));
    assert_eq!(outputs(&mut session), []);
}

#[test]
fn unchecked_token_is_reported() {
    let end = Moment::after_origin(Duration::from_secs(100));
    let mut session = renewing(end);
    let token = |text: &str| ClientOp::Token(text.into());
    say(&mut session, token("one"));
    say(&mut session, token("two"));
    session.handle_renewal_failed(Moment::default(), CloseReason::AuthUnavailable, "down");
    let said = outputs(&mut session);
    assert!(
        matches!(
            &said[..],
            [Output::Op(ServerOp::Error { code: ErrorCode::Unavailable, .. }), Output::Renew(next)] if **next == *"two"
        ),
        "{said:?}"
    );
    session.handle_renewal_failed(Moment::default(), CloseReason::Unauthorized, "revoked");
    let closed = Output::Close(CloseReason::Unauthorized);
    assert_eq!(outputs(&mut session).last(), Some(&closed));
}

#[test]
fn token_of_an_endless_grant_sends_the_client_back() {
    let mut session = ready();
    let said = say(&mut session, ClientOp::Token("new".into()));
    let closed = Output::Close(CloseReason::GrantExpired);
    assert_eq!(said.last(), Some(&closed));
}
