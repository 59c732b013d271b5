//! Which country a network address is in, as a file of the operator says.
//!
//! A line is a network and a country: `192.0.2.0/24,DE`. Where networks lie within each other the
//! smallest one counts. Not here: what follows from it.

use std::io::Read as _;
use std::net::IpAddr;
use std::path::Path;

use wire::country::Country;

/// How many lines a file may have: what the registries have assigned is a third of it.
const LINES: usize = 1_000_000;
/// How large a file may be, in bytes: so many lines of the longest kind.
const BYTES: usize = 64 * 1024 * 1024;

/// Why a file of networks cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NetworksFault {
    /// It cannot be read.
    #[error(
        "{path} cannot be read ({error}): name the file in [countries], or leave the part out (countries.file)"
    )]
    File {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is larger than can be kept.
    #[error(
        "{path} has more than {LINES} lines or {BYTES} bytes: join neighbouring networks (countries.size)"
    )]
    Size {
        /// The file.
        path: String,
    },
    /// A line does not say which country a network is in.
    #[error("{path}, line {line}: {what} (countries.line)")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what to do.
        what: String,
    },
}

/// Which country each network is in.
#[derive(Debug, Default)]
pub struct Networks {
    v4: Spans,
    v6: Spans,
}

/// A network as its line says it.
#[derive(Clone, Copy)]
struct Net {
    first: u128,
    last: u128,
    country: Country,
    line: usize,
}

/// The networks of one family: where each stretch of addresses begins, and in which country it is.
#[derive(Debug, Default)]
struct Spans {
    starts: Vec<u128>,
    countries: Vec<Option<Country>>,
}

impl Networks {
    /// Reads a file.
    ///
    /// # Errors
    /// `countries.file`, `countries.size`, `countries.line` with the line.
    pub fn load(file: &Path) -> Result<Self, NetworksFault> {
        let path = file.display().to_string();
        let mut text = Vec::new();
        let read = std::fs::File::open(file)
            .and_then(|file| file.take(BYTES as u64 + 1).read_to_end(&mut text));
        match read {
            Err(error) => Err(NetworksFault::File { path, error }),
            Ok(_) if text.len() > BYTES => Err(NetworksFault::Size { path }),
            Ok(_) => Self::read(&String::from_utf8_lossy(&text), &path),
        }
    }

    /// Reads the text of a file; `path` is how it is called in errors.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn read(text: &str, path: &str) -> Result<Self, NetworksFault> {
        let path = || path.to_owned();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        // Some editors mark their files by this character.
        for (nth, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if nth >= LINES {
                return Err(NetworksFault::Size { path: path() });
            }
            let told = line.split('#').next().unwrap_or_default().trim();
            if told.is_empty() {
                continue;
            }
            let line = nth + 1;
            match net(told, line) {
                Ok((true, net)) => v4.push(net),
                Ok((false, net)) => v6.push(net),
                Err(what) => return Err(NetworksFault::Line { path: path(), line, what }),
            }
        }
        let fault = |(line, what)| NetworksFault::Line { path: path(), line, what };
        Ok(Self { v4: Spans::of(v4).map_err(fault)?, v6: Spans::of(v6).map_err(fault)? })
    }

    /// The country of an address; `None` if no network holds it.
    pub fn country_of(&self, address: IpAddr) -> Option<Country> {
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.at(u32::from(address).into()),
            IpAddr::V6(address) => self.v6.at(address.into()),
        }
    }
}

/// Reads a line: whether its network is one of IPv4, and the network.
fn net(told: &str, line: usize) -> Result<(bool, Net), String> {
    let parts = told.split_once(',').and_then(|(net, country)| {
        let (address, bits) = net.trim().split_once('/')?;
        Some((address, bits, country.trim()))
    });
    let (address, bits, country) = parts.ok_or_else(|| {
        "write a network and a country, such as 192.0.2.0/24,DE or 2001:db8::/32,DE".to_owned()
    })?;
    let country = Country::new(country).map_err(|_| {
        format!("\"{}\" is no country: write two capital letters as in ISO 3166", shown(country))
    })?;
    let address: IpAddr = address.parse().map_err(|_| {
        format!("\"{}\" is no address: write such as 192.0.2.0 or 2001:db8::", shown(address))
    })?;
    let (is_v4, width, first): (bool, u32, u128) = match address {
        IpAddr::V4(address) => (true, 32, u32::from(address).into()),
        IpAddr::V6(address) if address.to_ipv4_mapped().is_some() => {
            return Err("this is a network of IPv4: write it as one".to_owned());
        }
        IpAddr::V6(address) => (false, 128, address.into()),
    };
    let plain = bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits: u32 = bits
        .parse()
        .ok()
        .filter(|bits| plain && *bits <= width)
        .ok_or_else(|| format!("\"{}\" is no length: write 0 to {width}", shown(bits)))?;
    let host = u128::MAX.checked_shr(128 - width + bits).unwrap_or(0);
    if first & host != 0 {
        return Err(format!("{address} has bits beyond the first {bits}: write the network's own"));
    }
    Ok((is_v4, Net { first, last: first | host, country, line }))
}

/// A text as an error may have it.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

impl Spans {
    /// Lays networks out beside each other, each cut out of the one that it lies in; or the line
    /// that contradicts an earlier one, and how.
    fn of(mut nets: Vec<Net>) -> Result<Self, (usize, String)> {
        nets.sort_by_key(|net| (net.first, std::cmp::Reverse(net.last), net.line));
        let mut spans = Self::default();
        let mut open: Vec<Net> = Vec::new();
        for net in nets {
            spans.close(&mut open, Some(net.first));
            if let Some(same) = open.last().filter(|one| one.last == net.last)
                && same.first == net.first
                && same.country != net.country
            {
                let what = format!("line {} says {} of the same network", same.line, same.country);
                return Err((net.line, what + ": keep one of them"));
            }
            spans.begin(net.first, Some(net.country));
            open.push(net);
        }
        spans.close(&mut open, None);
        spans.starts.shrink_to_fit();
        spans.countries.shrink_to_fit();
        Ok(spans)
    }

    /// Closes the open networks that end before an address, or all.
    fn close(&mut self, open: &mut Vec<Net>, before: Option<u128>) {
        while let Some(net) = open.pop_if(|net| before.is_none_or(|before| net.last < before)) {
            if let Some(after) = net.last.checked_add(1) {
                self.begin(after, open.last().map(|around| around.country));
            }
        }
    }

    /// From an address on it is this country.
    fn begin(&mut self, at: u128, country: Option<Country>) {
        if self.starts.last() == Some(&at) {
            self.starts.pop();
            self.countries.pop();
        }
        if self.countries.last().copied().flatten() != country {
            self.starts.push(at);
            self.countries.push(country);
        }
    }

    fn at(&self, address: u128) -> Option<Country> {
        let after = self.starts.partition_point(|start| *start <= address);
        after.checked_sub(1).and_then(|at| self.countries[at])
    }
}

#[cfg(test)]
mod tests;
