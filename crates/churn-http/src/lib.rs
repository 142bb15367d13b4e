//! Everything on sockets: a server that cannot be starved, stalled or stopped half-way, and what its
//! answers share. Which routes there are is for the rooms above.

pub mod bearer;
pub mod body;
pub mod catch;
pub mod client;
mod connection;
mod descriptors;
pub mod events;
mod guard;
mod limits;
mod places;
pub mod problem;
mod refusal;
pub mod server;
pub mod stop;
#[cfg(test)]
mod tests;
pub mod tls;
