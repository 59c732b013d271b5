//! Values: what stands in a column, and how the book's types become it.

use ledger::account::{AccountKind, AccountState, Default as DefaultMark};
use ledger::alarm::{AlarmKind, AlarmState, Happening, Severity, Telling};
use ledger::entitlement::Bucket;
use ledger::house::{ClaimKind, Factors};
use ledger::instance::{KeyState, Proof};
use ledger::license::{Concern, Enforcement, Kind as LicenseKind};
use ledger::log::Sphere;
use ledger::person::{
    AccessState, ApiTokenKind, Bounds, DateForm, LinkPurpose, PersonState, Theme,
};
use ledger::report::{Counting, Route};
use ledger::role::Role;
use ledger::token::ExportControlled;
use wire::country::Country;
use wire::id::{
    AccessRequestId, AccountId, AlarmId, ApiTokenId, EntitlementId, EventId, GrantId, InstanceId,
    LicenseId, MessageId, PersonId, PoolId, RequestId, TokenId, VirtualAccountId,
};
use wire::key::KeyId;
use wire::quantity::Count;
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;

use crate::fault::Fault;
use crate::table::Table;

/// What stands in a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A type that stands in one column.
pub trait Stored: Sized {
    /// As it stands in the column.
    fn store(&self) -> Value;
    /// From the column, or `None` for a value that no version wrote.
    fn load(value: Value) -> Option<Self>;
}

impl Stored for i64 {
    fn store(&self) -> Value {
        Value::Int(*self)
    }
    fn load(value: Value) -> Option<Self> {
        match value {
            Value::Int(int) => Some(int),
            _ => None,
        }
    }
}

impl Stored for String {
    fn store(&self) -> Value {
        Value::Text(self.clone())
    }
    fn load(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Stored for Vec<u8> {
    fn store(&self) -> Value {
        Value::Bytes(self.clone())
    }
    fn load(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl<const N: usize> Stored for [u8; N] {
    fn store(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
    fn load(value: Value) -> Option<Self> {
        Vec::load(value)?.try_into().ok()
    }
}

impl<T: Stored> Stored for Option<T> {
    fn store(&self) -> Value {
        self.as_ref().map_or(Value::Null, Stored::store)
    }
    fn load(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::load(value).map(Some),
        }
    }
}

macro_rules! stored {
    (ids: $($id:ty),+) => { $(impl Stored for $id {
        fn store(&self) -> Value { Value::Bytes(self.as_bytes().to_vec()) }
        fn load(value: Value) -> Option<Self> { <[u8; 16]>::load(value).map(Self::from_bytes) }
    })+ };
    (codes: $($code:ty),+) => { $(impl Stored for $code {
        fn store(&self) -> Value { Value::Int(self.code()) }
        fn load(value: Value) -> Option<Self> { i64::load(value).and_then(Self::from_code) }
    })+ };
    (numbers: $($number:ty),+) => { $(impl Stored for $number {
        fn store(&self) -> Value { Value::Int(i64::try_from(*self).unwrap_or(i64::MAX)) }
        fn load(value: Value) -> Option<Self> { i64::load(value).and_then(|int| Self::try_from(int).ok()) }
    })+ };
    (tags: $($tag:ty),+) => { $(impl Stored for $tag {
        fn store(&self) -> Value { Value::Text(self.as_str().to_owned()) }
        fn load(value: Value) -> Option<Self> { String::load(value).and_then(|text| Self::new(&text).ok()) }
    })+ };
}

stored!(ids: AccountId, VirtualAccountId, InstanceId, LicenseId, EntitlementId, PoolId, AlarmId, TokenId, EventId,
    RequestId, MessageId, KeyId, PersonId, GrantId, AccessRequestId, ApiTokenId);
stored!(codes: DefaultMark, Enforcement, LicenseKind, Concern, KeyState, Proof, Bucket, AlarmKind, AlarmState, Severity,
    Telling, Happening, ClaimKind, ExportControlled, Counting, Route, AccountKind,
    AccountState, Factors, PersonState, Theme, DateForm, LinkPurpose, AccessState, ApiTokenKind, Role, Sphere);
stored!(numbers: u32, u64);
stored!(tags: EntitlementTag, SoftwareTag, Country);

impl Stored for Timestamp {
    fn store(&self) -> Value {
        Value::Int(self.millis())
    }
    fn load(value: Value) -> Option<Self> {
        i64::load(value).map(Self::from_millis)
    }
}

impl Stored for Bounds {
    fn store(&self) -> Value {
        Value::Text(self.words())
    }
    fn load(value: Value) -> Option<Self> {
        String::load(value).and_then(|words| Self::from_words(&words))
    }
}

impl Stored for Count {
    fn store(&self) -> Value {
        Value::Int(i64::from(self.get()))
    }
    fn load(value: Value) -> Option<Self> {
        u64::load(value).and_then(|count| Self::new(count).ok())
    }
}

/// The values of a row, taken from the left to the right.
pub struct Fields<'a> {
    table: &'a Table,
    row: u64,
    next: usize,
    values: std::vec::IntoIter<Value>,
}

impl<'a> Fields<'a> {
    /// The values of one row of a table; `row` is its place in the answer, for fault messages.
    pub fn new(table: &'a Table, row: u64, values: Vec<Value>) -> Self {
        Self { table, row, next: 0, values: values.into_iter() }
    }

    /// The next column's value.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] if it is not what the column holds.
    pub fn take<T: Stored>(&mut self) -> Result<T, Fault> {
        let column = self.table.columns.get(self.next).map_or("?", |column| column.name);
        self.next += 1;
        let value = self.values.next().and_then(T::load);
        value.ok_or(Fault::Corrupt { table: self.table.name, row: self.row, column })
    }

    /// The values that were not taken.
    pub(crate) fn rest(self) -> Vec<Value> {
        self.values.collect()
    }

    /// Passes over a column that is derived from others.
    pub fn skip(&mut self) {
        self.next += 1;
        self.values.next();
    }
}

/// The values of a row.
pub(crate) fn row_of<const N: usize>(values: [Value; N]) -> Vec<Value> {
    values.into()
}

/// The value of each argument, in order: a row.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { $crate::value::row_of([$($crate::value::Stored::store(&$value)),+]) };
}
pub(crate) use row;
