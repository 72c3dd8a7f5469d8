//! Claims of a token (RFC 7519 section 4), and their checks.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::error::JwtError;

/// Claims of a token that is signed by a known key, and has passed the checks.
#[derive(Clone, PartialEq)]
pub struct JwtClaims(Map<String, Value>);

impl fmt::Debug for JwtClaims {
    /// Names alone: values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JwtClaims")
            .field(&self.0.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl JwtClaims {
    #[cfg(test)]
    pub(super) const fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// Returns the claim of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns the text of the claim of this name; `None` if it is no text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Returns the subject (`sub`): whom the token is about.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// Returns the id of the token (`jti`).
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.text("jti")
    }

    /// Returns the time from which on the token is not valid (`exp`).
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.time("exp").ok()?
    }

    /// Returns the time at which the token was issued (`iat`).
    #[must_use]
    pub fn issued_at(&self) -> Option<SystemTime> {
        self.time("iat").ok()?
    }

    /// Checks that a claim is a text, if there is one.
    fn check_text(&self, name: &'static str) -> Result<(), JwtError> {
        match self.get(name) {
            None | Some(Value::String(_)) => Ok(()),
            Some(_) => Err(JwtError::BadClaim(name)),
        }
    }

    /// A claim that is a time in seconds since 1970, with fractions or without.
    fn time(&self, name: &'static str) -> Result<Option<SystemTime>, JwtError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let seconds = value.as_f64().filter(|seconds| *seconds >= 0.0);
        let since = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let time = since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
        time.map(Some).ok_or(JwtError::BadClaim(name))
    }

    /// The texts of a claim that is one text or a list of texts.
    fn texts(&self, name: &'static str) -> Result<Vec<&str>, JwtError> {
        match self.get(name) {
            None => Err(JwtError::NoClaim(name)),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(values)) => {
                let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
                texts.ok_or(JwtError::BadClaim(name))
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                Err(JwtError::BadClaim(name))
            }
        }
    }
}

impl<'de> Deserialize<'de> for JwtClaims {
    /// Reads an object. A name that comes twice is an error, since another reader may take the other value (RFC 7519
    /// section 4).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = JwtClaims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JwtClaims, A::Error> {
        let mut claims = Map::new();
        while let Some((name, value)) = map.next_entry()? {
            if claims.insert(name, value).is_some() {
                return Err(A::Error::custom("a claim comes twice"));
            }
        }
        Ok(JwtClaims(claims))
    }
}

/// Checks of the claims.
#[derive(Clone, Debug)]
pub(super) struct Checks {
    pub(super) audience: Vec<String>,
    pub(super) issuer: Vec<String>,
    pub(super) skew: Duration,
    pub(super) expiry_required: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            audience: Vec::new(),
            issuer: Vec::new(),
            skew: Duration::from_secs(60),
            expiry_required: true,
        }
    }
}

impl Checks {
    pub(super) fn check(&self, claims: &JwtClaims, now: SystemTime) -> Result<(), JwtError> {
        match claims.time("exp")? {
            None if self.expiry_required => return Err(JwtError::NoClaim("exp")),
            // A time beyond all times is none that has come.
            Some(expiry) if expiry.checked_add(self.skew).is_some_and(|end| end <= now) => {
                return Err(JwtError::Expired);
            }
            None | Some(_) => {}
        }
        let ahead = now.checked_add(self.skew).unwrap_or(now);
        // A token that was issued later than now would outlive a revocation of all that were issued before.
        for begin in [claims.time("nbf")?, claims.time("iat")?] {
            if begin.is_some_and(|begin| begin > ahead) {
                return Err(JwtError::NotYetValid);
            }
        }
        // Without effect they could be neither counted together nor revoked.
        claims.check_text("sub")?;
        claims.check_text("jti")?;
        self.check_audience(claims)?;
        self.check_issuer(claims)
    }

    /// A token that names audiences is for those alone (RFC 7519 section 4.1.3).
    fn check_audience(&self, claims: &JwtClaims) -> Result<(), JwtError> {
        if self.audience.is_empty() && claims.get("aud").is_none() {
            return Ok(());
        }
        let audience = claims.texts("aud")?;
        let mut known = self.audience.iter();
        if known.any(|known| audience.contains(&&**known)) {
            return Ok(());
        }
        Err(JwtError::Audience)
    }

    fn check_issuer(&self, claims: &JwtClaims) -> Result<(), JwtError> {
        if self.issuer.is_empty() {
            return Ok(());
        }
        let issuer = match claims.get("iss") {
            None => return Err(JwtError::NoClaim("iss")),
            Some(issuer) => issuer.as_str().ok_or(JwtError::BadClaim("iss"))?,
        };
        if self.issuer.iter().any(|known| known == issuer) {
            return Ok(());
        }
        Err(JwtError::Issuer)
    }
}
