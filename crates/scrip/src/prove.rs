//! Holding a checkpoint against the log: nothing that the server says is believed but its keys.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::tree::{Edge, Hash, Head, Verdict, check_consistency, leaf_hash};
use serde_json::{Value, json};
use wire::file::AckFile;
use wire::message::Checkpoint;
use wire::seal::Sealed;

use crate::desk::{Asker, text};

/// How many entries are asked for at once.
const ENTRIES: u64 = 500;

/// Opens a checkpoint with the keys of the installation.
fn opened(asker: &Asker, bytes: &[u8]) -> Result<Checkpoint> {
    let sealed = Sealed::<Checkpoint>::from_bytes(bytes)?;
    let file = AckFile::parse(&asker.fetch("/device/v1/trust-bundle")?)?;
    let bundle = file.bundle.context("the server has no trust bundle (seal.malformed)")?;
    let keys = asker.get("/host/v1/keys")?;
    let bundle = bundle.open_in(text(&keys, "realm").parse()?)?;
    let key = bundle.find(sealed.peek_key()).context(
        "the checkpoint is signed with a key of another installation: ask that one (message.key)",
    )?;
    Ok(*sealed.open(&key)?)
}

/// What a checkpoint says.
pub(crate) fn described(asker: &Asker, bytes: &[u8]) -> Result<Value> {
    let checkpoint = opened(asker, bytes)?;
    Ok(json!({
        "account": checkpoint.account,
        "size": checkpoint.size,
        "root": hex(&checkpoint.root),
        "at": checkpoint.at.to_string(),
    }))
}

/// Proves that a log begins as a checkpoint says: by a proof of its tree, and event by event.
pub(crate) fn verify(asker: &Asker, path: &str, bytes: &[u8]) -> Result<Value> {
    let kept = opened(asker, bytes)?;
    let log = asker.fetch(&format!("{path}/checkpoint"))?;
    let now = opened(asker, &log)?;
    ensure!(
        kept.account == now.account,
        "the checkpoint is of {}: name that account (checkpoint.account)",
        kept.account
    );
    let (old, new) = (head(&kept), head(&now));
    let verdict = if old.size > new.size {
        format!("events are missing: {} were signed, the log holds {}", old.size, new.size)
    } else if let Some(wrong) = first_altered(asker, path, &old)? {
        wrong
    } else if consistent(asker, path, &old, &new)? == Verdict::Unproved {
        "the log was rewritten: it does not begin as the checkpoint says".to_owned()
    } else {
        let said = described(asker, bytes)?;
        let verdict = format!("the first {} of {} events are as signed", old.size, new.size);
        return Ok(json!({ "proved": true, "verdict": verdict, "checkpoint": said }));
    };
    Ok(json!({
        "proved": false,
        "verdict": format!("{verdict} (log.altered)"),
        "checkpoint": described(asker, bytes)?,
    }))
}

fn head(checkpoint: &Checkpoint) -> Head {
    Head { size: checkpoint.size, root: checkpoint.root }
}

fn consistent(asker: &Asker, path: &str, old: &Head, new: &Head) -> Result<Verdict> {
    let query = format!("{path}/proof?from={}&size={}", old.size, new.size);
    let proof = asker.get(&query)?;
    let empty = Vec::new();
    let hashes = proof.get("path").and_then(Value::as_array).unwrap_or(&empty);
    let hashes: Vec<Hash> = hashes.iter().map(hash).collect::<Result<_>>()?;
    Ok(check_consistency(old, new, &hashes))
}

/// Computes the tree anew from the events themselves; says what the first is that does not fit.
fn first_altered(asker: &Asker, path: &str, signed: &Head) -> Result<Option<String>> {
    let mut edge = Edge::default();
    while edge.size() < signed.size {
        let from = edge.size();
        let limit = ENTRIES.min(signed.size - from);
        let page = asker.get(&format!("{path}/entries?from={from}&limit={limit}"))?;
        let page = page.as_array().filter(|page| !page.is_empty());
        let Some(page) = page else { return Ok(Some(missing(from))) };
        for entry in page {
            let place = edge.size();
            if entry.get("place").and_then(Value::as_u64) != Some(place) {
                return Ok(Some(missing(place)));
            }
            let leaf = STANDARD.decode(text(entry, "leaf"))?;
            let now = leaf_hash(&leaf);
            if now != hash(&entry["hash"])? {
                let id = text(entry, "id");
                return Ok(Some(format!("{id} at place {place} was altered or moved")));
            }
            edge.append(now);
        }
    }
    let same = edge.root() == signed.root;
    Ok((!same).then(|| {
        "the log was rewritten with its hashes: its events do not give the signed root".to_owned()
    }))
}

fn missing(place: u64) -> String {
    format!("the event at place {place} is missing, or its place is taken twice")
}

fn hash(value: &Value) -> Result<Hash> {
    let digits = value.as_str().unwrap_or_default();
    if digits.len() != 64 || !digits.is_ascii() {
        bail!("the server answered something that is no hash (host.broken)");
    }
    let mut hash = [0; 32];
    for (n, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * n..2 * n + 2], 16)?;
    }
    Ok(hash)
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
