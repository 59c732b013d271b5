//! Drives a device in the right order: what changed is kept, then what it says is carried.
//!
//! The device knows nothing of disks and networks; here are the two doors, [`Keeping`] and
//! [`Carrier`], with what stands behind them in memory. The folder on disk is
//! [`crate::journal`], the network [`crate::client`].

use crate::device::{Clock, Device, Outgoing, Record, Reply, State, Trouble};

/// A place where a device's records become durable.
pub trait Keeping {
    /// Takes the device's waiting records ([`Device::drain_records`]) and makes them durable. After
    /// an error the same call later must leave the device's whole state durable.
    ///
    /// # Errors
    /// When they are not durable: nothing may be sent or told then.
    fn keep(&mut self, device: &mut Device) -> Result<(), KeepError>;
}

/// Why records are not durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail} ({code})")]
pub struct KeepError {
    /// A stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

/// A way to the manager.
pub trait Carrier {
    /// Carries a message there and the answer back. May block.
    ///
    /// # Errors
    /// When there is no answer.
    fn carry(&mut self, outgoing: Outgoing) -> Result<Reply, CarryError>;
}

impl<F: FnMut(Outgoing) -> Result<Reply, CarryError>> Carrier for F {
    fn carry(&mut self, outgoing: Outgoing) -> Result<Reply, CarryError> {
        self(outgoing)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail} ({code})")]
pub struct CarryError {
    /// A stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

/// Keeps nothing: for fleets of devices that live as long as their process.
#[derive(Debug, Default)]
pub struct Nowhere;

impl Keeping for Nowhere {
    fn keep(&mut self, device: &mut Device) -> Result<(), KeepError> {
        device.drain_records();
        Ok(())
    }
}

/// Keeps a state in memory, as a disk would: what was not kept is lost with the device.
#[derive(Debug, Default)]
pub struct InMemory {
    state: Option<State>,
}

impl InMemory {
    /// What a restarted device would find.
    #[must_use]
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }
}

impl Keeping for InMemory {
    fn keep(&mut self, device: &mut Device) -> Result<(), KeepError> {
        for record in device.drain_records() {
            match (&mut self.state, record) {
                (Some(state), record) => state.apply(record),
                (empty @ None, Record::Whole { state }) => *empty = Some(*state),
                (empty @ None, _) => *empty = Some(device.state().clone()),
            }
        }
        Ok(())
    }
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// There was nothing to send.
    Idle,
    /// Something was sent and its fate told; there may be more.
    Carried,
}

/// Lets the device do what is due, once: tick, keep, carry, receive, keep.
///
/// # Errors
/// When records could not be kept. The device goes on in memory, and the next step tries again.
pub fn step(
    device: &mut Device,
    keeping: &mut dyn Keeping,
    carrier: &mut dyn Carrier,
    clock: &mut dyn FnMut() -> Clock,
) -> Result<Stepped, KeepError> {
    let Some(outgoing) = prepare(device, keeping, clock())? else { return Ok(Stepped::Idle) };
    let answer = carrier.carry(outgoing);
    settle(device, keeping, answer, clock())?;
    Ok(Stepped::Carried)
}

/// The first half of [`step`]: what is to be carried, with all before it durable.
///
/// # Errors
/// As [`step`].
pub fn prepare(
    device: &mut Device,
    keeping: &mut dyn Keeping,
    now: Clock,
) -> Result<Option<Outgoing>, KeepError> {
    let outgoing = device.tick(now);
    if let Err(error) = keeping.keep(device) {
        if outgoing.is_some() {
            device
                .failed(Trouble { code: error.code.to_owned(), detail: error.detail.clone() }, now);
        }
        return Err(error);
    }
    Ok(outgoing)
}

/// The second half of [`step`]: tells the device what became of it.
///
/// # Errors
/// As [`step`].
pub fn settle(
    device: &mut Device,
    keeping: &mut dyn Keeping,
    answer: Result<Reply, CarryError>,
    now: Clock,
) -> Result<(), KeepError> {
    match answer {
        Ok(reply) => device.receive(reply, now),
        Err(error) => {
            device.failed(Trouble { code: error.code.to_owned(), detail: error.detail }, now)
        }
    }
    keeping.keep(device)
}

/// Steps until there is nothing more to send now.
///
/// # Errors
/// As [`step`].
pub fn drive(
    device: &mut Device,
    keeping: &mut dyn Keeping,
    carrier: &mut dyn Carrier,
    clock: &mut dyn FnMut() -> Clock,
) -> Result<(), KeepError> {
    while step(device, keeping, carrier, clock)? == Stepped::Carried {}
    Ok(())
}
