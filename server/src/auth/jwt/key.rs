//! One key, with the algorithm that it is for: a token is verified by no other.

use std::fmt;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{DecodingKey, DecodingKeyKind};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use super::der::rsa_public_key;
use super::error::JwtKeysError;

/// Least size of a secret, in bytes (RFC 7518 section 3.2).
const SECRET_BYTES: usize = 32;

/// Sizes of the modulus of an RSA key, in bytes.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Algorithm of a signature (RFC 7518 section 3.1, RFC 8037).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Algorithm {
    Hs256,
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

#[derive(Clone)]
enum Material {
    Secret(hmac::Key),
    /// Modulus and exponent, big-endian.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of P-256, uncompressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A key that verifies signatures of one algorithm.
#[derive(Clone)]
pub(super) struct Key {
    /// The id by which tokens name it.
    pub(super) id: Option<Box<str>>,
    material: Material,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

impl Key {
    pub(super) fn secret(secret: &[u8]) -> Result<Self, JwtKeysError> {
        if secret.len() < SECRET_BYTES {
            return Err(JwtKeysError::ShortSecret(secret.len()));
        }
        let material = Material::Secret(hmac::Key::new(hmac::HMAC_SHA256, secret));
        Ok(Self { id: None, material })
    }

    /// The public key of a PEM: the type is the one that the PEM states.
    pub(super) fn pem(pem: &[u8]) -> Result<Self, JwtKeysError> {
        let material = if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            rsa(&key)?
        } else if let Ok(key) = DecodingKey::from_ec_pem(pem) {
            p256(&key)?
        } else if let Ok(key) = DecodingKey::from_ed_pem(pem) {
            ed25519(&key)?
        } else {
            return Err(JwtKeysError::Pem);
        };
        Ok(Self { id: None, material })
    }

    /// A key of a set; `None` if it is not one that verifies signatures here.
    pub(super) fn jwk(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let verifies = common.key_operations.as_ref();
        let verifies = verifies.is_none_or(|ops| ops.contains(&KeyOperations::Verify));
        let is_for_signatures = common.public_key_use.as_ref();
        if !verifies || is_for_signatures.is_some_and(|use_| *use_ != PublicKeyUse::Signature) {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let material = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => rsa(&key).ok()?,
            AlgorithmParameters::EllipticCurve(given) if given.curve == EllipticCurve::P256 => {
                p256(&key).ok()?
            }
            AlgorithmParameters::OctetKeyPair(given) if given.curve == EllipticCurve::Ed25519 => {
                ed25519(&key).ok()?
            }
            AlgorithmParameters::OctetKey(_) => Self::secret(bytes(&key)?).ok()?.material,
            AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_) | _ => {
                return None;
            }
        };
        let id = common.key_id.as_deref().map(Into::into);
        let key = Self { id, material };
        let stated = common.key_algorithm.as_ref();
        stated
            .is_none_or(|stated| key.is_for(stated))
            .then_some(key)
    }

    pub(super) const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Secret(_) => Algorithm::Hs256,
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
            Material::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn is_for(&self, stated: &KeyAlgorithm) -> bool {
        let expected = match self.algorithm() {
            Algorithm::Hs256 => KeyAlgorithm::HS256,
            Algorithm::Rs256 => KeyAlgorithm::RS256,
            Algorithm::Es256 => KeyAlgorithm::ES256,
            Algorithm::EdDsa => KeyAlgorithm::EdDSA,
        };
        *stated == expected
    }

    /// Returns whether the signature of the message is this key's.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
            Material::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key)
                .verify(message, signature)
                .is_ok(),
        }
    }

    pub(super) const fn is_secret(&self) -> bool {
        matches!(self.material, Material::Secret(_))
    }
}

fn bytes(key: &DecodingKey) -> Option<&[u8]> {
    match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) => Some(bytes),
        DecodingKeyKind::RsaModulusExponent { .. } => None,
    }
}

fn rsa(key: &DecodingKey) -> Result<Material, JwtKeysError> {
    let (n, e) = match key.kind() {
        DecodingKeyKind::SecretOrDer(der) => {
            rsa_public_key(der).ok_or(JwtKeysError::Unsupported)?
        }
        // A leading zero byte, which some writers add, is none of the number.
        DecodingKeyKind::RsaModulusExponent { n, e } => (n.strip_prefix(&[0]).unwrap_or(n), &**e),
    };
    if !MODULUS_BYTES.contains(&n.len()) {
        return Err(JwtKeysError::Unsupported);
    }
    let (n, e) = (n.to_vec(), e.to_vec());
    Ok(Material::Rsa { n, e })
}

fn p256(key: &DecodingKey) -> Result<Material, JwtKeysError> {
    match bytes(key) {
        Some(point) if point.len() == 65 => Ok(Material::P256(point.to_vec())),
        _ => Err(JwtKeysError::Unsupported),
    }
}

fn ed25519(key: &DecodingKey) -> Result<Material, JwtKeysError> {
    match bytes(key) {
        Some(key) if key.len() == 32 => Ok(Material::Ed25519(key.to_vec())),
        _ => Err(JwtKeysError::Unsupported),
    }
}
