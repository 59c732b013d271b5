//! How large the account of the bench is.

/// The numbers of things.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Virtual accounts.
    pub places: u32,
    /// People with roles in the account.
    pub people: u32,
    /// Events in the account's log.
    pub events: u32,
    /// Product instances in each virtual account.
    pub instances: u32,
    /// Licenses bought in each virtual account: each has a pool there.
    pub licenses: u32,
    /// Virtual accounts of which one administrator of many has the role.
    pub reach: u32,
}

impl Scale {
    /// What the issue of this step asks for.
    pub const FULL: Self = Self {
        places: 5_000,
        people: 2_000,
        events: 1_000_000,
        instances: 4,
        licenses: 4,
        reach: 2_000,
    };
    /// Small enough for the tests of every day.
    pub const SMALL: Self =
        Self { places: 50, people: 20, events: 1_500, instances: 1, licenses: 2, reach: 20 };
}
