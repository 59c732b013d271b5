//! Reading XML one element at a time, and writing it.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesDecl, BytesRef, Event};

use super::{Fault, FileError};
use crate::limits;

/// A document that is being read, and where the reading is.
pub(super) struct Document<'a> {
    bytes: &'a [u8],
    reader: Reader<&'a [u8]>,
    depth: usize,
    /// Where the last event began.
    at: usize,
}

/// What comes next in a document; comments and instructions are passed over.
enum Node<'a> {
    Open(String),
    Close,
    Text(Cow<'a, str>),
    End,
}

impl<'a> Document<'a> {
    /// Reads all of `bytes` with `read`, which starts before the root element.
    pub(super) fn read<T>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Document<'a>) -> Result<T, Fault>,
    ) -> Result<T, FileError> {
        let text = core::str::from_utf8(bytes)
            .map_err(|error| FileError::new(&Fault::Encoding, bytes, error.valid_up_to()))?;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        let mut document = Document { bytes, reader, depth: 0, at: 0 };
        read(&mut document)
            .and_then(|result| document.end().map(|()| result))
            .map_err(|fault| FileError::new(&fault, bytes, document.at))
    }

    /// The name of the root element, which is then open.
    pub(super) fn root(&mut self) -> Result<String, Fault> {
        self.child()?.ok_or(Fault::Missing { expected: "the root element" })
    }

    /// The name of the next element within the open one, which is then open
    /// itself; none when the open one closes.
    pub(super) fn child(&mut self) -> Result<Option<String>, Fault> {
        loop {
            match self.next()? {
                Node::Open(name) => return Ok(Some(name)),
                Node::Close | Node::End => return Ok(None),
                Node::Text(text) if is_space(&text) => {}
                Node::Text(text) => return Err(self.stray(&text)),
            }
        }
    }

    /// The text of the open element, which is then closed; no element may be in it.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, Fault> {
        let mut whole: Option<Cow<'a, str>> = None;
        let mut start = None;
        loop {
            match self.next()? {
                Node::Text(text) => match &mut whole {
                    Some(whole) => whole.to_mut().push_str(&text),
                    None if is_space(&text) => {}
                    None => {
                        start = Some(self.at + leading_space(&text));
                        whole = Some(text);
                    }
                },
                Node::Open(found) => return Err(Fault::Element { found, expected: "text alone" }),
                Node::Close | Node::End => break,
            }
        }
        // What is wrong with the text is told by where the text began.
        self.at = start.unwrap_or(self.at);
        Ok(whole.unwrap_or_default())
    }

    /// Passes over the open element and all that is in it.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let outside = self.depth - 1;
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Nothing may follow the root element.
    fn end(&mut self) -> Result<(), Fault> {
        loop {
            match self.next()? {
                Node::End => return Ok(()),
                Node::Text(text) if is_space(&text) => {}
                Node::Text(text) => return Err(self.stray(&text)),
                Node::Open(found) => {
                    return Err(Fault::Element { found, expected: "the end of the file" });
                }
                Node::Close => {}
            }
        }
    }

    /// The fault of text that does not belong where it is, told by its first character.
    fn stray(&mut self, text: &str) -> Fault {
        self.at += leading_space(text);
        Fault::StrayText
    }

    fn next(&mut self) -> Result<Node<'a>, Fault> {
        loop {
            self.at = position(self.reader.buffer_position());
            let event = self.reader.read_event().map_err(|error| {
                self.at = position(self.reader.error_position());
                Fault::Xml(error.to_string())
            })?;
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > limits::XML_DEPTH {
                        return Err(Fault::Depth);
                    }
                    return Ok(Node::Open(start.name().0.to_owned()));
                }
                Event::End(_) | Event::Empty(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Node::Close);
                }
                Event::Text(text) => return Ok(Node::Text(text.into_inner())),
                Event::CData(text) => return Ok(Node::Text(text.into_inner())),
                Event::GeneralRef(reference) => return resolve(&reference).map(Node::Text),
                Event::Decl(declaration) => self.check_declaration(&declaration)?,
                Event::DocType(_) => return Err(Fault::DocumentType),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof if self.depth > 0 => {
                    return Err(Fault::Xml("it ends too soon".to_owned()));
                }
                Event::Eof => return Ok(Node::End),
            }
        }
    }

    fn check_declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Fault> {
        let mark = usize::from(self.bytes.starts_with("\u{FEFF}".as_bytes())) * 3;
        if self.at > mark {
            return Err(Fault::Xml("the declaration is not at the start".to_owned()));
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
            Some(_) => Err(Fault::Encoding),
        }
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn is_space(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_ascii_start().len()
}

/// The five entities of XML and characters by number; there are no others.
fn resolve<'a>(reference: &BytesRef<'_>) -> Result<Cow<'a, str>, Fault> {
    let unknown = || Fault::Entity(reference.chars().take(32).collect());
    if !reference.is_char_ref() {
        return resolve_xml_entity(reference).map(Cow::Borrowed).ok_or_else(unknown);
    }
    let character = reference.resolve_char_ref().ok().flatten().ok_or_else(unknown)?;
    let allowed = matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if allowed { Ok(Cow::Owned(character.to_string())) } else { Err(unknown()) }
}

/// Writes an opening tag.
pub(super) fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

/// Writes a closing tag.
pub(super) fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Writes text so that its bytes stay as they are; only an end mark within it is split.
pub(super) fn verbatim(out: &mut String, text: &str) {
    out.push_str("<![CDATA[");
    for (index, piece) in text.split("]]>").enumerate() {
        if index > 0 {
            out.push_str("]]]]><![CDATA[>");
        }
        out.push_str(piece);
    }
    out.push_str("]]>");
}
