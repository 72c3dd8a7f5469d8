//! Tests of the default mapping of claims to a grant.

use super::*;

async fn grant(push: Value) -> Result<Grant, AuthError> {
    let mut tokens = JwtAuthenticator::new(JwtKeys::secret(SECRET).unwrap());
    tokens.clock = Arc::new(|| at(NOW));
    let claims = json!({ "sub": "ada", "exp": NOW + 1, "push": push });
    authenticate(&tokens, &hs256(&claims)).await
}

#[tokio::test]
async fn rights_of_the_claim() {
    for (push, expected) in [
        (json!({}), Grant::nothing()),
        (json!({ "chat": {} }), Grant::nothing()),
        (
            json!({ "chat": { "read": true } }),
            Grant::nothing().read(Channel::Chat),
        ),
        (
            json!({ "chat": { "send": ["room-*"], "request": true, "presence": true, "history": true } }),
            Grant::nothing()
                .send_topics(Channel::Chat, ["room-*"])
                .request(Channel::Chat)
                .presence(Channel::Chat)
                .history(Channel::Chat),
        ),
        (
            json!({ "chat": { "read": false, "send": true } }),
            Grant::nothing().send(Channel::Chat),
        ),
        (
            json!({ "chat": { "read": ["lobby", "room-*"], "send": true }, "prices": { "read": true } }),
            Grant::nothing()
                .read_topics(Channel::Chat, ["lobby", "room-*"])
                .send(Channel::Chat)
                .read(Channel::Prices),
        ),
    ] {
        let granted = grant(push.clone()).await;
        assert_eq!(
            granted,
            Ok(expected
                .identity("ada")
                .issued_at(at(0))
                .expires_at(at(NOW + 61))),
            "{push}"
        );
    }
}

#[tokio::test]
async fn mistakes_are_named() {
    for (push, part) in [
        (
            json!({ "chatt": { "read": true } }),
            "there is no channel named \"chatt\"",
        ),
        (
            json!({ "system": { "read": true } }),
            "there is no channel named \"system\"",
        ),
        (
            json!({ "chat": { "write": true } }),
            "channel \"chat\": there is no right \"write\"",
        ),
        (
            json!({ "chat": { "read": "lobby" } }),
            "read is true, false or a list",
        ),
        (
            json!({ "chat": { "read": ["lobby", 7] } }),
            "read is true, false or a list",
        ),
        (
            json!({ "chat": { "send": 1 } }),
            "send is true, false or a list",
        ),
        (json!({ "chat": true }), "an object with"),
        (json!(["chat"]), "not of the right type"),
        (json!(null), "not of the right type"),
    ] {
        match grant(push.clone()).await {
            Err(AuthError::Other(text)) => assert!(text.contains(part), "{push}: {text}"),
            other => panic!("{push}: {other:?}"),
        }
    }
    let mut tokens = JwtAuthenticator::new(JwtKeys::secret(SECRET).unwrap());
    tokens.clock = Arc::new(|| at(NOW));
    let without = authenticate(&tokens, &hs256(&json!({ "exp": NOW + 1 }))).await;
    let expected = JwtError::NoClaim("push").to_string();
    assert_eq!(without, Err(AuthError::Other(expected)));
}

#[tokio::test]
async fn mapping_of_the_application() {
    let tokens = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    let tokens = tokens.grant_by(|claims| match claims.text("role") {
        Some("trader") => Ok(Grant::nothing().read(Channel::Prices)),
        _ => Err(AuthError::Forbidden),
    });
    let trader = hs256(&json!({ "exp": NOW + 1, "role": "trader" }));
    let granted = authenticate(&tokens, &trader).await;
    let expected = Grant::nothing().read(Channel::Prices);
    assert_eq!(
        granted,
        Ok(expected.issued_at(at(0)).expires_at(at(NOW + 61)))
    );
    let other = hs256(&json!({ "exp": NOW + 1 }));
    assert_eq!(
        authenticate(&tokens, &other).await,
        Err(AuthError::Forbidden)
    );
}

#[tokio::test]
async fn id_and_time_of_issue_are_for_revocations() {
    let tokens = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    let token = hs256(&json!({ "exp": NOW + 1, "jti": "t-1", "iat": NOW - 9 }));
    let granted = authenticate(&tokens, &token).await.unwrap();
    assert_eq!(granted.token(), Some("t-1"));
    assert_eq!(granted.issue(), Some(at(NOW - 9)));
    let tokens = tokens.grant_by(|_| Ok(Grant::nothing().token_id("own").issued_at(at(5))));
    let granted = authenticate(&tokens, &token).await.unwrap();
    assert_eq!(granted.token(), Some("own"));
    assert_eq!(granted.issue(), Some(at(5)));
}
