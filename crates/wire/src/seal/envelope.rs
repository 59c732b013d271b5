//! The two envelopes of COSE (RFC 9052): `COSE_Sign1` with one signer and
//! `COSE_Sign` with several, tagged, with nothing unprotected in them.

use minicbor::data::{Tag, Type};
use minicbor::decode::Decoder;
use minicbor::encode::{Encoder, Error, Write};

use super::OpenError;
use crate::cbor::Canonical;
use crate::key::SigningKey;
use crate::limits;

const SIGN1: Tag = Tag::new(18);
const SIGN: Tag = Tag::new(98);

const MALFORMED: OpenError = OpenError::Malformed { what: "the signature" };

/// A message with one signer.
pub(super) struct Sign1<'b> {
    pub(super) protected: &'b [u8],
    /// Absent when the payload travels beside the signature.
    pub(super) payload: Option<&'b [u8]>,
    pub(super) signature: [u8; 64],
}

/// A message with several signers.
pub(super) struct Sign<'b> {
    pub(super) protected: &'b [u8],
    pub(super) payload: &'b [u8],
    pub(super) signatures: Vec<Signature<'b>>,
}

/// One of several signatures.
pub(super) struct Signature<'b> {
    pub(super) protected: &'b [u8],
    pub(super) signature: [u8; 64],
}

impl Sign1<'_> {
    /// Reads an envelope; there is one spelling of each.
    pub(super) fn parse(bytes: &[u8]) -> Result<Sign1<'_>, OpenError> {
        let sealed = Sign1::read(&mut Decoder::new(bytes)).map_err(|_| MALFORMED)?;
        if sealed.is_written_as(bytes) { Ok(sealed) } else { Err(MALFORMED) }
    }

    fn read<'b>(decoder: &mut Decoder<'b>) -> Result<Sign1<'b>, minicbor::decode::Error> {
        decoder.tag()?;
        decoder.array()?;
        let protected = decoder.bytes()?;
        decoder.map()?;
        let payload = if decoder.datatype()? == Type::Null {
            decoder.null()?;
            None
        } else {
            Some(decoder.bytes()?)
        };
        Ok(Sign1 { protected, payload, signature: signature(decoder)? })
    }
}

impl Sign<'_> {
    /// Reads an envelope; there is one spelling of each.
    pub(super) fn parse(bytes: &[u8]) -> Result<Sign<'_>, OpenError> {
        let sealed = Sign::read(&mut Decoder::new(bytes)).map_err(|_| MALFORMED)?;
        if sealed.is_written_as(bytes) { Ok(sealed) } else { Err(MALFORMED) }
    }

    fn read<'b>(decoder: &mut Decoder<'b>) -> Result<Sign<'b>, minicbor::decode::Error> {
        decoder.tag()?;
        decoder.array()?;
        let protected = decoder.bytes()?;
        decoder.map()?;
        let payload = decoder.bytes()?;
        let count = decoder.array()?.unwrap_or(0);
        if count == 0 || count > limits::SIGNERS as u64 {
            return Err(minicbor::decode::Error::message("too few or too many signatures"));
        }
        let mut signatures = Vec::new();
        for _ in 0..count {
            decoder.array()?;
            let protected = decoder.bytes()?;
            decoder.map()?;
            signatures.push(Signature { protected, signature: signature(decoder)? });
        }
        Ok(Sign { protected, payload, signatures })
    }
}

fn signature(decoder: &mut Decoder<'_>) -> Result<[u8; 64], minicbor::decode::Error> {
    decoder.bytes()?.try_into().map_err(|_| minicbor::decode::Error::message("not 64 bytes"))
}

impl Canonical for Sign1<'_> {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        encoder.tag(SIGN1)?.array(4)?.bytes(self.protected)?.map(0)?;
        match self.payload {
            Some(payload) => encoder.bytes(payload)?,
            None => encoder.null()?,
        };
        encoder.bytes(&self.signature)?.ok()
    }
}

impl Canonical for Sign<'_> {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        encoder.tag(SIGN)?.array(4)?.bytes(self.protected)?.map(0)?.bytes(self.payload)?;
        encoder.array(self.signatures.len() as u64)?;
        for one in &self.signatures {
            encoder.array(3)?.bytes(one.protected)?.map(0)?.bytes(&one.signature)?;
        }
        Ok(())
    }
}

/// What a signature is made over: the `Sig_structure` of RFC 9052, 4.4.
pub(super) struct SigStructure<'a> {
    pub(super) protected: &'a [u8],
    /// The signer's own header, where there may be several signers.
    pub(super) signer: Option<&'a [u8]>,
    pub(super) payload: &'a [u8],
}

impl SigStructure<'_> {
    pub(super) fn sign(&self, key: &SigningKey) -> [u8; 64] {
        key.sign(&self.to_bytes())
    }
}

impl Canonical for SigStructure<'_> {
    fn write<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), Error<W::Error>> {
        match self.signer {
            None => encoder.array(4)?.str("Signature1")?.bytes(self.protected)?,
            Some(signer) => {
                encoder.array(5)?.str("Signature")?.bytes(self.protected)?.bytes(signer)?
            }
        };
        // Nothing is signed that does not travel: the external data are empty.
        encoder.bytes(&[])?.bytes(self.payload)?.ok()
    }

    fn to_bytes(&self) -> Vec<u8> {
        let length =
            64 + self.protected.len() + self.signer.map_or(0, <[u8]>::len) + self.payload.len();
        let mut encoder = Encoder::new(Vec::with_capacity(length));
        // A vector takes every byte, so there is no error to speak of.
        let _ = self.write(&mut encoder);
        encoder.into_writer()
    }
}
