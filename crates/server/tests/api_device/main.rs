//! The device endpoint over a real book in a scripted world. The native API is tested elsewhere.

mod device;
mod stage;
