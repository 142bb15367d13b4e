//! Everything on sockets: HTTP client and server with limits and deadlines. No protocol of a product here.
pub mod client;
