//! Tests of tokens and keys that are made to be accepted by mistake.

use super::*;

#[tokio::test]
async fn public_key_is_no_secret() {
    let claims = json!({ "exp": NOW + 1 });
    for example in [examples::RS256, examples::ES256, examples::EDDSA] {
        let pem = example.pem.unwrap();
        let jwk: Value = serde_json::from_str(example.jwk).unwrap();
        let set = json!({ "keys": [jwk] }).to_string();
        for keys in [JwtKeys::pem(pem).unwrap(), JwtKeys::jwks(&set).unwrap()] {
            let authenticator = authenticator(keys, NOW);
            for secret in [pem, pem.trim(), example.jwk, &set] {
                let header = json!({ "alg": "HS256" });
                let token = token(&header, &claims, hmac_by(secret.as_bytes()));
                assert_eq!(error(&authenticator, &token).await, JwtError::Key);
            }
        }
    }
}

#[tokio::test]
async fn algorithm_of_the_header_is_not_believed() {
    let authenticator = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    let claims = json!({ "exp": NOW + 1 });
    for (header, expected) in [
        (json!({ "alg": "none" }), JwtError::Algorithm),
        (json!({ "alg": "None" }), JwtError::Algorithm),
        (json!({ "alg": "" }), JwtError::Algorithm),
        (json!({ "alg": "HS512" }), JwtError::Algorithm),
        (json!({ "alg": "hs256" }), JwtError::Algorithm),
        (json!({ "alg": "RS256" }), JwtError::Key),
        (json!({ "alg": "ES256" }), JwtError::Key),
        (json!({ "alg": "EdDSA" }), JwtError::Key),
        (json!({ "alg": null }), JwtError::Malformed),
        (json!({ "alg": ["HS256"] }), JwtError::Malformed),
        (json!({}), JwtError::Malformed),
        (json!(["HS256"]), JwtError::Malformed),
        (
            json!({ "alg": "HS256", "crit": ["b64"], "b64": false }),
            JwtError::Critical,
        ),
        (json!({ "alg": "HS256", "crit": null }), JwtError::Critical),
        (json!({ "alg": "HS256", "crit": [] }), JwtError::Critical),
        (json!({ "alg": "HS256", "kid": 7 }), JwtError::Malformed),
    ] {
        for signature in [hmac_by(SECRET)(b"x"), Vec::new()] {
            let token = token(&header, &claims, |_| signature);
            assert_eq!(error(&authenticator, &token).await, expected, "{header}");
        }
    }
}

#[tokio::test]
async fn keys_of_the_header_are_not_used() {
    let stranger = Ed25519::new("known");
    let known = Ed25519::new("known");
    let set = json!({ "keys": [known.jwk()] }).to_string();
    let authenticator = authenticator(JwtKeys::jwks(set).unwrap(), NOW);
    let header = json!({
        "alg": "EdDSA", "kid": "known", "jwk": stranger.jwk(), "jku": "http://127.0.0.1/keys",
    });
    let token = token(&header, &json!({ "exp": NOW + 1 }), |message| {
        stranger.pair.sign(message).as_ref().to_vec()
    });
    assert_eq!(error(&authenticator, &token).await, JwtError::Signature);
}

#[tokio::test]
async fn malformed_tokens_are_refused() {
    let authenticator = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    let valid = hs256(&json!({ "exp": NOW + 1 }));
    let parts: Vec<&str> = valid.split('.').collect();
    let padded = format!("{}=.{}.{}", parts[0], parts[1], parts[2]);
    for token in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.",
        "\u{0}",
        "é.é.é",
        &valid[1..],
        &format!("{valid}."),
        &format!(".{valid}"),
        &format!("{valid}.{}", parts[2]),
        &format!(" {valid}"),
        &format!("{valid} "),
        &format!("{}.{}", parts[0], parts[1]),
        &padded,
    ] {
        let error = error(&authenticator, token).await;
        assert_eq!(error, JwtError::Malformed, "{token}");
    }
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(error(&authenticator, &unsigned).await, JwtError::Signature);
    let header = json!({ "alg": "HS256" });
    for claims in [json!([]), json!("text"), json!(null)] {
        let token = token(&header, &claims, hmac_by(SECRET));
        assert_eq!(error(&authenticator, &token).await, JwtError::Malformed);
    }
}

/// DER of a sequence of numbers, in PEM.
fn rsa_pem(label: &str, numbers: &[&[u8]]) -> String {
    let value = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, length[0], length[1]], content].concat()
    };
    let numbers: Vec<u8> = numbers.iter().flat_map(|n| value(2, n)).collect();
    let body = base64::engine::general_purpose::STANDARD.encode(value(0x30, &numbers));
    format!("-----BEGIN RSA {label} KEY-----\n{body}\n-----END RSA {label} KEY-----\n")
}

#[test]
fn pem_is_a_public_key_of_enough_bits() {
    let n = |bytes: usize| [&[0][..], &vec![0xff; bytes]].concat();
    let e = &[1, 0, 1][..];
    for (pem, expected) in [
        (rsa_pem("PUBLIC", &[&n(256), e]), Ok(())),
        (
            rsa_pem("PUBLIC", &[&n(128), e]),
            Err(JwtKeysError::Unsupported),
        ),
        (
            rsa_pem("PUBLIC", &[&n(1_025), e]),
            Err(JwtKeysError::Unsupported),
        ),
        // A private key begins with its version, and has more numbers.
        (
            rsa_pem("PRIVATE", &[&[0], &n(256), e, &n(255)]),
            Err(JwtKeysError::Unsupported),
        ),
    ] {
        assert_eq!(JwtKeys::pem(&pem).map(drop), expected, "{pem}");
    }
}

