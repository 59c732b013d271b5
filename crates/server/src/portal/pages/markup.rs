//! A reader of the HTML that the templates make, strict enough to judge it: every element is
//! closed where it was opened, every attribute quoted. Not a browser: it knows no other HTML.

use std::collections::{BTreeMap, BTreeSet};

/// An element as its start tag says, with the names of the elements around it.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) around: Vec<String>,
    /// The start tags directly or deeper within, as positions in the document's list.
    pub(crate) within: std::ops::Range<usize>,
    pub(crate) text: String,
}

const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];

/// Reads a document or a fragment into the list of its elements, in the order of their start tags.
pub(crate) fn read(html: &str) -> Result<Vec<Element>, String> {
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>").unwrap_or(html);
    while let Some(start) = rest.find('<') {
        for &inside in &open {
            elements[inside].text.push_str(&rest[..start]);
        }
        let (tag, after) = rest[start + 1..].split_once('>').ok_or("a tag without an end")?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let closed = open.pop().ok_or_else(|| format!("</{name}> closes nothing"))?;
            if elements[closed].name != name {
                return Err(format!("</{name}> where <{}> is open", elements[closed].name));
            }
            elements[closed].within = closed + 1..elements.len();
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let around = open.iter().map(|&at| elements[at].name.clone()).collect();
        let at = elements.len();
        let element = start_tag(tag, around, at + 1)?;
        if !closed && !VOID.contains(&element.name.as_str()) {
            open.push(at);
        }
        elements.push(element);
    }
    match open.last() {
        Some(&at) => Err(format!("<{}> is never closed", elements[at].name)),
        None => Ok(elements),
    }
}

fn start_tag(tag: &str, around: Vec<String>, next: usize) -> Result<Element, String> {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!("no element is called {name:?}"));
    }
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => {
                quoted.split_once('"').ok_or_else(|| format!("{key} in <{tag}> is not closed"))?
            }
            None if after.starts_with('=') => {
                return Err(format!("{key} in <{tag}> is not quoted"));
            }
            None => ("", after),
        };
        if attributes.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("{key} stands twice in <{tag}>"));
        }
        rest = after;
    }
    Ok(Element {
        name: name.to_owned(),
        attributes,
        around,
        within: next..next,
        text: String::new(),
    })
}

impl Element {
    /// The value of an attribute.
    pub(crate) fn value(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }

    /// The words of an attribute that is a list.
    pub(crate) fn words(&self, attribute: &str) -> BTreeSet<&str> {
        self.value(attribute).unwrap_or_default().split_whitespace().collect()
    }
}

#[test]
fn the_reader_refuses_what_is_not_well_formed() {
    for bad in [
        "<p>",
        "</p>",
        "<p></b>",
        "<p class=x></p>",
        "<p class=\"x></p>",
        "<p id=\"a\" id=\"b\"></p>",
        "<p",
        "<-x></-x>",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    let elements = read("<ul id=\"a\" hidden><li>one<br>two</li></ul>").expect("well-formed");
    assert_eq!(elements[0].within, 1..3);
    assert_eq!(elements[1].text, "onetwo");
    assert_eq!(elements[1].around, ["ul"]);
}
