//! The server as it runs: started, asked over real sockets, telling real receivers, stopped.

mod client;
mod device;
mod house;
mod receivers;

mod doors;
mod host;
mod life;
mod telling;
mod tls;
