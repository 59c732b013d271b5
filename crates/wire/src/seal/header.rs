//! The protected header: what a signature covers beside the payload.
//!
//! The labels stand in deterministic order (RFC 8949, 4.2.1): 1 algorithm, 4 key
//! id, 15 claims, 16 type, and of reports −70001 epoch, −70002 number and −70003
//! the hash before. Reading allocates nothing.

use minicbor::decode::Decoder;
use minicbor::encode::{Encoder, Error, Write};

use super::{OpenError, Position};
use crate::cbor::Canonical;
use crate::key::KeyId;
use crate::limits;

/// Ed25519, fully specified (RFC 9864).
const ED25519: i64 = -19;

const ALGORITHM: i64 = 1;
const KEY: i64 = 4;
const CLAIMS: i64 = 15;
const TYPE: i64 = 16;
const EPOCH: i64 = -70_001;
const NUMBER: i64 = -70_002;
const PREVIOUS: i64 = -70_003;

const AUDIENCE: i64 = 3;
const EXPIRES: i64 = 4;
const ISSUED: i64 = 6;

/// A protected header; what is absent is not written.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Header<'a> {
    /// Who signs; the algorithm stands beside it.
    pub(super) key: Option<KeyId>,
    pub(super) claims: RawClaims,
    pub(super) typ: Option<&'a str>,
    pub(super) chain: Option<Chain>,
}

/// The CWT claims (RFC 8392); times in seconds since 1970.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct RawClaims {
    pub(super) audience: Option<[u8; 16]>,
    pub(super) expires: Option<u64>,
    pub(super) issued: Option<u64>,
}

/// Where a report stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Chain {
    pub(super) position: Position,
    pub(super) previous: [u8; 32],
}

impl Header<'_> {
    /// Reads a header; there is one spelling of each.
    pub(super) fn parse(bytes: &[u8]) -> Result<Header<'_>, OpenError> {
        const MALFORMED: OpenError = OpenError::Malformed { what: "the header of the signature" };
        let header = Fields::read(bytes).map_err(|_| MALFORMED)?;
        if header.algorithm.is_some_and(|algorithm| algorithm != ED25519) {
            return Err(OpenError::Algorithm);
        }
        let header = header.assemble();
        if header.is_written_as(bytes) { Ok(header) } else { Err(MALFORMED) }
    }
}

/// What was read so far, in whatever order and combination.
#[derive(Default)]
struct Fields<'a> {
    algorithm: Option<i64>,
    header: Header<'a>,
    epoch: u64,
    number: u64,
    previous: Option<[u8; 32]>,
}

impl<'a> Fields<'a> {
    fn read(bytes: &'a [u8]) -> Result<Fields<'a>, minicbor::decode::Error> {
        let mut decoder = Decoder::new(bytes);
        let mut fields = Fields::default();
        for _ in 0..entries(&mut decoder)? {
            match decoder.i64()? {
                ALGORITHM => fields.algorithm = Some(decoder.i64()?),
                KEY => fields.header.key = Some(decoder.decode()?),
                CLAIMS => fields.header.claims = RawClaims::read(&mut decoder)?,
                TYPE => fields.header.typ = Some(decoder.str()?),
                EPOCH => fields.epoch = whole(&mut decoder)?,
                NUMBER => fields.number = whole(&mut decoder)?,
                PREVIOUS => fields.previous = Some(exactly(&mut decoder)?),
                _ => {
                    return Err(minicbor::decode::Error::message("a label that is not known"));
                }
            }
        }
        Ok(fields)
    }

    fn assemble(self) -> Header<'a> {
        let position = Position { epoch: self.epoch, number: self.number };
        let chain = self.previous.map(|previous| Chain { position, previous });
        Header { chain, ..self.header }
    }
}

impl RawClaims {
    fn read(decoder: &mut Decoder<'_>) -> Result<RawClaims, minicbor::decode::Error> {
        let mut claims = RawClaims::default();
        for _ in 0..entries(decoder)? {
            match decoder.i64()? {
                AUDIENCE => claims.audience = Some(exactly(decoder)?),
                EXPIRES => claims.expires = Some(whole(decoder)?),
                ISSUED => claims.issued = Some(whole(decoder)?),
                _ => {
                    return Err(minicbor::decode::Error::message("a claim that is not known"));
                }
            }
        }
        Ok(claims)
    }
}

fn entries(decoder: &mut Decoder<'_>) -> Result<u64, minicbor::decode::Error> {
    decoder.map()?.ok_or_else(|| minicbor::decode::Error::message("a map without a length"))
}

fn whole(decoder: &mut Decoder<'_>) -> Result<u64, minicbor::decode::Error> {
    let number = decoder.u64()?;
    let fits = number <= limits::WHOLE_NUMBER;
    fits.then_some(number).ok_or_else(|| minicbor::decode::Error::message("a number out of range"))
}

fn exactly<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], minicbor::decode::Error> {
    decoder
        .bytes()?
        .try_into()
        .map_err(|_| minicbor::decode::Error::message("bytes of another length"))
}

impl Canonical for Header<'_> {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        let claims = &self.claims;
        let claims_count = u64::from(claims.audience.is_some())
            + u64::from(claims.expires.is_some())
            + u64::from(claims.issued.is_some());
        let count = 2 * u64::from(self.key.is_some())
            + u64::from(claims_count > 0)
            + u64::from(self.typ.is_some())
            + 3 * u64::from(self.chain.is_some());
        encoder.map(count)?;
        if let Some(key) = &self.key {
            encoder.i64(ALGORITHM)?.i64(ED25519)?.i64(KEY)?.bytes(key.as_bytes())?;
        }
        if claims_count > 0 {
            encoder.i64(CLAIMS)?.map(claims_count)?;
        }
        if let Some(audience) = &claims.audience {
            encoder.i64(AUDIENCE)?.bytes(audience)?;
        }
        if let Some(expires) = claims.expires {
            encoder.i64(EXPIRES)?.u64(expires)?;
        }
        if let Some(issued) = claims.issued {
            encoder.i64(ISSUED)?.u64(issued)?;
        }
        if let Some(typ) = self.typ {
            encoder.i64(TYPE)?.str(typ)?;
        }
        if let Some(Chain { position, previous }) = &self.chain {
            encoder.i64(EPOCH)?.u64(position.epoch)?;
            encoder.i64(NUMBER)?.u64(position.number)?;
            encoder.i64(PREVIOUS)?.bytes(previous)?;
        }
        Ok(())
    }
}
