//! Time-based codes (RFC 6238): SHA-1, six digits, thirty seconds, which is what every
//! authenticator app takes.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcode::{Color, EcLevel, QrCode};
use ring::hmac;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use wire::time::Timestamp;

use super::Secret;
use crate::world::World;

/// Bytes of a secret: as long as the hash, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// Seconds of a step.
const STEP: u64 = 30;
/// Light modules around a QR code, without which cameras do not find it.
const MARGIN: usize = 4;
/// The alphabet of base32 (RFC 4648), in which apps take a secret that is typed.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// What stands in an address as it is: RFC 3986's unreserved characters.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The secret that an authenticator app and the server share.
#[derive(Clone)]
pub struct TotpSecret([u8; SECRET_BYTES]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// A new one.
    pub fn new(world: &World) -> Self {
        Self(world.random())
    }

    /// The one of a text, as [`text`](Self::text) gives it; `None` if it is none.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(SECRET_BYTES);
        let (mut held, mut waiting) = (0_u32, 0);
        for sign in text.bytes().map(|sign| sign.to_ascii_uppercase()) {
            let value = BASE32.iter().position(|known| *known == sign)?;
            held = ((held << 5) | u32::try_from(value).ok()?) & 0xFFFF;
            waiting += 5;
            if waiting >= 8 {
                waiting -= 8;
                bytes.push(((held >> waiting) & 0xFF) as u8);
            }
        }
        bytes.try_into().ok().map(Self)
    }

    /// As text: to be kept sealed, and to be typed where no camera is.
    pub fn text(&self) -> Secret {
        let mut text = String::new();
        for part in self.0.chunks_exact(5) {
            let whole = part.iter().fold(0_u64, |whole, byte| (whole << 8) | u64::from(*byte));
            let sign = |n: u32| char::from(BASE32[((whole >> (5 * n)) & 31) as usize]);
            text.extend((0..8).rev().map(sign));
        }
        Secret::new(text)
    }

    /// The address by which an app takes it over (`otpauth`).
    pub fn address(&self, issuer: &str, email: &str) -> Secret {
        let escape = |text| utf8_percent_encode(text, &ESCAPED);
        // A colon divides the two, so none may stand in them.
        let (issuer, email) = (issuer.replace(':', " "), email.replace(':', " "));
        let (issuer, email) = (escape(&issuer), escape(&email));
        Secret::new(format!(
            "otpauth://totp/{issuer}:{email}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}",
            self.text().expose()
        ))
    }

    /// The code of a step.
    fn code(&self, step: u64) -> [u8; 6] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        code_of(&key, step)
    }
}

fn code_of(key: &hmac::Key, step: u64) -> [u8; 6] {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let from = usize::from(bytes[bytes.len() - 1] & 15);
    let cut = bytes[from..from + 4].iter().fold(0_u32, |cut, byte| (cut << 8) | u32::from(*byte));
    let mut rest = (cut & 0x7FFF_FFFF) % 1_000_000;
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits
}

/// The step whose code it is, to be kept as the last one taken; `None` if it is wrong or was
/// taken already.
///
/// The steps before and after the present one are taken too, since clocks differ and people
/// type; never the last one taken or an earlier one.
pub fn verify(secret: &TotpSecret, code: &str, now: Timestamp, last_step: u64) -> Option<u64> {
    let typed: Vec<u8> = code.bytes().filter(|sign| !sign.is_ascii_whitespace()).collect();
    let typed: [u8; 6] = typed.try_into().ok()?;
    let present = u64::try_from(now.seconds()).ok()? / STEP;
    let mut taken = 0_u64;
    let mut is_right = Choice::from(0);
    // Each step is compared, so that the time does not tell which one it was.
    for step in [present.checked_sub(1), Some(present), Some(present + 1)].into_iter().flatten() {
        let fresh = Choice::from(u8::from(step > last_step));
        let same = secret.code(step).ct_eq(&typed) & fresh;
        taken.conditional_assign(&step, same);
        is_right |= same;
    }
    bool::from(is_right).then_some(taken)
}

/// An address as a QR code: an SVG element without styles of its own, coloured by its classes
/// `qr-light` and `qr-dark` or, without any, black on white. `None` if it is too long.
pub fn picture(address: &Secret) -> Option<String> {
    let code = QrCode::with_error_correction_level(address.expose(), EcLevel::M).ok()?;
    let (width, colors) = (code.width(), code.to_colors());
    let side = width + 2 * MARGIN;
    let mut svg = format!(
        "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         role=\"img\" aria-label=\"QR code\" shape-rendering=\"crispEdges\"><title>QR code</title>\
         <path class=\"qr-light\" fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/>\
         <path class=\"qr-dark\" fill=\"#000\" d=\""
    );
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let (left, top, long) = (x + MARGIN, y + MARGIN, run.len());
                let _ = write!(svg, "M{left} {top}h{long}v1h-{long}z");
            }
            x += run.len();
        }
    }
    svg.push_str("\"/></svg>");
    Some(svg)
}

#[cfg(test)]
mod tests;