/// Signs a text of claims as it stands.
fn signed(claims: &str) -> String {
    let message = format!("{}.{}", base64(r#"{"alg":"HS256"}"#), base64(claims));
    let signature = base64(hmac_by(SECRET)(message.as_bytes()));
    format!("{message}.{signature}")
}

#[tokio::test]
async fn claims_that_come_twice_are_refused() {
    let authenticator = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    let (past, later) = (NOW - 999, NOW + 1);
    for claims in [
        format!(r#"{{"exp":{past},"exp":{later}}}"#),
        format!(r#"{{"exp":{later},"exp":{later}}}"#),
        format!(r#"{{"exp":{later},"sub":"ada","\u0073ub":"eve"}}"#),
    ] {
        let token = signed(&claims);
        assert_eq!(error(&authenticator, &token).await, JwtError::Malformed);
    }
    let token = signed(&format!(r#"{{"exp":{later}}}"#));
    assert!(authenticator.claims(&token).await.is_ok());
}

#[tokio::test]
async fn identity_and_id_are_texts() {
    let mut tokens = authenticator(JwtKeys::secret(SECRET).unwrap(), NOW);
    for name in ["sub", "jti"] {
        for value in [json!(7), json!(null), json!(["ada"])] {
            let mut claims = json!({ "exp": NOW + 1 });
            claims[name] = value;
            let error = error(&tokens, &hs256(&claims)).await;
            assert_eq!(error, JwtError::BadClaim(name));
        }
    }
    // The default mapping: those with an empty name would be one identity.
    tokens.mapping = None;
    for (subject, expected) in [
        ("", Err(JwtError::BadClaim("sub").into())),
        ("ada", Ok(Some("ada".to_owned()))),
    ] {
        let claims = json!({ "sub": subject, "exp": NOW + 1, "push": {} });
        let granted = authenticate(&tokens, &hs256(&claims)).await;
        let identity = granted.map(|grant| grant.who().map(str::to_owned));
        assert_eq!(identity, expected);
    }
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    assert_eq!(
        JwtKeys::secret([7; 31]).unwrap_err(),
        JwtKeysError::ShortSecret(31)
    );
    assert_eq!(JwtKeys::pem("text").unwrap_err(), JwtKeysError::Pem);
    let one = |jwk: Value| JwtKeys::jwks(json!({ "keys": [jwk] }).to_string()).map(drop);
    let known = Ed25519::new("a").jwk();
    let with = |name: &str, value: Value| {
        let mut jwk = known.clone();
        jwk[name] = value;
        jwk
    };
    assert_eq!(one(known.clone()), Ok(()));
    let n = |bytes: usize| json!({ "kty": "RSA", "n": base64(vec![0xff; bytes]), "e": "AQAB" });
    assert_eq!(one(n(256)), Ok(()));
    for jwk in [
        n(128),
        n(1025),
        json!({ "kty": "oct", "k": base64([7; 31]) }),
        json!({ "kty": "EC", "crv": "P-384", "x": base64([7; 48]), "y": base64([7; 48]) }),
        json!({ "kty": "OKP", "crv": "X25519", "x": base64([7; 32]) }),
        json!({ "kty": "unknown" }),
        json!(7),
        with("x", json!(base64([7; 31]))),
        with("use", json!("enc")),
        with("key_ops", json!(["encrypt"])),
        with("alg", json!("RS256")),
    ] {
        assert_eq!(one(jwk.clone()), Err(JwtKeysError::NoKey), "{jwk}");
    }
    for text in ["", "[]", "{}", r#"{"keys":7}"#] {
        let set = JwtKeys::jwks(text).map(drop);
        assert!(
            matches!(set, Err(JwtKeysError::NotASet(_))),
            "{text}: {set:?}"
        );
    }
    let many = json!({ "keys": vec![known; 65] }).to_string();
    assert_eq!(JwtKeys::jwks(many).unwrap_err(), JwtKeysError::TooMany(64));
}

#[test]
fn addresses_without_tls_are_refused() {
    for url in [
        "https://id.example.com/keys",
        "https://id.example.com:8443",
        "http://127.0.0.1:8080/keys",
        "http://[::1]/keys",
        "http://localhost/keys?x=1",
    ] {
        assert!(JwtKeys::jwks_url(url).is_ok(), "{url}");
    }
    for url in [
        "",
        "/keys",
        "id.example.com",
        "http://id.example.com/keys",
        "http://localhost.example.com/keys",
        "http://192.0.2.1/keys",
        "ftp://id.example.com/keys",
        "file:///keys",
    ] {
        let error = JwtKeys::jwks_url(url).unwrap_err();
        assert_eq!(error, JwtKeysError::Address(url.into()));
    }
    let error = JwtKeys::jwks_url("https://user:a+password@id.example.com/keys").unwrap_err();
    let shown = "https://…@id.example.com/keys";
    assert_eq!(error, JwtKeysError::Address(shown.into()));
}
