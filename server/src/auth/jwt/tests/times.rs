//! Tests of the checks of claims.

use super::*;

async fn check(
    set: impl Fn(JwtAuthenticator) -> JwtAuthenticator,
    claims: Value,
) -> Result<(), JwtError> {
    let keys = JwtKeys::secret(SECRET).unwrap();
    let authenticator = set(authenticator(keys, NOW));
    let token = hs256(&claims);
    authenticator.claims(&token).await.map(drop)
}

#[tokio::test]
async fn expiry_and_begin_with_skew() {
    for (skew, claims, expected) in [
        (60, json!({ "exp": NOW - 59 }), Ok(())),
        (60, json!({ "exp": NOW - 60 }), Err(JwtError::Expired)),
        (0, json!({ "exp": NOW + 1 }), Ok(())),
        (0, json!({ "exp": NOW }), Err(JwtError::Expired)),
        (0, json!({ "exp": NOW as f64 + 0.5 }), Ok(())),
        (0, json!({ "exp": 0 }), Err(JwtError::Expired)),
        (0, json!({ "exp": -1 }), Err(JwtError::BadClaim("exp"))),
        (0, json!({ "exp": 1e300 }), Err(JwtError::BadClaim("exp"))),
        (
            0,
            json!({ "exp": "1900000000" }),
            Err(JwtError::BadClaim("exp")),
        ),
        (0, json!({ "exp": null }), Err(JwtError::BadClaim("exp"))),
        (0, json!({}), Err(JwtError::NoClaim("exp"))),
        (60, json!({ "exp": NOW + 99, "nbf": NOW + 60 }), Ok(())),
        (
            60,
            json!({ "exp": NOW + 99, "nbf": NOW + 61 }),
            Err(JwtError::NotYetValid),
        ),
        (0, json!({ "exp": NOW + 99, "nbf": NOW }), Ok(())),
        (
            0,
            json!({ "exp": NOW + 99, "nbf": "x" }),
            Err(JwtError::BadClaim("nbf")),
        ),
        (60, json!({ "exp": NOW + 99, "iat": NOW + 60 }), Ok(())),
        (
            60,
            json!({ "exp": NOW + 99, "iat": NOW + 61 }),
            Err(JwtError::NotYetValid),
        ),
        (
            0,
            json!({ "exp": NOW + 99, "iat": "x" }),
            Err(JwtError::BadClaim("iat")),
        ),
    ] {
        let set = |tokens: JwtAuthenticator| tokens.skew(Duration::from_secs(skew));
        assert_eq!(
            check(set, claims.clone()).await,
            expected,
            "{skew} {claims}"
        );
    }
    let unset = check(|tokens| tokens, json!({ "exp": NOW - 59 })).await;
    assert_eq!(unset, Ok(()));
}

#[tokio::test]
async fn expiry_may_be_optional() {
    let set = JwtAuthenticator::expiry_optional;
    assert_eq!(check(set, json!({})).await, Ok(()));
    assert_eq!(
        check(set, json!({ "exp": NOW - 61 })).await,
        Err(JwtError::Expired)
    );
    let bad = check(set, json!({ "exp": "x" })).await;
    assert_eq!(bad, Err(JwtError::BadClaim("exp")));
}

#[tokio::test]
async fn audience_is_checked() {
    for (audience, given, expected) in [
        (&["chat", "shop"][..], json!("shop"), Ok(())),
        (&["chat"], json!(["mail", "chat"]), Ok(())),
        (&["chat"], json!("mail"), Err(JwtError::Audience)),
        (&["chat"], json!("Chat"), Err(JwtError::Audience)),
        (&["chat"], json!([]), Err(JwtError::Audience)),
        (&["chat"], json!(7), Err(JwtError::BadClaim("aud"))),
        (
            &["chat"],
            json!(["chat", 7]),
            Err(JwtError::BadClaim("aud")),
        ),
        (&["chat"], json!(null), Err(JwtError::BadClaim("aud"))),
        (&[], json!("chat"), Err(JwtError::Audience)),
    ] {
        let set = |tokens: JwtAuthenticator| tokens.audience(audience.to_vec());
        let claims = json!({ "exp": NOW + 1, "aud": given });
        assert_eq!(
            check(set, claims.clone()).await,
            expected,
            "{audience:?} {claims}"
        );
    }
    let set = |tokens: JwtAuthenticator| tokens.audience(["chat"]);
    let none = check(set, json!({ "exp": NOW + 1 })).await;
    assert_eq!(none, Err(JwtError::NoClaim("aud")));
}

#[tokio::test]
async fn issuer_is_checked() {
    for (claims, expected) in [
        (json!({ "exp": NOW + 1, "iss": "https://id" }), Ok(())),
        (
            json!({ "exp": NOW + 1, "iss": "https://id/" }),
            Err(JwtError::Issuer),
        ),
        (
            json!({ "exp": NOW + 1, "iss": ["https://id"] }),
            Err(JwtError::BadClaim("iss")),
        ),
        (json!({ "exp": NOW + 1 }), Err(JwtError::NoClaim("iss"))),
    ] {
        let set = |tokens: JwtAuthenticator| tokens.issuer(["https://other", "https://id"]);
        assert_eq!(check(set, claims.clone()).await, expected, "{claims}");
    }
}
