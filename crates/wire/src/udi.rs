//! The unique device identifier: what is printed on a product instance.

use core::fmt;
use core::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::text::{self, TextFault};

/// What identifies a product instance within its account.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Encode,
    Decode,
)]
#[cbor(map)]
pub struct Udi {
    /// The product id, such as `C9300-24UX`.
    #[serde(rename = "udi_pid", default, skip_serializing_if = "Option::is_none")]
    #[n(0)]
    pub pid: Option<String>,
    /// The serial number, such as `FCW2303D16Y`.
    #[serde(rename = "udi_serial_number", default, skip_serializing_if = "Option::is_none")]
    #[n(1)]
    pub serial: Option<String>,
    /// The version id, such as `V02`.
    #[serde(rename = "udi_vid", default, skip_serializing_if = "Option::is_none")]
    #[n(2)]
    pub vid: Option<String>,
    /// The UUID of a virtual machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[n(3)]
    pub uuid: Option<String>,
    /// The software unique virtual identifier; free in form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[n(4)]
    pub suvi: Option<String>,
    /// The name its host gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[n(5)]
    pub host_identifier: Option<String>,
    /// A hardware address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[n(6)]
    pub mac_address: Option<String>,
}

/// Why something is no usable identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UdiError {
    /// Neither product id with serial number, nor UUID, nor SUVI.
    #[error(
        "nothing identifies the product instance: give PID with serial number, UUID or SUVI (udi.identity)"
    )]
    NoIdentity,
    /// A field may not stand as it is.
    #[error("{field} cannot be used: {fault} (udi.field)")]
    Field {
        /// The field's name on the wire.
        field: &'static str,
        /// What is wrong with it.
        fault: TextFault,
    },
    /// The text is not of the form `PID:…,SN:…`.
    #[error(
        "that is no device identifier: write it as PID:C9300-24UX,SN:FCW2303D16Y (udi.malformed)"
    )]
    Malformed,
}

/// How each field is introduced in the text form, beside its name on the wire.
const LABELS: [(&str, &str); 7] = [
    ("PID", "udi_pid"),
    ("SN", "udi_serial_number"),
    ("VID", "udi_vid"),
    ("UUID", "uuid"),
    ("SUVI", "suvi"),
    ("HOST", "host_identifier"),
    ("MAC", "mac_address"),
];

impl UdiError {
    /// The stable code, as in the text.
    pub const fn code(&self) -> &'static str {
        match self {
            UdiError::NoIdentity => "udi.identity",
            UdiError::Field { .. } => "udi.field",
            UdiError::Malformed => "udi.malformed",
        }
    }
}

impl Udi {
    /// The names of the fields on the wire, in their order there.
    pub(crate) const NAMES: [&str; 7] =
        [LABELS[0].1, LABELS[1].1, LABELS[2].1, LABELS[3].1, LABELS[4].1, LABELS[5].1, LABELS[6].1];

    /// The identifier of most hardware.
    pub fn pid_serial(pid: impl Into<String>, serial: impl Into<String>) -> Udi {
        Udi { pid: Some(pid.into()), serial: Some(serial.into()), ..Udi::default() }
    }

    /// Checks every field, and that something identifies the product instance.
    ///
    /// # Errors
    /// [`UdiError`] names the field, or says that nothing identifies the product instance.
    pub fn validate(&self) -> Result<(), UdiError> {
        for (value, (_, field)) in self.fields().into_iter().zip(LABELS) {
            if let Some(value) = value {
                text::check(value).map_err(|fault| UdiError::Field { field, fault })?;
            }
        }
        let pair = self.pid.is_some() && self.serial.is_some();
        if pair || self.uuid.is_some() || self.suvi.is_some() {
            Ok(())
        } else {
            Err(UdiError::NoIdentity)
        }
    }

    /// The one text by which an account knows the product instance: product id
    /// with serial number, else UUID, else SUVI.
    ///
    /// # Errors
    /// [`UdiError::NoIdentity`] when none of them is there.
    pub fn identity(&self) -> Result<String, UdiError> {
        match (&self.pid, &self.serial, &self.uuid, &self.suvi) {
            // A comma in the product id is escaped, so that no two pairs read alike.
            (Some(pid), Some(serial), _, _) => {
                Ok(format!("P:{},S:{serial}", pid.replace('%', "%25").replace(',', "%2C")))
            }
            (_, _, Some(uuid), _) => Ok(format!("U:{uuid}")),
            (_, _, _, Some(suvi)) => Ok(format!("V:{suvi}")),
            _ => Err(UdiError::NoIdentity),
        }
    }

    /// The fields in the order of [`LABELS`].
    pub(crate) fn fields(&self) -> [Option<&str>; 7] {
        [
            &self.pid,
            &self.serial,
            &self.vid,
            &self.uuid,
            &self.suvi,
            &self.host_identifier,
            &self.mac_address,
        ]
        .map(Option::as_deref)
    }

    fn field(&mut self, label: &str) -> Option<&mut Option<String>> {
        Some(match LABELS.iter().position(|(name, _)| name.eq_ignore_ascii_case(label))? {
            0 => &mut self.pid,
            1 => &mut self.serial,
            2 => &mut self.vid,
            3 => &mut self.uuid,
            4 => &mut self.suvi,
            5 => &mut self.host_identifier,
            _ => &mut self.mac_address,
        })
    }
}

/// `PID:C9300-24UX,SN:FCW2303D16Y`, further fields after them if there are any.
impl fmt::Display for Udi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (value, (label, _)) in self.fields().into_iter().zip(LABELS) {
            if let Some(value) = value {
                write!(f, "{comma}{label}:{value}")?;
                comma = ",";
            }
        }
        Ok(())
    }
}

/// Reads what [`Udi`] displays; a comma before anything but a label belongs to the value.
impl FromStr for Udi {
    type Err = UdiError;

    fn from_str(text: &str) -> Result<Udi, UdiError> {
        let mut udi = Udi::default();
        let mut last: Option<String> = None;
        for piece in text.split(',') {
            let start =
                piece.split_once(':').filter(|(label, _)| udi.field(label.trim()).is_some());
            match (start, last.as_deref()) {
                (Some((label, value)), _) => {
                    let label = label.trim();
                    let field = udi.field(label).ok_or(UdiError::Malformed)?;
                    if field.replace(value.trim().to_owned()).is_some() {
                        return Err(UdiError::Malformed);
                    }
                    last = Some(label.to_owned());
                }
                (None, Some(label)) => {
                    let value =
                        udi.field(label).and_then(Option::as_mut).ok_or(UdiError::Malformed)?;
                    value.push(',');
                    value.push_str(piece);
                }
                (None, None) => return Err(UdiError::Malformed),
            }
        }
        udi.validate()?;
        Ok(udi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_it_is_shown() {
        let mut udi = Udi::pid_serial("C9300-24UX", "FCW2303D16Y");
        assert_eq!(udi.to_string(), "PID:C9300-24UX,SN:FCW2303D16Y");
        assert_eq!(udi.to_string().parse(), Ok(udi.clone()));
        udi.uuid = Some("4C4C4544-0042".into());
        assert_eq!(udi.to_string(), "PID:C9300-24UX,SN:FCW2303D16Y,UUID:4C4C4544-0042");
        udi.mac_address = Some("00:11:22:33:44:55".into());
        udi.pid = Some("one, two".into());
        assert_eq!(udi.to_string().parse(), Ok(udi));
        assert_eq!("pid:A, sn: B".parse(), Ok(Udi::pid_serial("A", "B")));
    }

    #[test]
    fn what_identifies_nothing_is_refused() {
        for text in ["", "C9300", "PID:A", "PID:A,PID:B,SN:C", "PID:,SN:B", "FISH:A"] {
            assert!(text.parse::<Udi>().is_err(), "{text}");
        }
        assert_eq!(Udi::default().identity(), Err(UdiError::NoIdentity));
        assert_eq!(
            Udi::pid_serial("A", "B\0").validate().unwrap_err().to_string(),
            "udi_serial_number cannot be used: it holds a control character: remove it (udi.field)"
        );
        let long = Udi::pid_serial("A", "ä".repeat(256)).validate();
        assert_eq!(
            long,
            Err(UdiError::Field { field: "udi_serial_number", fault: TextFault::TooLong })
        );
        assert!(Udi::pid_serial("A", "ä".repeat(255)).validate().is_ok());
    }

    #[test]
    fn no_two_identifiers_share_an_identity() {
        let identity = |udi: Udi| udi.identity().unwrap();
        assert_eq!(identity(Udi::pid_serial("A", "B")), "P:A,S:B");
        assert_ne!(
            identity(Udi::pid_serial("A,S:B", "C")),
            identity(Udi::pid_serial("A", "B,S:C"))
        );
        let virtual_machine =
            Udi { uuid: Some("u".into()), suvi: Some("s".into()), ..Udi::default() };
        assert_eq!(identity(virtual_machine.clone()), "U:u");
        assert_eq!(identity(Udi { uuid: None, pid: Some("A".into()), ..virtual_machine }), "V:s");
    }

    #[test]
    fn json_uses_the_names_of_the_wire() {
        let udi = Udi::pid_serial("A", "B");
        let json = serde_json::to_string(&udi).unwrap();
        assert_eq!(json, r#"{"udi_pid":"A","udi_serial_number":"B"}"#);
        assert_eq!(serde_json::from_str::<Udi>(&json).unwrap(), udi);
    }
}
